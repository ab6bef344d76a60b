//! Rows that a view has computed, held in memory.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::Array;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::catalog::{MemTable, TableProvider};
use datafusion::common::Result;
use datafusion::execution::memory_pool::MemoryReservation;

/// The rows of a view that is computed once, and the memory they take.
pub(crate) struct Kept {
    pub(crate) table: Arc<dyn TableProvider>,
    /// How many rows there are.
    rows: usize,
    /// The columns that have a value in some row.
    filled: BTreeSet<String>,
    _memory: MemoryReservation,
}

impl Kept {
    pub(crate) fn new(schema: SchemaRef, batches: Vec<RecordBatch>, memory: MemoryReservation) -> Result<Self> {
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        let is_filled = |at: &usize| batches.iter().any(|batch| batch.column(*at).null_count() < batch.num_rows());
        let filled = (0..schema.fields().len()).filter(is_filled).map(|at| schema.field(at).name().clone()).collect();
        Ok(Self { table: Arc::new(MemTable::try_new(schema, vec![batches])?), rows, filled, _memory: memory })
    }

    /// Whether there is a row, or one with a value in a column.
    pub(crate) fn has_rows(&self, column: Option<&str>) -> bool {
        column.map_or(self.rows > 0, |column| self.filled.contains(column))
    }
}
