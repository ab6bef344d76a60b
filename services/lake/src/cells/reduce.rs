//! Of many statements, the newest of each kind. Memory follows the kinds and the widest batch, not the statements.

use std::cmp::{Ordering, Reverse};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::compute::{cast, interleave_record_batch};
use arrow::datatypes::{DataType, Int32Type, Int64Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use super::statements::{column, time};
use super::{FIRST_RECEIVED_AT, KINDS, STATEMENTS, WITHDRAWN_AT};

/// Rows that are given back at once.
const OUT_ROWS: usize = 8192;
/// Rows that may lie about beside as many that are kept, before those are moved together.
const LEFTOVERS: usize = 65_536;

/// Takes statements in any order and gives back the newest of each kind, with how many there were.
pub struct Reducer {
    schema: Option<SchemaRef>,
    keys: Option<RowConverter>,
    index: HashTable<usize>,
    /// The kinds' keys, one after another.
    bytes: Vec<u8>,
    groups: Vec<Group>,
    batches: Vec<RecordBatch>,
    /// Rows of all batches.
    held: usize,
}

struct Group {
    /// Where its key ends; it begins where that of the group before ends.
    key_end: usize,
    batch: usize,
    row: usize,
    known_at: i64,
    recorded_at: i64,
    statements: i64,
    first_received_at: i64,
}

impl Default for Reducer {
    fn default() -> Self {
        Self::new()
    }
}

impl Reducer {
    /// With nothing yet.
    pub fn new() -> Self {
        Self {
            schema: None,
            keys: None,
            index: HashTable::new(),
            bytes: Vec::new(),
            groups: Vec::new(),
            batches: Vec::new(),
            held: 0,
        }
    }

    /// Adds statements, as [`super::statements`] makes them: all batches have the same columns.
    ///
    /// # Errors
    /// If a column is missing.
    pub fn add(&mut self, batch: RecordBatch) -> Result<(), ArrowError> {
        let schema = self.schema.get_or_insert_with(|| batch.schema()).clone();
        let batch = if *batch.schema_ref() == schema { batch } else { as_first(&batch, &schema)? };
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let keys = kinds(&batch)?;
        if self.keys.is_none() {
            let fields = keys.iter().map(|column| SortField::new(column.data_type().clone()));
            self.keys = Some(RowConverter::new(fields.collect())?);
        }
        let converter = self.keys.as_ref().ok_or_else(|| ArrowError::ComputeError("no keys".to_owned()))?;
        let keys = converter.convert_columns(&keys)?;
        let (known, recorded) = (time(&batch, "known_at")?, time(&batch, "recorded_at")?);
        let counts = column(&batch, STATEMENTS)?.as_primitive::<Int64Type>().clone();
        let received = time(&batch, FIRST_RECEIVED_AT)?;
        let place = self.batches.len();
        self.batches.push(batch);
        self.held += keys.num_rows();
        for row in 0..keys.num_rows() {
            let key = keys.row(row);
            let key: &[u8] = key.as_ref();
            let hash = xxh3_64(key);
            let (bytes, groups) = (&self.bytes, &self.groups);
            let found = self.index.find(hash, |group| key_of(bytes, groups, *group) == key).copied();
            let (known_at, recorded_at) = (known.value(row), recorded.value(row));
            let Some(found) = found else {
                self.bytes.extend_from_slice(key);
                self.groups.push(Group {
                    key_end: self.bytes.len(),
                    batch: place,
                    row,
                    known_at,
                    recorded_at,
                    statements: counts.value(row),
                    first_received_at: received.value(row),
                });
                let (bytes, groups) = (&self.bytes, &self.groups);
                let hash_of = |group: &usize| xxh3_64(key_of(bytes, groups, *group));
                self.index.insert_unique(hash, groups.len() - 1, hash_of);
                continue;
            };
            let group = &self.groups[found];
            let newer = match (known_at, recorded_at).cmp(&(group.known_at, group.recorded_at)) {
                Ordering::Less => false,
                Ordering::Greater => true,
                Ordering::Equal => self.is_later((place, row), (group.batch, group.row))?,
            };
            let group = &mut self.groups[found];
            group.statements += counts.value(row);
            group.first_received_at = group.first_received_at.min(received.value(row));
            if newer {
                (group.batch, group.row, group.known_at, group.recorded_at) = (place, row, known_at, recorded_at);
            }
        }
        if self.held > 2 * self.groups.len() + LEFTOVERS {
            self.tidy()?;
        }
        Ok(())
    }

    /// Of two statements that became known and were recorded at the same time, whether the first counts: by source, then
    /// by its place in the log.
    fn is_later(&self, one: (usize, usize), other: (usize, usize)) -> Result<bool, ArrowError> {
        let of = |(batch, row): (usize, usize)| -> Result<_, ArrowError> {
            let value = |name, data_type| cast(&column(&self.batches[batch], name)?.slice(row, 1), &data_type);
            let source = value("source", DataType::Utf8View)?.as_string_view().value(0).to_owned();
            let offset = value("offset", DataType::Int64)?.as_primitive::<Int64Type>().value(0);
            let index = value("index", DataType::Int32)?.as_primitive::<Int32Type>().value(0);
            Ok((Reverse(source), offset, index))
        };
        Ok(of(one)? > of(other)?)
    }

    /// Moves the rows that are kept together, and lets go of the others.
    fn tidy(&mut self) -> Result<(), ArrowError> {
        let moved = self.picked()?;
        let mut place = (0..moved.len()).flat_map(|batch| (0..moved[batch].num_rows()).map(move |row| (batch, row)));
        for group in &mut self.groups {
            (group.batch, group.row) =
                place.next().ok_or_else(|| ArrowError::ComputeError("a row was lost".to_owned()))?;
        }
        self.batches = moved;
        self.held = self.groups.len();
        Ok(())
    }

    /// The kept rows in the order of the groups.
    fn picked(&self) -> Result<Vec<RecordBatch>, ArrowError> {
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        let places: Vec<(usize, usize)> = self.groups.iter().map(|group| (group.batch, group.row)).collect();
        places.chunks(OUT_ROWS).map(|places| compact(&interleave_record_batch(&batches, places)?)).collect()
    }

    /// Bytes that it holds.
    pub fn size(&self) -> usize {
        let batches: usize = self.batches.iter().map(RecordBatch::get_array_memory_size).sum();
        batches + self.bytes.capacity() + self.groups.capacity() * size_of::<Group>() + self.index.allocation_size()
    }

    /// Kinds seen so far.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The newest statement of each kind, with how many there were and when the first was received; in no order.
    ///
    /// # Errors
    /// If rows cannot be put together.
    pub fn finish(self) -> Result<Vec<RecordBatch>, ArrowError> {
        let batches = self.picked()?;
        let groups = self.groups.chunks(OUT_ROWS);
        batches
            .into_iter()
            .zip(groups)
            .map(|(batch, groups)| {
                let statements = Int64Array::from_iter_values(groups.iter().map(|group| group.statements));
                let received = groups.iter().map(|group| group.first_received_at);
                let received = TimestampMicrosecondArray::from_iter_values(received).with_timezone("UTC");
                let schema = batch.schema();
                let columns = schema.fields().iter().zip(batch.columns()).map(|(field, column)| -> ArrayRef {
                    match field.name().as_str() {
                        STATEMENTS => Arc::new(statements.clone()),
                        FIRST_RECEIVED_AT => Arc::new(received.clone()),
                        _ => column.clone(),
                    }
                });
                RecordBatch::try_new(schema.clone(), columns.collect())
            })
            .collect()
    }
}

fn key_of<'a>(bytes: &'a [u8], groups: &[Group], group: usize) -> &'a [u8] {
    let begin = if group == 0 { 0 } else { groups[group - 1].key_end };
    &bytes[begin..groups[group].key_end]
}

/// A batch with the columns of the first one: files of different builds, and tables, have them in other types.
fn as_first(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = schema.fields().iter().map(|field| cast(column(batch, field.name())?, field.data_type()));
    RecordBatch::try_new(schema.clone(), columns.collect::<Result<Vec<_>, _>>()?)
}

/// What tells kinds apart.
pub(crate) fn kinds(batch: &RecordBatch) -> Result<Vec<ArrayRef>, ArrowError> {
    let mut keys = KINDS.iter().map(|name| column(batch, name).cloned()).collect::<Result<Vec<_>, _>>()?;
    for name in [WITHDRAWN_AT, "amount"] {
        let column = column(batch, name)?;
        keys.push(Arc::new(BooleanArray::from_iter((0..column.len()).map(|row| Some(column.is_null(row))))));
    }
    Ok(keys)
}

/// A batch whose texts do not hold on to those of the batches that they came from.
fn compact(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().map(|column| -> ArrayRef {
        match (column.as_string_view_opt(), column.as_binary_view_opt()) {
            (Some(texts), _) => Arc::new(texts.gc()),
            (_, Some(bytes)) => Arc::new(bytes.gc()),
            _ => column.clone(),
        }
    });
    let columns: Vec<ArrayRef> = columns.collect();
    let schema: Arc<Schema> = batch.schema();
    RecordBatch::try_new(schema, columns)
}
