//! What every role needs of the process around it: clock and random ids, credentials and other secrets, metrics, telemetry,
//! shutdown; what connections have in common, and how long an answer may wait.

pub mod chinese;
pub mod clock;
pub mod connections;
pub mod credentials;
pub mod lang;
pub mod metrics;
pub mod seal;
pub mod secrets;
pub mod shutdown;
pub mod telemetry;
pub mod wait;
