//! `helan send`: a city's cron. What is wrong is told before anything is sent; what is killed and run again loses nothing
//! and doubles nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use crate::harness::{Deployment, HELAN};

const EVENTS: usize = 3_000;
const KILLS: usize = 20;

/// `helan send` with a token in its environment.
pub(crate) fn send(base: &str, token: &str, arguments: &[&str], files: &[&Path]) -> Command {
    let mut command = Command::new(HELAN);
    command.arg("send").args(files).args(["--to", base]).args(arguments);
    command.env("HELAN_TOKEN", token).env("LC_ALL", "C.UTF-8").stdin(std::process::Stdio::null());
    command
}

fn shown(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A CSV of so many figures of Yinchuan's, without ids.
fn feed(folder: &Path, events: usize) -> PathBuf {
    let mut text = String::from("ref_area,indicator,time_period,value,unit,unit_mult,note\n");
    for row in 0..events {
        let year = 2000 + row % 18;
        text.push_str(&format!("640100,rd_expenditure,{year},{}.5,CNY,4,row {row}\n", 100_000 + row % 18));
    }
    let path = folder.join("feed.csv");
    std::fs::write(&path, text).expect("a file");
    path
}

/// Pseudo-random delays; the same in every run.
struct Delays(u64);

impl Delays {
    fn next(&mut self) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis(20 + (self.0 >> 33) % 2_000)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_twenty_times_it_loses_nothing_and_doubles_nothing() {
    let helan = Deployment::up(None).await;
    let token = helan.token("yinchuan");
    let file = feed(helan.dir.path(), EVENTS);
    // Small parts, so that kills fall between and within them.
    let arguments = ["--source", "/nx/yinchuan", "--part-events", "150"];
    let mut delays = Delays(20_181_231);
    let (mut killed, mut ended) = (0, 0);
    for _ in 0..KILLS {
        let mut child = send(&helan.base, &token, &arguments, &[&file]).spawn().expect("helan starts");
        tokio::time::sleep(delays.next()).await;
        match child.try_wait().expect("its state") {
            Some(status) => {
                assert!(status.success(), "{status}");
                ended += 1;
            }
            None => {
                child.kill().expect("SIGKILL reaches it");
                child.wait().expect("it is gone");
                killed += 1;
            }
        }
    }
    assert!(killed > 0, "{killed} killed, {ended} ended by themselves");
    let output = send(&helan.base, &token, &arguments, &[&file]).output().expect("helan runs");
    assert!(output.status.success(), "{}", shown(&output));
    let counts = "select count(*), count(distinct id), count(distinct note), sum(case when source = '/nx/yinchuan' then 1 else 0 end) from events";
    assert_eq!(helan.sql(counts), [format!("{EVENTS},{EVENTS},{EVENTS},{EVENTS}")], "{killed} killed");

    // In parts of another size, and as a whole by another client, it is the same.
    let arguments = ["--source", "/nx/yinchuan", "--part-events", "777"];
    let output = send(&helan.base, &token, &arguments, &[&file]).output().expect("helan runs");
    assert!(output.status.success(), "{}", shown(&output));
    let text = std::fs::read(&file).expect("the file");
    let path = "/v1/submissions?source=/nx/yinchuan";
    let whole = helan.deliver(path, &token, "text/csv", text).await;
    assert_eq!((&whole["state"], &whole["accepted"]), (&"repeat".into(), &0.into()), "{whole:#}");
    assert_eq!(helan.sql("select count(*) from events"), [EVENTS.to_string()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_every_error_before_it_sends() {
    let helan = Deployment::up(None).await;
    let token = helan.token("yinchuan");
    let good = feed(helan.dir.path(), 3);
    let bad = helan.dir.path().join("bad.csv");
    let rows = "ref_area,indicator,time_period,value,unit\n640300,gdp,2018,1,CNY\n640100,gdp,2018-13,x,CNY\n";
    std::fs::write(&bad, rows).expect("a file");
    let arguments = ["--source", "/nx/yinchuan"];

    let dry =
        send(&helan.base, &token, &["--source", "/nx/yinchuan", "--dry-run"], &[&good]).output().expect("helan runs");
    assert!(dry.status.success() && shown(&dry).contains("3 events in 1 submissions"), "{}", shown(&dry));

    let refused = send(&helan.base, &token, &arguments, &[&good, &bad]).output().expect("helan runs");
    let said = shown(&refused);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    for part in ["line 2", "foreign_area", "line 3", "period_not_existing", "number_syntax"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(helan.sql("select count(*) from events"), ["0"], "nothing is sent unless all files are right");

    let unknown =
        send(&helan.base, "helan_nobody_0123456789abcdef", &arguments, &[&good]).output().expect("helan runs");
    assert_eq!(unknown.status.code(), Some(1), "{}", shown(&unknown));
    let no_token = send(&helan.base, "", &arguments, &[&good]).output().expect("helan runs");
    assert_eq!(no_token.status.code(), Some(2), "{}", shown(&no_token));
    let no_file = send(&helan.base, &token, &arguments, &[Path::new("/nonexistent.csv")]).output().expect("helan runs");
    assert_eq!(no_file.status.code(), Some(2), "{}", shown(&no_file));
    let nobody = format!("http://127.0.0.1:{}", crate::harness::free_port());
    let impatient = ["--source", "/nx/yinchuan", "--patience", "1s"];
    let gave_up = send(&nobody, &token, &impatient, &[&good]).output().expect("helan runs");
    assert_eq!(gave_up.status.code(), Some(3), "{}", shown(&gave_up));

    let sent = send(&helan.base, &token, &arguments, &[&good]).output().expect("helan runs");
    assert!(sent.status.success() && shown(&sent).contains("3 events accepted, 0 repeated"), "{}", shown(&sent));
    let again = send(&helan.base, &token, &arguments, &[&good]).output().expect("helan runs");
    let said = shown(&again);
    assert!(again.status.success() && said.contains("repeat: all 3 events were accepted before"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_waits_for_a_server_that_comes_back() {
    let helan = Deployment::up(None).await;
    let token = helan.token("yinchuan");
    let file = feed(helan.dir.path(), 200);
    helan.kill9(&helan.base);
    let arguments = ["--source", "/nx/yinchuan", "--part-events", "20"];
    let child = send(&helan.base, &token, &arguments, &[&file]).stdout(std::process::Stdio::piped()).spawn();
    let child = child.expect("helan starts");
    tokio::time::sleep(Duration::from_millis(700)).await;
    helan.start_up().await;
    let output = tokio::task::spawn_blocking(|| child.wait_with_output()).await.expect("joined").expect("it ends");
    assert!(output.status.success(), "{}", shown(&output));
    assert_eq!(helan.sql("select count(*), count(distinct id) from events"), ["200,200"]);
}
