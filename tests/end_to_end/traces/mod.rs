//! Spans of the whole way, from a POST to a publication, at a collector. Only in a build with the feature `otel`.

mod collector;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use self::collector::{Collector, Seen};
use crate::harness::{Deployment, Log, PATIENCE};
use crate::stranger::{EVENT, event};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Spans by the name of the service that sent them, until a condition holds or patience ends.
fn gather(collector: &Collector, enough: impl Fn(&BTreeMap<String, Vec<Seen>>) -> bool) -> BTreeMap<String, Vec<Seen>> {
    let mut found: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
    let begun = Instant::now();
    while !enough(&found) && begun.elapsed() < PATIENCE {
        if let Some(request) = collector.next(Duration::from_secs(1)) {
            found.entry(request.resource["service.name"].clone()).or_default().extend(request.spans);
        }
    }
    found
}

fn find<'s>(spans: &'s [Seen], name: &str) -> &'s Seen {
    let names: Vec<_> = spans.iter().map(|span| &span.name).collect();
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name} among {names:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn on_embedded_the_whole_way_is_seen_at_a_collector() {
    let collector = Collector::start();
    let mut helan = Deployment::on(Log::Embedded, None);
    helan.environment = vec![("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), collector.url.clone())];
    helan.spawn("up", &helan.base, &["--flush-age", "200ms", "--maintain-every", "1s"]).await;
    let (token, analyst) = (helan.token("nx-stats"), helan.run(&["credential", "add", "--role", "analyst"]));
    let request = helan.client.post(format!("{}/v1/events", helan.base)).bearer_auth(&token);
    let request =
        request.header("content-type", EVENT).header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"));
    let taken = request.body(event("one", "455792.5")).send().await.expect("an answer");
    assert_eq!(taken.status(), 202);
    let taken: serde_json::Value = taken.json().await.expect("JSON");
    helan.receipt(&token, taken["submission"].as_str().expect("an id")).await;
    let request = helan.client.post(format!("{}/v1/sql", helan.base)).bearer_auth(analyst.trim());
    let request = request.header("content-type", "application/sql").body("select count(*) from events");
    assert_eq!(request.send().await.expect("an answer").status(), 200);
    helan.run(&["rollup", "--period", "2018", "--publish"]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    // What still waits is sent when the process ends.
    assert!(helan.terminate(&helan.base).success());

    let has = |spans: &BTreeMap<String, Vec<Seen>>, service: &str, name: &str| {
        spans.get(service).is_some_and(|spans| spans.iter().any(|span| span.name == name))
    };
    let wanted = ["POST /v1/events", "append", "flush", "POST /v1/sql", "query", "maintenance"];
    let found = gather(&collector, |found| {
        wanted.iter().all(|name| has(found, "helan-up", name)) && has(found, "helan-rollup", "rollup")
    });
    let up = &found["helan-up"];
    let (post, append) = (find(up, "POST /v1/events"), find(up, "append"));
    assert_eq!((&*post.trace, &*post.parent, post.kind), (TRACE, "00f067aa0ba902b7", 2));
    assert_eq!(post.attributes["http.status"], "202");
    assert_eq!((&append.trace, &append.parent), (&post.trace, &post.id));
    assert_eq!(append.attributes["submission"], taken["submission"].as_str().expect("an id"));
    assert_eq!(find(up, "judge").parent, post.id);
    let flush = up.iter().find(|span| span.name == "flush" && span.attributes["batch.rows"] == "1").expect("a flush");
    let tables: Vec<_> = up.iter().filter(|span| span.name == "commit" && span.parent == flush.id).collect();
    let tables: Vec<_> = tables.iter().map(|span| span.attributes["table"].as_str()).collect();
    assert!(tables.contains(&"submissions") && tables.contains(&"events"), "{tables:?}");
    let (sql, query) = (find(up, "POST /v1/sql"), find(up, "query"));
    assert_eq!((&query.trace, &query.parent), (&sql.trace, &sql.id));
    assert_eq!(find(up, "plan").parent, query.id);
    assert!(up.iter().any(|span| span.name == "maintain" && span.parent == find(up, "maintenance").id));
    let rollup = &found["helan-rollup"];
    let root = find(rollup, "rollup");
    assert_eq!(root.attributes["period"], "2018");
    for name in ["answer", "lineage", "publish"] {
        assert_eq!((&find(rollup, name).trace, &find(rollup, name).parent), (&root.trace, &root.id), "{name}");
    }
    let published = rollup.iter().filter(|span| span.name == "commit" && span.parent == find(rollup, "publish").id);
    assert!(published.count() >= 4, "{rollup:?}");
    let told = serde_json::to_string(&taken).expect("JSON");
    assert!(!up.iter().any(|span| span.attributes.values().any(|value| value.contains(&token))), "a token is sent");
}
