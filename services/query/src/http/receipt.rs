//! `GET /v1/submissions/{id}`: what became of a submission, from the lake, at once or as soon as it is known.

pub(super) mod list;
pub(super) mod outcomes;
pub(super) mod read;
mod summary;
mod wait;
mod withdrawals;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use helan_http::ErrorBody;
use helan_lake::{Lake, TableSnapshot};
use helan_runtime::credentials::Role;
use helan_schemas::refusal::Code;
use helan_schemas::tables::Table;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::read::{places, published_in, reasons};
use self::summary::{PENDING, summed_up, tell_of_clock};
pub use self::summary::{STILL_CORRECTED, still_withdrawn};
pub(super) use self::wait::MOST_WAITING;
use self::wait::Wait;
use self::withdrawals::Withdrawals;
use super::refuse::{Refusal, asker};
use super::{Http, PartitionEnd, Served};

/// What became of a submission.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Receipt {
    /// The submission's id.
    pub submission: String,
    /// `pending` (not in the lake yet), `accepted`, `repeat` (nothing of it was new), `refused`. Where the same id was sent
    /// several times: what became of the last.
    #[schema(example = "accepted")]
    pub state: String,
    /// The state in a sentence, in Chinese.
    pub message_zh: String,
    /// The state in a sentence, in English.
    pub message_en: String,
    /// Events in it.
    pub events: i64,
    /// Events that were new.
    pub accepted: i64,
    /// Events that repeat accepted ones and were dropped.
    pub repeated: i64,
    /// Of the repeats, those that were withdrawn before: they stay withdrawn.
    pub withdrawn: i64,
    /// Of the new events, those that withdraw an earlier one.
    pub withdrawals: i64,
    /// Version of the table `submissions` that was read.
    pub table_version: u64,
    /// Where it lies in the log; several places if it was sent several times.
    pub places: Vec<Place>,
    /// Why it was refused.
    pub reasons: Vec<Reason>,
    /// Publications that count events of it.
    pub publications: Vec<String>,
}

/// One record of the log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Place {
    /// CloudEvents source.
    pub source: String,
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i64,
    /// Offset.
    pub offset: i64,
    /// When it was received, RFC 3339.
    pub received_at: String,
    /// When Helan recorded it, RFC 3339.
    pub recorded_at: String,
    /// accepted, repeat or refused.
    pub outcome: String,
    /// Events in it.
    pub events: i64,
    /// Events that were new.
    pub accepted: i64,
    /// Events that repeat accepted ones.
    pub repeated: i64,
    /// Of the repeats, those that were withdrawn before; none where an older build recorded it.
    pub withdrawn: Option<i64>,
    /// Digest of its content: tells submissions of one id apart; none where an older build recorded it.
    pub content: Option<String>,
}

/// One reason of a refusal.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Reason {
    /// Code; see ERRORS.md.
    pub code: String,
    /// Who refused: `ingest` or `aggregator`.
    pub stage: String,
    /// Event or row at fault, from 1.
    pub row: Option<i64>,
    /// The event's id.
    pub id: Option<String>,
    /// Field at fault.
    pub field: Option<String>,
    /// What is wrong, in Chinese.
    pub message_zh: String,
    /// What is wrong, in English.
    pub message_en: String,
    /// What to do, in Chinese.
    pub hint_zh: String,
    /// What to do, in English.
    pub hint_en: String,
}

/// What the query of a request may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    wait: Option<String>,
    content: Option<String>,
}

/// Which submission is asked for.
#[derive(Clone, Copy, Debug)]
struct Asked<'a> {
    id: &'a str,
    /// A reporter sees its own submissions only; of others it hears what it would hear of an id never used.
    reporter: Option<&'a str>,
    content: Option<&'a str>,
}

/// What became of a submission: whether it is in the lake yet, as what, in which publications, or why it was refused.
///
/// With `Prefer: wait=5` or `?wait=5s` the answer waits until that is known, thirty seconds at most.
#[utoipa::path(
    get, path = "/v1/submissions/{id}", tag = "query", security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The submission's id, as the answer to sending it names it."),
        ("wait" = Option<String>, Query, description = "How long to wait for the outcome: 5, 5s or 500ms; 30s at most."),
        ("content" = Option<String>, Query, description = "Digest of its content, as in status_url: only that of several contents sent under one id."),
        ("Prefer" = Option<String>, Header, description = "wait=5 (RFC 7240), the same in seconds; Preference-Applied says for how long."),
    ),
    responses(
        (status = 200, description = "What became of it.", body = Receipt),
        (status = 400, description = "A query parameter is wrong.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 404, description = "This credential has no submission with this id: all that the log had when this was asked is in the lake.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 503, description = "The lake cannot be read now.", body = ErrorBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn receipt(
    State(served): State<Served>,
    Path(id): Path<String>,
    parameters: Result<Query<Parameters>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let identity = asker(&served.http, &headers)?;
    let Query(parameters) = parameters.map_err(|error| Refusal::of_query(&error.body_text()))?;
    let reporter = match (identity.role, identity.reporter) {
        (Role::Reporter, Some(reporter)) => Some(reporter.to_string()),
        _ => None,
    };
    let asked = Asked { id: &id, reporter: reporter.as_deref(), content: parameters.content.as_deref() };
    let wait = Wait::of(parameters.wait.as_deref(), &headers, &served.waiting)?;
    let mut receipt = outcome(&served.http, asked, &wait).await?;
    tell_of_clock(&mut receipt, served.http.clock.now());
    Ok((wait.applied(), Json(receipt)).into_response())
}

/// Looks until there is an outcome, until it is certain that there is nothing to have one, or until the time is over.
async fn outcome(http: &Http, asked: Asked<'_>, wait: &Wait) -> Result<Receipt, Refusal> {
    let receipt = look(&http.lake, asked, None).await?;
    if receipt.state != PENDING {
        return Ok(receipt);
    }
    // Read before the tables: what was in the log by now is in them once they have come so far.
    let ends = http.log.ends().await.map_err(Refusal::unavailable)?;
    loop {
        let passed = passed(http, &ends).await?;
        let receipt = look(&http.lake, asked, None).await?;
        match receipt.state.as_str() {
            PENDING if passed => return Err(Code::SubmissionUnknown.into()),
            PENDING if wait.goes_on().await => {}
            _ => return Ok(receipt),
        }
    }
}

/// Whether the tables have everything that was in the log when these were its ends.
async fn passed(http: &Http, ends: &[PartitionEnd]) -> Result<bool, Refusal> {
    let mut tables = BTreeMap::new();
    for table in Table::FED {
        tables.insert(table, http.lake.newest(table).await.map_err(Refusal::unavailable)?);
    }
    for end in ends {
        let app_id = http.lake.offset_app_id(&end.topic, end.partition);
        for snapshot in Table::fed_by(&end.topic).iter().filter_map(|table| tables.get(table)) {
            let next = snapshot.txn(&app_id).await.map_err(Refusal::unavailable)?;
            // What the log has forgotten is not waited for.
            if next.unwrap_or(end.first).max(end.first) < end.next {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// What the tables have now; of one record of the log, if one is asked for.
async fn look(lake: &Lake, asked: Asked<'_>, record: Option<(&str, i64, i64)>) -> Result<Receipt, Refusal> {
    let submissions = lake.newest(Table::Submissions).await.map_err(Refusal::unavailable)?;
    let refusals: TableSnapshot = lake.newest(Table::Refusals).await.map_err(Refusal::unavailable)?;
    let places = places(&submissions, asked).await?;
    // Events are committed last. What is not among them yet is not settled: who asks for it now would not find it.
    let events = lake.newest(Table::Events).await.map_err(Refusal::unavailable)?;
    let mut settled = Vec::new();
    for place in places {
        let partition = i32::try_from(place.partition).map_err(Refusal::unavailable)?;
        let next = events.txn(&lake.offset_app_id(&place.topic, partition)).await.map_err(Refusal::unavailable)?;
        if next.is_none_or(|next| next > place.offset) {
            settled.push(place);
        }
    }
    let mut places = settled;
    if let Some(record) = record {
        let is_it = |place: &Place| (place.topic.as_str(), place.partition, place.offset) == record;
        places.truncate(places.iter().position(is_it).map_or(0, |at| at + 1));
    }
    let reasons = reasons(&refusals, asked).await?;
    let mut publications = Vec::new();
    if places.iter().any(|place| place.accepted > 0) {
        let published = lake.newest(Table::Publications).await.map_err(Refusal::unavailable)?;
        let inputs = lake.newest(Table::PublicationInputs).await.map_err(Refusal::unavailable)?;
        publications = published_in(&published, &inputs, asked.id).await?;
    }
    let withdrawals = match places.last().filter(|place| place.accepted > 0) {
        Some(place) => withdrawals::of(&events, place).await?,
        None => Withdrawals::default(),
    };
    Ok(summed_up(asked.id.to_owned(), submissions.version(), places, reasons, publications, withdrawals))
}
