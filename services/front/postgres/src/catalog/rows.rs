//! Tables of a few rows, written as lists of names and values.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float32Array, Int16Array, Int32Array, Int64Array, ListBuilder, RecordBatch, StringArray,
    StringBuilder, new_null_array,
};
use arrow::datatypes::{DataType, Field, TimeUnit};
use async_trait::async_trait;
use datafusion::catalog::{MemTable, SchemaProvider, TableProvider};
use datafusion::error::Result;

use crate::types::MARK;

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    Bool(bool),
    Number(i64),
    Text(String),
    Texts(Vec<String>),
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Number(value)
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

/// Values of a row by column; those that are not named are as the table says, or null.
pub(super) type Row = Vec<(&'static str, Cell)>;

/// A table of columns `name:type` or `name:type=value`, separated by spaces, and its rows.
pub(super) fn table(columns: &str, rows: &[Row]) -> Result<Arc<dyn TableProvider>> {
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for column in columns.split_whitespace() {
        let (name, rest) = column.split_once(':').unwrap_or((column, "text"));
        let (kind, usual) = rest.split_once('=').map_or((rest, None), |(kind, usual)| (kind, Some(usual)));
        let usual = usual.map(|usual| match (kind, usual) {
            ("bool", usual) => Cell::Bool(usual == "t"),
            ("oid" | "int2" | "int4" | "int8" | "float4", usual) => Cell::Number(usual.parse().unwrap_or_default()),
            (_, usual) => Cell::Text(usual.to_owned()),
        });
        let cell = |row: &Row| {
            let named = row.iter().find(|(known, _)| *known == name).map(|(_, cell)| cell.clone());
            named.or_else(|| usual.clone())
        };
        let cells: Vec<_> = rows.iter().map(cell).collect();
        let array = array(kind, &cells);
        let mark = matches!(kind, "oid" | "name" | "char").then(|| HashMap::from([(MARK.to_owned(), kind.to_owned())]));
        fields.push(Field::new(name, array.data_type().clone(), true).with_metadata(mark.unwrap_or_default()));
        arrays.push(array);
    }
    let schema = Arc::new(arrow::datatypes::Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), arrays)?;
    Ok(Arc::new(MemTable::try_new(schema, vec![vec![batch]])?))
}

fn array(kind: &str, cells: &[Option<Cell>]) -> ArrayRef {
    let number = |cell: &Option<Cell>| match cell {
        Some(Cell::Number(number)) => Some(*number),
        _ => None,
    };
    match kind {
        "bool" => Arc::new(BooleanArray::from_iter(cells.iter().map(|cell| match cell {
            Some(Cell::Bool(value)) => Some(*value),
            _ => None,
        }))),
        "oid" | "int8" => Arc::new(Int64Array::from_iter(cells.iter().map(number))),
        "int4" => Arc::new(Int32Array::from_iter(cells.iter().map(|cell| number(cell).map(|value| value as i32)))),
        "int2" => Arc::new(Int16Array::from_iter(cells.iter().map(|cell| number(cell).map(|value| value as i16)))),
        "float4" => Arc::new(Float32Array::from_iter(cells.iter().map(|cell| number(cell).map(|value| value as f32)))),
        "timestamptz" => new_null_array(&DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), cells.len()),
        "oid[]" | "int2[]" => new_null_array(&DataType::new_list(DataType::Int64, true), cells.len()),
        "text[]" | "name[]" | "char[]" => {
            let mut lists = ListBuilder::new(StringBuilder::new());
            for cell in cells {
                match cell {
                    Some(Cell::Texts(texts)) => lists.append_value(texts.iter().map(Some)),
                    _ => lists.append_null(),
                }
            }
            Arc::new(lists.finish())
        }
        _ => Arc::new(StringArray::from_iter(cells.iter().map(|cell| match cell {
            Some(Cell::Text(text)) => Some(text.as_str()),
            _ => None,
        }))),
    }
}

/// A schema of such tables.
pub(super) struct Schema(pub(super) HashMap<&'static str, Arc<dyn TableProvider>>);

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[async_trait]
impl SchemaProvider for Schema {
    fn table_names(&self) -> Vec<String> {
        self.0.keys().map(|name| (*name).to_owned()).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        Ok(self.0.get(name).cloned())
    }

    fn table_exist(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}
