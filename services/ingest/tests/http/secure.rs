//! TLS: spoken, renewed, refused.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use helan_http::{Listening, Tls};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::connections::{Bounds, Server, serve};
use crate::sockets::{answer, head};
use crate::world::*;

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/tls");

/// Puts a file of the tests where a service reads it.
fn put(from: &str, to: &Path) {
    std::fs::copy(Path::new(FILES).join(from), to).expect("copied");
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o600)).expect("a mode");
}

/// Connects as a client that trusts one certificate.
async fn connect(server: &Server, trusted: &str) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(Path::new(FILES).join(trusted)).expect("a certificate");
    roots.add(certificate).expect("a root");
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().expect("versions");
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(server.address).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[tokio::test]
async fn a_certificate_is_used_and_renewed_while_the_service_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let (cert, key) = (folder.path().join("tls.pem"), folder.path().join("tls.key"));
    put("one.pem", &cert);
    put("one.key", &key);
    let tls = Tls::open(&cert, &key).expect("a certificate");
    let server = serve(Bounds::default(), |listening| Listening { tls: Some(tls), ..listening }).await;
    let (token, body) = (server.world.token("yinchuan"), event("a").to_string());
    let mut stream = connect(&server, "one.pem").await.expect("TLS");
    stream.write_all((head(&token, body.len()) + &body).as_bytes()).await.expect("sent");
    let text = answer(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 202"), "{text}");
    assert!(connect(&server, "two.pem").await.is_err());
    // Without TLS nothing is answered.
    let mut plain = TcpStream::connect(server.address).await.expect("connected");
    plain.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
    let mut first = [0; 4];
    let read = tokio::io::AsyncReadExt::read(&mut plain, &mut first).await;
    assert!(read.is_err() || !first.starts_with(b"HTTP"), "{first:?}");

    // One file after the other, as renewals do it: meanwhile the old pair is used.
    put("two.pem", &cert);
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    connect(&server, "one.pem").await.expect("the old certificate");
    put("two.key", &key);
    while connect(&server, "two.pem").await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    std::fs::write(&cert, "nonsense").expect("written");
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    connect(&server, "two.pem").await.expect("the last one that was good");
}

#[test]
fn what_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let (cert, key) = (folder.path().join("tls.pem"), folder.path().join("tls.key"));
    let said = || Tls::open(&cert, &key).expect_err("unusable").to_string();
    put("one.pem", &cert);
    assert!(said().contains("tls.key"), "{}", said());
    put("one.key", &key);
    Tls::open(&cert, &key).expect("a pair");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    assert!(said().contains("chmod 600"), "{}", said());
    put("two.key", &key);
    assert!(said().contains("cannot be used together"), "{}", said());
    std::fs::write(&key, "nonsense").expect("written");
    assert!(said().contains("private key"), "{}", said());
    put("one.key", &key);
    for broken in ["", "nonsense", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"] {
        std::fs::write(&cert, broken).expect("written");
        assert!(said().contains("tls.pem"), "{}", said());
    }
    std::fs::remove_file(&cert).expect("removed");
    assert!(said().contains("tls.pem"), "{}", said());
}
