//! Many connections, and many wrong tokens: what one address can take of all others.

use std::net::SocketAddr;

use helan_http::{HttpCounters, Listening};
use helan_ingest::Limits;
use helan_runtime::metrics::Metrics;
use helan_runtime::shutdown::Shutdown;
use helan_schemas::catalog::ReporterKind;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::sockets::{answer, head};
use crate::world::*;

/// The service on a socket.
pub(crate) struct Server {
    pub(crate) world: World,
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: Shutdown,
    pub(crate) task: JoinHandle<std::io::Result<()>>,
    metrics: Metrics,
}

/// What connections may use, and what requests may.
pub(crate) type Bounds = (helan_http::Limits, Limits);

pub(crate) async fn server(limits: Bounds) -> Server {
    serve(limits, |listening| listening).await
}

pub(crate) async fn serve((limits, requests): Bounds, change: impl FnOnce(Listening) -> Listening) -> Server {
    let world = World::with(requests, vec![ReporterKind::City]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let address = listener.local_addr().expect("address");
    let (shutdown, metrics) = (Shutdown::new(), Metrics::default());
    let listening = change(Listening {
        credentials: Some((world.credentials(), world.clock.clone())),
        ..Listening::new("test", limits, HttpCounters::register(&metrics))
    });
    let task = tokio::spawn(helan_http::serve(listener, world.router.clone(), listening, shutdown.clone()));
    Server { world, address, shutdown, task, metrics }
}

impl Server {
    /// Sends bytes on a connection of their own, which stays open.
    async fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.expect("connected");
        stream.write_all(bytes).await.expect("sent");
        stream
    }

    async fn get(&self, path: &str, headers: &str) -> String {
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
        answer(&mut self.send(request.as_bytes()).await).await
    }

    fn counted(&self, metric: &str) -> u64 {
        let text = self.metrics.encode();
        let lines = text.lines().filter(|line| !line.starts_with('#') && line.starts_with(metric));
        lines.map(|line| line.rsplit(' ').next().and_then(|value| value.parse::<u64>().ok()).expect("a count")).sum()
    }
}

fn few() -> Bounds {
    // Nothing ends by itself within this test: an hour for heads, and for bodies.
    let hour = std::time::Duration::from_secs(3600);
    let few = helan_http::Limits { connections: 40, connections_each: 20, header_timeout: hour, ..Default::default() };
    (few, Limits { body_grace: hour, ..Limits::default() })
}

#[tokio::test]
async fn connections_without_a_token_starve_nobody() {
    let server = server(few()).await;
    let token = server.world.token("yinchuan");
    let mut flood = Vec::new();
    // The last two are requests, without a token and with a wrong one, whose bodies do not come.
    let stranger = head("nonsense", 1000);
    let nobody = stranger.replace("authorization: Bearer nonsense\r\n", "");
    for round in 0..10 {
        let half = "POST /v1/events HTTP/1.1\r\nhost: x\r\n";
        for bytes in ["", "GET /heal", half, &nobody, &stranger].map(str::as_bytes) {
            for _ in 0..10 {
                flood.push(server.send(bytes).await);
            }
        }
        for path in ["/healthz", "/readyz"] {
            let text = server.get(path, "").await;
            assert!(text.starts_with("HTTP/1.1 200"), "{round}: {text}");
        }
        let body = event(&round.to_string()).to_string();
        let report = head(&token, body.len()) + &body;
        let text = answer(&mut server.send(report.as_bytes()).await).await;
        assert!(text.starts_with("HTTP/1.1 202"), "{round}: {text}");
    }
    assert!(server.counted("helan_http_connections_closed_total") >= 480);
    assert_eq!(server.counted("helan_http_connections_refused_total"), 0);
    assert_eq!(server.world.submissions().await, 10);
}

#[tokio::test]
async fn probes_are_answered_while_every_connection_is_at_work() {
    let server = server(few()).await;
    let token = server.world.token("yinchuan");
    // Requests whose bodies do not come.
    let mut flood = Vec::new();
    for _ in 0..20 {
        let mut stream = server.send((head(&token, 1000) + "{").as_bytes()).await;
        // The server tells that it reads this one.
        stream.flush().await.expect("sent");
        flood.push(stream);
    }
    while server.world.in_flight().await < 20 {
        tokio::task::yield_now().await;
    }
    for _ in 0..100 {
        for path in ["/healthz", "/readyz"] {
            let text = server.get(path, "").await;
            assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        }
        // Who has so many at work is told so, and its newest idle connections do not keep probes out.
        flood.push(server.send(b"GET /").await);
    }
    let text = server.get("/v1/catalog", &format!("authorization: Bearer {token}\r\n")).await;
    assert!(text.starts_with("HTTP/1.1 503") && text.contains("\"busy\"") && text.contains("retry-after"), "{text}");
    assert!(server.counted("helan_http_connections_probes_only_total") >= 201);
}

#[tokio::test]
async fn wrong_tokens_are_bounded_and_right_ones_are_taken() {
    let limits = helan_http::Limits { wrong_tokens_per_minute: 10, ..Default::default() };
    let server = server((limits, Limits::default())).await;
    let token = server.world.token("yinchuan");
    let wrong = format!("helan_yinchuan_{}", "A".repeat(43));
    let mut statuses = Vec::new();
    for n in 0..30 {
        let bad = if n % 2 == 0 { wrong.as_str() } else { "nonsense" };
        let text = server.get("/v1/catalog", &format!("authorization: Bearer {bad}\r\n")).await;
        statuses.push(text[9..12].to_owned());
        if n == 29 {
            assert!(text.contains("too_many_wrong_tokens") && text.contains("retry-after: 60"), "{text}");
        }
        // Somebody else behind the same address.
        let text = server.get("/v1/catalog", &format!("authorization: Bearer {token}\r\n")).await;
        assert!(text.starts_with("HTTP/1.1 200"), "{n}: {text}");
        let text = server.get("/v1/catalog", "").await;
        assert!(text.starts_with("HTTP/1.1 401") && text.contains("token_missing"), "{n}: {text}");
    }
    assert_eq!(statuses[..10], ["401"; 10]);
    assert_eq!(statuses[10..], ["429"; 20]);
    assert_eq!(server.counted("helan_http_wrong_tokens_total"), 10);
    assert_eq!(server.counted("helan_http_wrong_tokens_turned_away_total"), 20);
    server.world.clock.set(server.world.clock.now() + 60_000_000);
    let text = server.get("/v1/catalog", &format!("authorization: Bearer {wrong}\r\n")).await;
    assert!(text.starts_with("HTTP/1.1 401"), "{text}");
}

#[tokio::test]
async fn behind_a_proxy_addresses_are_those_it_names() {
    let (few, requests) = few();
    let limits = helan_http::Limits { connections_each: 1, wrong_tokens_per_minute: 2, ..few };
    let server = serve((limits, requests), |listening| Listening { behind_proxy: true, ..listening }).await;
    let asked = async |client: &str| {
        let headers = format!("authorization: Bearer nonsense\r\nx-forwarded-for: 198.51.100.9, {client}\r\n");
        server.get("/v1/catalog", &headers).await[9..12].to_owned()
    };
    for _ in 0..2 {
        assert_eq!(asked("203.0.113.1").await, "401");
    }
    assert_eq!(asked("203.0.113.1").await, "429");
    assert_eq!(asked("203.0.113.2").await, "401");
    // All connections are the proxy's: the bound for an address does not hold them back.
    let mut idle = Vec::new();
    for _ in 0..10 {
        idle.push(server.send(b"").await);
    }
    assert_eq!(asked("203.0.113.3").await, "401");
    assert_eq!(server.counted("helan_http_connections_closed_total"), 0);
}

#[tokio::test]
async fn shutdown_does_not_wait_for_connections_that_ask_nothing() {
    let server = server(few()).await;
    let mut open = vec![server.send(b"").await, server.send(b"GET /heal").await];
    let mut kept = server.send(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut first = [0; 12];
    tokio::io::AsyncReadExt::read_exact(&mut kept, &mut first).await.expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 200");
    open.push(kept);
    server.shutdown.trigger();
    server.task.await.expect("no panic").expect("ended well");
}
