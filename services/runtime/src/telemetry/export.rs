//! Spans to an OpenTelemetry collector: OTLP over HTTP, as protobuf.
//!
//! Everything is set by the standard's own variables, `OTEL_…`. The exporter has a thread of its own, and so has its
//! HTTP client: a process that is busy, blocked or ending still sends, and spans wait in a bounded queue, so that a
//! collector that is away costs nothing but its spans.

use std::time::Duration;

use anyhow::Context;
use opentelemetry::KeyValue;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{Status, TracerProvider};
use opentelemetry_otlp::{WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::resource::EnvResourceDetector;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Metadata, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::registry::LookupSpan;

use self::client::Client;

mod client;
#[cfg(test)]
mod tests;

/// Time that the last spans have to be sent when the process ends.
const LAST_SPANS: Duration = Duration::from_secs(5);
/// Time that a collector has to answer, unless the environment says otherwise: the standard's own default.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The way to a collector.
#[derive(Debug)]
pub(super) struct Export(SdkTracerProvider);

impl Export {
    /// The way to the collector that the environment names; none if it names none or says `OTEL_SDK_DISABLED`.
    pub(super) fn by_environment(role: &str) -> anyhow::Result<Option<Self>> {
        if is_named(variable) { Self::open(role, None).map(Some) } else { Ok(None) }
    }

    /// The way to a collector at a URL that takes traces; otherwise where the environment says.
    fn open(role: &str, url: Option<&str>) -> anyhow::Result<Self> {
        let timeout =
            ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"].into_iter().find_map(variable);
        let timeout = match timeout {
            Some(text) => Duration::from_millis(text.parse().context("OTEL_EXPORTER_OTLP_TIMEOUT is in milliseconds")?),
            None => TIMEOUT,
        };
        let builder = opentelemetry_otlp::SpanExporter::builder().with_http();
        let mut builder = builder.with_http_client(Client::new(timeout)?).with_timeout(timeout);
        if let Some(url) = url {
            builder = builder.with_endpoint(url);
        }
        let exporter = builder.build().context("spans cannot be sent to where OTEL_EXPORTER_OTLP_ENDPOINT says")?;
        let provider = SdkTracerProvider::builder().with_resource(resource(role)).with_batch_exporter(exporter).build();
        Ok(Self(provider))
    }

    /// What hands spans over: those of Helan, detailed ones too, with the log lines in them. Not those of libraries: the
    /// client that sends spans has some itself.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let wanted = |metadata: &Metadata<'_>| {
            let detail = if metadata.is_span() { Level::DEBUG } else { Level::INFO };
            metadata.target().starts_with("helan") && *metadata.level() <= detail
        };
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("helan"))
            .with_location(false)
            .with_threads(false)
            .with_filter(filter_fn(wanted).with_max_level_hint(LevelFilter::DEBUG))
    }

    /// Sends what waits.
    pub(super) fn finish(self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST_SPANS) {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// Whether variables name a collector, and nothing says that it is not to be used.
fn is_named(variable: impl Fn(&str) -> Option<String>) -> bool {
    let disabled = variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let named = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"].map(variable);
    !disabled && named.iter().any(Option::is_some)
}

/// A variable that is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Who sends. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` win.
fn resource(role: &str) -> Resource {
    let given = Resource::builder_empty().with_detector(Box::new(EnvResourceDetector::new())).build();
    let has_name = variable("OTEL_SERVICE_NAME").is_some() || given.get_ref(&"service.name".into()).is_some();
    let resource = Resource::builder().with_attributes([
        KeyValue::new("service.namespace", "helan"),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
    ]);
    let resource = if has_name { resource } else { resource.with_service_name(format!("helan-{role}")) };
    let attributes: Vec<_> = given.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone())).collect();
    resource.with_attributes(attributes).build()
}

/// The headers of W3C Trace Context.
const HEADERS: [&str; 2] = ["traceparent", "tracestate"];

/// Their values in a request.
struct Given<'h>([Option<&'h str>; 2]);

impl Extractor for Given<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        HEADERS.iter().position(|header| *header == key).and_then(|at| self.0[at])
    }

    fn keys(&self) -> Vec<&str> {
        HEADERS.to_vec()
    }
}

pub(super) fn received<'h>(span: &Span, name: &str, header: impl Fn(&'static str) -> Option<&'h str>) {
    span.record("otel.kind", "server").record("otel.name", name);
    let given = Given(HEADERS.map(header));
    if given.0[0].is_some() {
        // Fails where nobody takes spans, and then there is nothing to be part of.
        let _ = span.set_parent(TraceContextPropagator::new().extract(&given));
    }
}

pub(super) fn answered(span: &Span, status: u16) {
    span.record("http.status", status);
    if status >= 500 {
        span.set_status(Status::error(""));
    }
}
