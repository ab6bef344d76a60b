//! Computes a publication again from the events below the offsets that it read, and compares the digests.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use helan_lake::Lake;
use helan_query::Session;
use helan_query::desk::Pinned;
use helan_schemas::catalog::Catalog;
use helan_schemas::period::Period;

use crate::answers::Answers;
use crate::error::RollupError;
use crate::rules::Rules;

/// What came of computing a publication again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reproduction {
    /// The publication.
    pub publication: String,
    /// Values computed again.
    pub values: usize,
    /// Events behind them.
    pub inputs: usize,
    /// Whether the values' digest is the published one.
    pub values_agree: bool,
    /// Whether the inputs' digest is the published one.
    pub inputs_agree: bool,
    /// Whether every figure is the published one, where the rules are others and the digest therefore is another.
    pub figures_agree: bool,
    /// Whether the rules are still those of the publication; if not, other values may have that cause.
    pub same_queries: bool,
}

/// What the lake says of a publication and of the run that made it.
pub(crate) struct Made {
    pub(crate) period: Period,
    values_digest: String,
    inputs_digest: String,
    pub(crate) catalog: String,
    pub(crate) queries_digest: String,
    pub(crate) rules: Rules,
    pub(crate) as_of: i64,
    pub(crate) offsets: Vec<(String, i32, i64)>,
}

/// Computes a publication again.
///
/// # Errors
/// [`RollupError::Asked`] if the lake has no such publication.
pub async fn reproduce(lake: &Lake, id: &str) -> Result<Reproduction, RollupError> {
    let session = Pinned::open(lake, None).await?;
    let id = &crate::current::resolve(&session, id).await?;
    let made = find(&session, id).await?;
    let catalog = Arc::new(kept_catalog(&session, &made.catalog).await?);
    let below = session.desk().over(Session::below(lake, catalog, made.as_of, &made.offsets).await?);
    let answers = Answers::compute(&below, &made.period, made.as_of, None).await?;
    let same_queries = made.rules == Rules::of(below.catalog());
    let figures_agree = !same_queries && {
        let published = crate::frozen::values(&session, id).await?;
        crate::same::say_the_same(&published, &answers.values)
    };
    Ok(Reproduction {
        publication: id.to_owned(),
        values: answers.values.len(),
        inputs: answers.inputs.len(),
        values_agree: answers.values_digest() == made.values_digest,
        inputs_agree: answers.inputs_digest() == made.inputs_digest,
        figures_agree,
        same_queries,
    })
}

pub(crate) async fn find(session: &Pinned, id: &str) -> Result<Made, RollupError> {
    if !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(RollupError::Asked(format!("{id:?} is no publication id: it is 32 hexadecimal digits")));
    }
    let query = format!(
        "select p.time_period, p.values_digest, p.inputs_digest, p.catalog, p.queries_digest, r.offsets, r.as_of, p.rules \
         from publications p inner join publication_runs r on r.publication = p.publication \
         where p.publication = '{id}' order by r.fresh desc, r.started_at limit 1"
    );
    let batches = session.rows(&query).await?;
    let batch = batches.iter().find(|batch| batch.num_rows() > 0).ok_or_else(|| {
        RollupError::Asked(format!(
            "the lake has no publication {id}; `helan sql \"select publication, time_period from publications\"` lists them"
        ))
    })?;
    let text = |column: usize| -> Result<String, RollupError> {
        Ok(texts(batch.column(column))?.as_string::<i32>().value(0).to_owned())
    };
    let damaged = |what: &str| RollupError::Asked(format!("publication {id} of the lake is damaged: {what}"));
    let offsets: BTreeMap<String, i64> = serde_json::from_str(&text(5)?).map_err(|_| damaged("offsets"))?;
    let offsets = offsets.into_iter().map(|(name, next)| {
        let (topic, partition) = name.rsplit_once('/')?;
        Some((topic.to_owned(), partition.parse().ok()?, next))
    });
    let as_of =
        cast(batch.column(6), &DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, Some("UTC".into())))?;
    let rules = texts(batch.column(7))?;
    let kept = (!rules.is_null(0)).then(|| rules.as_string::<i32>().value(0));
    let queries_digest = text(4)?;
    Ok(Made {
        period: Period::parse(&text(0)?).map_err(|_| damaged("time_period"))?,
        values_digest: text(1)?,
        inputs_digest: text(2)?,
        catalog: text(3)?,
        rules: Rules::of_publication(kept, &queries_digest),
        queries_digest,
        as_of: as_of.as_primitive::<TimestampMicrosecondType>().value(0),
        offsets: offsets.collect::<Option<_>>().ok_or_else(|| damaged("offsets"))?,
    })
}

pub(crate) async fn kept_catalog(session: &Pinned, digest: &str) -> Result<Catalog, RollupError> {
    let query = format!("select file, content from catalog_versions where catalog = '{digest}'");
    let mut files = BTreeMap::new();
    for batch in session.rows(&query).await? {
        let (names, contents) = (texts(batch.column(0))?, texts(batch.column(1))?);
        for row in 0..names.len() {
            files.insert(
                names.as_string::<i32>().value(row).to_owned(),
                contents.as_string::<i32>().value(row).to_owned(),
            );
        }
    }
    Catalog::from_files(files).map_err(|problems| {
        let first = problems.first().map_or_else(String::new, |problem| problem.to_string());
        RollupError::Asked(format!("catalog {digest} of the lake no longer loads: {first}"))
    })
}

fn texts(column: &ArrayRef) -> Result<ArrayRef, RollupError> {
    Ok(cast(column, &DataType::Utf8)?)
}
