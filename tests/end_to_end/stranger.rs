//! What README tells a stranger to do: one event, a large batch, a table in GB18030.

use serde_json::json;

use crate::harness::Deployment;

/// A feed of the statistics office in the built-in catalog.
pub(crate) const SOURCE: &str = "/nx/nx-stats";
/// A CloudEvent's media type.
pub(crate) const EVENT: &str = "application/cloudevents+json";
/// A CloudEvents batch's media type.
pub(crate) const BATCH: &str = "application/cloudevents-batch+json";

/// The region's R&D expenditure of 2018, in 万元.
pub(crate) fn event(id: &str, value: &str) -> String {
    json!({
        "specversion": "1.0", "type": "helan.observation.reported.v1", "source": SOURCE, "id": id,
        "data": {"ref_area": "640000", "indicator": "rd_expenditure", "time_period": "2018", "value": value,
                 "unit": "CNY", "unit_mult": 4}
    })
    .to_string()
}

/// `count` events of a feed with growing ids.
pub(crate) fn batch(source: &str, ref_area: &str, first: usize, count: usize) -> String {
    let events = (first..first + count).map(|n| {
        json!({
            "specversion": "1.0", "type": "helan.observation.reported.v1", "source": source, "id": format!("n-{n:08}"),
            "data": {"ref_area": ref_area, "indicator": "rd_expenditure", "time_period": format!("{}", 2010 + n % 8),
                     "value": format!("{}.5", 200_000 + n % 8), "unit": "CNY", "unit_mult": 4}
        })
    });
    serde_json::Value::Array(events.collect()).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_a_batch_and_a_table_reach_the_lake() {
    let helan = Deployment::up(None).await;
    let token = helan.token("nx-stats");

    let one = helan.deliver("/v1/events", &token, EVENT, event("rd-2018-1", "455792.5")).await;
    assert_eq!((&one["state"], &one["accepted"]), (&json!("accepted"), &json!(1)), "{one:#}");

    let many = helan.deliver("/v1/events", &token, BATCH, batch(SOURCE, "640000", 0, 10_000)).await;
    assert_eq!(many["accepted"], 10_000, "{many:#}");

    let table = "ref_area,indicator,time_period,value,unit,unit_mult,note\n640000,gdp,2018,3705.18,CNY,8,第一次发布\n";
    let (bytes, _, _) = encoding_rs::GB18030.encode(table);
    let path = format!("/v1/submissions?source={SOURCE}");
    let sheet = helan.deliver(&path, &token, "text/csv; charset=gb18030", bytes.into_owned()).await;
    assert_eq!(sheet["accepted"], 1, "{sheet:#}");

    assert_eq!(helan.sql("select count(*) from events"), ["10002"]);
    assert_eq!(helan.sql("select note from events where indicator = 'gdp'"), ["第一次发布"]);
    let value = helan.sql("select value from rd_intensity where ref_area = '640000' and time_period = '2018'");
    assert_eq!(value, ["1.2301494124"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_again_is_a_repeat_and_another_content_a_conflict() {
    let helan = Deployment::up(None).await;
    let token = helan.token("nx-stats");
    helan.deliver("/v1/events", &token, EVENT, event("a-1", "455792.5")).await;

    // Written differently, said the same.
    let rewritten = event("a-1", "455792.5").replace("\"455792.5\"", "455792.50");
    let repeat = helan.deliver("/v1/events", &token, EVENT, rewritten).await;
    assert_eq!(repeat["repeated"], 1, "{repeat:#}");

    let conflict = helan.deliver("/v1/events", &token, EVENT, event("a-1", "455792.6")).await;
    assert_eq!(conflict["state"], "refused", "{conflict:#}");
    assert!(conflict.to_string().contains("id_conflict"), "{conflict:#}");

    let table = "ref_area,indicator,time_period,value,unit,unit_mult\n640000,gdp,2018,3705.18,CNY,8\n";
    let path = format!("/v1/submissions?source={SOURCE}");
    let first = helan.deliver(&path, &token, "text/csv", table).await;
    assert_eq!(first["accepted"], 1, "{first:#}");
    let (status, again) = helan.post(&path, &token, "text/csv", table).await;
    assert_eq!((status, &again["submission"]), (202, &first["submission"]), "the same file is the same submission");
    helan
        .wait_until("the repeat is in the lake", async || {
            helan.sql("select count(*) from submissions where outcome = 'repeat'") == ["2"]
        })
        .await;

    assert_eq!(helan.sql("select count(*), count(distinct source || ' ' || id) from events"), ["2,2"]);
}
