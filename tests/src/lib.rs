//! The tests of the whole.

pub mod kafka;
pub mod s3;
