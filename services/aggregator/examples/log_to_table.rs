//! Measures log → committed table: `cargo run --example log_to_table -- [EVENTS] [BATCH]`.
//!
//! Fills an embedded log in a temporary directory with events of about 320 bytes, then aggregates them and prints
//! events a second of wall clock and of CPU.

use std::time::{Duration, Instant};

use helan_aggregator::{AggregatorConfig, run};
use helan_lake::Lake;
use helan_log::{OpenOptions, TopicSpec, open};
use helan_runtime::shutdown::Shutdown;
use helan_schemas::tables::Table;

mod feed;

use feed::{Outcome, cpu_seconds, event, record};

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let events = numbers.next().transpose()?.unwrap_or(500_000);
    let batch = numbers.next().transpose()?.unwrap_or(1_000);
    let directory = tempfile::tempdir()?;
    let log = open(&format!("embedded://{}/log", directory.path().display()), OpenOptions::writing()).await?;
    log.create_topics(&TopicSpec::all(2, 1)).await?;
    for number in 0..events / batch {
        log.append(record(number, batch)).await?;
    }
    let url = url::Url::from_directory_path(directory.path().join("lake")).map_err(|()| "no URL")?;
    let lake = Lake::create_or_open(&url, &log.identity().await?.to_string()).await?;
    let config = AggregatorConfig::new(log, lake.clone());
    let counters = config.counters.clone();
    let shutdown = Shutdown::new();
    let (started, cpu) = (Instant::now(), cpu_seconds()?);
    let running = tokio::spawn(run(config, shutdown.clone()));
    while counters.accepted.get() < events as u64 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if running.is_finished() {
            break;
        }
    }
    let (wall, cpu) = (started.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
    shutdown.trigger();
    running.await??;
    let snapshot = lake.snapshot(Table::Events).await?;
    let (rows, files) = (snapshot.row_count().unwrap_or(0), snapshot.files());
    let bytes: i64 = files.iter().map(|file| file.size).sum();
    println!("{rows} events of {} bytes, {batch} a record", event("https://stats.example.cn/feeds/0", 0).len());
    println!(
        "{wall:.2} s wall: {:.0} events/s; {cpu:.2} s CPU: {:.0} events/s and core",
        rows as f64 / wall,
        rows as f64 / cpu
    );
    println!("{} files, {:.1} bytes an event, {} commits", files.len(), bytes as f64 / rows as f64, snapshot.version());
    Ok(())
}
