//! What is accepted, and what of it reaches the log.

use encoding_rs::GB18030;
use helan_schemas::digest::ContentDigest;
use helan_schemas::event::decode_batch;
use helan_schemas::topics;
use serde_json::{Value, json};

use crate::sheets::{HEADINGS, Put, book, row};
use crate::world::*;

const ROWS: &str = "ref_area,indicator,time_period,value,unit,unit_mult,note\n\
    640100,rd_expenditure,2018,250000.50,CNY,4,银川市\n\
    640100,gdp,2018, 1901.48 ,CNY,8,\"初步, \"\"核算\"\"数\"\n,,,,,,\n";

#[tokio::test]
async fn one_event_in_every_shape() {
    let world = World::new().await;
    let one = event("a");
    let data = one["data"].to_string();
    let binary = Call::events(data)
        .header("ce-specversion", "1.0")
        .header("ce-id", "a")
        .header("ce-source", "/nx/yinchuan")
        .header("ce-type", "helan.observation.reported.v1")
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    // Libraries, tracers and brokers add attributes of their own.
    let mut extended = one.clone();
    extended["traceparent"] = json!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    extended["partitionkey"] = json!("640100");
    extended["sampledrate"] = json!(1);
    let added = binary.clone().header("ce-traceparent", "00-0af7").header("ce-partitionkey", "640100");
    let quoted = binary.clone().header("ce-id", "\"a\"").header("ce-source", "%2Fnx/yinchuan");
    let mut bare = binary.clone().header("ce-datacontenttype", "application/json");
    bare.headers.retain(|(name, _)| name != "content-type");
    let shapes = [
        Call::events(&extended),
        Call::events(json!([extended])),
        added,
        quoted,
        bare,
        binary.clone().header("content-type", "application/json; charset=utf-8"),
        binary.clone().header("content-type", "application/vnd.example+json"),
        Call::events(&one),
        Call::events(json!([one])),
        Call::events(&one).header("content-type", "application/cloudevents+json; charset=UTF-8"),
        Call::events(json!([one])).header("content-type", "application/cloudevents-batch+json"),
        Call::events(format!("\n{one}\r\n")).header("content-type", "application/x-ndjson"),
        Call::events(format!("\u{feff}{}", serde_json::to_string_pretty(&one).expect("json"))),
        binary,
    ];
    let mut ids = Vec::new();
    for (offset, call) in shapes.into_iter().enumerate() {
        let answer = world.send("yinchuan", call).await;
        assert_eq!(answer.status, 202, "{offset}: {}", answer.text);
        assert_eq!(answer.json["events"], 1);
        assert_eq!(answer.headers["location"].to_str().ok(), answer.json["status_url"].as_str());
        assert_eq!(world.record(topics::CITY, offset as i64).value, world.record(topics::CITY, 0).value);
        ids.push(answer.json["submission"].clone());
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "the same content is the same submission: {ids:?}");
    let record = world.record(topics::CITY, 0);
    assert_eq!(record.key, "/nx/yinchuan");
    assert_eq!(record.envelope.reporter, "yinchuan");
    assert_eq!(Value::from(record.envelope.submission.clone()), ids[0]);
    assert_eq!(record.envelope.content_type, topics::CONTENT_TYPE_BATCH);
    assert_eq!(record.envelope.received_at, world.clock.now());
    assert_eq!(record.envelope.catalog.len(), 64);
    assert_eq!(world.events(topics::CITY, 0)[0]["data"]["value"], "250000.50");
    assert_eq!(world.count(topics::REFUSED).await, 0);
}

#[tokio::test]
async fn a_park_writes_to_the_parks_topic() {
    let world = World::new().await;
    let mut of_park = with(event("a"), "ref_area", json!("NX-ND"));
    of_park["source"] = json!("/nx/ningdong");
    let answer = world.send("ningdong", Call::events(of_park)).await;
    assert_eq!((answer.status, answer.json["topic"].as_str()), (202, Some(topics::PARK)), "{}", answer.text);
}

#[tokio::test]
async fn tables_in_every_charset() {
    let world = World::new().await;
    let path = "/v1/submissions?source=%2Fnx%2Fyinchuan";
    let gb = GB18030.encode(ROWS).0.into_owned();
    let mut first = None;
    for (bytes, content_type, name, how) in [
        (ROWS.as_bytes().to_vec(), "text/csv", "utf-8", "detected"),
        (format!("\u{feff}{ROWS}").into_bytes(), "text/csv", "utf-8", "byte_order_mark"),
        (ROWS.as_bytes().to_vec(), "text/csv; charset=utf-8", "utf-8", "named"),
        (gb.clone(), "text/csv; charset=\"GB18030\"", "gb18030", "named"),
        (gb, "text/csv", "gb18030", "detected"),
        (ROWS.replace('\n', "\r\n").into_bytes(), "text/csv;header=present", "utf-8", "detected"),
    ] {
        let answer = world.send("yinchuan", Call::bytes(path, content_type, bytes)).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        assert_eq!(answer.json["charset"], json!({ "name": name, "how": how }));
        assert_eq!(answer.json["events"], 2);
        let submission = answer.json["submission"].as_str().expect("id").to_owned();
        assert_eq!(*first.get_or_insert(submission.clone()), submission, "the same table is the same submission");
    }
    let events = world.events(topics::CITY, 5);
    let submission = first.expect("sent");
    assert_eq!(events[0]["id"], format!("{submission}/1"));
    assert_eq!(events[1]["id"], format!("{submission}/2"));
    assert_eq!(events[1]["data"]["value"], "1901.48");
    assert_eq!(events[1]["data"]["note"], "初步, \"核算\"数");
}

#[tokio::test]
async fn an_idempotency_key_names_the_submission() {
    let world = World::new().await;
    for key in ["2018-08", "\"2018-08\""] {
        let call = Call::csv(ROWS).path("/v1/submissions?source=/nx/yinchuan").header("idempotency-key", key);
        let answer = world.send("yinchuan", call).await;
        assert_eq!(answer.json["submission"], "yinchuan:2018-08", "{}", answer.text);
        let content = answer.json["content"].as_str().expect("a digest");
        assert_eq!(content, helan_schemas::digest::content_of(&world.record(topics::CITY, 0).value));
        assert_eq!(answer.json["status_url"], format!("/v1/submissions/yinchuan:2018-08?content={content}"));
    }
    assert_eq!(world.events(topics::CITY, 0)[0]["id"], "yinchuan:2018-08/1");
    let of_other = Call::events(bureau_event("a")).header("idempotency-key", "2018-08");
    assert_eq!(world.send("nx-stats", of_other).await.json["submission"], "nx-stats:2018-08");
    // Somebody writes an id into the file that a row without id would get.
    let rows = "id,ref_area,indicator,time_period,value,unit\nyinchuan:k/2,640100,gdp,2018,200000000000,CNY\n\
                ,640100,gdp,2017,200000000000,CNY\n";
    let call = Call::csv(rows).path("/v1/submissions?source=/nx/yinchuan").header("idempotency-key", "k");
    world.refused("yinchuan", call, &[("repeated_id", "id")]).await;
}

#[tokio::test]
async fn a_release_date_becomes_an_instant_in_the_catalogs_zone() {
    let world = World::new().await;
    for (offset, (sent, kept)) in [
        ("2019-08-30", "2019-08-29T16:00:00Z"),
        ("2019-08-30T09:30:00+08:00", "2019-08-30T01:30:00Z"),
        ("2019-08-30T01:30:00Z", "2019-08-30T01:30:00Z"),
        ("2019-10-01", "2019-09-30T16:00:00Z"),
    ]
    .into_iter()
    .enumerate()
    {
        let event = with(bureau_event(sent), "published_at", json!(sent));
        let answer = world.send("nx-stats", Call::events(event)).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        assert_eq!(world.events(topics::CITY, offset as i64)[0]["data"]["published_at"], kept);
    }
}

/// What goes into the log is what the aggregator takes, and the same again whatever the sender's spelling.
#[tokio::test]
async fn the_aggregator_takes_what_is_written() {
    let world = World::new().await;
    let full = json!({
        "specversion": "1.0", "id": "编号-1", "source": "/nx/nx-stats", "type": "helan.observation.reported.v1",
        "time": "2019-08-30T09:00:00+08:00", "subject": "x", "datacontenttype": "application/json",
        "data": {
            "ref_area": "640000", "indicator": "gdp", "time_period": "2018-A1", "value": 3.70518e3, "unit": "CNY",
            "unit_mult": 8, "obs_status": "A", "conf_status": "F", "vintage": "preliminary",
            "prepared_by": "张三", "reviewed_by": "", "note": "第一行\n第二行", "evidence": "宁统发〔2019〕1号"
        }
    });
    let mut withdrawal = bureau_event("w");
    withdrawal["type"] = json!("helan.observation.withdrawn.v1");
    withdrawal["data"] = json!({ "withdraws": "编号-1", "note": "重复", "ref_area": "640000" });
    let range = with(bureau_event("r"), "time_period", json!("2018-01-01/P6M"));
    let batch = json!([full, withdrawal, range]);
    assert_eq!(world.send("nx-stats", Call::events(&batch)).await.status, 202);
    let record = world.record(topics::CITY, 0);
    let mut again = b"[".to_vec();
    let count = decode_batch(&record.value, |index, event| {
        let statement = event.check()?;
        if index > 0 {
            again.push(b',');
        }
        event.write_canonical(&statement, &mut again);
        event.content_digest(&statement, &mut ContentDigest::default());
        Ok(())
    });
    again.push(b']');
    assert_eq!(count.expect("decodes"), 3);
    assert_eq!(record.value, again, "canonical form is a fixed point");
    let events = world.events(topics::CITY, 0);
    assert_eq!(events[0]["data"]["value"], "3705.18");
    assert_eq!(events[0]["data"].get("reviewed_by"), None, "an empty text is an absent one");
}

#[tokio::test]
async fn ten_thousand_events_are_one_record() {
    let world = World::new().await;
    let batch: Vec<_> = (0..10_000).map(|n| event(&format!("e{n:05}"))).collect();
    let answer = world.send("yinchuan", Call::events(json!(batch))).await;
    assert_eq!((answer.status, &answer.json["events"]), (202, &json!(10_000)), "{}", answer.text);
    assert_eq!(world.submissions().await, 1);
    assert_eq!(world.events(topics::CITY, 0).len(), 10_000);
}

#[tokio::test]
async fn operation() {
    let world = World::new().await;
    assert_eq!((world.get("/healthz").await.status, world.get("/readyz").await.status), (200, 200));
    world.send("yinchuan", Call::events(event("a"))).await;
    world.send("yinchuan", Call::events(with(event("b"), "value", json!("x")))).await;
    let text = world.get("/metrics").await.text;
    for line in [
        "helan_ingest_submissions_total{topic=\"helan.city.v1\"} 1",
        "helan_ingest_submissions_total{topic=\"helan.park.v1\"} 0",
        "helan_ingest_events_total{topic=\"helan.city.v1\"} 1",
        "helan_ingest_errors_total{code=\"number_syntax\"} 1",
        "helan_ingest_errors_total{code=\"foreign_area\"} 0",
        "helan_ingest_requests_total{path=\"/v1/events\",status=\"202\"} 1",
        "helan_ingest_in_flight 0",
        "helan_ingest_refusals_lost_total 0",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} in\n{text}");
    }
    assert_eq!(world.get("/nowhere").await.json["code"], "not_found");
    assert_eq!(world.get("/v1/events").await.json["code"], "method_not_allowed");
}

/// Where no lake is, the answer does not wait, and does not say that it did.
#[tokio::test]
async fn a_wait_is_not_applied_without_a_lake() {
    let world = World::new().await;
    let waiting = Call::events(event("a")).header("prefer", "wait=5");
    for call in [waiting, Call::events(event("b")).path("/v1/events?wait=5s")] {
        let answer = world.send("yinchuan", call).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        assert!(!answer.headers.contains_key("preference-applied") && answer.json.get("outcome").is_none());
    }
    for path in ["/v1/events?wait=soon", "/v1/events?wait=1&wait=2"] {
        world.refused("yinchuan", Call::events(event("c")).path(path), &[("query_invalid", "")]).await;
    }
}

/// Clients that know neither type send bytes: the first of them tell what they are.
#[tokio::test]
async fn a_table_without_a_type_is_known_by_its_bytes() {
    let world = World::new().await;
    let bytes = |body: Vec<u8>| Call::bytes("/v1/submissions?source=/nx/yinchuan", "application/octet-stream", body);
    let book = book("data", &HEADINGS, &[row(Put::Number(12.5))]);
    for (body, events) in [(ROWS.as_bytes().to_vec(), 2), (GB18030.encode(ROWS).0.into_owned(), 2), (book, 1)] {
        let answer = world.send("yinchuan", bytes(body)).await;
        assert_eq!((answer.status, &answer.json["events"]), (202, &json!(events)), "{}", answer.text);
    }
    world.refused("yinchuan", bytes(b"<html><table>".to_vec()), &[("content_mismatch", "")]).await;
    world.refused("yinchuan", bytes(b"%PDF-1.7".to_vec()), &[("content_mismatch", "")]).await;
}
