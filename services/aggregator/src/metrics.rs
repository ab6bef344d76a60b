//! What the aggregator counts; names `helan_aggregator_*`.

use helan_runtime::metrics::Metrics;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

use crate::judge::Counts;

/// The counters; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    /// Records committed.
    pub records: Counter,
    /// Events that were new.
    pub accepted: Counter,
    /// Events that repeated accepted ones.
    pub repeated: Counter,
    /// Submissions refused for an id used before.
    pub conflicts: Counter,
    /// Records that could not be decoded.
    pub undecodable: Counter,
    /// Ids looked up in the table.
    pub suspects: Counter,
    /// Batches committed.
    pub flushes: Counter,
    /// Times another writer owned a partition.
    pub fenced: Counter,
    /// Commits that failed and were tried again.
    pub failures: Counter,
    /// Records received by a clock that is ahead of ours.
    pub clock_ahead: Counter,
    /// Partitions that stopped and wait for someone to look.
    pub stopped: Gauge,
    /// Bytes read but not committed.
    pub pending_bytes: Gauge,
    /// Time of one flush: looking up, judging, and the commits of every table.
    pub commit_seconds: Seconds,
    /// Events of one flush that were new.
    pub batch_rows: Rows,
}

/// Times from 1 ms to 32 s.
#[derive(Clone, Debug)]
pub struct Seconds(pub Histogram);

impl Default for Seconds {
    fn default() -> Self {
        Self(Histogram::new(exponential_buckets(0.001, 2.0, 16)))
    }
}

/// Counts from 1 to about a million.
#[derive(Clone, Debug)]
pub struct Rows(pub Histogram);

impl Default for Rows {
    fn default() -> Self {
        Self(Histogram::new(exponential_buckets(1.0, 4.0, 11)))
    }
}

impl Counters {
    /// Counters that `/metrics` shows.
    pub fn register(metrics: &Metrics) -> Self {
        let counters = Self::default();
        metrics.register(|registry| {
            let registry = registry.sub_registry_with_prefix("helan_aggregator");
            for (name, help, counter) in [
                ("records", "Records committed", &counters.records),
                ("events_accepted", "Events that were new", &counters.accepted),
                ("events_repeated", "Events that repeated accepted ones", &counters.repeated),
                ("submissions_conflicting", "Submissions refused for an id used before", &counters.conflicts),
                ("records_undecodable", "Records that could not be decoded", &counters.undecodable),
                ("ids_looked_up", "Ids that had to be looked up in the events table", &counters.suspects),
                ("flushes", "Batches committed", &counters.flushes),
                ("fenced", "Times another writer owned a partition", &counters.fenced),
                (
                    "records_clock_ahead",
                    "Records received by a clock more than 10 minutes ahead of this one",
                    &counters.clock_ahead,
                ),
                ("failures", "Commits that failed and were tried again", &counters.failures),
            ] {
                registry.register(name, help, counter.clone());
            }
            registry.register("partitions_stopped", "Stopped partitions that need attention", counters.stopped.clone());
            registry.register("pending_bytes", "Bytes read but not yet committed", counters.pending_bytes.clone());
            let help = "Time of one flush with all its commits";
            registry.register("commit_seconds", help, counters.commit_seconds.0.clone());
            registry.register("batch_rows", "New events of one flush", counters.batch_rows.0.clone());
        });
        counters
    }

    pub(crate) fn committed(&self, counts: Counts, seconds: f64) {
        self.flushes.inc();
        self.commit_seconds.0.observe(seconds);
        self.batch_rows.0.observe(counts.accepted as f64);
        self.records.inc_by(counts.records);
        self.accepted.inc_by(counts.accepted);
        self.repeated.inc_by(counts.repeated);
        self.conflicts.inc_by(counts.refused);
        self.undecodable.inc_by(counts.undecodable);
        self.suspects.inc_by(counts.suspects);
    }
}
