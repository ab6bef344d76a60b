//! Measures log → committed table: `cargo run -p helan-aggregator --example log_to_table -- [EVENTS] [BATCH]`.
//!
//! Fills an embedded log in a temporary directory with events of about 320 bytes, then aggregates them and prints
//! events a second of wall clock and of CPU.

use std::time::{Duration, Instant};

use helan_aggregator::{AggregatorConfig, run};
use helan_lake::Lake;
use helan_log::{Envelope, NewRecord, OpenOptions, TopicSpec, open};
use helan_runtime::shutdown::Shutdown;
use helan_schemas::tables::Table;
use helan_schemas::topics;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let events = numbers.next().transpose()?.unwrap_or(500_000);
    let batch = numbers.next().transpose()?.unwrap_or(1_000);
    let directory = tempfile::tempdir()?;
    let log = open(&format!("embedded://{}/log", directory.path().display()), OpenOptions::writing()).await?;
    log.create_topics(&TopicSpec::all(2, 1)).await?;
    for number in 0..events / batch {
        let source = format!("https://stats.example.cn/feeds/{}", number % 5);
        let texts: Vec<_> = (0..batch).map(|index| event(&source, number * batch + index)).collect();
        let envelope = Envelope {
            content_type: topics::CONTENT_TYPE_BATCH.to_owned(),
            reporter: "stats-yinchuan".to_owned(),
            submission: format!("{number:032x}"),
            received_at: 1_560_000_000_000_000 + number as i64,
            catalog: "0".repeat(64),
        };
        let value = format!("[{}]", texts.join(",")).into();
        log.append(NewRecord { topic: topics::CITY.into(), key: source, envelope, value }).await?;
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

fn event(source: &str, number: usize) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"{number:026}","source":"{source}","type":"helan.observation.reported.v1","data":{{"ref_area":"640{:03}","indicator":"rd_expenditure","time_period":"2018-{:02}","value":"{number}.25","unit":"CNY","unit_mult":4,"obs_status":"A","vintage":"preliminary","prepared_by":"王","note":"月报"}}}}"#,
        100 + number % 27,
        1 + number % 12
    )
}

/// User and system time of this process.
fn cpu_seconds() -> Outcome<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| -> Outcome<f64> { Ok(fields.get(at).ok_or("no such field")?.parse()?) };
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}
