//! Senders that repeat until they are acknowledged, and what they were told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::power::now;
use crate::harness::{Deployment, PATIENCE};
use crate::stranger::{BATCH, batch};

/// Reporters, each with its feed and its area.
const FEEDS: [(&str, &str, &str); 3] = [
    ("yinchuan", "/nx/yinchuan", "640100"),
    ("shizuishan", "/nx/shizuishan", "640200"),
    ("wuzhong", "/nx/wuzhong", "640300"),
];
const EVENTS: usize = 5;
/// Events of a large submission.
const AT_ONCE: usize = 7000;
/// A sender rests so long between two submissions: what counts is how often something happens, not how much is sent.
const REST: Duration = Duration::from_millis(30);

/// One sender.
struct Sender {
    source: &'static str,
    area: &'static str,
    token: String,
    /// First number of the next submission; it moves on once the submission is acknowledged.
    next: usize,
    acknowledged: BTreeSet<String>,
    /// When what was acknowledged: microseconds since the epoch, the first of it and how many.
    times: Vec<(u64, usize, usize)>,
}

/// The senders of all rounds.
pub(super) struct Senders {
    client: reqwest::Client,
    base: String,
    senders: Vec<Arc<Mutex<Sender>>>,
    running: Option<(Arc<AtomicBool>, Vec<tokio::task::JoinHandle<()>>)>,
}

impl Senders {
    pub(super) fn new(helan: &Deployment) -> Self {
        let sender = |(reporter, source, area): (&str, &'static str, &'static str)| {
            let token = helan.token(reporter);
            Arc::new(Mutex::new(Sender {
                source,
                area,
                token,
                next: 0,
                acknowledged: BTreeSet::new(),
                times: Vec::new(),
            }))
        };
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().expect("a client");
        Self { client, base: helan.base.clone(), senders: FEEDS.map(sender).into(), running: None }
    }

    /// How many events were acknowledged so far.
    pub(super) fn acknowledged(&self) -> usize {
        self.senders.iter().map(|sender| lock(sender).acknowledged.len()).sum()
    }

    /// Starts to send.
    pub(super) fn start(&mut self) {
        let stop = Arc::new(AtomicBool::new(false));
        let tasks = self.senders.iter().map(|sender| {
            let (sender, stop, client, base) = (sender.clone(), stop.clone(), self.client.clone(), self.base.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let taken = send(&client, &base, &sender, EVENTS).await == Some(202);
                    tokio::time::sleep(if taken { REST } else { 3 * REST }).await;
                }
            })
        });
        self.running = Some((stop.clone(), tasks.collect()));
    }

    /// Sends for a while longer, then ends.
    pub(super) async fn stop(&mut self) {
        let Some((stop, tasks)) = self.running.take() else { return };
        stop.store(true, Ordering::Relaxed);
        for task in tasks {
            task.await.expect("a sender ends");
        }
    }

    /// Sends once for each; the statuses that came.
    pub(super) async fn once(&self) -> Vec<u16> {
        let mut statuses = Vec::new();
        for sender in &self.senders {
            statuses.extend(send(&self.client, &self.base, sender, EVENTS).await);
        }
        statuses
    }

    /// Takes back what was acknowledged since a moment, and lets the senders go on from there; says how much it was.
    pub(super) fn forget_since(&self, moment: u64) -> usize {
        let before = self.acknowledged();
        for sender in &self.senders {
            let mut sender = lock(sender);
            while let Some((_, first, count)) = sender.times.pop_if(|(time, ..)| *time >= moment) {
                let source = sender.source;
                for n in first..first + count {
                    sender.acknowledged.remove(&event(source, n));
                }
                sender.next = sender.next.min(first);
            }
        }
        before - self.acknowledged()
    }

    /// How far each sender is.
    pub(super) fn marks(&self) -> Vec<usize> {
        self.senders.iter().map(|sender| lock(sender).next).collect()
    }

    /// Each sends again what was acknowledged since a mark: log and lake were restored from a copy of then.
    pub(super) async fn repeat_from(&self, marks: &[usize]) {
        let started = Instant::now();
        for (sender, mark) in self.senders.iter().zip(marks) {
            let end = std::mem::replace(&mut lock(sender).next, *mark);
            while lock(sender).next < end {
                let count = (end - lock(sender).next).min(AT_ONCE);
                if send(&self.client, &self.base, sender, count).await != Some(202) {
                    assert!(started.elapsed() < PATIENCE, "nothing is taken again");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    /// Sends so much that what stands of the cells is worth folding.
    pub(super) async fn fill(&self) {
        for sender in &self.senders {
            let status = send(&self.client, &self.base, sender, AT_ONCE).await;
            assert_eq!(status, Some(202), "a large submission is taken");
        }
    }

    /// Waits for what was acknowledged; how many events are missing, and how many stand there twice.
    pub(super) async fn compare(&self, helan: &Deployment) -> (usize, usize) {
        let started = Instant::now();
        loop {
            let found = self.compare_once(helan);
            if found.is_some_and(|(missing, _)| missing == 0) || started.elapsed() > PATIENCE {
                return found.unwrap_or((usize::MAX, 0));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// How it is now; none if there is no answer.
    pub(super) fn compare_once(&self, helan: &Deployment) -> Option<(usize, usize)> {
        const ASKED: &str = "select source || ' ' || id as event, count(*) from events group by 1";
        let output = helan.command(&["sql", "-f", "csv", ASKED]).output().expect("helan runs");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let row = |line: &str| line.rsplit_once(',').map(|(event, count)| (event.to_owned(), count != "1"));
        let found: BTreeMap<String, bool> = text.lines().skip(1).filter_map(row).collect();
        let missing = |sender: &Arc<Mutex<Sender>>| {
            lock(sender).acknowledged.iter().filter(|event| !found.contains_key(*event)).count()
        };
        let lost = self.senders.iter().map(missing).sum();
        output.status.success().then(|| (lost, found.values().filter(|doubled| **doubled).count()))
    }
}

/// Sends a sender's next submission; the status, if there was an answer.
async fn send(client: &reqwest::Client, base: &str, sender: &Mutex<Sender>, count: usize) -> Option<u16> {
    let (body, token, first) = {
        let sender = lock(sender);
        (batch(sender.source, sender.area, sender.next, count), sender.token.clone(), sender.next)
    };
    let request = client.post(format!("{base}/v1/events")).bearer_auth(token).header("content-type", BATCH);
    let status = request.body(body).send().await.ok()?.status().as_u16();
    if status == 202 {
        let mut sender = lock(sender);
        let source = sender.source;
        sender.acknowledged.extend((first..first + count).map(|n| event(source, n)));
        sender.times.push((now(), first, count));
        sender.next = sender.next.max(first + count);
    }
    Some(status)
}

/// An event as it is asked for.
fn event(source: &str, number: usize) -> String {
    format!("{source} n-{number:08}")
}

fn lock(sender: &Mutex<Sender>) -> std::sync::MutexGuard<'_, Sender> {
    sender.lock().expect("no sender panicked")
}
