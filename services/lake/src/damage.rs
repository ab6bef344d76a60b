//! Which file of a table's log cannot be read. Delta's own errors name none.

use bytes::Bytes;
use deltalake_core::kernel::Action;
use deltalake_core::logstore::get_actions;
use futures::TryStreamExt;
use helan_schemas::tables::Table;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::checked::Flipped;
use crate::error::LakeError;

/// Reads the newest checkpoint of a table and the entries after it, and returns the first that is damaged.
pub(crate) async fn find(table: Table, store: &dyn ObjectStore) -> Option<LakeError> {
    let mut files: Vec<Path> =
        store.list(Some(&Path::from("_delta_log"))).map_ok(|meta| meta.location).try_collect().await.ok()?;
    files.sort();
    let is_checkpoint = |path: &Path| path.as_ref().ends_with(".parquet") && path.as_ref().contains(".checkpoint.");
    let newest = files.iter().filter(|path| is_checkpoint(path)).filter_map(version).max();
    for path in files {
        let Some(version) = version(&path) else { continue };
        let is_entry = path.as_ref().ends_with(".json") && newest.is_none_or(|newest| version > newest);
        if !(is_entry || is_checkpoint(&path) && Some(version) == newest) {
            continue;
        }
        let bytes = match store.get(&path).await {
            Ok(found) => found.bytes().await.ok()?,
            // What cannot be fetched now is no damage.
            Err(error) => return in_chain(&error),
        };
        let read = if is_entry {
            entry_actions(version, &bytes).map(drop)
        } else {
            let rows = ParquetRecordBatchReaderBuilder::try_new(bytes).and_then(|builder| builder.build());
            rows.map_err(|error| error.to_string())
                .and_then(|mut rows| rows.try_for_each(|batch| batch.map(drop)).map_err(|error| error.to_string()))
        };
        if let Err(why) = read {
            return Some(damaged(table, path.as_ref(), &why));
        }
    }
    None
}

/// The damaged file from which an error comes, if it comes from one.
pub(crate) fn in_chain(error: &(dyn std::error::Error + 'static)) -> Option<LakeError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(flipped) = error.downcast_ref::<Flipped>() {
            return Some(flipped.told());
        }
        next = error.source();
    }
    None
}

/// The actions of a log entry, or what is wrong with it. Every entry has some: one that is empty has lost them.
pub(crate) fn entry_actions(version: u64, bytes: &Bytes) -> Result<Vec<Action>, String> {
    let actions = get_actions(version, bytes).map_err(|error| error.to_string())?;
    if actions.is_empty() { Err("it is empty".to_owned()) } else { Ok(actions) }
}

/// The error that names a file.
pub(crate) fn damaged(table: Table, path: &str, why: &str) -> LakeError {
    LakeError::Damaged {
        table: table.name(),
        file: format!("{}/{path}", table.name()),
        why: first_line(why).to_owned(),
    }
}

/// Without the backtrace that may follow.
pub(crate) fn first_line(why: &str) -> &str {
    why.lines().next().unwrap_or_default()
}

fn version(path: &Path) -> Option<u64> {
    path.filename()?.get(..20)?.parse().ok()
}
