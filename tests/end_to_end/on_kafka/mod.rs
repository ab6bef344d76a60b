//! What only Apache Kafka can do.

mod shared;
