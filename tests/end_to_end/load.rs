//! `helan load` and `helan load verify`: every kind of misbehaviour, a sender that is killed again and again, and a
//! comparison that finds what was taken away from the lake or put into it.

use std::path::{Path, PathBuf};

use helan_load::{Header, Kind, Line, Outcome, Stream};
use helan_schemas::catalog::Catalog;
use serde_json::{Value, json};

use crate::harness::{Deployment, printed_by};

/// Much more misbehaviour than the defaults, so that little load has all of it.
const UNRULY: [&str; 10] =
    ["--mistakes", "8%", "--conflicts", "8%", "--repeats", "8%", "--overlaps", "8%", "--withdrawals", "8%"];
const BATCH: u64 = 20;
/// Events of the load whose sender is killed four times: more than it gets done until then.
const EVENTS: &str = "20000";

/// `helan load` with these arguments, not yet started.
fn load(helan: &Deployment, to: &[&str], ledger: &Path, more: &[&str]) -> std::process::Command {
    let mut command = helan.command(&["load", "-f", "json", "--batch", "20", "--partitions", "3"]);
    command.args(to).args(UNRULY).args(more).arg("--ledger").arg(ledger);
    command
}

fn ended_well(mut command: std::process::Command) -> Value {
    serde_json::from_str(&printed_by(&mut command)).expect("a report is JSON")
}

/// The verdict on a ledger, and whether the command ended well.
fn verify(helan: &Deployment, ledger: &Path) -> (Value, bool) {
    let mut command = helan.command(&["load", "verify", "-f", "json", "--wait", "60s"]);
    let output = command.arg("--ledger").arg(ledger).output().expect("helan load verify runs");
    let verdict = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?} {}", helan.log()));
    (verdict, output.status.success())
}

/// The findings that are not 0.
fn findings(verdict: &Value) -> Vec<(String, u64)> {
    let counts = verdict.as_object().expect("an object").iter();
    counts
        .filter_map(|(name, value)| Some((name.clone(), value["count"].as_u64()?)))
        .filter(|(_, count)| *count > 0)
        .collect()
}

fn clean(helan: &Deployment, ledger: &Path) -> Value {
    let (verdict, well) = verify(helan, ledger);
    assert!(well && findings(&verdict).is_empty(), "{verdict:#} {}", helan.log());
    verdict
}

fn lines(ledger: &Path) -> usize {
    std::fs::read_to_string(ledger).map_or(0, |text| text.lines().count())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_sender_killed_again_and_again_loses_and_doubles_nothing_and_tampering_is_found() {
    let helan = Deployment::up(None).await;
    let ledger = helan.dir.path().join("killed.ledger");
    let to = ["--to", &helan.base];
    for round in 0..4 {
        let resume: &[&str] = if round == 0 { &[] } else { &["--resume"] };
        let mut command = load(&helan, &to, &ledger, &[&["--events", EVENTS], resume].concat());
        let mut sender = command.stdout(std::process::Stdio::null()).spawn().expect("helan load starts");
        let before = lines(&ledger);
        helan.wait_until("the sender gets on", async || lines(&ledger) > before + 60).await;
        sender.kill().expect("SIGKILL reaches it");
        sender.wait().expect("it is gone");
    }
    let killed = clean(&helan, &ledger);
    assert!(killed["expected"].as_u64() > Some(1_000) && killed["refusals"].as_u64() > Some(10), "{killed:#}");
    let report = ended_well(load(&helan, &to, &ledger, &["--events", EVENTS, "--resume"]));
    assert!(
        report["acknowledged"].as_u64() > Some(0) && report["refused"].as_object().is_some_and(|it| it.len() > 3),
        "{report:#}"
    );
    let verdict = clean(&helan, &ledger);
    assert_eq!(helan.sql("select count(*) from events"), [verdict["expected"].to_string()]);

    // A load of the same recipe again: all of it is there already.
    let again = helan.dir.path().join("again.ledger");
    ended_well(load(&helan, &to, &again, &["--events", EVENTS]));
    clean(&helan, &again);
    assert_eq!(helan.sql("select count(*) from events"), [verdict["expected"].to_string()]);

    helan.kill9(&helan.base);
    tampered(&helan, &ledger);
}

/// The comparison can fail: each thing that is done to ledger or lake is found, by its name.
fn tampered(helan: &Deployment, ledger: &Path) {
    let text = std::fs::read_to_string(ledger).expect("a ledger");
    let header = Header::decode(text.lines().next().expect("a header")).expect("a header");
    let streams = Stream::all(&header.recipe, &Catalog::embedded());
    let all: Vec<_> =
        text.lines().enumerate().skip(1).map(|(at, line)| Line::decode(at, line).expect("a line")).collect();
    let with = |name: &str, text: &str| {
        let path = helan.dir.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };

    // Acknowledged, says the ledger, yet never sent.
    let next = all.iter().filter(|line| line.stream == 0).map(|line| line.submission + 1).max().expect("stream 0 sent");
    let plain = (next..).find(|number| streams[0].kind(*number) == Kind::Plain).expect("a plain one");
    let outcome = Outcome::Acknowledged { partition: 0, offset: 0 };
    let mut forged = text.clone();
    Line { stream: 0, submission: plain, hash: streams[0].submission(plain).hash, outcome }.encode(&mut forged);
    let (verdict, well) = verify(helan, &with("forged.ledger", &forged));
    assert!(!well && verdict["lost"]["count"] == json!(BATCH), "{verdict:#}");

    // Sent and acknowledged, but the ledger's line is gone.
    let is_plain = |line: &&Line| line.stream == 1 && streams[1].kind(line.submission) == Kind::Plain;
    let gone = all.iter().find(is_plain).expect("a plain one");
    let mut line = String::new();
    gone.encode(&mut line);
    let (verdict, well) = verify(helan, &with("gone.ledger", &text.replace(&line, "")));
    assert_eq!((well, findings(&verdict)), (false, vec![("unexpected".to_owned(), BATCH)]), "{verdict:#}");

    // A data file stands in the table twice, then not at all.
    let table = helan.dir.path().join("lake/events");
    let (version, add) = last_add(&table);
    let path = PathBuf::from(add["add"]["path"].as_str().expect("a path"));
    let copy = path.with_file_name("copied.parquet");
    std::fs::copy(table.join(&path), table.join(&copy)).expect("copied");
    let mut doubled = add.clone();
    doubled["add"]["path"] = json!(copy);
    commit(&table, version + 1, &doubled);
    let rows = rows_of(&add);
    let (verdict, well) = verify(helan, ledger);
    assert_eq!((well, findings(&verdict)), (false, vec![("doubled".to_owned(), rows)]), "{verdict:#}");
    let remove = |path: &Path| {
        json!({"remove": {"path": path, "deletionTimestamp": 0, "dataChange": true,
        "extendedFileMetadata": true, "partitionValues": add["add"]["partitionValues"], "size": add["add"]["size"]}})
    };
    commit(&table, version + 2, &remove(&copy));
    clean(helan, ledger);
    commit(&table, version + 3, &remove(&path));
    let (verdict, well) = verify(helan, ledger);
    assert_eq!((well, findings(&verdict)), (false, vec![("lost".to_owned(), rows)]), "{verdict:#}");
}

fn commit(table: &Path, version: u64, action: &Value) {
    let path = table.join(format!("_delta_log/{version:020}.json"));
    std::fs::write(path, format!("{action}\n")).expect("written");
}

fn rows_of(add: &Value) -> u64 {
    let statistics: Value = serde_json::from_str(add["add"]["stats"].as_str().expect("stats")).expect("JSON");
    statistics["numRecords"].as_u64().expect("a number of rows")
}

/// The table's last version, and the last file that some version added and none removed.
fn last_add(table: &Path) -> (u64, Value) {
    let mut versions: Vec<_> = std::fs::read_dir(table.join("_delta_log"))
        .expect("a log")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    versions.sort();
    let version = versions.last().and_then(|path| path.file_stem()?.to_str()?.parse().ok()).expect("a version");
    let actions = versions.iter().rev().flat_map(|path| {
        let text = std::fs::read_to_string(path).expect("a version");
        text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")).collect::<Vec<_>>()
    });
    let add = actions.into_iter().find(|action| action["add"].is_object()).expect("a file was added");
    (version, add)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn straight_into_the_log_with_random_ids_everything_arrives_once() {
    let helan = Deployment::new(None);
    let log = match &helan.broker {
        Some(broker) => format!("kafka://{}", broker.lock().expect("broker").bootstrap()),
        None => format!("embedded://{}", helan.dir.path().join("log").display()),
    };
    let (first, second) = (helan.dir.path().join("first.ledger"), helan.dir.path().join("second.ledger"));
    // Twice the same: the second time every id is known.
    for ledger in [&first, &second] {
        let report = ended_well(load(&helan, &["--log", &log], ledger, &["--events", "4000", "--random-ids"]));
        assert_eq!(report["acknowledged"], report["submissions"], "{report:#}");
    }
    helan.start_up().await;
    for ledger in [&first, &second] {
        let verdict = clean(&helan, ledger);
        assert!(verdict["expected"].as_u64() > Some(2_000) && verdict["refusals"].as_u64() > Some(10), "{verdict:#}");
    }
    let codes = helan.sql("select distinct code from refusals order by code");
    assert_eq!(codes, ["id_conflict", "undecodable_record"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_load_by_the_clock_measures_until_it_can_be_asked_for() {
    let helan = Deployment::up(None).await;
    let ledger = helan.dir.path().join("rate.ledger");
    let more = ["--rate", "2000", "--duration", "3s", "--visible", "--reporter", "yinchuan", "--reporter", "jinji"];
    let report = ended_well(load(&helan, &["--to", &helan.base], &ledger, &more));
    // By the clock, not by what the service can do: at most 6,000 events in 3 s, fewer where the machine is busy.
    let events = report["events"].as_u64().expect("a number");
    assert!((100..=6_200).contains(&events), "{report:#}");
    assert!(
        report["visible_ms"]["count"].as_u64() > Some(0) && report["visible_ms"]["p99"].as_f64() > Some(0.0),
        "{report:#}"
    );
    clean(&helan, &ledger);
    let refused = load(&helan, &["--to", &helan.base], &ledger, &["--seed", "2", "--resume"]).output().expect("runs");
    assert!(
        !refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("another recipe"),
        "{refused:?}"
    );
    let refused = load(&helan, &["--to", "http://helan.example"], &ledger, &[]).output().expect("runs");
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("--remote"), "{refused:?}");
    let tokens = helan.run(&["credential", "list"]);
    assert!(tokens.contains("load-") && !tokens.contains("valid"), "{tokens}");
}
