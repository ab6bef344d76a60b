//! `helan up --schedule`: publishes by itself, once for each news, and says so.

use serde_json::Value;

use crate::harness::{Deployment, Log, free_port};
use crate::stranger::{EVENT, event};

#[tokio::test(flavor = "multi_thread")]
async fn on_embedded_a_schedule_publishes_news_once_and_shows_what_it_did() {
    // Nothing of it depends on the log.
    let helan = Deployment::on(Log::Embedded, None);
    let schedule = ["--flush-age", "200ms", "--schedule", "* * * * * *", "--time-zone", "Asia/Shanghai"];
    helan.spawn("up", &helan.base, &schedule).await;
    let token = helan.token("nx-stats");
    helan.deliver("/v1/events", &token, EVENT, event("rd-2018-1", "455792.5")).await;
    let runs = |outcome: &str| {
        let query = format!("select count(*) from publication_runs where outcome = '{outcome}'");
        helan.sql(&query)[0].parse::<u32>().expect("a count")
    };
    helan.wait_until("it runs again without news", async || runs("unchanged") > 0).await;
    assert_eq!(runs("failed"), 0);
    assert_eq!(helan.sql("select distinct time_period from publication_runs"), ["2018"]);
    let publications = "select count(*) from publications p join publication_inputs i on p.publication = i.publication";
    helan.wait_until("the event is published", async || helan.sql(publications) == ["1"]).await;

    let analyst = helan.run(&["credential", "add", "--role", "analyst"]).trim().to_owned();
    let status = helan.client.get(format!("{}/v1/status", helan.base)).bearer_auth(&analyst).send().await;
    let status: Value = status.expect("an answer").json().await.expect("JSON");
    let schedule = &status["schedule"];
    assert_eq!(schedule["time_zone"], "Asia/Shanghai", "{status:#}");
    assert_eq!(schedule["last_run"]["attempts"], 1, "{status:#}");
    assert!(schedule["next_run"].is_string(), "{status:#}");
    let operator = helan.run(&["credential", "add", "--role", "operator"]).trim().to_owned();
    let metrics = helan.client.get(format!("{}/metrics", helan.base)).bearer_auth(&operator).send().await;
    let metrics = metrics.expect("an answer").text().await.expect("text");
    assert!(metrics.contains("helan_schedule_runs_total{outcome=\"published\"}"), "{metrics}");

    // After a stop that missed many moments there is one run for all of them.
    helan.kill9(&helan.base);
    let before: u32 = runs("published") + runs("unchanged");
    let yearly = ["--flush-age", "200ms", "--schedule", "@yearly"];
    let other = format!("http://127.0.0.1:{}", free_port());
    helan.spawn("up", &other, &yearly).await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(runs("published") + runs("unchanged"), before, "a run of this year is there: none is owed");
}
