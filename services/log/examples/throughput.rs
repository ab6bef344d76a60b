//! Measures a log: `cargo run -p helan-log --example throughput -- embedded:///tmp/helan-throughput [RECORDS [WAVE]]`
//!
//! Prints records a second and this process's CPU time for durable appends (in waves of 1,000 at once unless told otherwise, and one after
//! the other) and for reading. The topic `helan.throughput` is created with 4 partitions if it is missing.

use std::time::{Duration, Instant};

use helan_log::{Envelope, Log, Message, NewRecord, OpenOptions, Result, TopicPartition, TopicSpec, open};

const TOPIC: &str = "helan.throughput";
const PARTITIONS: i32 = 4;
const SINGLE: u64 = 2000;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "memory:".into());
    let mut number = |default: u64| arguments.next().and_then(|count| count.parse().ok()).unwrap_or(default);
    let (records, wave) = (number(300_000), number(1000));
    let log = open(&url, OpenOptions::writing()).await?;
    log.create_topics(&[TopicSpec::new(TOPIC, PARTITIONS, 1)]).await?;

    let start = Measure::start();
    for from in (0..records).step_by(wave as usize) {
        let appends = (from..from + wave).map(|number| log.append(record(number)));
        futures::future::try_join_all(appends).await?;
    }
    start.stop(&format!("append, waves of {wave}"), records);

    let start = Measure::start();
    for number in 0..SINGLE {
        log.append(record(number)).await?;
    }
    start.stop("append, one by one", SINGLE);

    let mut expected = 0;
    for partition in 0..PARTITIONS {
        let ends = log.ends(&TopicPartition::new(TOPIC, partition)).await?;
        expected += (ends.next - ends.first) as u64;
    }
    read(&*log, expected).await
}

async fn read(log: &dyn Log, expected: u64) -> Result<()> {
    let mut subscription = log.subscribe("throughput", &[TOPIC]).await?;
    let (mut seen, mut bytes, mut start) = (0, 0, Measure::start());
    while seen < expected {
        match subscription.next().await? {
            Message::Assigned(partitions) => {
                start = Measure::start();
                for at in partitions {
                    let first = log.ends(&at).await?.first;
                    subscription.seek(&at, first).await?;
                }
            }
            Message::Records(records) => {
                seen += records.len() as u64;
                bytes += records.iter().map(|record| record.value.len()).sum::<usize>();
            }
            Message::Revoked(_) => {}
            Message::Failed { error, .. } => return Err(error),
        }
    }
    start.stop("read", seen);
    println!("{bytes} bytes of values");
    Ok(())
}

fn record(number: u64) -> NewRecord {
    NewRecord {
        topic: TOPIC.into(),
        key: format!("urn:example:source:{}", number % 97),
        envelope: Envelope {
            content_type: "application/cloudevents-batch+json".into(),
            reporter: "yinchuan".into(),
            submission: format!("01J{number:023}"),
            received_at: 1_500_000_000_000_000,
            catalog: "sha256:0000000000000000".into(),
        },
        value: format!("[{number:0318}]").into(),
    }
}

struct Measure {
    start: Instant,
    cpu: Duration,
}

impl Measure {
    fn start() -> Self {
        Self { start: Instant::now(), cpu: cpu() }
    }

    fn stop(self, what: &str, records: u64) {
        let (seconds, cpu) = (self.start.elapsed().as_secs_f64(), (cpu() - self.cpu).as_secs_f64());
        let rate = records as f64 / seconds;
        println!("{what}: {records} records in {seconds:.2} s = {rate:.0}/s, {cpu:.2} CPU seconds");
    }
}

/// CPU time of this process.
fn cpu() -> Duration {
    let usage = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(usage.tv_sec as u64, usage.tv_nsec as u32)
}
