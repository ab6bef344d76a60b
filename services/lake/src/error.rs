//! What can go wrong with a lake outside a commit.

use url::Url;

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
    /// A file of a table's log was damaged.
    #[error(
        "table {table} of the lake cannot be read: its file {file} is damaged ({why}); restore all tables from one backup \
         (`helan restore`)"
    )]
    Damaged {
        /// The table.
        table: String,
        /// The file, below the table's folder.
        file: String,
        /// What is wrong with it.
        why: String,
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
    /// Delta's layer.
    #[error("the lake's log: {}", first_line(.0))]
    Delta(#[from] deltalake_core::DeltaTableError),
    /// The store.
    #[error("the lake's store: {0}")]
    Store(#[from] object_store::Error),
    /// Parquet's layer.
    #[error("a Parquet file of the lake: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// Reading rows.
    #[error("reading the lake: {0}")]
    Read(#[from] deltalake_core::datafusion::error::DataFusionError),
}

impl From<arrow::error::ArrowError> for LakeError {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::Read(error.into())
    }
}

/// A message without the backtrace that the kernel writes after it.
fn first_line(error: &deltalake_core::DeltaTableError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
