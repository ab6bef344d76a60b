//! What the PostgreSQL listener counts; names `helan_postgres_*`, each reported from the start.

use helan_runtime::metrics::Metrics;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

/// The counters; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    pub(crate) connections: Gauge,
    pub(crate) refused: Counter,
    pub(crate) closed: Counter,
    pub(crate) handshakes_failed: Counter,
    pub(crate) wrong_tokens: Counter,
    pub(crate) cancelled: Counter,
    pub(crate) vanished: Counter,
}

impl Counters {
    /// The counters, registered.
    pub fn register(metrics: &Metrics) -> Self {
        let counters = Self::default();
        metrics.register(|registry| {
            let registry = registry.sub_registry_with_prefix("helan_postgres");
            registry.register("connections", "Open PostgreSQL connections", counters.connections.clone());
            let help = "PostgreSQL connections refused because all places were taken";
            registry.register("connections_refused", help, counters.refused.clone());
            let help = "Idle PostgreSQL connections closed to make room for others";
            registry.register("connections_closed", help, counters.closed.clone());
            let help = "PostgreSQL connections that did not come to speak TLS or the protocol";
            registry.register("handshakes_failed", help, counters.handshakes_failed.clone());
            let help = "PostgreSQL logins with a wrong user or token";
            registry.register("wrong_tokens", help, counters.wrong_tokens.clone());
            let help = "Questions that a PostgreSQL client asked to end";
            registry.register("cancelled", help, counters.cancelled.clone());
            let help = "Questions whose PostgreSQL client went away before the answer";
            registry.register("vanished", help, counters.vanished.clone());
        });
        counters
    }
}
