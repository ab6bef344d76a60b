//! Rows of views as texts, and their comparison with what was recomputed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::ArrayRef;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use helan_query::Session;
use helan_schemas::tables::instant;

use crate::model::Cell;

/// A row by column.
pub(crate) type Row = BTreeMap<String, String>;

/// Rows of views that were compared in this run.
pub(crate) static COMPARED: AtomicUsize = AtomicUsize::new(0);

pub(crate) async fn rows(session: &Session, text: &str, as_of: i64, recorded: Option<i64>) -> Vec<Row> {
    let batches = session.sql_as_of(text, as_of, recorded).await.expect("planned").collect().await.expect("computed");
    batches.iter().flat_map(texts).collect()
}

fn texts(batch: &RecordBatch) -> Vec<Row> {
    let options = FormatOptions::default();
    let schema = batch.schema();
    // A moment that a question took out of several is in the catalog's zone, one of a view in UTC.
    let in_utc = |column: &ArrayRef| match column.data_type() {
        DataType::Timestamp(_, Some(_)) => cast(column, &instant()).expect("a moment"),
        _ => Arc::clone(column),
    };
    let columns: Vec<_> = batch.columns().iter().map(in_utc).collect();
    let columns: Vec<_> = columns
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| {
            (
                field.name(),
                field.data_type().is_decimal(),
                ArrayFormatter::try_new(column, &options).expect("formatter"),
            )
        })
        .collect();
    (0..batch.num_rows())
        .map(|row| {
            let cells = columns.iter().map(|(name, decimal, values)| {
                let text = values.value(row).to_string();
                let text = if *decimal && text.contains('.') {
                    text.trim_end_matches('0').trim_end_matches('.').to_owned()
                } else {
                    text
                };
                ((*name).clone(), text)
            });
            cells.collect()
        })
        .collect()
}

pub(crate) fn number(value: Option<i128>) -> String {
    value.map_or_else(String::new, helan_rollup::decimal_text)
}

pub(crate) fn label(text: Option<String>) -> String {
    text.unwrap_or_default()
}

/// Named texts as a row.
pub(crate) fn row<const N: usize>(cells: [(&str, String); N]) -> Row {
    cells.map(|(name, text)| (name.to_owned(), text)).into()
}

pub(crate) fn key(row: &Row) -> Cell {
    (row["ref_area"].clone(), row["indicator"].clone(), row["time_period"].clone())
}

pub(crate) fn keyed(rows: Vec<Row>) -> BTreeMap<Cell, Row> {
    rows.into_iter().map(|row| (key(&row), row)).collect()
}

/// What a view has otherwise than it was recomputed, column by column; columns that were not recomputed are free.
pub(crate) fn compare(view: &str, have: &BTreeMap<Cell, Row>, want: &BTreeMap<Cell, Row>, found: &mut Vec<String>) {
    COMPARED.fetch_add(want.len(), Ordering::Relaxed);
    for (cell, expected) in want {
        let Some(row) = have.get(cell) else {
            found.push(format!("{view} lacks {cell:?}, recomputed {expected:?}"));
            continue;
        };
        for (column, value) in expected {
            let shown = &row[column];
            let same = shown == value || (column.contains("coverage") && shown.is_empty() && value == "0");
            if !same {
                found.push(format!("{view} {cell:?}: {column} is {shown:?}, recomputed {value:?} ({expected:?})"));
            }
        }
    }
    found.extend(
        have.keys()
            .filter(|cell| !want.contains_key(*cell))
            .map(|cell| format!("{view} has {cell:?}: {:?}", have[cell])),
    );
}

/// What one of two lists of rows has and the other has not, however often.
pub(crate) fn compare_rows(view: &str, have: Vec<Row>, want: Vec<Row>, found: &mut Vec<String>) {
    COMPARED.fetch_add(want.len(), Ordering::Relaxed);
    let mut times: BTreeMap<Row, i64> = BTreeMap::new();
    have.into_iter().for_each(|row| *times.entry(row).or_default() += 1);
    want.into_iter().for_each(|row| *times.entry(row).or_default() -= 1);
    for (row, times) in times.into_iter().filter(|(_, times)| *times != 0) {
        found.push(format!("{view} has, beyond what was recomputed, {times} times {row:?}"));
    }
}
