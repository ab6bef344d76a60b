//! Lets a request in: who sends it, what it is, and whether there is room for it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::Query;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use helan_runtime::credentials::{Identity, Role};
use helan_runtime::wait::Asked;
use helan_schemas::catalog::{Catalog, Reporter};
use helan_schemas::refusal::Code;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::decode::headings::Lang;
use crate::decode::{Head, Shape};
use crate::limits::Limits;
use crate::problems::{Place, Problems, quoted};
use crate::{Ingest, workbook};

/// Which kind of content a path takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `/v1/events`: CloudEvents.
    Events,
    /// `/v1/submissions`: tables.
    Submissions,
}

impl Endpoint {
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Events => "/v1/events",
            Self::Submissions => "/v1/submissions",
        }
    }
}

/// What the headers say of a body.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) content: Content,
    pub(crate) charset: Option<String>,
    pub(crate) gzip: bool,
    /// The submission's id, if the sender gave one.
    pub(crate) given_id: Option<String>,
    /// A refusal of a workbook answers with the workbook, its mistakes marked.
    pub(crate) marked: bool,
    /// The language that the sender reads, if the headers say.
    pub(crate) lang: Option<Lang>,
    /// How long the answer may wait for the outcome, if the sender says.
    pub(crate) wait: Option<Asked>,
}

/// What a body holds.
#[derive(Debug)]
pub(crate) enum Content {
    /// CloudEvents in structured mode.
    Json(Shape),
    /// The payload of one CloudEvent.
    Binary(Head),
    /// A table, and the source that the query names for it.
    Csv(Option<String>),
    /// A workbook, and the source that the query names for it.
    Workbook(Option<String>),
    /// A table or a workbook, which its first bytes tell, and the source that the query names for it.
    Table(Option<String>),
}

/// Finds out who asks.
pub(crate) fn identity(ingest: &Ingest, headers: &HeaderMap, now: i64) -> Result<Identity, Problems> {
    let identity = helan_http::identity(&ingest.credentials, headers, now);
    identity.map_err(|error| Problems::one(error.into(), ""))
}

/// Who sends a request.
#[derive(Clone, Debug)]
pub(crate) struct Sender<'c> {
    pub(crate) reporter: &'c Reporter,
    pub(crate) credential: Arc<str>,
}

/// Finds out who sends a request, and that they may send anything at all.
pub(crate) fn sender<'c>(ingest: &'c Ingest, headers: &HeaderMap, now: i64) -> Result<Sender<'c>, Problems> {
    let identity = identity(ingest, headers, now)?;
    let id = match (identity.role, &identity.reporter) {
        (Role::Reporter, Some(id)) => id,
        (role, _) => return Err(Problems::one(Code::RoleNotAllowed, role.as_str())),
    };
    let reporter = ingest.catalog.reporter(id).ok_or_else(|| Problems::one(Code::ReporterUnknown, quoted(id)))?;
    Ok(Sender { reporter, credential: identity.credential })
}

/// Whether this service takes the reporter's kind.
pub(crate) fn served(ingest: &Ingest, reporter: &Reporter) -> Result<(), Problems> {
    if ingest.kinds.contains(&reporter.sends_to()) {
        Ok(())
    } else {
        Err(Problems::one(Code::ReporterOtherEndpoint, reporter.sends_to().code()))
    }
}

impl Plan {
    /// Reads what the headers and the query say; `reporter` scopes the `Idempotency-Key`.
    pub(crate) fn of(parts: &Parts, endpoint: Endpoint, reporter: &Reporter) -> Result<Self, Problems> {
        let content_type = single(&parts.headers, &header::CONTENT_TYPE, Code::ContentTypeUnsupported)?;
        let (media_type, charset) = media_type(content_type.unwrap_or_default());
        let unsupported = || Problems::one(Code::ContentTypeUnsupported, quoted(content_type.unwrap_or_default()));
        let Asks { source, wait } = Asks::of(parts, endpoint)?;
        let content = match (endpoint, media_type.as_str()) {
            // Structured and batched mode have media types of their own. A payload may have none: then it is JSON.
            (Endpoint::Events, name) if Head::is_in(&parts.headers) && (name.is_empty() || is_json(name)) => {
                Content::Binary(Head::read(&parts.headers)?)
            }
            (Endpoint::Events, "application/json") => Content::Json(Shape::Any),
            (Endpoint::Events, "application/cloudevents+json") => Content::Json(Shape::One),
            (Endpoint::Events, "application/cloudevents-batch+json") => Content::Json(Shape::Batch),
            (Endpoint::Events, "application/x-ndjson") => Content::Json(Shape::Lines),
            (Endpoint::Submissions, "text/csv") => Content::Csv(source),
            (Endpoint::Submissions, workbook::MEDIA_TYPE) => Content::Workbook(source),
            // What clients send that know neither.
            (Endpoint::Submissions, "application/octet-stream") => Content::Table(source),
            _ => return Err(unsupported()),
        };
        let encoding = single(&parts.headers, &header::CONTENT_ENCODING, Code::ContentEncodingUnsupported)?;
        let gzip = match encoding.map(str::to_ascii_lowercase).as_deref() {
            None | Some("identity" | "") => false,
            Some("gzip" | "x-gzip") => true,
            Some(other) => return Err(Problems::one(Code::ContentEncodingUnsupported, quoted(other))),
        };
        let given_id = idempotency_key(&parts.headers)?.map(|key| format!("{}:{key}", reporter.reporter));
        let marked = accepts(&parts.headers, workbook::MEDIA_TYPE);
        let lang = language(&parts.headers);
        Ok(Self { content, charset, gzip, given_id, marked, lang, wait })
    }
}

/// Whether the sender named a media type as one that it takes; `*/*` names none.
pub(crate) fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    let listed = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    listed.flat_map(|text| text.split(',')).any(|entry| media_type_of(entry) == media_type)
}

/// The first of our languages that a sender's `Accept-Language` names.
pub(crate) fn language(headers: &HeaderMap) -> Option<Lang> {
    let listed = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
    listed.flat_map(|text| text.split(',')).find_map(|entry| {
        let entry = entry.trim().to_ascii_lowercase();
        match entry.get(..2) {
            Some("zh") => Some(Lang::Zh),
            Some("en") => Some(Lang::En),
            _ => None,
        }
    })
}

/// Whether a payload is JSON: `application/json`, or a type whose name ends with `+json` and is no mode of CloudEvents.
fn is_json(media_type: &str) -> bool {
    let subtype = media_type.split_once('/').map_or("", |(_, subtype)| subtype);
    subtype == "json" || subtype.ends_with("+json") && !subtype.starts_with("cloudevents")
}

fn media_type_of(text: &str) -> String {
    media_type(text).0
}

/// A header that may stand once at most.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName, code: Code) -> Result<Option<&'h str>, Problems> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match value.to_str() {
            Ok(text) => Ok(Some(text.trim())),
            Err(_) => Err(Problems::one(code, name)),
        },
        (Some(_), Some(_)) => Err(Problems::one(code, format!("2 × {name}"))),
    }
}

/// The media type in lowercase, and its charset.
fn media_type(text: &str) -> (String, Option<String>) {
    let mut parts = text.split(';');
    let name = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let charset = parts.filter_map(|parameter| parameter.split_once('=')).find_map(|(name, value)| {
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_owned())
    });
    (name, charset)
}

/// What the query asks for.
struct Asks {
    source: Option<String>,
    wait: Option<Asked>,
}

impl Asks {
    fn of(parts: &Parts, endpoint: Endpoint) -> Result<Self, Problems> {
        let wrong = |what: String| Problems::one(Code::QueryInvalid, what);
        let Query(query) =
            Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(|error| wrong(error.body_text()))?;
        let (mut source, mut wait) = (None, None);
        for (name, value) in query {
            match name.as_str() {
                "source" if endpoint == Endpoint::Submissions && source.is_none() => source = Some(value),
                "wait" if wait.is_none() => wait = Some(value),
                // Events name their source themselves; nothing else was ever read beside them.
                _ if endpoint == Endpoint::Events && name != "wait" => {}
                _ => return Err(wrong(quoted(&name))),
            }
        }
        let prefer = parts.headers.get_all("prefer").iter().filter_map(|field| field.to_str().ok());
        let wait = Asked::of(wait.as_deref(), prefer).map_err(wrong)?;
        Ok(Self { source: source.filter(|source| !source.is_empty()), wait })
    }
}

/// Longest `Idempotency-Key`, in bytes.
const MOST_OF_KEY: usize = 64;

/// The key, without the quotes that its draft standard wants. Its letters are safe in a path, an event id and a header.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problems> {
    static NAME: HeaderName = HeaderName::from_static("idempotency-key");
    let Some(text) = single(headers, &NAME, Code::IdempotencyKeyInvalid)? else { return Ok(None) };
    let key = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let fits = (1..=MOST_OF_KEY).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'));
    if fits {
        return Ok(Some(key));
    }
    let mut problems = Problems::new(1);
    problems.add(Place::WHOLE, Some("Idempotency-Key"), Code::IdempotencyKeyInvalid, quoted(text));
    Err(problems)
}

/// Room for requests: of each reporter, and in all.
#[derive(Debug)]
pub(crate) struct Room {
    all: Arc<Semaphore>,
    each: HashMap<String, Arc<Semaphore>>,
}

/// A request's place; given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Room {
    pub(crate) fn new(catalog: &Catalog, limits: &Limits) -> Self {
        let each =
            catalog.reporter_ids().map(|id| (id.to_owned(), Arc::new(Semaphore::new(limits.in_flight_per_reporter))));
        Self { all: Arc::new(Semaphore::new(limits.in_flight)), each: each.collect() }
    }

    /// Takes a place, or refuses at once: a queue here would only hide from senders that they send too fast.
    pub(crate) fn seat(&self, reporter: &str) -> Result<Seat, Problems> {
        let own = self.each.get(reporter).expect("every reporter of the catalog has room");
        let own = own.clone().try_acquire_owned().map_err(|_| Problems::one(Code::TooManyRequests, ""))?;
        let all = self.all.clone().try_acquire_owned().map_err(|_| Problems::one(Code::Busy, ""))?;
        Ok(Seat { _own: own, _all: all })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_says_how_long_a_key_may_be() {
        for text in [Code::IdempotencyKeyInvalid.hint_zh(), Code::IdempotencyKeyInvalid.hint_en()] {
            assert!(text.contains(&format!(" {MOST_OF_KEY} ")), "{text}");
        }
    }
}
