//! What a front end's listener counts; names `helan_<front>_*`, each reported from the start.

use helan_runtime::metrics::Metrics;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

/// The counters of one front end; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    /// Open connections.
    pub connections: Gauge,
    /// Connections for which there was no place.
    pub refused: Counter,
    /// Idle connections that were closed to make room.
    pub closed: Counter,
    /// Connections that did not come to speak TLS or the protocol.
    pub handshakes_failed: Counter,
    /// Wrong users or tokens.
    pub wrong_tokens: Counter,
    /// Questions that a client asked to end.
    pub cancelled: Counter,
    /// Questions whose client went away.
    pub vanished: Counter,
}

impl Counters {
    /// The counters of a front end, registered: its prefix in names, and how help texts call its clients.
    pub fn register(metrics: &Metrics, prefix: &str, name: &str) -> Self {
        let counters = Self::default();
        metrics.register(|registry| {
            let registry = registry.sub_registry_with_prefix(format!("helan_{prefix}"));
            registry.register("connections", format!("Open {name} connections"), counters.connections.clone());
            let help = format!("{name} connections refused because all places were taken");
            registry.register("connections_refused", help, counters.refused.clone());
            let help = format!("Idle {name} connections closed to make room for others");
            registry.register("connections_closed", help, counters.closed.clone());
            let help = format!("{name} connections that did not come to speak TLS or the protocol");
            registry.register("handshakes_failed", help, counters.handshakes_failed.clone());
            let help = format!("{name} logins with a wrong user or token");
            registry.register("wrong_tokens", help, counters.wrong_tokens.clone());
            let help = format!("Questions that a {name} client asked to end");
            registry.register("cancelled", help, counters.cancelled.clone());
            let help = format!("Questions whose {name} client went away before the answer");
            registry.register("vanished", help, counters.vanished.clone());
        });
        counters
    }
}
