//! Senders that repeat until they are acknowledged, and what they were told.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::harness::Deployment;
use crate::stranger::{BATCH, batch};

/// Reporters, each with its feed and its area.
const FEEDS: [(&str, &str, &str); 3] = [
    ("yinchuan", "/nx/yinchuan", "640100"),
    ("shizuishan", "/nx/shizuishan", "640200"),
    ("wuzhong", "/nx/wuzhong", "640300"),
];
const EVENTS: usize = 5;

/// One sender.
struct Sender {
    source: &'static str,
    area: &'static str,
    token: String,
    /// First number of the next submission; it moves on once the submission is acknowledged.
    next: usize,
    acknowledged: BTreeSet<String>,
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
            Arc::new(Mutex::new(Sender { source, area, token, next: 0, acknowledged: BTreeSet::new() }))
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
                    if send(&client, &base, &sender).await != Some(202) {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
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
            statuses.extend(send(&self.client, &self.base, sender).await);
        }
        statuses
    }

    /// Waits for what was acknowledged; how many events are missing, and how many stand there twice.
    pub(super) async fn compare(&self, helan: &Deployment) -> (usize, usize) {
        let ledger: BTreeSet<String> =
            self.senders.iter().flat_map(|sender| lock(sender).acknowledged.clone()).collect();
        let mut lost = usize::MAX;
        for _ in 0..200 {
            let found: BTreeSet<String> = helan.sql("select source || ' ' || id from events").into_iter().collect();
            lost = ledger.difference(&found).count();
            if lost == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let doubled = helan.sql("select source, id from events group by 1, 2 having count(*) > 1").len();
        (lost, doubled)
    }
}

/// Sends a sender's next submission; the status, if there was an answer.
async fn send(client: &reqwest::Client, base: &str, sender: &Mutex<Sender>) -> Option<u16> {
    let (body, token, first) = {
        let sender = lock(sender);
        (batch(sender.source, sender.area, sender.next, EVENTS), sender.token.clone(), sender.next)
    };
    let request = client.post(format!("{base}/v1/events")).bearer_auth(token).header("content-type", BATCH);
    let status = request.body(body).send().await.ok()?.status().as_u16();
    if status == 202 {
        let mut sender = lock(sender);
        let source = sender.source;
        sender.acknowledged.extend((first..first + EVENTS).map(|n| format!("{source} n-{n:08}")));
        sender.next = sender.next.max(first + EVENTS);
    }
    Some(status)
}

fn lock(sender: &Mutex<Sender>) -> std::sync::MutexGuard<'_, Sender> {
    sender.lock().expect("no sender panicked")
}
