//! The connections of front ends beside HTTP: they are taken within bounds, encrypted where there is a certificate,
//! counted, and given time to end. What is spoken on them is the front end's; what it is built from ([`Parts`]) and the
//! shape of its errors ([`Problem`]) are the same for all.

mod counters;
mod parts;
mod problem;
mod table;
pub mod told;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use helan_runtime::connections::{ACCEPT_PAUSE, DRAIN_TIME, prepare};
use helan_runtime::credentials::WrongTokens;
use helan_runtime::shutdown::Shutdown;
use prometheus_client::metrics::gauge::Gauge;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::rustls::ServerConfig;

pub use counters::Counters;
pub use helan_runtime::lang::Lang;
pub use parts::Parts;
pub use problem::{Kind, Problem, Row, faults};
pub use table::{Connections, Place};

/// Time limit for TLS and for authentication.
pub const START_TIME: Duration = Duration::from_secs(15);
/// Refused connections that get an error at the same time.
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
        Self { connections: 256, connections_each: 128, wrong_tokens_per_minute: WrongTokens::PER_MINUTE }
    }
}

/// The certificate for the next connection.
pub type Tls = Arc<dyn Fn() -> Arc<ServerConfig> + Send + Sync>;

/// The certificate for the next connection, for one protocol within TLS.
pub fn config_for(tls: &Tls, protocol: &[u8]) -> Arc<ServerConfig> {
    let mut config = tls().as_ref().clone();
    config.alpn_protocols = vec![protocol.to_vec()];
    Arc::new(config)
}

/// What speaks on connections.
pub trait Front: Send + Sync + 'static {
    /// Speaks with a client until one of both is done, the connection has to make room, or shutdown is asked for.
    fn speak(
        self: Arc<Self>,
        stream: TcpStream,
        peer: IpAddr,
        place: Place,
        shutdown: Shutdown,
    ) -> impl Future<Output = ()> + Send;

    /// Tells a client that there is no room; it has [`START_TIME`] to do so.
    fn refuse(self: Arc<Self>, stream: TcpStream) -> impl Future<Output = ()> + Send;
}

/// Serves connections until shutdown is asked for, then lets questions under way end.
///
/// # Errors
/// Never for one connection; only if the listener itself cannot be used.
pub async fn serve<F: Front>(
    front: Arc<F>,
    listener: TcpListener,
    connections: Connections,
    counters: Counters,
    shutdown: Shutdown,
) -> io::Result<()> {
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
        match connections.admit() {
            Some(place) => {
                if place.made_room {
                    counters.closed.inc();
                }
                let (front, open, shutdown) = (front.clone(), counters.connections.clone(), shutdown.clone());
                attended.spawn(async move {
                    let _open = Open::new(open);
                    front.speak(stream, peer, place, shutdown).await;
                });
            }
            None => {
                counters.refused.inc();
                if told.len() < TOLD {
                    let front = front.clone();
                    told.spawn(async move { timeout(START_TIME, front.refuse(stream)).await });
                }
            }
        }
    }
    drop(listener);
    let drained = async { while attended.join_next().await.is_some() {} };
    if timeout(DRAIN_TIME, drained).await.is_err() {
        tracing::warn!("questions of analysts' tools did not end in time");
    }
    Ok(())
}

/// An open connection, counted until this is dropped: however it ends.
struct Open(Gauge);

impl Open {
    fn new(open: Gauge) -> Self {
        open.inc();
        Self(open)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    /// A front end with a fault.
    struct Faulty;

    impl Front for Faulty {
        async fn speak(self: Arc<Self>, _: TcpStream, _: IpAddr, _: Place, _: Shutdown) {
            panic!("a fault of a front end");
        }

        async fn refuse(self: Arc<Self>, _: TcpStream) {}
    }

    #[tokio::test]
    async fn a_connection_that_ends_by_a_fault_is_counted_no_longer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (connections, counters) = (Connections::new(1, 1), Counters::default());
        let shutdown = Shutdown::new();
        let serving =
            tokio::spawn(serve(Arc::new(Faulty), listener, connections.clone(), counters.clone(), shutdown.clone()));
        for _ in 0..3 {
            let mut stream = TcpStream::connect(address).await.expect("a connection");
            assert_eq!(stream.read(&mut [0]).await.expect("an end"), 0);
        }
        shutdown.trigger();
        serving.await.expect("it ends").expect("served");
        assert_eq!(counters.connections.get(), 0);
        assert!(connections.admit().is_some_and(|place| !place.made_room));
    }
}
