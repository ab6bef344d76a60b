//! Sends what was checked, part by part, and waits until each has its receipt.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::Stopped;
use super::check::Checked;
use super::client::{Answer, Client};
use crate::lang::Lang;
use crate::outcomes;
use crate::say::say;

/// Pause between looks at a receipt; a commit takes about a second.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What became of a file.
#[derive(Default)]
struct Outcome {
    accepted: u64,
    repeated: u64,
    /// Of the repeats, those that had been withdrawn.
    withdrawn: u64,
    refused: Vec<String>,
}

/// A part that was delivered: where its receipt is, and which record of the log it is.
struct Delivered {
    address: String,
    record: [Value; 3],
}

/// What tells a record of the log: topic, partition and offset, in answers and in receipts.
fn record(of: &Value) -> [Value; 3] {
    ["topic", "partition", "offset"].map(|name| of[name].clone())
}

/// Sends every file and, if asked to, waits for the receipts.
pub(super) async fn all(client: &Client, files: &[Checked], wait: bool, lang: Lang) -> Result<(), Stopped> {
    let events: u64 = files.iter().map(|file| u64::from(file.events)).sum();
    let bar = progress(events * if wait { 2 } else { 1 });
    let mut sent = Vec::new();
    let mut refused = Vec::new();
    for file in files {
        let mut delivered = Vec::new();
        for part in &file.parts {
            match client.send(part, &file.shown).await? {
                Answer::Done(answer) => {
                    delivered.push(Delivered { address: text(&answer, "status_url"), record: record(&answer) });
                }
                Answer::Refused(lines) => refused.extend(lines),
            }
            bar.inc(u64::from(part.events));
        }
        sent.push(delivered);
    }
    let mut summaries = Vec::new();
    for (file, delivered) in files.iter().zip(&sent) {
        if !wait {
            let words = lang.pick("已送达，是否接收见", "delivered; whether it is accepted, see");
            summaries.extend(delivered.iter().map(|part| format!("{}: {words} {}", file.shown, part.address)));
            continue;
        }
        let outcome = receipts(client, delivered, &file.shown, &bar, lang).await?;
        let Outcome { accepted, repeated, .. } = &outcome;
        let is_repeat = *accepted == 0 && *repeated > 0 && outcome.refused.is_empty();
        let mut summary = match lang {
            Lang::Zh if is_repeat => {
                format!("{}: 重复：{repeated} 条此前均已接收，未作更改{}", file.shown, outcomes::corrected(lang))
            }
            Lang::En if is_repeat => format!(
                "{}: repeat: all {repeated} events were accepted before; nothing was changed{}",
                file.shown,
                outcomes::corrected(lang)
            ),
            Lang::Zh => format!("{}: 新收 {accepted} 条，重复 {repeated} 条", file.shown),
            Lang::En => format!("{}: {accepted} events accepted, {repeated} repeated", file.shown),
        };
        summary += &outcomes::withdrawn(outcome.withdrawn, lang);
        summaries.push(summary);
        refused.extend(outcome.refused);
    }
    bar.finish_and_clear();
    summaries.iter().for_each(|line| say!("{line}"));
    if refused.is_empty() { Ok(()) } else { Err(Stopped::Refused(refused)) }
}

/// Waits for the receipts of a file's parts.
async fn receipts(
    client: &Client,
    delivered: &[Delivered],
    shown: &str,
    bar: &ProgressBar,
    lang: Lang,
) -> Result<Outcome, Stopped> {
    let mut outcome = Outcome::default();
    for Delivered { address, record: sent } in delivered {
        loop {
            let receipt = match client.receipt(address).await? {
                Answer::Done(receipt) => receipt,
                Answer::Refused(lines) => {
                    outcome.refused.extend(lines);
                    break;
                }
            };
            // What was sent before has a receipt already: what is told is what became of it this time.
            let places = receipt["places"].as_array().map(Vec::as_slice).unwrap_or_default();
            let place = places.iter().find(|place| record(place) == *sent);
            match (receipt["state"].as_str(), place) {
                (Some("accepted" | "repeat"), Some(place)) => {
                    let number = |name: &str| place[name].as_u64().unwrap_or(0);
                    outcome.accepted += number("accepted");
                    outcome.repeated += number("repeated");
                    outcome.withdrawn += number("withdrawn");
                    bar.inc(number("events"));
                    break;
                }
                (Some("refused"), place) if place.is_some() || places.is_empty() => {
                    outcome.refused.extend(reasons(&receipt, shown, lang));
                    break;
                }
                _ => client.pause(LOOK_EVERY, &format!("{shown}: {address} pending")).await?,
            }
        }
    }
    Ok(outcome)
}

/// Why a submission was refused after it had been sent, one a line.
fn reasons(receipt: &Value, shown: &str, lang: Lang) -> Vec<String> {
    let submission = text(receipt, "submission");
    let listed = receipt["reasons"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut lines: Vec<_> = listed
        .iter()
        .map(|reason| {
            let message = text(reason, lang.pick("message_zh", "message_en"));
            format!("{shown}: {submission}: {}: {message} ({})", text(reason, "id"), text(reason, "code"))
        })
        .collect();
    if lines.is_empty() {
        lines.push(format!("{shown}: {submission}: {}", text(receipt, lang.pick("message_zh", "message_en"))));
    }
    lines
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// A bar on a terminal, nothing elsewhere.
fn progress(events: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {per_sec} {eta}");
    ProgressBar::new(events).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
