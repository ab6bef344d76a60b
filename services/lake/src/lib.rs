//! The lake: Delta tables of Parquet files, addressed by URL, that take rows and log offsets in one commit.
//!
//! [`Lake`] opens or creates them; [`TableSnapshot`] pins one version of one table; [`Lake::append`] commits rows and
//! offsets against exactly that version; [`maintain::run`] compacts, checkpoints and cleans up beside running
//! appenders. Column types come back as `helan_schemas::tables` names them, except that text and binary columns are
//! read as Arrow's view types (`Utf8View`, `BinaryView`).

mod adopt;
pub mod cells;
mod checked;
mod columns;
mod commit;
mod complete;
mod conditions;
mod copy;
mod damage;
mod digests;
mod durable;
mod encode;
mod error;
pub mod filters;
mod known;
mod lake;
mod log_store;
pub mod maintain;
mod marks;
mod merge;
mod place;
mod provider;
pub mod simulated;
mod snapshot;
mod statistics;
mod tables;
#[cfg(test)]
mod tests;
mod tip;
mod vacuum;
mod verify;

pub use adopt::{EarlierLog, Start};
pub use commit::{Advance, CommitError, Moved};
pub use copy::{Copied, copy_table};
pub use error::LakeError;
pub use known::{KnownEvent, KnownSubmission, KnownWithdrawal};
pub use lake::Lake;
pub use marks::{Mark, Marks};
pub use snapshot::{FileInfo, TableSnapshot};
pub use tip::TableTip;
pub use verify::{Cursor, Verified};
