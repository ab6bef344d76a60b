//! The loop round the machine: carries out its actions with the log and the lake, and tells it what came of them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use helan_lake::{CommitError, Lake, LakeError, Mark, TableTip};
use helan_log::{Log, LogError, LogIdentity, Message, Records, RetryReason, StopReason, Subscription, TopicPartition};
use helan_runtime::clock::{CLOCKS_DIFFER, Clock};
use helan_runtime::shutdown::Shutdown;
use helan_schemas::fields::GENERATION;
use helan_schemas::tables::Table;
use helan_schemas::topics::{self, generation_of};
use tracing::Instrument;
use tracing::field::Empty;

use crate::continuity::{Known, differ};
use crate::flush::flush;
use crate::judge::{Batch, Rules};
use crate::machine::{Action, Event, Limits, Machine, Phase, Step};
use crate::metrics::Counters;
use crate::state::{PartitionState, Stored, TABLES, tables_of};
use crate::status::Status;

/// Bytes of records after which a batch is committed: bounds memory to about ten times as much.
pub const FLUSH_BYTES: usize = 16 * 1024 * 1024;
/// Age after which a batch is committed: with the commits themselves, visible within two seconds.
pub const FLUSH_AGE: Duration = Duration::from_secs(1);
/// Pause after the log or the store failed.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest wait for a message, so that the end of the process is noticed.
const POLL: Duration = Duration::from_millis(200);

/// What an aggregator works with.
#[derive(Clone)]
pub struct AggregatorConfig {
    /// Where records come from.
    pub log: Arc<dyn Log>,
    /// Where rows go.
    pub lake: Lake,
    /// Consumer group: settles who reads which partition.
    pub group: String,
    /// Topics.
    pub topics: Vec<String>,
    /// Bytes of records after which a batch is committed.
    pub flush_bytes: usize,
    /// Age after which a batch is committed.
    pub flush_age: Duration,
    /// Tells the time.
    pub clock: Clock,
    /// Counts.
    pub counters: Counters,
    /// Shows how partitions stand.
    pub status: Status,
    /// The lake is made for one file: what the file withdraws lies elsewhere.
    pub is_trial: bool,
}

impl AggregatorConfig {
    /// All topics, in the group `helan-aggregator`.
    pub fn new(log: Arc<dyn Log>, lake: Lake) -> Self {
        Self {
            log,
            lake,
            group: "helan-aggregator".to_owned(),
            topics: topics::ALL.map(str::to_owned).to_vec(),
            flush_bytes: FLUSH_BYTES,
            flush_age: FLUSH_AGE,
            clock: Clock::system(),
            counters: Counters::default(),
            status: Status::default(),
            is_trial: false,
        }
    }
}

/// Why an aggregator ended; a restart helps only after someone has looked.
#[derive(Debug, thiserror::Error)]
pub enum AggregatorError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The lake.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A table refuses commits for good.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Aggregates until shutdown, then commits what is pending.
///
/// # Errors
/// [`AggregatorError`] for what no retry mends. A partition that cannot be read on stops alone, see
/// [`Status::ready`].
pub async fn run(config: AggregatorConfig, shutdown: Shutdown) -> Result<(), AggregatorError> {
    let mut aggregator = Aggregator::start(config).await?;
    while !shutdown.is_triggered() {
        let message = tokio::select! {
            message = tokio::time::timeout(aggregator.wait(), aggregator.subscription.next()) => message.ok(),
            () = shutdown.wait() => break,
        };
        match message {
            Some(Err(error)) if error.is_retry() => {
                tracing::warn!(%error, "the log cannot be read now");
                aggregator.tick().await?;
                tokio::time::sleep(PAUSE).await;
            }
            Some(message) => aggregator.receive(message?).await?,
            None => aggregator.tick().await?,
        }
    }
    aggregator.stop().await
}

/// An aggregator that is driven step by step; [`run`] drives it by the log and the clock.
pub struct Aggregator {
    config: AggregatorConfig,
    machine: Machine,
    subscription: Box<dyn Subscription>,
    tips: Option<[TableTip; TABLES]>,
    states: HashMap<TopicPartition, PartitionState>,
    known: Known,
    batch: Batch,
    arrived: Option<Records>,
    trace: Option<Vec<String>>,
}

impl Aggregator {
    /// Checks that the lake was filled from this log, and joins the group.
    ///
    /// # Errors
    /// [`StopReason::OtherIdentity`] if it was filled from another.
    pub async fn start(config: AggregatorConfig) -> Result<Self, AggregatorError> {
        identity(&config).await?;
        let topics: Vec<_> = config.topics.iter().map(String::as_str).collect();
        let subscription = config.log.subscribe(&config.group, &topics).await?;
        let limits = Limits {
            flush_bytes: config.flush_bytes,
            flush_age: config.flush_age.as_micros() as i64,
            pause: PAUSE.as_micros() as i64,
        };
        let machine = Machine::new(limits);
        let (states, known, batch) = (HashMap::new(), Known::default(), Batch::default());
        Ok(Self { config, machine, subscription, tips: None, states, known, batch, arrived: None, trace: None })
    }

    /// Keeps a line for each event and its actions from now on; [`Aggregator::take_trace`] returns them.
    pub fn keep_trace(&mut self) {
        self.trace.get_or_insert_default();
    }

    /// The lines since the last call.
    pub fn take_trace(&mut self) -> Vec<String> {
        self.trace.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The subscription, for a driver that polls it itself.
    pub fn subscription(&mut self) -> &mut dyn Subscription {
        self.subscription.as_mut()
    }

    /// Takes in a message of the log.
    pub async fn receive(&mut self, message: Message) -> Result<(), AggregatorError> {
        let now = self.config.clock.steady();
        let event = match message {
            Message::Assigned(partitions) => Event::Assigned(partitions),
            Message::Revoked(partitions) => Event::Revoked(partitions),
            Message::Failed { at, error } if error.is_retry() => {
                tracing::warn!(%at, %error, "the log cannot be read on now");
                Event::SeekFailed { at, now }
            }
            Message::Failed { at, error } => broken(at, &error),
            Message::Records(records) => match (records.first_offset(), records.next_offset()) {
                (Some(first), Some(next)) => {
                    let (at, bytes) = (records.at().clone(), records.bytes());
                    match newer(&records) {
                        Some(why) => {
                            tracing::error!(%at, why, "this partition stops");
                            Event::Broken { at, why, first: None }
                        }
                        None => {
                            let digest = records.get(records.len() - 1).map_or(0, |last| last.digest());
                            self.arrived = Some(records);
                            Event::Arrived { at, first, next, digest, bytes, now }
                        }
                    }
                }
                _ => return Ok(()),
            },
        };
        self.handle(event).await?;
        self.tick().await
    }

    /// Lets time pass: commits what is old enough, tries again what failed.
    pub async fn tick(&mut self) -> Result<(), AggregatorError> {
        let now = self.config.clock.steady();
        self.compare(now).await?;
        self.handle(Event::Tick { now }).await
    }

    /// Looks now and then whether the log is still the one that is read.
    async fn compare(&mut self, now: i64) -> Result<(), AggregatorError> {
        let anchors = self.known.due(now);
        let others = match differ(self.config.log.as_ref(), &anchors).await {
            Ok(others) => others,
            // Reading tells of it too; the same is asked again.
            Err(error) => {
                tracing::debug!(%error, "the log could not be compared");
                return Ok(());
            }
        };
        for ((at, Mark { offset, .. }), other) in anchors.into_iter().zip(others) {
            if other {
                let why = StopReason::Diverged { at: at.clone(), offset }.to_string();
                tracing::error!(%at, why, "this partition stops");
                self.known.forget(&at);
                self.handle(Event::Diverged { at, why }).await?;
            } else {
                self.known.holds(&at);
            }
        }
        Ok(())
    }

    /// Commits what is pending.
    pub async fn stop(mut self) -> Result<(), AggregatorError> {
        self.handle(Event::Stopping).await
    }

    /// How long to wait for a message before [`Aggregator::tick`] is due.
    fn wait(&self) -> Duration {
        let left = self.machine.deadline().map(|at| (at - self.config.clock.steady()).max(0) as u64);
        left.map_or(POLL, |left| Duration::from_micros(left).min(POLL))
    }

    async fn handle(&mut self, event: Event) -> Result<(), AggregatorError> {
        let mut actions = VecDeque::from(self.decide(event));
        while let Some(action) = actions.pop_front() {
            if let Some(event) = self.carry_out(action).await? {
                for action in self.decide(event).into_iter().rev() {
                    actions.push_front(action);
                }
            }
        }
        self.arrived = None;
        self.config.status.update(&self.machine);
        let partitions = self.machine.partitions().values();
        let stopped = partitions.filter(|partition| matches!(partition.phase, Phase::Stopped(_))).count();
        self.config.counters.stopped.set(stopped as i64);
        Ok(())
    }

    fn decide(&mut self, event: Event) -> Vec<Action> {
        let shown = self.trace.is_some().then(|| format!("{event:?}"));
        let actions = self.machine.handle(event);
        if let (Some(trace), Some(shown)) = (&mut self.trace, shown) {
            trace.push(format!("{shown} => {actions:?}"));
        }
        actions
    }

    async fn carry_out(&mut self, action: Action) -> Result<Option<Event>, AggregatorError> {
        match action {
            Action::Pin { rebuild } => match self.pin(&rebuild).instrument(tracing::debug_span!("pin")).await {
                Ok(stored) => Ok(Some(Event::Pinned(stored))),
                Err(AggregatorError::Lake(error)) if !matches!(error, LakeError::Unsafe { .. }) => {
                    tracing::warn!(%error, "the tables cannot be read now");
                    self.config.status.failed(self.config.clock.steady(), &error);
                    Ok(Some(Event::PinFailed { now: self.config.clock.steady() }))
                }
                Err(AggregatorError::Log(error)) if error.is_retry() => {
                    tracing::warn!(%error, "the log cannot be asked now");
                    self.config.status.failed(self.config.clock.steady(), &error);
                    Ok(Some(Event::PinFailed { now: self.config.clock.steady() }))
                }
                Err(error) => Err(error),
            },
            Action::Seek { at, offset } => match self.seek(&at, offset).await {
                Ok(()) => Ok(None),
                Err(error) if error.is_retry() => {
                    tracing::warn!(%at, %error, "the log cannot be read now");
                    Ok(Some(Event::SeekFailed { at, now: self.config.clock.steady() }))
                }
                Err(error) => Ok(Some(broken(at, &error))),
            },
            Action::Take => {
                if let Some(records) = self.arrived.take()
                    && let Some(state) = self.states.get_mut(records.at())
                {
                    self.config.counters.pending_bytes.inc_by(records.bytes() as i64);
                    watch_clocks(&self.config, &records);
                    self.batch.take(records, state);
                }
                Ok(None)
            }
            Action::Discard(at) => {
                self.known.forget(&at);
                self.batch.discard(&at);
                self.states.remove(&at);
                if !self.machine.partitions().values().any(|partition| partition.pending) {
                    self.config.counters.pending_bytes.set(0);
                }
                Ok(None)
            }
            Action::Flush(steps) => self.flush(&steps).await.map(Some),
            Action::Report(partitions) => {
                // For tools that show lag; nothing depends on it.
                if let Err(error) = self.subscription.commit(&partitions).await {
                    tracing::debug!(%error, "the group was not told how far partitions are read");
                }
                Ok(None)
            }
        }
    }

    /// Reads a partition on, if the log still has the records that the tables have last seen of it.
    async fn seek(&mut self, at: &TopicPartition, offset: i64) -> Result<(), LogError> {
        let app_id = self.config.lake.offset_app_id(&at.topic, at.partition);
        let unread = |error: LakeError| LogError::Retry {
            reason: RetryReason::TimedOut,
            detail: format!("the tables' marks cannot be read: {error}"),
        };
        let mut marks = Vec::new();
        for tip in self.tips.iter().flatten() {
            if let Some(next) = tip.txn(&app_id).await.map_err(unread)? {
                let found = tip.marks(&app_id, next).await.map_err(unread)?;
                marks.extend(found.into_iter().flat_map(|it| [it.last, it.anchor]));
            }
        }
        marks.sort_unstable_by_key(|mark| mark.offset);
        marks.dedup();
        let wanted: Vec<_> = marks.iter().map(|mark| (at.clone(), *mark)).collect();
        let others = differ(self.config.log.as_ref(), &wanted).await?;
        if let Some((mark, _)) = marks.iter().zip(others).find(|(_, other)| *other) {
            return Err(StopReason::Diverged { at: at.clone(), offset: mark.offset }.into());
        }
        if let Some(mark) = marks.last() {
            self.known.found(at, *mark);
        }
        self.subscription.seek(at, offset).await
    }

    async fn flush(&mut self, steps: &[Step]) -> Result<Event, AggregatorError> {
        let batch = std::mem::take(&mut self.batch);
        self.config.counters.pending_bytes.set(0);
        let Some(tips) = &mut self.tips else { return Ok(Event::Committed) };
        let now = || self.config.clock.steady();
        let begun = now();
        let span = tracing::debug_span!("flush", batch.records = Empty, batch.rows = Empty);
        let rules = Rules { withdraws_known: !self.config.is_trial };
        match flush(&self.config.lake, tips, (batch, rules), steps, &self.known).instrument(span.clone()).await {
            Ok(counts) => {
                let took = now() - begun;
                span.record("batch.records", counts.records).record("batch.rows", counts.accepted);
                tracing::debug!(
                    batch.records = counts.records,
                    batch.rows = counts.accepted,
                    duration_ms = took / 1000,
                    "committed"
                );
                self.config.counters.committed(counts, took as f64 / 1e6);
                self.config.status.works();
                for step in steps {
                    self.known.committed(step);
                    if let Some(state) = self.states.get_mut(&step.at) {
                        state.stored = state.stored.map(|stored| stored.max(step.next));
                    }
                }
                Ok(Event::Committed)
            }
            Err(error @ CommitError::Fenced(_)) => {
                tracing::warn!(%error, "fenced: reading on from where the tables are");
                self.config.counters.fenced.inc();
                Ok(Event::Failed { fenced: true, now: now() })
            }
            Err(CommitError::Retry(error)) => {
                tracing::warn!(%error, "a batch was not committed; reading again from where the tables are");
                self.config.status.failed(now(), &error);
                self.config.counters.failures.inc();
                Ok(Event::Failed { fenced: false, now: now() })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Pins the tables, reads every partition's offsets and rebuilds the state of some.
    async fn pin(&mut self, rebuild: &[TopicPartition]) -> Result<Vec<(TopicPartition, Stored)>, AggregatorError> {
        let identity = identity(&self.config).await?;
        let lake = &self.config.lake;
        let [first, second, third] = Table::FED;
        let tips = [lake.tip(first).await?, lake.tip(second).await?, lake.tip(third).await?];
        let mut all = Vec::new();
        let mut states = Vec::new();
        for at in self.machine.partitions().keys() {
            let app_id = lake.offset_app_id(&at.topic, at.partition);
            let mut stored = Stored::default();
            for table in tables_of(&at.topic) {
                stored[table] = tips[table].txn(&app_id).await?;
            }
            if rebuild.contains(at) {
                let partitions = *identity.topics.get(&*at.topic).unwrap_or(&0);
                states.push(PartitionState::rebuild(at, partitions, &stored, &tips).await?);
            }
            all.push((at.clone(), stored));
        }
        self.states.extend(states.into_iter().map(|state| (state.at.clone(), state)));
        self.tips = Some(tips);
        Ok(all)
    }
}

/// Tells of records that were received by a clock far ahead of ours. What they are dated by is not touched: another
/// run over the same log must give the same rows.
fn watch_clocks(config: &AggregatorConfig, records: &Records) {
    let latest = config.clock.now() + CLOCKS_DIFFER;
    let mut ahead = records.iter().filter(|record| record.received_at > latest);
    let Some(first) = ahead.next() else { return };
    let count = 1 + ahead.count() as u64;
    config.counters.clock_ahead.inc_by(count);
    let received = jiff::Timestamp::from_microsecond(first.received_at).unwrap_or_default();
    tracing::error!(
        at = %records.at(),
        submission = first.submission,
        log.offset = first.offset,
        batch.records = count,
        "the clock of an ingest is ahead of this one: it received a report at {received}, from when on it counts"
    );
}

/// The log's identity, if the lake was filled from this log.
async fn identity(config: &AggregatorConfig) -> Result<LogIdentity, AggregatorError> {
    let found = config.log.identity().await?;
    found.continues(&config.lake.log_identity().parse()?)?;
    Ok(found)
}

/// Why records must wait for a newer build: it would keep what this one does not know.
fn newer(records: &Records) -> Option<String> {
    let (offset, wanted) = records
        .iter()
        .map(|record| (record.offset, generation_of(record.content_type)))
        .find(|(_, generation)| *generation > GENERATION)?;
    Some(format!(
        "the record at offset {offset} has fields of generation {wanted}, this build of helan knows {GENERATION}: a \
         newer helan took it in; upgrade this process, and it is read from there"
    ))
}

fn broken(at: TopicPartition, error: &LogError) -> Event {
    tracing::error!(%at, %error, "this partition stops");
    let first = match error {
        LogError::Stop(StopReason::RetentionGap { first, .. }) => Some(*first),
        _ => None,
    };
    Event::Broken { at, why: error.to_string(), first }
}
