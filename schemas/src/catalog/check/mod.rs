//! Every rule that a catalog must keep. All problems at once, each with its line.

mod answers;
mod areas;
mod head;
mod indicators;
mod moves;
mod places;
mod reporters;
mod rules;
mod targets;

pub use answers::is_taken;
use std::collections::HashMap;
use std::hash::Hash;

use self::places::Places;
use super::load::Sheets;
use super::problem::Problems;
use super::read::{Row, Sheet};
use super::rows::Head;
use super::span::{Dated, Keyed, Span, overlap, span};
use crate::decimal::Decimal;

/// Where a problem is.
type At = (&'static str, u64);

pub(super) fn check(head: &Head, head_text: &str, sheets: &Sheets, problems: &mut Problems) {
    let places = Places::of(sheets);
    head::check(head, head_text, &places, problems);
    areas::check(head, sheets, &places, problems);
    indicators::check(sheets, &places, problems);
    answers::check(sheets, problems);
    targets::check(sheets, &places, problems);
    reporters::check(sheets, &places, problems);
    rules::check(sheets, &places, problems);
    moves::check(sheets, &places, problems);
}

/// Names a key that stands in more than one row.
fn unique<T: Row, K: Eq + Hash>(
    sheet: &Sheet<T>,
    key: impl Fn(&T) -> K,
    shown: impl Fn(&T) -> String,
    problems: &mut Problems,
) {
    let mut first: HashMap<K, u64> = HashMap::new();
    for (at, row) in sheet.iter() {
        let line = *first.entry(key(row)).or_insert(at.1);
        if line != at.1 {
            let what = format!("{} stands already in line {line}", shown(row));
            let fix =
                "remove one; a correction is a new row with a known_from of its own, where the file has that column";
            problems.add(at, "duplicate", what, "two rows with one key contradict each other", fix);
        }
    }
}

/// Spans that end before they begin.
fn spans<T: Row + Dated>(sheet: &Sheet<T>, may_be_empty: impl Fn(&T) -> bool, problems: &mut Problems) {
    for (at, row) in sheet.iter() {
        if let (Some(from), Some(to)) = span(row)
            && (to < from || (to == from && !may_be_empty(row)))
        {
            let what = format!("valid_to {to} is not after valid_from {from}");
            let fix = "valid_to is the first day on which the row no longer holds; leave it empty if it still does";
            problems.add(at, "ends_before_it_starts", what, "the row would hold on no day", fix);
        }
    }
}

/// Duplicates, empty spans and rows about one subject that hold on one day, of rows that later rows may correct.
fn dated<T: Row + Keyed>(sheet: &Sheet<T>, problems: &mut Problems) {
    unique(sheet, |row| (row.subject(), row.from(), row.known_from()), Keyed::subject, problems);
    // A correction may take a row back: it holds from a day to the same day.
    spans(sheet, |row| row.known_from().is_some(), problems);
    let mut by_subject: HashMap<String, Vec<(u64, Span)>> = HashMap::new();
    for (at, row) in super::span::effective(&sheet.rows) {
        let (line, own) = (sheet.lines[at], span(row));
        let others = by_subject.entry(row.subject()).or_default();
        if let Some((other, _)) = others.iter().find(|(_, other)| overlap(*other, own).is_some()) {
            let what = format!("{} holds on days on which line {other} holds too", row.subject());
            let fix = "end one row (valid_to) on the day on which the other begins (valid_from)";
            problems.add((T::FILE, line), "overlapping_validity", what, "the code would mean two things", fix);
        }
        others.push((line, own));
    }
}

/// A reference to a row that is not there.
fn dangling(at: At, column: &str, value: &str, file: &str, problems: &mut Problems) {
    let what = format!("{column} {value:?} is not in {file}");
    let fix = format!("correct the spelling, or add a row to {file}");
    problems.add(at, "dangling_reference", what, "the row refers to nothing", fix);
}

/// An id that is empty, too long or has other characters than it may.
fn id(at: At, column: &str, text: &str, allowed: fn(u8) -> bool, rule: &str, problems: &mut Problems) {
    if text.is_empty() || text.len() > 64 || !text.bytes().all(allowed) || !text.as_bytes()[0].is_ascii_alphanumeric() {
        let what = format!("{column} {text:?} is no id");
        let fix = format!("begin with a letter or digit and use only {rule}, at most 64");
        problems.add(at, "id_syntax", what, "ids stand in URLs, file names and SQL", fix);
    }
}

/// A decimal cell; none if it is empty or wrong.
fn decimal(at: At, column: &str, text: Option<&str>, problems: &mut Problems) -> Option<Decimal> {
    let text = text?;
    match Decimal::parse(text) {
        Ok(decimal) => Some(decimal),
        Err(error) => {
            let what = format!("{column} {text:?} {error}");
            let fix = "write digits with a point: 50, 1.3; no thousands separators, at most 10 digits after the point";
            problems.add(at, "bad_number", what, "numbers are kept exactly", fix);
            None
        }
    }
}

/// Two cells that bound a value: `min` and `max` of indicators and bounds, `low` and `high` of rules; with their columns.
fn least_and_most(
    at: At,
    [min, max]: [(&str, Option<&str>); 2],
    problems: &mut Problems,
) -> (Option<Decimal>, Option<Decimal>) {
    let (least, most) = (decimal(at, min.0, min.1, problems), decimal(at, max.0, max.1, problems));
    if let (Some(least), Some(most)) = (least, most)
        && least.unscaled > most.unscaled
    {
        let what = format!("{} {least} is above {} {most}", min.0, max.0);
        problems.add(at, "min_above_max", what, "every value would be refused", "swap or correct them");
    }
    (least, most)
}
