//! Catalogs that were used are kept in the lake, by digest.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, TimestampMicrosecondArray};
use arrow::record_batch::RecordBatch;
use helan_lake::Lake;
use helan_query::kept_catalogs;
use helan_schemas::catalog::Catalog;
use helan_schemas::tables::Table;

use crate::error::RollupError;
use crate::publish::append_once;

/// Tries while other processes bring catalogs of their own into use.
const TRIES: usize = 5;

/// Keeps a catalog's files in `catalog_versions` unless it is the one in use; from then on it is what readers without a
/// catalog of their own read by. `now` is in microseconds since the epoch.
///
/// # Errors
/// [`RollupError::Asked`] if the lake is of another catalog; else if it cannot be read or written.
pub async fn remember_catalog(lake: &Lake, catalog: &Catalog, now: i64) -> Result<(), RollupError> {
    for _ in 0..TRIES {
        let uses = kept_catalogs(&lake.snapshot(Table::CatalogVersions).await?).await?;
        if uses.last().is_some_and(|kept| kept.digest == catalog.digest) {
            return Ok(());
        }
        if let Some(earlier) = uses.last().and_then(|kept| kept.load().ok())
            && earlier.head.id != catalog.head.id
        {
            return Err(RollupError::Asked(format!(
                "this lake holds the numbers of catalog {}, and this is catalog {}: one lake is one region's. Name that \
                 catalog's files with --catalog, or another lake",
                earlier.head.id, catalog.head.id
            )));
        }
        let from = uses.last().map_or(now, |kept| now.max(kept.used_from + 1));
        // Uses are numbered, so of two processes at once one finds its number taken and looks again.
        if append_once(lake, Table::CatalogVersions, &format!("helan/catalog/{}", uses.len()), rows(catalog, from)?)
            .await?
        {
            return Ok(());
        }
    }
    Err(RollupError::Asked(
        "other processes keep changing the lake's catalog: give every role the same --catalog".into(),
    ))
}

fn rows(catalog: &Catalog, used_from: i64) -> Result<RecordBatch, RollupError> {
    let count = catalog.files.len();
    let columns: [(&str, ArrayRef); 5] = [
        ("catalog", Arc::new(StringArray::from(vec![catalog.digest.as_str(); count]))),
        ("catalog_id", Arc::new(StringArray::from(vec![catalog.head.id.as_str(); count]))),
        ("file", Arc::new(StringArray::from_iter_values(catalog.files.keys()))),
        ("content", Arc::new(StringArray::from_iter_values(catalog.files.values()))),
        ("recorded_at", Arc::new(TimestampMicrosecondArray::from(vec![used_from; count]).with_timezone("UTC"))),
    ];
    Ok(Table::CatalogVersions.rows(columns)?)
}
