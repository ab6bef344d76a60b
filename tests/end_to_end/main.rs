//! The whole, from outside: the `helan` binary, HTTP, SQL. On the embedded log, or with `HELAN_TEST_LOG=kafka` on an
//! Apache Kafka broker that each test starts for itself.

mod china_panel;
mod clerk;
mod crashes;
mod demo;
mod harness;
mod load;
mod operating;

mod other_country;
mod quotas;
mod readers;
mod schedule;
mod send;
mod shell;
mod stranger;
