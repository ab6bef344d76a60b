//! Serves a router over TCP. axum's own server has no time limit for headers and no limit on connections.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use helan_runtime::shutdown::Shutdown;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::limits::Limits;

/// After this silence the kernel asks whether the other side still lives, and after three unanswered questions it ends
/// the connection: half-open connections of crashed routers must not fill the table.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(60);
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(10);
/// Time that requests under way have to end after shutdown was asked for: longer than an append may take.
const DRAIN_TIME: Duration = Duration::from_secs(35);
/// Pause after a failed accept: the process is out of file descriptors, and asking again at once would only spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until shutdown is asked for, then lets requests under way end.
///
/// # Errors
/// Never for one connection; only if the listener itself cannot be used.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, shutdown: Shutdown) -> io::Result<()> {
    tracing::info!(address = %listener.local_addr()?, "taking reports");
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.header_timeout);
    let room = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    loop {
        let seat = tokio::select! {
            seat = room.clone().acquire_owned() => seat.expect("the semaphore is never closed"),
            () = shutdown.wait() => break,
        };
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = shutdown.wait() => break,
        };
        if let Err(error) = prepare(&stream) {
            tracing::debug!(%error, "a connection went away at once");
            continue;
        }
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(seat);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIME, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests under way did not end in time");
    }
    Ok(())
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keep_alive = TcpKeepalive::new().with_time(KEEP_ALIVE_AFTER).with_interval(KEEP_ALIVE_EVERY).with_retries(3);
    SockRef::from(stream).set_tcp_keepalive(&keep_alive)
}
