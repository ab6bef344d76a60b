//! Publications as the lake keeps them: read back whole.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use helan_lake::Lake;
use helan_query::desk::Pinned;
use helan_query::literal;
use helan_schemas::catalog::Catalog;
use jiff::civil::Date;

use crate::answers::{Answers, Key, Value};
use crate::catalog_rows;
use crate::changes::{Change, Side, compare};
use crate::error::RollupError;
use crate::lineage::{Input, Link};
use crate::reproduce::kept_catalog;
use crate::rows::{self, Texts};
use crate::rules::Rules;
use crate::same;

/// A publication, read back.
pub(crate) struct Frozen {
    values: Vec<Value>,
    inputs: Vec<Input>,
    links: Vec<Link>,
    catalog: Catalog,
    period: String,
    as_of: i64,
    day: Date,
    rules: Rules,
}

/// Two publications, and what one changes against the other.
pub struct Comparison {
    /// The one that is compared with.
    pub before: Compared,
    /// The one that changes it.
    pub after: Compared,
    /// Every cell whose value, status or detail differs.
    pub changes: Vec<Change>,
}

/// A publication of a comparison.
pub struct Compared {
    /// Its id.
    pub publication: String,
    /// Its period.
    pub period: String,
    /// T, microseconds since the epoch.
    pub as_of: i64,
    /// The catalog by which it was made.
    pub catalog: Catalog,
}

impl Frozen {
    /// Reads a publication; it must be there.
    pub(crate) async fn read(session: &Pinned, id: &str) -> Result<Self, RollupError> {
        let made = crate::reproduce::find(session, id).await?;
        let catalog = kept_catalog(session, &made.catalog).await?;
        let day = day_of(made.as_of, &catalog);
        let (values, links) = (values(session, id).await?, links(session, id).await?);
        let inputs = inputs(session, id).await?;
        let (period, as_of) = (made.period.to_string(), made.as_of);
        Ok(Self { values, inputs, links, catalog, period, as_of, day, rules: made.rules })
    }

    fn named(self, publication: String) -> Compared {
        Compared { publication, period: self.period, as_of: self.as_of, catalog: self.catalog }
    }

    /// Values, inputs, links, catalog.
    pub(crate) fn into_parts(self) -> (Vec<Value>, Vec<Input>, Vec<Link>, Catalog) {
        (self.values, self.inputs, self.links, self.catalog)
    }

    /// Whether answers that other rules made say the same of the same reports and the same catalog.
    pub(crate) fn says_as(&self, answers: &Answers, catalog: &Catalog, day: Date) -> bool {
        let reports = |inputs: &[Input]| -> BTreeSet<(String, String, Vec<u8>)> {
            inputs.iter().map(|it| (it.source.clone(), it.id.clone(), it.content_digest.clone())).collect()
        };
        self.rules != Rules::of(catalog)
            && catalog_rows::digest(&self.catalog, self.day) == catalog_rows::digest(catalog, day)
            && reports(&self.inputs) == reports(&answers.inputs)
            && same::say_the_same(&self.values, &answers.values)
    }

    /// As one side of a comparison.
    pub(crate) fn side(&self) -> Side<'_> {
        Side {
            values: &self.values,
            inputs: &self.inputs,
            links: &self.links,
            catalog: &self.catalog,
            day: self.day,
            rules: &self.rules,
        }
    }
}

/// Compares two publications of a lake, cell by cell.
///
/// # Errors
/// [`RollupError::Asked`] if the lake lacks one of them.
pub async fn compare_publications(lake: &Lake, before: &str, after: &str) -> Result<Comparison, RollupError> {
    let session = Pinned::open(lake, None).await?;
    let before_id = crate::current::resolve(&session, before).await?;
    let after_id = crate::current::resolve(&session, after).await?;
    let (before, after) = (Frozen::read(&session, &before_id).await?, Frozen::read(&session, &after_id).await?);
    let changes = compare(&before.side(), &after.side());
    Ok(Comparison { before: before.named(before_id), after: after.named(after_id), changes })
}

/// The day of a moment in a catalog's time zone.
pub(crate) fn day_of(moment: i64, catalog: &Catalog) -> Date {
    let zone = jiff::tz::TimeZone::get(&catalog.head.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    zone.to_datetime(jiff::Timestamp::from_microsecond(moment).unwrap_or(jiff::Timestamp::MAX)).date()
}

const KEY: [&str; 5] = ["answer", "target_id", "ref_area", "indicator", "time_period"];

fn key(texts: &Texts<'_>, row: usize) -> Key {
    Key {
        answer: texts.must("answer", row),
        target_id: texts.get("target_id", row),
        ref_area: texts.must("ref_area", row),
        indicator: texts.must("indicator", row),
        time_period: texts.must("time_period", row),
    }
}

pub(crate) async fn values(session: &Pinned, id: &str) -> Result<Vec<Value>, RollupError> {
    let text = format!("select * from published_values where publication = {}", literal(id));
    let mut out = Vec::new();
    for batch in session.rows(&text).await? {
        let texts =
            Texts::of(&batch, &["answer", "target_id", "ref_area", "indicator", "time_period", "status", "detail"])?;
        let value = rows::decimals(&batch, "value")?;
        for row in 0..batch.num_rows() {
            out.push(Value {
                key: key(&texts, row),
                value: (!value.is_null(row)).then(|| value.value(row)),
                status: texts.must("status", row),
                detail: texts.must("detail", row),
            });
        }
    }
    out.sort_unstable();
    Ok(out)
}

async fn links(session: &Pinned, id: &str) -> Result<Vec<Link>, RollupError> {
    const NAMES: [&str; 12] = [
        KEY[0],
        KEY[1],
        KEY[2],
        KEY[3],
        KEY[4],
        "role",
        "input_area",
        "input_indicator",
        "input_period",
        "via",
        "source",
        "id",
    ];
    let text = format!("select * from publication_lineage where publication = {}", literal(id));
    let mut out = Vec::new();
    for batch in session.rows(&text).await? {
        let texts = Texts::of(&batch, &NAMES)?;
        for row in 0..batch.num_rows() {
            let text = |name: &str| texts.must(name, row);
            out.push(Link {
                key: key(&texts, row),
                role: text("role"),
                input_area: text("input_area"),
                input_indicator: text("input_indicator"),
                input_period: text("input_period"),
                via: text("via"),
                source: text("source"),
                id: text("id"),
            });
        }
    }
    out.sort_unstable();
    Ok(out)
}

async fn inputs(session: &Pinned, id: &str) -> Result<Vec<Input>, RollupError> {
    const NAMES: [&str; 8] =
        ["source", "id", "ref_area", "indicator", "time_period", "submission", "reporter", "topic"];
    let text = format!("select * from publication_inputs where publication = {}", literal(id));
    let mut out = BTreeMap::new();
    for batch in session.rows(&text).await? {
        let texts = Texts::of(&batch, &NAMES)?;
        let digest = cast(rows::column(&batch, "content_digest")?, &DataType::Binary)?;
        let (partition, offset) = (rows::integers(&batch, "partition")?, rows::integers(&batch, "offset")?);
        for row in 0..batch.num_rows() {
            let text = |name: &str| texts.must(name, row);
            out.insert(
                (text("source"), text("id")),
                Input {
                    source: text("source"),
                    id: text("id"),
                    content_digest: digest.as_binary::<i32>().value(row).to_vec(),
                    ref_area: text("ref_area"),
                    indicator: text("indicator"),
                    time_period: text("time_period"),
                    submission: text("submission"),
                    reporter: text("reporter"),
                    topic: text("topic"),
                    partition: partition[row].and_then(|number| i32::try_from(number).ok()).unwrap_or_default(),
                    offset: offset[row].unwrap_or_default(),
                },
            );
        }
    }
    Ok(out.into_values().collect())
}
