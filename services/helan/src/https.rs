//! HTTPS on both sides: how a role's listeners are guarded, and whom commands that ask a server trust.

use std::error::Error as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueHint};
use helan_http::Tls;
use reqwest::Url;

use crate::args::Listen;
use crate::fronts::Fronts;

/// Whom a command that asks a server trusts.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Trust {
    /// CA certificates (PEM) to verify the server; by default the system's
    #[arg(long, env = "HELAN_CA_CERT", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca_cert: Option<PathBuf>,
}

impl Trust {
    /// The beginning of an HTTP client.
    pub(crate) fn client(&self) -> anyhow::Result<reqwest::ClientBuilder> {
        let client = reqwest::Client::builder();
        let Some(path) = &self.ca_cert else { return Ok(client) };
        let named = || format!("--ca-cert {}", path.display());
        let pem = std::fs::read(path).with_context(named)?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem).with_context(named)?;
        if certificates.is_empty() {
            bail!("{}: it holds no certificate", named());
        }
        Ok(client.tls_certs_only(certificates))
    }
}

/// Why a request failed: where there is no connection, the address and what the system says of it; else the error with its
/// causes.
pub(crate) fn why(error: &reqwest::Error) -> String {
    let causes = || std::iter::successors(error.source(), |cause| (*cause).source());
    let io = causes().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    match (io.filter(|io| io.raw_os_error().is_some()), error.url()) {
        (Some(io), Some(url)) if error.is_connect() => no_connection(url, &io.to_string()),
        _ => causes().fold(error.to_string(), |text, cause| format!("{text}: {cause}")),
    }
}

fn no_connection(url: &Url, reason: &str) -> String {
    let host = url.host_str().unwrap_or_default();
    let address = url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    // Its number in this system says nothing more.
    let reason = reason.split(" (os error").next().unwrap_or_default().to_lowercase();
    format!("no connection to {address}: {reason}")
}

/// What is wrong with a server's certificate, by what a failed request says; such a failure does not pass by waiting.
pub(crate) fn untrusted(why: &str) -> Option<anyhow::Error> {
    let reason = why.split_once("invalid peer certificate: ").map(|(_, reason)| reason);
    let Some(reason) = reason else {
        return why
            .contains("InvalidContentType")
            .then(|| anyhow!("the server does not speak TLS: write http:// in its address"));
    };
    Some(match reason {
        _ if reason.contains("expired") => {
            anyhow!(
                "the server's certificate has expired, or this machine's clock is wrong: ask its operator for a new one"
            )
        }
        _ if reason.contains("not valid yet") => {
            anyhow!("the server's certificate is not valid yet: check the clock of this machine")
        }
        _ if reason.contains("UnknownIssuer") => {
            anyhow!("nobody this machine trusts has signed the server's certificate: give its CA by --ca-cert FILE")
        }
        // As `openssl req -x509` makes it.
        _ if reason.contains("CaUsedAsEndEntity") => {
            anyhow!(
                "the server's certificate is that of an authority: ask its operator for one of the server itself (openssl: -addext \
                 basicConstraints=critical,CA:FALSE)"
            )
        }
        _ if reason.contains("not valid for") => {
            anyhow!("the server's certificate is for another name: write the name that it has in the address")
        }
        _ => anyhow!("the server's certificate is not accepted ({reason}): ask its operator"),
    })
}

/// The certificate of a role's listeners, if it has one.
///
/// # Errors
/// It cannot be used, or a listener would be open to other machines without TLS and without a proxy that ends it.
pub(crate) fn guard(listen: &Listen, fronts: Option<&Fronts>) -> anyhow::Result<Option<Tls>> {
    let tls = match (&listen.tls_cert, &listen.tls_key) {
        (Some(cert), Some(key)) => Some(Tls::open(cert, key).context("--tls-cert, --tls-key")?),
        (None, None) => None,
        _ => bail!("--tls-cert and --tls-key belong together: give both or neither"),
    };
    let metrics = listen.metrics_listen.map(|address| ("--metrics-listen", address));
    let fronts = fronts.into_iter().flat_map(Fronts::addresses);
    for (flag, address) in [Some(("--listen", listen.listen)), metrics].into_iter().flatten().chain(fronts) {
        if tls.is_none() && !listen.behind_proxy && !address.ip().is_loopback() {
            bail!(
                "{flag} {address} can be reached from other machines, and what is sent there would not be encrypted. Give \
                 --tls-cert FILE and --tls-key FILE, so that TLS ends here; or --behind-proxy, if a proxy ends it and \
                 only that proxy reaches this address. {} stays on this machine",
                SocketAddr::from(([127, 0, 0, 1], address.port()))
            );
        }
    }
    Ok(tls)
}

/// An address by which this machine reaches a listener of its own.
pub(crate) fn here(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    address
}

/// Asks a role on this machine by its address. Nothing secret is sent, and a certificate names a host, not an address:
/// it is not judged.
pub(crate) async fn ask_here(
    address: SocketAddr,
    tls_cert: Option<&Path>,
    path: &str,
    patience: std::time::Duration,
) -> reqwest::Result<reqwest::Response> {
    let client = reqwest::Client::builder().timeout(patience).no_proxy();
    let (client, scheme) = match tls_cert {
        Some(_) => (client.tls_danger_accept_invalid_certs(true), "https"),
        None => (client, "http"),
    };
    client.build()?.get(format!("{scheme}://{address}{path}")).send().await
}

#[cfg(test)]
mod tests {
    use clap::{Arg, CommandFactory, Parser};

    use super::*;
    use crate::errors::said;
    use crate::lang::Lang;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        listen: Listen,
        #[command(flatten)]
        fronts: Fronts,
    }

    fn judged(arguments: &[&str]) -> Result<bool, String> {
        let only = Only::try_parse_from(std::iter::once(&"x").chain(arguments)).expect("flags");
        guard(&only.listen, Some(&only.fronts)).map(|tls| tls.is_some()).map_err(|error| format!("{error:#}"))
    }

    #[tokio::test]
    async fn where_nothing_listens_is_told_plainly() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let error =
            client.get(format!("http://127.0.0.1:{port}/v1/catalog")).send().await.expect_err("nothing listens");
        let told = why(&error);
        assert_eq!(told, format!("no connection to 127.0.0.1:{port}: connection refused"));
        assert_eq!(said(&told, Lang::Zh), format!("无法连接 127.0.0.1:{port}：连接被拒绝"));
        let url = Url::parse("https://helan.example/v1").expect("a URL");
        assert_eq!(
            no_connection(&url, "No route to host (os error 113)"),
            "no connection to helan.example:443: no route to host"
        );
    }

    #[test]
    fn a_certificate_that_is_not_accepted_is_told_at_once() {
        let told = |why: &str| untrusted(why).map(|error| error.to_string());
        for (reason, part) in [
            ("invalid peer certificate: certificate expired: verification time 2 (UNIX), but", "has expired"),
            ("invalid peer certificate: UnknownIssuer", "--ca-cert"),
            ("invalid peer certificate: certificate not valid for name \"a\"; certificate is", "another name"),
            ("invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))", "CA:FALSE"),
            ("invalid peer certificate: BadSignature", "(BadSignature)"),
            ("received corrupt message of type InvalidContentType", "http://"),
        ] {
            let said = told(&format!("error sending request: client error (Connect): {reason}")).expect(reason);
            assert!(said.contains(part), "{said}");
        }
        assert_eq!(told("error sending request: tcp connect error: Connection refused"), None);
    }

    #[test]
    fn what_others_reach_is_encrypted_here_or_before() {
        let command = Only::command();
        let listens = command.get_arguments().filter_map(Arg::get_long).filter(|flag| flag.ends_with("listen"));
        let flags: Vec<_> = listens.map(|flag| format!("--{flag}")).collect();
        assert!(["--listen", "--postgres-listen"].iter().all(|flag| flags.contains(&(*flag).to_owned())), "{flags:?}");
        for open in ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080"] {
            for flag in flags.iter().map(String::as_str) {
                let said = judged(&[flag, open]).expect_err("open to others");
                for part in [flag, "--tls-cert", "--tls-key", "--behind-proxy", "127.0.0.1:8080"] {
                    assert!(said.contains(part), "{said}");
                }
                assert_eq!(judged(&[flag, open, "--behind-proxy"]), Ok(false));
            }
        }
        for here in ["127.0.0.1:8080", "127.3.2.1:0", "[::1]:8080"] {
            assert_eq!(judged(&["--listen", here, "--metrics-listen", here]), Ok(false));
        }
        assert!(judged(&["--tls-cert", "x"]).expect_err("one of two").contains("belong together"));
        let said = judged(&["--tls-cert", "/nonexistent.pem", "--tls-key", "/nonexistent.key"]);
        assert!(said.expect_err("no files").contains("/nonexistent.key"));
    }
}
