//! How long it takes from the acknowledgement until a submission can be asked for, on a sample: one at a time.

use std::time::{Duration, Instant};

use anyhow::Context;
use hdrhistogram::Histogram;
use helan_lake::Lake;
use helan_schemas::tables::Table;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::target::Target;
use crate::args::Place;

/// Pause between two questions: the figure's precision.
const POLL: Duration = Duration::from_millis(20);
/// What has not come by then is counted as this.
const LONGEST: Duration = Duration::from_secs(600);

/// An acknowledged submission.
pub(super) struct Probe {
    pub(super) id: String,
    pub(super) reporter: String,
    pub(super) topic: &'static str,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) at: Instant,
}

/// Follows one submission after the other into the lake.
pub(super) struct Prober {
    next: mpsc::Sender<Probe>,
    task: JoinHandle<anyhow::Result<Histogram<u64>>>,
}

/// How it is seen that a submission has arrived.
enum Eye {
    /// Its receipt says so, as its sender sees it.
    Receipt(Target),
    /// `events` has the rows below its offset.
    Table(Box<Lake>),
}

impl Prober {
    /// Over HTTP the receipts are asked, else the lake's table.
    pub(super) async fn start(target: &Target, place: &Place) -> anyhow::Result<Self> {
        let eye = match target {
            Target::Http(_) => Eye::Receipt(target.clone()),
            Target::Log { .. } => {
                let lake = Lake::open(&place.lake()?).await;
                Eye::Table(Box::new(
                    lake.context("--visible with --log looks into the lake: name it by --lake or --data-dir")?,
                ))
            }
        };
        // Holds the one that is looked at next; the others are not in the sample.
        let (next, probes) = mpsc::channel(1);
        Ok(Self { next, task: tokio::spawn(follow(eye, probes)) })
    }

    /// Puts a submission into the sample if there is room.
    pub(super) fn offer(next: &mpsc::Sender<Probe>, probe: impl FnOnce() -> Probe) {
        if let Ok(room) = next.try_reserve() {
            room.send(probe());
        }
    }

    /// Where to offer.
    pub(super) fn sender(&self) -> mpsc::Sender<Probe> {
        self.next.clone()
    }

    /// The times in microseconds, once the last one of the sample has arrived.
    pub(super) async fn finish(self) -> anyhow::Result<Histogram<u64>> {
        drop(self.next);
        self.task.await?
    }
}

async fn follow(eye: Eye, mut probes: mpsc::Receiver<Probe>) -> anyhow::Result<Histogram<u64>> {
    let mut times = super::times()?;
    while let Some(probe) = probes.recv().await {
        while !eye.sees(&probe).await && probe.at.elapsed() < LONGEST {
            tokio::time::sleep(POLL).await;
        }
        times.saturating_record(probe.at.elapsed().as_micros() as u64);
    }
    Ok(times)
}

impl Eye {
    /// Whether it has arrived; what cannot be asked now is asked again.
    async fn sees(&self, probe: &Probe) -> bool {
        match self {
            Self::Receipt(Target::Http(http)) => {
                let url = format!("{}/v1/submissions/{}", http.base, probe.id);
                let answer = http.client.get(url).bearer_auth(http.token(&probe.reporter)).send().await;
                let Ok(answer) = answer else { return false };
                let receipt: Result<serde_json::Value, _> = answer.json().await;
                receipt
                    .is_ok_and(|receipt| matches!(receipt["state"].as_str(), Some("accepted" | "repeat" | "refused")))
            }
            Self::Receipt(Target::Log { .. }) => true,
            Self::Table(lake) => {
                let Ok(events) = lake.snapshot(Table::Events).await else { return false };
                let next = events.txn(&lake.offset_app_id(probe.topic, probe.partition)).await;
                matches!(next, Ok(Some(next)) if next > probe.offset)
            }
        }
    }
}
