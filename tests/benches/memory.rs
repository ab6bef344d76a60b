//! Whether the memory of `helan up` stays where it is: reports at a rate, questions beside them, RSS each minute.
//!
//! Reports are of a few cells again and again, as what questions keep while they are answered follows the cells, and so
//! would hide what time alone adds. Afterwards the roles are started anew over the same data, and asked the same: what
//! they take then they do not owe to how long they had run.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::{Role, accepted, ask, megabytes, start, token};

/// Reporters, each with its area; together they send [`RATE`] submissions a second.
const FEEDS: [(&str, &str); 4] =
    [("yinchuan", "640100"), ("shizuishan", "640200"), ("wuzhong", "640300"), ("guyuan", "640400")];
const RATE: u64 = 200;
/// Asked in turn, two a minute.
const QUESTIONS: [&str; 2] =
    ["select count(*) from quota_fulfilment", "select indicator, count(*) from observations group by 1"];
const ASK_EVERY: Duration = Duration::from_secs(30);

/// Runs for so many minutes under load, of so many events a submission, then over the same data without.
pub(crate) async fn run(home: &Path, minutes: u64, events: u64) -> anyhow::Result<()> {
    let analyst = token(home, &["--role", "analyst"])?;
    let up = start(home, None, "up", &["--partitions", "3"]).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let mut senders = Vec::new();
    for (reporter, area) in FEEDS {
        let token = token(home, &["--role", "reporter", "--reporter", reporter])?;
        senders.push(tokio::spawn(send(up.base.clone(), token, format!("/nx/{reporter}"), area, events, stop.clone())));
    }
    println!(
        "{:>7} {:>8} {:>8} {:>8} {:>8} {:>9} {:>6}",
        "minute", "RSS MB", "heap MB", "peak MB", "CPU s", "events", "load"
    );
    let began = Instant::now();
    for half in 1..=2 * minutes {
        tokio::time::sleep((began + ASK_EVERY * half as u32).saturating_duration_since(Instant::now())).await;
        ask(&up, &analyst, QUESTIONS[half as usize % QUESTIONS.len()]).await?;
        if half % 2 == 0 {
            row(&up, &(half / 2).to_string()).await?;
        }
    }
    stop.store(true, Ordering::Relaxed);
    let mut taken = 0;
    for sender in senders {
        taken += sender.await??;
    }
    println!("{taken} submissions were acknowledged");
    drop(up);
    let up = start(home, None, "up", &["--partitions", "3"]).await?;
    for question in QUESTIONS.iter().cycle().take(4) {
        tokio::time::sleep(Duration::from_secs(5)).await;
        ask(&up, &analyst, question).await?;
    }
    row(&up, "anew").await
}

/// Sends its share of the rate until it is told to stop; how many submissions were acknowledged.
async fn send(
    base: String,
    token: String,
    source: String,
    area: &'static str,
    events: u64,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<u64> {
    let client = reqwest::Client::new();
    let mut tick = tokio::time::interval(Duration::from_millis(1000 * FEEDS.len() as u64 / RATE));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let mut sent = 0;
    while !stop.load(Ordering::Relaxed) {
        tick.tick().await;
        // A cell stands once in a submission: each of its events is about another year.
        let batch = (0..events).map(|at| {
            json!({
                "specversion": "1.0", "type": "helan.observation.reported.v1", "source": source,
                "id": format!("n-{sent:08}-{at}"),
                "data": {"ref_area": area, "indicator": "rd_expenditure", "time_period": format!("{}", 2000 + (sent + at) % 20),
                         "value": format!("{}.5", 200_000 + sent % 1000), "unit": "CNY", "unit_mult": 4}
            })
        });
        let batch: Value = batch.collect();
        let request = client.post(format!("{base}/v1/events")).bearer_auth(&token).body(batch.to_string());
        let answer = request.header("content-type", "application/cloudevents-batch+json").send().await?;
        let status = answer.status();
        ensure!(status.is_success(), "{status}: {}", answer.text().await?);
        sent += 1;
    }
    Ok(sent)
}

async fn row(up: &Role, when: &str) -> anyhow::Result<()> {
    let [rss, heap, peak] = ["VmRSS:", "RssAnon:", "VmHWM:"].map(|line| megabytes(up, line));
    let (rss, heap, peak) = (rss?, heap?, peak?);
    let load = std::fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().context("a load")?;
    let (cpu, events) = (up.cpu()?, accepted(&up.metrics).await?);
    println!("{when:>7} {rss:>8} {heap:>8} {peak:>8} {cpu:>8.1} {events:>9} {load:>6}");
    Ok(())
}
