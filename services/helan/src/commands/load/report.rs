//! What a load came to, for a person or a program.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use hdrhistogram::Histogram;
use helan_load::Header;
use serde::Serialize;

use super::ReportFormat;
use super::drive::Sent;
use crate::lang::Lang;

/// Clock ticks a second in `/proc`: the same on every Linux that runs Rust.
const TICKS: f64 = 100.0;

/// The report; its JSON is an interface for scripts and only grows.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// What every id begins with.
    run: String,
    seed: u64,
    to: String,
    ledger: String,
    streams: usize,
    connections: usize,
    batch: u32,
    submissions: u64,
    events: u64,
    bytes: u64,
    acknowledged: u64,
    acknowledged_events: u64,
    refused: BTreeMap<String, u64>,
    refused_kept: u64,
    retried: BTreeMap<String, u64>,
    unknown: u64,
    seconds: f64,
    /// Acknowledged events a second.
    events_per_second: f64,
    /// CPU seconds of this process, generating and sending.
    cpu_seconds: f64,
    /// Milliseconds.
    latency_ms: Percentiles,
    #[serde(skip_serializing_if = "Option::is_none")]
    visible_ms: Option<Percentiles>,
}

/// Of times in milliseconds.
#[derive(Debug, Serialize)]
struct Percentiles {
    count: u64,
    p50: f64,
    p90: f64,
    p99: f64,
    max: f64,
}

impl Percentiles {
    fn of(times: &Histogram<u64>) -> Self {
        let ms = |microseconds: u64| microseconds as f64 / 1000.0;
        let at = |quantile| ms(times.value_at_quantile(quantile));
        Self { count: times.len(), p50: at(0.5), p90: at(0.9), p99: at(0.99), max: ms(times.max()) }
    }

    fn line(&self) -> String {
        format!("p50 {:.1}  p90 {:.1}  p99 {:.1}  max {:.1} ms", self.p50, self.p90, self.p99, self.max)
    }
}

impl Report {
    pub(super) fn of(header: &Header, ledger: &Path, sent: &Sent) -> Self {
        let seconds = sent.elapsed.max(Duration::from_micros(1)).as_secs_f64();
        Self {
            run: header.recipe.run(),
            seed: header.recipe.seed,
            to: header.to.clone(),
            ledger: ledger.display().to_string(),
            streams: sent.streams,
            connections: sent.connections,
            batch: header.recipe.batch,
            submissions: sent.submissions,
            events: sent.events,
            bytes: sent.bytes,
            acknowledged: sent.acknowledged,
            acknowledged_events: sent.acknowledged_events,
            refused: sent.refused.clone(),
            refused_kept: sent.kept,
            retried: sent.retried.clone(),
            unknown: sent.unknown,
            seconds,
            events_per_second: sent.acknowledged_events as f64 / seconds,
            cpu_seconds: cpu().unwrap_or_default(),
            latency_ms: Percentiles::of(&sent.latency),
            visible_ms: sent.visible.as_ref().map(Percentiles::of),
        }
    }

    pub(super) fn print(&self, format: ReportFormat, lang: Lang) -> anyhow::Result<()> {
        let text = match format {
            ReportFormat::Json => serde_json::to_string(self)? + "\n",
            ReportFormat::Text => self.text(lang),
        };
        std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes())?;
        Ok(())
    }

    fn text(&self, lang: Lang) -> String {
        let listed = |map: &BTreeMap<String, u64>| {
            let parts: Vec<_> = map.iter().map(|(name, count)| format!("{name} {count}")).collect();
            parts.join(", ")
        };
        let total = |map: &BTreeMap<String, u64>| grouped(map.values().sum());
        let (submissions, events) = lang_pair(lang, ("次提交", "submissions"), ("条事件", "events"));
        let mut text = String::new();
        let mut line = |zh: &str, en: &str, value: String| {
            let _ = writeln!(text, "{} {}", crate::show::padded(lang.pick(zh, en), 14), value.trim_end());
        };
        line("目标", "to", format!("{}  seed {}  {}", self.to, self.seed, self.run));
        let senders = match lang {
            Lang::Zh => format!("{} 个来源，{} 路并发，每次 {} 条", self.streams, self.connections, self.batch),
            Lang::En => format!("{} sources, {} at once, {} events each", self.streams, self.connections, self.batch),
        };
        line("发送方", "senders", senders);
        let (all, bytes) = (grouped(self.submissions), self.bytes as f64 / 1e6);
        line("已发送", "sent", format!("{all} {submissions}, {} {events}, {bytes:.1} MB", grouped(self.events)));
        let acknowledged =
            format!("{} {submissions}, {} {events}", grouped(self.acknowledged), grouped(self.acknowledged_events));
        line("已确认", "acknowledged", acknowledged);
        line("被拒收", "refused", format!("{}  {}", total(&self.refused), listed(&self.refused)));
        line("重试", "retried", format!("{}  {}", total(&self.retried), listed(&self.retried)));
        if self.unknown > 0 {
            line("未得答复", "no answer", grouped(self.unknown));
        }
        let rate = format!(
            "{:.1} s, {} {events}/s, {:.1} CPU s",
            self.seconds,
            grouped(self.events_per_second as u64),
            self.cpu_seconds
        );
        line("用时", "time", rate);
        line("确认时延", "latency", self.latency_ms.line());
        if let Some(visible) = &self.visible_ms {
            line("可查时延", "visible after", format!("{}  ({})", visible.line(), visible.count));
        }
        line("台账", "ledger", self.ledger.clone());
        text
    }
}

fn lang_pair<'t>(lang: Lang, one: (&'t str, &'t str), other: (&'t str, &'t str)) -> (&'t str, &'t str) {
    (lang.pick(one.0, one.1), lang.pick(other.0, other.1))
}

/// A number in groups of three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// User and system time of this process so far, in seconds.
fn cpu() -> anyhow::Result<f64> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = text.rsplit(')').next().context("stat")?;
    let fields: Vec<_> = after_name.split_whitespace().collect();
    let ticks = |at: usize| -> anyhow::Result<f64> { Ok(fields.get(at).context("stat")?.parse()?) };
    Ok((ticks(11)? + ticks(12)?) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(
            ["0", "12", "999", "1 000", "12 345 678"].map(str::to_owned),
            [0, 12, 999, 1000, 12_345_678].map(grouped)
        );
    }
}
