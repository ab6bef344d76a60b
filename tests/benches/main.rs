//! First figures of the whole, from outside: HTTP → acknowledged, then log → table, with the role's own CPU seconds.
//!
//! `cargo build && cargo run --example benches -- [embedded|kafka] [EVENTS] [EVENTS A REQUEST]`

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use helan_tests::kafka::Broker;

/// Connections that send at once.
const CONNECTIONS: usize = 4;
/// The feeds that send: reporter, source, area of the built-in catalog.
const FEEDS: [(&str, &str, &str); CONNECTIONS] = [
    ("yinchuan", "/nx/yinchuan", "640100"),
    ("shizuishan", "/nx/shizuishan", "640200"),
    ("wuzhong", "/nx/wuzhong", "640300"),
    ("guyuan", "/nx/guyuan", "640400"),
];
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
    let events: usize = arguments.next().map_or(Ok(400_000), |text| text.parse())?;
    let batch: usize = arguments.next().map_or(Ok(1_000), |text| text.parse())?;
    let dir = tempfile::tempdir()?;
    let broker = match kind.as_str() {
        "embedded" => None,
        "kafka" => Some(Broker::start()?),
        other => bail!("{other:?}: write embedded or kafka"),
    };
    let log = broker.as_ref().map(|broker| format!("kafka://{}", broker.bootstrap()));
    let (home, log) = (dir.path(), log.as_deref());

    let ingest = start(home, log, "ingest", &["--reporters", "city"]).await?;
    let (before, began) = (ingest.cpu()?, Instant::now());
    let sent = send(&ingest.base, home, events, batch).await?;
    report(&format!("HTTP → acknowledged, {kind}"), sent, began.elapsed(), ingest.cpu()? - before);
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

async fn start(dir: &std::path::Path, log: Option<&str>, role: &str, more: &[&str]) -> anyhow::Result<Role> {
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

/// Sends from every feed at once; returns how many events were acknowledged.
async fn send(base: &str, dir: &std::path::Path, events: usize, batch: usize) -> anyhow::Result<usize> {
    let senders = FEEDS.map(|(reporter, source, area)| {
        let (url, dir) = (format!("{base}/v1/events"), dir.to_owned());
        tokio::spawn(async move {
            let add = Command::new(helan()?)
                .args(["credential", "add", "--role", "reporter", "--reporter", reporter, "--data-dir"])
                .arg(dir)
                .output()?;
            let token = String::from_utf8(add.stdout)?.trim().to_owned();
            let client = reqwest::Client::new();
            let requests = events / CONNECTIONS / batch;
            for request in 0..requests {
                let body = body(source, area, request * batch, batch);
                let sent =
                    client.post(&url).bearer_auth(&token).header("content-type", "application/cloudevents-batch+json");
                let answer = sent.body(body).send().await?;
                ensure!(answer.status().as_u16() == 202, "{}", answer.text().await?);
            }
            Ok(requests * batch)
        })
    });
    let mut sent = 0;
    for sender in senders {
        sent += sender.await??;
    }
    Ok(sent)
}

/// Events of about 320 bytes in canonical form.
fn body(source: &str, area: &str, first: usize, count: usize) -> String {
    let events = (first..first + count).map(|n| {
        format!(
            r#"{{"specversion":"1.0","id":"bench-{n:012}","source":"{source}","type":"helan.observation.reported.v1","data":{{"ref_area":"{area}","indicator":"rd_expenditure","time_period":"{}","value":"{}.{:02}","unit":"CNY","unit_mult":4,"vintage":"final","prepared_by":"bench","note":"one of many events of a load"}}}}"#,
            2010 + n % 8,
            200_000 + n % 1_000,
            n % 100
        )
    });
    format!("[{}]", events.collect::<Vec<_>>().join(","))
}

async fn accepted(metrics: &str) -> anyhow::Result<usize> {
    let text = reqwest::get(metrics).await?.text().await?;
    let line = text.lines().find_map(|line| line.strip_prefix("helan_aggregator_events_accepted_total "));
    Ok(line.context("the metric is there")?.trim().parse()?)
}
