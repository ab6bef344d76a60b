//! Which data files no version needs, and their deletion beside writers whose commits are on the way.
//!
//! A file's age is the difference of two times of the store: when the file was written, and now, which is when a small
//! file was written just before. This machine's clock may be wrong. A writer commits files within half an hour or not at
//! all (`COMMIT_WITHIN` in `tip.rs`), and no file that is younger than an hour is deleted.

use std::collections::HashSet;

use deltalake_core::table::state::DeltaTableState;
use futures::{StreamExt, TryStreamExt};
use helan_schemas::tables::Table;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::error::LakeError;
use crate::lake::Lake;
use crate::snapshot::TableSnapshot;

/// How the name of a file begins by which the store's clock is read. Delta ignores names that begin so.
const PROBE: &str = "_time-";
/// Files that are deleted before the table is looked at again.
const AT_ONCE: usize = 500;
/// Clocks of this machine and of the store may differ so much, milliseconds.
const CLOCKS_AGREE_MS: u64 = 10 * 60 * 1000;

/// The store's time in milliseconds since the Unix epoch: when a file of this moment was written.
pub(crate) async fn store_time(lake: &Lake, store: &dyn ObjectStore) -> Result<i64, LakeError> {
    let probe = Path::from(format!("{PROBE}{}", lake.clock().new_id()));
    store.put(&probe, "written by helan to read the store's clock\n".into()).await?;
    let found = store.head(&probe).await;
    // If it cannot be deleted now, the next maintenance deletes it.
    drop(store.delete(&probe).await);
    Ok(found?.last_modified.timestamp_millis())
}

impl Lake {
    /// Checks that this machine's clock and the store's agree, before something is deleted by its age; `now` in
    /// microseconds since the Unix epoch.
    ///
    /// # Errors
    /// [`LakeError::Clocks`] if they do not.
    pub async fn check_clock(&self, now: i64) -> Result<(), LakeError> {
        let snapshot = self.snapshot(Table::Events).await?;
        let store = store_time(self, snapshot.log_store().object_store(None).as_ref()).await?;
        let apart = (now / 1000).abs_diff(store);
        if apart <= CLOCKS_AGREE_MS {
            return Ok(());
        }
        Err(LakeError::Clocks { seconds: apart / 1000, how: if now / 1000 > store { "ahead of" } else { "behind" } })
    }
}

/// Deletes data files that are older than a time of the store and that no version needs: those of writers that were
/// fenced or died, and those replaced long ago. Returns how many.
pub(crate) async fn vacuum(lake: &Lake, snapshot: &TableSnapshot, before_ms: i64) -> Result<usize, LakeError> {
    let orphans = orphans(snapshot, before_ms).await?;
    let mut deleted = 0;
    for some in orphans.chunks(AT_ONCE) {
        deleted += delete(lake, snapshot.table(), some, before_ms).await?;
    }
    Ok(deleted)
}

/// Files that are older than a time of the store and that a version does not need.
pub(crate) async fn orphans(snapshot: &TableSnapshot, before_ms: i64) -> Result<Vec<Path>, LakeError> {
    let needed = needed(snapshot, before_ms).await?;
    let store = snapshot.log_store().object_store(None);
    let orphans = store.list(None).try_filter_map(|meta| {
        let path = meta.location.as_ref();
        let is_data = path.ends_with(".parquet") && !path.starts_with("_delta_log/");
        let is_orphan = (is_data || path.starts_with(PROBE))
            && !needed.contains(path)
            && meta.last_modified.timestamp_millis() < before_ms;
        std::future::ready(Ok(is_orphan.then_some(meta.location)))
    });
    Ok(orphans.try_collect().await?)
}

/// Deletes those of some files that the newest version does not need either: commits have come since they were found.
pub(crate) async fn delete(lake: &Lake, table: Table, files: &[Path], before_ms: i64) -> Result<usize, LakeError> {
    let newest = lake.snapshot(table).await?;
    let needed = needed(&newest, before_ms).await?;
    let files: Vec<_> = files.iter().filter(|path| !needed.contains(path.as_ref())).cloned().map(Ok).collect();
    let store = newest.log_store().object_store(None);
    let deleted = store.delete_stream(futures::stream::iter(files).boxed());
    Ok(deleted.try_collect::<Vec<_>>().await?.len())
}

/// The files of a version, and those of versions that were current since a time.
async fn needed(snapshot: &TableSnapshot, before_ms: i64) -> Result<HashSet<String>, LakeError> {
    let mut needed: HashSet<String> = snapshot.files().into_iter().map(|file| file.path).collect();
    let state = DeltaTableState::new(snapshot.state().clone());
    let mut tombstones = state.all_tombstones(snapshot.log_store().as_ref());
    while let Some(tombstone) = tombstones.next().await {
        let tombstone = tombstone?;
        if tombstone.deletion_timestamp().is_none_or(|deleted| deleted >= before_ms) {
            needed.insert(tombstone.path().into_owned());
        }
    }
    Ok(needed)
}
