//! `reporters.csv`, `sources.csv`, `scopes.csv`, `obligations.csv`.

use std::collections::HashSet;

use jiff::Span;

use super::indicators::by_id;
use super::places::Places;
use super::{At, dangling, id, spans, unique};
use crate::catalog::codes::*;
use crate::catalog::load::Sheets;
use crate::catalog::problem::Problems;
use crate::catalog::rows::*;
use crate::catalog::span::latest;
use crate::codes::CHARSETS;
use crate::event::MAX_SOURCE_BYTES;
use crate::period::Period;

pub(super) fn check(sheets: &Sheets, places: &Places<'_>, problems: &mut Problems) {
    let known: HashSet<&str> = sheets.reporters.rows.iter().map(|row| row.reporter.as_str()).collect();
    reporters(sheets, problems);
    sources(sheets, &known, problems);
    scopes(sheets, &known, places, problems);
    obligations(sheets, &known, places, problems);
}

fn lowercase(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

fn reporters(sheets: &Sheets, problems: &mut Problems) {
    unique(&sheets.reporters, |row| (row.reporter.clone(), row.known_from), |row| row.reporter.clone(), problems);
    spans(&sheets.reporters, |_| false, problems);
    let now = latest(&sheets.reporters.rows);
    for (at, row) in sheets.reporters.iter() {
        id(at, "reporter", &row.reporter, lowercase, "lowercase letters, digits and hyphens", problems);
        if now.iter().any(|(_, other)| other.reporter == row.reporter && other.sends_to() != row.sends_to()) {
            let what = format!("{} sends to city in one row and to park in another", row.reporter);
            let why = "a source's events lie in one topic for ever";
            problems.add(at, "two_kinds", what, why, "give the reporter that sends elsewhere an id of its own");
        }
        let charset = row.charset.as_str();
        if !charset.is_empty() && !CHARSETS.contains(&charset) {
            let fix = format!("write one of {}, or nothing", CHARSETS.join(", "));
            problems.add(
                at,
                "charset",
                format!("charset {charset:?} is not known"),
                "its files could not be read",
                fix,
            );
        }
        let why = "it could send nothing";
        if !sheets.sources.rows.iter().any(|source| source.reporter == row.reporter) {
            let what = format!("{} has no source", row.reporter);
            problems.add(at, "cannot_report", what, why, "add a row to sources.csv");
        }
        if !sheets.scopes.rows.iter().any(|scope| scope.reporter == row.reporter) {
            let what = format!("{} has no scope", row.reporter);
            problems.add(at, "cannot_report", what, why, "add a row to scopes.csv");
        }
    }
}

fn sources(sheets: &Sheets, known: &HashSet<&str>, problems: &mut Problems) {
    unique(&sheets.sources, |row| row.source.clone(), |row| row.source.clone(), problems);
    for (at, row) in sheets.sources.iter() {
        if !known.contains(row.reporter.as_str()) {
            dangling(at, "reporter", &row.reporter, "reporters.csv", problems);
        }
        let plain = |byte: u8| {
            byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
        };
        if row.source.len() > MAX_SOURCE_BYTES || !row.source.bytes().all(plain) {
            let what = format!("source {:?} is no URI reference", row.source);
            let fix = "write a path such as /nx/yinchuan: no spaces, no Chinese characters, at most 256 bytes";
            problems.add(at, "id_syntax", what, "CloudEvents asks for a URI reference", fix);
        }
    }
}

fn scopes(sheets: &Sheets, known: &HashSet<&str>, places: &Places<'_>, problems: &mut Problems) {
    let key = |row: &Scope| (row.reporter.clone(), row.ref_area.clone(), row.indicator.clone());
    unique(&sheets.scopes, key, |row| format!("{} {} {}", row.reporter, row.ref_area, row.indicator), problems);
    let indicators = by_id(sheets);
    for (at, row) in sheets.scopes.iter() {
        if !known.contains(row.reporter.as_str()) {
            dangling(at, "reporter", &row.reporter, "reporters.csv", problems);
        }
        match row.ref_area.strip_suffix("/*") {
            Some(code) if !places.is_area(code) => dangling(at, "ref_area", code, "areas.csv", problems),
            None if row.ref_area != "*" && !places.is_place(&row.ref_area) => {
                dangling(at, "ref_area", &row.ref_area, "areas.csv or groups.csv", problems);
            }
            _ => {}
        }
        match indicators.get(row.indicator.as_str()) {
            None if row.indicator != "*" => dangling(at, "indicator", &row.indicator, "indicators.csv", problems),
            // Of a ratio somebody may send what was printed.
            Some(indicator) if !indicator.is_reported() && indicator.kind != IndicatorKind::Ratio => {
                computed(at, indicator, problems);
            }
            _ => {}
        }
    }
}

/// A ratio or a coverage by items that somebody is to report.
fn computed(at: At, indicator: &Indicator, problems: &mut Problems) {
    let what = format!("{} is computed, never reported", indicator.indicator);
    let (why, fix) = if indicator.kind == IndicatorKind::Ratio {
        ("a ratio comes from its numerator and denominator", "name those instead")
    } else {
        ("coverage by items comes from its items", "name the milestones that are its items")
    };
    problems.add(at, "computed_indicator", what, why, fix);
}

fn obligations(sheets: &Sheets, known: &HashSet<&str>, places: &Places<'_>, problems: &mut Problems) {
    unique(&sheets.obligations, |row| (row.obligation.clone(), row.known_from), |row| row.obligation.clone(), problems);
    let indicators = by_id(sheets);
    for (at, row) in sheets.obligations.iter() {
        let before = problems.0.len();
        if !known.contains(row.reporter.as_str()) {
            dangling(at, "reporter", &row.reporter, "reporters.csv", problems);
        }
        if !places.is_place(&row.ref_area) {
            dangling(at, "ref_area", &row.ref_area, "areas.csv or groups.csv", problems);
        }
        match indicators.get(row.indicator.as_str()) {
            None => dangling(at, "indicator", &row.indicator, "indicators.csv", problems),
            Some(indicator) if !indicator.is_reported() => computed(at, indicator, problems),
            Some(_) => {}
        }
        if problems.0.len() == before && !may(sheets, row) {
            let what = format!("{} owes {} of {}, but may not report it", row.reporter, row.indicator, row.ref_area);
            let fix = "add a row to scopes.csv, or give the obligation to a reporter who may";
            problems.add(at, "obligation_without_scope", what, "it could never be met", fix);
        }
        when(at, row, problems);
    }
}

/// Whether some scope of the reporter has the area (on some day) and the indicator.
fn may(sheets: &Sheets, row: &Obligation) -> bool {
    sheets.scopes.rows.iter().any(|scope| {
        let place = match scope.ref_area.strip_suffix("/*") {
            Some(outer) => lies_in(sheets, &row.ref_area, outer, 0),
            None => scope.ref_area == "*" || scope.ref_area == row.ref_area,
        };
        scope.reporter == row.reporter && place && (scope.indicator == "*" || scope.indicator == row.indicator)
    })
}

fn lies_in(sheets: &Sheets, code: &str, outer: &str, depth: u8) -> bool {
    let up = |relation: &AreaRelation| relation.child == code && lies_in(sheets, &relation.parent, outer, depth + 1);
    // The depth ends it where the relations have a cycle, which is a problem of its own.
    code == outer || (depth < 16 && sheets.relations.rows.iter().any(up))
}

fn when(at: At, row: &Obligation, problems: &mut Problems) {
    if !["A", "S", "Q", "M"].contains(&row.frequency.as_str()) {
        let what = format!("frequency {:?} is not known", row.frequency);
        let fix = "write A (year), S (half-year), Q (quarter) or M (month)";
        problems.add(at, "frequency", what, "it says for which periods something is owed", fix);
        return;
    }
    let span: Option<Span> = row.due_after.parse().ok();
    let days_or_longer = |span: &Span| {
        let time_of_day = span.get_hours() != 0 || span.get_minutes() != 0 || span.get_seconds() != 0;
        !span.is_negative() && row.due_after.starts_with('P') && !time_of_day
    };
    if !span.as_ref().is_some_and(days_or_longer) {
        let what = format!("due_after {:?} is no duration", row.due_after);
        let fix = "write P8M (eight months), P15D (fifteen days) or P0D (the same day)";
        problems.add(at, "due_after", what, "it says how long after the period's last day it is due", fix);
    }
    let mut bounds = Vec::new();
    for (column, text) in [("first_period", &row.first_period), ("last_period", &row.last_period)] {
        let Some(text) = text else { continue };
        match Period::parse(text) {
            Err(error) => {
                let fix = "write a period such as 2018, 2018-Q2 or 2018-06";
                problems.add(at, "bad_period", format!("{column} {text:?} {error}"), "it bounds what is owed", fix);
            }
            Ok(period) if period.kind.code() != row.frequency => {
                let what = format!("{column} {text:?} is no period of frequency {}", row.frequency);
                let fix = "write 2018 for A, 2018-S1 for S, 2018-Q1 for Q, 2018-01 for M";
                problems.add(at, "bad_period", what, "it is one of the periods owed", fix);
            }
            Ok(period) => bounds.push(period.start),
        }
    }
    // A correction may take an obligation back.
    if bounds.len() == 2 && bounds[1] < bounds[0] && row.known_from.is_none() {
        let what = "last_period is before first_period";
        problems.add(at, "ends_before_it_starts", what, "nothing would be owed", "swap or correct them");
    }
}
