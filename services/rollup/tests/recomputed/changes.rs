//! The other path, rule 7: differences between periods, on one benchmark or over a declared link only.

use std::collections::BTreeMap;

use helan_schemas::period::Period;
use jiff::civil::Date;

use crate::history::INDICATORS;
use crate::model::{Model, cell, divided, parse, report};
use crate::world::{AREAS, GROUPS};

const ONE: i128 = 10_i128.pow(10);

/// A value of a period on the benchmark, or benchmarks, of its parts.
#[derive(Clone, Debug)]
struct Reading {
    value: Option<i128>,
    complete: bool,
    current: bool,
    above: Part,
    below: Option<Part>,
}

#[derive(Clone, Debug)]
struct Part {
    indicator: &'static str,
    basis: Option<String>,
    edition: Option<String>,
}

/// A difference, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    pub(crate) place: String,
    pub(crate) indicator: String,
    pub(crate) periods: (String, String),
    pub(crate) values: (Option<i128>, Option<i128>),
    pub(crate) bases: (Option<String>, Option<String>),
    pub(crate) current: bool,
    pub(crate) difference: Option<i128>,
    pub(crate) growth: Option<i128>,
    pub(crate) reason: Option<&'static str>,
}

/// Every pair of readings of two periods of one kind and length, sorted.
pub(crate) fn all(model: &Model<'_>) -> Vec<Change> {
    let mut out = Vec::new();
    for place in AREAS.into_iter().chain(GROUPS) {
        for indicator in INDICATORS.into_iter().chain(["rd_intensity", "patent_density"]) {
            let readings: BTreeMap<String, Vec<Reading>> = model
                .periods()
                .into_iter()
                .map(|period| {
                    let readings = match indicator {
                        "rd_intensity" | "patent_density" => ratios(model, place, indicator, &period),
                        _ => plain(model, place, indicator, &period),
                    };
                    (period, readings)
                })
                .collect();
            for (from, earlier) in &readings {
                for (to, later) in readings.iter().filter(|(to, _)| follows(&parse(from), &parse(to))) {
                    let pairs = earlier.iter().flat_map(|a| later.iter().map(move |b| (a, b)));
                    out.extend(
                        pairs.map(|(a, b)| change(model, (place, indicator), (from.as_str(), to.as_str()), a, b)),
                    );
                }
            }
        }
    }
    out.sort_unstable();
    out
}

fn follows(earlier: &Period, later: &Period) -> bool {
    let months = |period: &Period| {
        let at = |day: Date| i32::from(day.year()) * 12 + i32::from(day.month());
        at(period.end) - at(period.start)
    };
    earlier.kind == later.kind && earlier.start < later.start && months(earlier) == months(later)
}

/// The value that counts, and the newest on every other benchmark of the one observation that it comes from.
fn plain(model: &Model<'_>, place: &str, indicator: &'static str, period: &str) -> Vec<Reading> {
    let Some(figure) = model.place(&cell(place, indicator, period)) else { return Vec::new() };
    let reading = |value, current, basis, edition| Reading {
        value,
        complete: figure.complete,
        current,
        above: Part { indicator, basis, edition },
        below: None,
    };
    let mut out = vec![reading(figure.value, true, figure.labels.basis(), figure.labels.edition())];
    if let Some(origin) = figure.origin.as_ref().filter(|_| figure.status == "reported") {
        let newest = model.newest_of(&cell(place, indicator, origin), false, |event| model.basis(event));
        let others = newest.into_iter().filter(|(.., current)| !current);
        out.extend(others.map(|(basis, event, _)| {
            let about = report(event);
            reading(about.amount, false, basis.map(str::to_owned), about.edition.map(str::to_owned))
        }));
    }
    out
}

/// The ratio that counts, and that of every other pair of readings of its parts.
fn ratios(model: &Model<'_>, place: &str, indicator: &str, period: &str) -> Vec<Reading> {
    let formula = model.formula(indicator);
    let part = |indicator, basis| Part { indicator, basis, edition: None };
    let [over, under] =
        [formula.above, formula.below].map(|it| model.within_editions(model.place(&cell(place, it, period)).as_ref()));
    let has_both = over.keys().any(|edition| under.contains_key(edition));
    let mut out: Vec<Reading> = model
        .ratio(place, indicator, period)
        .map(|ratio| Reading {
            value: ratio.value,
            complete: ratio.complete,
            current: true,
            above: part(formula.above, ratio.above.basis()),
            below: Some(part(formula.below, ratio.below.basis())),
        })
        .into_iter()
        .collect();
    if formula.date != 0 {
        return out;
    }
    let below = plain(model, place, formula.below, period);
    for above in plain(model, place, formula.above, period) {
        for below in below.iter().filter(|below| !(above.current && below.current)) {
            if above.above.edition != below.above.edition && has_both {
                continue;
            }
            let value = match (above.value, below.value.filter(|_| below.complete)) {
                (Some(above), Some(below)) if below > 0 => Some(divided(above * formula.factor * ONE, below)),
                _ => None,
            };
            out.push(Reading {
                value,
                complete: above.complete && below.complete,
                current: false,
                above: above.above.clone(),
                below: Some(below.above.clone()),
            });
        }
    }
    out
}

fn change(
    model: &Model<'_>,
    (place, indicator): (&str, &str),
    (from, to): (&str, &str),
    earlier: &Reading,
    later: &Reading,
) -> Change {
    let reason = reason(model, earlier, later);
    let difference = earlier.value.zip(later.value).filter(|_| reason.is_none()).map(|(a, b)| b - a);
    let growth = difference.zip(earlier.value).filter(|(_, from)| *from > 0 && earlier.below.is_none());
    Change {
        place: place.to_owned(),
        indicator: indicator.to_owned(),
        periods: (from.to_owned(), to.to_owned()),
        values: (earlier.value, later.value),
        bases: (shown(earlier), shown(later)),
        current: earlier.current && later.current,
        difference,
        growth: growth.map(|(difference, from)| divided(difference * 100 * ONE, from)),
        reason,
    }
}

fn reason(model: &Model<'_>, earlier: &Reading, later: &Reading) -> Option<&'static str> {
    if earlier.value.is_none() || later.value.is_none() {
        return Some("no_value");
    }
    if !earlier.complete || !later.complete {
        return Some("incomplete");
    }
    let mut parts = vec![(&earlier.above, &later.above)];
    parts.extend(earlier.below.as_ref().zip(later.below.as_ref()));
    let any = |test: &dyn Fn(&Part, &Part) -> bool| parts.iter().any(|(a, b)| test(a, b));
    if any(&|a, b| [a, b].iter().any(|part| part.basis.as_deref() == Some("mixed"))) {
        return Some("basis_mixed");
    }
    let benchmarked = |part: &Part| model.variant.bases().iter().any(|row| row.indicator == part.indicator);
    if any(&|a, b| benchmarked(a) && (a.basis.is_none() || b.basis.is_none())) {
        return Some("basis_unknown");
    }
    let linked =
        |a: &Part, b: &Part| a.indicator == "rd" && model.variant.is_linked(model.known) && b.indicator == "rd";
    any(&|a, b| a.basis != b.basis && !linked(a, b)).then_some("basis_differs")
}

fn shown(reading: &Reading) -> Option<String> {
    let Some(below) = &reading.below else { return reading.above.basis.clone() };
    let text = |part: &Part| part.basis.clone().unwrap_or_else(|| "-".to_owned());
    (reading.above.basis.is_some() || below.basis.is_some())
        .then(|| format!("{} / {}", text(&reading.above), text(below)))
}
