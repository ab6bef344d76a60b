//! What questions got of the pieces of a view, kept for the question that asks the same: a board asks again every minute, and what
//! comes between is about few of the pieces.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{Stream, StreamExt, TryStreamExt};
use helan_schemas::tables::Table;

use crate::session::hidden::Hidden;
use crate::session::pinned::Pinned;
use crate::session::scope::Scope;
use crate::views::narrow::Piece;

/// Bytes of one piece that are kept at most: larger answers are read once, and shown in part.
const OF_PIECE: usize = 2 << 20;
/// Bytes of all pieces that are kept at most.
const OF_ALL: usize = 32 << 20;

/// What a question wants of a piece.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) view: &'static str,
    pub(crate) piece: Piece,
    /// By columns of the view. What reaches a table has neither subqueries nor what is another each time.
    pub(crate) filters: Vec<Expr>,
    /// Columns of the view.
    pub(crate) columns: SchemaRef,
}

/// What it got.
pub(crate) struct OfPiece {
    pub(crate) wanted: Hidden<Wanted>,
    batches: Vec<RecordBatch>,
    memory: MemoryReservation,
}

/// What was kept, the last first.
#[derive(Default)]
pub(crate) struct Answered(Mutex<VecDeque<Arc<OfPiece>>>);

impl Answered {
    /// What was kept, the last first.
    pub(crate) fn all(&self) -> Vec<Arc<OfPiece>> {
        self.held().iter().cloned().collect()
    }

    /// The rows of a piece, if they are kept.
    pub(crate) fn rows(&self, wanted: &Wanted) -> Option<SendableRecordBatchStream> {
        let mut held = self.held();
        let at = held.iter().position(|of_piece| *of_piece.wanted == *wanted)?;
        let of_piece = held.remove(at)?;
        held.push_front(of_piece.clone());
        let batches = futures::stream::iter(of_piece.batches.clone()).map(Ok).inspect(move |_| {
            // The memory is counted until the last row is out.
            let _held = &of_piece;
        });
        Some(Box::pin(RecordBatchStreamAdapter::new(wanted.columns.clone(), batches)))
    }

    /// Takes over what was kept of pieces of which no statement has come, as far as it does not rest on other tables that have changed.
    pub(crate) fn take_over(&self, pieces: Vec<Arc<OfPiece>>, changed: &BTreeSet<Table>) {
        let changed: Vec<_> = changed.iter().map(|table| table.name()).collect();
        let gone = helan_queries::resting_on(&changed);
        self.held().extend(pieces.into_iter().filter(|of_piece| !gone.contains(&of_piece.wanted.view)));
    }

    fn put(&self, wanted: Wanted, batches: Vec<RecordBatch>, pinned: &Pinned) {
        let mut held = self.held();
        if pinned.is_full() {
            held.clear();
            return;
        }
        let memory = MemoryConsumer::new("pieces").register(&pinned.memory.memory_pool);
        if memory.try_grow(batches.iter().map(RecordBatch::get_array_memory_size).sum()).is_err() {
            return;
        }
        // Two that asked at once have both computed it.
        held.retain(|of_piece| *of_piece.wanted != wanted);
        held.push_front(Arc::new(OfPiece { wanted: Hidden::new(wanted), batches, memory }));
        let mut all = 0;
        held.retain(|of_piece| {
            all += of_piece.memory.size();
            all <= OF_ALL
        });
    }

    fn held(&self) -> MutexGuard<'_, VecDeque<Arc<OfPiece>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes on the rows of a piece, and keeps them when the last is out, unless they are many.
pub(crate) fn keeping(
    rows: impl Stream<Item = Result<RecordBatch>> + Send + Unpin + 'static,
    wanted: Wanted,
    scope: Arc<Scope>,
) -> SendableRecordBatchStream {
    let schema = wanted.columns.clone();
    let keep = move |batches| scope.answered.put(wanted, batches, &scope.pinned);
    let state = (rows, Some((keep, Vec::new(), 0)));
    let rows = futures::stream::try_unfold(state, |(mut rows, mut kept)| async move {
        let Some(batch) = rows.try_next().await? else {
            if let Some((keep, batches, _)) = kept {
                keep(batches);
            }
            return Ok(None);
        };
        kept = kept.and_then(|(keep, mut batches, bytes)| {
            let bytes = bytes + batch.get_array_memory_size();
            batches.push(batch.clone());
            (bytes <= OF_PIECE).then_some((keep, batches, bytes))
        });
        Result::Ok(Some((batch, (rows, kept))))
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}
