//! In other hands: DuckDB, Polars and the Python `deltalake` package read the same counts and sums from the lake, and
//! CloudEvents' Python library sends events.

use std::process::Command;

use crate::harness::{Deployment, repository};
use crate::stranger::{BATCH, SOURCE, batch};

#[tokio::test(flavor = "multi_thread")]
async fn other_readers_see_the_same() {
    let python = std::env::var("HELAN_TEST_PYTHON")
        .expect("HELAN_TEST_PYTHON names a Python with duckdb, polars and deltalake; tests/run sets it up");
    let helan = Deployment::up(None).await;
    let token = helan.token("nx-stats");
    helan.deliver("/v1/events", &token, BATCH, batch(SOURCE, "640000", 0, 1_000)).await;
    helan.run(&["maintain"]);
    let ours = helan.sql("select count(*), sum(amount) from events").remove(0);
    let output = Command::new(python)
        .arg(repository().join("tests/readers/read.py"))
        .arg(format!("{}/events", helan.lake()))
        .envs(helan.objects.iter().flat_map(|objects| objects.environment()))
        .output()
        .expect("Python runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), if helan.objects.is_some() { 2 } else { 3 }, "{text}");
    for line in lines {
        let (reader, answer) = line.split_once(' ').expect("reader and answer");
        assert_eq!(answer, ours, "{reader}");
    }
}

/// The library's two interfaces, binary and structured, with extension attributes and without: all of it one event.
#[tokio::test(flavor = "multi_thread")]
async fn a_cloudevents_library_sends() {
    let python = std::env::var("HELAN_TEST_PYTHON").expect("HELAN_TEST_PYTHON names a Python with cloudevents");
    let helan = Deployment::up(None).await;
    let token = helan.token("nx-stats");
    let output = Command::new(python)
        .arg(repository().join("tests/readers/sdk.py"))
        .arg(&helan.base)
        .env("HELAN_TOKEN", &token)
        .output()
        .expect("Python runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
    assert_eq!(lines.len(), 8, "{text}");
    for line in &lines {
        assert_eq!(line[1..], ["202", lines[0][2]], "the same content is the same submission: {text}");
    }
    helan.wait_until("the event is in the lake", async || helan.sql("select count(*) from events") == ["1"]).await;
    let event = helan.sql("select id, value, amount, note from events");
    assert_eq!(event, ["\"py:1\"\"2\",455792.5000000000,4557925000.0000000000,初步"]);
}
