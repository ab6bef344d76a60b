//! The tests of the whole.

pub mod kafka;
