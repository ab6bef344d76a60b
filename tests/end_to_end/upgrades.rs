//! Data directories that earlier builds made, each kept in `tests/lakes`: this build opens, answers, continues them.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Deployment, Log, repository};

/// An earlier build's data directory, unpacked where a deployment expects its own.
pub(crate) struct Kept {
    pub(crate) helan: Deployment,
    /// The catalog, the expected answers and the bodies that were posted.
    files: PathBuf,
    /// Unpacks into this.
    _directory: tempfile::TempDir,
}

impl Kept {
    pub(crate) fn unpack(archive: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let archive = repository().join("tests/lakes").join(archive);
        let unpacked = Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(directory.path()).status();
        assert!(unpacked.expect("tar runs").success(), "{}", archive.display());
        let files = directory.path().to_owned();
        let mut helan = Deployment::on(Log::Embedded, Some(&files.join("catalog")));
        helan.objects = None;
        for entry in std::fs::read_dir(files.join("data")).expect("a data directory") {
            let entry = entry.expect("an entry");
            std::fs::rename(entry.path(), helan.dir.path().join(entry.file_name())).expect("moved");
        }
        Self { helan, files, _directory: directory }
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.files.join(name)).expect(name)
    }

    /// Starts `helan up` with the partitions that the log has.
    pub(crate) async fn up(&self) {
        self.helan.spawn("up", &self.helan.base, &["--flush-age", "200ms"]).await;
    }

    /// Asks what the earlier build was asked, and compares the answers.
    fn answers_as_before(&self) {
        let expected = self.read("expected.txt");
        for asked in expected.split("-- ").filter(|asked| !asked.is_empty()) {
            let (query, answer) = asked.split_once('\n').expect("a query and its answer");
            assert_eq!(plain(&self.helan.run(&["sql", "-f", "csv", query])), plain(answer), "{query}");
        }
    }
}

/// A CSV without the zeros of exact numbers, which earlier builds wrote to ten digits.
fn plain(csv: &str) -> String {
    let cell = |cell: &str| match cell.split_once('.') {
        Some((_, fraction)) if fraction.len() == 10 && fraction.bytes().all(|byte| byte.is_ascii_digit()) => {
            cell.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => cell.to_owned(),
    };
    csv.lines().map(|line| line.split(',').map(cell).collect::<Vec<_>>().join(",") + "\n").collect()
}

fn archives() -> Vec<String> {
    let folder = std::fs::read_dir(repository().join("tests/lakes")).expect("tests/lakes");
    let names = folder.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".tar.gz")).collect();
    names.sort_unstable();
    assert!(!names.is_empty(), "there are earlier builds");
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_embedded_lakes_of_earlier_builds_go_on() {
    let runtime = tokio::runtime::Handle::current();
    let start = |archive: String| {
        let runtime = runtime.clone();
        tokio::task::spawn_blocking(move || runtime.block_on(goes_on(&archive)))
    };
    let at_once: Vec<_> = archives().into_iter().map(start).collect();
    for ended in at_once {
        ended.await.expect("the lake of an earlier build goes on");
    }
}

async fn goes_on(archive: &str) {
    println!("{archive}");
    let kept = Kept::unpack(archive);
    let helan = &kept.helan;
    kept.answers_as_before();
    let checked = helan.run(&["up", "--check"]);
    assert!(checked.lines().any(|line| line.contains("sql_time") && line.contains("20s")), "{checked}");
    let listed = helan.run(&["credential", "list"]);
    assert!(["wm-office", "brennick-park", "olga", "otto"].iter().all(|id| listed.contains(id)), "{listed}");

    let runs = helan.sql("select publication, as_of from publication_runs order by started_at");
    let (latest, as_of) = runs.last().and_then(|run| run.split_once(',')).expect("the last run");
    for run in &runs {
        let id = run.split(',').next().expect("an id");
        let reproduced = helan.run(&["rollup", "--reproduce", id]);
        let agree = ["the digests agree", "摘要一致", "every figure agrees", "数值全部一致"];
        assert!(agree.iter().any(|words| reproduced.contains(words)), "{reproduced}");
    }
    // The same content has the same id, whichever build computes it.
    helan.run(&["rollup", "--period", "2024", "--as-of", as_of, "--publish"]);
    let again = helan.sql("select outcome, publication from publication_runs order by started_at desc limit 1");
    assert_eq!(again, [format!("unchanged,{latest}")]);

    kept.up().await;
    let token = helan.token("brennick");
    let retry = helan.deliver("/v1/events", &token, "application/cloudevents+json", kept.read("rd-1.json")).await;
    assert_eq!(retry["state"], "repeat", "{retry:#}");
    let mut event: Value = serde_json::from_str(&kept.read("rd-1.json")).expect("an event");
    event["id"] = json!("rd-90");
    event["data"]["value"] = json!("401.25");
    event["data"]["time_period"] = json!("2024");
    event["data"]["published_at"] = json!("2026-06-01");
    let new = helan.deliver("/v1/events", &token, "application/cloudevents+json", event.to_string()).await;
    assert_eq!(new["state"], "accepted", "{new:#}");
    helan.run(&["rollup", "--period", "2024", "--publish"]);
    let made = helan.sql("select supersedes, rules is null from publications order by published_at desc limit 1");
    assert_eq!(made, [format!("{latest},false")]);
    let changes = helan.run(&["rollup", "--compare", latest, "latest"]);
    // What only a later build's columns say is no change: no cell differs by rules alone.
    let by_rules = |line: &&str| line.contains("a rule changed") || line.contains("口径或规则变动");
    let reports = |line: &str| line.contains("report") || line.contains("报送");
    assert!(changes.lines().filter(by_rules).all(reports), "{changes}");
    helan.run(&["maintain"]);
    assert!(helan.run(&["doctor"]).contains("0 failed"));
}
