//! Delta's statistics of a data file: rows, and for chosen columns the smallest and largest value and the nulls.
//!
//! Our own rather than delta-rs's, which are private, and which pass decimals through a float. Texts are kept whole:
//! an id that is cut would prune less.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Date32Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use serde_json::{Map, Value, json};

/// What is known of the rows that were added so far.
pub(crate) struct Statistics {
    columns: &'static [&'static str],
    rows: usize,
    smallest: Map<String, Value>,
    largest: Map<String, Value>,
    nulls: BTreeMap<&'static str, usize>,
}

impl Statistics {
    /// Of no rows yet; only these columns are looked at.
    pub(crate) fn new(columns: &'static [&'static str]) -> Self {
        Self { columns, rows: 0, smallest: Map::new(), largest: Map::new(), nulls: BTreeMap::new() }
    }

    /// Adds rows.
    pub(crate) fn add(&mut self, batch: &RecordBatch) {
        self.rows += batch.num_rows();
        for name in self.columns {
            let Some(array) = batch.column_by_name(name) else { continue };
            *self.nulls.entry(name).or_default() += array.null_count();
            if let Some((low, high)) = bounds(array) {
                keep(&mut self.smallest, name, low, Ordering::Less);
                keep(&mut self.largest, name, high, Ordering::Greater);
            }
        }
    }

    /// The `stats` text of an `Add`.
    pub(crate) fn to_json(&self) -> String {
        let Self { rows, smallest, largest, nulls, .. } = self;
        json!({"numRecords": rows, "minValues": smallest, "maxValues": largest, "nullCount": nulls}).to_string()
    }
}

/// Keeps of two bounds the one that is less or greater. Dates and instants compare as their texts do.
fn keep(bounds: &mut Map<String, Value>, name: &str, found: Value, wanted: Ordering) {
    let order = match (&found, bounds.get(name)) {
        (Value::String(found), Some(Value::String(known))) => found.cmp(known),
        (Value::Number(found), Some(Value::Number(known))) => found.as_i64().cmp(&known.as_i64()),
        _ => wanted,
    };
    if order == wanted {
        bounds.insert(name.to_owned(), found);
    }
}

fn bounds(array: &ArrayRef) -> Option<(Value, Value)> {
    use arrow::compute::{max, max_string, min, min_string};
    match array.data_type() {
        DataType::Utf8 => {
            let texts = array.as_string::<i32>();
            Some((min_string(texts)?.into(), max_string(texts)?.into()))
        }
        DataType::Int32 => {
            let numbers = array.as_primitive::<Int32Type>();
            Some((min(numbers)?.into(), max(numbers)?.into()))
        }
        DataType::Int64 => {
            let numbers = array.as_primitive::<Int64Type>();
            Some((min(numbers)?.into(), max(numbers)?.into()))
        }
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>();
            let text = |day| Date32Type::to_naive_date_opt(day).map(|date| date.to_string().into());
            Some((text(min(days)?)?, text(max(days)?)?))
        }
        DataType::Timestamp(..) => {
            let instants = array.as_primitive::<TimestampMicrosecondType>();
            Some((instant(min(instants)?)?, instant(max(instants)?)?))
        }
        _ => None,
    }
}

fn instant(microseconds: i64) -> Option<Value> {
    let time = arrow::temporal_conversions::timestamp_us_to_datetime(microseconds)?;
    Some(time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string().into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int32Array, StringArray, TimestampMicrosecondArray};

    use super::*;

    #[test]
    fn writes_what_delta_reads() {
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("id", Arc::new(StringArray::from(vec![Some("b"), None, Some("编")])) as ArrayRef, true),
            ("n", Arc::new(Int32Array::from(vec![3, -1, 2])) as ArrayRef, true),
            ("none", Arc::new(Int32Array::from(vec![None::<i32>; 3])) as ArrayRef, true),
            (
                "at",
                Arc::new(TimestampMicrosecondArray::from(vec![0, 1, 1_500_000]).with_timezone("UTC")) as ArrayRef,
                true,
            ),
        ])
        .expect("batch");
        let columns = &["id", "n", "none", "at", "absent"];
        let mut whole = Statistics::new(columns);
        whole.add(&batch);
        let mut parts = Statistics::new(columns);
        (0..3).for_each(|row| parts.add(&batch.slice(row, 1)));
        assert_eq!(whole.to_json(), parts.to_json(), "rows may come in parts");
        let stats: Value = serde_json::from_str(&whole.to_json()).expect("JSON");
        assert_eq!(
            stats,
            json!({
                "numRecords": 3,
                "minValues": {"id": "b", "n": -1, "at": "1970-01-01T00:00:00.000000Z"},
                "maxValues": {"id": "编", "n": 3, "at": "1970-01-01T00:00:01.500000Z"},
                "nullCount": {"id": 1, "n": 0, "none": 3, "at": 0},
            })
        );
    }
}
