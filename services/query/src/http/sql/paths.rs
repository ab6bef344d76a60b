//! The paths: a question in, its answer out.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use helan_http::ErrorBody;
use helan_runtime::clock::rfc_3339;
use helan_runtime::credentials::{Identity, Role};
use helan_schemas::refusal::Code;
use tokio::time::timeout;

use super::body::Sending;
use super::request::{Format, SqlRequest, read};
use crate::desk::{Moment, Provenance, Question, SqlLimits};
use crate::http::Served;
use crate::http::refuse::{Refusal, asker};
use crate::http::status::watermark_of;

/// How long a body may take to come; it is at most some hundred kilobytes.
const BODY_TIME: Duration = Duration::from_secs(10);
/// Bytes of a body: a text in JSON may take six bytes a character.
const BODY_BYTES: usize = 6 * SqlLimits::TEXT + 1024;
/// How long the log may take to say where it ends; without it an answer lacks the watermark.
const LOG_TIME: Duration = Duration::from_millis(500);

/// Answers one statement that reads.
///
/// The answer comes as lines of JSON, as an Arrow IPC stream or as CSV, whichever `Accept` prefers. It is complete
/// if the chunked body ends properly. One that breaks off (a limit, a failure in mid-stream) ends without the last
/// chunk, which HTTP clients report as an error; lines of JSON then end with `{"helan_error": …}`, CSV with
/// `# helan_error: …`, an Arrow stream without its end-of-stream mark; `GET /v1/sql/{helan-query}` says why.
#[utoipa::path(
    post, path = "/v1/sql", tag = "query", security(("bearer" = [])),
    params(
        ("as_of" = Option<String>, Query, description = "T (as of), if the body is the SQL text."),
        ("recorded" = Option<String>, Query, description = "R (recorded by), if the body is the SQL text."),
        ("raw" = Option<bool>, Query, description = "true: no apostrophe in front of CSV texts that begin with = + - @; if the body is the SQL text."),
    ),
    request_body(description = "The question.", content(
        (SqlRequest = "application/json"),
        (String = "application/sql"),
        (String = "text/plain"),
    )),
    responses(
        (status = 200, description = "The answer. Decimals are exact; in lines of JSON they are numbers with all their digits.",
            content((String = "application/x-ndjson"), (Vec<u8> = "application/vnd.apache.arrow.stream"), (String = "text/csv")),
            headers(
                ("helan-query" = String, description = "Id of the query."),
                ("helan-lake" = String, description = "Id of the lake."),
                ("helan-table-versions" = String, description = "Version of every table that was read: `events=12, …`."),
                ("helan-catalog" = String, description = "Digest of the catalog."),
                ("helan-as-of" = String, description = "T, RFC 3339."),
                ("helan-watermark" = String, description = "Up to when everything recorded is in these versions, RFC 3339; absent while unknown."),
            )),
        (status = 400, description = "Not exactly one valid statement.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 403, description = "Not an analyst's or operator's token, or not a query.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 406, description = "No format in Accept is supported.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 413, description = "The text is too long.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 422, description = "Beyond the limits on time, memory or size, or failed while it ran.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 429, description = "This credential has too many queries running; see Retry-After.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 503, description = "Too many queries are running, or the lake cannot be read; see Retry-After.", body = ErrorBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ask(State(served): State<Served>, request: Request) -> Result<Response, Refusal> {
    let desk = &served.desk;
    let counted = |refusal: Refusal| {
        desk.refused(refusal.code);
        refusal
    };
    let (parts, body) = request.into_parts();
    let credential = analyst(&served, &parts.headers).map_err(counted)?.credential;
    let seat = desk.seat(&credential)?;
    let (format, request) = requested(&parts, body).await.map_err(counted)?;
    let (id, raw) = (seat.id.clone(), request.raw.unwrap_or(false));
    let (as_of, recorded) = (request.as_of.map(Moment::Written), request.recorded.map(Moment::Written));
    let answer = seat.ask(Question { text: request.query, as_of, recorded, ..Question::default() }).await?;
    let head = head(&served, &answer.provenance, &id, format).await;
    let sending = Sending { id, credential, format, raw, broken_off: served.broken_off.clone() };
    Ok((head, sending.body(desk, answer).await?).into_response())
}

/// The format and the question of a request.
async fn requested(parts: &Parts, body: Body) -> Result<(Format, SqlRequest), Refusal> {
    let format = Format::accepted(&parts.headers)?;
    let body = timeout(BODY_TIME, axum::body::to_bytes(body, BODY_BYTES)).await;
    let body = body.map_err(|_| Refusal::from(Code::RequestTimeout))?;
    let body = body.map_err(|error| Refusal::found(Code::SqlTooLong, error))?;
    Ok((format, read(&parts.headers, &parts.uri, &body)?))
}

/// Who asks, if their role may ask in SQL.
pub(super) fn analyst(served: &Served, headers: &HeaderMap) -> Result<Identity, Refusal> {
    let identity = asker(&served.http, headers)?;
    match identity.role {
        Role::Analyst | Role::Operator => Ok(identity),
        Role::Reporter => Err(Refusal::found(Code::RoleCannotAsk, identity.role.as_str())),
    }
}

/// What an answer is an answer from.
async fn head(served: &Served, provenance: &Provenance, id: &str, format: Format) -> HeaderMap {
    let watermark = timeout(LOG_TIME, watermark_of(served, &provenance.current.snapshots)).await;
    let watermark = watermark.ok().and_then(Result::ok).flatten();
    let mut headers = HeaderMap::new();
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("helan-query", id.to_owned());
    set("helan-lake", served.http.lake.id().to_owned());
    set("helan-table-versions", provenance.table_versions());
    set("helan-catalog", provenance.catalog().to_owned());
    set("helan-as-of", rfc_3339(provenance.as_of));
    if let Some(recorded) = provenance.recorded {
        set("helan-recorded", rfc_3339(recorded));
    }
    if let Some(watermark) = watermark {
        set("helan-watermark", rfc_3339(watermark));
    }
    headers.insert(header::CONTENT_TYPE, format.content_type());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept, authorization"));
    headers
}

/// Why the answer to a query broke off, for whoever asked it; a few hundred are remembered.
#[utoipa::path(
    get, path = "/v1/sql/{id}", tag = "query", security(("bearer" = [])),
    params(("id" = String, Path, description = "The header `helan-query` of the answer.")),
    responses(
        (status = 200, description = "Why it broke off.", body = ErrorBody),
        (status = 401, description = "No valid token.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 404, description = "No recent answer to this credential with this id broke off.", body = ErrorBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn broken_off(
    State(served): State<Served>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<ErrorBody>, Refusal> {
    let identity = analyst(&served, &headers)?;
    let reason = served.broken_off.reason(&id, Some(&identity.credential));
    reason.map(Json).ok_or_else(|| Code::NotFound.into())
}
