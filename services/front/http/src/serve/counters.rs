//! What listeners count.

use helan_runtime::metrics::Metrics;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use super::table::Refused;

type Labels = Vec<(&'static str, String)>;

/// The counters of every listener of the process; clones share them.
#[derive(Clone, Debug, Default)]
pub struct HttpCounters {
    connections: Family<Labels, Gauge>,
    refused: Family<Labels, Counter>,
    closed: Family<Labels, Counter>,
    probes_only: Family<Labels, Counter>,
    handshakes_failed: Family<Labels, Counter>,
    wrong_tokens: Family<Labels, Counter>,
    turned_away: Family<Labels, Counter>,
}

impl HttpCounters {
    /// Registers them; once a process.
    pub fn register(metrics: &Metrics) -> Self {
        let counters = Self::default();
        metrics.register(|registry| {
            let registry = registry.sub_registry_with_prefix("helan_http");
            let all = &counters;
            registry.register("connections", "Connections open now, by listener", all.connections.clone());
            let help = "Connections closed at once: their address, or the listener, has as many as it may have";
            registry.register("connections_refused", help, all.refused.clone());
            let help = "Idle connections closed to make room for others";
            registry.register("connections_closed", help, all.closed.clone());
            let help = "Connections let in for /healthz and /readyz only, because all others were at work";
            registry.register("connections_probes_only", help, all.probes_only.clone());
            let help = "Connections that did not come to speak TLS";
            registry.register("handshakes_failed", help, all.handshakes_failed.clone());
            registry.register("wrong_tokens", "Requests answered 401 that had a token", all.wrong_tokens.clone());
            let help = "Requests answered 429 for too many wrong tokens from their address";
            registry.register("wrong_tokens_turned_away", help, all.turned_away.clone());
        });
        counters
    }

    /// Those of one listener.
    pub(super) fn of(&self, listener: &'static str) -> Counters {
        let labels = vec![("listener", listener.to_owned())];
        let refused = |reason: &str| {
            let labels = vec![("listener", listener.to_owned()), ("reason", reason.to_owned())];
            self.refused.get_or_create(&labels).clone()
        };
        Counters {
            connections: self.connections.get_or_create(&labels).clone(),
            refused_address: refused("address"),
            refused_full: refused("full"),
            closed: self.closed.get_or_create(&labels).clone(),
            probes_only: self.probes_only.get_or_create(&labels).clone(),
            handshakes_failed: self.handshakes_failed.get_or_create(&labels).clone(),
            wrong_tokens: self.wrong_tokens.get_or_create(&labels).clone(),
            turned_away: self.turned_away.get_or_create(&labels).clone(),
        }
    }
}

/// The counters of one listener.
#[derive(Clone, Debug)]
pub(super) struct Counters {
    pub(super) connections: Gauge,
    refused_address: Counter,
    refused_full: Counter,
    pub(super) closed: Counter,
    pub(super) probes_only: Counter,
    pub(super) handshakes_failed: Counter,
    pub(super) wrong_tokens: Counter,
    pub(super) turned_away: Counter,
}

impl Counters {
    pub(super) fn refused(&self, why: Refused) {
        match why {
            Refused::Address => self.refused_address.inc(),
            Refused::Full => self.refused_full.inc(),
        };
    }
}
