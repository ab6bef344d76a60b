//! What the aggregator counts; names `helan_aggregator_*`.

use helan_runtime::metrics::Metrics;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

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
    /// Partitions that stopped and wait for someone to look.
    pub stopped: Gauge,
    /// Events per partition that are read but not committed.
    pub pending_bytes: Gauge,
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
                ("failures", "Commits that failed and were tried again", &counters.failures),
            ] {
                registry.register(name, help, counter.clone());
            }
            registry.register(
                "partitions_stopped",
                "Partitions that wait for someone to look",
                counters.stopped.clone(),
            );
            registry.register("pending_bytes", "Bytes read but not yet committed", counters.pending_bytes.clone());
        });
        counters
    }

    pub(crate) fn committed(&self, counts: Counts) {
        self.flushes.inc();
        self.records.inc_by(counts.records);
        self.accepted.inc_by(counts.accepted);
        self.repeated.inc_by(counts.repeated);
        self.conflicts.inc_by(counts.refused);
        self.undecodable.inc_by(counts.undecodable);
        self.suspects.inc_by(counts.suspects);
    }
}
