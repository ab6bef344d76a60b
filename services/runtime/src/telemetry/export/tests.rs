//! Spans as a collector gets them, over a socket.

#[path = "../../../../../tests/end_to_end/traces/collector.rs"]
mod collector;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use tracing::field::Empty;
use tracing_subscriber::layer::SubscriberExt;

use self::collector::{Collector, Request};
use super::{Export, LAST_SPANS, answered, is_named, received};

#[test]
fn spans_come_to_the_collector_as_they_were() {
    let collector = Collector::start();
    let export = Export::open("ingest", Some(&format!("{}/v1/traces", collector.url))).expect("a way there");
    let subscriber = tracing_subscriber::registry().with(export.layer());
    let sent = |name: &str| match name {
        "traceparent" => Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        _ => None,
    };
    tracing::subscriber::with_default(subscriber, || {
        let span = tracing::info_span!(
            "request",
            http.path = "/v1/events",
            http.status = Empty,
            otel.kind = Empty,
            otel.name = Empty
        );
        received(&span, "POST /v1/events", sent);
        span.in_scope(|| {
            tracing::debug_span!("append", batch.rows = 3).in_scope(|| tracing::warn!("the log did not acknowledge"));
            tracing::trace_span!("too fine").in_scope(|| {});
            tracing::info_span!(target: "hyper::client", "another's").in_scope(|| {});
            tracing::debug!("a line that is too fine");
        });
        answered(&span, 503);
    });
    export.finish();

    let Request { line, content_type, resource, spans } = collector.next(Duration::from_secs(10)).expect("a request");
    assert_eq!((&*line, &*content_type), ("POST /v1/traces HTTP/1.1", "application/x-protobuf"));
    assert_eq!(resource["service.name"], "helan-ingest");
    assert_eq!((&*resource["service.namespace"], &*resource["service.version"]), ("helan", env!("CARGO_PKG_VERSION")));
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["append", "POST /v1/events"], "inner spans end first, and others are not sent");
    let [append, request] = &spans[..] else { unreachable!("there are two") };
    assert_eq!((&*request.trace, &*request.parent), ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"));
    assert_eq!((&append.trace, &append.parent), (&request.trace, &request.id));
    assert_eq!((request.kind, append.kind), (2, 1), "a server's span, and an internal one");
    assert_eq!((&*request.attributes["http.path"], &*request.attributes["http.status"]), ("/v1/events", "503"));
    assert_eq!((&*append.attributes["batch.rows"], request.failed, append.failed), ("3", true, false));
    assert_eq!((append.events.len(), request.events.len()), (1, 0), "{append:?}");
    assert_eq!(append.events, ["the log did not acknowledge"]);
}

#[test]
fn a_collector_that_is_away_keeps_nobody_waiting() {
    // Bound, and so nobody else's, but not accepting: a connection hangs.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/v1/traces", listener.local_addr().expect("an address"));
    let export = Export::open("up", Some(&url)).expect("a way there");
    let subscriber = tracing_subscriber::registry().with(export.layer());
    let begun = Instant::now();
    tracing::subscriber::with_default(subscriber, || {
        for _ in 0..10_000 {
            tracing::debug_span!("flush").in_scope(|| {});
        }
    });
    assert!(begun.elapsed() < Duration::from_secs(5), "spans beyond the queue are dropped");
    export.finish();
    assert!(begun.elapsed() < LAST_SPANS + Duration::from_secs(5));
}

#[test]
fn nothing_is_sent_unless_the_environment_names_a_collector() {
    let only = |set: &'static str, value: &'static str| {
        move |name: &str| (name == set).then(|| value.to_owned()).filter(|value| !value.is_empty())
    };
    assert!(!is_named(only("OTEL_SERVICE_NAME", "helan")));
    assert!(is_named(only("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")));
    assert!(is_named(only("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector:4318/v1/traces")));
    assert!(!is_named(|name: &str| Some(if name == "OTEL_SDK_DISABLED" { "true" } else { "http://c" }.to_owned())));
    assert!(Export::open("up", Some("not a URL")).is_err());
}
