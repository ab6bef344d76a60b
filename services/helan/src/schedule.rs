//! `helan up --schedule`: publishes a roll-up whenever a cron pattern says so.
//!
//! What has run stands in `publication_runs` and nowhere else: a process that starts reads there whether a run was
//! missed, and one of two processes with the same schedule sees there that the other was first. Both at once come to
//! the same publication.

mod agenda;

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use helan_lake::Lake;
use helan_query::desk::Pinned;
use helan_query::http::{LastRun, ScheduleStatus, Scheduled};
use helan_query::literal;
use helan_rollup::{Outcome, Request};
use helan_runtime::clock::{Clock, rfc_3339};
use helan_runtime::metrics::Metrics;
use helan_runtime::shutdown::Shutdown;
use helan_schemas::catalog::Catalog;
use helan_schemas::period::Period;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use self::agenda::Agenda;
pub(crate) use self::agenda::Schedule;
use crate::lang::Lang;

/// How often, at most, the clock is looked at while waiting: a clock that is set, or a machine that slept, is noticed.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// What to run, and when.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) schedule: Schedule,
    /// Periods to roll up; none = those of the catalog's targets that have begun.
    pub(crate) periods: Vec<String>,
}

/// What the schedule counts; names `helan_schedule_*`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    runs: Family<Vec<(&'static str, &'static str)>, Counter>,
    next: Gauge,
    succeeded: Gauge,
}

const OUTCOMES: [&str; 4] = ["published", "unchanged", "done_elsewhere", "failed"];

impl Counters {
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let counters = Self::default();
        for outcome in OUTCOMES {
            drop(counters.runs.get_or_create(&vec![("outcome", outcome)]));
        }
        metrics.register(|registry| {
            let registry = registry.sub_registry_with_prefix("helan_schedule");
            let help = "Scheduled runs by outcome: published, unchanged, done_elsewhere, failed";
            registry.register("runs", help, counters.runs.clone());
            let help = "When the next scheduled run starts, Unix time; 0 without a schedule";
            registry.register("next_timestamp_seconds", help, counters.next.clone());
            let help = "When a scheduled run last succeeded, Unix time; 0 = not since this process runs";
            registry.register("last_success_timestamp_seconds", help, counters.succeeded.clone());
        });
        counters
    }
}

/// Runs by the plan until shutdown. No failure ends it.
pub(crate) struct Scheduler {
    pub(crate) lake: Lake,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) plan: Plan,
    pub(crate) clock: Clock,
    pub(crate) counters: Counters,
    pub(crate) status: Scheduled,
}

impl Plan {
    /// In one line, for `--check`.
    pub(crate) fn describe(&self, catalog: &Catalog, lang: Lang) -> String {
        let status = self.status(catalog);
        let next = self.schedule.after(jiff::Timestamp::now().as_microsecond()).map(rfc_3339).unwrap_or_default();
        let (pattern, zone, periods) = (status.pattern, status.time_zone, status.periods.join(", "));
        match lang {
            Lang::Zh => format!("{pattern} {zone}：{periods}；下一次 {next}"),
            Lang::En => format!("{pattern} {zone}: {periods}; next {next}"),
        }
    }

    /// The state that `/v1/status` shows from the start.
    pub(crate) fn status(&self, catalog: &Catalog) -> ScheduleStatus {
        ScheduleStatus {
            pattern: self.schedule.pattern(),
            time_zone: self.schedule.zone().to_owned(),
            periods: if self.periods.is_empty() { periods_of(catalog) } else { self.periods.clone() },
            next_run: None,
            last_run: None,
        }
    }
}

/// The periods that targets are owed for and that have begun, and the catalog's own.
fn periods_of(catalog: &Catalog) -> Vec<String> {
    let today = jiff::Timestamp::now();
    let today = today.in_tz(&catalog.head.time_zone).map(|now| now.date()).unwrap_or_default();
    let named = catalog.targets.iter().filter_map(|target| target.time_period.as_deref());
    let named = named.chain([catalog.head.default_period.as_str()]);
    let begun = named.filter_map(|text| Period::parse(text).ok()).filter(|period| period.start <= today);
    let mut periods: Vec<_> = begun.map(|period| (period.end, period.to_string())).collect();
    periods.sort_unstable();
    periods.dedup();
    periods.into_iter().map(|(_, text)| text).collect()
}

impl Scheduler {
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let Some(mut agenda) = self.begin(&shutdown).await else { return };
        loop {
            self.announce(&agenda);
            if !self.wait(agenda.wake(), &shutdown).await {
                return;
            }
            let outcome = tokio::select! {
                outcome = self.due(agenda.due()) => outcome,
                () = shutdown.wait() => return,
            };
            let now = self.clock.now();
            self.note(&agenda, &outcome, now);
            agenda = match outcome {
                Err(_) => agenda.failed(now),
                Ok(_) => match agenda.succeeded(now) {
                    Some(next) => next,
                    None => return,
                },
            };
        }
    }

    /// The agenda, as soon as the lake says what has run.
    async fn begin(&self, shutdown: &Shutdown) -> Option<Agenda> {
        loop {
            match self.succeeded().await {
                Ok(last) => return Agenda::new(self.plan.schedule.clone(), self.clock.now(), last),
                Err(error) => tracing::warn!(%error, "the runs cannot be read; trying again"),
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = shutdown.wait() => return None,
            }
        }
    }

    /// Waits until a moment; false if the process ends before.
    async fn wait(&self, until: i64, shutdown: &Shutdown) -> bool {
        loop {
            let left = until - self.clock.now();
            if left <= 0 {
                return !shutdown.is_triggered();
            }
            let left = Duration::from_micros(left.unsigned_abs()).min(LOOK_EVERY);
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                () = shutdown.wait() => return false,
            }
        }
    }

    /// The run for a moment: every period that has not been run since.
    async fn due(&self, due: i64) -> anyhow::Result<&'static str> {
        let mut outcome = "done_elsewhere";
        for period in self.periods() {
            let last = self.last_success(&period).await?;
            if last.is_some_and(|started| started >= due) {
                continue;
            }
            let request = Request { period: period.clone(), as_of: None, publish: true };
            let ran = helan_rollup::run_scheduled(&self.lake, self.catalog.clone(), request, due).await?;
            tracing::info!(period, publication = ran.publication, fresh = ran.fresh, "scheduled roll-up");
            outcome = better(outcome, &ran);
        }
        Ok(outcome)
    }

    fn periods(&self) -> Vec<String> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).periods.clone()
    }

    /// When the run that succeeded last, of the period for which that is longest ago, started.
    async fn succeeded(&self) -> anyhow::Result<Option<i64>> {
        let mut oldest = None;
        for period in self.periods() {
            if let Some(last) = self.last_success(&period).await? {
                oldest = Some(oldest.map_or(last, |oldest: i64| oldest.min(last)));
            }
        }
        Ok(oldest)
    }

    async fn last_success(&self, period: &str) -> anyhow::Result<Option<i64>> {
        let session = Pinned::open(&self.lake, Some(self.catalog.clone())).await?;
        let period = literal(period);
        let query = format!(
            "select max(started_at) from publication_runs where time_period = {period} and outcome <> 'failed'"
        );
        let batches = session.rows(&query).await?;
        let value = batches.iter().find(|batch| batch.num_rows() > 0).map(|batch| batch.column(0).clone());
        Ok(value.and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>()?.iter().next()?))
    }

    fn announce(&self, agenda: &Agenda) {
        self.counters.next.set(agenda.wake() / 1_000_000);
        self.status.lock().unwrap_or_else(PoisonError::into_inner).next_run =
            Some(rfc_3339(agenda.wake())).filter(|moment| !moment.is_empty());
    }

    fn note(&self, agenda: &Agenda, outcome: &anyhow::Result<&'static str>, now: i64) {
        let (name, message) = match outcome {
            Ok(name) => (*name, None),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "the scheduled roll-up failed; it is tried again");
                ("failed", Some(format!("{error:#}")))
            }
        };
        self.counters.runs.get_or_create(&vec![("outcome", name)]).inc();
        if message.is_none() {
            self.counters.succeeded.set(now / 1_000_000);
        }
        let last = LastRun {
            due: rfc_3339(agenda.due()),
            finished_at: rfc_3339(now),
            outcome: name.to_owned(),
            attempts: agenda.attempts(),
            message,
        };
        self.status.lock().unwrap_or_else(PoisonError::into_inner).last_run = Some(last);
    }
}

/// Of several periods, what happened most.
fn better(so_far: &'static str, ran: &Outcome) -> &'static str {
    match (so_far, ran.fresh) {
        (_, true) | ("published", _) => "published",
        _ => "unchanged",
    }
}
