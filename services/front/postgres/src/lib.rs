//! The wire protocol of PostgreSQL: the views that `/v1/sql` answers, for tools that speak it.
//!
//! It only encodes what the desk answers. A connection asks as one credential, in a session of its own: time, memory,
//! rows, bytes and places are the desk's, and a question ends when its client cancels it or goes away. `pgwire` gives the
//! messages; its server, which has no bounds and keeps what would let others log in, is not used.

mod catalog;
mod connections;
mod counters;
mod decode;
mod encode;
mod greet;
mod numeric;
mod said;
mod session;
mod settings;
mod statement;
mod types;
mod wire;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use helan_query::desk::Desk;
use helan_runtime::clock::Clock;
use helan_runtime::credentials::{Credentials, WrongTokens};
use helan_runtime::shutdown::Shutdown;
use pgwire::messages::startup::SecretKey;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::rustls::ServerConfig;

pub use counters::Counters;

use crate::connections::{Connections, Place};
use crate::greet::{Begun, begun, encrypted};
use crate::said::{Lang, Own, Said};
use crate::session::Session;

/// Time limit for authentication.
const START_TIME: Duration = Duration::from_secs(15);
/// Time that questions under way have to end after shutdown was asked for.
const DRAIN_TIME: Duration = Duration::from_secs(35);
/// After this silence the kernel asks whether the other side still lives, and after three unanswered questions it ends
/// the connection: those of machines that lost their power must not fill the table.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(60);
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(10);
/// Pause after a failed accept: the process is out of file descriptors, and asking again at once would only spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Extra connections that may be told that there are too many.
const TOLD: usize = 32;

/// What connections may use. The defaults are the documented ones; tests use smaller ones.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at a time. Beyond it the one that has been idle for longest is closed.
    pub connections: usize,
    /// Of these, connections of one credential.
    pub connections_each: usize,
    /// Wrong users or tokens from one address in a minute, as over HTTP.
    pub wrong_tokens_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 256, connections_each: 128, wrong_tokens_per_minute: 30 }
    }
}

/// The certificate for the next connection.
pub type Tls = Arc<dyn Fn() -> Arc<ServerConfig> + Send + Sync>;

/// What connections are served from.
pub struct Postgres {
    desk: Desk,
    credentials: Credentials,
    clock: Clock,
    counters: Counters,
    tls: Option<Tls>,
    wrong: WrongTokens,
    connections: Connections,
    catalogs: catalog::Catalogs,
}

impl Postgres {
    /// Connections that ask a desk. With a certificate all of them are encrypted.
    pub fn new(
        desk: Desk,
        credentials: Credentials,
        clock: Clock,
        counters: Counters,
        tls: Option<Tls>,
        limits: &Limits,
    ) -> Self {
        let wrong = WrongTokens::new(clock.clone(), limits.wrong_tokens_per_minute);
        let connections = Connections::new(limits.connections, limits.connections_each);
        let catalogs = catalog::Catalogs::default();
        Self { desk, credentials, clock, counters, tls, wrong, connections, catalogs }
    }

    /// Serves until shutdown is asked for, then lets questions under way end.
    ///
    /// # Errors
    /// Never for one connection; only if the listener itself cannot be used.
    pub async fn serve(self, listener: TcpListener, shutdown: Shutdown) -> io::Result<()> {
        tracing::info!(address = %listener.local_addr()?, "listening for PostgreSQL clients");
        let front = Arc::new(self);
        let (mut attended, mut told) = (JoinSet::new(), JoinSet::new());
        loop {
            let (stream, peer) = tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => (stream, peer.ip()),
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                },
                () = shutdown.wait() => break,
            };
            while attended.try_join_next().is_some() || told.try_join_next().is_some() {}
            if let Err(error) = prepare(&stream) {
                tracing::debug!(%error, "a connection went away at once");
                continue;
            }
            match front.connections.admit() {
                Some(place) => {
                    if place.made_room {
                        front.counters.closed.inc();
                    }
                    attended.spawn(front.clone().attend(stream, peer, place, shutdown.clone()));
                }
                None => {
                    front.counters.refused.inc();
                    if told.len() < TOLD {
                        told.spawn(front.clone().refuse(stream));
                    }
                }
            }
        }
        drop(listener);
        let drained = async { while attended.join_next().await.is_some() {} };
        if timeout(DRAIN_TIME, drained).await.is_err() {
            tracing::warn!("questions of PostgreSQL clients did not end in time");
        }
        Ok(())
    }

    async fn attend(self: Arc<Self>, stream: TcpStream, peer: IpAddr, place: Place, shutdown: Shutdown) {
        self.counters.connections.inc();
        let front = self.clone();
        front.speak(stream, peer, place, shutdown).await;
        self.counters.connections.dec();
    }

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
                self.counters.handshakes_failed.inc();
                tracing::debug!(%error, "a connection did not come to speak the protocol");
            }
            Err(_) => {
                self.counters.handshakes_failed.inc();
            }
        }
    }

    fn cancel(&self, number: i32, secret: i32) {
        if self.connections.cancel(number, secret) {
            self.counters.cancelled.inc();
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
                    wire.put(&Said::from(Own::Full).fatal().error(Lang::En))?;
                    wire.close().await;
                }
            }
            Ok::<_, wire::Broken>(())
        };
        let _ = timeout(START_TIME, told).await;
    }
}

/// Answers are many small messages, and connections stand idle for hours.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keep_alive = TcpKeepalive::new().with_time(KEEP_ALIVE_AFTER).with_interval(KEEP_ALIVE_EVERY).with_retries(3);
    SockRef::from(stream).set_tcp_keepalive(&keep_alive)
}
