//! Rows and offsets in one commit, against a pinned version.

use arrow::record_batch::RecordBatch;
use deltalake_core::kernel::Action;
use deltalake_core::logstore::LogStoreRef;
use futures::{StreamExt, TryStreamExt};
use helan_runtime::clock::{Clock, Moment};
use object_store::ObjectStoreExt;
use tracing::Instrument;
use tracing::field::Empty;

use crate::encode::{DataFile, encode};
use crate::error::LakeError;
use crate::lake::Lake;
use crate::marks::Marks;
use crate::snapshot::TableSnapshot;
use crate::tip::{Operation, TableTip};

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
    #[error("another writer has moved or replaced {}", list(.0))]
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
    /// By what the log is known again; none where the version is not an offset.
    pub marks: Option<Marks>,
}

impl Advance {
    /// The transactions of the commit: the version's own, and those of the marks.
    fn txns(self) -> Vec<(String, i64)> {
        let marks = self.marks.map(|marks| marks.txns(&self.app_id));
        [(self.app_id, self.to)].into_iter().chain(marks.into_iter().flatten()).collect()
    }
}

impl Lake {
    /// Adds rows and sets application versions in one commit, taking the versions in the snapshot as those that the
    /// rows build upon. Returns the table as it is after the commit, pinned. For rows made from an earlier version, and
    /// for many commits, use [`Lake::advance`].
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
            advances.push(Advance { app_id, from, to, marks: None });
        }
        // How old the snapshot is, nobody knows: the table's end is looked up.
        let tip = TableTip::new(snapshot.clone(), None);
        let tip = self.advance(&tip, batches, advances).await?;
        self.snapshot_at(tip.table(), Some(tip.version())).await.map_err(CommitError::Retry)
    }

    /// Adds rows and moves application ids forward in one commit, if the ids stand in the table where the rows expect
    /// them and no other writer has touched them meanwhile. Without rows the commit carries the versions alone. No
    /// checkpoint, no clean-up.
    ///
    /// Returns the table's end after the commit. A commit whose success was not told apart from failure is recognised
    /// by reading the ids again.
    ///
    /// # Errors
    /// [`CommitError`]. An id that stands elsewhere, or would not move forward, is [`CommitError::Fenced`].
    pub async fn advance(
        &self,
        tip: &TableTip,
        batches: Vec<RecordBatch>,
        advances: Vec<Advance>,
    ) -> Result<TableTip, CommitError> {
        let span = tracing::debug_span!("commit", table = tip.table().name(), table.version = Empty);
        let tip = self.advance_from(tip, batches, advances).instrument(span.clone()).await?;
        span.record("table.version", tip.version());
        Ok(tip)
    }

    async fn advance_from(
        &self,
        tip: &TableTip,
        batches: Vec<RecordBatch>,
        advances: Vec<Advance>,
    ) -> Result<TableTip, CommitError> {
        let tip = self.trusted(tip).await.map_err(CommitError::Retry)?;
        let mut moved = Vec::new();
        for Advance { app_id, from, to, .. } in &advances {
            // What another writer did to these ids before this version shows only here, and Delta itself would let
            // them go backwards.
            let stored = tip.txn(app_id).await.map_err(CommitError::Retry)?;
            if stored != *from || stored.is_some_and(|stored| stored >= *to) {
                moved.push(Moved { app_id: app_id.clone(), stored });
            }
        }
        if !moved.is_empty() {
            return Err(CommitError::Fenced(moved));
        }
        let txns: Vec<_> = advances.into_iter().flat_map(Advance::txns).collect();
        let (table, clock) = (tip.table(), self.clock().clone());
        let files =
            tokio::task::spawn_blocking(move || encode(table, &batches, true, clock.now() / 1000, || clock.new_id()))
                .await
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
                .map_err(CommitError::Stop)?;
        let stored = store(self.clock(), tip.log_store(), files).await.map_err(CommitError::Retry)?;
        self.commit_after(&tip, Operation::Append, stored, &txns).await
    }
}

/// Data files that lie in the store, and that no version names yet.
#[derive(Debug)]
pub(crate) struct Stored {
    /// Their entries, and those of files that go.
    pub(crate) actions: Vec<Action>,
    /// When the first of them began to be written.
    pub(crate) at: Moment,
}

/// Stores data files.
pub(crate) async fn store(clock: &Clock, log_store: &LogStoreRef, files: Vec<DataFile>) -> Result<Stored, LakeError> {
    let store = log_store.object_store(None);
    let at = clock.moment();
    let actions = futures::stream::iter(files)
        .map(|file| {
            let store = store.clone();
            async move {
                let (path, bytes, add) = file.split();
                store.put(&path, bytes.into()).await?;
                Ok::<_, LakeError>(Action::Add(add))
            }
        })
        .buffered(WRITES_AT_ONCE)
        .try_collect()
        .await?;
    Ok(Stored { actions, at })
}
