//! Delta's statistics of a data file: rows, and for chosen columns the smallest and largest value and the nulls.
//!
//! Our own rather than delta-rs's, which are private, and which pass decimals through a float. Texts are kept whole:
//! an id that is cut would prune less.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Date32Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use serde_json::{Map, Value, json};

/// The `stats` text of an `Add`.
pub(crate) fn statistics(batch: &RecordBatch, columns: &[&str]) -> String {
    let (mut smallest, mut largest, mut nulls) = (Map::new(), Map::new(), Map::new());
    for name in columns {
        let Some(array) = batch.column_by_name(name) else { continue };
        nulls.insert((*name).to_owned(), array.null_count().into());
        if let Some((low, high)) = bounds(array) {
            smallest.insert((*name).to_owned(), low);
            largest.insert((*name).to_owned(), high);
        }
    }
    json!({"numRecords": batch.num_rows(), "minValues": smallest, "maxValues": largest, "nullCount": nulls}).to_string()
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
        let stats: Value =
            serde_json::from_str(&statistics(&batch, &["id", "n", "none", "at", "absent"])).expect("JSON");
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
