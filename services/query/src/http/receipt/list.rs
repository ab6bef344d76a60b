//! `GET /v1/submissions`: what was sent, newest first; a reporter sees its own.

use axum::Json;
use axum::extract::State;
use datafusion::logical_expr::{Expr, col, lit};
use datafusion::scalar::ScalarValue;
use helan_http::ErrorBody;
use helan_schemas::codes::OUTCOMES;
use helan_schemas::refusal::Code;
use helan_schemas::tables::Table;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Place;
use super::read::{PLACE, place, text};
use crate::http::Served;
use crate::http::own::Asked;
use crate::http::refuse::Refusal;

/// Submissions of one answer, unless fewer are asked for.
const MOST: usize = 1_000;

/// What the query of a request may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Parameters {
    source: Option<String>,
    state: Option<String>,
    from: Option<String>,
    to: Option<String>,
    limit: Option<usize>,
}

/// What was sent and has reached the lake.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SubmissionList {
    /// The submissions, newest first.
    pub submissions: Vec<SubmissionEntry>,
    /// Whether there are more; ask with an earlier `to`.
    pub more: bool,
    /// Version of the table `submissions` that was read.
    pub table_version: u64,
}

/// One submission.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SubmissionEntry {
    /// Its id; `GET /v1/submissions/{id}` has the reasons.
    pub submission: String,
    /// Where it lies in the log, and what became of it.
    #[serde(flatten)]
    pub place: Place,
}

/// What was sent, by source, state and time of receipt: a reporter's own submissions, or everybody's for others.
#[utoipa::path(
    get, path = "/v1/submissions", tag = "query", operation_id = "list_submissions", security(("bearer" = [])),
    params(
        ("source" = Option<String>, Query, description = "CloudEvents source."),
        ("state" = Option<String>, Query, description = "accepted, repeat or refused."),
        ("from" = Option<String>, Query, description = "Received from then on: RFC 3339, or a date in UTC."),
        ("to" = Option<String>, Query, description = "Received before then: RFC 3339, or a date in UTC, which is the last day."),
        ("limit" = Option<u32>, Query, description = "How many; 1000 at most."),
    ),
    responses(
        (status = 200, description = "What was sent.", body = SubmissionList),
        (status = 400, description = "A query parameter is wrong.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 403, description = "The source is unknown, or another reporter's.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 503, description = "The lake cannot be read now.", body = ErrorBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn list(
    State(served): State<Served>,
    Asked { own, parameters, .. }: Asked<Parameters>,
) -> Result<Json<SubmissionList>, Refusal> {
    let mut filter = parameters.filter()?;
    if let Some(reporter) = &own {
        filter = filter.and(col("reporter").eq(lit(reporter.as_str())));
    }
    let most = parameters.limit.unwrap_or(MOST).min(MOST);
    let table = served.http.lake.newest(Table::Submissions).await.map_err(Refusal::unavailable)?;
    let columns: Vec<_> = PLACE.into_iter().chain(["submission"]).collect();
    let every = table.read(&columns, Some(filter)).map_err(Refusal::unavailable)?;
    let order = ["received_at", "offset"].map(|column| col(column).sort(false, false));
    let newest = every.sort(order.into()).and_then(|frame| frame.limit(0, Some(most + 1)));
    let mut submissions = Vec::new();
    for batch in newest.map_err(Refusal::unavailable)?.collect().await.map_err(Refusal::unavailable)? {
        for row in 0..batch.num_rows() {
            let submission = text(&batch, PLACE.len(), row)?.unwrap_or_default();
            submissions.push(SubmissionEntry { submission, place: place(&batch, row)? });
        }
    }
    if let Some(source) = parameters.source.as_deref().filter(|_| submissions.is_empty()) {
        known(&served, source, own.as_deref()).await?;
    }
    let more = submissions.len() > most;
    submissions.truncate(most);
    Ok(Json(SubmissionList { submissions, more, table_version: table.version() }))
}

/// Refuses a source that the catalog lacks or that is another reporter's, as for sending. What older catalogs had is found
/// by what was sent.
async fn known(served: &Served, source: &str, own: Option<&str>) -> Result<(), Refusal> {
    let catalog = served.desk.catalog().await?;
    let code = match catalog.source(source) {
        None => Code::UnknownSource,
        Some(row) if own.is_some_and(|own| own != row.reporter) => Code::ForeignSource,
        Some(_) => return Ok(()),
    };
    Err(Refusal::found(code, format!("source={source:?}")))
}

impl Parameters {
    /// What they ask for, the asker's rights aside.
    fn filter(&self) -> Result<Expr, Refusal> {
        let mut filter = lit(true);
        if let Some(source) = &self.source {
            filter = filter.and(col("source").eq(lit(source.as_str())));
        }
        if let Some(state) = &self.state {
            if !OUTCOMES.contains(&state.as_str()) {
                return Err(Refusal::found(Code::QueryInvalid, format!("state={state:?}")));
            }
            filter = filter.and(col("outcome").eq(lit(state.as_str())));
        }
        if let Some(from) = &self.from {
            filter = filter.and(col("received_at").gt_eq(instant("from", from, 0)?));
        }
        if let Some(to) = &self.to {
            filter = filter.and(col("received_at").lt(instant("to", to, 1)?));
        }
        Ok(filter)
    }
}

/// An instant of a parameter: a timestamp, or so many days after the beginning of a day in UTC.
fn instant(name: &str, text: &str, days: i64) -> Result<Expr, Refusal> {
    let day = || {
        let day = text.parse::<Date>().ok()?.checked_add(days.days()).ok()?;
        TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()
    };
    let time = text.parse::<Timestamp>().ok().or_else(day);
    let time = time.ok_or_else(|| Refusal::found(Code::QueryInvalid, format!("{name}={text:?}")))?;
    Ok(lit(ScalarValue::TimestampMicrosecond(Some(time.as_microsecond()), Some("UTC".into()))))
}
