//! `/v1/sql`: one question and its answer, written down as its asker likes it. The desk answers.
//!
//! The head of the answer waits for the first bytes, so that what goes wrong before them has a status of its own. What
//! goes wrong later breaks the body off; `GET /v1/sql/{id}` then says why.

mod body;
mod encode;
mod paths;
mod request;
mod tables;

pub(super) use self::body::BrokenOff;
pub(super) use self::paths::{__path_ask, __path_broken_off, ask, broken_off};
pub use self::request::SqlRequest;
pub(super) use self::tables::{__path_tables, tables};
pub use self::tables::{ColumnEntry, TableEntry};
