//! The end of a table as its appender knows it: a commit costs the same however many came before.
//!
//! A pinned snapshot holds the entry of every file, and delta-rs carries all of them from commit to commit: with a
//! commit a second a table's writer would do little else. An appender needs none of them. It knows the version it
//! builds upon and the application ids in it; it puts its own entry at the next version, which only one writer can, and
//! when another was there first, reads what that one did.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use deltalake_core::kernel::{Action, Transaction};
use deltalake_core::logstore::{LogStoreRef, commit_uri_from_version};
use helan_runtime::clock::Moment;
use helan_schemas::tables::Table;
use object_store::{Error, PutMode, PutOptions};
use serde_json::json;

use crate::columns::only_adds;
use crate::commit::{CommitError, Moved, Stored};
use crate::damage::{damaged, entry_actions};
use crate::digests::{commit_info, sealed};
use crate::error::LakeError;
use crate::known::{KnownEvent, KnownSubmission, KnownWithdrawal};
use crate::lake::Lake;
use crate::snapshot::TableSnapshot;

/// Others may come first so often in a row before a commit is given up for now.
const ATTEMPTS: usize = 100;
/// A tip that is older is read anew before it is built upon: log entries are deleted once they are a day old, and where
/// one was deleted a late writer would find its place free.
const TRUSTED_FOR: Duration = Duration::from_secs(3600);
/// Files that were stored longer ago are not committed any more: maintenance may take them for the leavings of a writer
/// that died, from [`crate::maintain::MIN_ORPHAN_AGE_MS`] on.
const COMMIT_WITHIN: Duration = Duration::from_secs(1800);

/// The newest version of a table that a writer knows, with what it needs to append to it.
#[derive(Clone, Debug)]
pub struct TableTip {
    /// Some version up to this one, with its files; brought up when they are asked for.
    pinned: TableSnapshot,
    version: u64,
    /// When this was the newest version for certain, if that is known.
    seen_at: Option<Moment>,
    /// Application ids that were set after the pinned version.
    transactions: BTreeMap<String, i64>,
}

impl TableTip {
    pub(crate) fn new(pinned: TableSnapshot, seen_at: Option<Moment>) -> Self {
        Self { version: pinned.version(), pinned, seen_at, transactions: BTreeMap::new() }
    }

    /// Which table.
    pub fn table(&self) -> Table {
        self.pinned.table()
    }

    /// Its version.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The version that was pinned last, which may be older.
    pub fn pinned(&self) -> &TableSnapshot {
        &self.pinned
    }

    /// As [`TableSnapshot::txn`].
    ///
    /// # Errors
    /// If the table's log cannot be read.
    pub async fn txn(&self, app_id: &str) -> Result<Option<i64>, LakeError> {
        match self.transactions.get(app_id) {
            Some(version) => Ok(Some(*version)),
            None => self.pinned.txn(app_id).await,
        }
    }

    /// As [`TableSnapshot::known_events`], as of this version. Without wanted ids nothing is read.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn known_events(
        &mut self,
        lake: &Lake,
        wanted: &BTreeMap<String, BTreeSet<String>>,
    ) -> Result<Vec<KnownEvent>, LakeError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        self.current(lake).await?.known_events(wanted).await
    }

    /// As [`TableSnapshot::known_withdrawals`], as of this version. Without wanted ids nothing is read.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn known_withdrawals(
        &mut self,
        lake: &Lake,
        wanted: &BTreeMap<String, BTreeSet<String>>,
    ) -> Result<Vec<KnownWithdrawal>, LakeError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        self.current(lake).await?.known_withdrawals(wanted).await
    }

    /// As [`TableSnapshot::known_submissions`], as of this version. Without wanted ids nothing is read.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn known_submissions(
        &mut self,
        lake: &Lake,
        wanted: &BTreeMap<String, BTreeSet<String>>,
    ) -> Result<Vec<KnownSubmission>, LakeError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        self.current(lake).await?.known_submissions(wanted).await
    }

    async fn current(&mut self, lake: &Lake) -> Result<&TableSnapshot, LakeError> {
        if self.pinned.version() < self.version {
            self.pinned = lake.snapshot_at(self.table(), Some(self.version)).await?;
        }
        Ok(&self.pinned)
    }

    pub(crate) fn log_store(&self) -> &LogStoreRef {
        self.pinned.log_store()
    }

    fn moved_to(&mut self, version: u64, seen_at: Moment, txns: impl IntoIterator<Item = (String, i64)>) {
        (self.version, self.seen_at) = (version, Some(seen_at));
        self.transactions.extend(txns);
    }
}

impl Lake {
    /// The newest version of a table, for a writer, with all columns that this build writes.
    ///
    /// # Errors
    /// As [`Lake::snapshot`].
    pub async fn tip(&self, table: Table) -> Result<TableTip, LakeError> {
        let seen_at = self.clock().moment();
        let snapshot = self.widened(self.snapshot(table).await?).await?;
        Ok(TableTip::new(snapshot, Some(seen_at)))
    }

    /// The tip itself, or the table's end anew if it is too old to be built upon.
    pub(crate) async fn trusted(&self, tip: &TableTip) -> Result<TableTip, LakeError> {
        let is_young = tip.seen_at.is_some_and(|seen_at| self.clock().since(&seen_at) < TRUSTED_FOR);
        if is_young { Ok(tip.clone()) } else { self.tip(tip.table()).await }
    }

    /// Commits files and application versions after a tip, or after those who came first if they left these ids alone.
    /// That suffices: appends take nothing away, and compactions share one id.
    pub(crate) async fn commit_after(
        &self,
        tip: &TableTip,
        operation: Operation,
        stored: Stored,
        txns: &[(String, i64)],
    ) -> Result<TableTip, CommitError> {
        let (files, now) = (stored.actions, self.clock().now());
        let entry = entry(tip.table(), operation, &files, txns, now / 1000).map_err(CommitError::Stop)?;
        let store = tip.pinned.log_store().object_store(None);
        let mut tip = tip.clone();
        for _ in 0..ATTEMPTS {
            let asked_at = self.clock().moment();
            let age = self.clock().since(&stored.at);
            if age > COMMIT_WITHIN {
                let why = format!(
                    "its files were stored {age:?} ago, and maintenance may have deleted them; they are written anew"
                );
                return Err(CommitError::Retry(LakeError::Unsafe { table: tip.table().name(), why }));
            }
            let path = commit_uri_from_version(Some(tip.version + 1));
            match store.put_opts(&path, entry.clone().into(), PutOptions::from(PutMode::Create)).await {
                Ok(_) => {
                    tip.moved_to(tip.version + 1, asked_at, txns.iter().cloned());
                    return Ok(tip);
                }
                Err(Error::AlreadyExists { .. }) => {
                    if self.follow(&mut tip, &files, txns).await? {
                        return Ok(tip);
                    }
                }
                // It may have been written all the same: what stands there now tells.
                Err(error) => {
                    if self.follow(&mut tip, &files, txns).await? {
                        tracing::info!(table = tip.table().name(), %error, "a commit that seemed to fail has succeeded");
                        return Ok(tip);
                    }
                    return Err(CommitError::Retry(error.into()));
                }
            }
        }
        let why = format!("others came first {ATTEMPTS} times in a row");
        Err(CommitError::Retry(LakeError::Unsafe { table: tip.table().name(), why }))
    }

    /// Reads what was committed after a tip and moves the tip there. Says whether one of the commits is the very one
    /// that was to be made: after a request that was repeated because its answer was lost, it may be our own.
    async fn follow(&self, tip: &mut TableTip, files: &[Action], txns: &[(String, i64)]) -> Result<bool, CommitError> {
        let table = tip.table().name();
        let log_store = tip.pinned.log_store().clone();
        let read = |error: deltalake_core::DeltaTableError| CommitError::Retry(error.into());
        let asked_at = self.clock().moment();
        while let Some(bytes) = log_store.read_commit_entry(tip.version + 1).await.map_err(read)? {
            let next = commit_uri_from_version(Some(tip.version + 1));
            let actions = entry_actions(tip.version + 1, &bytes)
                .map_err(|why| CommitError::Retry(damaged(tip.table(), next.as_ref(), &why)))?;
            for action in &actions {
                let changed = match action {
                    Action::Metadata(after) => only_adds(tip.pinned.state().metadata(), after),
                    Action::Protocol(_) => Err("its Delta protocol was changed".to_owned()),
                    _ => continue,
                };
                match changed {
                    Ok(columns) => {
                        tracing::info!(table, table.columns = columns.join(", "), "columns were added meanwhile")
                    }
                    Err(why) => {
                        let why = format!("{why} meanwhile; look at them, then restart");
                        return Err(CommitError::Stop(LakeError::Unsafe { table, why }));
                    }
                }
            }
            let theirs = || {
                actions.iter().filter_map(|action| match action {
                    Action::Txn(Transaction { app_id, version, .. }) => Some((app_id.clone(), *version)),
                    _ => None,
                })
            };
            let paths = |actions: &[Action]| -> BTreeSet<String> {
                let path = |action: &Action| match action {
                    Action::Add(add) => Some(add.path.clone()),
                    _ => None,
                };
                actions.iter().filter_map(path).collect()
            };
            let is_ours = !(txns.is_empty() && files.is_empty())
                && theirs().eq(txns.iter().cloned())
                && paths(&actions) == paths(files);
            let ours = |app_id: &str| txns.iter().any(|(mine, _)| mine == app_id);
            let moved: Vec<_> = theirs()
                .filter(|(app_id, _)| ours(app_id))
                .map(|(app_id, stored)| Moved { app_id, stored: Some(stored) })
                .collect();
            // Another tool may have put the same files together: taken away twice, they would be there twice.
            let removes = |actions: &[Action]| actions.iter().any(|action| matches!(action, Action::Remove(_)));
            if !is_ours && (!moved.is_empty() || removes(files) && removes(&actions)) {
                return Err(CommitError::Fenced(moved));
            }
            tip.moved_to(tip.version + 1, asked_at, theirs());
            if is_ours {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What a commit does to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Adds rows.
    Append,
    /// Puts files together; the rows stay.
    Compaction,
}

/// The bytes of a log entry.
fn entry(
    table: Table,
    operation: Operation,
    files: &[Action],
    txns: &[(String, i64)],
    now_ms: i64,
) -> Result<Vec<u8>, LakeError> {
    let partition_by = serde_json::to_string(table.partition_columns()).unwrap_or_default();
    let (name, parameters) = match operation {
        Operation::Append => ("WRITE", json!({"mode": "Append", "partitionBy": partition_by})),
        Operation::Compaction => ("OPTIMIZE", json!({"predicate": "[]"})),
    };
    let is_append = operation == Operation::Append;
    let more = json!({"operationParameters": parameters, "isBlindAppend": is_append});
    let txns = txns.iter().map(|(app_id, version)| Action::Txn(Transaction::new(app_id, *version)));
    let mut entry = commit_info(now_ms, name, more);
    for action in txns.chain(files.iter().cloned()) {
        entry.push('\n');
        let why = |error: serde_json::Error| LakeError::Rows { table: table.name(), why: error.to_string() };
        entry.push_str(&serde_json::to_string(&action).map_err(why)?);
    }
    entry.push('\n');
    Ok(sealed(entry))
}
