//! The addresses of front ends beside HTTP: does what answers there speak their protocol, and TLS as it should?

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Finding;
use crate::fronts::Fronts;

const CHECK: &str = "postgres_listener";
const PATIENCE: Duration = Duration::from_secs(5);
/// Asks whether TLS is spoken; the answer is one letter.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// What answers where PostgreSQL clients are to connect; none where none are.
pub(super) async fn check(fronts: &Fronts, has_tls: bool) -> Option<Finding> {
    let address = fronts.postgres_listen?;
    let mut asked = address;
    if asked.ip().is_unspecified() {
        asked.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    Some(judge(address, has_tls, ask(asked).await))
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
