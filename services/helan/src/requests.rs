//! A span for each request, and a line for each answer.

use std::time::Instant;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

/// Runs a request in its span. Answers are logged at `debug`; those that say that we failed at `warn`.
pub(crate) async fn traced(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let span = tracing::info_span!("request", http.method = %request.method(), http.path = request.uri().path());
    let response = next.run(request).instrument(span.clone()).await;
    let (status, took) = (response.status().as_u16(), begun.elapsed().as_millis() as u64);
    if response.status().is_server_error() {
        tracing::warn!(parent: &span, http.status = status, duration_ms = took, "answered");
    } else {
        tracing::debug!(parent: &span, http.status = status, duration_ms = took, "answered");
    }
    response
}
