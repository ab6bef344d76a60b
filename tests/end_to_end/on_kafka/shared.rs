//! Several processes of a role on one log and one lake. One machine's embedded log has one writing process, so this is
//! Kafka's alone.

use std::sync::Arc;
use std::time::Duration;

use crate::crashes::{compare, maintain_twice};
use crate::harness::{Deployment, Log, free_port};
use crate::operating::feeds::Feeds;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_ingests_and_two_aggregators_share_the_work_and_survive_each_other() {
    let helan = Arc::new(Deployment::on(Log::Kafka, None));
    let address = || format!("http://127.0.0.1:{}", free_port());
    let (ingests, aggregators) = ([helan.base.clone(), address()], [address(), address()]);
    for base in &ingests {
        helan.spawn("ingest", base, &["--reporters", "city", "--partitions", "3"]).await;
    }
    let aggregate = ["--flush-age", "200ms", "--partitions", "3"];
    for base in &aggregators {
        helan.spawn("aggregate", base, &aggregate).await;
    }
    let feeds = Feeds::start_to(&helan, &ingests);
    for round in 0..4 {
        tokio::time::sleep(Duration::from_secs(3)).await;
        let base = &aggregators[round % 2];
        helan.kill9(base);
        if round == 2 {
            helan.kill9(&ingests[1]);
            helan.spawn("ingest", &ingests[1], &["--reporters", "city", "--partitions", "3"]).await;
        }
        helan.spawn("aggregate", base, &aggregate).await;
    }
    maintain_twice(&helan).await;
    compare(&helan, feeds).await;
}
