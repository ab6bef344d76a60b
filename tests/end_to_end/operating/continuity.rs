//! What operators do by mistake to the log under a lake: an older copy, none, topics made anew. Nothing is acknowledged
//! that the lake would not follow, and every way out brings back every event, once.

use std::collections::BTreeSet;
use std::time::Duration;

use super::feeds::arrived;
use crate::harness::{Deployment, Log, copy, printed_by, python};
use crate::stranger::{BATCH, batch};

const SOURCE: &str = "/nx/yinchuan";
const UP: [&str; 4] = ["--flush-age", "200ms", "--partitions", "3"];

/// A deployment and what it has acknowledged.
pub(crate) struct World {
    pub(crate) helan: Deployment,
    token: String,
    ledger: BTreeSet<String>,
    next: usize,
}

impl World {
    pub(crate) async fn start(log: Log) -> Self {
        let helan = Deployment::on(log, None);
        helan.start_up().await;
        let token = helan.token("yinchuan");
        Self { helan, token, ledger: BTreeSet::new(), next: 0 }
    }

    /// Sends so many submissions, and keeps those that were acknowledged; returns the last status.
    pub(crate) async fn send(&mut self, count: usize) -> u16 {
        let mut last = 0;
        for _ in 0..count {
            let body = batch(SOURCE, "640100", self.next, 5);
            last = self.helan.post("/v1/events", &self.token, BATCH, body).await.0;
            if last == 202 {
                self.ledger.extend((self.next..self.next + 5).map(|n| format!("{SOURCE} n-{n:08}")));
            }
            self.next += 5;
        }
        last
    }

    pub(crate) async fn arrived(&self) {
        assert_eq!(arrived(&self.helan, &self.ledger).await, self.ledger);
    }

    /// Starts `helan up`, which must come up without being ready, and take nothing.
    pub(crate) async fn up_takes_nothing(&mut self) {
        self.helan.launch("up", &self.helan.base, &UP);
        self.helan
            .wait_until("it answers", async || {
                self.helan.client.get(format!("{}/healthz", self.helan.base)).send().await.is_ok()
            })
            .await;
        self.takes_nothing().await;
    }

    pub(crate) async fn takes_nothing(&mut self) {
        let acknowledged = self.ledger.len();
        for _ in 0..3 {
            assert_eq!(self.send(1).await, 503);
            assert!(!self.helan.is_ready(&self.helan.base).await, "not ready");
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        assert_eq!(self.ledger.len(), acknowledged, "nothing is acknowledged");
        let output = self.doctor();
        assert!(!output.status.success());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let failed = text
            .lines()
            .find(|line| line.contains("\"continuity\"") || line.contains("\"identity\""))
            .unwrap_or_default();
        assert!(text.contains("helan adopt") && text.contains("fail"), "{failed}\n{text}");
    }

    fn doctor(&self) -> std::process::Output {
        let mut command = self.helan.command(&["doctor", "-f", "json", "--partitions", "3"]);
        command.args(self.helan.log_arguments()).output().expect("doctor runs")
    }

    pub(crate) fn adopt(&self) {
        let mut arguments = vec!["adopt", "--partitions", "3"];
        let log = self.helan.log_arguments();
        arguments.extend(log.iter().map(String::as_str));
        let plan = self.helan.run(&arguments);
        assert!(plan.contains("Nothing was changed") && plan.contains("helan.city.v1/0"), "{plan}");
        arguments.push("--yes");
        let done = self.helan.run(&arguments);
        assert!(done.contains("Done."), "{done}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_embedded_an_older_copy_of_the_log_takes_nothing_until_log_and_lake_belong_together() {
    let mut world = World::start(Log::Embedded).await;
    let dir = world.helan.dir.path().to_owned();
    let (log, old, new) = (dir.join("log"), dir.join("old"), dir.join("new"));
    world.send(4).await;
    world.arrived().await;
    world.helan.terminate(&world.helan.base.clone());
    copy(&log, &old);
    world.helan.start_up().await;
    world.send(4).await;
    world.arrived().await;
    world.helan.terminate(&world.helan.base.clone());
    std::fs::rename(&log, &new).expect("moved");
    copy(&old, &log);
    for _ in 0..2 {
        world.up_takes_nothing().await;
        world.helan.terminate(&world.helan.base.clone());
    }
    // The right log again.
    std::fs::remove_dir_all(&log).expect("removed");
    copy(&new, &log);
    world.helan.start_up().await;
    assert_eq!(world.send(2).await, 202);
    world.arrived().await;
    world.helan.terminate(&world.helan.base.clone());
    // It is lost for good: the lake goes on with the copy.
    std::fs::remove_dir_all(&log).expect("removed");
    copy(&old, &log);
    world.adopt();
    world.helan.start_up().await;
    assert_eq!(world.send(2).await, 202);
    world.arrived().await;
    assert!(world.doctor().status.success(), "{}", String::from_utf8_lossy(&world.doctor().stdout));
    // Backups, maintenance and a restart know of it.
    world.helan.run(&["backup", "--partitions", "3", "--to", dir.join("backups").to_str().expect("UTF-8")]);
    world.helan.kill9(&world.helan.base.clone());
    world.helan.start_up().await;
    assert_eq!(world.send(1).await, 202);
    world.arrived().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_embedded_faults_a_log_is_never_made_under_a_lake_and_a_lake_only_from_a_whole_log() {
    let mut world = World::start(Log::Embedded).await;
    let dir = world.helan.dir.path().to_owned();
    world.send(3).await;
    world.arrived().await;
    world.helan.terminate(&world.helan.base.clone());
    // The log is gone.
    std::fs::rename(dir.join("log"), dir.join("lost")).expect("moved");
    let up = [&["up", "--listen", "127.0.0.1:0"][..], &UP].concat();
    let told = world.helan.fails(&up);
    assert!(told.contains("--new-log") && told.contains("there is no log"), "{told}");
    assert!(!dir.join("log/log.sqlite").exists(), "nothing was created");
    // It is meant.
    for _ in 0..2 {
        let base = world.helan.base.clone();
        world.helan.spawn("up", &base, &[&UP[..], &["--new-log"]].concat()).await;
        assert_eq!(world.send(2).await, 202);
        world.arrived().await;
        world.helan.terminate(&base);
    }
    world.helan.start_up().await;
    assert_eq!(world.send(1).await, 202);
    world.arrived().await;
    world.helan.terminate(&world.helan.base.clone());

    // The lake is gone: it is built again from a log that is whole.
    std::fs::remove_dir_all(dir.join("log")).expect("removed");
    std::fs::rename(dir.join("lost"), dir.join("log")).expect("moved");
    std::fs::rename(dir.join("lake"), dir.join("lost")).expect("moved");
    let first: BTreeSet<_> = world.ledger.iter().take(15).cloned().collect();
    world.helan.start_up().await;
    assert_eq!(arrived(&world.helan, &first).await, first);
    assert!(world.helan.log().contains("built again from the log"), "{}", world.helan.log());
    world.helan.terminate(&world.helan.base.clone());
    world.helan.run(&["maintain", "--log-retention", "1s"]);
    std::fs::remove_dir_all(dir.join("lake")).expect("removed");
    let told = world.helan.fails(&up);
    assert!(told.contains("no longer has its beginning"), "{told}");
    assert!(!dir.join("lake").exists(), "nothing was created");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_embedded_faults_a_damaged_lake_is_built_again_from_the_log_and_keeps_what_was_published() {
    let mut world = World::start(Log::Embedded).await;
    let lake = world.helan.dir.path().join("lake");
    world.send(6).await;
    world.arrived().await;
    world.helan.run(&["rollup", "--publish", "--period", "2018"]);
    let published = "select publication, count(*) from published_values group by 1";
    let (before, receipts) = (world.helan.sql(published), world.helan.sql("select count(*) from submissions"));
    world.helan.terminate(&world.helan.base.clone());
    // Every data file that `events` names is gone.
    for year in std::fs::read_dir(lake.join("events")).expect("readable").map(|entry| entry.expect("an entry").path()) {
        if year.to_string_lossy().contains("recorded_year") {
            std::fs::remove_dir_all(year).expect("removed");
        }
    }
    world.helan.fails(&["sql", "select sum(value) from events"]);
    world.helan.run(&["rebuild", "--partitions", "3"]);
    assert_eq!(world.helan.sql(published), before);
    assert_eq!(world.helan.sql("select count(*) from submissions"), receipts);
    world.helan.start_up().await;
    assert_eq!(world.send(2).await, 202);
    world.arrived().await;
    let publication = before[0].split(',').next().expect("an id").to_owned();
    world.helan.run(&["rollup", "--reproduce", &publication]);
    world.helan.fails(&["rebuild"]); // Not beside a process that writes.
}

/// A report that was received while the clock was a day ahead, then the clock set right.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_embedded_faults_a_clock_behind_the_log_takes_nothing_until_somebody_says_which_is_right() {
    let mut world = World::start(Log::Embedded).await;
    world.send(3).await;
    world.arrived().await;
    world.helan.terminate(&world.helan.base.clone());
    // As if it had been received tomorrow: the record is dated by the clock of then, and its digest is of that.
    let database = world.helan.dir.path().join("log/log.sqlite");
    let day = 86_400_000_000_i64;
    let script = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\n\
        c.execute('update records set received_at = received_at + ?, digest = null where address = \
        (select max(address) from records)', (int(sys.argv[2]),))\nc.commit()";
    printed_by(python().args(["-c", script]).arg(&database).arg(day.to_string()));
    std::fs::remove_dir_all(world.helan.dir.path().join("lake")).expect("the lake is built anew");
    world.helan.launch("up", &world.helan.base, &UP);
    world
        .helan
        .wait_until("it answers", async || {
            world.helan.client.get(format!("{}/healthz", world.helan.base)).send().await.is_ok()
        })
        .await;
    assert_eq!(world.send(2).await, 503);
    world.helan.wait_until("it says what to do", async || world.helan.log().contains("--clock-is-right")).await;
    // Not only until the aggregator has looked at the log.
    for _ in 0..10 {
        assert_eq!(world.send(1).await, 503, "{}", world.helan.log());
        assert!(!world.helan.is_ready(&world.helan.base).await, "{}", world.helan.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    world.helan.terminate(&world.helan.base.clone());
    let base = world.helan.base.clone();
    world.helan.spawn("up", &base, &[&UP[..], &["--clock-is-right"]].concat()).await;
    assert_eq!(world.send(4).await, 202);
    world.arrived().await;
    let counted = world.helan.sql("select count(*) from events where known_at <= now()");
    assert_eq!(counted, [(world.ledger.len() - 5).to_string()], "all but what the other clock received");
}
