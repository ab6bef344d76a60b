//! What a collector is told of an HTTP request beside the fields of its span. Nothing in a build without `otel`.

use tracing::Span;

/// Names the span of a request that came in, as `POST /v1/events`, and makes it part of the sender's trace, if the
/// headers name one (W3C Trace Context). Call it before the span is entered. The span has fields `otel.name` and
/// `otel.kind`, empty.
pub fn received<'h>(span: &Span, name: &str, header: impl Fn(&'static str) -> Option<&'h str>) {
    #[cfg(feature = "otel")]
    super::export::received(span, name, header);
    #[cfg(not(feature = "otel"))]
    let _ = (span, name, header);
}

/// Tells the status of the answer. The span has a field `http.status`, empty.
pub fn answered(span: &Span, status: u16) {
    #[cfg(feature = "otel")]
    super::export::answered(span, status);
    #[cfg(not(feature = "otel"))]
    let _ = (span, status);
}
