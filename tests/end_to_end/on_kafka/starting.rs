//! Starting while the log does not answer.

use crate::harness::{Deployment, Log};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn up_waits_for_a_broker_that_starts_later() {
    let helan = Deployment::on(Log::Kafka, None);
    let broker = helan.broker.as_ref().expect("a broker");
    broker.lock().expect("no test panicked with it").kill9();
    helan.launch("up", &helan.base, &["--flush-age", "200ms", "--partitions", "3"]);
    helan.wait_until("it says what it waits for", async || helan.log().contains("is asked again")).await;
    broker.lock().expect("no test panicked with it").restart().expect("the broker starts again");
    helan.wait_until("up is ready", async || helan.is_ready(&helan.base).await).await;
}
