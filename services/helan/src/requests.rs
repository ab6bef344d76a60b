//! A span for each request, and a line for each answer.

use std::time::Instant;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use helan_runtime::telemetry;
use tracing::Instrument;
use tracing::field::Empty;

/// Runs a request in its span. Answers are logged at `debug`; those that say that we failed at `warn`.
pub(crate) async fn traced(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let span = tracing::info_span!(
        "request",
        http.method = %request.method(),
        http.path = request.uri().path(),
        http.status = Empty,
        otel.kind = Empty,
        otel.name = Empty,
    );
    let name = format!("{} {}", request.method(), place(request.uri().path()));
    telemetry::received(&span, &name, |name| request.headers().get(name).and_then(|value| value.to_str().ok()));
    let response = next.run(request).instrument(span.clone()).await;
    let (status, took) = (response.status().as_u16(), begun.elapsed().as_millis() as u64);
    telemetry::answered(&span, status);
    if response.status().is_server_error() {
        tracing::warn!(parent: &span, http.status = status, duration_ms = took, "answered");
    } else {
        tracing::debug!(parent: &span, http.status = status, duration_ms = took, "answered");
    }
    response
}

/// A path without the ids at its end: `/v1/submissions` for each of them.
fn place(path: &str) -> &str {
    path.match_indices('/').nth(2).map_or(path, |(end, _)| &path[..end])
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn paths_that_differ_by_an_id_are_one_place() {
        for (path, expected) in [
            ("/v1/submissions/yinchuan:01J", "/v1/submissions"),
            ("/v1/templates/nx-kjt", "/v1/templates"),
            ("/v1/events", "/v1/events"),
            ("/healthz", "/healthz"),
            ("", ""),
        ] {
            assert_eq!(place(path), expected);
        }
    }
}
