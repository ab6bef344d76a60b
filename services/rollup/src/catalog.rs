//! Catalogs that were used are kept in the lake, by digest.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, TimestampMicrosecondArray};
use arrow::record_batch::RecordBatch;
use helan_lake::Lake;
use helan_schemas::catalog::Catalog;
use helan_schemas::tables::Table;

use crate::error::RollupError;
use crate::publish::append_once;

/// Keeps a catalog's files in `catalog_versions`, once; `now` is in microseconds since the epoch.
///
/// # Errors
/// If the lake cannot be read or written.
pub async fn remember_catalog(lake: &Lake, catalog: &Catalog, now: i64) -> Result<(), RollupError> {
    let count = catalog.files.len();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec![catalog.digest.as_str(); count])),
        Arc::new(StringArray::from(vec![catalog.head.id.as_str(); count])),
        Arc::new(StringArray::from_iter_values(catalog.files.keys())),
        Arc::new(StringArray::from_iter_values(catalog.files.values())),
        Arc::new(TimestampMicrosecondArray::from(vec![now; count]).with_timezone("UTC")),
    ];
    let rows = RecordBatch::try_new(Table::CatalogVersions.schema(), columns)?;
    append_once(lake, Table::CatalogVersions, &format!("helan/catalog/{}", catalog.digest), rows).await?;
    Ok(())
}
