//! The values as one Arrow table: what CSV and Parquet hold.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Decimal128Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use helan_query::without_zeros;

use crate::error::RollupError;
use crate::export::{Export, Row};

/// Fields of the published rows that get a column of their own, as texts.
const FIELDS: [&str; 18] = [
    "vintage",
    "basis",
    "numerator",
    "denominator",
    "numerator_vintage",
    "denominator_vintage",
    "reported",
    "compiled",
    "residual",
    "coverage_reported",
    "coverage_expected",
    "comparator",
    "target_value",
    "strength",
    "fulfilment",
    "readings",
    "reason_zh",
    "reason_en",
];

/// Those of them that are numbers.
const NUMBERS: [&str; 7] =
    ["numerator", "denominator", "reported", "compiled", "residual", "target_value", "fulfilment"];

pub(crate) fn of(export: &Export) -> Result<RecordBatch, RollupError> {
    let rows = &export.rows;
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    let mut push = |name: &str, column: ArrayRef| {
        fields.push(Field::new(name, column.data_type().clone(), true));
        columns.push(column);
    };
    let text =
        |get: &dyn Fn(&Row) -> Option<String>| -> ArrayRef { Arc::new(rows.iter().map(get).collect::<StringArray>()) };
    push("publication", text(&|_| export.publication.clone()));
    let as_of = TimestampMicrosecondArray::from(vec![export.as_of; rows.len()]).with_timezone("UTC");
    push("as_of", Arc::new(as_of));
    push("answer", text(&|row| Some(row.value.key.answer.clone())));
    push("target_id", text(&|row| row.value.key.target_id.clone()));
    push("ref_area", text(&|row| Some(row.value.key.ref_area.clone())));
    push("name_zh", text(&|row| Some(export.place(&row.value.key.ref_area).0.to_owned())));
    push("name_en", text(&|row| Some(export.place(&row.value.key.ref_area).1.to_owned())));
    push("indicator", text(&|row| Some(row.value.key.indicator.clone())));
    push("indicator_zh", text(&|row| export.indicator(&row.value.key.indicator).map(|found| found.name_zh.clone())));
    push("indicator_en", text(&|row| export.indicator(&row.value.key.indicator).map(|found| found.name_en.clone())));
    push("time_period", text(&|row| Some(row.value.key.time_period.clone())));
    push("value", decimals(rows.iter().map(Row::whole).collect())?);
    push("unit", text(&|row| unit(export, row)));
    push("status", text(&|row| Some(row.value.status.clone())));
    for name in FIELDS {
        let of_row = |row: &Row| {
            let text = row.of_parts(name)?;
            Some(if NUMBERS.contains(&name) { without_zeros(text) } else { text }.to_owned())
        };
        push(name, text(&of_row));
    }
    for name in ["sensitive", "demo"] {
        let flags: BooleanArray = rows.iter().map(|row| row.field(name).map(|text| text == "true")).collect();
        push(name, Arc::new(flags));
    }
    push("shown", text(&|row| shown(export, row)));
    push("release_state", text(&|_| export.state_code().map(str::to_owned)));
    let until = TimestampMicrosecondArray::from(vec![export.embargo_until(); rows.len()]).with_timezone("UTC");
    push("embargo_until", Arc::new(until));
    for name in ["edition", "numerator_edition", "denominator_edition", "residual_reason"] {
        push(name, text(&|row| row.of_parts(name).map(str::to_owned)));
    }
    let estimated: BooleanArray = rows.iter().map(|row| row.field("estimated").map(|text| text == "true")).collect();
    push("estimated", Arc::new(estimated));
    push("part_value", decimals(rows.iter().map(Row::part).collect())?);
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn decimals(values: Decimal128Array) -> Result<ArrayRef, RollupError> {
    Ok(Arc::new(values.with_precision_and_scale(38, 10)?))
}

/// The figure as it is published: the indicator's digits, and no more; none of a part.
fn shown(export: &Export, row: &Row) -> Option<String> {
    row.whole()?;
    let digits = usize::from(export.indicator(&row.value.key.indicator)?.decimals);
    row.field("shown").map(|text| with_digits(text, digits))
}

/// A number that was rounded to so many digits, written with all of them.
fn with_digits(text: &str, digits: usize) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    match digits {
        0 => whole.to_owned(),
        _ => format!("{whole}.{:0<digits$}", &fraction[..digits.min(fraction.len())]),
    }
}

/// The unit of a row's value: the target's as the text writes it, else the indicator's code.
pub(crate) fn unit(export: &Export, row: &Row) -> Option<String> {
    let stated = row.field("unit_text").map(str::to_owned);
    stated.or_else(|| export.indicator(&row.value.key.indicator).map(|found| found.unit.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_the_digits_that_are_published() {
        let shown = |text| [0, 1, 2].map(|digits| with_digits(text, digits));
        assert_eq!(shown("2.8000000000"), ["2", "2.8", "2.80"]);
        assert_eq!(shown("3"), ["3", "3.0", "3.00"]);
    }
}
