//! `helan health`: asks a running role, for engines whose images have no HTTP client.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueHint};

use crate::args::LISTEN;
use crate::https::{ask_here, here};
use crate::say::say;

const PATIENCE: Duration = Duration::from_secs(5);

/// Arguments of `helan health`.
#[derive(Debug, Args)]
#[command(after_help = "Exit code: 0 = yes, 1 = no or no answer.")]
pub(crate) struct HealthArgs {
    /// Address that the role listens on
    #[arg(long, env = "HELAN_LISTEN", value_name = "ADDRESS", default_value = LISTEN)]
    pub(crate) listen: SocketAddr,
    /// Certificate of the role, if it speaks HTTPS
    #[arg(long, env = "HELAN_TLS_CERT", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Ask whether it can do its work, not only whether it runs
    #[arg(long)]
    pub(crate) ready: bool,
}

pub(crate) async fn run(args: HealthArgs) -> anyhow::Result<()> {
    let path = if args.ready { "/readyz" } else { "/healthz" };
    let address = here(args.listen);
    let answer = ask_here(address, args.tls_cert.as_deref(), path, PATIENCE).await;
    let answer = answer.with_context(|| format!("{address} does not answer"))?;
    let (status, word) = (answer.status(), answer.text().await?);
    if !status.is_success() {
        bail!("{address}: {}", word.trim());
    }
    say!("{}", word.trim());
    Ok(())
}
