//! Maintenance beside running appenders: compaction, checkpoint, log clean-up, vacuum.
//!
//! Compaction is a commit of our own: files out, files in, nothing changed, and a version of an application id that
//! only maintenance uses. Of two that start from the same version one wins; delta-rs's own compaction would let both
//! succeed and double every row. Rows are counted and hashed before and after.

use std::collections::BTreeMap;

use bytes::Bytes;
use deltalake_core::DeltaTable;
use deltalake_core::checkpoints::{cleanup_expired_logs_for, create_checkpoint};
use deltalake_core::kernel::{Action, Remove};
use deltalake_core::table::state::DeltaTableState;
use helan_schemas::tables::Table;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use tracing::Instrument;
use xxhash_rust::xxh3::xxh3_64;

use crate::columns::{Columns, compare};
use crate::commit::{CommitError, store};
use crate::digests::note_of;
use crate::error::LakeError;
use crate::lake::Lake;
use crate::merge::merge;
use crate::snapshot::{FileInfo, TableSnapshot};
use crate::tip::{Operation, TableTip};
use crate::vacuum::{store_time, vacuum};

/// The application id whose version says which compaction was last.
const APP_ID: &str = "helan/maintenance";
/// Rows of a file that is never compacted again, and …
const FULL_ROWS: usize = 400_000;
/// … bytes of such a file, and of all files that are put together at once: they are in memory in their encoded form,
/// and so is the result.
const FULL_BYTES: i64 = 32 * 1024 * 1024;
/// Files that are put together at once: each is open until its last row is read, which takes about 0.7 MB beside the
/// rows.
const GROUP_FILES: usize = 64;
/// No file is deleted that is younger than this, in milliseconds: a writer may be on the way from the file to the commit
/// that names it, and a reader may hold a version that was current until then.
pub const MIN_ORPHAN_AGE_MS: i64 = 3600 * 1000;
/// Files are put together with others of their size: a row is rewritten once for each power of this.
const TIER: usize = 8;

/// When each kind of maintenance is worth it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Files of about one size that are put together into one.
    pub compact_files: usize,
    /// Commits after which a checkpoint is written.
    pub checkpoint_commits: u64,
    /// Whether to look for what may be deleted, which reads the name of every file there is.
    pub delete: bool,
    /// Age in milliseconds, by the store's clock, from which on log entries before a checkpoint are deleted.
    pub log_age_ms: i64,
    /// Age in milliseconds, by the store's clock, from which on files that no version needs are deleted. Longer than any
    /// reader holds a version, and than any writer takes from file to commit: less than [`MIN_ORPHAN_AGE_MS`] counts as
    /// that.
    pub orphan_age_ms: i64,
}

impl Default for Options {
    fn default() -> Self {
        const DAY: i64 = 24 * 3600 * 1000;
        Self { compact_files: TIER, checkpoint_commits: 100, delete: true, log_age_ms: DAY, orphan_age_ms: DAY }
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
    run_tables(lake, options).instrument(tracing::debug_span!("maintenance")).await
}

async fn run_tables(lake: &Lake, options: &Options) -> Result<BTreeMap<&'static str, Report>, LakeError> {
    let mut reports = BTreeMap::new();
    for table in Table::ALL {
        let span = tracing::debug_span!("maintain", table = table.name());
        let report = run_table(lake, table, options).instrument(span).await?;
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
    let mut tip = lake.tip(table).await?;
    // Put together here, files would lose what this build does not know: that is left to the newer one.
    let is_known = !matches!(compare(table, tip.pinned().state().schema().as_ref())?, Columns::Ahead(_));
    let groups = if is_known { groups(tip.pinned().files(), options.compact_files) } else { Vec::new() };
    for group in groups {
        match compact(lake, &tip, &group).await {
            Ok(next) => {
                tip = next;
                report.files_before += group.len();
                report.files_after += 1;
                report.rows += group.iter().filter_map(|file| file.rows).sum::<usize>();
            }
            Err(CommitError::Fenced(_)) => {
                report.backed_off = true;
                return Ok(report);
            }
            Err(CommitError::Retry(error) | CommitError::Stop(error)) => return Err(error),
        }
    }
    let snapshot = if report.files_after == 0 { tip.pinned().clone() } else { lake.snapshot(table).await? };
    drop(tip);
    let log_store = snapshot.log_store().clone();
    let version = snapshot.version();
    if version >= last_checkpoint(&snapshot).await? + options.checkpoint_commits {
        let mut handle = DeltaTable::new(log_store.clone());
        handle.state = Some(DeltaTableState::new(snapshot.state().clone()));
        create_checkpoint(&handle, None).await?;
        note(&snapshot).await?;
        report.checkpoint = Some(version);
    }
    if options.delete {
        let now_ms = store_time(lake, log_store.object_store(None).as_ref()).await?;
        report.logs_deleted =
            cleanup_expired_logs_for(version, log_store.as_ref(), now_ms - options.log_age_ms, None).await?;
        let orphan_age_ms = options.orphan_age_ms.max(MIN_ORPHAN_AGE_MS);
        report.orphans_deleted = vacuum(lake, &snapshot, now_ms - orphan_age_ms).await?;
    }
    Ok(report)
}

/// Which files become one: those of one folder and about one size.
fn groups(files: Vec<FileInfo>, at_least: usize) -> Vec<Vec<FileInfo>> {
    let mut tiers = BTreeMap::<_, Vec<FileInfo>>::new();
    for file in files {
        match file.rows {
            Some(rows) if rows < FULL_ROWS / 2 && file.size < FULL_BYTES / 2 => {
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
        let (mut rows, mut bytes) = (0, 0);
        for file in files {
            let more = file.rows.unwrap_or(0);
            if rows + more > FULL_ROWS || bytes + file.size > FULL_BYTES || group.len() >= GROUP_FILES {
                groups.push(std::mem::take(&mut group));
                (rows, bytes) = (0, 0);
            }
            (rows, bytes) = (rows + more, bytes + file.size);
            group.push(file);
        }
        groups.push(group);
    }
    groups.retain(|group: &Vec<FileInfo>| group.len() >= at_least.max(2));
    groups
}

/// Puts files of one folder together, in one commit of ours that takes nothing but them away.
async fn compact(lake: &Lake, tip: &TableTip, group: &[FileInfo]) -> Result<TableTip, CommitError> {
    let table = tip.table();
    let before = tip.txn(APP_ID).await.map_err(CommitError::Retry)?;
    // Unlike a plain count it tells a rival's commit from one's own whose answer was lost.
    let now_ms = lake.clock().now() / 1000;
    let salt = (xxh3_64(lake.clock().new_id().as_bytes()) & 0xfffff) as i64;
    let version = ((now_ms << 20) | salt).max(before.map_or(0, |before| before + 1 + salt));
    let mut inputs = Vec::new();
    for file in group {
        inputs.push(read(tip.pinned(), file).await.map_err(CommitError::Retry)?);
    }
    let folder = group.first().map(|file| file.partition_values.clone()).unwrap_or_default();
    let (rows, name) = (group.iter().filter_map(|file| file.rows).sum(), lake.clock().new_id());
    let file = tokio::task::spawn_blocking(move || merge(table, inputs, &folder, rows, now_ms, name))
        .await
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
        .map_err(CommitError::Stop)?;
    let mut stored = store(lake.clock(), tip.log_store(), vec![file]).await.map_err(CommitError::Retry)?;
    // When the others were replaced: their age from then on is judged by the store's clock as well.
    let replaced_ms = written_ms(tip, &stored.actions).await.map_err(CommitError::Retry)?;
    stored.actions.extend(group.iter().map(|file| {
        Action::Remove(Remove {
            path: file.path.clone(),
            data_change: false,
            deletion_timestamp: Some(replaced_ms.unwrap_or(now_ms)),
            extended_file_metadata: Some(true),
            partition_values: Some(file.partition_values.clone()),
            size: Some(file.size),
            ..Remove::default()
        })
    }));
    lake.commit_after(tip, Operation::Compaction, stored, &[(APP_ID.to_owned(), version)]).await
}

/// When the first of some files was written, by the store's clock.
async fn written_ms(tip: &TableTip, actions: &[Action]) -> Result<Option<i64>, LakeError> {
    let Some(Action::Add(add)) = actions.first() else { return Ok(None) };
    let found = tip.log_store().object_store(None).head(&Path::from(add.path.as_str())).await?;
    Ok(Some(found.last_modified.timestamp_millis()))
}

async fn read(snapshot: &TableSnapshot, file: &FileInfo) -> Result<Bytes, LakeError> {
    let path = Path::from(file.path.as_str());
    Ok(snapshot.log_store().object_store(None).get(&path).await?.bytes().await?)
}

/// Adds the digest of the checkpoint of a version to the note that readers begin with. Another maintenance may have written
/// a newer one meanwhile: then that one has none until the next.
async fn note(snapshot: &TableSnapshot) -> Result<(), LakeError> {
    let (store, note) = (snapshot.log_store().object_store(None), Path::from("_delta_log/_last_checkpoint"));
    let checkpoint = Path::from(format!("_delta_log/{:020}.checkpoint.parquet", snapshot.version()));
    let bytes = store.get(&note).await?.bytes().await?;
    let found: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    if found["version"].as_u64() != Some(snapshot.version()) {
        return Ok(());
    }
    let noted = note_of(&bytes, &store.get(&checkpoint).await?.bytes().await?)?;
    store.put(&note, noted.into()).await?;
    Ok(())
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
