//! What a desk counts; names `helan_sql_*`, each reported from the start.

use helan_runtime::metrics::Metrics;
use helan_schemas::refusal::Code;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

type Labels = Vec<(&'static str, &'static str)>;

/// Outcome of a query whose answer was fetched to its end.
pub(super) const ANSWERED: &str = "answered";
/// Outcome of a query whose client went away.
pub(super) const CANCELLED: &str = "cancelled";

/// The counters; clones share them.
#[derive(Clone, Debug)]
pub(super) struct Counters {
    pub(super) running: Gauge,
    outcomes: Family<Labels, Counter>,
    pub(super) rows: Counter,
    pub(super) bytes: Counter,
    pub(super) seconds: Histogram,
    pub(super) memory: Gauge,
}

impl Counters {
    pub(super) fn register(metrics: Option<&Metrics>) -> Self {
        let counters = Self {
            running: Gauge::default(),
            outcomes: Family::default(),
            rows: Counter::default(),
            bytes: Counter::default(),
            // 1 ms to 131 s.
            seconds: Histogram::new(exponential_buckets(0.001, 2.0, 18)),
            memory: Gauge::default(),
        };
        let codes = Code::ALL.iter().map(|code| code.code()).filter(|code| code.starts_with("sql_"));
        for outcome in [ANSWERED, CANCELLED].into_iter().chain(codes) {
            drop(counters.outcomes.get_or_create(&vec![("outcome", outcome)]));
        }
        let Some(metrics) = metrics else { return counters };
        metrics.register(|registry| {
            let registry = registry.sub_registry_with_prefix("helan_sql");
            registry.register("running", "Queries of /v1/sql, /v1/reports, /v1/findings and front ends under way", counters.running.clone());
            let help = "Queries of /v1/sql, /v1/reports, /v1/findings and front ends by outcome: answered, cancelled, or a code of ERRORS.md";
            registry.register("queries", help, counters.outcomes.clone());
            registry.register("rows", "Rows answered by /v1/sql and by front ends", counters.rows.clone());
            registry.register("bytes", "Bytes answered by /v1/sql and by front ends", counters.bytes.clone());
            registry.register("seconds", "Time from a request to the end of its answer", counters.seconds.clone());
            let help = "Memory that queries and what they share have reserved, when a query last began or ended";
            registry.register("memory_bytes", help, counters.memory.clone());
        });
        counters
    }

    pub(super) fn count(&self, outcome: &'static str) {
        self.outcomes.get_or_create(&vec![("outcome", outcome)]).inc();
    }
}
