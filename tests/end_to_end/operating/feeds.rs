//! Senders with a ledger that can be read while they send.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::harness::Deployment;
use crate::stranger::{BATCH, batch};

/// Reporters, each with its feed and its area.
const FEEDS: [(&str, &str, &str); 4] = [
    ("yinchuan", "/nx/yinchuan", "640100"),
    ("shizuishan", "/nx/shizuishan", "640200"),
    ("wuzhong", "/nx/wuzhong", "640300"),
    ("guyuan", "/nx/guyuan", "640400"),
];
const EVENTS_A_REQUEST: usize = 20;

/// Senders at work.
pub(crate) struct Feeds {
    stop: Arc<AtomicBool>,
    ledger: Arc<Mutex<BTreeSet<String>>>,
    senders: Vec<tokio::task::JoinHandle<()>>,
}

impl Feeds {
    /// Starts to send.
    pub(crate) fn start(helan: &Arc<Deployment>) -> Self {
        Self::start_to(helan, std::slice::from_ref(&helan.base))
    }

    /// Starts to send to these addresses by turns.
    pub(crate) fn start_to(helan: &Arc<Deployment>, bases: &[String]) -> Self {
        let (stop, ledger) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(BTreeSet::new())));
        let start = |feed| tokio::spawn(send(helan.clone(), bases.to_vec(), feed, stop.clone(), ledger.clone()));
        Self { senders: FEEDS.into_iter().map(start).collect(), stop, ledger }
    }

    /// The events that were acknowledged so far.
    pub(crate) fn acknowledged(&self) -> BTreeSet<String> {
        self.ledger.lock().expect("no sender panicked").clone()
    }

    /// Ends the senders and returns every acknowledged event.
    pub(crate) async fn end(self) -> BTreeSet<String> {
        self.stop.store(true, Ordering::Relaxed);
        for sender in self.senders {
            sender.await.expect("a sender ends");
        }
        let ledger = self.ledger.lock().expect("no sender panicked");
        ledger.clone()
    }
}

/// Sends batch after batch until the end is asked for; repeats each until it is acknowledged, and now and then once more.
async fn send(
    helan: Arc<Deployment>,
    bases: Vec<String>,
    (reporter, source, area): (&str, &str, &str),
    stop: Arc<AtomicBool>,
    ledger: Arc<Mutex<BTreeSet<String>>>,
) {
    let token = helan.token(reporter);
    let mut next = 0;
    while !stop.load(Ordering::Relaxed) {
        let body = batch(source, area, next, EVENTS_A_REQUEST);
        let mut again = (next / EVENTS_A_REQUEST).is_multiple_of(7);
        for attempt in 0.. {
            let base = &bases[(next / EVENTS_A_REQUEST + attempt) % bases.len()];
            let request = helan.client.post(format!("{base}/v1/events")).bearer_auth(&token);
            let answer = request.header("content-type", BATCH).body(body.clone()).send().await;
            match answer.map(|answer| answer.status().as_u16()) {
                Ok(202) => {
                    let mut ledger = ledger.lock().expect("no sender panicked");
                    ledger.extend((next..next + EVENTS_A_REQUEST).map(|n| format!("{source} n-{n:08}")));
                    if !std::mem::take(&mut again) {
                        break;
                    }
                }
                Ok(429 | 503 | 408) | Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                Ok(other) => panic!("{reporter}: {other}"),
            }
        }
        next += EVENTS_A_REQUEST;
    }
}

/// The events of the lake, and that none stands there twice.
pub(crate) fn events(helan: &Deployment) -> BTreeSet<String> {
    let counted = helan.sql("select count(*), source || ' ' || id from events group by 2");
    let (once, twice): (Vec<_>, Vec<_>) =
        counted.iter().map(|row| row.split_once(',').expect("two columns")).partition(|(count, _)| *count == "1");
    assert!(twice.is_empty(), "in events more than once: {twice:?}");
    once.into_iter().map(|(_, event)| event.to_owned()).collect()
}

/// Waits until every event of a ledger is in the lake, each once.
pub(crate) async fn arrived(helan: &Deployment, ledger: &BTreeSet<String>) -> BTreeSet<String> {
    let found = std::cell::RefCell::default();
    helan
        .wait_until("every acknowledged event is in the lake", async || {
            found.replace(events(helan));
            ledger.is_subset(&found.borrow())
        })
        .await;
    found.into_inner()
}
