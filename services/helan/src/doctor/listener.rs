//! The address that services listen on: who answers there, and who can reach it?

use std::net::SocketAddr;
use std::time::Duration;

use super::Finding;
use crate::args::Listen;
use crate::fronts::Fronts;
use crate::https::{ask_here, guard, here};

const CHECK: &str = "listener";
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn check(listen: &Listen, fronts: &Fronts) -> Finding {
    let address = listen.listen;
    if let Err(error) = guard(listen, Some(fronts)) {
        return Finding::fail(
            CHECK,
            (format!("服务会拒绝启动：{error:#}"), format!("the service would refuse to start: {error:#}")),
            (
                "给出可用的证书和私钥（--tls-cert、--tls-key），或由反向代理终结 TLS（--behind-proxy）",
                "give a certificate and key that can be used (--tls-cert, --tls-key), or let a proxy end TLS \
                 (--behind-proxy)",
            ),
        );
    }
    judge(address, ask(here(address), listen).await)
}

/// What `/readyz` answers: none = nothing listens.
async fn ask(address: SocketAddr, listen: &Listen) -> Option<Result<u16, String>> {
    tokio::net::TcpStream::connect(address).await.ok()?;
    let answer = ask_here(address, listen.tls_cert.as_deref(), "/readyz", PATIENCE).await;
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
    use super::super::Outcome::{Fail, Ok as Fine};
    use super::*;

    #[test]
    fn who_answers_is_judged() {
        let local: SocketAddr = "127.0.0.1:1".parse().expect("an address");
        assert_eq!(judge(local, Some(Ok(200))).outcome, Fine);
        assert_eq!(judge(local, None).outcome, Fine);
        assert_eq!(judge(local, Some(Ok(503))).outcome, Fail);
        assert_eq!(judge(local, Some(Ok(404))).outcome, Fail);
        assert_eq!(judge(local, Some(Err("timed out".to_owned()))).outcome, Fail);
    }
}
