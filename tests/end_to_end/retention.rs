//! With log retention the log forgets what the lake has, and nobody notices.

use serde_json::json;

use crate::harness::Deployment;
use crate::stranger::{EVENT, event};

#[tokio::test(flavor = "multi_thread")]
async fn receipts_and_retries_outlive_the_records_they_are_about() {
    let helan = Deployment::new(None);
    let forgetful = ["--flush-age", "200ms", "--partitions", "3", "--log-retention", "1s", "--maintain-every", "1s"];
    helan.spawn("up", &helan.base, &forgetful).await;
    let token = helan.token("nx-stats");
    let first = helan.deliver("/v1/events", &token, EVENT, event("rd-2018-1", "455792.5")).await;
    assert_eq!(first["state"], "accepted", "{first:#}");
    helan.wait_until("the record is given up", async || helan.log().contains("old records are given up")).await;

    helan.kill9(&helan.base);
    helan.start_up().await;
    let submission = first["submission"].as_str().expect("a submission id");
    let receipt = helan.receipt(&token, submission).await;
    assert_eq!((&receipt["state"], &receipt["accepted"]), (&json!("accepted"), &json!(1)), "{receipt:#}");
    let other = helan.deliver("/v1/events", &token, EVENT, event("rd-2018-2", "455792.5")).await;
    assert_eq!(other["state"], "accepted", "{other:#}");
    let url = format!("{}/v1/events", helan.base);
    let retry = helan.client.post(url).bearer_auth(&token).header("content-type", EVENT);
    let retry = retry.header("idempotency-key", "a-retry").body(event("rd-2018-1", "455792.5"));
    let answer: serde_json::Value = retry.send().await.expect("an answer").json().await.expect("JSON");
    let retried = answer["submission"].as_str().expect("a submission id");
    assert_ne!(retried, submission, "another submission with the same event");
    assert_eq!(helan.receipt(&token, retried).await["state"], "repeat");
    assert_eq!(helan.sql("select id from events order by id"), ["rd-2018-1", "rd-2018-2"]);

    if helan.broker.is_none() {
        let said = helan.fails(&["maintain", "--log-retention", "1s"]);
        assert!(said.contains("--log-retention to `helan up`"), "{said}");
    }
}
