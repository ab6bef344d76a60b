//! The command line: its commands, and the flags that several of them have, each with its environment variable.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use helan_aggregator::{FLUSH_AGE, FLUSH_BYTES};
use helan_runtime::telemetry::LogFormat;
use url::Url;

use crate::backup::unfinished;
use crate::commands::adopt::AdoptArgs;
use crate::commands::backup::{BackupArgs, RestoreArgs};
use crate::commands::catalog::CatalogArgs;
use crate::commands::credential::CredentialArgs;
use crate::commands::demo::DemoArgs;
use crate::commands::doctor::DoctorArgs;
use crate::commands::explain::ExplainArgs;
use crate::commands::export::ExportArgs;
use crate::commands::health::HealthArgs;
use crate::commands::load::LoadArgs;
use crate::commands::maintain::MaintainArgs;
use crate::commands::rebuild::RebuildArgs;
use crate::commands::release::ReleaseArgs;
use crate::commands::roles::{AggregateArgs, IngestArgs, QueryArgs, UpArgs};
use crate::commands::rollup::RollupArgs;
use crate::commands::send::SendArgs;
use crate::commands::sql::SqlArgs;
use crate::commands::validate::ValidateArgs;
use crate::lang::Lang;

/// Regional statistics that can be defended: every number says what it counts, as known when, by which rule, and from
/// which reports.
#[derive(Debug, Parser)]
#[command(
    name = "helan",
    version,
    after_help = "Start here:\n  helan demo                 the whole path on Ningxia's 2018 figures, in a temporary directory\n  helan up                   every role in one process, on this machine\n  helan sql --tables         what there is to ask\n\nEvery flag that has an environment variable names it, and stands in the settings file (--config) under its own name with underscores. Flags win over the environment, the environment over the file. `--check` prints the effective settings."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Language of messages; otherwise that of the locale
    #[arg(long, global = true, env = "HELAN_LANG", value_enum)]
    pub(crate) lang: Option<Lang>,
    /// Which log lines to write, such as `info` or `helan_ingest=debug,warn`
    #[arg(long, global = true, env = "HELAN_LOG_FILTER", value_name = "FILTER")]
    pub(crate) log_filter: Option<String>,
    /// How log lines look
    #[arg(long, global = true, env = "HELAN_LOG_FORMAT", value_enum, default_value = "auto")]
    pub(crate) log_format: LogFormat,
    /// Settings file (TOML); otherwise `helan.toml` in the data directory, if there is one
    #[arg(long, global = true, env = "HELAN_CONFIG", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the whole path on Ningxia's 2018 work plan: feeds in, quota table out
    Demo(DemoArgs),
    /// Run every role in one process, for one machine
    Up(UpArgs),
    /// Receive submissions over HTTP and append them to the log
    Ingest(IngestArgs),
    /// Write the log's submissions into the lake, each event exactly once
    Aggregate(AggregateArgs),
    /// Answer SQL over HTTP, and serve receipts and status
    Query(QueryArgs),
    /// Check files as ingest would, send them exactly once, and wait for receipts
    Send(SendArgs),
    /// Compute a period's answers, and publish them
    Rollup(RollupArgs),
    /// Explain one figure: formula, components, areas, reports, rules
    Explain(ExplainArgs),
    /// Write a publication as a workbook, CSV, Parquet or SDMX
    Export(ExportArgs),
    /// Review, approve, embargo, release or withdraw a publication; close a period
    Release(ReleaseArgs),
    /// Compact the lake's files, checkpoint and clean its logs
    Maintain(MaintainArgs),
    /// Check a file by ingest's and the catalog's rules, before it is sent
    Validate(ValidateArgs),
    /// Ask the lake, or a running instance, in SQL: one query, a script, or a shell
    Sql(SqlArgs),
    /// Copy log, lake and credentials while they are in use
    Backup(BackupArgs),
    /// Make a data directory from a backup
    Restore(RestoreArgs),
    /// Attach the lake to another log, when its own is lost
    Adopt(AdoptArgs),
    /// Build the lake again from the log
    Rebuild(RebuildArgs),
    /// Ask a running role whether it runs, or is ready; for container engines
    Health(HealthArgs),
    /// Examine a deployment and say what to do
    Doctor(DoctorArgs),
    /// Send generated feeds at full speed or a given rate, and compare what was acknowledged with the lake
    Load(LoadArgs),
    /// Check or export a catalog
    Catalog(CatalogArgs),
    /// Manage the credentials of reporters, analysts and operators
    Credential(CredentialArgs),
    /// Print a completion script for a shell
    Completion {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

impl Command {
    /// Whether it runs until it is told to stop, and so logs what it does.
    pub(crate) fn is_service(&self) -> bool {
        matches!(self, Self::Up(_) | Self::Ingest(_) | Self::Aggregate(_) | Self::Query(_))
    }
}

/// Where things lie.
#[derive(Clone, Debug, Args)]
pub(crate) struct Place {
    /// Directory of this machine's log, lake and credentials
    #[arg(long, env = "HELAN_DATA_DIR", value_name = "DIR", default_value = "helan-data", value_hint = ValueHint::DirPath)]
    pub(crate) data_dir: PathBuf,
    /// The lake's URL; otherwise `lake` in the data directory. `s3://BUCKET/PREFIX` takes endpoint, region and
    /// credentials from the environment: AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, …
    #[arg(long, env = "HELAN_LAKE", value_name = "URL")]
    pub(crate) lake: Option<String>,
    /// The catalog's directory; otherwise Ningxia's 2018 work plan, which is built in
    #[arg(long, env = "HELAN_CATALOG", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) catalog: Option<PathBuf>,
    /// Print every setting, its value and where it comes from, and end
    #[arg(long)]
    pub(crate) check: bool,
}

impl Place {
    /// The data directory as an absolute path.
    pub(crate) fn dir(&self) -> anyhow::Result<PathBuf> {
        crate::paths::absolute(&self.data_dir).with_context(|| format!("--data-dir {}", self.data_dir.display()))
    }

    /// The lake's URL; refused while a restore is not finished there.
    pub(crate) fn lake(&self) -> anyhow::Result<Url> {
        let url = self.lake_address()?;
        unfinished::refuse(&self.dir()?)?;
        if let Ok(path) = url.to_file_path() {
            unfinished::refuse(&path)?;
        }
        Ok(url)
    }

    /// The lake's URL, whatever is there.
    pub(crate) fn lake_address(&self) -> anyhow::Result<Url> {
        let path = match &self.lake {
            Some(text) if text.contains("://") => {
                return Url::parse(text).with_context(|| format!("--lake {text} is not a URL"));
            }
            Some(text) => crate::paths::absolute(text)?,
            None => self.dir()?.join("lake"),
        };
        Url::from_directory_path(&path).map_err(|()| anyhow::anyhow!("{} is not a directory path", path.display()))
    }

    /// The catalog, read and checked.
    pub(crate) fn catalog(&self) -> anyhow::Result<helan_schemas::catalog::Catalog> {
        crate::commands::catalog::load(self.catalog.as_deref())
    }
}

/// Where the log is, and how it is reached.
#[derive(Clone, Debug, Args)]
pub(crate) struct LogAt {
    /// The log's URL: `kafka://HOST:PORT,…`; otherwise the embedded log in the data directory
    #[arg(long, env = "HELAN_LOG", value_name = "URL")]
    pub(crate) log: Option<String>,
    /// File of librdkafka properties, one `name=value` a line: TLS, SASL (mode 0600)
    #[arg(long, env = "HELAN_KAFKA_PROPERTIES", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) kafka_properties: Option<PathBuf>,
}

/// As [`LogAt`], for what may create its topics.
#[derive(Clone, Debug, Args)]
pub(crate) struct LogPlace {
    #[command(flatten)]
    pub(crate) at: LogAt,
    /// Partitions of each topic when the topics are created; fixed from then on
    #[arg(long, env = "HELAN_PARTITIONS", value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(i32).range(1..=512))]
    pub(crate) partitions: i32,
    /// Replicas of each topic when the topics are created (Kafka)
    #[arg(long, env = "HELAN_REPLICATION", value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..=7))]
    pub(crate) replication: i32,
}

impl LogAt {
    /// The properties of the file, if one is named.
    pub(crate) fn properties(&self) -> anyhow::Result<std::collections::BTreeMap<String, String>> {
        let Some(path) = &self.kafka_properties else { return Ok(Default::default()) };
        helan_runtime::secrets::check_mode(path)?;
        Ok(helan_log::kafka::read_properties(path)?)
    }
}

/// Where a role listens unless told otherwise, and where it is asked for its health.
pub(crate) const LISTEN: &str = "127.0.0.1:8080";
/// Time limit for stopping unless told otherwise.
pub(crate) const SHUTDOWN_TIME: &str = "45s";

/// Where a role listens, and who may speak to it.
#[derive(Clone, Debug, Args)]
pub(crate) struct Listen {
    /// Address to listen on; one that others can reach needs --tls-cert or --behind-proxy
    #[arg(long, env = "HELAN_LISTEN", value_name = "ADDRESS", default_value = LISTEN)]
    pub(crate) listen: std::net::SocketAddr,
    /// Credentials file; otherwise `credentials.jsonl` in the data directory
    #[arg(long, env = "HELAN_CREDENTIALS", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) credentials: Option<PathBuf>,
    /// Address that serves metrics and health without a credential, for a monitor on this machine or behind a network
    /// policy; without it `/metrics` needs an operator's credential
    #[arg(long, env = "HELAN_METRICS_LISTEN", value_name = "ADDRESS")]
    pub(crate) metrics_listen: Option<std::net::SocketAddr>,
    /// Certificate with its chain, PEM: every listener of this process speaks HTTPS. Read again when it changes
    #[arg(long, env = "HELAN_TLS_CERT", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key of the certificate, PEM (mode 0600)
    #[arg(long, env = "HELAN_TLS_KEY", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) tls_key: Option<PathBuf>,
    /// Only a TLS-terminating proxy can reach this address; the client is the last address in X-Forwarded-For
    #[arg(long, env = "HELAN_BEHIND_PROXY")]
    pub(crate) behind_proxy: bool,
    /// Time limit for stopping, in which requests are finished and received events committed
    #[arg(long, env = "HELAN_SHUTDOWN_TIME", value_name = "DURATION", default_value = SHUTDOWN_TIME, value_parser = duration)]
    pub(crate) shutdown_time: Duration,
}

/// When the aggregator commits.
#[derive(Clone, Debug, Args)]
pub(crate) struct Flush {
    /// Commit at most this long after the first event
    #[arg(long, env = "HELAN_FLUSH_AGE", value_name = "DURATION", default_value = "1s", value_parser = duration)]
    pub(crate) flush_age: Duration,
    /// Commit once this many bytes of submissions wait
    #[arg(long, env = "HELAN_FLUSH_BYTES", value_name = "BYTES", default_value_t = FLUSH_BYTES)]
    pub(crate) flush_bytes: usize,
}

impl Default for Flush {
    fn default() -> Self {
        Self { flush_age: FLUSH_AGE, flush_bytes: FLUSH_BYTES }
    }
}

/// Format of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns for people
    Table,
    /// Comma-separated, with a heading
    Csv,
    /// One JSON object a line
    Json,
    /// Parquet; needs --output
    Parquet,
}

/// Reads `250ms`, `30s`, `10m`, `24h`, `30d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration such as 30s, 10m, 24h, 30d");
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    let span = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    span.try_into().map_err(|_| "a duration cannot be negative".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Parser)]
    struct Flags {
        #[command(flatten)]
        flush: Flush,
    }

    /// The default of a time is a text of its own.
    #[test]
    fn without_flags_commits_come_as_the_aggregator_has_them() {
        let Flush { flush_age, flush_bytes } = Flags::parse_from(["helan"]).flush;
        assert_eq!((flush_age, flush_bytes), (FLUSH_AGE, FLUSH_BYTES));
    }
}
