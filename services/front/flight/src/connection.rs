//! One connection: TLS, HTTP/2 within bounds, and each call let in by its own credential.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use arrow_flight::flight_service_server::FlightServiceServer;
use bytes::Bytes;
use helan_connections::{Front, Place, START_TIME, config_for};
use helan_runtime::shutdown::Shutdown;
use http::{Request, Response};
use http_body::{Body, Frame};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::Flight;
use crate::caller::lang_of;
use crate::calls::Calls;
use crate::problem::{Own, Problem, ToStatus};

/// What is spoken within TLS.
const ALPN: &[u8] = b"h2";
/// Calls at a time on one connection; tools make one or two.
const CALLS: u32 = 32;
/// Bytes of a call's headers: a token has some 80.
const HEAD: u32 = 16 * 1024;
/// Bytes of what a call sends beside its messages, and time for all of it.
const BODY: usize = 2 * crate::MESSAGE;
const BODY_TIME: Duration = Duration::from_secs(15);
/// What waits in a connection for its client.
const SEND_BUFFER: usize = 256 * 1024;
/// A client that is silent is asked whether it is there, and given time to say so.
const ALIVE_EVERY: Duration = Duration::from_secs(60);
const ALIVE_TIME: Duration = Duration::from_secs(20);
/// A connection on which nothing is asked is ended; clients of gRPC connect again by themselves.
const IDLE_TIME: Duration = Duration::from_secs(30 * 60);
/// Time for the last words of a connection that has to end.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// What is known of a connection while it is open.
struct Seen {
    place: Place,
    began: Instant,
    is_known: AtomicBool,
    work: Mutex<Work>,
    quiet: Notify,
    cut: Arc<Notify>,
}

struct Work {
    calls: usize,
    since: Instant,
}

/// Ends the connection of a call whose client does not read.
#[derive(Clone)]
pub(crate) struct Close(pub(crate) Arc<Notify>);

/// A call that is under way, until its answer was handed over.
struct Call(Arc<Seen>);

impl Seen {
    fn new(place: Place) -> Arc<Self> {
        let now = Instant::now();
        let work = Mutex::new(Work { calls: 0, since: now });
        Arc::new(Self {
            place,
            began: now,
            is_known: AtomicBool::new(false),
            work,
            quiet: Notify::new(),
            cut: Arc::default(),
        })
    }

    fn work(self: &Arc<Self>) -> Call {
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        work.calls += 1;
        self.place.idle(false);
        Call(self.clone())
    }

    /// Waits until no call is under way.
    async fn quiet(&self) {
        loop {
            let ended = self.quiet.notified();
            if self.work.lock().unwrap_or_else(PoisonError::into_inner).calls == 0 {
                return;
            }
            ended.await;
        }
    }

    /// Waits until the connection has been of no use for too long.
    async fn useless(&self) {
        loop {
            let until = if self.is_known.load(Ordering::Acquire) {
                let work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
                let since = if work.calls == 0 { work.since } else { Instant::now() };
                since + IDLE_TIME
            } else {
                self.began + START_TIME
            };
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut work = self.0.work.lock().unwrap_or_else(PoisonError::into_inner);
        work.calls -= 1;
        if work.calls == 0 {
            work.since = Instant::now();
            self.0.place.idle(true);
            self.0.quiet.notify_waiters();
        }
    }
}

impl Front for Flight {
    async fn speak(self: Arc<Self>, stream: TcpStream, peer: IpAddr, place: Place, shutdown: Shutdown) {
        let Some(tls) = &self.parts.tls else { return self.talk(stream, peer, place, shutdown).await };
        let handshake = TlsAcceptor::from(config_for(tls, ALPN)).accept(stream);
        let handshake = tokio::select! {
            handshake = timeout(START_TIME, handshake) => handshake,
            () = place.close.notified() => return,
            () = shutdown.wait() => return,
        };
        match handshake {
            Ok(Ok(stream)) => self.talk(stream, peer, place, shutdown).await,
            Ok(Err(error)) => {
                self.parts.counters.handshakes_failed.inc();
                tracing::debug!(%error, "a connection did not come to speak TLS");
            }
            Err(_) => {
                self.parts.counters.handshakes_failed.inc();
            }
        }
    }

    async fn refuse(self: Arc<Self>, stream: TcpStream) {
        let told = async |request: Request<Incoming>| {
            let status = Problem::from(Own::Full).to_status(lang_of(request.headers()));
            Ok::<_, Infallible>(status.into_http::<tonic::body::Body>())
        };
        let ended = match &self.parts.tls {
            None => http().serve_connection(TokioIo::new(stream), service_fn(told)).await,
            Some(tls) => match TlsAcceptor::from(config_for(tls, ALPN)).accept(stream).await {
                Ok(stream) => http().serve_connection(TokioIo::new(stream), service_fn(told)).await,
                Err(_) => return,
            },
        };
        note(ended);
    }
}

impl Flight {
    /// Answers calls until the other side is done, the connection has to end, or shutdown is asked for.
    async fn talk(
        self: Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: IpAddr,
        place: Place,
        shutdown: Shutdown,
    ) {
        let seen = Seen::new(place);
        let (front, service, known) = (self.clone(), self.service(), seen.clone());
        let answer = service_fn(move |request| {
            let (front, service, seen) = (front.clone(), service.clone(), known.clone());
            async move { Ok::<_, Infallible>(front.answer(service, request, peer, seen).await) }
        });
        let mut connection = pin!(http().serve_connection(TokioIo::new(stream), answer));
        tokio::select! {
            ended = connection.as_mut() => return self.ended(ended, &seen),
            () = seen.cut.notified() => return,
            () = seen.place.close.notified() => {}
            () = seen.useless() => {}
            () = shutdown.wait() => {}
        }
        // Nobody waits for an answer who could be told from a flood.
        if !seen.is_known.load(Ordering::Acquire) {
            self.parts.counters.handshakes_failed.inc();
            return;
        }
        connection.as_mut().graceful_shutdown();
        let over = async {
            // Calls under way are answered.
            seen.quiet().await;
            sleep(CLOSE_TIME).await;
        };
        tokio::select! {
            ended = connection.as_mut() => note(ended),
            () = over => {}
            () = seen.cut.notified() => {}
        }
    }

    fn ended(&self, ended: hyper::Result<()>, seen: &Seen) {
        if ended.is_err() && !seen.is_known.load(Ordering::Acquire) {
            self.parts.counters.handshakes_failed.inc();
        }
        note(ended);
    }

    async fn answer(
        &self,
        service: FlightServiceServer<Calls>,
        mut request: Request<Incoming>,
        peer: IpAddr,
        seen: Arc<Seen>,
    ) -> Response<Guarded> {
        let lang = lang_of(request.headers());
        let caller = self.caller(request.headers(), peer).and_then(|caller| {
            let is_first = !seen.is_known.load(Ordering::Acquire);
            if is_first && !seen.place.belongs_to(&caller.identity.credential) {
                return Err(Own::CredentialFull.into());
            }
            seen.is_known.store(true, Ordering::Release);
            Ok(caller)
        });
        match caller {
            Err(problem) => Response::from_parts(
                problem.to_status(lang).into_http::<tonic::body::Body>().into_parts().0,
                Guarded { body: tonic::body::Body::empty(), _call: None },
            ),
            Ok(caller) => {
                let call = seen.work();
                request.extensions_mut().insert(caller);
                request.extensions_mut().insert(Close(seen.cut.clone()));
                let request = request.map(|body| Timed { body, left: BODY, late: Box::pin(sleep(BODY_TIME)) });
                let response = service.oneshot(request).await.unwrap_or_else(|never: Infallible| match never {});
                response.map(|body| Guarded { body, _call: Some(call) })
            }
        }
    }
}

fn http() -> http2::Builder<TokioExecutor> {
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new())
        .max_concurrent_streams(CALLS)
        .max_header_list_size(HEAD)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(ALIVE_EVERY)
        .keep_alive_timeout(ALIVE_TIME);
    http
}

fn note(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// What a call sends: so much, and in so much time.
struct Timed {
    body: Incoming,
    left: usize,
    late: Pin<Box<Sleep>>,
}

impl Body for Timed {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match polled {
            Poll::Pending => match self.late.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Some(Err("the call came too slowly".into()))),
                Poll::Pending => Poll::Pending,
            },
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, Bytes::len);
                match self.left.checked_sub(length) {
                    Some(left) => self.left = left,
                    None => return Poll::Ready(Some(Err("the call is too long".into()))),
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

/// An answer's body; the call is under way until it was handed over.
struct Guarded {
    body: tonic::body::Body,
    _call: Option<Call>,
}

impl Body for Guarded {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}
