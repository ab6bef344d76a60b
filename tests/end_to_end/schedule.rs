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

/// The moment of a process's last scheduled run, as its status tells.
async fn last_due(helan: &Deployment, base: &str, analyst: &str) -> Option<String> {
    let answer = helan.client.get(format!("{base}/v1/status")).bearer_auth(analyst).send().await.ok()?;
    let status: Value = answer.json().await.ok()?;
    assert_ne!(status["schedule"]["last_run"]["outcome"], "failed", "{status:#}");
    status["schedule"]["last_run"]["due"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn on_kafka_two_schedules_at_once_publish_once_and_both_go_on() {
    let helan = Deployment::on(Log::Kafka, None);
    let schedule = ["--flush-age", "200ms", "--partitions", "3", "--schedule", "*/2 * * * * *"];
    let other = format!("http://127.0.0.1:{}", free_port());
    helan.spawn("up", &helan.base, &schedule).await;
    helan.spawn("up", &other, &schedule).await;
    let token = helan.token("nx-stats");
    let analyst = helan.run(&["credential", "add", "--role", "analyst"]).trim().to_owned();
    for (number, value) in [(1, "455792.5"), (2, "455793.5")] {
        helan.deliver("/v1/events", &token, EVENT, event(&format!("rd-{number}"), value)).await;
        let query = format!("select count(distinct publication) from publication_inputs where id = 'rd-{number}'");
        helan.wait_until("the news is published", async || helan.sql(&query) == ["1"]).await;
    }
    // Each process runs for moments that come after the last news.
    for base in [&helan.base, &other] {
        let before = last_due(&helan, base, &analyst).await;
        helan.wait_until("it goes on", async || last_due(&helan, base, &analyst).await > before).await;
    }

    let doubled = |table: &str, key: &str| {
        helan.sql(&format!("select count(*) from (select {key} from {table} group by {key} having count(*) > 1)"))
    };
    assert_eq!(doubled("publications", "publication"), ["0"]);
    assert_eq!(doubled("published_values", "publication, answer, target_id, ref_area, indicator, time_period"), ["0"]);
    assert_eq!(doubled("publication_inputs", "publication, source, id"), ["0"]);
    let runs = "select publication, count(*) from publication_runs where outcome = 'published' group by 1 having count(*) <> 1";
    assert_eq!(helan.sql(runs), Vec::<String>::new(), "one of the two made it, the other found it");
    assert_eq!(helan.sql("select count(*) from publication_runs where outcome = 'failed'"), ["0"]);

    // One dies; the other publishes what comes then.
    helan.kill9(&helan.base);
    helan
        .wait_until("the other has taken over", async || {
            let ready = helan.client.get(format!("{other}/readyz")).send().await;
            ready.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
    let request = helan.client.post(format!("{other}/v1/events")).bearer_auth(&token).header("content-type", EVENT);
    let taken = request.body(event("rd-3", "455794.5")).send().await.expect("an answer");
    assert_eq!(taken.status(), 202);
    let query = "select count(distinct publication) from publication_inputs where id = 'rd-3'";
    helan.wait_until("the survivor publishes", async || helan.sql(query) == ["1"]).await;
}
