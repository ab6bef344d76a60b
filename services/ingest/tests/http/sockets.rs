//! What only a real connection shows: slow headers, large bodies of clients that do not listen, shutdown.

use std::time::Duration;

use helan_ingest::Limits;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::connections::{Bounds, server};
use crate::world::*;

pub(crate) async fn answer(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut text));
    read.await.expect("an answer in time").expect("an answer");
    String::from_utf8(text).expect("utf-8")
}

pub(crate) fn head(token: &str, length: usize) -> String {
    format!(
        "POST /v1/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         authorization: Bearer {token}\r\ncontent-length: {length}\r\n\r\n"
    )
}

#[tokio::test]
async fn a_client_that_sends_a_byte_a_second() {
    let moment = Duration::from_millis(300);
    let connections = helan_http::Limits { header_timeout: moment, ..Default::default() };
    let server = server((connections, Limits { body_grace: moment, ..Limits::default() })).await;
    let token = server.world.token("yinchuan");
    let mut stream = TcpStream::connect(server.address).await.expect("connected");
    stream.write_all(head(&token, 1000).as_bytes()).await.expect("sent");
    let text = answer(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 408") && text.contains("request_timeout"), "{text}");
    let mut stream = TcpStream::connect(server.address).await.expect("connected");
    stream.write_all(b"POST /v1/ev").await.expect("sent");
    // No headers in time: the connection just ends, with an answer or without.
    let text = answer(&mut stream).await;
    assert!(text.is_empty() || text.starts_with("HTTP/1.1 408"), "{text}");
    assert_eq!(server.world.submissions().await, 0);
}

/// 50 MB, sent without waiting for `100 Continue`: the sender still reads its answer.
#[tokio::test]
async fn a_client_that_does_not_listen_while_it_sends() {
    let server = server(Bounds::default()).await;
    let token = server.world.token("yinchuan");
    for token in [token.as_str(), "nonsense"] {
        let size = 50 * 1024 * 1024;
        let mut stream = TcpStream::connect(server.address).await.expect("connected");
        stream.write_all(head(token, size).as_bytes()).await.expect("sent");
        let chunk = vec![b' '; 1024 * 1024];
        for _ in 0..size / chunk.len() {
            stream.write_all(&chunk).await.expect("sent");
        }
        let text = answer(&mut stream).await;
        let expected = if token == "nonsense" { "401" } else { "413" };
        assert!(text.starts_with(&format!("HTTP/1.1 {expected}")), "{text}");
    }
    assert_eq!(server.world.submissions().await, 0);
}

#[tokio::test]
async fn shutdown_lets_requests_end() {
    let server = server(Bounds::default()).await;
    let token = server.world.token("yinchuan");
    let body = event("a").to_string();
    let mut stream = TcpStream::connect(server.address).await.expect("connected");
    let head = head(&token, body.len());
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream.write_all(&body.as_bytes()[..10]).await.expect("sent");
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.shutdown.trigger();
    tokio::time::sleep(Duration::from_millis(100)).await;
    stream.write_all(&body.as_bytes()[10..]).await.expect("sent");
    let text = answer(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 202"), "{text}");
    server.task.await.expect("no panic").expect("ended well");
    assert!(TcpStream::connect(server.address).await.is_err());
}

/// The length of a body said twice, in either order: refused, and the connection ends before the second request that lies
/// in the body.
#[tokio::test]
async fn a_request_that_says_its_length_twice() {
    let server = server(Bounds::default()).await;
    let token = server.world.token("yinchuan");
    let body = event("a").to_string();
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let length = format!("content-length: {}\r\n", chunked.len());
    let coding = "transfer-encoding: chunked\r\n";
    for lengths in [format!("{length}{coding}"), format!("{coding}{length}")] {
        let mut stream = TcpStream::connect(server.address).await.expect("connected");
        let head = format!(
            "POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             authorization: Bearer {token}\r\n{lengths}\r\n"
        );
        stream.write_all(format!("{head}{chunked}").as_bytes()).await.expect("sent");
        let text = answer(&mut stream).await;
        assert!(text.starts_with("HTTP/1.1 400") && text.contains("length_ambiguous"), "{text}");
    }
    // Said once, either way, on one connection.
    let mut stream = TcpStream::connect(server.address).await.expect("connected");
    let start = format!(
        "POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer {token}\r\n"
    );
    let requests =
        format!("{start}{coding}\r\n{chunked}{start}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(requests.as_bytes()).await.expect("sent");
    let text = answer(&mut stream).await;
    assert_eq!(text.matches("HTTP/1.1 202").count(), 2, "{text}");
    assert_eq!(server.world.submissions().await, 2);
}
