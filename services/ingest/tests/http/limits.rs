//! Limits, and a log that does not answer.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use futures::StreamExt;
use helan_ingest::Limits;
use helan_log::memory::Fault;
use helan_log::{LogError, RetryReason, StopReason};
use helan_runtime::shutdown::Shutdown;
use helan_schemas::catalog::ReporterKind;
use helan_schemas::topics;
use serde_json::json;
use tokio::task::JoinHandle;
use tower::ServiceExt;

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

/// A body that has brought so many chunks of one byte and waits for `end`.
fn dripping(chunks: usize, end: &Shutdown) -> Body {
    let end = end.clone();
    let came = futures::stream::iter((0..chunks).map(|_| Ok::<_, std::io::Error>(" ")));
    Body::from_stream(came.chain(futures::stream::once(async move {
        end.wait().await;
        Ok("[]")
    })))
}

/// Sends `count` such bodies, and waits until each of them was read up to where it waits, or refused.
async fn flood(world: &World, count: usize, request: impl Fn() -> Request<Body>) -> Vec<JoinHandle<u16>> {
    let mut floods = Vec::new();
    for _ in 0..count {
        let (router, request) = (world.router.clone(), request());
        floods.push(tokio::spawn(async move { router.oneshot(request).await.expect("infallible").status().as_u16() }));
    }
    // Bodies in memory are read without waiting, so each task gets as far as it can in its turns.
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    floods
}

#[tokio::test]
async fn one_byte_chunks_of_one_reporter_leave_room_for_the_others() {
    let world = world(Limits { body_memory: 1024 * 1024, ..Limits::default() }).await;
    let (token, end) = (world.token("yinchuan"), Shutdown::new());
    let mut floods = flood(&world, 100, || slow(&token, dripping(5_000, &end))).await;
    // What they announce takes nothing either.
    let announced = || {
        let mut request = slow(&token, dripping(10, &end));
        request.headers_mut().insert("content-length", "16777216".parse().expect("a header"));
        request
    };
    floods.extend(flood(&world, 28, announced).await);
    for n in 0..20 {
        let event = with(event(&format!("other-{n}")), "ref_area", json!("640200"));
        let event = json!({ "specversion": "1.0", "id": event["id"], "source": "/nx/shizuishan", "type": event["type"], "data": event["data"] });
        let answer = world.send("shizuishan", Call::events(event)).await;
        assert_eq!(answer.status, 202, "{n}: {}", answer.text);
    }
    end.trigger();
    let mut statuses = Vec::new();
    for flood in floods {
        statuses.push(flood.await.expect("no panic"));
    }
    // Those within the share were read to their end; the others heard that they are too many.
    assert!(statuses.iter().all(|status| matches!(status, 422 | 429)), "{statuses:?}");
    let held = statuses.iter().filter(|status| **status == 422).count();
    assert!((32..=64).contains(&held), "half of the memory at 8 KiB each: {held}");
    assert_eq!(world.send("yinchuan", Call::events(event("after"))).await.status, 202);
}

#[tokio::test]
async fn bodies_and_what_they_unpack_to_have_a_share_of_memory() {
    let world = world(Limits { body_memory: 128 * 1024, ..Limits::default() }).await;
    let call = Call::events(json!((0..400).map(|n| event(&n.to_string())).collect::<Vec<_>>()));
    assert!(call.body.len() > 64 * 1024);
    // It comes as one chunk, and this sender holds nothing yet.
    world.refused("yinchuan", call.clone(), &[("busy", "")]).await;
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut zipped, &call.body).expect("in memory");
    let zipped = Call::bytes("/v1/events", "application/json", zipped.finish().expect("in memory"));
    assert!(zipped.body.len() < 16 * 1024);
    let refused = world.send("yinchuan", zipped.header("content-encoding", "gzip")).await;
    assert_eq!((refused.status, refused.json["code"].as_str()), (429, Some("too_many_requests")), "{}", refused.text);
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
