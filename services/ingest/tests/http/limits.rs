//! Limits, and a log that does not answer.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use futures::StreamExt;
use helan_ingest::Limits;
use helan_log::memory::Fault;
use helan_log::{LogError, RetryReason, StopReason};
use helan_schemas::catalog::ReporterKind;
use helan_schemas::topics;
use serde_json::json;

use crate::world::*;

async fn world(limits: Limits) -> World {
    World::with(limits, vec![ReporterKind::City]).await
}

#[tokio::test]
async fn sizes() {
    let small = Limits { wire_bytes: 4096, decompressed_bytes: 8192, ..Limits::default() };
    let world = world(small).await;
    let many = json!((0..20).map(|n| event(&n.to_string())).collect::<Vec<_>>());
    world.refused("yinchuan", Call::events(&many), &[("body_too_large", "")]).await;
    let announced = Call::events(&many).header("content-length", "50000000");
    world.refused("yinchuan", announced, &[("body_too_large", "")]).await;
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut zipped, &[b' '; 9000]).expect("in memory");
    let call = Call::bytes("/v1/events", "application/json", zipped.finish().expect("in memory"));
    world.refused("yinchuan", call.header("content-encoding", "gzip"), &[("decompressed_too_large", "")]).await;
}

#[tokio::test]
async fn canonical_size_and_rows() {
    let world = world(Limits { canonical_bytes: 2000, rows: 50, ..Limits::default() }).await;
    let many = |count: u32| json!((0..count).map(|n| event(&n.to_string())).collect::<Vec<_>>());
    world.refused("yinchuan", Call::events(many(20)), &[("submission_too_large", "")]).await;
    let bad = json!((0..60).map(|n| with(event(&n.to_string()), "value", json!("x"))).collect::<Vec<_>>());
    world.refused("yinchuan", Call::events(bad), &[("too_many_rows", "")]).await;
    let tiny = format!("[{}{{}}]", "{},".repeat(100_000));
    world.refused("yinchuan", Call::events(tiny), &[("too_many_rows", "")]).await;
    let lines = "{}\n".repeat(1000);
    let call = Call::bytes("/v1/events", "application/x-ndjson", lines);
    world.refused("yinchuan", call, &[("too_many_rows", "")]).await;
    let rows = format!("ref_area,indicator,time_period,value,unit\n{}", "1,2,3,4,5\n".repeat(1000));
    let call = Call::csv(rows).path("/v1/submissions?source=/nx/yinchuan");
    world.refused("yinchuan", call, &[("too_many_rows", "")]).await;
}

fn slow(token: &str, body: Body) -> Request<Body> {
    Request::post("/v1/events")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(body)
        .expect("request")
}

#[tokio::test]
async fn a_byte_now_and_then_times_out() {
    let world = world(Limits { body_grace: Duration::from_millis(200), ..Limits::default() }).await;
    let token = world.token("yinchuan");
    let bytes = futures::stream::repeat(()).then(|()| async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok::<_, std::io::Error>(" ")
    });
    let answer = world.request(slow(&token, Body::from_stream(bytes))).await;
    assert_eq!((answer.status, answer.json["code"].as_str()), (408, Some("request_timeout")), "{}", answer.text);
    assert_eq!(answer.headers["connection"], "close");
    assert_eq!(world.submissions().await, 0);
}

#[tokio::test]
async fn a_body_that_breaks_off() {
    let world = world(Limits::default()).await;
    let token = world.token("yinchuan");
    let broken = futures::stream::iter([Ok("{"), Err(std::io::Error::other("gone"))]);
    let answer = world.request(slow(&token, Body::from_stream(broken))).await;
    assert_eq!((answer.status, answer.json["code"].as_str()), (400, Some("body_broken")));
}

#[tokio::test]
async fn too_many_at_a_time() {
    for (limits, code, status) in [
        (Limits { in_flight_per_reporter: 1, ..Limits::default() }, "too_many_requests", 429),
        (Limits { in_flight: 1, ..Limits::default() }, "busy", 503),
    ] {
        let world = world(limits).await;
        let token = world.token("yinchuan");
        let (hold, wait) = futures::channel::oneshot::channel::<()>();
        let body = futures::stream::once(async move {
            let _ = wait.await;
            Ok::<_, std::io::Error>(event("a").to_string())
        });
        let first = world.request(slow(&token, Body::from_stream(body)));
        let second = async {
            tokio::task::yield_now().await;
            let answer = world.request(slow(&token, Body::from(event("b").to_string()))).await;
            hold.send(()).expect("the first waits");
            answer
        };
        let (first, second) = tokio::join!(first, second);
        assert_eq!(first.status, 202, "{}", first.text);
        assert_eq!((second.status, second.json["code"].as_str()), (status, Some(code)));
        assert!(second.headers.contains_key("retry-after"));
        assert_eq!(world.submissions().await, 1);
        assert_eq!(world.request(slow(&token, Body::from(event("b").to_string()))).await.status, 202);
    }
}

#[tokio::test]
async fn bodies_have_a_share_of_memory() {
    let world = world(Limits { body_memory: 1024, ..Limits::default() }).await;
    let call = Call::events(json!((0..20).map(|n| event(&n.to_string())).collect::<Vec<_>>()));
    world.refused("yinchuan", call, &[("busy", "")]).await;
    assert_eq!(world.send("yinchuan", Call::events(event("a"))).await.status, 202);
}

#[tokio::test]
async fn a_log_that_does_not_answer() {
    let world = world(Limits::default()).await;
    let faults = [RetryReason::LogDown, RetryReason::QueueFull, RetryReason::DiskFull, RetryReason::TimedOut]
        .map(|reason| LogError::Retry { reason, detail: String::new() });
    for error in faults.into_iter().chain([LogError::Stop(StopReason::UnknownTopic("t".into()))]) {
        world.log.fail_append(Fault::Lost(error));
        let answer = world.send("yinchuan", Call::events(event("a"))).await;
        assert_eq!((answer.status, answer.json["code"].as_str()), (503, Some("log_unavailable")), "{}", answer.text);
        assert!(answer.headers.contains_key("retry-after"));
    }
    assert_eq!(world.send("yinchuan", Call::events(event("a"))).await.status, 202);
}

#[tokio::test]
async fn refusals_of_one_sender_are_bounded() {
    let world = world(Limits { refusals_per_minute: 3, ..Limits::default() }).await;
    for _ in 0..10 {
        assert_eq!(world.send("yinchuan", Call::events("[]")).await.status, 422);
    }
    assert_eq!(world.count(topics::REFUSED).await, 3);
    world.clock.set(world.clock.now() + 60_000_000);
    assert_eq!(world.send("yinchuan", Call::events("[]")).await.status, 422);
    assert_eq!(world.count(topics::REFUSED).await, 4);
}
