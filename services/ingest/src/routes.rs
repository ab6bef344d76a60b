//! The paths of the service.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use helan_http::ErrorAnswer;

use crate::accept::Endpoint;
use crate::answer::Accepted;
use crate::publish::CatalogAnswer;
use crate::receive::App;
use crate::{Ingest, openapi, publish, template};

/// How long readiness waits for the log.
const READY_TIME: Duration = Duration::from_secs(2);

/// The service as a router, for a process of its own in a test. It asks for no credential at `/metrics` and
/// `/openapi.json`: what faces others is [`reports`], beside paths that do. Registers its metrics: build one a process.
pub fn router(ingest: Ingest) -> Router {
    let app = Arc::new(App::new(ingest));
    reports_of()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(openapi_json))
        .fallback(helan_http::not_found)
        .method_not_allowed_fallback(helan_http::method_not_allowed)
        .with_state(app)
}

/// Only the paths that take reports, for a process that serves other roles too and answers for all of them at
/// `/readyz` and the like. Registers its metrics: build one a process.
pub fn reports(ingest: Ingest) -> Router {
    let app = Arc::new(App::new(ingest));
    reports_of().with_state(app)
}

fn reports_of() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/events", post(events))
        .route("/v1/submissions", post(submissions))
        .route("/v1/templates/{reporter}", get(templates))
        .route("/v1/catalog", get(catalog))
}

/// Says why reports cannot be taken now: the log does not answer, or credentials cannot be checked.
///
/// # Errors
/// The reason, for an operator.
pub async fn ready(ingest: &Ingest) -> Result<(), String> {
    if !ingest.credentials.is_available(ingest.clock.now()) {
        return Err("the credentials file cannot be read".to_owned());
    }
    match tokio::time::timeout(READY_TIME, ingest.log.ready()).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the log does not answer".to_owned()),
    }
}

/// Takes CloudEvents.
///
/// One event in structured or binary mode, a batch, or lines of JSON. All of it is accepted or none; all events have
/// one source. Extension attributes are allowed and not kept. Sending the same again is harmless.
#[utoipa::path(
    post,
    path = "/v1/events",
    tag = "reports",
    security(("bearer" = [])),
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Id of the submission: 1 to 64 letters, digits or - . _ ~. Default: a digest of the content."),
        ("Content-Encoding" = Option<String>, Header, description = "gzip, if the body is compressed."),
        ("wait" = Option<String>, Query, description = "How long the answer may wait for the outcome: 5, 5s or 500ms; 30s at most."),
        ("Prefer" = Option<String>, Header, description = "wait=5 (RFC 7240), the same in seconds. Preference-Applied says for how long it was applied; without that header the answer did not wait."),
    ),
    request_body(description = "The events.", content(
        (serde_json::Value = "application/cloudevents+json"),
        (serde_json::Value = "application/cloudevents-batch+json"),
        (serde_json::Value = "application/json"),
        (String = "application/x-ndjson"),
    )),
    responses(
        (status = 200, description = "In the lake, now or already before: see `outcome`. Only if the request waits.", body = Accepted),
        (status = 202, description = "Written to the log; the outcome follows at status_url.", body = Accepted),
        (status = 400, description = "The body cannot be read.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 403, description = "This credential may not report this.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 409, description = "Refused, because it contradicts an earlier submission. Only if the request waits; otherwise see status_url.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 413, description = "Too large: split it.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 415, description = "Unsupported media type, charset or encoding.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 422, description = "At least one event is wrong; all errors are listed.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests at a time; see Retry-After.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 503, description = "The log is not available, or the service is full; see Retry-After.", body = ErrorAnswer, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn events(State(app): State<Arc<App>>, request: Request) -> Response {
    app.receive(Endpoint::Events, request).await
}

/// Takes a table.
///
/// CSV with a header row, in UTF-8 or in the charset that Content-Type names, or XLSX (also as application/octet-stream:
/// its first bytes tell) with a sheet named data or 数据, or only one visible sheet. One row is one event; a row without
/// id gets one from the submission's, so that the same file again is a repeat. In a workbook and in a filled-in template
/// a row with a blank value and no status reports nothing and is counted in `table`; a template's row gets its id from
/// the row's name and its content, so that a changed row sent again is a revision. Of a formula the saved result counts,
/// of a number the 15 digits that spreadsheets show. Ambiguous values are refused. With `Accept:
/// application/vnd.openxmlformats-officedocument.spreadsheetml.sheet` a refused workbook comes back with each wrong cell
/// coloured and with a note.
#[utoipa::path(
    post,
    path = "/v1/submissions",
    tag = "reports",
    security(("bearer" = [])),
    params(
        ("source" = Option<String>, Query, description = "CloudEvents source of all rows, if there is no such column."),
        ("Idempotency-Key" = Option<String>, Header, description = "Id of the submission: 1 to 64 letters, digits or - . _ ~. Default: a digest of the content."),
        ("Content-Encoding" = Option<String>, Header, description = "gzip, if the body is compressed."),
        ("wait" = Option<String>, Query, description = "How long the answer may wait for the outcome: 5, 5s or 500ms; 30s at most."),
        ("Prefer" = Option<String>, Header, description = "wait=5 (RFC 7240), the same in seconds. Preference-Applied says for how long it was applied; without that header the answer did not wait."),
    ),
    request_body(description = "Columns: ref_area, indicator, time_period, value, unit; and if wanted id, source, type, unit_mult, obs_status, conf_status, vintage, edition, role, basis, published_at, prepared_by, reviewed_by, approved_by, evidence, note, withdraws, or the headings of a template. Columns whose heading begins with # are not read; area_name and indicator_name are compared with the codes.", content((String = "text/csv"), (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (Vec<u8> = "application/octet-stream"))),
    responses(
        (status = 200, description = "In the lake, now or already before: see `outcome`. Only if the request waits.", body = Accepted),
        (status = 202, description = "Written to the log; the outcome follows at status_url.", body = Accepted),
        (status = 400, description = "The body cannot be read.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 403, description = "This credential may not report this.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 409, description = "Refused, because it contradicts an earlier submission. Only if the request waits; otherwise see status_url.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 413, description = "Too large: split it.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 415, description = "Unsupported media type, charset or encoding.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 422, description = "At least one row is wrong; all errors are listed, or marked in the workbook if Accept asks for one.", content((ErrorAnswer = "application/problem+json"), (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = 429, description = "Too many requests at a time; see Retry-After.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 503, description = "The log is not available, or the service is full; see Retry-After.", body = ErrorAnswer, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn submissions(State(app): State<Arc<App>>, request: Request) -> Response {
    app.receive(Endpoint::Submissions, request).await
}

/// Makes a template.
///
/// One row for each area and indicator that the reporter owes for the period, with names, units, lists to choose from and
/// the codes that the service needs. Fill in the values and send the file to `/v1/submissions` as it is.
#[utoipa::path(
    get,
    path = "/v1/templates/{reporter}",
    tag = "reports",
    security(("bearer" = [])),
    params(
        ("reporter" = String, Path, description = "Id of the reporter: the credential's own, or any for an operator."),
        ("period" = Option<String>, Query, description = "2018, 2018-S1, 2018-Q2 or 2018-06; the catalog's default period without it."),
        ("parts" = Option<String>, Query, description = "include: also what is due for the periods within it, such as the quarters of a year."),
        ("format" = Option<String>, Query, description = "xlsx (default) or csv."),
        ("lang" = Option<String>, Query, description = "zh or en; without it Accept-Language decides, then zh."),
        ("source" = Option<String>, Query, description = "CloudEvents source of its rows; default: the reporter's first source that the catalog does not mark as demo."),
    ),
    responses(
        (status = 200, description = "The template.", content((Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (String = "text/csv")),
            headers(("helan-other-periods" = String, description = "Periods within it, or around it, for which more is due, and how much: `2018-Q1=8, 2018-Q2=8`; absent if nothing is."))),
        (status = 400, description = "A query parameter is wrong.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 403, description = "Another reporter's template.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 404, description = "Nothing is due; `found` says for which periods something is.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 422, description = "The period does not exist, or there is no source.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 503, description = "Credentials cannot be checked now.", body = ErrorAnswer, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn templates(
    State(app): State<Arc<App>>,
    Path(reporter): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let started = Instant::now();
    let answer = template::answer(app.ingest(), &reporter, &uri, &headers).await;
    app.tell("/v1/templates", started, answer)
}

/// Publishes the catalog.
///
/// Its files, its digest (also as `ETag`, so `If-None-Match` saves the answer) and the limits of one submission: what a
/// sender needs to check its reports before it sends them.
#[utoipa::path(
    get,
    path = "/v1/catalog",
    tag = "reports",
    security(("bearer" = [])),
    params(("If-None-Match" = Option<String>, Header, description = "ETag of the copy that the client has.")),
    responses(
        (status = 200, description = "The catalog.", body = CatalogAnswer),
        (status = 304, description = "Not modified."),
        (status = 401, description = "No valid token.", body = ErrorAnswer, content_type = "application/problem+json"),
        (status = 503, description = "Credentials cannot be checked now.", body = ErrorAnswer, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn catalog(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let started = Instant::now();
    app.tell("/v1/catalog", started, publish::answer(app.ingest(), &headers))
}

/// Says that the process runs.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200, description = "It runs.", body = String)))]
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// Says whether reports can be taken: the log answers and credentials can be checked.
#[utoipa::path(get, path = "/readyz", tag = "operation", responses(
    (status = 200, description = "Reports are taken.", body = String),
    (status = 503, description = "Not ready; an operator gets the reason.", body = String),
))]
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Response {
    match ready(&app.ingest).await {
        Ok(()) => "ready\n".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}

/// What the service counts, as OpenMetrics text.
///
/// For an operator; at the address of `--metrics-listen` no credential is asked for.
#[utoipa::path(get, path = "/metrics", tag = "operation", security(("bearer" = [])), responses(
    (status = 200, description = "Counters, gauges and histograms whose names begin with helan_.", body = String, content_type = "application/openmetrics-text"),
    (status = 401, description = "No valid token."),
    (status = 403, description = "The token is not an operator's."),
))]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let content_type = [(header::CONTENT_TYPE, helan_runtime::metrics::Metrics::CONTENT_TYPE)];
    (content_type, app.ingest.metrics.encode()).into_response()
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "operation", security(("bearer" = [])), responses(
    (status = 200, description = "OpenAPI 3.1.", body = serde_json::Value),
    (status = 401, description = "No valid token."),
))]
pub(crate) async fn openapi_json() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], openapi::text()).into_response()
}
