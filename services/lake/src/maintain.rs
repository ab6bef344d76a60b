//! Maintenance beside running appenders: compaction, checkpoint, log clean-up, vacuum.
//!
//! Compaction is a commit of our own: files out, files in, nothing changed, and a version of an application id that
//! only maintenance uses. Of two that start from the same version one wins; delta-rs's own compaction would let both
//! succeed and double every row. Rows are counted and hashed before and after.

use std::collections::{BTreeMap, HashSet};

use arrow::array::RecordBatch;
use arrow::row::{RowConverter, SortField};
use bytes::Bytes;
use deltalake_core::DeltaTable;
use deltalake_core::checkpoints::{cleanup_expired_logs_for, create_checkpoint};
use deltalake_core::kernel::{Action, Remove};
use deltalake_core::protocol::DeltaOperation;
use futures::{StreamExt, TryStreamExt};
use helan_schemas::tables::Table;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use xxhash_rust::xxh3::xxh3_64;

use crate::commit::{CommitError, commit, store};
use crate::encode::{decode, encode};
use crate::error::LakeError;
use crate::lake::Lake;
use crate::snapshot::{FileInfo, TableSnapshot};

/// The application id whose version says which compaction was last.
const APP_ID: &str = "helan/maintenance";
/// Rows of a file that is never compacted again; with one row of about 300 bytes in memory, half a gigabyte for both
/// copies at the worst.
const FULL_ROWS: usize = 400_000;
/// Files are put together with others of their size: a row is rewritten once for each power of this.
const TIER: usize = 8;

/// When each kind of maintenance is worth it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Files of about one size that are put together into one.
    pub compact_files: usize,
    /// Commits after which a checkpoint is written.
    pub checkpoint_commits: u64,
    /// Age in milliseconds from which on log entries before a checkpoint are deleted.
    pub log_age_ms: i64,
    /// Age in milliseconds from which on files that no version needs are deleted. Longer than any reader holds a
    /// version, and than any writer takes from file to commit.
    pub orphan_age_ms: i64,
}

impl Default for Options {
    fn default() -> Self {
        const DAY: i64 = 24 * 3600 * 1000;
        Self { compact_files: TIER, checkpoint_commits: 100, log_age_ms: DAY, orphan_age_ms: DAY }
    }
}

/// What was done to one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Files that were replaced.
    pub files_before: usize,
    /// Files that replaced them.
    pub files_after: usize,
    /// Rows in them.
    pub rows: usize,
    /// Whether another maintenance was at work on the table, and this one left it alone.
    pub backed_off: bool,
    /// Version of the checkpoint that was written, if one was.
    pub checkpoint: Option<u64>,
    /// Log entries deleted.
    pub logs_deleted: usize,
    /// Data files deleted.
    pub orphans_deleted: usize,
}

/// Maintains every table. Appenders are never blocked or fenced by it.
///
/// # Errors
/// The first table's failure; those before it are done, and a later run goes on.
pub async fn run(lake: &Lake, options: &Options) -> Result<BTreeMap<&'static str, Report>, LakeError> {
    let mut reports = BTreeMap::new();
    for table in Table::ALL {
        let report = run_table(lake, table, options).await?;
        if report != Report::default() {
            tracing::info!(table = table.name(), ?report, "maintained");
        }
        reports.insert(table.name(), report);
    }
    Ok(reports)
}

/// Maintains one table.
///
/// # Errors
/// If the store fails, or a compaction would have changed the table's content.
pub async fn run_table(lake: &Lake, table: Table, options: &Options) -> Result<Report, LakeError> {
    let mut report = Report::default();
    let mut snapshot = lake.snapshot(table).await?;
    for group in groups(snapshot.files(), options.compact_files) {
        match compact(lake, &snapshot, &group).await {
            Ok((next, rows, files)) => {
                snapshot = next;
                report.files_before += group.len();
                report.files_after += files;
                report.rows += rows;
            }
            Err(CommitError::Fenced(_)) => {
                report.backed_off = true;
                return Ok(report);
            }
            Err(CommitError::Retry(error) | CommitError::Stop(error)) => return Err(error),
        }
    }
    let log_store = snapshot.log_store().clone();
    let version = snapshot.version();
    if version >= last_checkpoint(&snapshot).await? + options.checkpoint_commits {
        let mut handle = DeltaTable::new(log_store.clone());
        handle.load_version(version).await?;
        create_checkpoint(&handle, None).await?;
        report.checkpoint = Some(version);
    }
    let now_ms = lake.clock().now() / 1000;
    report.logs_deleted =
        cleanup_expired_logs_for(version, log_store.as_ref(), now_ms - options.log_age_ms, None).await?;
    report.orphans_deleted = vacuum(&snapshot, now_ms - options.orphan_age_ms).await?;
    Ok(report)
}

/// Which files become one: those of one folder and about one size.
fn groups(files: Vec<FileInfo>, at_least: usize) -> Vec<Vec<FileInfo>> {
    let mut tiers = BTreeMap::<_, Vec<FileInfo>>::new();
    for file in files {
        match file.rows {
            Some(rows) if rows < FULL_ROWS / 2 => {
                let mut folder: Vec<_> = file.partition_values.clone().into_iter().collect();
                folder.sort();
                tiers.entry((folder, rows.max(1).ilog(TIER))).or_default().push(file);
            }
            _ => {}
        }
    }
    let mut groups = Vec::new();
    for mut files in tiers.into_values() {
        files.sort_by(|a, b| (a.modified_ms, &a.path).cmp(&(b.modified_ms, &b.path)));
        let mut group = Vec::new();
        let mut rows = 0;
        for file in files {
            if rows + file.rows.unwrap_or(0) > FULL_ROWS {
                groups.push(std::mem::take(&mut group));
                rows = 0;
            }
            rows += file.rows.unwrap_or(0);
            group.push(file);
        }
        groups.push(group);
    }
    groups.retain(|group: &Vec<FileInfo>| group.len() >= at_least.max(2));
    groups
}

async fn compact(
    lake: &Lake,
    snapshot: &TableSnapshot,
    group: &[FileInfo],
) -> Result<(TableSnapshot, usize, usize), CommitError> {
    let table = snapshot.table();
    let before = snapshot.txn(APP_ID).await.map_err(CommitError::Retry)?;
    // Unlike a plain count it tells a rival's commit from one's own whose answer was lost.
    let now_ms = lake.clock().now() / 1000;
    let salt = (xxh3_64(lake.clock().new_id().as_bytes()) & 0xfffff) as i64;
    let version = ((now_ms << 20) | salt).max(before.map_or(0, |before| before + 1 + salt));
    let mut inputs = Vec::new();
    for file in group {
        inputs.push(read(snapshot, file).await.map_err(CommitError::Retry)?);
    }
    let (clock, folders): (_, Vec<_>) =
        (lake.clock().clone(), group.iter().map(|file| file.partition_values.clone()).collect());
    let (files, rows) = tokio::task::spawn_blocking(move || {
        let mut batches = Vec::new();
        for (bytes, folder) in inputs.into_iter().zip(&folders) {
            batches.extend(decode(table, bytes, folder)?);
        }
        let files = encode(table, &batches, false, now_ms, || clock.new_id())?;
        let mut after = Vec::new();
        for file in &files {
            after.extend(decode(table, file.bytes.clone(), &file.add.partition_values)?);
        }
        let (before, after) = (fingerprint(table, &batches)?, fingerprint(table, &after)?);
        if before != after {
            return Err(LakeError::Differs { table: table.name(), why: format!("{before:?} became {after:?}") });
        }
        Ok((files, before.0))
    })
    .await
    .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    .map_err(CommitError::Stop)?;
    let count = files.len();
    let mut actions = store(snapshot, files).await.map_err(CommitError::Retry)?;
    actions.extend(group.iter().map(|file| {
        Action::Remove(Remove {
            path: file.path.clone(),
            data_change: false,
            deletion_timestamp: Some(now_ms),
            extended_file_metadata: Some(true),
            partition_values: Some(file.partition_values.clone()),
            size: Some(file.size),
            ..Remove::default()
        })
    }));
    let txns = [(APP_ID.to_owned(), version)];
    let operation = DeltaOperation::Optimize { predicate: None, target_size: FULL_ROWS as i64 };
    let result = commit(snapshot, actions, &txns, operation, false).await;
    Ok((lake.settle(snapshot, &txns, result).await?, rows, count))
}

async fn read(snapshot: &TableSnapshot, file: &FileInfo) -> Result<Bytes, LakeError> {
    let path = Path::from(file.path.as_str());
    Ok(snapshot.log_store().object_store(None).get(&path).await?.bytes().await?)
}

/// Rows, and a hash over all their columns that does not depend on their order.
fn fingerprint(table: Table, batches: &[RecordBatch]) -> Result<(usize, u64), LakeError> {
    let fields = table.schema().fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
    let converter = RowConverter::new(fields)?;
    let (mut rows, mut hash) = (0, 0_u64);
    for batch in batches {
        rows += batch.num_rows();
        for row in &converter.convert_columns(batch.columns())? {
            hash = hash.wrapping_add(xxh3_64(row.as_ref()));
        }
    }
    Ok((rows, hash))
}

async fn last_checkpoint(snapshot: &TableSnapshot) -> Result<u64, LakeError> {
    let store = snapshot.log_store().object_store(None);
    match store.get(&Path::from("_delta_log/_last_checkpoint")).await {
        Ok(found) => {
            let hint: serde_json::Value = serde_json::from_slice(&found.bytes().await?).unwrap_or_default();
            Ok(hint["version"].as_u64().unwrap_or(0))
        }
        Err(object_store::Error::NotFound { .. }) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// Deletes data files that are older than a time and that neither this version nor one that was current since then
/// holds: those of writers that were fenced or died, and those replaced long ago.
async fn vacuum(snapshot: &TableSnapshot, before_ms: i64) -> Result<usize, LakeError> {
    let mut needed: HashSet<String> = snapshot.files().into_iter().map(|file| file.path).collect();
    let state = deltalake_core::table::state::DeltaTableState::new(snapshot.state().clone());
    let mut tombstones = state.all_tombstones(snapshot.log_store().as_ref());
    while let Some(tombstone) = tombstones.next().await {
        let tombstone = tombstone?;
        if tombstone.deletion_timestamp().is_none_or(|deleted| deleted >= before_ms) {
            needed.insert(tombstone.path().into_owned());
        }
    }
    drop(tombstones);
    let store = snapshot.log_store().object_store(None);
    let orphans: Vec<Path> = store
        .list(None)
        .try_filter_map(|meta| {
            let path = meta.location.as_ref();
            let orphan = path.ends_with(".parquet")
                && !path.starts_with("_delta_log/")
                && !needed.contains(path)
                && meta.last_modified.timestamp_millis() < before_ms;
            std::future::ready(Ok(orphan.then_some(meta.location)))
        })
        .try_collect()
        .await?;
    let deleted = store.delete_stream(futures::stream::iter(orphans.into_iter().map(Ok)).boxed());
    Ok(deleted.try_collect::<Vec<_>>().await?.len())
}
