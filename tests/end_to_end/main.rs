//! The whole, from outside: the `helan` binary, HTTP, SQL. On the embedded log, or with `HELAN_TEST_LOG=kafka` on an
//! Apache Kafka broker that each test starts for itself; with `HELAN_TEST_LAKE=s3` the lake lies in an object store.
//! What is named `on_embedded` or `on_kafka` has one log only, and is left out of the run on the other.

#[path = "../chaos/mod.rs"]
mod chaos;
mod china_panel;
mod clerk;
mod corrections;
mod crashes;
mod harness;
mod load;
mod on_embedded;
mod on_kafka;
mod operating;
mod other_country;
mod own;
mod published;
mod quotas;
mod readers;
mod refused;
mod retention;
mod schedule;
mod send;
mod shell;
mod stores;
mod stranger;
#[cfg(feature = "otel")]
mod traces;
#[cfg(feature = "trial-field")]
mod trial_field;
mod upgrades;
