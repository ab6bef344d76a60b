//! Arrow Flight SQL: the views that `/v1/sql` answers, for tools that read Arrow.
//!
//! It only encodes what the desk answers. Every call is let in by its own credential, and what a client keeps between
//! calls (a prepared statement, a ticket) it keeps itself, sealed: nothing grows here with what clients ask for.
//! `arrow-flight` gives messages and dispatch; connections are ours, with the bounds of the other front ends.

mod answer;
mod bound;
mod caller;
mod connection;
mod described;
mod handle;
mod info;
mod running;
mod sent;
mod service;
mod tables;
mod told;

use std::io;
use std::sync::Arc;

use arrow_flight::flight_service_server::FlightServiceServer;
use arrow_flight::sql::metadata::SqlInfoData;
use helan_connections::{Connections, Counters, Limits, Tls};
use helan_query::desk::Desk;
use helan_runtime::clock::Clock;
use helan_runtime::credentials::{Credentials, WrongTokens};
use helan_runtime::seal::Seal;
use helan_runtime::shutdown::Shutdown;
use tokio::net::TcpListener;

use crate::running::Running;
use crate::service::Service;

/// Bytes of a message of a client: a statement is much shorter, and so are its parameters.
const MESSAGE: usize = 1024 * 1024;

/// What connections are served from.
pub struct Flight {
    desk: Desk,
    credentials: Credentials,
    clock: Clock,
    counters: Counters,
    tls: Option<Tls>,
    wrong: WrongTokens,
    connections: Connections,
    seal: Seal,
    running: Running,
    info: SqlInfoData,
}

impl Flight {
    /// Connections that ask a desk. With a certificate all of them are encrypted.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn new(
        desk: Desk,
        credentials: Credentials,
        clock: Clock,
        counters: Counters,
        tls: Option<Tls>,
        limits: &Limits,
    ) -> io::Result<Self> {
        let wrong = WrongTokens::new(clock.clone(), limits.wrong_tokens_per_minute);
        let connections = Connections::new(limits.connections, limits.connections_each);
        let info = info::all().map_err(io::Error::other)?;
        let (seal, running) = (Seal::new()?, Running::default());
        Ok(Self { desk, credentials, clock, counters, tls, wrong, connections, seal, running, info })
    }

    /// Serves until shutdown is asked for, then lets questions under way end.
    ///
    /// # Errors
    /// Never for one connection; only if the listener itself cannot be used.
    pub async fn serve(self, listener: TcpListener, shutdown: Shutdown) -> io::Result<()> {
        tracing::info!(address = %listener.local_addr()?, "listening for Flight SQL clients");
        let (connections, counters) = (self.connections.clone(), self.counters.clone());
        helan_connections::serve(Arc::new(self), listener, connections, counters, shutdown).await
    }

    fn service(self: &Arc<Self>) -> FlightServiceServer<Service> {
        FlightServiceServer::new(Service(self.clone())).max_decoding_message_size(MESSAGE)
    }
}
