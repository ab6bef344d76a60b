//! Rows and offsets in one commit, against a pinned version.

use std::collections::BTreeMap;

use arrow::record_batch::RecordBatch;
use deltalake_core::DeltaTableError;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitConflictError, CommitProperties, TransactionError};
use deltalake_core::kernel::{Action, EagerSnapshot, Transaction};
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStoreExt;

use crate::encode::{DataFile, encode};
use crate::error::LakeError;
use crate::lake::Lake;
use crate::snapshot::TableSnapshot;

/// Files that are written to the store at once.
const WRITES_AT_ONCE: usize = 4;

/// An application id whose version is not what the writer built upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Application id.
    pub app_id: String,
    /// The version that stands in the table now.
    pub stored: Option<i64>,
}

/// Why rows are not known to be in the table.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Another writer owns these ids now, and nothing of ours was committed: drop the rows, read the stored versions,
    /// go on from there.
    #[error("another writer has moved {}", list(.0))]
    Fenced(Vec<Moved>),
    /// The store failed; nothing of ours was there when last looked. Pin the table anew and read its transactions
    /// before anything else.
    #[error("the table could not be written now: {0}")]
    Retry(#[source] LakeError),
    /// It will not work however often it is tried: the table was altered, the rows do not fit.
    #[error("the table cannot be written: {0}")]
    Stop(#[source] LakeError),
}

fn list(moved: &[Moved]) -> String {
    moved
        .iter()
        .map(|one| match one.stored {
            Some(stored) => format!("{} to {stored}", one.app_id),
            None => one.app_id.clone(),
        })
        .collect::<Vec<_>>()
        .join(", ")
}

/// A step of one application id: what the rows were made from, and what stands after the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advance {
    /// Application id.
    pub app_id: String,
    /// The version that the rows build upon; none = never committed.
    pub from: Option<i64>,
    /// The version after the commit; larger than `from`.
    pub to: i64,
}

impl Lake {
    /// Adds rows and sets application versions in one commit, taking the versions in the snapshot as those that the
    /// rows build upon. For rows made from an earlier snapshot use [`Lake::advance`].
    ///
    /// # Errors
    /// As [`Lake::advance`].
    pub async fn append(
        &self,
        snapshot: &TableSnapshot,
        batches: Vec<RecordBatch>,
        txns: Vec<(String, i64)>,
    ) -> Result<TableSnapshot, CommitError> {
        let mut advances = Vec::with_capacity(txns.len());
        for (app_id, to) in txns {
            let from = snapshot.txn(&app_id).await.map_err(CommitError::Retry)?;
            advances.push(Advance { app_id, from, to });
        }
        self.advance(snapshot, batches, advances).await
    }

    /// Adds rows and moves application ids forward in one commit, if the ids stand in the snapshot where the rows
    /// expect them and no other writer has touched them since it was pinned. Without rows the commit carries the
    /// versions alone. No checkpoint, no clean-up.
    ///
    /// Returns the table as it is after the commit, pinned. A commit whose success was not told apart from failure is
    /// recognised by reading the ids again.
    ///
    /// # Errors
    /// [`CommitError`]. An id that stands elsewhere, or would not move forward, is [`CommitError::Fenced`].
    pub async fn advance(
        &self,
        snapshot: &TableSnapshot,
        batches: Vec<RecordBatch>,
        advances: Vec<Advance>,
    ) -> Result<TableSnapshot, CommitError> {
        let mut moved = Vec::new();
        for Advance { app_id, from, to } in &advances {
            // A commit for other ids pins a newer version: what another writer did to these ids meanwhile shows only
            // here, and Delta itself would let them go backwards.
            let stored = snapshot.txn(app_id).await.map_err(CommitError::Retry)?;
            if stored != *from || stored.is_some_and(|stored| stored >= *to) {
                moved.push(Moved { app_id: app_id.clone(), stored });
            }
        }
        if !moved.is_empty() {
            return Err(CommitError::Fenced(moved));
        }
        let txns: Vec<_> = advances.into_iter().map(|advance| (advance.app_id, advance.to)).collect();
        let table = snapshot.table();
        let clock = self.clock().clone();
        let files =
            tokio::task::spawn_blocking(move || encode(table, &batches, true, clock.now() / 1000, || clock.new_id()))
                .await
                .map_err(|error| CommitError::Retry(DeltaTableError::Generic(error.to_string()).into()))?
                .map_err(CommitError::Stop)?;
        let actions = store(snapshot, files).await.map_err(CommitError::Retry)?;
        let partition_by = table.partition_columns().iter().map(|name| (*name).to_owned()).collect();
        let operation =
            DeltaOperation::Write { mode: SaveMode::Append, partition_by: Some(partition_by), predicate: None };
        let result = commit(snapshot, actions, &txns, operation, true).await;
        self.settle(snapshot, &txns, result).await
    }

    /// Finds out what became of a commit.
    pub(crate) async fn settle(
        &self,
        before: &TableSnapshot,
        txns: &[(String, i64)],
        result: Result<EagerSnapshot, DeltaTableError>,
    ) -> Result<TableSnapshot, CommitError> {
        let error = match result {
            Ok(snapshot) => {
                let mut known = BTreeMap::new();
                if snapshot.version() == before.version() + 1 {
                    known = before.known_transactions();
                }
                known.extend(txns.iter().map(|(app_id, version)| (app_id.clone(), Some(*version))));
                let identity = before.log_identity().to_owned();
                return Ok(TableSnapshot::new(before.table(), before.log_store().clone(), snapshot, identity, known));
            }
            Err(error) => error,
        };
        let now = self.snapshot(before.table()).await.map_err(CommitError::Retry)?;
        let mut moved = Vec::new();
        let mut done = !txns.is_empty();
        for (app_id, version) in txns {
            let stored = now.txn(app_id).await.map_err(CommitError::Retry)?;
            done &= stored == Some(*version);
            if stored != before.txn(app_id).await.map_err(CommitError::Retry)? {
                moved.push(Moved { app_id: app_id.clone(), stored });
            }
        }
        if done {
            tracing::info!(table = before.table().name(), %error, "a commit that seemed to fail has succeeded");
            return Ok(now);
        }
        if !moved.is_empty() {
            return Err(CommitError::Fenced(moved));
        }
        Err(if is_final(&error) { CommitError::Stop(error.into()) } else { CommitError::Retry(error.into()) })
    }
}

/// Stores data files and returns their entries.
pub(crate) async fn store(snapshot: &TableSnapshot, files: Vec<DataFile>) -> Result<Vec<Action>, LakeError> {
    let store = snapshot.log_store().object_store(None);
    futures::stream::iter(files)
        .map(|file| {
            let store = store.clone();
            async move {
                let (path, bytes, add) = file.split();
                store.put(&path, bytes.into()).await?;
                Ok(Action::Add(add))
            }
        })
        .buffered(WRITES_AT_ONCE)
        .try_collect()
        .await
}

/// Commits actions against a pinned version; the hooks that delta-rs would run after a commit stay off, because their
/// errors look like the commit's.
pub(crate) async fn commit(
    snapshot: &TableSnapshot,
    actions: Vec<Action>,
    txns: &[(String, i64)],
    operation: DeltaOperation,
    blind: bool,
) -> Result<EagerSnapshot, DeltaTableError> {
    let txns = txns.iter().map(|(app_id, version)| Transaction::new(app_id, *version)).collect();
    let properties = CommitProperties::default()
        .with_application_transactions(txns)
        .with_create_checkpoint(false)
        .with_cleanup_expired_logs(Some(false))
        .with_metadata([("isBlindAppend".to_owned(), blind.into())]);
    let finished = CommitBuilder::from(properties)
        .with_actions(actions)
        .build(Some(snapshot.state()), snapshot.log_store().clone(), operation)
        .await?;
    Ok(finished.snapshot.snapshot().clone())
}

fn is_final(error: &DeltaTableError) -> bool {
    matches!(
        error,
        DeltaTableError::Transaction {
            source: TransactionError::DeltaTableAppendOnly
                | TransactionError::UnsupportedTableFeatures(_)
                | TransactionError::TableFeaturesRequired(_)
                | TransactionError::CommitConflict(
                    CommitConflictError::MetadataChanged
                        | CommitConflictError::ProtocolChanged(_)
                        | CommitConflictError::UnsupportedWriterVersion(_)
                        | CommitConflictError::UnsupportedReaderVersion(_)
                )
        }
    )
}
