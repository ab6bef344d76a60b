//! The roll-up: a period's answers as of a moment, and publications that never change.
//!
//! [`run`] computes; with `publish` it freezes the answers under an id that is a digest of their content. A run that
//! changes nothing adds one row to `publication_runs` and nothing else, so running again is free and harmless, also twice at once.
//! [`reproduce`] computes a publication again from the events below the offsets that it read.

mod answers;
mod catalog;
mod catalog_rows;
mod changes;
mod current;
mod error;
mod explain;
mod export;
mod frozen;
mod headline;
mod lineage;
mod publish;
pub mod release;
mod reproduce;
mod rows;
mod rules;
mod same;
mod table_rows;
pub mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use helan_lake::Lake;
use helan_lake::cells::{self, Difference};
use helan_query::desk::Pinned;
use helan_runtime::clock::Clock;
use helan_schemas::catalog::Catalog;
use helan_schemas::period::Period;
use tracing::Instrument;

pub use catalog::remember_catalog;
pub use changes::{Cause, Change};
pub use current::LATEST;
pub use error::RollupError;
pub use explain::{Explanation, Node, Question, RULES, explain, rule_text};
pub use export::{Export, ExportRequest};
pub use frozen::{Compared, Comparison, compare_publications};
pub use reproduce::{Reproduction, reproduce};
pub use rows::decimal_text;

use crate::answers::Answers;

/// What to roll up.
#[derive(Clone, Debug)]
pub struct Request {
    /// The period, in one of SDMX's forms.
    pub period: String,
    /// T: a date (its end, in the catalog's time zone) or RFC 3339; none = now.
    pub as_of: Option<String>,
    /// Whether to publish the result.
    pub publish: bool,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The period, in canonical form.
    pub period: String,
    /// The rows of `quota_fulfilment`.
    pub quota: Vec<RecordBatch>,
    /// The ratios of the period as they are published, with the catalog's digits: by area or group and indicator.
    pub ratios: BTreeMap<(String, String), String>,
    /// The result in one sentence, in Chinese.
    pub headline_zh: String,
    /// The result in one sentence, in English.
    pub headline_en: String,
    /// Id of the publication that was made or found again, if one was asked for.
    pub publication: Option<String>,
    /// Whether the publication was not there before.
    pub fresh: bool,
}

/// Computes a period's answers over one pinned version of every table, and publishes them if asked.
///
/// # Errors
/// [`RollupError::Asked`] for a period or a moment that cannot be read; otherwise what the lake or the engine says. A
/// publishing run that failed after the lake was opened is recorded in `publication_runs`, if the lake lets it.
pub async fn run(lake: &Lake, catalog: Arc<Catalog>, request: Request) -> Result<Outcome, RollupError> {
    run_for(lake, catalog, request, None).await
}

/// As [`run`], for a moment of a schedule, in microseconds since the epoch. Of several processes that run for the same
/// moment and find nothing new, one alone is recorded.
///
/// # Errors
/// As [`run`].
pub async fn run_scheduled(
    lake: &Lake,
    catalog: Arc<Catalog>,
    request: Request,
    due: i64,
) -> Result<Outcome, RollupError> {
    run_for(lake, catalog, request, Some(due)).await
}

async fn run_for(
    lake: &Lake,
    catalog: Arc<Catalog>,
    request: Request,
    due: Option<i64>,
) -> Result<Outcome, RollupError> {
    let period = Period::parse(&request.period).map_err(|error| {
        RollupError::Asked(format!("--period {:?} {error}; write 2018, 2018-Q2, 2018-06", request.period))
    })?;
    let span = tracing::debug_span!("rollup", period = %period);
    run_period(lake, &catalog, &period, &request, due).instrument(span).await
}

async fn run_period(
    lake: &Lake,
    catalog: &Arc<Catalog>,
    period: &Period,
    request: &Request,
    due: Option<i64>,
) -> Result<Outcome, RollupError> {
    let clock = Clock::system();
    let started = clock.now();
    // Looked up before anything is pinned: what an audit finds later is another one.
    let before = match request.publish {
        true => cells::difference(lake).await?,
        false => None,
    };
    let session = Pinned::open(lake, Some(catalog.clone())).await?;
    let as_of = match &request.as_of {
        Some(text) => session.moment(text)?,
        None => session.now(),
    };
    let computed = match before.as_ref().filter(|before| !before.is_settled) {
        Some(before) => Err(stopped(before)),
        None => compute(&session, period, as_of).await,
    };
    if !request.publish {
        return computed.map(|(_, outcome)| outcome);
    }
    let run = publish::Run { lake, session: &session, catalog, clock: &clock, as_of, started, due };
    let ended = match computed {
        Ok(_) if is_overtaken(before.as_ref(), cells::difference(lake).await?.as_ref()) => Err(RollupError::Overtaken),
        Ok((answers, outcome)) => run.publish(&answers, outcome).await,
        Err(error) => Err(error),
    };
    // A wrong request, such as another region's catalog, is the caller's error; the schedule did not fail.
    if matches!(ended, Err(RollupError::Asked(_))) {
        return ended;
    }
    match (run.record(&period.to_string(), &ended).await, ended) {
        (Ok(()), ended) => ended,
        (Err(error), Ok(_)) => Err(error),
        (Err(unrecorded), Err(error)) => {
            tracing::warn!(error = %unrecorded, "a run that failed is not recorded");
            Err(error)
        }
    }
}

fn stopped(difference: &Difference) -> RollupError {
    let (area, indicator, period) = difference.one.clone();
    RollupError::Stopped { cells: difference.cells, area, indicator, period }
}

/// Whether an audit has found something since: the answers may rest on it, also if it is settled by now.
fn is_overtaken(before: Option<&Difference>, now: Option<&Difference>) -> bool {
    now.is_some_and(|now| !now.is_settled || before.is_none_or(|before| before.id != now.id))
}

/// The answers of a period, and what is said of them before anything is published.
async fn compute(session: &Pinned, period: &Period, as_of: i64) -> Result<(Answers, Outcome), RollupError> {
    let answers = Answers::compute(session, period, as_of, None).await?;
    let (headline_zh, headline_en) = headline::of(session.catalog(), &answers.quota)?;
    let (period, quota) = (period.to_string(), answers.quota.clone());
    let ratios = answers.published_ratios(session.catalog());
    let outcome = Outcome { period, quota, ratios, headline_zh, headline_en, publication: None, fresh: false };
    Ok((answers, outcome))
}
