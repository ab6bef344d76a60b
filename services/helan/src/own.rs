//! What a reporter has sent, asked of the lake for the templates of the ingest role in the same process.

use anyhow::Context;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int32Type;
use futures::future::{BoxFuture, FutureExt};
use helan_ingest::{Own, OwnFigure, OwnFigures};
use helan_query::desk::Desk;
use helan_query::{literal, without_zeros};

/// The newest figures of a reporter, oldest first, so that a later one takes the place of an earlier.
const FIGURES: &str = "select ref_area, indicator, time_period, value, obs_status, unit_mult from statements \
                       where withdrawn_at is null and reporter = ";
/// Indicators that it always sends in one power of ten.
const MULTIPLIERS: &str = "select indicator, min(unit_mult) as power from statements \
                           where withdrawn_at is null and value is not null and reporter = ";

/// Asks a lake.
pub(crate) struct OwnOfLake {
    pub(crate) desk: Desk,
}

impl Own for OwnOfLake {
    fn figures<'a>(&'a self, reporter: &'a str, periods: &'a [String]) -> BoxFuture<'a, Result<OwnFigures, String>> {
        self.ask(reporter, periods).map(|figures| figures.map_err(|error| format!("{error:#}"))).boxed()
    }
}

impl OwnOfLake {
    async fn ask(&self, reporter: &str, periods: &[String]) -> anyhow::Result<OwnFigures> {
        let listed: Vec<_> = periods.iter().map(|period| literal(period)).collect();
        let text = format!(
            "{FIGURES}{} and time_period in ({}) order by known_at, recorded_at, \"offset\", \"index\"",
            literal(reporter),
            listed.join(", ")
        );
        let (mut own, who) = (OwnFigures::default(), reporter.into());
        for batch in self.desk.ask(&who, text.into()).await?.rows.collect().await? {
            for row in 0..batch.num_rows() {
                add(&mut own.figures, figure(&batch, row)?);
            }
        }
        let text =
            format!("{MULTIPLIERS}{} group by indicator having min(unit_mult) = max(unit_mult)", literal(reporter));
        for batch in self.desk.ask(&who, text.into()).await?.rows.collect().await? {
            for row in 0..batch.num_rows() {
                let indicator = text_of(&batch, "indicator", row)?.unwrap_or_default();
                own.multipliers.push((indicator, power(&batch, "power", row)?));
            }
        }
        Ok(own)
    }
}

/// Puts a figure in the place of an earlier one of its cell.
fn add(figures: &mut Vec<OwnFigure>, new: OwnFigure) {
    let cell = |figure: &OwnFigure| {
        figure.ref_area == new.ref_area && figure.indicator == new.indicator && figure.time_period == new.time_period
    };
    match figures.iter_mut().find(|figure| cell(figure)) {
        Some(old) => *old = new,
        None => figures.push(new),
    }
}

fn figure(batch: &RecordBatch, row: usize) -> anyhow::Result<OwnFigure> {
    let text = |name| text_of(batch, name, row);
    let value = text("value")?.map(|value| without_zeros(&value).to_owned());
    Ok(OwnFigure {
        ref_area: text("ref_area")?.unwrap_or_default(),
        indicator: text("indicator")?.unwrap_or_default(),
        time_period: text("time_period")?.unwrap_or_default(),
        value: value.or(text("obs_status")?).unwrap_or_default(),
        unit_mult: power(batch, "unit_mult", row)?,
    })
}

fn text_of(batch: &RecordBatch, name: &str, row: usize) -> anyhow::Result<Option<String>> {
    let column = batch.column_by_name(name).context("a column is missing")?;
    let column = arrow::compute::cast(column, &arrow::datatypes::DataType::Utf8)?;
    Ok(column.is_valid(row).then(|| column.as_string::<i32>().value(row).to_owned()))
}

fn power(batch: &RecordBatch, name: &str, row: usize) -> anyhow::Result<i32> {
    let column = batch.column_by_name(name).context("a column is missing")?;
    let column = arrow::compute::cast(column, &arrow::datatypes::DataType::Int32)?;
    let column = column.as_primitive::<Int32Type>();
    Ok(if column.is_valid(row) { column.value(row) } else { 0 })
}
