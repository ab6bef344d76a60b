//! How many bytes a call would make.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, OffsetSizeTrait};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{cast, max};
use arrow::datatypes::{DataType, Int64Type, IntervalMonthDayNanoType, IntervalUnit, TimeUnit};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};

/// Nanoseconds of a day.
const DAY: i128 = 86_400_000_000_000;

/// Bytes that a call makes at most, roughly.
pub(super) fn of_call(name: &str, args: &ScalarFunctionArgs) -> Result<u128> {
    let rows = args.number_rows;
    let size = |at: usize| args.args.get(at).map_or(0, |value| size(value, rows));
    let all: u128 = (0..args.args.len()).map(size).sum();
    let count = |at: usize| -> Result<u128> {
        let Some(value) = args.args.get(at) else { return Ok(0) };
        Ok(greatest(value)?.map_or(0, |count| u128::try_from(count).unwrap_or(0)))
    };
    let longest = |at: usize| args.args.get(at).map_or(0, longest);
    Ok(match name {
        "repeat" => size(0).saturating_mul(count(1)?),
        // A character of the filling takes four bytes at most.
        "lpad" | "rpad" => all + (rows as u128).saturating_mul(count(1)?).saturating_mul(4),
        "array_repeat" => size(0).saturating_add(8).saturating_mul(count(1)?),
        "array_resize" => all + (rows as u128).saturating_mul(count(1)?).saturating_mul(longest(2).max(8)),
        // Each byte could be replaced, and what is found may be empty.
        "replace" | "regexp_replace" => all + (size(0) + rows as u128).saturating_mul(longest(2)),
        // A letter of the format may become a whole moment.
        "to_char" => all + (rows as u128).saturating_mul(longest(1)).saturating_mul(16),
        "array_replace" | "array_replace_n" | "array_replace_all" => all + (size(0) / 4).saturating_mul(longest(2)),
        "array_to_string" => (size(0) / 4 + rows as u128).saturating_mul(longest(1) + longest(2) + 24) + all,
        // Each byte may become an element.
        "string_to_array" => all.saturating_mul(8),
        "range" | "generate_series" => (rows as u128).saturating_mul(steps(&args.args)?).saturating_mul(8),
        _ => all,
    })
}

/// Bytes that a row for each element of lists makes, with the others beside it: after one row of arguments, after two, and so on.
pub(super) fn unnested(lists: &[ArrayRef], others: &[ArrayRef], rows: usize) -> impl Iterator<Item = u128> {
    let of_row = |values: &[ArrayRef], row| -> Vec<u128> {
        values.iter().map(|value| array_size(value.slice(row, 1).as_ref())).collect()
    };
    let mut bytes: u128 = lists.iter().map(|list| array_size(list.as_ref())).sum();
    (0..rows).map(move |row| {
        let elements = of_row(lists, row).into_iter().map(|size| size / 4 + 1).max().unwrap_or(1);
        let beside: u128 = of_row(others, row).into_iter().sum();
        bytes = bytes.saturating_add(elements.saturating_mul(beside));
        bytes
    })
}

/// Bytes of a value in so many rows.
pub(super) fn size(value: &ColumnarValue, rows: usize) -> u128 {
    match value {
        ColumnarValue::Array(array) => array_size(array.as_ref()),
        ColumnarValue::Scalar(scalar) => (scalar.size() as u128).saturating_mul(rows as u128),
    }
}

/// Bytes of what an array shows: a slice of a large batch counts as what it is, and a value that stands behind several
/// rows (views, dictionaries, runs) as often as it is shown, because that is what a function makes of it.
fn array_size(array: &dyn Array) -> u128 {
    let shown = |values: &dyn Array| {
        let longest = (0..values.len()).map(|at| array_size(values.slice(at, 1).as_ref())).max().unwrap_or(0);
        longest.saturating_mul(array.len() as u128)
    };
    let views =
        |lengths: &mut dyn Iterator<Item = u32>| 16 * array.len() as u128 + lengths.map(u128::from).sum::<u128>();
    match array.data_type() {
        DataType::Utf8View => views(&mut array.as_string_view().lengths()),
        DataType::BinaryView => views(&mut array.as_binary_view().lengths()),
        DataType::Dictionary(..) => shown(array.as_any_dictionary().values().as_ref()),
        DataType::RunEndEncoded(..) | DataType::Union(..) | DataType::ListView(_) | DataType::LargeListView(_) => {
            (array.get_array_memory_size() as u128).saturating_mul(array.len().max(1) as u128)
        }
        DataType::List(_) => nested(array, array.as_list::<i32>().offsets(), array.as_list::<i32>().values().as_ref()),
        DataType::LargeList(_) => {
            nested(array, array.as_list::<i64>().offsets(), array.as_list::<i64>().values().as_ref())
        }
        DataType::Map(..) => nested(array, array.as_map().offsets(), array.as_map().entries()),
        DataType::FixedSizeList(..) => {
            let list = array.as_fixed_size_list();
            let length = list.value_length().max(0) as usize;
            array_size(list.values().slice(list.value_offset(0).max(0) as usize, length * list.len()).as_ref())
        }
        DataType::Struct(_) => array.as_struct().columns().iter().map(|column| array_size(column.as_ref())).sum(),
        _ => array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size()) as u128,
    }
}

fn nested<O: OffsetSizeTrait>(array: &dyn Array, offsets: &OffsetBuffer<O>, values: &dyn Array) -> u128 {
    let (from, to) = (offsets[0].as_usize(), offsets[array.len()].as_usize());
    8 * array.len() as u128 + array_size(values.slice(from, to - from).as_ref())
}

/// Bytes of the longest of the values, at most.
fn longest(value: &ColumnarValue) -> u128 {
    match value {
        ColumnarValue::Array(array) => array_size(array.as_ref()),
        ColumnarValue::Scalar(
            ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) | ScalarValue::LargeUtf8(Some(text)),
        ) => text.len() as u128,
        ColumnarValue::Scalar(scalar) => scalar.size() as u128,
    }
}

fn numbers(value: &ColumnarValue) -> Result<Int64Array> {
    let array = value.to_array(1)?;
    Ok(cast(&array, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

fn greatest(value: &ColumnarValue) -> Result<Option<i64>> {
    Ok(max(&numbers(value)?))
}

/// Elements of the longest series.
fn steps(args: &[ColumnarValue]) -> Result<u128> {
    let (start, stop, step) = match args {
        [stop] => (None, stop, None),
        [start, stop] => (Some(start), stop, None),
        [start, stop, step, ..] => (Some(start), stop, Some(step)),
        [] => return Ok(0),
    };
    let (start, stop, step) = match start.map(ColumnarValue::data_type) {
        None => (None, ends(stop)?, None),
        Some(DataType::Int64 | DataType::Int32 | DataType::UInt64 | DataType::Null) => {
            (start.map(ends).transpose()?, ends(stop)?, step.map(ends).transpose()?)
        }
        // Days and moments, stepped by intervals: in nanoseconds.
        Some(_) => (start.map(moments).transpose()?, moments(stop)?, step.map(intervals).transpose()?),
    };
    let (from, to) = start.unwrap_or((0, 0));
    let span = (stop.1 - from).abs().max((to - stop.0).abs());
    let step = step.map_or(1, |(least, most)| if least <= 0 && most >= 0 { 1 } else { least.abs().min(most.abs()) });
    Ok((span / step.max(1)) as u128 + 1)
}

/// The least and the greatest.
fn ends(value: &ColumnarValue) -> Result<(i128, i128)> {
    let numbers = numbers(value)?;
    let (least, most) = (arrow::compute::min(&numbers), max(&numbers));
    Ok((i128::from(least.unwrap_or(0)), i128::from(most.unwrap_or(0))))
}

fn moments(value: &ColumnarValue) -> Result<(i128, i128)> {
    let array = cast(&value.to_array(1)?, &DataType::Timestamp(TimeUnit::Second, None))?;
    let (least, most) = ends(&ColumnarValue::Array(array))?;
    Ok((least * 1_000_000_000, most * 1_000_000_000))
}

fn intervals(value: &ColumnarValue) -> Result<(i128, i128)> {
    let array = cast(&value.to_array(1)?, &DataType::Interval(IntervalUnit::MonthDayNano))?;
    let all = array.as_primitive::<IntervalMonthDayNanoType>().iter().flatten();
    let all =
        all.map(|step| (i128::from(step.months) * 28 + i128::from(step.days)) * DAY + i128::from(step.nanoseconds));
    let all: Vec<i128> = all.collect();
    Ok((all.iter().copied().min().unwrap_or(1), all.iter().copied().max().unwrap_or(1)))
}
