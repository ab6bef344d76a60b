//! The address that services listen on: who answers there, and who can reach it?

use std::net::SocketAddr;
use std::time::Duration;

use super::Finding;

const CHECK: &str = "listener";
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn check(address: SocketAddr) -> Finding {
    let mut asked = address;
    if asked.ip().is_unspecified() {
        asked.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    judge(address, ask(asked).await)
}

/// What `/readyz` answers: none = nothing listens.
async fn ask(address: SocketAddr) -> Option<Result<u16, String>> {
    tokio::net::TcpStream::connect(address).await.ok()?;
    let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build();
    let answer = match client {
        Ok(client) => client.get(format!("http://{address}/readyz")).send().await,
        Err(error) => Err(error),
    };
    Some(answer.map(|answer| answer.status().as_u16()).map_err(|error| error.to_string()))
}

fn judge(address: SocketAddr, answer: Option<Result<u16, String>>) -> Finding {
    match answer {
        Some(Ok(503)) => Finding::fail(
            CHECK,
            (format!("{address} 未就绪"), format!("{address} is not ready")),
            (
                "用运维令牌访问 /readyz 看原因，或看服务日志",
                "ask /readyz with an operator's token for the reason, or read the service's log",
            ),
        ),
        Some(Ok(200)) | None if !address.ip().is_loopback() => Finding::warn(
            CHECK,
            (
                format!("{address} 可从其他机器访问，未加密"),
                format!("{address} can be reached from other machines, unencrypted"),
            ),
            (
                "前面放一个终结 TLS 的反向代理；令牌不应明文过网",
                "put a proxy that ends TLS before it; tokens must not cross a network in the clear",
            ),
        ),
        Some(Ok(200)) => Finding::ok(CHECK, format!("{address} 已就绪"), format!("{address} is ready")),
        Some(Ok(status)) => Finding::fail(
            CHECK,
            (format!("{address} 上是别的程序（{status}）"), format!("{address} is another program's ({status})")),
            ("换一个 --listen", "choose another --listen"),
        ),
        Some(Err(error)) => Finding::fail(
            CHECK,
            (format!("{address}：{error}"), format!("{address}: {error}")),
            ("看服务日志；必要时重启", "read the service's log; restart it if need be"),
        ),
        None => Finding::ok(CHECK, format!("{address} 上没有服务在运行"), format!("nothing listens on {address} now")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome::{Fail, Ok as Fine, Warn};
    use super::*;

    #[test]
    fn who_answers_is_judged() {
        let local: SocketAddr = "127.0.0.1:1".parse().expect("an address");
        let open: SocketAddr = "0.0.0.0:1".parse().expect("an address");
        assert_eq!(judge(local, Some(Ok(200))).outcome, Fine);
        assert_eq!(judge(local, None).outcome, Fine);
        assert_eq!(judge(open, Some(Ok(200))).outcome, Warn);
        assert_eq!(judge(local, Some(Ok(503))).outcome, Fail);
        assert_eq!(judge(local, Some(Ok(404))).outcome, Fail);
        assert_eq!(judge(local, Some(Err("timed out".to_owned()))).outcome, Fail);
    }
}
