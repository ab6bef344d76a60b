//! What the service counts. The names are an interface; each is registered at start, so that zero is reported.

use helan_schemas::refusal::Code;
use helan_schemas::topics;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

/// The counters; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    requests: Family<Vec<(&'static str, String)>, Counter>,
    errors: Family<Vec<(&'static str, String)>, Counter>,
    submissions: Family<Vec<(&'static str, String)>, Counter>,
    events: Family<Vec<(&'static str, String)>, Counter>,
    bytes: Family<Vec<(&'static str, String)>, Counter>,
    refusals_lost: Counter,
    in_flight: Gauge,
    request_seconds: Histogram,
    append_seconds: Histogram,
}

impl Metrics {
    pub(crate) fn register(registry: &helan_runtime::metrics::Metrics) -> Self {
        // 0.5 ms to 16 s.
        let times = || Histogram::new(exponential_buckets(0.0005, 2.0, 16));
        let metrics = Self {
            requests: Family::default(),
            errors: Family::default(),
            submissions: Family::default(),
            events: Family::default(),
            bytes: Family::default(),
            refusals_lost: Counter::default(),
            in_flight: Gauge::default(),
            request_seconds: times(),
            append_seconds: times(),
        };
        for code in Code::ALL.iter().filter(|code| code.status() != 0) {
            drop(metrics.errors.get_or_create(&label("code", code.code())));
        }
        for path in ["/v1/events", "/v1/submissions"] {
            drop(metrics.requests.get_or_create(&vec![("path", path.to_owned()), ("status", "202".to_owned())]));
        }
        for topic in topics::ALL.into_iter().filter(|topic| !topics::holds_refusals(topic)) {
            for family in [&metrics.submissions, &metrics.events, &metrics.bytes] {
                drop(family.get_or_create(&label("topic", topic)));
            }
        }
        registry.register(|registry| {
            let registry = registry.sub_registry_with_prefix("helan_ingest");
            registry.register("requests", "Requests answered", metrics.requests.clone());
            registry.register("errors", "Errors found, by code", metrics.errors.clone());
            registry.register("submissions", "Submissions that the log acknowledged", metrics.submissions.clone());
            registry.register("events", "Events in acknowledged submissions", metrics.events.clone());
            registry.register("bytes", "Bytes of canonical JSON acknowledged", metrics.bytes.clone());
            registry.register("refusals_lost", "Refusals that were not kept", metrics.refusals_lost.clone());
            registry.register("in_flight", "Requests under way", metrics.in_flight.clone());
            registry.register("request_seconds", "Time from headers to answer", metrics.request_seconds.clone());
            registry.register("append_seconds", "Time until the log acknowledged", metrics.append_seconds.clone());
        });
        metrics
    }

    pub(crate) fn answered(&self, path: &'static str, status: u16, seconds: f64) {
        let labels = vec![("path", path.to_owned()), ("status", status.to_string())];
        self.requests.get_or_create(&labels).inc();
        self.request_seconds.observe(seconds);
    }

    pub(crate) fn error(&self, code: Code) {
        self.errors.get_or_create(&label("code", code.code())).inc();
    }

    pub(crate) fn acknowledged(&self, topic: &str, events: u32, bytes: usize, seconds: f64) {
        let labels = label("topic", topic);
        self.submissions.get_or_create(&labels).inc();
        self.events.get_or_create(&labels).inc_by(u64::from(events));
        self.bytes.get_or_create(&labels).inc_by(bytes as u64);
        self.append_seconds.observe(seconds);
    }

    pub(crate) fn refusal_lost(&self) {
        self.refusals_lost.inc();
    }

    /// Counts a request as under way until the guard is dropped, also when the client goes away.
    pub(crate) fn under_way(&self) -> UnderWay {
        self.in_flight.inc();
        UnderWay(self.in_flight.clone())
    }
}

/// A request under way.
pub(crate) struct UnderWay(Gauge);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn label(name: &'static str, value: &str) -> Vec<(&'static str, String)> {
    vec![(name, value.to_owned())]
}
