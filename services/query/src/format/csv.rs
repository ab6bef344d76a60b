//! Batches as CSV writes them: lists and structs as JSON, exact numbers without zeros at the end, and no text that a
//! spreadsheet would run.
//!
//! A text cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return is a formula to a spreadsheet, and who
//! reports may write one into a note. So such a cell gets an apostrophe before it, the usual guard. Numbers stay as they
//! are, also those in text columns. Programs that read the CSV ask for it raw.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use crate::format::digits;

/// The batch as CSV takes it; `raw` leaves texts as they are.
///
/// # Errors
/// If a column has no text and no JSON.
pub fn for_csv(batch: &RecordBatch, raw: bool) -> Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    let mut fields = Vec::with_capacity(batch.num_columns());
    let mut columns = Vec::with_capacity(batch.num_columns());
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        let column = cells(column, raw)?;
        let name =
            if raw { field.name().clone() } else { guarded(field.name()).unwrap_or_else(|| field.name().clone()) };
        fields.push(Field::new(name, column.data_type().clone(), true));
        columns.push(column);
    }
    let options = arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
}

fn cells(column: &ArrayRef, raw: bool) -> Result<ArrayRef, ArrowError> {
    if let Some(numbers) = digits::for_csv(column)? {
        return Ok(numbers);
    }
    match column.data_type() {
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_)
        | DataType::Struct(_)
        | DataType::Map(..) => json(column),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) if !raw => {
            let text = match column.data_type() {
                DataType::Dictionary(_, values)
                    if !matches!(values.as_ref(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) =>
                {
                    return Ok(column.clone());
                }
                _ => cast(column, &DataType::Utf8)?,
            };
            let text = text.as_string::<i32>();
            if text.iter().flatten().all(|cell| guarded(cell).is_none()) {
                return Ok(column.clone());
            }
            let cells = text.iter().map(|cell| cell.map(|cell| guarded(cell).unwrap_or_else(|| cell.to_owned())));
            Ok(Arc::new(cells.collect::<StringArray>()))
        }
        _ => Ok(column.clone()),
    }
}

/// A cell with an apostrophe, if a spreadsheet would run it.
fn guarded(cell: &str) -> Option<String> {
    let runs = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    // A dash alone stands for nothing in many tables.
    (runs && !is_number(cell) && cell != "-").then(|| format!("'{cell}"))
}

/// Whether a text is a number as people write it.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
        && digits.parse::<f64>().is_ok()
}

/// Each value as JSON; null stays null.
fn json(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let field = Field::new("v", column.data_type().clone(), true);
    let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![column.clone()])?;
    let mut writer = digits::json_lines(Vec::new());
    writer.write(&batch)?;
    writer.finish()?;
    let text = String::from_utf8(writer.into_inner()).map_err(|error| ArrowError::JsonError(error.to_string()))?;
    // A line is `{"v":…}`, or `{}` for null.
    let cells = text.lines().map(|line| line.strip_prefix("{\"v\":").and_then(|rest| rest.strip_suffix('}')));
    Ok(Arc::new(cells.collect::<StringArray>()))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, ListArray};
    use arrow::datatypes::Int32Type;

    use super::*;

    fn written(batch: &RecordBatch, raw: bool) -> String {
        let mut writer = arrow::csv::WriterBuilder::new().with_header(true).build(Vec::new());
        writer.write(&for_csv(batch, raw).expect("CSV")).expect("written");
        String::from_utf8(writer.into_inner()).expect("UTF-8")
    }

    #[test]
    fn a_spreadsheet_runs_nothing_and_numbers_stay() {
        let notes: ArrayRef = Arc::new(StringArray::from(vec![
            Some("=cmd|' /C calc'!A0"),
            Some("@SUM(1)"),
            Some("-1.5"),
            Some("-1+1|x"),
            Some("\tx"),
            Some("-"),
            None,
            Some("a=b"),
        ]));
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![-1, 2, 3, 4, 5, 6, 7, 8]));
        let batch = RecordBatch::try_from_iter_with_nullable([("=note", notes, true), ("n", numbers, true)]);
        let batch = batch.expect("a batch");
        let expected = "'=note,n\n'=cmd|' /C calc'!A0,-1\n'@SUM(1),2\n-1.5,3\n'-1+1|x,4\n'\tx,5\n-,6\n,7\na=b,8\n";
        assert_eq!(written(&batch, false), expected);
        assert!(written(&batch, true).starts_with("=note,n\n=cmd|"));
    }

    #[test]
    fn a_list_is_json() {
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None, Some(vec![])]);
        let lists: ArrayRef = Arc::new(lists);
        let batch = RecordBatch::try_from_iter_with_nullable([("list", lists, true)]).expect("a batch");
        assert_eq!(written(&batch, false), "list\n\"[1,null]\"\n\n[]\n".replace("\n\n", "\n\"\"\n"));
    }
}
