//! `targets.csv`.

use std::collections::HashMap;

use jiff::civil::Date;

use super::indicators::by_id;
use super::places::Places;
use super::{At, dangling, dated, decimal, id};
use crate::catalog::codes::*;
use crate::catalog::load::Sheets;
use crate::catalog::problem::Problems;
use crate::catalog::rows::*;
use crate::catalog::span::latest;
use crate::decimal::{MAX_EXPONENT, SCALE};
use crate::period::Period;

pub(super) fn check(sheets: &Sheets, places: &Places<'_>, problems: &mut Problems) {
    dated(&sheets.targets, problems);
    let indicators = by_id(sheets);
    let known: HashMap<&str, &Target> = sheets.targets.rows.iter().map(|row| (row.target_id.as_str(), row)).collect();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    for (at, row) in sheets.targets.iter() {
        id(at, "target_id", &row.target_id, allowed, "letters, digits, hyphen, point and underscore", problems);
        let end = period_end(at, row, problems);
        place(at, row, end, places, problems);
        number(at, row, problems);
        let Some(indicator) = indicators.get(row.indicator.as_str()) else {
            dangling(at, "indicator", &row.indicator, "indicators.csv", problems);
            continue;
        };
        kind(at, row, indicator, problems);
        if let Some(end) = end {
            members(at, row, indicator, end, sheets, places, problems);
        }
        others(at, row, &known, problems);
    }
}

fn period_end(at: At, row: &Target, problems: &mut Problems) -> Option<Date> {
    let text = row.time_period.as_deref()?;
    match Period::parse(text) {
        Ok(period) => Some(period.end),
        Err(error) => {
            let fix = "write a period such as 2018, 2018-Q2 or 2018-06";
            problems.add(at, "bad_period", format!("time_period {text:?} {error}"), "it says by when it is owed", fix);
            None
        }
    }
}

fn place(at: At, row: &Target, end: Option<Date>, places: &Places<'_>, problems: &mut Problems) {
    if !places.is_place(&row.ref_area) {
        dangling(at, "ref_area", &row.ref_area, "areas.csv or groups.csv", problems);
    } else if let Some(end) = end.filter(|end| !places.is_place_on(&row.ref_area, *end)) {
        let what = format!("ref_area {} is not there on {end}", row.ref_area);
        let fix = "name the area's code of that time, or correct its validity";
        problems.add(at, "not_there_then", what, "nobody could owe the target", fix);
    }
}

/// The target's value and what it is compared by.
fn number(at: At, row: &Target, problems: &mut Problems) {
    let value = decimal(at, "target_value", row.target_value.as_deref(), problems);
    let tolerance = decimal(at, "tolerance", row.tolerance.as_deref(), problems);
    let judged = !matches!(row.kind, TargetKind::Unquantified | TargetKind::Context);
    if !(-MAX_EXPONENT..=MAX_EXPONENT).contains(&row.unit_mult)
        || value.is_some_and(|value| value.amount(row.unit_mult).is_err())
    {
        let what = format!("target_value × 10^{} is too large or too fine", row.unit_mult);
        problems.add(
            at,
            "bad_number",
            what,
            "amounts are below 10^18 with ten digits after the point",
            "correct unit_mult: 4 = 万, 8 = 亿",
        );
    }
    if tolerance.is_some_and(|tolerance| tolerance.unscaled < 0) {
        problems.add(at, "tolerance", "tolerance is negative", "it is a distance", "write it without the sign");
    }
    if tolerance.is_some() && row.comparator != Some(Comparator::About) {
        let why = "only about (≈) has a tolerance";
        problems.add(at, "tolerance", "tolerance stands without ≈", why, "empty the cell, or write ≈ as comparator");
    }
    if judged && row.comparator.is_none() {
        let what = format!("a {} without comparator", row.kind.code());
        let fix = format!("write one of {}, or make it unquantified", Comparator::CODES.join(" "));
        problems.add(at, "comparator", what, "nobody could say whether it is met", fix);
    }
    if !judged && row.comparator.is_some() {
        let what =
            format!("comparator {} of an {} target", row.comparator.map_or("", Comparator::code), row.kind.code());
        problems.add(at, "comparator", what, "it is shown, never judged", "empty the cell, or give another kind");
    }
    if row.kind == TargetKind::Unquantified && value.is_some() {
        let what = "an unquantified target has a target_value";
        problems.add(at, "target_value", what, "it was promised without a number", "empty the cell, or say count");
    }
    if row.alt_comparator.is_some() && row.alt_comparator == row.comparator {
        let fix = "empty the cell";
        problems.add(at, "comparator", "alt_comparator is the comparator", "it is another reading of the text", fix);
    }
    if (row.kind == TargetKind::Context) != (row.strength == Strength::Context) {
        let what = format!("kind is {}, strength is {}", row.kind.code(), row.strength.code());
        let fix = "write context in both columns, or in neither";
        problems.add(at, "strength", what, "context is no target, in either column", fix);
    }
}

/// Kind, indicator and comparator fit each other.
fn kind(at: At, row: &Target, indicator: &Indicator, problems: &mut Problems) {
    use Comparator::{About, All, Done, Eq, Ge, Gt, Le, Started};
    use IndicatorKind::{Count, Coverage, Flow, Milestone, Ratio, Stock};
    let (fits, comparators): (&[IndicatorKind], &[Comparator]) = match row.kind {
        TargetKind::Ratio => (&[Ratio], &[Ge, Gt, Le, Eq, About]),
        TargetKind::Amount => (&[Flow, Stock], &[Ge, Gt, Le, Eq, About]),
        TargetKind::Count => (&[Count, Flow, Stock], &[Ge, Gt, Le, Eq, About]),
        TargetKind::Milestone => (&[Milestone], &[Done, Started]),
        TargetKind::Coverage => (&[Coverage], &[All, Ge]),
        TargetKind::Unquantified | TargetKind::Context => (&[Count, Flow, Stock, Ratio, Milestone, Coverage], &[]),
    };
    if !fits.contains(&indicator.kind) {
        let what =
            format!("kind {} with indicator {}, which is a {}", row.kind.code(), row.indicator, indicator.kind.code());
        let names: Vec<_> = fits.iter().map(|kind| kind.code()).collect();
        let fix = format!("take an indicator of kind {}, or correct the target's kind", names.join(" or "));
        problems.add(at, "kind", what, "they are measured in different ways", fix);
    }
    let given = [("comparator", row.comparator), ("alt_comparator", row.alt_comparator)];
    for (column, comparator) in given.into_iter().filter_map(|(column, code)| Some((column, code?))) {
        if !comparators.is_empty() && !comparators.contains(&comparator) {
            let names: Vec<_> = comparators.iter().map(|code| code.code()).collect();
            let what = format!("{column} {} for a {}", comparator.code(), row.kind.code());
            let fix = format!("write one of {}", names.join(" "));
            problems.add(at, "comparator", what, "it cannot be compared in that way", fix);
        }
    }
    let one = Some(10_i128.pow(SCALE));
    let value = row.target_value.as_deref().and_then(|text| crate::decimal::Decimal::parse(text).ok());
    if row.kind == TargetKind::Milestone && value.map(|value| value.unscaled) != one {
        let fix = "write 1";
        problems.add(at, "target_value", "a milestone's target_value is not 1", "1 = done", fix);
    }
}

/// "All of n" names the n that the catalog knows.
fn members(
    at: At,
    row: &Target,
    indicator: &Indicator,
    end: Date,
    sheets: &Sheets,
    places: &Places<'_>,
    problems: &mut Problems,
) {
    let items = |item: &&Indicator| item.member_of.as_deref() == Some(&indicator.indicator);
    let (count, of) = match indicator.coverage_by {
        Some(CoverageBy::Areas) if !places.is_group(&row.ref_area) => {
            let what = format!("{} counts areas, but ref_area {} is no group", row.indicator, row.ref_area);
            let fix = "name a group of groups.csv";
            return problems.add(at, "coverage_members", what, "n is the number of the group's members", fix);
        }
        Some(CoverageBy::Areas) => {
            (places.members_on(&row.ref_area, end, &row.indicator), "members the group has at the period's end")
        }
        Some(CoverageBy::Items) => (
            latest(&sheets.indicators.rows).into_iter().map(|(_, item)| item).filter(items).count(),
            "items that name it in member_of",
        ),
        Some(CoverageBy::Value) | None => return,
    };
    let value = row.target_value.as_deref().and_then(|text| crate::decimal::Decimal::parse(text).ok());
    // A list without items is the indicator's problem, and "at least" may ask for fewer than all.
    if row.comparator != Some(Comparator::All) || (count == 0 && indicator.coverage_by == Some(CoverageBy::Items)) {
        return;
    }
    if value.is_some_and(|value| value.unscaled != count as i128 * 10_i128.pow(SCALE)) {
        let what = format!("target_value is {}, but there are {count} {of}", row.target_value.as_deref().unwrap_or(""));
        let fix = "correct the value, or the members";
        problems.add(at, "coverage_members", what, "k of n needs one n", fix);
    }
}

fn others(at: At, row: &Target, known: &HashMap<&str, &Target>, problems: &mut Problems) {
    for (column, other) in [("parent", &row.parent), ("same_as", &row.same_as)] {
        let Some(id) = other else { continue };
        match known.get(id.as_str()) {
            None => dangling(at, column, id, "targets.csv", problems),
            Some(other) if other.target_id == row.target_id => {
                problems.add(
                    at,
                    "refers_to_itself",
                    format!("{column} is the target itself"),
                    "it says nothing",
                    "empty the cell",
                );
            }
            Some(other)
                if column == "same_as" && (&other.indicator, &other.ref_area) != (&row.indicator, &row.ref_area) =>
            {
                let what = format!("same_as {id} has another indicator or area");
                problems.add(at, "same_as", what, "the same promise is about the same figure", "correct one of them");
            }
            Some(other) if column == "parent" && other.parent.is_some() => {
                let what = format!("parent {id} has a parent itself");
                problems.add(at, "parent", what, "parts have one level", "name the topmost target");
            }
            Some(_) => {}
        }
    }
}
