//! What can go wrong with a lake outside a commit.

use url::Url;

use crate::damage::{self, first_line};

/// An error of the lake; its text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// Nothing was ever created at the URL.
    #[error(
        "there is no lake at {0}: check the address, or start `helan up` or `helan aggregate` once, which creates it"
    )]
    NoLake(Url),
    /// Other tables of the lake are there, one that every lake has is not.
    #[error(
        "table {table} of the lake is missing: {url} is not a Delta table; part of the lake was moved or deleted: put it back, \
         or restore all tables from one backup (`helan restore`)"
    )]
    Missing {
        /// The table.
        table: &'static str,
        /// Where it should be.
        url: Url,
    },
    /// The URL cannot hold a lake at all.
    #[error("{url} cannot hold a lake: {why}")]
    Place {
        /// Where.
        url: Url,
        /// Why not.
        why: String,
    },
    /// A table was altered so that its offsets would be forgotten, or belongs to another lake.
    #[error("table {table} of the lake is not safe to use: {why}")]
    Unsafe {
        /// The table.
        table: &'static str,
        /// What is wrong and what to do.
        why: String,
    },
    /// A file of a table's log cannot be read.
    #[error(
        "table {table} of the lake is damaged: {file} cannot be read ({why}). Nothing was changed. Stop what writes to the \
         lake and restore log and lake from one backup (`helan restore`), or build it again from the log (`helan rebuild`); then check the disk"
    )]
    Damaged {
        /// The table.
        table: &'static str,
        /// The file, below the lake's folder.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// Rows that do not have the table's columns.
    #[error("rows do not fit table {table}: {why}")]
    Rows {
        /// The table.
        table: &'static str,
        /// What does not fit.
        why: String,
    },
    /// A check between before and after found a difference; nothing was committed.
    #[error("compaction of {table} would have changed its content ({why}); nothing was committed, please report it")]
    Differs {
        /// The table.
        table: &'static str,
        /// The counts and hashes.
        why: String,
    },
    /// Something was to be deleted by its age, and nobody knows how old it is.
    #[error(
        "this machine's clock is {seconds} s {how} that of the lake's store: nothing is deleted by age until they agree; \
         set the clock (chrony, systemd-timesyncd)"
    )]
    Clocks {
        /// How far they are apart.
        seconds: u64,
        /// "ahead of" or "behind".
        how: &'static str,
    },
    /// Delta's layer.
    #[error("the lake's log: {}", first_line(&.0.to_string()))]
    Delta(#[source] deltalake_core::DeltaTableError),
    /// The store.
    #[error("the lake's store: {0}")]
    Store(#[source] object_store::Error),
    /// Parquet's layer.
    #[error("a Parquet file of the lake: {0}")]
    Parquet(#[source] parquet::errors::ParquetError),
    /// Reading rows.
    #[error("reading the lake: {0}")]
    Read(#[source] deltalake_core::datafusion::error::DataFusionError),
}

/// Errors of the layers below. One that comes from a damaged file names it.
macro_rules! from_below {
    ($($below:ty => $variant:ident),*) => {$(
        impl From<$below> for LakeError {
            fn from(error: $below) -> Self {
                damage::in_chain(&error).unwrap_or(Self::$variant(error))
            }
        }
    )*};
}

from_below!(
    deltalake_core::DeltaTableError => Delta,
    object_store::Error => Store,
    parquet::errors::ParquetError => Parquet,
    deltalake_core::datafusion::error::DataFusionError => Read
);

impl From<arrow::error::ArrowError> for LakeError {
    fn from(error: arrow::error::ArrowError) -> Self {
        deltalake_core::datafusion::error::DataFusionError::from(error).into()
    }
}
