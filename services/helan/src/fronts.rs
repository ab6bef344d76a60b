//! Front ends beside HTTP, for the tools that analysts have: where they listen, and how they are started.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use helan_connections::{Counters, Limits};
use helan_flight::Flight;
use helan_http::Tls;
use helan_postgres::Postgres;
use helan_query::desk::Desk;
use helan_runtime::clock::Clock;
use helan_runtime::credentials::Credentials;
use helan_runtime::metrics::Metrics;
use helan_runtime::shutdown::Shutdown;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Where front ends listen.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Fronts {
    /// Address for tools that speak PostgreSQL's protocol (psql, DBeaver, Metabase …): the views of /v1/sql, within its
    /// limits. Off unless set; one that others can reach needs --tls-cert or --behind-proxy
    #[arg(long, env = "HELAN_POSTGRES_LISTEN", value_name = "ADDRESS", help_heading = None::<&str>)]
    pub(crate) postgres_listen: Option<SocketAddr>,
    /// Address for tools that speak Arrow Flight SQL (ADBC from pandas, Polars or R; JDBC): the views of /v1/sql, within
    /// its limits. Off unless set; one that others can reach needs --tls-cert or --behind-proxy
    #[arg(long, env = "HELAN_FLIGHT_LISTEN", value_name = "ADDRESS", help_heading = None::<&str>)]
    pub(crate) flight_listen: Option<SocketAddr>,
}

impl Fronts {
    /// Each address with its flag.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = (&'static str, SocketAddr)> {
        // Named one by one, so that none is forgotten where addresses are checked.
        let Self { postgres_listen, flight_listen } = self;
        let named = [("--postgres-listen", postgres_listen), ("--flight-listen", flight_listen)];
        named.into_iter().filter_map(|(flag, address)| Some((flag, (*address)?)))
    }
}

/// What front ends are started from.
pub(crate) struct Parts<'a> {
    pub(crate) desk: &'a Desk,
    pub(crate) credentials: &'a Credentials,
    pub(crate) clock: &'a Clock,
    pub(crate) metrics: &'a Metrics,
    pub(crate) tls: Option<&'a Tls>,
}

impl Parts<'_> {
    /// Starts those that listen. Their counters are there in any case.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub(crate) fn start(
        self,
        postgres_listener: Option<TcpListener>,
        flight_listener: Option<TcpListener>,
        tasks: &mut JoinSet<anyhow::Result<()>>,
        shutdown: &Shutdown,
    ) -> anyhow::Result<()> {
        let postgres = Counters::register(self.metrics, "postgres", "PostgreSQL");
        let flight = Counters::register(self.metrics, "flight", "Flight SQL");
        let tls = self.tls.cloned().map(|tls| Arc::new(move || tls.config()) as helan_connections::Tls);
        let limits = Limits::default();
        let parts = |counters: Counters| {
            let (desk, credentials, clock) = (self.desk.clone(), self.credentials.clone(), self.clock.clone());
            helan_connections::Parts::new(desk, credentials, clock, counters, tls.clone(), &limits)
        };
        if let Some(listener) = postgres_listener {
            let front = Postgres::new(parts(postgres));
            let ending = shutdown.clone();
            tasks.spawn(async move { Ok(front.serve(listener, ending).await?) });
        }
        if let Some(listener) = flight_listener {
            let front = Flight::new(parts(flight))?;
            let ending = shutdown.clone();
            tasks.spawn(async move { Ok(front.serve(listener, ending).await?) });
        }
        Ok(())
    }
}
