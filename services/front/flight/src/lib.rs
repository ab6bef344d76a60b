//! Arrow Flight SQL: the views that `/v1/sql` answers, for tools that read Arrow.
//!
//! It only encodes what the desk answers. Every call is let in by its own credential, and what a client keeps between
//! calls (a prepared statement, a ticket) it keeps itself, sealed: nothing grows here with what clients ask for.
//! `arrow-flight` gives messages and dispatch; connections are ours, with the bounds of the other front ends.

mod answer;
mod bound;
mod caller;
mod calls;
mod connection;
mod described;
mod handle;
mod info;
mod problem;
mod running;
mod sent;
mod service;
mod tables;

use std::io;
use std::sync::Arc;

use arrow_flight::flight_service_server::FlightServiceServer;
use arrow_flight::sql::metadata::SqlInfoData;
use helan_connections::Parts;
use helan_runtime::seal::Seal;
use helan_runtime::shutdown::Shutdown;
use tokio::net::TcpListener;

use crate::calls::Calls;
use crate::running::Running;
use crate::service::Service;

/// Bytes of a message of a client: a statement is much shorter, and so are its parameters.
const MESSAGE: usize = 1024 * 1024;

/// What connections are served from.
pub struct Flight {
    parts: Parts,
    seal: Seal,
    running: Running,
    info: SqlInfoData,
}

impl Flight {
    /// Connections that ask a desk.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn new(parts: Parts) -> io::Result<Self> {
        let info = info::all().map_err(io::Error::other)?;
        Ok(Self { parts, seal: Seal::new()?, running: Running::default(), info })
    }

    /// Serves until shutdown is asked for, then lets questions under way end.
    ///
    /// # Errors
    /// Never for one connection; only if the listener itself cannot be used.
    pub async fn serve(self, listener: TcpListener, shutdown: Shutdown) -> io::Result<()> {
        tracing::info!(address = %listener.local_addr()?, "listening for Flight SQL clients");
        let (connections, counters) = (self.parts.connections.clone(), self.parts.counters.clone());
        helan_connections::serve(Arc::new(self), listener, connections, counters, shutdown).await
    }

    fn service(self: &Arc<Self>) -> FlightServiceServer<Calls> {
        FlightServiceServer::new(Calls(Service(self.clone()))).max_decoding_message_size(MESSAGE)
    }
}
