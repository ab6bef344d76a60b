//! The roles that run until they are told to stop: `up`, `ingest`, `aggregate`, `query`.

use std::path::PathBuf;

use helan_log::LogUrl;
use helan_schemas::catalog::{Catalog, ReporterKind};

use super::asking::Asking;
use super::scheduling::Scheduling;
use crate::args::{
    AggregateArgs, Flush, IngestArgs, Listen, LogAt, LogPlace, Place, QueryArgs, ReporterChoice, UpArgs,
};
use crate::backup::unfinished;
use crate::lang::Lang;
use crate::serve::{Roles, Settings, serve};

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
