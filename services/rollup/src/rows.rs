//! Reading columns of batches by name, whatever Arrow type an engine gives them.

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Int64Type};
use arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use helan_query::without_zeros;

use crate::error::RollupError;

/// The column of that name.
pub(crate) fn column<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b ArrayRef, RollupError> {
    let missing = || DataFusionError::Internal(format!("an answer lacks column {name}"));
    Ok(batch.column_by_name(name).ok_or_else(missing)?)
}

/// A column as texts.
pub(crate) fn text(column: &ArrayRef) -> Result<ArrayRef, RollupError> {
    Ok(cast(column, &DataType::Utf8)?)
}

/// One text of a column of texts.
pub(crate) fn at(column: &ArrayRef, row: usize) -> Option<String> {
    let column = column.as_string::<i32>();
    (!column.is_null(row)).then(|| column.value(row).to_owned())
}

/// Columns of one batch as texts, by name: decimals without the zeros at their end.
pub(crate) struct Texts<'n> {
    names: &'n [&'n str],
    columns: Vec<ArrayRef>,
}

impl<'n> Texts<'n> {
    /// Casts the named columns.
    pub(crate) fn of(batch: &RecordBatch, names: &'n [&'n str]) -> Result<Self, RollupError> {
        let columns = names.iter().map(|name| column(batch, name).and_then(text)).collect::<Result<_, _>>()?;
        Ok(Self { names, columns })
    }

    /// A cell; none where it is null.
    pub(crate) fn get(&self, name: &str, row: usize) -> Option<String> {
        let place = self.names.iter().position(|known| *known == name).expect("a column that was asked for");
        at(&self.columns[place], row)
    }

    /// A cell; empty where it is null.
    pub(crate) fn must(&self, name: &str, row: usize) -> String {
        self.get(name, row).unwrap_or_default()
    }
}

/// A column as decimals in units of 10⁻¹⁰.
pub(crate) fn decimals(batch: &RecordBatch, name: &str) -> Result<Decimal128Array, RollupError> {
    let exact = cast(column(batch, name)?, &DataType::Decimal128(38, 10))?;
    Ok(exact.as_primitive::<Decimal128Type>().clone())
}

/// A column as whole numbers.
pub(crate) fn integers(batch: &RecordBatch, name: &str) -> Result<Vec<Option<i64>>, RollupError> {
    let column = cast(column(batch, name)?, &DataType::Int64)?;
    let column = column.as_primitive::<Int64Type>();
    Ok(column.iter().collect())
}

/// A row as texts by column; what is null is absent.
pub(crate) type Row = std::collections::BTreeMap<String, String>;

/// Every row of batches as texts, decimals without the zeros at their end. Columns of bytes are left out.
pub(crate) fn maps(batches: &[RecordBatch]) -> Result<Vec<Row>, RollupError> {
    let mut out = Vec::new();
    for batch in batches {
        let schema = batch.schema();
        let mut columns = Vec::new();
        for (field, values) in schema.fields().iter().zip(batch.columns()) {
            if !matches!(field.data_type(), DataType::Binary | DataType::BinaryView | DataType::LargeBinary) {
                columns.push((field.name(), field.data_type().is_decimal(), text(values)?));
            }
        }
        for row in 0..batch.num_rows() {
            let cells = columns.iter().filter_map(|(name, decimal, values)| {
                let cell = at(values, row)?;
                Some(((*name).clone(), if *decimal { without_zeros(&cell).to_owned() } else { cell }))
            });
            out.push(cells.collect());
        }
    }
    Ok(out)
}

/// A number in units of 10⁻¹⁰ as a text, without the zeros at its end.
pub fn decimal_text(unscaled: i128) -> String {
    const ONE: u128 = 10_u128.pow(helan_schemas::decimal::SCALE);
    let digits = unscaled.unsigned_abs();
    let sign = if unscaled < 0 { "-" } else { "" };
    without_zeros(&format!("{sign}{}.{:010}", digits / ONE, digits % ONE)).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits_and_lose_the_zeros_at_their_end() {
        assert_eq!(decimal_text(12_984_801_436), "1.2984801436");
        assert_eq!(decimal_text(-5_000_000_000), "-0.5");
        assert_eq!(decimal_text(0), "0");
    }
}
