//! What only Apache Kafka can do.

mod continuity;
mod shared;
mod starting;
