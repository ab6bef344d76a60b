//! The paths: a question in, its answer out.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use helan_runtime::credentials::{Identity, Role};
use helan_schemas::refusal::Code;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument;

use super::request::{Format, SqlRequest, read};
use super::run::{Message, Running, Work, answer};
use super::{Desk, SqlLimits, encode};
use crate::http::Served;
use crate::http::refuse::{ErrorBody, Refusal, asker};
use crate::http::status::watermark_of;
use crate::reuse::Current;
use crate::session::{QueryError, Question};
use crate::watch::Watch;

/// How long a body may take to come; it is at most some hundred kilobytes.
const BODY_TIME: Duration = Duration::from_secs(10);
/// Bytes of a body: a text in JSON may take six bytes a character.
const BODY_BYTES: usize = 6 * SqlLimits::TEXT + 1024;
/// Time that a query has, after its limit, to notice by itself.
const GRACE: Duration = Duration::from_secs(1);
/// How long the log may take to say where it ends; without it an answer lacks the watermark.
const LOG_TIME: Duration = Duration::from_millis(500);
/// Time between the last line of an answer that breaks off and the cut.
const LAST_WORD: Duration = Duration::from_millis(100);
/// Pieces of an answer that wait for the client.
const WAITING: usize = 4;

/// Answers one statement that reads.
///
/// The answer comes as lines of JSON, as an Arrow IPC stream or as CSV, whichever `Accept` likes best. It is complete
/// if the chunked body ends properly. One that breaks off (a limit, a failure in mid-stream) ends without the last
/// chunk, which HTTP clients report as an error; lines of JSON then end with `{"helan_error": …}`, CSV with
/// `# helan_error: …`, an Arrow stream without its end-of-stream mark; `GET /v1/sql/{helan-query}` says why.
#[utoipa::path(
    post, path = "/v1/sql", tag = "query", security(("bearer" = [])),
    params(
        ("as_of" = Option<String>, Query, description = "T, where the body is the text itself."),
        ("recorded" = Option<String>, Query, description = "R, where the body is the text itself."),
        ("raw" = Option<bool>, Query, description = "CSV with texts as they are, where the body is the text itself."),
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
        (status = 400, description = "Not one statement that can be planned.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 403, description = "No analyst or operator, or not a query.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 406, description = "None of the formats is accepted.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 413, description = "The text is too long.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 422, description = "Beyond the limits on time, memory or size, or failed while it ran.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 429, description = "This credential has too many queries running; see Retry-After.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 503, description = "Too many queries are running, or the lake cannot be read; see Retry-After.", body = ErrorBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ask(State(served): State<Served>, request: Request) -> Response {
    let started = Instant::now();
    match begin(&served, request, started).await {
        Ok(response) => response,
        Err(refusal) => {
            served.desk.counters.count(refusal.code.code());
            refusal.into_response()
        }
    }
}

/// Who asks, if their role may ask in SQL.
pub(super) fn analyst(served: &Served, headers: &HeaderMap) -> Result<Identity, Refusal> {
    let identity = asker(&served.http, headers)?;
    match identity.role {
        Role::Analyst | Role::Operator => Ok(identity),
        Role::Reporter => Err(Refusal::found(Code::RoleCannotAsk, identity.role.as_str())),
    }
}

async fn begin(served: &Served, request: Request, started: Instant) -> Result<Response, Refusal> {
    let desk = served.desk.clone();
    let (parts, body) = request.into_parts();
    let identity = analyst(served, &parts.headers)?;
    let seat = desk.room.seat(&identity.credential)?;
    let format = Format::accepted(&parts.headers)?;
    let body = timeout(BODY_TIME, axum::body::to_bytes(body, BODY_BYTES)).await;
    let body = body.map_err(|_| Refusal::from(Code::RequestTimeout))?;
    let body = body.map_err(|error| Refusal::found(Code::SqlTooLong, error))?;
    let request = read(&parts.headers, &parts.uri, &body)?;

    let current = desk.sessions.current().await.map_err(Refusal::unavailable)?;
    let raw = request.raw.unwrap_or(false);
    let question = question(&current, request)?;
    let id = served.http.clock.new_id();
    let watermark = timeout(LOG_TIME, watermark_of(served, &current.snapshots)).await.ok().and_then(Result::ok);
    let head = head(served, &current, &question, &id, format, watermark.flatten());

    let deadline = started + desk.limits.time;
    let (sender, mut receiver) = mpsc::channel(WAITING);
    let running = Running::new(desk.clone(), seat, started);
    let (credential, session) = (identity.credential, current.session.clone());
    let watch = Arc::<Watch>::default();
    let work = Work {
        desk: desk.clone(),
        session,
        question,
        format,
        raw,
        deadline,
        id: id.clone(),
        credential,
        watch: watch.clone(),
    };
    tracing::debug!(query = %work.id, credential = %work.credential, "asked");
    let span = tracing::debug_span!("query", query = %work.id, credential = %work.credential);
    let task = Cancelled(desk.threads.spawn(answer(work, running, sender).instrument(span)), watch);
    // A query that works without a pause never looks at the clock: so it is also looked at from here.
    match timeout_at(deadline + GRACE, receiver.recv()).await {
        Ok(Some(Message::Piece(first))) => {
            let until = deadline + GRACE;
            let rest = Rest { first: Some(first), receiver, until, _task: task, ended: false, desk, id, format };
            Ok((head, Body::from_stream(futures::stream::unfold(rest, Rest::next))).into_response())
        }
        Ok(Some(Message::End)) => Ok((head, Body::empty()).into_response()),
        Ok(Some(Message::Refused(refusal))) => Err(refusal),
        Ok(None) => Err(Refusal::unavailable("a query ended without a word")),
        Err(_) => Err(Code::SqlTimeLimit.into()),
    }
}

/// The question, with its moments read.
fn question(current: &Current, request: SqlRequest) -> Result<Question, Refusal> {
    let moment = |text: Option<String>| match text {
        None => Ok(None),
        Some(text) => match current.session.moment(&text) {
            Ok(moment) => Ok(Some(moment)),
            Err(QueryError::Asked(why)) => Err(Refusal::found(Code::AsOfInvalid, why)),
            Err(other) => Err(Refusal::unavailable(other)),
        },
    };
    Ok(Question { text: request.query, as_of: moment(request.as_of)?, recorded: moment(request.recorded)? })
}

/// What an answer is an answer from.
fn head(
    served: &Served,
    current: &Current,
    question: &Question,
    id: &str,
    format: Format,
    watermark: Option<i64>,
) -> HeaderMap {
    let session = &current.session;
    let versions = session.versions().iter().map(|version| format!("{}={}", version.table, version.version));
    let versions: Vec<_> = versions.collect();
    let mut headers = HeaderMap::new();
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("helan-query", id.to_owned());
    set("helan-lake", served.http.lake.id().to_owned());
    set("helan-table-versions", versions.join(", "));
    set("helan-catalog", session.catalog().digest.clone());
    set("helan-as-of", rfc_3339(question.as_of.unwrap_or(session.now())));
    if let Some(recorded) = question.recorded {
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

fn rfc_3339(time: i64) -> String {
    Timestamp::from_microsecond(time).map_or_else(|_| String::new(), |time| time.to_string())
}

/// Ends a query when whoever waits for it is gone.
pub(super) struct Cancelled(pub(super) AbortHandle, pub(super) Arc<Watch>);

impl Drop for Cancelled {
    fn drop(&mut self) {
        self.1.end();
        self.0.abort();
    }
}

/// The rest of a body.
struct Rest {
    first: Option<Bytes>,
    receiver: mpsc::Receiver<Message>,
    until: Instant,
    _task: Cancelled,
    ended: bool,
    desk: Arc<Desk>,
    id: String,
    format: Format,
}

impl Rest {
    /// The next piece. An error makes the server cut the body off.
    async fn next(mut self) -> Option<(Result<Bytes, std::io::Error>, Self)> {
        if let Some(first) = self.first.take() {
            return Some((Ok(first), self));
        }
        if self.ended {
            // What was written before is on its way to the client first: cutting off drops what waits.
            tokio::time::sleep(LAST_WORD).await;
            return Some((Err(std::io::Error::other("the answer broke off")), self));
        }
        let line = match timeout_at(self.until, self.receiver.recv()).await {
            Ok(Some(Message::Piece(piece))) => return Some((Ok(piece), self)),
            Ok(Some(Message::End)) => return None,
            Ok(Some(Message::Refused(refusal))) => encode::broken_off(self.format, &refusal.body()),
            Ok(None) | Err(_) => {
                let reason = self.desk.reason(&self.id).unwrap_or_else(|| Refusal::from(Code::SqlTimeLimit).body());
                encode::broken_off(self.format, &reason)
            }
        };
        self.ended = true;
        Some((Ok(line.unwrap_or_default().into()), self))
    }
}

/// Why the answer to a query broke off, for whoever asked it; a few hundred are remembered.
#[utoipa::path(
    get, path = "/v1/sql/{id}", tag = "query", security(("bearer" = [])),
    params(("id" = String, Path, description = "The header `helan-query` of the answer.")),
    responses(
        (status = 200, description = "Why it broke off.", body = ErrorBody),
        (status = 401, description = "No valid token.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 404, description = "No answer of that id to this credential broke off lately.", body = ErrorBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn broken_off(
    State(served): State<Served>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<ErrorBody>, Refusal> {
    let identity = analyst(&served, &headers)?;
    let remembered = served.desk.broken_off.lock().unwrap_or_else(PoisonError::into_inner);
    let found = remembered.iter().find(|(known, credential, _)| *known == id && *credential == identity.credential);
    found.map(|(_, _, error)| Json(error.clone())).ok_or_else(|| Code::NotFound.into())
}
