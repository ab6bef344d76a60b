//! Sends: so many submissions at once, each source in order, at full speed or by the clock; retries as a client does.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use hdrhistogram::Histogram;
use helan_load::{Kind, Line, Outcome, Stream};
use helan_runtime::shutdown::Shutdown;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;

use super::keep::Ledger;
use super::report::grouped;
use super::target::{Answer, Target};
use super::visible::{Probe, Prober};
use crate::lang::Lang;

/// First pause before the same is sent again; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How much to send, and how fast.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Submissions of the whole load, those of before included; none = without end.
    pub(super) submissions: Option<u64>,
    pub(super) duration: Option<Duration>,
    /// Events a second.
    pub(super) rate: Option<u64>,
    pub(super) connections: usize,
    pub(super) patience: Duration,
    /// Language of the progress.
    pub(super) lang: Lang,
}

/// What was sent and what came of it.
pub(super) struct Sent {
    pub(super) submissions: u64,
    pub(super) events: u64,
    pub(super) bytes: u64,
    pub(super) acknowledged: u64,
    pub(super) acknowledged_events: u64,
    pub(super) refused: BTreeMap<String, u64>,
    /// Refusals of which the lake must tell.
    pub(super) kept: u64,
    /// Tries that had to be repeated, by reason.
    pub(super) retried: BTreeMap<String, u64>,
    /// Submissions without an answer.
    pub(super) unknown: u64,
    /// Microseconds from when it was, or should have been, sent until the acknowledgement.
    pub(super) latency: Histogram<u64>,
    pub(super) visible: Option<Histogram<u64>>,
    pub(super) elapsed: Duration,
    pub(super) connections: usize,
    pub(super) streams: usize,
}

impl Sent {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            submissions: 0,
            events: 0,
            bytes: 0,
            acknowledged: 0,
            acknowledged_events: 0,
            refused: BTreeMap::new(),
            kept: 0,
            retried: BTreeMap::new(),
            unknown: 0,
            latency: super::times()?,
            visible: None,
            elapsed: Duration::ZERO,
            connections: 0,
            streams: 0,
        })
    }

    fn add(&mut self, other: Self) -> anyhow::Result<()> {
        self.submissions += other.submissions;
        self.events += other.events;
        self.bytes += other.bytes;
        self.acknowledged += other.acknowledged;
        self.acknowledged_events += other.acknowledged_events;
        self.kept += other.kept;
        self.unknown += other.unknown;
        for (mine, others) in [(&mut self.refused, other.refused), (&mut self.retried, other.retried)] {
            for (reason, count) in others {
                *mine.entry(reason).or_default() += count;
            }
        }
        Ok(self.latency.add(other.latency)?)
    }
}

/// What all senders share.
struct Shared {
    plan: Plan,
    target: Target,
    ledger: Ledger,
    probes: Option<Sender<Probe>>,
    shutdown: Shutdown,
    bar: ProgressBar,
    /// Streams of the whole load.
    streams: u64,
    started: Instant,
    /// Number on the clock's row of the submission that is due at the start.
    first: u64,
}

/// Sends until the plan is fulfilled, its time is over or a signal ends it. The trouble that ended it early comes beside
/// what was sent until then.
pub(super) async fn run(
    plan: &Plan,
    streams: Vec<Stream>,
    next: &[u64],
    target: Target,
    ledger: Ledger,
    visible: Option<Prober>,
    shutdown: Shutdown,
) -> anyhow::Result<(Sent, Option<anyhow::Error>)> {
    let count = streams.len();
    let connections = plan.connections.min(count);
    let first = next.iter().zip(0..).map(|(next, stream)| next * count as u64 + stream).min().unwrap_or(0);
    let batch = streams.first().map_or(1, Stream::batch);
    let done: u64 = next.iter().sum();
    let shared = Arc::new(Shared {
        plan: plan.clone(),
        target,
        ledger: ledger.clone(),
        probes: visible.as_ref().map(Prober::sender),
        shutdown: shutdown.clone(),
        bar: progress(plan.submissions.map(|all| all.saturating_sub(done) * batch), plan.lang),
        streams: count as u64,
        started: Instant::now(),
        first,
    });
    let mut shares: Vec<Vec<(Stream, u64)>> = vec![Vec::new(); connections];
    for (at, (stream, next)) in streams.into_iter().zip(next).enumerate() {
        shares[at % connections].push((stream, *next));
    }
    let syncing = tokio::spawn(ledger.clone().keep_synced());
    let mut senders: JoinSet<(Sent, Option<anyhow::Error>)> = JoinSet::new();
    for share in shares {
        let (shared, mut sent) = (shared.clone(), Sent::new()?);
        senders.spawn(async move {
            let trouble = shared.send_all(share, &mut sent).await.err();
            if trouble.is_some() {
                shared.shutdown.trigger();
            }
            (sent, trouble)
        });
    }
    let (mut sum, mut trouble) = (Sent::new()?, None);
    while let Some(ended) = senders.join_next().await {
        let (sent, error) = ended?;
        sum.add(sent)?;
        trouble = trouble.or(error);
    }
    sum.elapsed = shared.started.elapsed();
    (sum.connections, sum.streams) = (connections, count);
    syncing.abort();
    if trouble.is_none() {
        ledger.append(&Line::END)?;
    }
    ledger.sync().await?;
    shared.bar.set_message(plan.lang.pick("等待抽样数据可供查询", "waiting for the sample to become visible"));
    let bar = shared.bar.clone();
    drop(shared);
    if let Some(prober) = visible {
        sum.visible = Some(prober.finish().await?);
    }
    bar.finish_and_clear();
    Ok((sum, trouble))
}

impl Shared {
    /// Sends what is one connection's share: its streams in turn.
    async fn send_all(&self, mut share: Vec<(Stream, u64)>, sent: &mut Sent) -> anyhow::Result<()> {
        for round in share.iter().map(|(_, next)| *next).min().unwrap_or(0).. {
            let mut left = false;
            for (stream, next) in share.iter_mut().filter(|(_, next)| *next == round) {
                let row = round * self.streams + stream.number();
                if self.plan.submissions.is_some_and(|all| row >= all) {
                    continue;
                }
                left = true;
                if self.is_over() || !self.send_one(stream, round, row, sent).await? {
                    return Ok(());
                }
                *next += 1;
            }
            if !left && share.iter().all(|(_, next)| *next <= round) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.shutdown.is_triggered() || self.plan.duration.is_some_and(|most| self.started.elapsed() >= most)
    }

    /// Sends one submission until there is an answer; false where the load ended before it was due.
    async fn send_one(&self, stream: &Stream, number: u64, row: u64, sent: &mut Sent) -> anyhow::Result<bool> {
        // Made before it is due, so that only sending counts.
        let mut submission = stream.submission(number);
        let body = bytes::Bytes::from(std::mem::take(&mut submission.body));
        let mut due = Instant::now();
        if let Some(rate) = self.plan.rate {
            let events = (row - self.first) * stream.batch();
            due = self.started + Duration::from_secs_f64(events as f64 / rate as f64);
            if self.plan.duration.is_some_and(|most| due >= self.started + most) {
                return Ok(false);
            }
            tokio::select! {
                () = tokio::time::sleep_until(due.into()) => {}
                () = self.shutdown.wait() => return Ok(false),
            }
            if self.is_over() {
                return Ok(false);
            }
        }
        sent.submissions += 1;
        sent.events += stream.batch();
        sent.bytes += body.len() as u64;
        let begun = Instant::now();
        let mut pause = FIRST_PAUSE;
        let line = |outcome| Line { stream: stream.number(), submission: number, hash: submission.hash, outcome };
        let outcome = loop {
            match self.target.send(stream, &submission, body.clone()).await {
                Answer::Acknowledged { partition, offset } => {
                    let at = Instant::now();
                    sent.latency.saturating_record((at - due).as_micros() as u64);
                    sent.acknowledged += 1;
                    sent.acknowledged_events += stream.batch();
                    if let (Some(probes), Kind::Plain) = (&self.probes, submission.kind) {
                        Prober::offer(probes, || Probe {
                            id: submission.id.clone(),
                            reporter: stream.feed().reporter.clone(),
                            topic: stream.feed().topic,
                            partition,
                            offset,
                            at,
                        });
                    }
                    break Outcome::Acknowledged { partition, offset };
                }
                Answer::Refused { code, kept, message } => {
                    *sent.refused.entry(code.clone()).or_default() += 1;
                    sent.kept += u64::from(kept);
                    if !matches!(submission.kind, Kind::Mistake { .. }) {
                        // What is right must be taken: later submissions count on it.
                        self.ledger.append(&line(Outcome::Refused { code: code.clone(), kept }))?;
                        bail!(
                            "submission {} of {} was refused: {code}, {message}",
                            submission.id,
                            stream.feed().source
                        );
                    }
                    break Outcome::Refused { code, kept };
                }
                Answer::Again { why, after } => {
                    *sent.retried.entry(why.clone()).or_default() += 1;
                    if begun.elapsed() > self.plan.patience {
                        sent.unknown += 1;
                        self.ledger.append(&line(Outcome::Unknown))?;
                        bail!("submission {} got no answer in {:?}: {why}", submission.id, self.plan.patience);
                    }
                    tokio::time::sleep(after.unwrap_or(pause)).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        };
        self.ledger.append(&line(outcome))?;
        self.bar.inc(stream.batch());
        Ok(true)
    }
}

/// Events and their rate; shown on a terminal only.
fn progress(events: Option<u64>, lang: Lang) -> ProgressBar {
    let (bar, template) = match events {
        Some(events) => {
            let zh = "{bar:24} {sent}/{all} 条  每秒 {rate}  还需 {eta}  {msg}";
            (ProgressBar::new(events), lang.pick(zh, "{bar:24} {sent}/{all} events  {rate}/s  {eta} left  {msg}"))
        }
        None => {
            let zh = "{spinner} {sent} 条  每秒 {rate}  已用 {elapsed}  {msg}";
            (ProgressBar::new_spinner(), lang.pick(zh, "{spinner} {sent} events  {rate}/s  {elapsed}  {msg}"))
        }
    };
    let Ok(style) = ProgressStyle::with_template(template) else { return bar };
    // Counts as in the report.
    let count = |of: fn(&ProgressState) -> u64| {
        move |state: &ProgressState, out: &mut dyn Write| {
            // A bar that cannot be written is no reason to stop.
            let _ = out.write_str(&grouped(of(state)));
        }
    };
    let style = style
        .with_key("sent", count(ProgressState::pos))
        .with_key("all", count(|state| state.len().unwrap_or(0)))
        .with_key("rate", count(|state| state.per_sec() as u64));
    bar.with_style(style)
}
