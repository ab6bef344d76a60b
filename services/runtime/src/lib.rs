//! What every role needs of the process around it: clock and random ids, telemetry, shutdown.

pub mod clock;
