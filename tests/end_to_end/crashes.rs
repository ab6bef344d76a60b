//! `kill -9` in mid-load: every acknowledged event is in `events` exactly once, counted by id against a ledger of
//! acknowledgements, with clients that retry and two maintenance runs at once.

use std::sync::Arc;
use std::time::Duration;

use crate::harness::Deployment;
use crate::operating::feeds::{Feeds, arrived};

/// Ends the feeds: what was acknowledged to them is in the lake once, and nothing else is.
pub(crate) async fn compare(helan: &Deployment, feeds: Feeds) {
    let ledger = feeds.end().await;
    assert!(ledger.len() > 1_000, "too little load to mean anything: {}", ledger.len());
    let found = arrived(helan, &ledger).await;
    assert!(found == ledger, "{} that were not acknowledged", found.difference(&ledger).count());
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
    let feeds = Feeds::start(&helan);
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
    compare(&helan, feeds).await;
}
