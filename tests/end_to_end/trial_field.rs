//! A build with one field and one column more (`--features helan/trial-field`), on lakes of the build before and beside
//! processes of it. `HELAN_TEST_BEFORE` names that build's binary; `tests/run upgrade` makes both.

use std::process::Command;

use helan_schemas::fields::GENERATION;
use serde_json::{Value, json};

use crate::harness::{Deployment, Log, free_port, text_of};
use crate::upgrades::Kept;

const JSON: &str = "application/cloudevents+json";
/// Cities' systems and the region's offices with sources of their own, and where each may report R&D expenditure.
const CITIES: [(&str, &str); 6] = [
    ("nx-stats", "640000"),
    ("yinchuan", "640100"),
    ("shizuishan", "640200"),
    ("wuzhong", "640300"),
    ("guyuan", "640400"),
    ("zhongwei", "640500"),
];
/// The same of parks.
const PARKS: [(&str, &str); 4] = [
    ("ningdong", "NX-ND"),
    ("yinchuan-htz", "640181-YCHT"),
    ("shizuishan-htz", "640200-SZHT"),
    ("jinji", "640300-JINJI"),
];

/// The binary of the build before.
fn before() -> String {
    std::env::var("HELAN_TEST_BEFORE").expect("HELAN_TEST_BEFORE names a binary; run `tests/run upgrade`")
}

/// A command of the build before on a deployment's data, with what it said on standard error.
fn run_before(helan: &Deployment, arguments: &[&str]) -> (String, String) {
    let command = helan.command(arguments);
    let mut same = Command::new(before());
    same.args(command.get_args());
    same.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = same.output().expect("helan runs");
    (text_of(&output, arguments), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn event(id: &str, source: &str, data: &Value) -> String {
    json!({"specversion": "1.0", "type": "helan.observation.reported.v1", "source": source, "id": id, "data": data})
        .to_string()
}

/// A lake and a log from 27 November 2026, which know neither the column nor the field.
#[tokio::test(flavor = "multi_thread")]
async fn trial_field_reaches_a_lake_of_an_earlier_build() {
    let mut kept = Kept::unpack("2026-11-27.tar.gz");
    assert_eq!(kept.helan.sql("select count(trial) from events"), ["0"], "absent from the table, null in an answer");
    kept.up().await;
    let token = kept.helan.token("brennick");
    let retry = kept.helan.deliver("/v1/events", &token, JSON, kept.read("rd-1.json")).await;
    assert_eq!(retry["state"], "repeat", "the retry of an old event stays a repeat: {retry:#}");
    let mut new: Value = serde_json::from_str(&kept.read("rd-1.json")).expect("an event");
    (new["id"], new["data"]["trial"]) = (json!("rd-90"), json!("second survey"));
    let accepted = kept.helan.deliver("/v1/events", &token, JSON, new.to_string()).await;
    assert_eq!(accepted["state"], "accepted", "{accepted:#}");
    new["data"]["trial"] = json!("third survey");
    let other = kept.helan.deliver("/v1/events", &token, JSON, new.to_string()).await;
    assert_eq!(other["state"], "refused", "the field is part of what an event says: {other:#}");
    let rows = "select id, trial from events where id like 'rd-%' order by id";
    let expected = ["rd-1,", "rd-2,", "rd-3,", "rd-4,", "rd-90,second survey"];
    assert_eq!(kept.helan.sql(rows), expected);

    // The build before on the newer lake: it reads and says so, and puts no files together.
    let (count, said) = run_before(&kept.helan, &["sql", "-f", "csv", "select count(*) from events"]);
    assert!(count.contains("27") && said.contains("trial") && said.contains("upgrade"), "{count}{said}");
    kept.helan.terminate(&kept.helan.base);
    let (_, said) = run_before(&kept.helan, &["maintain"]);
    assert!(said.contains("trial"), "{said}");
    // It takes events that have not the field; the column stays.
    kept.helan.binary = before();
    kept.up().await;
    let mut old: Value = serde_json::from_str(&kept.read("rd-1.json")).expect("an event");
    old["id"] = json!("rd-91");
    let accepted = kept.helan.deliver("/v1/events", &token, JSON, old.to_string()).await;
    assert_eq!(accepted["state"], "accepted", "{accepted:#}");
    kept.helan.terminate(&kept.helan.base);
    kept.helan.binary = crate::harness::HELAN.to_owned();
    kept.helan.run(&["maintain"]);
    assert_eq!(kept.helan.sql(rows)[4..], ["rd-90,second survey", "rd-91,"]);
}

/// Old and new processes on one log and one lake. What the old one does not know, it leaves to the new one, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn trial_field_beside_running_processes_of_the_build_before() {
    const SOURCE: &str = "/nx/nx-stats";
    let mut helan = Deployment::on(Log::Kafka, None);
    let (old_ingest, old, new) = (address(), address(), address());
    let flags = ["--flush-age", "200ms", "--partitions", "3"];
    helan.binary = before();
    helan.spawn("ingest", &old_ingest, &["--reporters", "city", "--partitions", "3"]).await;
    helan.spawn("aggregate", &old, &flags).await;
    let token = helan.token("nx-stats");
    let data = json!({"ref_area": "640000", "indicator": "rd_expenditure", "time_period": "2018", "value": "455792.5",
        "unit": "CNY", "unit_mult": 4, "vintage": "final"});
    let base = std::mem::replace(&mut helan.base, old_ingest);
    let (status, answer) = helan.post("/v1/events", &token, JSON, event("a-1", SOURCE, &data)).await;
    assert_eq!(status, 202, "{answer:#}");
    helan.wait_until("the first event is in the table", async || helan.count(0) == 1).await;

    // A second writer, of the newer build: it adds the column to the table that the first goes on writing to.
    helan.binary = crate::harness::HELAN.to_owned();
    helan.spawn("aggregate", &new, &flags).await;
    for number in 2..12 {
        let (status, _) = helan.post("/v1/events", &token, JSON, event(&format!("a-{number}"), SOURCE, &data)).await;
        assert_eq!(status, 202);
    }
    let (status, _) = helan.post("/v1/events", &token, JSON, event("a-1", SOURCE, &data)).await;
    assert_eq!(status, 202, "a retry");
    helan.wait_until("both writers' events are in the table", async || helan.count(0) == 11).await;

    // An event with the field, of many sources of both topics, so that the old writer meets one too: of nine partitions it
    // may have been left none of the cities' three.
    let old_ingest = std::mem::replace(&mut helan.base, base);
    let new_ingest = helan.base.clone();
    let park_ingest = address();
    helan.spawn("ingest", &new_ingest, &["--reporters", "city", "--partitions", "3"]).await;
    helan.spawn("ingest", &park_ingest, &["--reporters", "park", "--partitions", "3"]).await;
    let mut trial = data.clone();
    trial["trial"] = json!("x");
    let cities = CITIES.map(|reporter| (&new_ingest, reporter));
    let parks = PARKS.map(|reporter| (&park_ingest, reporter));
    let sent = cities.len() + parks.len();
    for (ingest, (reporter, area)) in cities.into_iter().chain(parks) {
        helan.base.clone_from(ingest);
        trial["ref_area"] = json!(area);
        let body = event("t-1", &format!("/nx/{reporter}"), &trial);
        let (status, answer) = helan.post("/v1/events", &helan.token(reporter), JSON, body).await;
        assert_eq!(status, 202, "{answer:#}");
    }
    let stopped = async || {
        let answer = helan.client.get(format!("{old}/readyz")).send().await;
        answer.is_ok_and(|answer| !answer.status().is_success())
    };
    helan.wait_until("the old writer stops where it would lose the field", stopped).await;
    let said = std::fs::read_to_string(helan.dir.path().join("helan.log")).expect("a log");
    assert!(
        said.contains(&format!("fields of generation {GENERATION}")) && said.contains("upgrade this process"),
        "{}",
        helan.log()
    );
    assert!(helan.count(1) < sent, "what the old writer has to leave is not in the table yet");
    helan.terminate(&old);
    helan.terminate(&old_ingest);
    helan.wait_until("the newer writer takes over", async || helan.count(1) == sent).await;
    assert_eq!(helan.count(0), 11 + sent, "nothing was lost or doubled");
}

fn address() -> String {
    format!("http://127.0.0.1:{}", free_port())
}

impl Deployment {
    /// Events in the table, or those of them that have the field.
    fn count(&self, with_field: usize) -> usize {
        let what = ["count(*)", "count(trial)"][with_field];
        let arguments = ["sql", "-f", "csv", &format!("select {what} from events")];
        let output = self.command(&arguments).output().expect("helan runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().nth(1).and_then(|count| count.parse().ok()).unwrap_or_default()
    }
}
