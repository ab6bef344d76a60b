//! Catalogs that the lake keeps: every one that was ever used, by digest, with when.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use helan_lake::TableSnapshot;
use helan_schemas::catalog::Catalog;

use crate::session::QueryError;

/// One use of a catalog: it was the lake's from then on.
#[derive(Clone, Debug)]
pub struct KeptCatalog {
    /// SHA-256 over its files, hexadecimal.
    pub digest: String,
    /// When it came into use, in microseconds since the epoch.
    pub used_from: i64,
    files: BTreeMap<String, String>,
}

impl KeptCatalog {
    /// Reads it.
    ///
    /// # Errors
    /// [`QueryError::Catalog`] if this version of Helan finds a problem in it.
    pub fn load(&self) -> Result<Catalog, QueryError> {
        Catalog::from_files(self.files.clone()).map_err(|problems| {
            QueryError::Catalog(problems.first().map_or_else(String::new, |problem| problem.to_string()))
        })
    }
}

/// Every use of a catalog, oldest first; `versions` is a snapshot of `catalog_versions`.
///
/// # Errors
/// [`QueryError`] if the table cannot be read.
pub async fn kept_catalogs(versions: &TableSnapshot) -> Result<Vec<KeptCatalog>, QueryError> {
    if versions.row_count() == Some(0) {
        return Ok(Vec::new());
    }
    let batches = versions.read(&["catalog", "file", "content", "recorded_at"], None)?.collect().await?;
    let mut uses: BTreeMap<(i64, String), BTreeMap<String, String>> = BTreeMap::new();
    for batch in &batches {
        let (digests, files, contents) = (text(batch, 0)?, text(batch, 1)?, text(batch, 2)?);
        let times = batch.column(3).as_primitive::<TimestampMicrosecondType>();
        for row in 0..batch.num_rows() {
            let cell = |column: &ArrayRef| column.as_string::<i32>().value(row).to_owned();
            let key = (times.value(row), cell(&digests));
            uses.entry(key).or_default().insert(cell(&files), cell(&contents));
        }
    }
    Ok(uses.into_iter().map(|((used_from, digest), files)| KeptCatalog { digest, used_from, files }).collect())
}

/// The catalog by which a lake is read where none is named: that which came into use last; Ningxia's if none was kept.
///
/// # Errors
/// [`QueryError`] if the table cannot be read, or the catalog is not in order for this version of Helan.
pub async fn catalog_in_use(versions: &TableSnapshot) -> Result<Arc<Catalog>, QueryError> {
    match kept_catalogs(versions).await?.last() {
        Some(kept) => Ok(Arc::new(kept.load()?)),
        None => Ok(Arc::new(Catalog::embedded())),
    }
}

fn text(batch: &RecordBatch, column: usize) -> Result<ArrayRef, QueryError> {
    let column = arrow::compute::cast(batch.column(column), &DataType::Utf8);
    column.map_err(|error| QueryError::Engine(error.into()))
}
