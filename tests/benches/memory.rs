//! Whether the memory of `helan up` stays where it is: reports at a rate, questions beside them, RSS each minute.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::json;

use crate::{REPORTERS, accepted, helan, start};

/// Submissions a second, of one event each.
const RATE: &str = "200";
/// Asked in turn, two a minute.
const QUESTIONS: [&str; 2] =
    ["select count(*) from quota_fulfilment", "select indicator, count(*) from observations group by 1"];
const ASK_EVERY: Duration = Duration::from_secs(30);

/// Runs for so many minutes under load, and one more without.
pub(crate) async fn run(home: &Path, minutes: u64) -> anyhow::Result<()> {
    let credential =
        Command::new(helan()?).args(["credential", "add", "--role", "analyst", "--data-dir"]).arg(home).output()?;
    ensure!(credential.status.success(), "{}", String::from_utf8_lossy(&credential.stderr));
    let token = String::from_utf8(credential.stdout)?.trim().to_owned();
    let up = start(home, None, "up", &["--partitions", "3"]).await?;
    let mut load = Command::new(helan()?);
    load.args(["load", "--clean", "-f", "json", "--to", &up.base, "--rate", RATE, "--batch", "1"]);
    load.args(["--duration", &format!("{minutes}m"), "--data-dir"])
        .arg(home)
        .arg("--ledger")
        .arg(home.join("memory.ledger"));
    load.args(REPORTERS.iter().flat_map(|reporter| ["--reporter", reporter]));
    let mut load = load.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    println!("{:>7} {:>8} {:>8} {:>8} {:>9} {:>6}", "minute", "RSS MB", "peak MB", "CPU s", "events", "load");
    let (client, began) = (reqwest::Client::new(), Instant::now());
    for half in 1..=2 * (minutes + 1) {
        tokio::time::sleep((began + ASK_EVERY * half as u32).saturating_duration_since(Instant::now())).await;
        if half <= 2 * minutes {
            let asked = json!({ "query": QUESTIONS[half as usize % QUESTIONS.len()] }).to_string();
            let request = client.post(format!("{}/v1/sql", up.base)).bearer_auth(&token);
            let answer = request.header("content-type", "application/json").body(asked).send().await?;
            let status = answer.status();
            ensure!(status.is_success(), "{status}: {}", answer.text().await?);
        }
        if half % 2 == 0 {
            let (rss, peak) = (memory(up.child.id(), "VmRSS:")?, memory(up.child.id(), "VmHWM:")?);
            let load = std::fs::read_to_string("/proc/loadavg")?;
            let load = load.split(' ').next().context("a load")?;
            let (cpu, events) = (up.cpu()?, accepted(&up.metrics).await?);
            println!("{:>7} {rss:>8} {peak:>8} {cpu:>8.1} {events:>9} {load:>6}", half / 2);
        }
    }
    ensure!(load.wait()?.success(), "the load was not taken");
    Ok(())
}

/// Megabytes, by a line of `/proc/PID/status`.
fn memory(pid: u32, line: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let found = status.lines().find_map(|text| text.strip_prefix(line)).context("a line")?;
    Ok(found.trim().trim_end_matches(" kB").parse::<u64>()? / 1024)
}
