//! Log and lake of one deployment, opened together: whether they belong together is settled before anything is taken in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use helan_aggregator::{AggregatorError, Status, differences, follow, plan_adoption};
use helan_lake::{Lake, LakeError};
use helan_log::{FollowedLog, Gate, Log, LogError, LogIdentity, LogUrl, OpenOptions, Shifts, StopReason, TopicSpec};
use helan_runtime::clock::{CLOCKS_DIFFER, Clock};
use helan_runtime::shutdown::Shutdown;
use helan_schemas::topics;
use url::Url;

use crate::lang::Lang;
use crate::say::note;
use crate::serve::Settings;

/// How often a process without an aggregator compares log and lake.
const COMPARE_EVERY: Duration = Duration::from_secs(30);
/// How soon a clock that was behind is looked at again. One that was set is looked at at once.
const ASK_CLOCK_AGAIN: Duration = Duration::from_secs(2);
/// How long a start waits for a log that cannot answer now: its brokers are starting too, or choose a new leader.
const LOG_PATIENCE: Duration = Duration::from_secs(60);
/// How soon it is asked again.
const ASK_LOG_AGAIN: Duration = Duration::from_secs(1);
/// How often a process asks its own aggregator.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// A log, and the lake that follows it.
pub(crate) struct Connected {
    /// Offsets are the lake's; nothing is appended while the gate is closed.
    pub(crate) log: Arc<dyn Log>,
    /// None where no lake was made yet, and the roles make none.
    pub(crate) lake: Option<Lake>,
    /// Closed while the lake cannot follow the log.
    pub(crate) gate: Gate,
}

/// Opens both, creates what is missing, and closes the gate if the lake cannot follow the log. A log that cannot answer
/// now is asked again for a minute.
///
/// # Errors
/// If one of them is gone though the other was used with it; nothing was created then.
pub(crate) async fn connect(settings: &Settings) -> anyhow::Result<Connected> {
    let started = Instant::now();
    loop {
        let error = match connect_once(settings).await {
            Err(error) if started.elapsed() < LOG_PATIENCE => error,
            result => return result,
        };
        let reason = match error.downcast_ref::<AggregatorError>() {
            Some(AggregatorError::Log(reason)) => Some(reason),
            _ => error.downcast_ref::<LogError>(),
        };
        let Some(reason) = reason.filter(|reason| reason.is_retry()) else { return Err(error) };
        tracing::warn!(%reason, "the log does not answer yet, and is asked again");
        tokio::time::sleep(ASK_LOG_AGAIN).await;
    }
}

async fn connect_once(settings: &Settings) -> anyhow::Result<Connected> {
    let roles = &settings.roles;
    if roles.aggregate || roles.query {
        Lake::check_store(&settings.lake).await?;
    }
    let existing = match Lake::open(&settings.lake).await {
        Ok(lake) => Some(lake),
        Err(LakeError::NoLake(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let own = open_log(settings, existing.as_ref()).await?;
    let identity = own.identity().await?;
    match &existing {
        None if roles.aggregate || roles.query => check_beginning(own.as_ref(), &identity, &settings.lake).await?,
        Some(lake) if roles.new_log && roles.aggregate && needs_adoption(&own, &identity, lake).await? => {
            let plan = plan_adoption(own.as_ref(), lake, &Default::default()).await?;
            lake.adopt_log(&plan.log.to_string(), &plan.starts).await?;
            let name = plan.log.name();
            tracing::warn!("the lake goes on with the new log {name}, as --new-log says");
        }
        _ => {}
    }
    // Makes the lake, or the tables that an earlier build did not have; read anew where it goes on with another log.
    let lake = match roles.aggregate || roles.query {
        true => Some(Lake::create_or_open(&settings.lake, &identity.to_string()).await?),
        false => existing,
    };
    let gate = Gate::by_clocks(CLOCKS_DIFFER);
    let Some(lake) = lake else {
        let lake = &settings.lake;
        tracing::warn!("there is no lake at {lake}, so the log is not compared with it: give this role --lake");
        gate.set(clock_behind(own.as_ref(), settings, &gate).await?);
        let log = Arc::new(FollowedLog::new(own, Shifts::new(), gate.clone()));
        return Ok(Connected { log, lake: None, gate });
    };
    identity.continues(&lake.log_identity().parse()?).context(WAYS_OUT)?;
    let log = follow(own, &lake, gate.clone());
    let mut closed = told(&differences(log.as_ref(), &lake).await?);
    if closed.is_none() {
        closed = clock_behind(log.as_ref(), settings, &gate).await?;
    }
    gate.set(closed);
    if let Err(why) = gate.check() {
        tracing::error!(why, "no reports are taken");
    }
    Ok(Connected { log, lake: Some(lake), gate })
}

/// What to do where log and lake do not belong together.
const WAYS_OUT: &str = "log and lake do not belong together; `helan doctor` says what to do";

/// Keeps the gate as things stand, until shutdown: by the process's own aggregator, or by comparing.
pub(crate) async fn watch(connected: Connected, settings: Settings, status: Option<Status>, shutdown: Shutdown) {
    let Connected { log, gate, .. } = connected;
    // Why the gate is closed may be either: it stays so until both have been looked at.
    let mut differs = gate.check().err();
    let mut behind = differs.clone();
    let (mut compared, mut clock_asked) = (Instant::now(), Instant::now());
    let clock = Clock::system();
    let apart = || clock.now() - clock.steady();
    let mut usual = apart();
    loop {
        tokio::select! {
            () = tokio::time::sleep(ASK_EVERY) => {}
            () = shutdown.wait() => return,
        }
        let was_set = apart().abs_diff(usual) > CLOCKS_DIFFER.unsigned_abs();
        let again = if gate.check().is_err() { ASK_CLOCK_AGAIN } else { COMPARE_EVERY };
        if was_set || clock_asked.elapsed() >= again {
            usual = apart();
            clock_asked = Instant::now();
            match clock_behind(log.as_ref(), &settings, &gate).await {
                Ok(found) => behind = found,
                Err(error) => tracing::warn!(%error, "this clock could not be compared with the log"),
            }
        }
        match &status {
            Some(status) if status.has_looked() => differs = status.follows().err(),
            Some(_) => continue,
            None if compared.elapsed() < COMPARE_EVERY => {}
            None => match compare(log.as_ref(), &settings.lake).await {
                Ok(closed) => (differs, compared) = (closed, Instant::now()),
                Err(error) => {
                    compared = Instant::now();
                    tracing::warn!(%error, "log and lake could not be compared");
                }
            },
        }
        let closed = differs.clone().or_else(|| behind.clone());
        if closed != gate.check().err() {
            match &closed {
                Some(why) => tracing::error!(why, "no reports are taken"),
                None => tracing::info!("reports are taken again"),
            }
            gate.set(closed);
        }
    }
}

/// Why nothing can be received by this machine's clock: the log's newest record, or one that this process has appended, was
/// received later than now, by more than clocks may differ. A log that was idle says nothing.
async fn clock_behind(log: &dyn Log, settings: &Settings, gate: &Gate) -> anyhow::Result<Option<String>> {
    if settings.roles.ingest.is_empty() {
        return Ok(None);
    }
    let mut newest = Vec::new();
    for at in log.identity().await?.partitions().filter(|at| !topics::holds_refusals(&at.topic)) {
        let ends = log.ends(&at).await?;
        if ends.next > ends.first && !settings.roles.clock_is_right {
            newest.push((at, ends.next - 1));
        }
    }
    let received = log.summaries(&newest).await?.into_iter().flatten().map(|record| record.received_at);
    let received = received.chain([gate.newest()]).max();
    let now = Clock::system().now();
    let shown = |time: i64| jiff::Timestamp::from_microsecond(time).unwrap_or_default();
    Ok(received.filter(|received| received - now > CLOCKS_DIFFER).map(|received| {
        format!(
            "this machine's clock says {}, and the log has a report received at {}: one of the two clocks is wrong. If it is \
             this one, set it; reports are taken again by themselves. If it was the other one, start with --clock-is-right",
            shown(now),
            shown(received)
        )
    }))
}

async fn compare(log: &dyn Log, lake: &Url) -> anyhow::Result<Option<String>> {
    match Lake::open(lake).await {
        Ok(lake) => Ok(told(&differences(log, &lake).await?)),
        Err(LakeError::NoLake(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn told(reasons: &[StopReason]) -> Option<String> {
    let lines: Vec<_> = reasons.iter().map(ToString::to_string).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Opens the log; who may append to it also creates its topics, Kafka's are made by the first role that comes. Nothing is
/// created under a lake that was filled from a log, unless that is meant.
async fn open_log(settings: &Settings, lake: Option<&Lake>) -> anyhow::Result<Arc<dyn Log>> {
    let write = !settings.roles.ingest.is_empty();
    let options = OpenOptions { write, kafka: settings.kafka_properties.clone(), ..OpenOptions::default() };
    let expected = lake.filter(|_| !settings.roles.new_log);
    if let Some(lake) = expected
        && write
        && helan_log::embedded::is_missing(&settings.log_url)
    {
        bail!(gone(&settings.log_url, lake));
    }
    let log = helan_log::open(&settings.log_url, options).await?;
    if write || LogUrl::is_kafka(&settings.log_url) {
        if let Some(lake) = expected {
            let (found, known) = (log.identity().await?, lake.log_identity().parse::<LogIdentity>()?);
            if found.topics.is_empty() && !known.topics.is_empty() {
                bail!(gone(&settings.log_url, lake));
            }
        }
        log.create_topics(&TopicSpec::all(settings.partitions, settings.replication)).await?;
    }
    Ok(log)
}

fn gone(log: &str, lake: &Lake) -> String {
    format!(
        "there is no log at {log}, but the lake at {} was filled from one ({}). Nothing was created. Connect that log \
         (--log), or restore log and lake from one backup; if the log is lost for good, start once with --new-log: the \
         lake then goes on with a new one",
        lake.url(),
        lake.log_identity()
    )
}

/// Whether --new-log has something to do: the log is new, and the lake was filled from another. A log that has records
/// is never adopted so, whatever it is: that is `helan adopt`.
async fn needs_adoption(log: &Arc<dyn Log>, identity: &LogIdentity, lake: &Lake) -> anyhow::Result<bool> {
    for at in identity.partitions() {
        if log.ends(&at).await?.next > 0 {
            return Ok(false);
        }
    }
    let followed = follow(log.clone(), lake, Gate::default());
    Ok(!differences(followed.as_ref(), lake).await?.is_empty())
}

/// A lake that is missing is built from the log, if the log still has its beginning.
async fn check_beginning(log: &dyn Log, identity: &LogIdentity, lake: &Url) -> anyhow::Result<()> {
    let mut records = 0;
    for at in identity.partitions().filter(|at| !topics::holds_refusals(&at.topic)) {
        let ends = log.ends(&at).await?;
        if ends.first > 0 {
            bail!(
                "there is no lake at {lake}, and the log no longer has its beginning: {at} begins at offset {}, so a lake \
                     built from it would lack what came before. Nothing was created. Look at --lake, or restore log and \
                 lake from one backup (deploy/README.md)",
                ends.first
            );
        }
        records += ends.next;
    }
    if records > 0 {
        tracing::warn!("there is no lake at {lake}: it is built again from the log, which has {records} records");
        match Lang::spoken() {
            Lang::Zh => note!("{lake} 处没有数据湖，正由日志重建；日志有 {records} 条记录。"),
            Lang::En => {
                note!("There is no lake at {lake}; it is built again from the log, which has {records} records.")
            }
        }
    }
    Ok(())
}
