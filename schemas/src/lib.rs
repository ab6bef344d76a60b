//! The contract of Helan: what an event is, what a record of the log carries, which columns the lake's tables have,
//! what a catalog says, and every reason for which something is refused.
//!
//! No I/O beyond reading a catalog's files, no tokio: every other crate may depend on this one.

pub mod catalog;
pub mod codes;
pub mod decimal;
pub mod digest;
pub mod event;
pub mod events;
pub mod fields;
pub mod nearest;
pub mod period;
pub mod refusal;
pub mod refused;
pub mod tables;
pub mod topics;
