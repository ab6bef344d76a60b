//! The columns of a table that exists, against those that this build writes.
//!
//! A column that was added at the end of `schemas/src/tables.rs` reaches lakes that exist by one commit, which adds
//! nullable columns and changes nothing else. The first writer of the newer build makes it; running processes carry on.
//! Any other change of a table's properties stops its writers.

use arrow::error::ArrowError;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::{Action, Metadata, MetadataExt, StructField, StructType};
use deltalake_core::logstore::commit_uri_from_version;
use helan_schemas::tables::Table;
use object_store::{PutMode, PutOptions};
use serde_json::json;

use crate::digests::{commit_info, sealed};
use crate::error::LakeError;
use crate::lake::Lake;
use crate::snapshot::TableSnapshot;

#[cfg(test)]
mod tests;

/// Others may come first so often before columns that are missing are given up for now.
const ATTEMPTS: usize = 20;

/// What a table has, beside what this build writes.
#[derive(Debug, PartialEq)]
pub(crate) enum Columns {
    /// The same columns.
    Same,
    /// It lacks these, which may be null: an older build made it.
    Behind(Vec<StructField>),
    /// It has columns that this build does not know: a newer build has written to it.
    Ahead(Vec<String>),
}

/// The columns that this build writes, as Delta names them.
pub(crate) fn written(table: Table) -> Result<StructType, LakeError> {
    let rows = |error: ArrowError| LakeError::Rows { table: table.name(), why: error.to_string() };
    table.schema().as_ref().try_into_kernel().map_err(rows)
}

/// Compares a table's columns with those that this build writes.
///
/// # Errors
/// [`LakeError::Unsafe`] if they differ in more than columns at the end that may be null.
pub(crate) fn compare(table: Table, found: &StructType) -> Result<Columns, LakeError> {
    let written = written(table)?;
    let unsafe_to_use = |why: String| LakeError::Unsafe { table: table.name(), why };
    if written.num_fields() >= found.num_fields() {
        let missing = added(found, &written).map_err(|why| {
            unsafe_to_use(format!("its columns are not those of this helan ({why}); restore the table from a backup"))
        })?;
        let missing: Vec<StructField> = missing.into_iter().cloned().collect();
        return Ok(if missing.is_empty() { Columns::Same } else { Columns::Behind(missing) });
    }
    let more = added(&written, found).map_err(|why| {
        unsafe_to_use(format!("a newer helan changed its columns ({why}) so that this one cannot use it; upgrade"))
    })?;
    Ok(Columns::Ahead(more.into_iter().map(|field| field.name.clone()).collect()))
}

/// The fields at the end of `after` that `before` has not, all of which may be null.
fn added<'t>(before: &StructType, after: &'t StructType) -> Result<Vec<&'t StructField>, String> {
    let mut now = after.fields();
    for field in before.fields() {
        let is = now.next().ok_or_else(|| format!("{} is missing", field.name))?;
        if (&is.name, &is.data_type, is.nullable) != (&field.name, &field.data_type, field.nullable) {
            return Err(format!("{} was {}, and {} is {}", field.name, field.data_type, is.name, is.data_type));
        }
    }
    let more: Vec<_> = now.collect();
    match more.iter().find(|field| !field.nullable) {
        Some(field) => Err(format!("{} is new and must not be null", field.name)),
        None => Ok(more),
    }
}

/// The names of the columns that a change of a table's properties adds.
///
/// # Errors
/// What else it changes.
pub(crate) fn only_adds(before: &Metadata, after: &Metadata) -> Result<Vec<String>, String> {
    let schema = |metadata: &Metadata| metadata.parse_schema().map_err(|error| error.to_string());
    if before.id() != after.id() {
        return Err("the table was replaced by another".to_owned());
    }
    if before.configuration() != after.configuration() || before.partition_columns() != after.partition_columns() {
        return Err("its properties were changed".to_owned());
    }
    let (before, after) = (schema(before)?, schema(after)?);
    Ok(added(&before, &after)?.into_iter().map(|field| field.name.clone()).collect())
}

impl Lake {
    /// A table with all columns that this build writes, added now if an older build made it.
    pub(crate) async fn widened(&self, mut snapshot: TableSnapshot) -> Result<TableSnapshot, LakeError> {
        let table = snapshot.table();
        let mut failed = None;
        for _ in 0..ATTEMPTS {
            let found = snapshot.state().schema();
            let Columns::Behind(missing) = compare(table, found.as_ref())? else { return Ok(snapshot) };
            let names: Vec<&str> = missing.iter().map(|field| field.name.as_str()).collect();
            let entry = self.entry(&snapshot, found.as_ref(), &missing)?;
            let path = commit_uri_from_version(Some(snapshot.version() + 1));
            let store = snapshot.log_store().object_store(None);
            match store.put_opts(&path, entry.into(), PutOptions::from(PutMode::Create)).await {
                Ok(_) => tracing::info!(table = table.name(), table.columns = names.join(", "), "columns added"),
                Err(object_store::Error::AlreadyExists { .. }) => {}
                // It may have been written all the same: the next look tells.
                Err(error) => failed = Some(error),
            }
            snapshot = self.snapshot(table).await?;
        }
        let why = failed.map_or_else(|| format!("others came first {ATTEMPTS} times in a row"), |e| e.to_string());
        Err(LakeError::Unsafe { table: table.name(), why: format!("columns could not be added: {why}; try again") })
    }

    fn entry(
        &self,
        snapshot: &TableSnapshot,
        found: &StructType,
        missing: &[StructField],
    ) -> Result<Vec<u8>, LakeError> {
        let rows = |why: String| LakeError::Rows { table: snapshot.table().name(), why };
        let schema = StructType::try_new(found.fields().chain(missing).cloned()).map_err(|e| rows(e.to_string()))?;
        let metadata = snapshot.state().metadata().clone().with_schema(&schema).map_err(|e| rows(e.to_string()))?;
        let metadata = serde_json::to_string(&Action::Metadata(metadata)).map_err(|error| rows(error.to_string()))?;
        let columns = serde_json::to_string(missing).unwrap_or_default();
        let more = json!({"operationParameters": {"columns": columns}});
        let info = commit_info(self.clock().now() / 1000, "ADD COLUMNS", more);
        Ok(sealed(format!("{info}\n{metadata}\n")))
    }
}
