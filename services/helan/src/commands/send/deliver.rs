//! Sends what was checked, part by part, and waits until each has its receipt.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::Stopped;
use super::check::Checked;
use super::client::{Answer, Client};
use crate::lang::Lang;
use crate::say::say;

/// Pause between looks at a receipt; a commit takes about a second.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What became of a file.
#[derive(Default)]
struct Outcome {
    accepted: u64,
    repeated: u64,
    refused: Vec<String>,
}

/// Sends every file and, if asked to, waits for the receipts.
pub(super) async fn all(client: &Client, files: &[Checked], wait: bool, lang: Lang) -> Result<(), Stopped> {
    let events: u64 = files.iter().map(|file| u64::from(file.events)).sum();
    let bar = progress(events * if wait { 2 } else { 1 });
    let mut sent = Vec::new();
    let mut refused = Vec::new();
    for file in files {
        let mut addresses = Vec::new();
        for part in &file.parts {
            match client.send(part, &file.shown).await? {
                Answer::Done(answer) => addresses.push(text(&answer, "status_url")),
                Answer::Refused(lines) => refused.extend(lines),
            }
            bar.inc(u64::from(part.events));
        }
        sent.push(addresses);
    }
    let mut summaries = Vec::new();
    for (file, addresses) in files.iter().zip(&sent) {
        if !wait {
            let words = lang.pick("已送达，是否接收见", "delivered; whether it is accepted, see");
            summaries.extend(addresses.iter().map(|address| format!("{}: {words} {address}", file.shown)));
            continue;
        }
        let outcome = receipts(client, addresses, &file.shown, &bar, lang).await?;
        let Outcome { accepted, repeated, .. } = &outcome;
        summaries.push(match lang {
            Lang::Zh => format!("{}: 新收 {accepted} 条，重复 {repeated} 条", file.shown),
            Lang::En => format!("{}: {accepted} events accepted, {repeated} repeated", file.shown),
        });
        refused.extend(outcome.refused);
    }
    bar.finish_and_clear();
    summaries.iter().for_each(|line| say!("{line}"));
    if refused.is_empty() { Ok(()) } else { Err(Stopped::Refused(refused)) }
}

/// Waits for the receipts of a file's parts.
async fn receipts(
    client: &Client,
    addresses: &[String],
    shown: &str,
    bar: &ProgressBar,
    lang: Lang,
) -> Result<Outcome, Stopped> {
    let mut outcome = Outcome::default();
    for address in addresses {
        loop {
            let receipt = match client.receipt(address).await? {
                Answer::Done(receipt) => receipt,
                Answer::Refused(lines) => {
                    outcome.refused.extend(lines);
                    break;
                }
            };
            let number = |name: &str| receipt[name].as_u64().unwrap_or(0);
            match receipt["state"].as_str() {
                Some("accepted" | "repeat") => {
                    // A part that was sent twice, before and after an interruption, has both in its receipt.
                    outcome.accepted += number("accepted");
                    outcome.repeated += number("repeated");
                    bar.inc(number("events"));
                    break;
                }
                Some("refused") => {
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
