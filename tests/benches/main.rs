//! First figures of the whole, from outside: HTTP → acknowledged, then log → table, with the role's own CPU seconds.
//!
//! `cargo build && cargo run --example benches -- [embedded|kafka] [EVENTS] [EVENTS A REQUEST]`
//!
//! `-- answers [EVENTS] [DIRECTORY]`: what questions cost over so many events, by processes of their own and by a service
//! that goes on while news come, beside DuckDB. The directory, a new one, is kept. `-- nation [EVENTS] [DIRECTORY]`: the same of an invented nation.
//!
//! `-- memory [MINUTES [EVENTS]]`: the memory of `helan up` under 200 submissions a second, of so many events each (at
//! most 20), with two questions a minute.

mod answers;
mod memory;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use helan_tests::kafka::Broker;

use self::answers::Whose;

/// Who sends, in the built-in catalog; each has one connection.
const REPORTERS: [&str; 4] = ["yinchuan", "shizuishan", "wuzhong", "guyuan"];
/// Clock ticks a second in `/proc`: the same on every Linux that runs Rust.
const TICKS: f64 = 100.0;

/// A role that runs, killed when dropped.
struct Role {
    child: Child,
    base: String,
    metrics: String,
}

impl Drop for Role {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Role {
    /// User and system time so far, in seconds.
    fn cpu(&self) -> anyhow::Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let after_name = text.rsplit(')').next().context("stat")?;
        let fields: Vec<_> = after_name.split_whitespace().collect();
        let ticks = |at: usize| -> anyhow::Result<f64> { Ok(fields.get(at).context("stat")?.parse()?) };
        Ok((ticks(11)? + ticks(12)?) / TICKS)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().unwrap_or_else(|| "embedded".to_owned());
    let asked = match kind.as_str() {
        "answers" => Some((Whose::Region, 3_000_000)),
        "nation" => Some((Whose::Nation, 5_000_000)),
        _ => None,
    };
    if let Some((whose, usual)) = asked {
        let events: usize = arguments.next().map_or(Ok(usual), |text| text.parse())?;
        let (kept, temporary) = (arguments.next().map(PathBuf::from), tempfile::tempdir()?);
        return answers::run(kept.as_deref().unwrap_or(temporary.path()), events, whose).await;
    }
    if kind == "memory" {
        let minutes: u64 = arguments.next().map_or(Ok(10), |text| text.parse())?;
        let events: u64 = arguments.next().map_or(Ok(1), |text| text.parse())?;
        return memory::run(tempfile::tempdir()?.path(), minutes, events.clamp(1, 20)).await;
    }
    let events: usize = arguments.next().map_or(Ok(400_000), |text| text.parse())?;
    let batch: usize = arguments.next().map_or(Ok(1_000), |text| text.parse())?;
    let dir = tempfile::tempdir()?;
    let broker = match kind.as_str() {
        "embedded" => None,
        "kafka" => Some(Broker::start()?),
        other => bail!("{other:?}: write embedded, kafka, answers, nation or memory"),
    };
    let log = broker.as_ref().map(|broker| format!("kafka://{}", broker.bootstrap()));
    let (home, log) = (dir.path(), log.as_deref());

    let ingest = start(home, log, "ingest", &["--reporters", "city"]).await?;
    let before = ingest.cpu()?;
    let (sent, wall) = send(&ingest.base, home, events, batch)?;
    report(&format!("HTTP → acknowledged, {kind}"), sent, wall, ingest.cpu()? - before);
    drop(ingest);

    let aggregate = start(home, log, "aggregate", &[]).await?;
    let began = Instant::now();
    while accepted(&aggregate.metrics).await? < sent {
        ensure!(began.elapsed() < Duration::from_secs(600), "the aggregator did not finish in ten minutes");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    report(&format!("log → table, {kind}"), sent, began.elapsed(), aggregate.cpu()?);
    Ok(())
}

fn report(what: &str, events: usize, wall: Duration, cpu: f64) {
    let events = events as f64;
    println!(
        "{what:<32} {events:>9.0} events  {:>8.0} events/s  {cpu:>6.2} CPU s  {:>8.0} events per CPU s",
        events / wall.as_secs_f64(),
        events / cpu
    );
}

fn helan() -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.ancestors().nth(2).context("a target directory")?.join("helan");
    ensure!(path.exists(), "{} is not built: run cargo build first", path.display());
    Ok(path)
}

async fn start(dir: &Path, log: Option<&str>, role: &str, more: &[&str]) -> anyhow::Result<Role> {
    let free = || std::net::TcpListener::bind("127.0.0.1:0")?.local_addr();
    let (listen, metrics) = (free()?.to_string(), free()?.to_string());
    let mut command = Command::new(helan()?);
    command.args([role, "--listen", &listen, "--metrics-listen", &metrics, "--data-dir"]).arg(dir).args(more);
    command.args(log.iter().flat_map(|url| ["--log", url]));
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let role = Role { child, base: format!("http://{listen}"), metrics: format!("http://{metrics}/metrics") };
    let began = Instant::now();
    while reqwest::get(format!("{}/readyz", role.base)).await.map_or(true, |answer| !answer.status().is_success()) {
        ensure!(began.elapsed() < Duration::from_secs(60), "a role did not get ready within a minute");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(role)
}

/// A new credential.
fn token(home: &Path, of: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(helan()?).args(["credential", "add"]).args(of).arg("--data-dir").arg(home).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Asks a service, and takes all of its answer.
async fn ask(role: &Role, token: &str, question: &str) -> anyhow::Result<()> {
    let asked = serde_json::json!({ "query": question }).to_string();
    let request = reqwest::Client::new().post(format!("{}/v1/sql", role.base)).bearer_auth(token);
    let answer = request.header("content-type", "application/json").body(asked).send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    ensure!(status.is_success(), "{question}: {status}: {text}");
    Ok(())
}

/// A line of what the system says of a role's memory, in megabytes.
fn megabytes(role: &Role, line: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", role.child.id()))?;
    let found = status.lines().find_map(|text| text.strip_prefix(line)).context("a line")?;
    Ok(found.trim().trim_end_matches(" kB").parse::<u64>()? / 1024)
}

/// Sends new events and revisions by `helan load`; returns how many were acknowledged, and in what time.
fn send(base: &str, dir: &Path, events: usize, batch: usize) -> anyhow::Result<(usize, Duration)> {
    let (events, batch) = (events.to_string(), batch.to_string());
    let mut command = Command::new(helan()?);
    command.args(["load", "--clean", "-f", "json", "--to", base, "--events", &events, "--batch", &batch]);
    command.args(REPORTERS.iter().flat_map(|reporter| ["--reporter", reporter]));
    command.arg("--data-dir").arg(dir).arg("--ledger").arg(dir.join("bench.ledger"));
    let output = command.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "helan load ended with {}", output.status);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let sent = report["acknowledged_events"].as_u64().context("the report counts")? as usize;
    Ok((sent, Duration::from_secs_f64(report["seconds"].as_f64().context("the report tells the time")?)))
}

async fn accepted(metrics: &str) -> anyhow::Result<usize> {
    let text = reqwest::get(metrics).await?.text().await?;
    let line = text.lines().find_map(|line| line.strip_prefix("helan_aggregator_events_accepted_total "));
    Ok(line.context("the metric is there")?.trim().parse()?)
}
