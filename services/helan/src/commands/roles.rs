//! The roles that run until they are told to stop: `up`, `ingest`, `aggregate`, `query`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use helan_log::LogUrl;
use helan_schemas::catalog::{Catalog, ReporterKind};

use super::asking::Asking;
use super::maintain::Retention;
use super::scheduling::Scheduling;
use crate::args::{Flush, Listen, LogAt, LogPlace, Place, duration};
use crate::backup::unfinished;
use crate::lang::Lang;
use crate::serve::{Roles, Settings, serve};

#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) log: LogPlace,
    #[command(flatten)]
    pub(crate) listen: Listen,
    #[command(flatten)]
    pub(crate) flush: Flush,
    /// Start a new log for a lake whose log is lost for good; otherwise the role refuses to start
    #[arg(long)]
    pub(crate) new_log: bool,
    /// Accept reports although the log has one with a later time; for when this machine's clock is right
    #[arg(long)]
    pub(crate) clock_is_right: bool,
    /// How often the lake is maintained; `0s` = never
    #[arg(long, env = "HELAN_MAINTAIN_EVERY", value_name = "DURATION", default_value = "2m", value_parser = duration)]
    pub(crate) maintain_every: Duration,
    #[command(flatten)]
    pub(crate) retention: Retention,
    // Last, because their headings would go on below them.
    #[command(flatten)]
    pub(crate) asking: Asking,
    #[command(flatten)]
    pub(crate) scheduling: Scheduling,
}

#[derive(Debug, Args)]
pub(crate) struct IngestArgs {
    /// Accept only these reporters
    #[arg(long, env = "HELAN_REPORTERS", value_enum)]
    pub(crate) reporters: ReporterChoice,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) log: LogPlace,
    #[command(flatten)]
    pub(crate) listen: Listen,
    /// Accept reports although the log has one with a later time; for when this machine's clock is right
    #[arg(long)]
    pub(crate) clock_is_right: bool,
}

/// Whose submissions an ingest service takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReporterChoice {
    /// City systems and the region's own offices
    City,
    /// Park systems
    Park,
}

#[derive(Debug, Args)]
pub(crate) struct AggregateArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) log: LogPlace,
    #[command(flatten)]
    pub(crate) listen: Listen,
    #[command(flatten)]
    pub(crate) flush: Flush,
    /// Start a new log for a lake whose log is lost for good; otherwise the role refuses to start
    #[arg(long)]
    pub(crate) new_log: bool,
    /// How often the lake is maintained by this process; `0s` = never, `helan maintain` does it
    #[arg(long, env = "HELAN_MAINTAIN_EVERY", value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub(crate) maintain_every: Duration,
    #[command(flatten)]
    pub(crate) retention: Retention,
}

#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) log: LogPlace,
    #[command(flatten)]
    pub(crate) listen: Listen,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

pub(crate) async fn up(args: UpArgs, lang: Lang) -> anyhow::Result<()> {
    let roles = Roles {
        ingest: vec![ReporterKind::City, ReporterKind::Park],
        aggregate: true,
        query: true,
        maintain_every: (!args.maintain_every.is_zero()).then_some(args.maintain_every),
        log_retention: args.retention.log_retention,
        new_log: args.new_log,
        clock_is_right: args.clock_is_right,
        is_trial: false,
    };
    let (flush, asking, scheduling) = (Some(&args.flush), Some(&args.asking), Some(&args.scheduling));
    run(prepared(roles, &args.place, &args.log, &args.listen, flush, asking, scheduling)?, lang).await
}

pub(crate) async fn ingest(args: IngestArgs, lang: Lang) -> anyhow::Result<()> {
    let kind = match args.reporters {
        ReporterChoice::City => ReporterKind::City,
        ReporterChoice::Park => ReporterKind::Park,
    };
    let roles = Roles { ingest: vec![kind], clock_is_right: args.clock_is_right, ..Roles::default() };
    run(prepared(roles, &args.place, &args.log, &args.listen, None, None, None)?, lang).await
}

pub(crate) async fn aggregate(args: AggregateArgs, lang: Lang) -> anyhow::Result<()> {
    let maintain_every = (!args.maintain_every.is_zero()).then_some(args.maintain_every);
    let log_retention = args.retention.log_retention;
    let new_log = args.new_log;
    let roles = Roles { aggregate: true, maintain_every, log_retention, new_log, ..Roles::default() };
    run(prepared(roles, &args.place, &args.log, &args.listen, Some(&args.flush), None, None)?, lang).await
}

pub(crate) async fn query(args: QueryArgs, lang: Lang) -> anyhow::Result<()> {
    let roles = Roles { query: true, ..Roles::default() };
    run(prepared(roles, &args.place, &args.log, &args.listen, None, Some(&args.asking), None)?, lang).await
}

/// Runs what was prepared, if it is to run.
async fn run(prepared: Option<(Settings, Catalog)>, lang: Lang) -> anyhow::Result<()> {
    match prepared {
        Some((settings, catalog)) => serve(settings, catalog, lang).await,
        None => Ok(()),
    }
}

/// What the flags amount to; none where they were only to be shown.
fn prepared(
    roles: Roles,
    place: &Place,
    log: &LogPlace,
    listen: &Listen,
    flush: Option<&Flush>,
    asking: Option<&Asking>,
    scheduling: Option<&Scheduling>,
) -> anyhow::Result<Option<(Settings, Catalog)>> {
    let catalog = place.catalog()?;
    let settings = Settings {
        log_url: log_url(place, &log.at)?,
        kafka_properties: log.at.properties()?,
        partitions: log.partitions,
        replication: log.replication,
        lake: place.lake()?,
        credentials: credentials(place, listen)?,
        listen: listen.listen,
        metrics_listen: listen.metrics_listen,
        tls: crate::https::guard(listen, asking.map(|asking| &asking.fronts))?,
        behind_proxy: listen.behind_proxy,
        shutdown_time: listen.shutdown_time,
        flush: flush.cloned().unwrap_or_default(),
        sql: asking.map(|asking| asking.limits(&place.data_dir)).unwrap_or_default(),
        fronts: asking.map(|asking| asking.fronts.clone()).unwrap_or_default(),
        schedule: scheduling.map(|scheduling| scheduling.plan(&catalog)).transpose()?.flatten(),
        roles,
        clock: helan_runtime::clock::Clock::system(),
    };
    if place.check {
        crate::say::write(format_args!("{}", settings.describe(&catalog, Lang::spoken())));
        return Ok(None);
    }
    Ok(Some((settings, catalog)))
}

/// The log's URL, the embedded one's in the data directory unless told otherwise; refused while a restore is not
/// finished there.
pub(crate) fn log_url(place: &Place, log: &LogAt) -> anyhow::Result<String> {
    let url = log_address(place, log)?;
    if let Some(path) = LogUrl::directory(&url) {
        unfinished::refuse(&path)?;
    }
    Ok(url)
}

/// The log's URL, whatever is there.
pub(crate) fn log_address(place: &Place, log: &LogAt) -> anyhow::Result<String> {
    match &log.log {
        Some(url) => Ok(url.clone()),
        None => Ok(LogUrl::embedded_in(&place.dir()?.join("log"))),
    }
}

/// Where the credentials are.
pub(crate) fn credentials(place: &Place, listen: &Listen) -> anyhow::Result<PathBuf> {
    match &listen.credentials {
        Some(path) => Ok(path.clone()),
        None => Ok(super::credential::default_path(&place.dir()?)),
    }
}
