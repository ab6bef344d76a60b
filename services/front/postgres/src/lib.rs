//! The wire protocol of PostgreSQL: the views that `/v1/sql` answers, for tools that speak it.
//!
//! It only encodes what the desk answers. A connection asks as one credential, in a session of its own: time, memory,
//! rows, bytes and places are the desk's, and a question ends when its client cancels it or goes away. `pgwire` gives the
//! messages; its server, which has no bounds and keeps what would let others log in, is not used.

mod catalog;
mod decode;
mod encode;
mod greet;
mod numeric;
mod problem;
mod session;
mod settings;
mod statement;
mod types;
mod wire;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use helan_connections::{Front, Lang, Parts, Place, START_TIME};
use helan_runtime::shutdown::Shutdown;
use pgwire::messages::startup::SecretKey;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::greet::{Begun, begun, encrypted};
use crate::problem::{Own, Problem, ToMessage};
use crate::session::{KeptByAll, Session};

/// What connections are served from.
pub struct Postgres {
    parts: Parts,
    catalogs: catalog::Catalogs,
    kept: KeptByAll,
}

impl Postgres {
    /// Connections that ask a desk.
    pub fn new(parts: Parts) -> Self {
        Self { parts, catalogs: catalog::Catalogs::default(), kept: KeptByAll::new() }
    }

    /// Serves until shutdown is asked for, then lets questions under way end.
    ///
    /// # Errors
    /// Never for one connection; only if the listener itself cannot be used.
    pub async fn serve(self, listener: TcpListener, shutdown: Shutdown) -> io::Result<()> {
        tracing::info!(address = %listener.local_addr()?, "listening for PostgreSQL clients");
        let (connections, counters) = (self.parts.connections.clone(), self.parts.counters.clone());
        helan_connections::serve(Arc::new(self), listener, connections, counters, shutdown).await
    }

    fn cancel(&self, number: i32, secret: i32) {
        if self.parts.connections.cancel(number, secret) {
            self.parts.counters.cancelled.inc();
        }
    }
}

impl Front for Postgres {
    async fn speak(self: Arc<Self>, stream: TcpStream, peer: IpAddr, place: Place, shutdown: Shutdown) {
        let begun = tokio::select! {
            begun = timeout(START_TIME, begun(&self, stream, peer)) => begun,
            () = place.close.notified() => return,
            () = shutdown.wait() => return,
        };
        match begun {
            Ok(Ok(Begun::Session(known))) => Session::new(self, place, *known).run(shutdown).await,
            Ok(Ok(Begun::Cancel(number, SecretKey::I32(secret)))) => {
                drop(place);
                self.cancel(number, secret);
            }
            Ok(Ok(Begun::Cancel(number, SecretKey::Bytes(secret)))) => {
                drop(place);
                if let Ok(secret) = secret.as_ref().try_into() {
                    self.cancel(number, i32::from_be_bytes(secret));
                }
            }
            Ok(Err(wire::Broken::Ended)) => {}
            Ok(Err(error)) => {
                self.parts.counters.handshakes_failed.inc();
                tracing::debug!(%error, "a connection did not come to speak the protocol");
            }
            Err(_) => {
                self.parts.counters.handshakes_failed.inc();
            }
        }
    }

    /// Tells a connection that there is no room; a cancel request is heard even so.
    async fn refuse(self: Arc<Self>, stream: TcpStream) {
        let told = async {
            let (mut wire, _) = encrypted(&self, stream).await?;
            match wire.first().await? {
                pgwire::messages::PgWireFrontendMessage::CancelRequest(request) => {
                    if let SecretKey::I32(secret) = request.secret_key {
                        self.cancel(request.pid, secret);
                    }
                }
                _ => {
                    wire.put(&Problem::from(Own::Full).fatal().to_message(Lang::En))?;
                    wire.close().await;
                }
            }
            Ok::<_, wire::Broken>(())
        };
        let _ = told.await;
    }
}
