//! Front ends beside HTTP, for the tools that analysts have: where they listen, and how they are started.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use helan_ingest::Tls;
use helan_postgres::{Counters, Limits, Postgres};
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
}

impl Fronts {
    /// Each address with its flag.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = (&'static str, SocketAddr)> {
        self.postgres_listen.map(|address| ("--postgres-listen", address)).into_iter()
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
    /// Starts those that have an address. Their counters are there in any case.
    ///
    /// # Errors
    /// If nothing can listen there.
    pub(crate) async fn start(
        self,
        fronts: &Fronts,
        tasks: &mut JoinSet<anyhow::Result<()>>,
        shutdown: &Shutdown,
    ) -> anyhow::Result<()> {
        let counters = Counters::register(self.metrics);
        let Some(address) = fronts.postgres_listen else { return Ok(()) };
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| format!("cannot listen on {address} (--postgres-listen)"))?;
        let tls = self.tls.cloned().map(|tls| Arc::new(move || tls.config()) as helan_postgres::Tls);
        let (credentials, clock) = (self.credentials.clone(), self.clock.clone());
        let front = Postgres::new(self.desk.clone(), credentials, clock, counters, tls, &Limits::default());
        let ending = shutdown.clone();
        tasks.spawn(async move { Ok(front.serve(listener, ending).await?) });
        Ok(())
    }
}
