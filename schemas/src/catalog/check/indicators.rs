//! `indicators.csv`, `bases.csv`, `bounds.csv`.

use std::collections::HashMap;

use super::places::Places;
use super::{At, dangling, id, least_and_most, unique};
use crate::catalog::codes::*;
use crate::catalog::load::Sheets;
use crate::catalog::problem::Problems;
use crate::catalog::rows::*;
use crate::catalog::span::{Span, latest, overlap};
use crate::decimal;

type ById<'a> = HashMap<&'a str, &'a Indicator>;

/// Indicators by id.
pub(super) fn by_id(sheets: &Sheets) -> ById<'_> {
    latest(&sheets.indicators.rows).into_iter().map(|(_, row)| (row.indicator.as_str(), row)).collect()
}

pub(super) fn check(sheets: &Sheets, places: &Places<'_>, problems: &mut Problems) {
    unique(&sheets.indicators, |row| (row.indicator.clone(), row.known_from), |row| row.indicator.clone(), problems);
    let known = by_id(sheets);
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    for (at, row) in sheets.indicators.iter() {
        id(at, "indicator", &row.indicator, allowed, "lowercase letters, digits and underscores", problems);
        if u32::from(row.decimals) > decimal::SCALE {
            let what = format!("decimals is {}", row.decimals);
            let fix = format!("write 0 to {}", decimal::SCALE);
            problems.add(at, "decimals", what, "values are kept with at most ten digits after the point", fix);
        }
        same_unit(at, row, &known, problems);
        ratio(at, row, &known, problems);
        over_time(at, row, problems);
        bounds_of(at, row, problems);
        coverage(at, row, sheets, &known, problems);
    }
    bases(sheets, &known, places, problems);
    unique(&sheets.editions, |row| row.edition.clone(), |row| row.edition.clone(), problems);
    for (at, row) in sheets.editions.iter() {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        id(at, "edition", &row.edition, allowed, "letters, digits, hyphen, point and underscore", problems);
    }
    unique(
        &sheets.bounds,
        |row| (row.indicator.clone(), row.ref_area.clone()),
        |row| format!("{} of {}", row.indicator, row.ref_area),
        problems,
    );
    for (at, row) in sheets.bounds.iter() {
        if !known.contains_key(row.indicator.as_str()) {
            dangling(at, "indicator", &row.indicator, "indicators.csv", problems);
        }
        if !places.is_area(&row.ref_area) {
            dangling(at, "ref_area", &row.ref_area, "areas.csv", problems);
        }
        least_and_most(at, [("min", row.min.as_deref()), ("max", row.max.as_deref())], problems);
    }
}

/// A correction changes how an indicator is computed, never what its events mean.
fn same_unit(at: At, row: &Indicator, known: &ById<'_>, problems: &mut Problems) {
    let Some(latest) = known.get(row.indicator.as_str()) else { return };
    if (&row.unit, row.kind) != (&latest.unit, latest.kind) {
        let what = format!("{} has two units or kinds", row.indicator);
        let why = "events that were sent under the one would be read under the other";
        problems.add(at, "two_units", what, why, "give the changed indicator an id of its own");
    }
}

fn ratio(at: At, row: &Indicator, known: &ById<'_>, problems: &mut Problems) {
    let is_ratio = row.kind == IndicatorKind::Ratio;
    let parts = [
        ("numerator", row.numerator.is_some()),
        ("denominator", row.denominator.is_some()),
        ("factor", row.factor.is_some()),
        ("denominator_date", row.denominator_date.is_some()),
    ];
    for (column, there) in parts {
        if is_ratio && !there {
            let why = "a ratio is numerator ÷ denominator × factor, with the denominator of a stated date";
            let fix =
                format!("fill in {column}: factor 100 for per cent; denominator_date same_end, previous_end or mean");
            problems.add(at, "ratio_parts", format!("ratio {} has no {column}", row.indicator), why, fix);
        } else if !is_ratio && there {
            let what = format!("{} is no ratio, but has a {column}", row.indicator);
            problems.add(
                at,
                "ratio_parts",
                what,
                "only ratios are computed from two indicators",
                "empty the cell, or say ratio",
            );
        }
    }
    if row.factor == Some(0) {
        let fix = "write 1, or 100 for per cent";
        problems.add(at, "ratio_parts", "factor is 0", "the ratio would always be 0", fix);
    }
    for (column, part) in [("numerator", &row.numerator), ("denominator", &row.denominator)] {
        let Some(part) = part else { continue };
        match known.get(part.as_str()) {
            None => dangling(at, column, part, "indicators.csv", problems),
            Some(part) if !part.is_reported() => {
                let what = format!("{column} {} is computed itself", part.indicator);
                let fix = "name an indicator that is reported";
                problems.add(at, "ratio_parts", what, "ratios are never computed from ratios", fix);
            }
            Some(_) => {}
        }
    }
}

fn over_time(at: At, row: &Indicator, problems: &mut Problems) {
    use IndicatorKind::{Coverage, Flow, Milestone, Ratio, Stock};
    let wanted_time = match row.kind {
        Flow => Some((OverTime::Sum, "a flow of a year is the sum of its months")),
        Stock => Some((OverTime::Last, "a stock of a year is its value at the end")),
        Ratio => Some((OverTime::None, "a ratio is computed anew for each period")),
        _ => None,
    };
    if let Some((wanted, why)) = wanted_time
        && row.over_time != wanted
    {
        let what = format!("{} is a {}, but over_time is {}", row.indicator, row.kind.code(), row.over_time.code());
        problems.add(at, "over_time", what, why, format!("write {}", wanted.code()));
    }
    if matches!(row.kind, Ratio | Milestone | Coverage) && row.over_areas != OverAreas::None {
        let what = format!("{} is a {}, but over_areas is {}", row.indicator, row.kind.code(), row.over_areas.code());
        let why = "ratios, milestones and coverage never add up over areas";
        problems.add(at, "over_areas", what, why, "write none");
    }
}

fn bounds_of(at: At, row: &Indicator, problems: &mut Problems) {
    use IndicatorKind::{Count, Coverage, Milestone};
    let (min, max) = least_and_most(at, [("min", row.min.as_deref()), ("max", row.max.as_deref())], problems);
    let one = 10_i128.pow(decimal::SCALE);
    let (min, max) = (min.map(|min| min.unscaled), max.map(|max| max.unscaled));
    let yes_no = row.kind == Milestone || row.coverage_by == Some(CoverageBy::Areas);
    if yes_no && (min != Some(0) || max != Some(one)) {
        let what = format!("{} is done or not, but min and max are not 0 and 1", row.indicator);
        problems.add(at, "milestone_bounds", what, "0 = not done, 1 = done", "write min 0 and max 1");
    } else if matches!(row.kind, Count | Coverage) && row.min.as_deref().is_none_or(str::is_empty) {
        let what = format!("{} is a {}, but has no min", row.indicator, row.kind.code());
        problems.add(at, "count_bounds", what, "negative counts would be taken", "write min 0");
    } else if matches!(row.kind, Count | Coverage) && min.is_some_and(|min| min < 0) {
        let what = format!("{} is a {}, but its min is negative", row.indicator, row.kind.code());
        problems.add(at, "count_bounds", what, "negative counts would be taken", "write min 0");
    }
}

fn coverage(at: At, row: &Indicator, sheets: &Sheets, known: &ById<'_>, problems: &mut Problems) {
    let is_coverage = row.kind == IndicatorKind::Coverage;
    if is_coverage != row.coverage_by.is_some() {
        let what = format!(
            "{} is {}, and coverage_by is {}",
            row.indicator,
            row.kind.code(),
            row.coverage_by.map_or("empty", CoverageBy::code)
        );
        let why = "coverage, and only coverage, says how it counts k of n";
        let fix = format!("coverage: write one of {}; others: empty the cell", CoverageBy::CODES.join(", "));
        problems.add(at, "coverage_by", what, why, fix);
    }
    let has_items = sheets.indicators.rows.iter().any(|item| item.member_of.as_deref() == Some(&row.indicator));
    if row.coverage_by == Some(CoverageBy::Items) && !has_items {
        let what = format!("{} counts its items, but no milestone names it in member_of", row.indicator);
        problems.add(at, "coverage_items", what, "n would be 0", "add the items, or count by value");
    }
    let Some(whole) = &row.member_of else { return };
    match known.get(whole.as_str()) {
        None => dangling(at, "member_of", whole, "indicators.csv", problems),
        Some(whole) if whole.coverage_by != Some(CoverageBy::Items) => {
            let what = format!("member_of {:?} does not count by items", whole.indicator);
            let fix = "give that indicator kind coverage and coverage_by items, or empty the cell";
            problems.add(at, "coverage_items", what, "the item would count nowhere", fix);
        }
        Some(_) if row.kind != IndicatorKind::Milestone => {
            let what = format!("item {} is a {}", row.indicator, row.kind.code());
            problems.add(at, "coverage_items", what, "an item is done or not", "give it kind milestone");
        }
        Some(_) => {}
    }
}

fn bases(sheets: &Sheets, known: &ById<'_>, places: &Places<'_>, problems: &mut Problems) {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let spans = |row: &Basis| -> [Span; 2] { [(row.period_from, row.period_to), (row.known_from, row.known_to)] };
    let mut before: Vec<(At, &Basis)> = Vec::new();
    for (at, row) in sheets.bases.iter() {
        id(at, "basis", &row.basis, allowed, "lowercase letters, digits and hyphens", problems);
        match known.get(row.indicator.as_str()) {
            None => dangling(at, "indicator", &row.indicator, "indicators.csv", problems),
            Some(indicator) if !indicator.is_reported() => {
                let what = format!("indicator {} is computed", row.indicator);
                let fix = "give bases to its numerator and denominator";
                problems.add(at, "computed_indicator", what, "it takes its bases from its parts", fix);
            }
            Some(_) => {}
        }
        if let Some(area) = row.ref_area.as_deref().filter(|area| !places.is_place(area)) {
            dangling(at, "ref_area", area, "areas.csv or groups.csv", problems);
        }
        for link in row.links() {
            let there = |other: &Basis| other.indicator == row.indicator && other.basis == link;
            if link == row.basis || !sheets.bases.rows.iter().any(there) {
                let what = format!("linked_to {link:?} is no other basis of {}", row.indicator);
                let fix = "name bases of the same indicator, separated by spaces";
                problems.add(at, "basis_link", what, "differences would be taken over a link to nothing", fix);
            }
        }
        for ((from, to), name) in spans(row).into_iter().zip(["period", "known"]) {
            if let (Some(from), Some(to)) = (from, to)
                && to <= from
            {
                let what = format!("{name}_to {to} is not after {name}_from {from}");
                let fix = "the day in _to is the first that no longer counts; empty = without bound";
                problems.add(at, "ends_before_it_starts", what, "the basis would hold for nothing", fix);
            }
        }
        let rival = |other: &&(At, &Basis)| {
            let both = spans(row).into_iter().zip(spans(other.1));
            (&other.1.indicator, &other.1.ref_area) == (&row.indicator, &row.ref_area)
                && both.into_iter().all(|(a, b)| overlap(a, b).is_some())
        };
        if let Some((other, _)) = before.iter().find(rival) {
            let what =
                format!("{} of {} holds for values for which line {} holds too", row.basis, row.indicator, other.1);
            let fix = "let period or known of one row end where the other's begins";
            problems.add(at, "overlapping_validity", what, "one value would have two bases", fix);
        }
        before.push((at, row));
    }
}
