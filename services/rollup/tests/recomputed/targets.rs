//! The other path, targets: verdicts and their sensitivity, from rule 8.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::actuals::{Actual, Measure, ONE};
use crate::editions::InEdition;
use crate::history::Event;
use crate::model::{Model, cell, combines, divided, id, parse, report};
use crate::world::{ITEMS, Owed};

/// How a target stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stands {
    pub(crate) verdict: &'static str,
    pub(crate) actual: Option<i128>,
    pub(crate) sensitive: bool,
    pub(crate) coverage: (i64, Option<i64>),
    pub(crate) at_least: bool,
    pub(crate) estimated: bool,
    pub(crate) under: Option<(&'static str, i64, Option<i64>)>,
    pub(crate) fulfilment: bool,
}

/// Every row of a target: its owner's, and each member's where a group owes it.
pub(crate) fn all(model: &Model<'_>, today: Date) -> BTreeMap<(String, String), Stands> {
    let mut out = BTreeMap::new();
    let targets = model.variant.targets();
    for (at, owed) in targets.iter().enumerate() {
        let known = |owed: &Owed| owed.known_from.is_none_or(|from| from <= model.known);
        // Of rows with one key the latest known one counts.
        if !known(owed) || targets[at + 1..].iter().any(|later| later.id == owed.id && known(later)) {
            continue;
        }
        let members = model.variant.members(owed.area, parse("2018").end, owed.indicator);
        let measure = match owed.indicator {
            "rd_intensity" | "patent_density" => Measure::Ratio,
            "fields" => Measure::Items,
            "fund" => Measure::Members,
            "law" if !members.is_empty() => Measure::Members,
            _ => Measure::Value,
        };
        let due = |places: &[&'static str]| {
            let days = places.iter().filter_map(|place| model.variant.due(place, needed(owed), model.known));
            days.max().map_or(today > parse("2018").end, |last| today > last)
        };
        // Who is counted must have reported before the group can be judged.
        let counted: Vec<_> = members.iter().copied().filter(|_| measure == Measure::Members).collect();
        let whole = stands(model, owed, owed.area, measure, due(&[&[owed.area][..], &counted[..]].concat()), today);
        out.insert((owed.id.to_owned(), owed.area.to_owned()), whole);
        for member in members {
            let (own, measure) = match measure {
                Measure::Members => {
                    let own = Owed { value: Some("1"), unit_mult: 0, comparator: "done", alt: None, ..owed.clone() };
                    (own, Measure::Value)
                }
                // The document gives no member a value of its own.
                measure => (Owed { value: None, ..owed.clone() }, measure),
            };
            let stands = stands(model, &own, member, measure, due(&[member]), today);
            out.insert((owed.id.to_owned(), member.to_owned()), stands);
        }
    }
    out
}

/// The indicators whose reports a target waits for.
fn needed(owed: &Owed) -> &'static [&'static str] {
    match owed.indicator {
        "rd_intensity" => &["rd", "gdp"],
        "patent_density" => &["pat", "pop"],
        "fields" => &ITEMS,
        "rd" => &["rd"],
        "gdp" => &["gdp"],
        "pat" => &["pat"],
        "pop" => &["pop"],
        "jobs" => &["jobs"],
        "law" => &["law"],
        "fund" => &["fund"],
        _ => &["share"],
    }
}

fn stands(model: &Model<'_>, owed: &Owed, area: &str, measure: Measure, is_due: bool, today: Date) -> Stands {
    let actual = Actual::of(model, owed, area, measure);
    let period_over = today > parse("2018").end;
    let unit = power(owed.unit_mult);
    let shown = match (actual.numerator, actual.denominator) {
        (Some(n), Some(d)) if d > 0 && !part_below(&actual) => Some(divided(n * actual.factor * ONE * ONE, d * unit)),
        _ => None,
    };
    let readings = readings(model, owed, (area, measure), &actual);
    let current = readings.iter().find(|(current, _)| *current).map(|(_, met)| *met);
    let turned = readings.iter().map(|(_, met)| *met).collect::<BTreeSet<_>>().len() > 1;
    let grows = match measure {
        Measure::Items | Measure::Members => true,
        Measure::Ratio => false,
        Measure::Value => {
            // Done stays done, of a member that is counted too.
            owed.kind() == "milestone"
                || owed.comparator == "done"
                || (combines(owed.indicator).1 == "sum" && model.never_negative(owed.indicator))
        }
    };
    let verdict = verdict(owed, &actual, current, (period_over, grows), is_due);
    Stands {
        verdict,
        actual: shown,
        sensitive: turned && matches!(verdict, "met" | "missed"),
        coverage: actual.coverage,
        at_least: actual.at_least,
        estimated: actual.estimated,
        under: actual.under,
        fulfilment: shown.is_some() && is_share(owed, &actual, verdict),
    }
}

/// Whether a ratio's denominator is a part of itself, or of an earlier day.
fn part_below(actual: &Actual) -> bool {
    actual.under.is_some_and(|(status, ..)| matches!(status, "partial" | "carried"))
}

/// Whether the actual value is told as a share of the target: all of it, a part of it that cannot shrink, or the months
/// of a year that goes on.
fn is_share(owed: &Owed, actual: &Actual, verdict: &str) -> bool {
    let told = actual.complete
        || matches!(verdict, "on_track" | "behind")
        || (actual.at_least && matches!(owed.comparator, ">=" | ">" | "all"));
    let done = owed.comparator == "done" || matches!(owed.kind(), "milestone" | "unquantified");
    told && owed.value.is_some() && target(owed) > 0 && owed.comparator != "<=" && !done
}

fn verdict(
    owed: &Owed,
    actual: &Actual,
    current: Option<bool>,
    (period_over, grows): (bool, bool),
    is_due: bool,
) -> &'static str {
    let more_is_better = matches!(owed.comparator, ">=" | ">" | "all" | "done" | "started");
    // T9 promises no number and is shown only.
    if owed.id == "T9" {
        return "report_only";
    }
    if owed.value.is_none() || actual.status == "overlap" {
        return "not_assessable";
    }
    if is_due && matches!(actual.status, "no_own_value" | "no_denominator") {
        return "not_assessable";
    }
    let Some(numerator) = actual.numerator else {
        return match (actual.is_known_missing, is_due) {
            // Who reported that there is none has reported.
            (true, _) => "not_assessable",
            (false, true) => "not_reported",
            (false, false) => "not_due",
        };
    };
    if actual.denominator.is_none_or(|denominator| denominator <= 0) {
        return "not_due";
    }
    if actual.complete {
        return match current {
            Some(true) if period_over || (grows && more_is_better) => "met",
            _ if period_over => "missed",
            _ => "not_due",
        };
    }
    // More than enough is known where the rest can only add, and more is never too much.
    if current == Some(true) && actual.at_least && more_is_better {
        return "met";
    }
    let upward = matches!(owed.comparator, ">=" | ">" | "≈");
    match actual.months {
        Some(months) if months < 12 && combines(owed.indicator).1 == "sum" && upward && !is_due => {
            if numerator * 12 >= target(owed) * i128::from(months) { "on_track" } else { "behind" }
        }
        _ => "partial",
    }
}

/// Each way to read it: whether it is the verdict's own, and whether it is met.
fn readings(model: &Model<'_>, owed: &Owed, (area, measure): (&str, Measure), actual: &Actual) -> Vec<(bool, bool)> {
    let (Some(numerator), Some(denominator), Some(_)) = (actual.numerator, actual.denominator, owed.value) else {
        return Vec::new();
    };
    if denominator <= 0 {
        return Vec::new();
    }
    let (above, below) = match owed.indicator {
        "rd_intensity" => ("rd", "gdp"),
        "patent_density" => ("pat", "pop"),
        other => (other, ""),
    };
    // What is done or not is read in no edition, and what is below the line of another day only in its own.
    let has_sums = |indicator: &str| {
        let is_above = indicator == above;
        let below = || measure == Measure::Ratio && model.formula(owed.indicator).date == 0;
        owed.comparator != "done"
            && matches!(measure, Measure::Ratio | Measure::Value)
            && (is_above || (!indicator.is_empty() && below()))
    };
    let versions = |indicator: &str, origin: &Option<String>, value: i128, edition: &Option<String>| match origin {
        Some(period) => vintages(model, area, indicator, period, edition.as_deref()),
        None => {
            let figure = if has_sums(indicator) { model.place(&cell(area, indicator, "2018")) } else { None };
            let of_edition = |(id, it): (&str, InEdition)| Version {
                counts: edition.as_deref() == Some(id),
                amount: it.amount,
                edition: Some(id.to_owned()),
            };
            let mut out: Vec<Version> = model.within_editions(figure.as_ref()).into_iter().map(of_edition).collect();
            if !out.iter().any(|version| version.counts) {
                out.push(Version { counts: true, amount: value, edition: edition.clone() });
            }
            out
        }
    };
    let tops = versions(above, &actual.numerator_origin, numerator, &actual.editions.0);
    let bottoms = versions(below, &actual.denominator_origin, denominator, &actual.editions.1);
    let is_one = |edition: &Option<String>| edition.as_ref().is_some_and(|edition| edition != "mixed");
    let has_both = tops.iter().any(|top| is_one(&top.edition) && bottoms.iter().any(|it| it.edition == top.edition));
    let digits = owed.value.and_then(|text| text.split_once('.')).map_or(0, |(_, fraction)| fraction.len() as i32);
    let step = power(owed.unit_mult - digits);
    let mut out = Vec::new();
    for Version { counts: top_counts, amount: top, edition: over } in tops {
        for Version { counts: bottom_counts, amount: bottom, edition: under } in &bottoms {
            if *bottom <= 0 || (over != *under && has_both) {
                continue;
            }
            let (bottom, is_current) = (*bottom, top_counts && *bottom_counts);
            for (main, comparator) in [(true, Some(owed.comparator)), (false, owed.alt)] {
                let Some(comparator) = comparator else { continue };
                let exact = (top * actual.factor * ONE, bottom);
                out.push((is_current && main, meets(exact, comparator, owed, step)));
                if !matches!(comparator, "done" | "all") {
                    let rounded = round(exact, step, model.variant.half_even);
                    out.push((false, meets((rounded, 1), comparator, owed, step)));
                }
            }
        }
    }
    out
}

/// A release of a cell.
struct Version {
    /// Whether it is the one that the actual value is made of.
    counts: bool,
    amount: i128,
    edition: Option<String>,
}

/// The releases of a cell by the reporter whose value counts: the current one, and the last of every other vintage and
/// edition. A ratio may take its parts from an edition before the newest.
fn vintages(model: &Model<'_>, area: &str, indicator: &str, period: &str, taken: Option<&str>) -> Vec<Version> {
    let cell = cell(area, indicator, period);
    let of_editions = model.newest_by(&cell, |event| report(event).edition);
    let is_newest = |event: &Event| of_editions.iter().any(|(_, newest, _)| id(newest) == id(event));
    let newest = model.newest_by(&cell, |event| (report(event).vintage, report(event).edition));
    let version = |(_, event, _): (_, &Event, bool)| {
        let edition = report(event).edition;
        let counts = taken == edition && is_newest(event);
        Version { counts, amount: report(event).amount.expect("an amount"), edition: edition.map(str::to_owned) }
    };
    newest.into_iter().map(version).collect()
}

fn meets((n, d): (i128, i128), comparator: &str, owed: &Owed, step: i128) -> bool {
    let bound = target(owed) * d;
    match comparator {
        ">=" | "all" | "done" | "started" => n >= bound,
        ">" => n > bound,
        "<=" => n <= bound,
        "=" => n == bound,
        // About: half a unit of the target's last digit below.
        "≈" => n >= (target(owed) - step / 2) * d,
        other => panic!("no rule for {other}"),
    }
}

/// n ÷ d rounded to whole steps.
fn round((n, d): (i128, i128), step: i128, half_even: bool) -> i128 {
    let unit = d * step;
    let (whole, rest) = (n.div_euclid(unit), n.rem_euclid(unit));
    let up = match (2 * rest).cmp(&unit) {
        Ordering::Less => false,
        Ordering::Greater => true,
        Ordering::Equal => !half_even || whole.rem_euclid(2) == 1,
    };
    (whole + i128::from(up)) * step
}

/// The target in the plain unit, units of 10⁻¹⁰.
fn target(owed: &Owed) -> i128 {
    let text = owed.value.unwrap_or("0");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().expect("digits");
    digits * power(owed.unit_mult - fraction.len() as i32)
}

/// 10^exponent in units of 10⁻¹⁰.
fn power(exponent: i32) -> i128 {
    10_i128.pow((10 + exponent) as u32)
}
