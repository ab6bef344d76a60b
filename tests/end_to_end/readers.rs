//! In other hands: DuckDB, Polars and the Python `deltalake` package read the same counts and sums from the lake,
//! CloudEvents' Python library sends events, and a generated client does a reporter's work.

use serde_json::{Value, json};

use crate::harness::{Deployment, printed_by, python, repository};
use crate::stranger::{BATCH, SOURCE, batch};

#[tokio::test(flavor = "multi_thread")]
async fn other_readers_see_the_same() {
    let helan = Deployment::up(None).await;
    let token = helan.token("nx-stats");
    helan.deliver("/v1/events", &token, BATCH, batch(SOURCE, "640000", 0, 1_000)).await;
    helan.run(&["maintain"]);
    let ours = helan.sql("select count(*), sum(amount) from events").remove(0);
    let mut read = python();
    read.arg(repository().join("tests/readers/read.py")).arg(format!("{}/events", helan.lake()));
    let text = printed_by(read.envs(helan.objects.iter().flat_map(|objects| objects.environment())));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), if helan.objects.is_some() { 2 } else { 3 }, "{text}");
    for line in lines {
        let (reader, answer) = line.split_once(' ').expect("reader and answer");
        // They write the ten digits that the type has.
        assert_eq!(answer.strip_suffix(".0000000000").unwrap_or(answer), ours, "{reader}");
    }
}

/// The library's two interfaces, binary and structured, with extension attributes and without: all of it one event.
#[tokio::test(flavor = "multi_thread")]
async fn a_cloudevents_library_sends() {
    let helan = Deployment::up(None).await;
    let mut sdk = python();
    sdk.arg(repository().join("tests/readers/sdk.py")).arg(&helan.base).env("HELAN_TOKEN", helan.token("nx-stats"));
    let text = printed_by(&mut sdk);
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
    assert_eq!(lines.len(), 8, "{text}");
    for line in &lines {
        assert_eq!(line[1..], ["202", lines[0][2]], "the same content is the same submission: {text}");
    }
    helan.wait_until("the event is in the lake", async || helan.sql("select count(*) from events") == ["1"]).await;
    let event = helan.sql("select id, value, amount, note from events");
    assert_eq!(event, ["\"py:1\"\"2\",455792.5,4557925000,初步"]);
}

/// A client that is generated from `/openapi.json` sends, waits, corrects, lists and asks.
#[tokio::test(flavor = "multi_thread")]
async fn a_generated_client_does_the_first_days_work() {
    let helan = Deployment::up(None).await;
    let mut client = python();
    client.arg(repository().join("tests/readers/client.py")).arg(&helan.base);
    client.env("HELAN_TOKEN", helan.token("nx-stats"));
    client.env("HELAN_ANALYST", helan.run(&["credential", "add", "--role", "analyst"]).trim());
    let answers: Value = serde_json::from_str(&printed_by(&mut client)).expect("JSON");
    let expected = json!({
        "missing": [],
        "table": [200, "accepted", "wait=20"],
        "receipt": [202, 200, "accepted", 1],
        "event": [200, "accepted"],
        "events": [200, "accepted"],
        "conflict": [409, "id_conflict"],
        "submissions": ["accepted", "accepted", "accepted", "accepted"],
        "reports": [true, "nx-stats", "late", 1],
        "findings": [0, 0],
        "role": [403, "role_cannot_ask"],
        "sql": [{"value": 1.230_149_412_4}],
    });
    assert_eq!(answers, expected);
}
