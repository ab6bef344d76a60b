//! The answers of a period, as rows that can be frozen, with the events behind them.

use std::collections::BTreeMap;

use arrow::array::Array;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use helan_query::desk::Pinned;
use helan_query::literal;
use helan_schemas::catalog::Catalog;
use helan_schemas::digest::sha256_hex;
use helan_schemas::period::Period;
use tracing::Instrument;

use crate::error::RollupError;
use crate::lineage::{Input, Lineage, Link};
use crate::rows::{at, column, decimals, text};

/// What a published value is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// Which view.
    pub(crate) answer: String,
    pub(crate) target_id: Option<String>,
    pub(crate) ref_area: String,
    pub(crate) indicator: String,
    pub(crate) time_period: String,
}

/// One published value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Value {
    pub(crate) key: Key,
    /// In units of 10⁻¹⁰.
    pub(crate) value: Option<i128>,
    pub(crate) status: String,
    /// The whole row as JSON, digits as strings.
    pub(crate) detail: String,
}

/// Everything that a publication freezes, in one order.
#[derive(Clone, Debug)]
pub(crate) struct Answers {
    pub(crate) values: Vec<Value>,
    /// The events behind them, each once.
    pub(crate) inputs: Vec<Input>,
    /// Which event stands behind which value.
    pub(crate) links: Vec<Link>,
    /// The rows of `quota_fulfilment` as they came.
    pub(crate) quota: Vec<RecordBatch>,
}

/// Where an answer keeps what every published value has.
struct Shape {
    answer: String,
    /// The view that is asked: it may have more columns than the one of the answer's name.
    view: String,
    /// The indicator, where the view has no such column because it is about one.
    indicator: Option<String>,
    value: &'static str,
    status: &'static str,
    /// Indicators that another answer has already.
    without: Vec<String>,
}

/// Every value of areas and groups.
pub(crate) const VALUES: &str = "area_values";
/// How each target stands.
pub(crate) const TARGETS: &str = "quota_fulfilment";

/// Ratios that have no view of their own.
const OTHER_RATIOS: &str = "ratios";

/// What a publication by a catalog freezes, in the order of the answers.
fn shapes(catalog: &Catalog) -> Vec<Shape> {
    let shape = |answer: &str, view: &str, value, status| Shape {
        answer: answer.to_owned(),
        view: view.to_owned(),
        indicator: None,
        value,
        status,
        without: Vec::new(),
    };
    let own = catalog.answers().map(|(answer, indicator)| Shape {
        indicator: Some(indicator.to_owned()),
        ..shape(answer, answer, "value", "status")
    });
    let with_own = catalog.answers().map(|(_, indicator)| indicator.to_owned()).collect();
    let mut shapes: Vec<Shape> = own.collect();
    shapes.push(shape(VALUES, "published_areas", "value", "status"));
    shapes.push(shape(TARGETS, TARGETS, "actual_value", "verdict"));
    shapes.push(Shape { without: with_own, ..shape(OTHER_RATIOS, OTHER_RATIOS, "value", "status") });
    shapes.sort_by(|a, b| a.answer.cmp(&b.answer));
    shapes
}

/// The answer in which a ratio is published.
pub(crate) fn ratio_answer<'c>(indicator: &str, catalog: &'c Catalog) -> &'c str {
    let own = catalog.answers().find(|(_, own)| *own == indicator);
    own.map_or(OTHER_RATIOS, |(answer, _)| answer)
}

/// The answers of publications by a catalog, each with the view whose rule makes it.
pub(crate) fn answers(catalog: &Catalog) -> Vec<(String, String)> {
    shapes(catalog).into_iter().map(|shape| (shape.answer, shape.view)).collect()
}

/// Whether an answer is about ratios; of a publication by any catalog.
pub(crate) fn is_of_ratios(answer: &str) -> bool {
    answer != VALUES && answer != TARGETS
}

impl Answers {
    /// Computes the answers as of T among what was recorded by R.
    pub(crate) async fn compute(
        session: &Pinned,
        period: &Period,
        as_of: i64,
        recorded: Option<i64>,
    ) -> Result<Self, RollupError> {
        let (mut values, mut quota) = (Vec::new(), Vec::new());
        for shape in shapes(session.catalog()) {
            // A target without a period of its own is owed in every one.
            let text = format!(
                "select * from {} where (time_period = '{period}' or time_period is null){}",
                shape.view,
                shape.rest()
            );
            let ask = async { session.rows_as_of(&text, as_of, recorded).await.map_err(RollupError::from) };
            let batches = ask.instrument(tracing::debug_span!("answer", view = shape.view)).await?;
            for batch in &batches {
                shape.read(batch, &mut values)?;
            }
            if shape.answer == TARGETS {
                quota = batches;
            }
        }
        values.sort_unstable();
        let lineage = Lineage::read(session, period, as_of, recorded, &values);
        let Lineage { inputs, links } = lineage.instrument(tracing::debug_span!("lineage")).await?;
        Ok(Self { values, inputs, links, quota })
    }

    /// The ratios as they are published, by area or group and indicator: each digit of the catalog's, as `figures` has it.
    pub(crate) fn published_ratios(&self, catalog: &Catalog) -> BTreeMap<(String, String), String> {
        let ratios = self.values.iter().filter(|value| is_of_ratios(&value.key.answer));
        let shown = ratios.filter_map(|value| {
            let detail: serde_json::Value = serde_json::from_str(&value.detail).ok()?;
            let decimals = catalog.indicator(&value.key.indicator)?.decimals;
            let shown = with_decimals(detail.get("shown")?.as_str()?, decimals.into());
            Some(((value.key.ref_area.clone(), value.key.indicator.clone()), shown))
        });
        shown.collect()
    }

    /// SHA-256 over the values.
    pub(crate) fn values_digest(&self) -> String {
        let parts: Vec<_> =
            self.values.iter().flat_map(|value| [value.key.answer.as_bytes(), value.detail.as_bytes()]).collect();
        sha256_hex(&parts)
    }

    /// SHA-256 over source, id and content of the inputs.
    pub(crate) fn inputs_digest(&self) -> String {
        let inputs = self.inputs.iter();
        let parts: Vec<_> = inputs
            .flat_map(|input| [input.source.as_bytes(), input.id.as_bytes(), input.content_digest.as_slice()])
            .collect();
        sha256_hex(&parts)
    }
}

impl Shape {
    /// A further condition: not the rows that another answer has.
    fn rest(&self) -> String {
        let without: Vec<_> = self.without.iter().map(|indicator| literal(indicator)).collect();
        if without.is_empty() { String::new() } else { format!(" and indicator not in ({})", without.join(", ")) }
    }

    fn read(&self, batch: &RecordBatch, values: &mut Vec<Value>) -> Result<(), RollupError> {
        let details = details(batch)?;
        let target = batch.column_by_name("target_id").map(text).transpose()?;
        let area = text(column(batch, "ref_area")?)?;
        let indicator = batch.column_by_name("indicator").map(text).transpose()?;
        let period = text(column(batch, "time_period")?)?;
        let status = text(column(batch, self.status)?)?;
        let value = decimals(batch, self.value)?;
        for (row, detail) in details.into_iter().enumerate() {
            let key = Key {
                answer: self.answer.clone(),
                target_id: target.as_ref().and_then(|column| at(column, row)),
                ref_area: at(&area, row).unwrap_or_default(),
                indicator: match &self.indicator {
                    Some(name) => name.clone(),
                    None => indicator.as_ref().and_then(|column| at(column, row)).unwrap_or_default(),
                },
                time_period: at(&period, row).unwrap_or_default(),
            };
            values.push(Value {
                key,
                value: (!value.is_null(row)).then(|| value.value(row)),
                status: at(&status, row).unwrap_or_default(),
                detail,
            });
        }
        Ok(())
    }
}

/// A number that was rounded to so many decimals, without the zeros that its type has behind them.
fn with_decimals(number: &str, decimals: usize) -> String {
    match number.split_once('.') {
        Some((whole, _)) if decimals == 0 => whole.to_owned(),
        Some((whole, fraction)) => format!("{whole}.{}", fraction.get(..decimals).unwrap_or(fraction)),
        None => number.to_owned(),
    }
}

/// Each row as a JSON object of texts: digits are kept as they are, whatever a reader's numbers can hold.
fn details(batch: &RecordBatch) -> Result<Vec<String>, RollupError> {
    let schema = batch.schema();
    let columns = batch.columns().iter().map(|column| match column.data_type() {
        DataType::List(_) | DataType::LargeList(_) | DataType::Struct(_) => Ok(column.clone()),
        _ => cast(column, &DataType::Utf8),
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let fields = schema.fields().iter().zip(&columns);
    let fields: Vec<_> =
        fields.map(|(field, column)| field.as_ref().clone().with_data_type(column.data_type().clone())).collect();
    let batch = RecordBatch::try_new(std::sync::Arc::new(arrow::datatypes::Schema::new(fields)), columns)?;
    let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
    writer.write(&batch)?;
    writer.finish()?;
    let lines = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    Ok(lines.lines().map(str::to_owned).collect())
}
