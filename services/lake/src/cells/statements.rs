//! Rows of `events` as statements: what is known of them as of a pair of moments.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int32Array, Int64Array, RecordBatch, StringViewArray,
    TimestampMicrosecondArray, TimestampMicrosecondBuilder,
};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, TimestampMicrosecondType};
use arrow::error::ArrowError;
use helan_schemas::codes::TYPE_REPORTED;
use helan_schemas::tables::instant;

use super::{BASIS_EPOCH, FIRST_RECEIVED_AT, STATEMENTS, WITHDRAWN_AT};

/// As known when, and by which catalog, statements are read. Times are microseconds since the epoch.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Only what was known by then.
    pub as_of: i64,
    /// Only what was recorded by then.
    pub recorded: i64,
    /// By indicator, when the catalog begins to read its benchmark otherwise; sorted.
    pub edges: Arc<BTreeMap<String, Vec<i64>>>,
    /// By source and id, when a statement was withdrawn, of withdrawals known by then.
    pub withdrawn: Arc<HashMap<String, HashMap<String, i64>>>,
}

/// Keeps the statements that are known and count, and says of each when it was withdrawn. A batch has rows of `events`: the
/// columns `type`, `role`, `source`, `id`, `indicator`, `known_at`, `recorded_at` and `received_at`, and any others.
///
/// # Errors
/// If one of them is missing.
pub fn statements(batch: &RecordBatch, reading: &Reading) -> Result<RecordBatch, ArrowError> {
    let (types, known, recorded) = (text(batch, "type")?, time(batch, "known_at")?, time(batch, "recorded_at")?);
    // What somebody printed is compared with the values that count, and is none of them.
    let roles = column(batch, "role")?;
    let keep = (0..batch.num_rows()).map(|row| {
        types.value(row) == TYPE_REPORTED
            && roles.is_null(row)
            && known.value(row) <= reading.as_of
            && recorded.value(row) <= reading.recorded
    });
    let keep = BooleanArray::from_iter(keep.map(Some));
    let batch = if keep.true_count() == batch.num_rows() { batch.clone() } else { filter_record_batch(batch, &keep)? };
    let kept: Vec<_> = (0..batch.num_columns())
        .filter(|at| !matches!(batch.schema_ref().field(*at).name().as_str(), "type" | "withdraws" | "role"))
        .collect();
    let batch = batch.project(&kept)?;
    let rows = batch.num_rows();
    let mut fields: Vec<_> = batch.schema_ref().fields().iter().cloned().collect();
    let mut columns = batch.columns().to_vec();
    let mut add = |name: &str, column: ArrayRef| {
        fields.push(Arc::new(Field::new(name, column.data_type().clone(), true)));
        columns.push(column);
    };
    add(WITHDRAWN_AT, withdrawals(&batch, reading)?);
    add(BASIS_EPOCH, epochs(&batch, reading)?);
    add(STATEMENTS, Arc::new(Int64Array::from_value(1, rows)));
    add(FIRST_RECEIVED_AT, column(&batch, "received_at")?.clone());
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

fn withdrawals(batch: &RecordBatch, reading: &Reading) -> Result<ArrayRef, ArrowError> {
    let mut withdrawn = TimestampMicrosecondBuilder::with_capacity(batch.num_rows());
    if reading.withdrawn.is_empty() {
        withdrawn.append_nulls(batch.num_rows());
    } else {
        let (sources, ids) = (text(batch, "source")?, text(batch, "id")?);
        for row in 0..batch.num_rows() {
            let of_source = reading.withdrawn.get(sources.value(row));
            withdrawn.append_option(of_source.and_then(|ids_| ids_.get(ids.value(row)).copied()));
        }
    }
    Ok(Arc::new(withdrawn.finish().with_timezone("UTC")))
}

fn epochs(batch: &RecordBatch, reading: &Reading) -> Result<ArrayRef, ArrowError> {
    if reading.edges.is_empty() {
        return Ok(Arc::new(Int32Array::from_value(0, batch.num_rows())));
    }
    let (indicators, known) = (text(batch, "indicator")?, time(batch, "known_at")?);
    let epoch = |row: usize| {
        let edges = reading.edges.get(indicators.value(row));
        edges.map_or(0, |edges| edges.partition_point(|edge| *edge <= known.value(row)) as i32)
    };
    Ok(Arc::new(Int32Array::from_iter_values((0..batch.num_rows()).map(epoch))))
}

pub(crate) fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, ArrowError> {
    batch.column_by_name(name).ok_or_else(|| ArrowError::SchemaError(format!("no column {name}")))
}

/// A text column, as a view.
pub(crate) fn text(batch: &RecordBatch, name: &str) -> Result<StringViewArray, ArrowError> {
    let column = column(batch, name)?;
    match column.as_string_view_opt() {
        Some(view) => Ok(view.clone()),
        None => Ok(cast(column, &DataType::Utf8View)?.as_string_view().clone()),
    }
}

/// A column of instants.
pub(crate) fn time(batch: &RecordBatch, name: &str) -> Result<TimestampMicrosecondArray, ArrowError> {
    let column = column(batch, name)?;
    match column.as_primitive_opt::<TimestampMicrosecondType>() {
        Some(times) => Ok(times.clone()),
        None => {
            let times = cast(column, &instant())?;
            Ok(times.as_primitive::<TimestampMicrosecondType>().clone())
        }
    }
}

/// A column of whole numbers.
pub(crate) fn int(batch: &RecordBatch, name: &str) -> Result<Int32Array, ArrowError> {
    let numbers = cast(column(batch, name)?, &DataType::Int32)?;
    Ok(numbers.as_primitive::<Int32Type>().clone())
}
