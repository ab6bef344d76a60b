//! How far the lake is behind the log, for `/metrics`: in records, in seconds, and as a watermark.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use helan_log::{Log, TopicPartition};
use helan_runtime::clock::Clock;
use helan_runtime::metrics::Metrics;
use helan_runtime::shutdown::Shutdown;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::state::start_of;
use crate::status::Status;

/// How often the log's ends are polled; lag times are as precise as that.
const EVERY: Duration = Duration::from_secs(5);
/// How soon it looks again while no partition is assigned to this process.
const SOON: Duration = Duration::from_millis(200);
/// How long after a record was received its log may still take to hold it: the watermark stays that far behind.
const GRACE: f64 = 60.0;
/// Ends that are remembered of a partition; beyond them the oldest still tells how far behind it is.
const REMEMBERED: usize = 4096;

type Labels = Vec<(&'static str, String)>;
type Seconds = Gauge<f64, AtomicU64>;

/// The gauges; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Lag {
    records: Family<Labels, Gauge>,
    seconds: Family<Labels, Seconds>,
    watermark: Family<Labels, Seconds>,
}

impl Lag {
    /// Gauges that `/metrics` shows.
    pub fn register(metrics: &Metrics) -> Self {
        let lag = Self::default();
        metrics.register(|registry| {
            let registry = registry.sub_registry_with_prefix("helan_aggregator");
            let help = "Records in the log that some table has not, by partition";
            registry.register("lag_records", help, lag.records.clone());
            let help = "Time since the oldest of them was in the log, 5 s exact, by partition";
            registry.register("lag_seconds", help, lag.seconds.clone());
            let help =
                "Unix time up to which everything recorded is in the lake, by partition; the lake's is the smallest";
            registry.register("watermark_timestamp_seconds", help, lag.watermark.clone());
        });
        lag
    }

    fn show(&self, at: &TopicPartition, standing: Standing) {
        let labels = vec![("topic", at.topic.to_string()), ("partition", at.partition.to_string())];
        self.records.get_or_create(&labels).set(standing.records);
        self.seconds.get_or_create(&labels).set(standing.seconds);
        self.watermark.get_or_create(&labels).set(standing.watermark);
    }

    fn clear(&self) {
        self.records.clear();
        self.seconds.clear();
        self.watermark.clear();
    }
}

/// Measures the partitions that this process reads, until shutdown.
pub async fn watch(log: Arc<dyn Log>, status: Status, lag: Lag, clock: Clock, shutdown: Shutdown) {
    let mut seen = HashMap::<TopicPartition, Seen>::new();
    loop {
        let partitions = status.partitions();
        if seen.keys().any(|at| !partitions.contains_key(at)) {
            // Another process reads it now, and tells of it.
            seen.retain(|at, _| partitions.contains_key(at));
            lag.clear();
        }
        let pause = if partitions.is_empty() { SOON } else { EVERY };
        for (at, partition) in partitions {
            // While the log does not answer the last figures stand: `up` of the log is told by readiness.
            let Ok(ends) = log.ends(&at).await else { continue };
            let stored = start_of(&at, &partition.stored);
            let standing = seen.entry(at.clone()).or_default().judge(clock.now(), ends.next, stored);
            lag.show(&at, standing);
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.wait() => return,
        }
    }
}

/// Ends of one partition that the lake has not reached, each with when it was first seen; and when the newest was seen
/// that it has reached. Times in microseconds since the epoch.
#[derive(Default)]
struct Seen {
    ahead: VecDeque<(i64, i64)>,
    reached: Option<i64>,
}

/// How one partition stands.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Standing {
    records: i64,
    seconds: f64,
    watermark: f64,
}

impl Seen {
    fn judge(&mut self, now: i64, next: i64, stored: i64) -> Standing {
        if self.ahead.back().is_none_or(|(_, end)| *end < next) && self.ahead.len() < REMEMBERED {
            self.ahead.push_back((now, next));
        }
        while let Some((at, _)) = self.ahead.pop_front_if(|(_, end)| *end <= stored) {
            self.reached = Some(at);
        }
        if self.ahead.is_empty() {
            self.reached = Some(now);
        }
        let oldest = self.ahead.front().map_or(now, |(at, _)| *at);
        let watermark = self.reached.map_or(0.0, |at| at as f64 / 1e6 - GRACE);
        Standing { records: (next - stored).max(0), seconds: (now - oldest) as f64 / 1e6, watermark }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn lag_is_the_age_of_the_oldest_record_that_is_not_in_the_lake() {
        let mut seen = Seen::default();
        let judge = |seen: &mut Seen, now: i64, next, stored| seen.judge(now * SECOND, next, stored);
        let nothing = judge(&mut seen, 100, 10, 10);
        assert_eq!(nothing, Standing { records: 0, seconds: 0.0, watermark: 40.0 });
        // Five records come, and are not read.
        assert_eq!(judge(&mut seen, 105, 15, 10), Standing { records: 5, seconds: 0.0, watermark: 40.0 });
        assert_eq!(judge(&mut seen, 110, 15, 10), Standing { records: 5, seconds: 5.0, watermark: 40.0 });
        // More come; some of the first are read, then all of them.
        assert_eq!(judge(&mut seen, 115, 20, 12), Standing { records: 8, seconds: 10.0, watermark: 40.0 });
        assert_eq!(judge(&mut seen, 120, 20, 15), Standing { records: 5, seconds: 5.0, watermark: 45.0 });
        assert_eq!(judge(&mut seen, 125, 20, 20), Standing { records: 0, seconds: 0.0, watermark: 65.0 });
    }

    #[test]
    fn a_lake_that_never_reads_is_never_up_to_date_and_memory_is_bounded() {
        let mut seen = Seen::default();
        for n in 1..10_000 {
            seen.judge(n * SECOND, n, 0);
        }
        let standing = seen.judge(10_000 * SECOND, 10_000, 0);
        assert_eq!((standing.records, standing.watermark), (10_000, 0.0));
        assert_eq!(standing.seconds, 9_999.0);
        assert_eq!(seen.ahead.len(), REMEMBERED);
    }
}
