//! Maintenance of the lake again and again, beside the roles of a process, and what it counts.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use helan_lake::cells::WORTH_FOLDING;
use helan_lake::{Cursor, Lake, maintain};
use helan_log::Log;
use helan_runtime::clock::Clock;
use helan_runtime::metrics::Metrics;
use helan_runtime::shutdown::Shutdown;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

/// Microseconds between two rounds that look for what may be deleted.
const DELETE_EVERY: i64 = 3_600_000_000;

/// Microseconds of a day: every day a part of what was folded is compared with the events.
const DAY: i64 = 86_400_000_000;

/// Bytes of files that are compared with their digests in a round: 46 GB in a day of rounds of two minutes.
pub(crate) const COMPARED_AT_ONCE: u64 = 64 * 1024 * 1024;

/// What maintenance counts; names `helan_maintenance_*`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    runs: Family<Vec<(&'static str, &'static str)>, Counter>,
    files: Counter,
    orphans: Counter,
    compared: Counter,
    without: Gauge,
    differing: Counter,
    seconds: Gauge<f64, AtomicU64>,
    success: Gauge<f64, AtomicU64>,
}

impl Counters {
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let counters = Self::default();
        for outcome in ["ok", "failed"] {
            drop(counters.runs.get_or_create(&vec![("outcome", outcome)]));
        }
        metrics.register(|registry| {
            let registry = registry.sub_registry_with_prefix("helan_maintenance");
            registry.register("runs", "Rounds of maintenance, by outcome", counters.runs.clone());
            let help = "Files that were put together into larger ones";
            registry.register("files_compacted", help, counters.files.clone());
            registry.register("orphans_deleted", "Files deleted that no version needed", counters.orphans.clone());
            let help = "Bytes of the lake's files that were compared with their digests";
            registry.register("compared_bytes", help, counters.compared.clone());
            let help = "Files among those that the last round compared which an earlier build or another program wrote";
            registry.register("files_without_digest", help, counters.without.clone());
            let help = "Cached cells that differed from the events; they are rebuilt";
            registry.register("cells_differing", help, counters.differing.clone());
            registry.register("last_seconds", "Time of the last round", counters.seconds.clone());
            let help = "Unix time of the end of the last round that succeeded; 0 = none since this process runs";
            registry.register("last_success_timestamp_seconds", help, counters.success.clone());
        });
        counters
    }
}

/// Maintains the lake again and again, and the log if it is not kept for ever. A round that fails is tried again at
/// the next.
pub(crate) async fn run(
    lake: Lake,
    every: Duration,
    retention: Option<(Arc<dyn Log>, Duration)>,
    counters: Counters,
    clock: Clock,
    shutdown: Shutdown,
) {
    // What may be deleted is a day old or older: looking for it every time would be for nothing.
    let mut looked = None;
    let mut cursor = Cursor::anywhere();
    let mut audited = None;
    let mut differed = false;
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = shutdown.wait() => return,
        }
        let begun = clock.now();
        let delete = looked.is_none_or(|looked| begun - looked >= DELETE_EVERY);
        match lake.verify(&mut cursor, COMPARED_AT_ONCE).await {
            Ok(verified) => {
                counters.compared.inc_by(verified.bytes);
                counters.without.set(i64::try_from(verified.without).unwrap_or(i64::MAX));
            }
            Err(error) => tracing::warn!(%error, "files could not be compared; the next round goes on"),
        }
        let outcome = maintain::run(&lake, &maintain::Options { delete, ..maintain::Options::default() }).await;
        // After files were put together: otherwise they would be read again.
        let delete_ms = delete.then_some(maintain::Options::default().orphan_age_ms);
        if let Err(error) = helan_query::fold(&lake, None, WORTH_FOLDING, delete_ms).await {
            tracing::warn!(%error, "cached cells were not updated; the next round tries again");
        }
        // Once a day another part is compared with the events, after folding: so what differs is folded again in the next
        // round.
        let day = begun.div_euclid(DAY);
        if audited != Some(day) {
            match helan_query::audit(&lake, None, Some(day.unsigned_abs())).await {
                Ok(audit) => {
                    // Once what differed is folded anew, all of it is compared, so that publishing goes on; but not again and
                    // again if that differs too.
                    let differs = !audit.differing.is_empty();
                    audited = Some(day).filter(|_| !audit.stops_publishing || differs && differed);
                    differed = differs;
                    if let Some((area, indicator, period)) = audit.differing.first() {
                        let cells = audit.differing.len();
                        counters.differing.inc_by(cells as u64);
                        tracing::error!(
                            cells,
                            ref_area = area,
                            indicator,
                            time_period = period,
                            "cached cells differ from the events: they are rebuilt, and nothing is published until all of them have been compared; reproduce the publications made since the last audit"
                        );
                    }
                }
                Err(error) => tracing::warn!(%error, "cached cells could not be compared; the next round tries again"),
            }
        }
        // From the log the lake can be built again.
        if let Some((log, age)) = &retention
            && lake.sound().is_ok()
            && let Err(error) = helan_aggregator::retain(&**log, &lake, *age, clock.now()).await
        {
            tracing::warn!(%error, "log retention failed; the next round tries again");
        }
        let ended = clock.now();
        counters.seconds.set((ended - begun) as f64 / 1e6);
        match outcome {
            Ok(reports) => {
                if delete {
                    looked = Some(begun);
                }
                for report in reports.values() {
                    counters.files.inc_by(report.files_before as u64);
                    counters.orphans.inc_by(report.orphans_deleted as u64);
                }
                counters.success.set(ended as f64 / 1e6);
                counters.runs.get_or_create(&vec![("outcome", "ok")]).inc();
            }
            Err(error) => {
                counters.runs.get_or_create(&vec![("outcome", "failed")]).inc();
                tracing::warn!(%error, "maintenance failed; the next round tries again");
            }
        }
    }
}
