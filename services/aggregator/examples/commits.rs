//! Measures memory and time over many commits: `cargo run --example commits -- [COMMITS] [EVENTS]`.
//!
//! Each commit takes one submission of so many events from an embedded log into a lake, both in a temporary directory
//! (`TMPDIR` says where). Maintenance runs beside it as often as in `helan up` that commits once a second. The line
//! after each thousandth commit says how it stands; memory and time per commit should not grow.

use std::path::Path;
use std::time::{Duration, Instant};

use helan_aggregator::{Aggregator, AggregatorConfig};
use helan_lake::{Lake, LakeError, maintain};
use helan_log::{OpenOptions, TopicSpec, open};
use helan_schemas::tables::Table;
use tokio::task::JoinHandle;

mod feed;

use feed::{Outcome, cpu_seconds, record};

/// As `helan` has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `helan up` maintains every two minutes and commits once a second.
const COMMITS_PER_MAINTENANCE: usize = 120;
/// … and looks once an hour for what may be deleted.
const MAINTENANCE_PER_DELETION: usize = 30;
/// Commits after which a line is printed.
const EVERY: usize = 1000;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let commits = numbers.next().transpose()?.unwrap_or(10_000);
    let events = numbers.next().transpose()?.unwrap_or(10);
    let directory = tempfile::tempdir()?;
    let log = open(&format!("embedded://{}/log", directory.path().display()), OpenOptions::writing()).await?;
    log.create_topics(&TopicSpec::all(4, 1)).await?;
    let place = directory.path().join("lake");
    let url = url::Url::from_directory_path(&place).map_err(|()| "no URL")?;
    let lake = Lake::create_or_open(&url, &log.identity().await?.to_string()).await?;
    // One byte is enough: each submission is a commit of its own.
    let config = AggregatorConfig { flush_bytes: 1, ..AggregatorConfig::new(log.clone(), lake.clone()) };
    let counters = config.counters.clone();
    let mut aggregator = Aggregator::start(config).await?;
    println!("commits  commits/s  CPU ms/commit  RSS MB  peak MB  data files  log entries  maintenance s");
    let (mut since, mut cpu) = (Instant::now(), cpu_seconds()?);
    let (mut maintaining, mut longest) = (None, Duration::ZERO);
    for number in 0..commits {
        log.append(record(number, events)).await?;
        while counters.flushes.get() <= number as u64 {
            let message = aggregator.subscription().next().await?;
            aggregator.receive(message).await?;
        }
        let done = number + 1;
        if done.is_multiple_of(COMMITS_PER_MAINTENANCE) {
            let delete = (done / COMMITS_PER_MAINTENANCE).is_multiple_of(MAINTENANCE_PER_DELETION);
            let maintenance = tokio::spawn(maintain_once(lake.clone(), delete));
            longest = longest.max(ended(maintaining.replace(maintenance)).await?);
        }
        if done.is_multiple_of(EVERY) || done == commits {
            let count = (number % EVERY + 1) as f64;
            let (wall, used) = (since.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
            let (files, entries) = (count_in(&place, false)?, count_in(&place.join("events/_delta_log"), true)?);
            println!(
                "{done:>7}  {:>9.1}  {:>13.1}  {:>6}  {:>7}  {files:>10}  {entries:>11}  {:>13.1}",
                count / wall,
                used * 1000.0 / count,
                memory_mb("VmRSS:")?,
                memory_mb("VmHWM:")?,
                longest.as_secs_f64(),
            );
            (since, cpu, longest) = (Instant::now(), cpu_seconds()?, Duration::ZERO);
        }
    }
    ended(maintaining).await?;
    aggregator.stop().await?;
    let rows = lake.snapshot(Table::Events).await?.row_count().unwrap_or(0);
    println!("{rows} of {} events are in the table", commits * events);
    Ok(())
}

/// One round of maintenance; returns how long it took.
async fn maintain_once(lake: Lake, delete: bool) -> Result<Duration, LakeError> {
    let started = Instant::now();
    maintain::run(&lake, &maintain::Options { delete, ..maintain::Options::default() }).await?;
    Ok(started.elapsed())
}

async fn ended(maintenance: Option<JoinHandle<Result<Duration, LakeError>>>) -> Outcome<Duration> {
    match maintenance {
        Some(running) => Ok(running.await??),
        None => Ok(Duration::ZERO),
    }
}

/// Files below a directory: log entries of Delta, or data files.
fn count_in(directory: &Path, entries: bool) -> Outcome<usize> {
    let mut count = 0;
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            count += if path.ends_with("_delta_log") { 0 } else { count_in(&path, entries)? };
        } else {
            count += usize::from(path.extension().is_some_and(|kind| kind == if entries { "json" } else { "parquet" }));
        }
    }
    Ok(count)
}

/// A figure of this process, such as the memory it holds now (`VmRSS:`) or held at most (`VmHWM:`).
fn memory_mb(name: &str) -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such figure")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1024)
}
