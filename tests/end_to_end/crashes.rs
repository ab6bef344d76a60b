//! `kill -9` in mid-load: every acknowledged event is in `events` exactly once, counted by id against a ledger of
//! acknowledgements, with clients that retry and two maintenance runs at once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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

/// Sends batch after batch until it is told to stop; repeats each until it is acknowledged, and now and then once
/// more. Returns the acknowledged events.
async fn send(helan: Arc<Deployment>, bases: Vec<String>, feed: usize, stop: Arc<AtomicBool>) -> BTreeSet<String> {
    let (reporter, source, area) = FEEDS[feed];
    let token = helan.token(reporter);
    let mut ledger = BTreeSet::new();
    let mut next = 0;
    while !stop.load(Ordering::Relaxed) {
        let body = batch(source, area, next, EVENTS_A_REQUEST);
        let mut again = (next / EVENTS_A_REQUEST).is_multiple_of(7);
        for attempt in 0.. {
            let base = &bases[(next / EVENTS_A_REQUEST + attempt) % bases.len()];
            let request = helan.client.post(format!("{base}/v1/events")).bearer_auth(&token);
            let answer = request.header("content-type", BATCH).body(body.clone()).send().await;
            match answer.map(|answer| answer.status().as_u16()) {
                Ok(202) if !std::mem::take(&mut again) => break,
                Ok(202) => {}
                Ok(429 | 503 | 408) | Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                Ok(other) => panic!("{reporter}: {other}"),
            }
        }
        ledger.extend((next..next + EVENTS_A_REQUEST).map(|n| format!("{source} n-{n:08}")));
        next += EVENTS_A_REQUEST;
    }
    ledger
}

pub(crate) async fn compare(helan: &Deployment, ledger: &BTreeSet<String>) {
    let expected = ledger.len().to_string();
    helan
        .wait_until("every acknowledged event is in the lake", async || {
            helan.sql("select count(distinct source || ' ' || id) from events") == [expected.as_str()]
        })
        .await;
    let twice = helan.sql("select source, id, count(*) from events group by 1, 2 having count(*) > 1 limit 5");
    assert!(twice.is_empty(), "in events more than once: {twice:?}");
    let found: BTreeSet<String> = helan.sql("select source || ' ' || id from events").into_iter().collect();
    assert!(&found == ledger, "{} lost", ledger.difference(&found).count());
}

pub(crate) fn load(
    helan: &Arc<Deployment>,
    bases: &[String],
) -> (Arc<AtomicBool>, Vec<tokio::task::JoinHandle<BTreeSet<String>>>) {
    let stop = Arc::new(AtomicBool::new(false));
    let senders = (0..FEEDS.len()).map(|feed| tokio::spawn(send(helan.clone(), bases.to_vec(), feed, stop.clone())));
    (stop.clone(), senders.collect())
}

pub(crate) async fn ledger_of(senders: Vec<tokio::task::JoinHandle<BTreeSet<String>>>) -> BTreeSet<String> {
    let mut ledger = BTreeSet::new();
    for sender in senders {
        ledger.extend(sender.await.expect("a sender ends"));
    }
    assert!(ledger.len() > 1_000, "too little load to mean anything: {}", ledger.len());
    ledger
}

pub(crate) async fn maintain_twice(helan: &Arc<Deployment>) {
    let runs = [(); 2].map(|()| {
        let helan = helan.clone();
        tokio::task::spawn_blocking(move || helan.run(&["maintain"]))
    });
    for run in runs {
        run.await.expect("maintenance ends well");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_or_doubled_when_up_is_killed() {
    let helan = Arc::new(Deployment::up(None).await);
    let (stop, senders) = load(&helan, std::slice::from_ref(&helan.base));
    for round in 0..3 {
        tokio::time::sleep(Duration::from_secs(3)).await;
        helan.kill9(&helan.base);
        if round == 1
            && let Some(broker) = &helan.broker
        {
            let mut broker = broker.lock().expect("broker");
            broker.kill9();
            broker.restart().expect("the broker starts again");
        }
        helan.start_up().await;
        maintain_twice(&helan).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    stop.store(true, Ordering::Relaxed);
    compare(&helan, &ledger_of(senders).await).await;
}
