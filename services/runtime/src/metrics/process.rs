//! What the system knows of this process, read when it is asked for.

use std::fmt::Error;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// The kernel's clock ticks in a second, as `/proc` counts them: the same on every Linux.
const TICKS: f64 = 100.0;

/// Memory, processor time and open files of this process.
#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), Error> {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
        let files = std::fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count());
        let gauges = [
            ("resident_memory_bytes", "Memory in use", resident(&read("status"))),
            ("open_files", "Open files and sockets", files as i64),
        ];
        for (name, help, value) in gauges {
            let (gauge, name) = (ConstGauge::new(value), format!("helan_process_{name}"));
            let metric = encoder.encode_descriptor(&name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        let counter = ConstCounter::new(processor(&read("stat")));
        let metric = encoder.encode_descriptor(
            "helan_process_cpu_seconds",
            "Processor time used",
            None,
            counter.metric_type(),
        )?;
        counter.encode(metric)
    }
}

/// Bytes in memory by `/proc/self/status`.
fn resident(status: &str) -> i64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: i64 = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
    kib * 1024
}

/// Seconds in user and system mode by `/proc/self/stat`. The program's name, in parentheses, may hold spaces.
fn processor(stat: &str) -> f64 {
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    ticks as f64 / TICKS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_words_are_understood() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t   1234 kB\n"), 1234 * 1024);
        let stat = "7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0";
        assert!((processor(stat) - 2.0).abs() < 1e-9, "{}", processor(stat));
        assert_eq!(processor(""), 0.0);
    }
}
