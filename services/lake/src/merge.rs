//! Several files into one, without ever holding their rows at once.
//!
//! Files of a sorted table are merged row by row, so that the result is sorted too; those of others follow one on
//! another. In memory are the encoded files, one small batch of each, and the encoded result.

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::interleave_record_batch;
use arrow::row::{RowConverter, SortField};
use bytes::Bytes;
use helan_schemas::tables::Table;
use xxhash_rust::xxh3::xxh3_64;

use crate::encode::{DataFile, FileRows, FileWriter, Folder, PartitionValues};
use crate::error::LakeError;
use crate::tables::sort_columns;

/// Rows that are written at once.
const OUT_ROWS: usize = 8192;
/// Rows of all files together that are read at once; each file has its share, but no fewer than a page is worth.
const IN_ROWS: usize = 65_536;
const LEAST_ROWS: usize = 256;

/// Puts files of one folder together. The rows of the result are read back and compared with those of the files.
/// CPU-bound.
///
/// # Errors
/// [`LakeError::Differs`] if the result does not hold exactly the same rows.
pub(crate) fn merge(
    table: Table,
    inputs: Vec<Bytes>,
    folder: &PartitionValues,
    rows: usize,
    now_ms: i64,
    name: String,
) -> Result<DataFile, LakeError> {
    let at_once = (IN_ROWS / inputs.len().max(1)).clamp(LEAST_ROWS, OUT_ROWS);
    let inputs = inputs.into_iter().map(|bytes| FileRows::open(table, bytes, folder, at_once));
    let mut before = Fingerprint::new(table)?;
    let mut file = FileWriter::new(table, levels(table, folder), rows)?;
    let mut write = |batch: RecordBatch| {
        before.add(&batch)?;
        file.write(&batch)
    };
    if sort_columns(table).is_empty() {
        for rows in inputs {
            rows?.try_for_each(|batch| write(batch?))?;
        }
    } else {
        Merge::new(table, inputs)?.run(&mut write)?;
    }
    let file = file.finish(false, now_ms, name)?;
    let mut after = Fingerprint::new(table)?;
    for batch in FileRows::open(table, file.bytes.clone(), &file.add.partition_values, OUT_ROWS)? {
        after.add(&batch?)?;
    }
    if (before.rows, before.hash) != (after.rows, after.hash) || before.rows != rows {
        let why = format!(
            "{rows} rows by the files' entries, {} with hash {:x} read, {} with hash {:x} written",
            before.rows, before.hash, after.rows, after.hash
        );
        return Err(LakeError::Differs { table: table.name(), why });
    }
    Ok(file)
}

fn levels(table: Table, folder: &PartitionValues) -> Folder {
    let value = |column: &str| folder.get(column).cloned().flatten().unwrap_or_default();
    table.partition_columns().iter().map(|column| ((*column).to_owned(), value(column))).collect()
}

/// A merge of sorted files by the table's two sort columns.
struct Merge {
    /// Positions of the sort columns.
    keys: [usize; 2],
    cursors: Vec<Cursor>,
    /// Cursors that have rows left, the one with the smallest last.
    order: Vec<usize>,
    /// Batches that the rows picked so far lie in.
    live: Vec<RecordBatch>,
    /// Batch and row of what was picked, in the order of the result.
    picked: Vec<(usize, usize)>,
}

struct Cursor {
    rows: FileRows,
    /// Which of the live batches, and which row of it.
    slot: usize,
    row: usize,
}

impl Merge {
    fn new(table: Table, inputs: impl Iterator<Item = Result<FileRows, LakeError>>) -> Result<Self, LakeError> {
        let schema = table.schema();
        let keys = sort_columns(table).iter().map(|name| schema.index_of(name)).collect::<Result<Vec<_>, _>>()?;
        let keys = keys.try_into().expect("a sorted table has two sort columns");
        let mut merge = Self { keys, cursors: Vec::new(), order: Vec::new(), live: Vec::new(), picked: Vec::new() };
        for (cursor, rows) in inputs.enumerate() {
            merge.cursors.push(Cursor { rows: rows?, slot: 0, row: 0 });
            if merge.load(cursor)? {
                merge.queue(cursor);
            }
        }
        Ok(merge)
    }

    fn run(mut self, write: &mut impl FnMut(RecordBatch) -> Result<(), LakeError>) -> Result<(), LakeError> {
        while let Some(cursor) = self.order.pop() {
            if self.pick(cursor)? {
                self.queue(cursor);
            }
            if self.picked.len() >= OUT_ROWS {
                write(self.take()?)?;
            }
        }
        if self.picked.is_empty() { Ok(()) } else { write(self.take()?) }
    }

    /// Picks a cursor's rows as long as no other cursor has a smaller one; says whether it has rows left.
    fn pick(&mut self, cursor: usize) -> Result<bool, LakeError> {
        loop {
            let Cursor { slot, row, .. } = self.cursors[cursor];
            self.picked.push((slot, row));
            self.cursors[cursor].row += 1;
            if self.cursors[cursor].row == self.live[slot].num_rows() && !self.load(cursor)? {
                return Ok(false);
            }
            let smaller = self.order.last().is_some_and(|other| self.key(*other) < self.key(cursor));
            if smaller || self.picked.len() >= OUT_ROWS {
                return Ok(true);
            }
        }
    }

    /// The picked rows; of the live batches only those that cursors stand in stay.
    fn take(&mut self) -> Result<RecordBatch, LakeError> {
        let batches: Vec<_> = self.live.iter().collect();
        let taken = interleave_record_batch(&batches, &self.picked)?;
        self.picked.clear();
        let live = std::mem::take(&mut self.live);
        for cursor in &self.order {
            let slot = &mut self.cursors[*cursor].slot;
            self.live.push(live[*slot].clone());
            *slot = self.live.len() - 1;
        }
        Ok(taken)
    }

    /// Reads a cursor's next batch.
    fn load(&mut self, cursor: usize) -> Result<bool, LakeError> {
        for batch in self.cursors[cursor].rows.by_ref() {
            let batch = batch?;
            if batch.num_rows() > 0 {
                self.live.push(batch);
                (self.cursors[cursor].slot, self.cursors[cursor].row) = (self.live.len() - 1, 0);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn queue(&mut self, cursor: usize) {
        let at = self.order.partition_point(|other| self.key(*other) > self.key(cursor));
        self.order.insert(at, cursor);
    }

    fn key(&self, cursor: usize) -> [&str; 2] {
        let Cursor { slot, row, .. } = self.cursors[cursor];
        self.keys.map(|column| self.live[slot].column(column).as_string::<i32>().value(row))
    }
}

/// Rows, and a hash over all their columns that does not depend on their order.
struct Fingerprint {
    converter: RowConverter,
    rows: usize,
    hash: u64,
}

impl Fingerprint {
    fn new(table: Table) -> Result<Self, LakeError> {
        let fields = table.schema().fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
        Ok(Self { converter: RowConverter::new(fields)?, rows: 0, hash: 0 })
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        self.rows += batch.num_rows();
        for row in &self.converter.convert_columns(batch.columns())? {
            self.hash = self.hash.wrapping_add(xxh3_64(row.as_ref()));
        }
        Ok(())
    }
}
