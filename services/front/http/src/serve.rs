//! Serves a router over TCP, with TLS or without. axum's own server has no time limit for headers and no limit on
//! connections.

mod client;
mod counters;
mod framing;
mod table;
mod tls;

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, header};
use helan_runtime::clock::Clock;
use helan_runtime::connections::{ACCEPT_PAUSE, DRAIN_TIME, prepare};
use helan_runtime::credentials::Credentials;
use helan_runtime::shutdown::Shutdown;
use helan_schemas::refusal::Code;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use self::client::{WrongTokens, client_of};
use self::counters::Counters;
use self::framing::Watched;
use self::table::{AtWork, Place, Table, Use};
use crate::problem::{ErrorAnswer, respond};
use crate::{Limits, discard, token};

pub use counters::HttpCounters;
pub use tls::{Tls, TlsError};

/// As [`ACCEPT_PAUSE`], where a connection was just closed to make room.
const CLOSE_PAUSE: Duration = Duration::from_millis(5);
/// Time for the last answer of a connection that has to make room.
const CLOSE_TIME: Duration = Duration::from_secs(1);
/// How much, and how long, of a body is read whose request is answered unseen.
const UNSEEN_BYTES: usize = 256 * 1024;
const UNSEEN_TIME: Duration = Duration::from_millis(250);
/// What is read of a connection at once, and the longest head. Without it, connections that send fast make buffers of
/// 400 KiB each, token or not.
const BUFFER: usize = 64 * 1024;

/// How a listener is served.
#[derive(Clone, Debug)]
pub struct Listening {
    /// Its name in metrics.
    pub name: &'static str,
    /// What connections may use.
    pub limits: Limits,
    /// Where it counts.
    pub counters: HttpCounters,
    /// By what tokens are judged, where any are; wrong ones are bounded for each address.
    pub credentials: Option<(Credentials, Clock)>,
    /// The certificate; without it plain HTTP is spoken.
    pub tls: Option<Tls>,
    /// A proxy stands before it: all connections are the proxy's, and `X-Forwarded-For` ends with the client's address.
    pub behind_proxy: bool,
}

impl Listening {
    /// Plain HTTP within limits.
    pub fn new(name: &'static str, limits: Limits, counters: HttpCounters) -> Self {
        Self { name, limits, counters, credentials: None, tls: None, behind_proxy: false }
    }
}

/// Serves until shutdown is asked for, then lets requests under way end.
///
/// # Errors
/// Never for one connection; only if the listener itself cannot be used.
pub async fn serve(listener: TcpListener, router: Router, listening: Listening, shutdown: Shutdown) -> io::Result<()> {
    tracing::info!(address = %listener.local_addr()?, "listening");
    let Listening { name, limits, counters, credentials, tls, behind_proxy } = listening;
    let counters = counters.of(name);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.header_timeout).max_buf_size(BUFFER);
    // Half of the file descriptors: the log, the lake and outgoing connections need some too.
    let most = open_files().map_or(limits.connections, |files| limits.connections.min(files / 2)).max(1);
    let each = if behind_proxy { most } else { limits.connections_each };
    let table = Table::new(most, each);
    let wrong_tokens = credentials.map(|(file, clock)| WrongTokens::new(file, clock, limits.wrong_tokens_per_minute));
    let shared = Arc::new(Shared {
        http,
        router,
        wrong_tokens,
        behind_proxy,
        counters,
        tls,
        handshake_time: limits.header_timeout,
        shutdown: shutdown.clone(),
    });
    let mut attended = JoinSet::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => (stream, peer.ip()),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    let pause = if table.make_room() { CLOSE_PAUSE } else { ACCEPT_PAUSE };
                    tokio::time::sleep(pause).await;
                    continue;
                }
            },
            () = shutdown.wait() => break,
        };
        while attended.try_join_next().is_some() {}
        if let Err(error) = prepare(&stream) {
            tracing::debug!(%error, "a connection went away at once");
            continue;
        }
        match table.admit(peer) {
            Ok(admitted) => {
                if admitted.made_room {
                    shared.counters.closed.inc();
                }
                if admitted.place.may == Use::Probes {
                    shared.counters.probes_only.inc();
                }
                attended.spawn(shared.clone().attend(stream, peer, Arc::new(admitted.place)));
            }
            Err(why) => shared.counters.refused(why),
        }
    }
    drop(listener);
    let drained = async { while attended.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN_TIME, drained).await.is_err() {
        tracing::warn!("requests under way did not end in time");
    }
    Ok(())
}

/// What the connections of a listener share.
struct Shared {
    http: http1::Builder,
    router: Router,
    wrong_tokens: Option<WrongTokens>,
    behind_proxy: bool,
    counters: Counters,
    tls: Option<Tls>,
    handshake_time: Duration,
    shutdown: Shutdown,
}

impl Shared {
    /// Serves one connection to its end.
    async fn attend(self: Arc<Self>, stream: TcpStream, peer: IpAddr, place: Arc<Place>) {
        let counters = self.counters.clone();
        counters.connections.inc();
        self.speak(stream, peer, place).await;
        counters.connections.dec();
    }

    async fn speak(self: Arc<Self>, stream: TcpStream, peer: IpAddr, place: Arc<Place>) {
        let Some(tls) = &self.tls else { return self.talk(stream, peer, place).await };
        let handshake = TlsAcceptor::from(tls.config()).accept(stream);
        let handshake = tokio::select! {
            handshake = tokio::time::timeout(self.handshake_time, handshake) => handshake,
            () = place.state.close.notified() => return,
            () = self.shutdown.wait() => return,
        };
        match handshake {
            Ok(Ok(stream)) => self.talk(stream, peer, place).await,
            Ok(Err(error)) => {
                self.counters.handshakes_failed.inc();
                tracing::debug!(%error, "a connection did not come to speak TLS");
            }
            Err(_) => {
                self.counters.handshakes_failed.inc();
            }
        }
    }

    /// Answers requests until the other side is done, the connection has to make room, or shutdown is asked for.
    async fn talk(
        self: Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: IpAddr,
        place: Arc<Place>,
    ) {
        let (stream, said_twice) = Watched::new(stream, BUFFER);
        let (shared, seat) = (self.clone(), place.clone());
        let asked = Arc::new(AtomicBool::new(false));
        let begun = asked.clone();
        let service = service_fn(move |request| {
            begun.store(true, Ordering::Release);
            shared.clone().answer(request, peer, (seat.clone(), said_twice.get()))
        });
        let mut connection = pin!(self.http.serve_connection(TokioIo::new(stream), service));
        let making_room = tokio::select! {
            ended = connection.as_mut() => return note(ended),
            () = place.state.close.notified() => true,
            () = self.shutdown.wait() => false,
        };
        // Nobody waits for an answer who could be told from a flood.
        if !place.state.is_at_work() && !place.state.owes_answer() && (making_room || !asked.load(Ordering::Acquire)) {
            return;
        }
        connection.as_mut().graceful_shutdown();
        if making_room && !place.state.is_at_work() {
            // Whatever it does not take in time is lost: its place is another's by now.
            if let Ok(ended) = tokio::time::timeout(CLOSE_TIME, connection).await {
                note(ended);
            }
        } else {
            note(connection.await);
        }
    }

    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: IpAddr,
        (place, said_twice): (Arc<Place>, bool),
    ) -> Result<Response<Guarded>, Infallible> {
        let is_probe = matches!(request.uri().path(), "/healthz" | "/readyz");
        let is_let_in = place.may == Use::All || is_probe;
        let client = client_of(request.headers(), peer, self.behind_proxy);
        let token = token(request.headers());
        let judged = self.wrong_tokens.as_ref().zip(token).map(|(tokens, token)| tokens.judge(token));
        let is_known = self.wrong_tokens.is_none() || judged == Some(Ok(()));
        // Bodies of senders without a right token are read for a while, but keep no place from others.
        let at_work = (is_probe || is_let_in && is_known).then(|| place.work());
        let guarded = |response: Response<Body>| Ok(response.map(|body| Guarded { body, _at_work: at_work }));
        if !is_let_in {
            return guarded(last(Code::Busy, request).await);
        }
        if said_twice {
            return guarded(last(Code::LengthAmbiguous, request).await);
        }
        let wrong_tokens = self.wrong_tokens.as_ref().filter(|_| judged.is_some());
        if let (Some(wrong_tokens), Some(judged)) = (wrong_tokens, judged)
            && wrong_tokens.turns_away(client, judged)
        {
            self.counters.turned_away.inc();
            return guarded(last(Code::TooManyWrongTokens, request).await);
        }
        let answer = TowerToHyperService::new(self.router.clone()).call(request).await;
        let response = answer.unwrap_or_else(|never: Infallible| match never {});
        if let Some(wrong_tokens) = wrong_tokens.filter(|_| response.status() == 401) {
            self.counters.wrong_tokens.inc();
            wrong_tokens.count(client);
        }
        guarded(response)
    }
}

/// An answer whose request was not looked at; the connection ends with it.
async fn last(code: Code, request: Request<Incoming>) -> Response<Body> {
    // A small body that is still unread would make the kernel reset the connection, and the answer be lost.
    if !request.headers().contains_key(header::EXPECT) {
        discard(Body::new(request.into_body()).into_data_stream(), UNSEEN_BYTES, UNSEEN_TIME).await;
    }
    let mut response = respond(code, ErrorAnswer::from(code));
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn note(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// An answer's body; the connection is at work until it was handed over.
struct Guarded {
    body: Body,
    _at_work: Option<AtWork>,
}

impl hyper::body::Body for Guarded {
    type Data = hyper::body::Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// How many files this process may have open.
fn open_files() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}
