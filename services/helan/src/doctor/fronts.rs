//! The addresses of front ends beside HTTP: does what answers there speak their protocol, and TLS as it should?

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Finding;
use crate::fronts::Fronts;
use crate::https::here;

const CHECK: &str = "postgres_listener";
const FLIGHT: &str = "flight_listener";
const PATIENCE: Duration = Duration::from_secs(5);
/// Asks whether TLS is spoken; the answer is one letter.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// A call that needs a token, …
const CALL: &str = "/arrow.flight.protocol.FlightService/ListActions";
/// … and the status of gRPC for one without.
const UNAUTHENTICATED: &str = "16";

/// What answers where clients of front ends are to connect; none where none are.
pub(super) async fn check(fronts: &Fronts, has_tls: bool) -> Vec<Finding> {
    // Named one by one, so that none is forgotten.
    let Fronts { postgres_listen, flight_listen } = *fronts;
    let mut findings = Vec::new();
    if let Some(address) = postgres_listen {
        findings.push(judge(address, has_tls, ask(here(address)).await));
    }
    if let Some(address) = flight_listen {
        findings.push(judge_flight(address, has_tls, ask_flight(here(address), has_tls).await));
    }
    findings
}

/// The status of gRPC that answers a call without a token: none = nothing listens. The certificate names a host, not an
/// address: it is not judged.
async fn ask_flight(address: SocketAddr, has_tls: bool) -> Option<Result<String, String>> {
    TcpStream::connect(address).await.ok()?;
    let scheme = if has_tls { "https" } else { "http" };
    let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().http2_prior_knowledge();
    let asked = async {
        let client = client.tls_danger_accept_invalid_certs(has_tls).build()?;
        client.post(format!("{scheme}://{address}{CALL}")).header("content-type", "application/grpc").send().await
    };
    Some(match asked.await {
        Ok(answer) => {
            let status = answer.headers().get("grpc-status").and_then(|status| status.to_str().ok());
            Ok(status.unwrap_or_default().to_owned())
        }
        Err(error) => Err(error.to_string()),
    })
}

fn judge_flight(address: SocketAddr, has_tls: bool, answer: Option<Result<String, String>>) -> Finding {
    match answer {
        None => Finding::ok(FLIGHT, format!("{address} 上没有服务在运行"), format!("nothing listens on {address} now")),
        Some(Ok(status)) if status == UNAUTHENTICATED => match has_tls {
            true => Finding::ok(FLIGHT, format!("{address} 可连接，使用 TLS"), format!("{address} answers, with TLS")),
            false => {
                Finding::ok(FLIGHT, format!("{address} 可连接，不加密"), format!("{address} answers, without TLS"))
            }
        },
        Some(_) => Finding::fail(
            FLIGHT,
            (
                format!("{address} 上的程序不使用 Flight SQL，或其 TLS 与所给的设置不符"),
                format!("what answers on {address} does not speak Flight SQL, or not with TLS as these settings say"),
            ),
            (
                "用服务的设置运行 helan doctor，或换一个 --flight-listen",
                "give helan doctor the settings of the service, or choose another --flight-listen",
            ),
        ),
    }
}

/// The letter that answers: none = nothing listens.
async fn ask(address: SocketAddr) -> Option<Result<u8, String>> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let asked = async {
        stream.write_all(&SSL_REQUEST).await?;
        stream.read_u8().await
    };
    Some(match timeout(PATIENCE, asked).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {PATIENCE:?}")),
    })
}

fn judge(address: SocketAddr, has_tls: bool, answer: Option<Result<u8, String>>) -> Finding {
    match answer {
        None => Finding::ok(CHECK, format!("{address} 上没有服务在运行"), format!("nothing listens on {address} now")),
        Some(Ok(b'S')) if has_tls => {
            Finding::ok(CHECK, format!("{address} 可连接，使用 TLS"), format!("{address} answers, with TLS"))
        }
        Some(Ok(b'N')) if !has_tls => {
            Finding::ok(CHECK, format!("{address} 可连接，不加密"), format!("{address} answers, without TLS"))
        }
        Some(Ok(b'S' | b'N')) => Finding::fail(
            CHECK,
            (
                format!("{address} 的 TLS 与所给的设置不符"),
                format!("{address} does not speak TLS as these settings say"),
            ),
            ("用服务的设置运行 helan doctor", "give helan doctor the settings of the service"),
        ),
        Some(Ok(_) | Err(_)) => Finding::fail(
            CHECK,
            (
                format!("{address} 上的程序不使用 PostgreSQL 协议"),
                format!("what answers on {address} does not speak PostgreSQL's protocol"),
            ),
            ("换一个 --postgres-listen，或看服务日志", "choose another --postgres-listen, or read the service's log"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome::{Fail, Ok as Fine};
    use super::*;

    #[test]
    fn a_call_without_a_token_must_be_told_so() {
        let local: SocketAddr = "127.0.0.1:1".parse().expect("an address");
        let judged = |answer| judge_flight(local, true, answer).outcome;
        assert_eq!(judged(Some(Ok(UNAUTHENTICATED.to_owned()))), Fine);
        assert_eq!(judged(Some(Ok(String::new()))), Fail);
        assert_eq!(judged(Some(Err("not HTTP/2".to_owned()))), Fail);
        assert_eq!(judged(None), Fine);
    }

    #[test]
    fn the_letter_and_the_settings_must_agree() {
        let local: SocketAddr = "127.0.0.1:1".parse().expect("an address");
        for (has_tls, answer, outcome) in [
            (true, Some(Ok(b'S')), Fine),
            (false, Some(Ok(b'N')), Fine),
            (true, Some(Ok(b'N')), Fail),
            (false, Some(Ok(b'S')), Fail),
            (false, Some(Ok(b'H')), Fail),
            (false, Some(Err("timed out".to_owned())), Fail),
            (true, None, Fine),
        ] {
            assert_eq!(judge(local, has_tls, answer.clone()).outcome, outcome, "{has_tls} {answer:?}");
        }
    }
}
