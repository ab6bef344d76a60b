//! The other path, rules on sums: what is found where a whole and its parts differ by more than rounding explains.

use crate::editions::published;
use crate::history::INDICATORS;
use crate::labels::Labels;
use crate::model::{Cell, Model, cell, last_digit, parse, report};
use crate::places::Figure;
use crate::world::{AREAS, GROUPS};

/// A finding.
pub(crate) struct Found {
    pub(crate) rule: &'static str,
    pub(crate) cell: Cell,
    pub(crate) amount: i128,
    pub(crate) parts: i128,
}

/// A rule `sum` on R&D: what it allows, none = half digits; whether groups are asked too.
const SUMS: [(&str, Option<i128>, bool); 2] = [("sectors", None, false), ("wide", Some(10_i128.pow(10)), true)];
const PARTS: [&str; 2] = ["gdp", "lab"];

/// By the rules `sum`.
pub(crate) fn sums(model: &Model<'_>) -> Vec<Found> {
    let mut out = Vec::new();
    for (rule, tolerance, asks_groups) in SUMS {
        for place in AREAS.into_iter().chain(GROUPS.into_iter().filter(|_| asks_groups)) {
            for period in model.periods() {
                out.extend(sum(model, (rule, tolerance), &cell(place, "rd", &period)));
            }
        }
    }
    out
}

fn sum(model: &Model<'_>, (rule, tolerance): (&'static str, Option<i128>), about: &Cell) -> Option<Found> {
    let (whole, amount) = complete(model, about)?;
    let named: Vec<Cell> = PARTS.iter().map(|part| cell(&about.0, part, &about.2)).collect();
    let known: Vec<(Figure, i128)> = named.iter().filter_map(|part| complete(model, part)).collect();
    let labels = Labels::of_parts(known.iter().map(|(figure, _)| &figure.labels).chain([&whole.labels]));
    if labels.edition().as_deref() == Some("mixed") {
        return within_edition(model, (rule, tolerance), about);
    }
    let unknown: Vec<&Cell> = named.iter().filter(|part| complete(model, part).is_none()).collect();
    let is_unavailable =
        |part: &&&Cell| model.area(part).is_some_and(|figure| matches!(figure.status, "missing" | "suppressed"));
    if known.is_empty() || unknown.iter().filter(is_unavailable).count() < unknown.len() {
        return None;
    }
    let none_exists = unknown.iter().all(|part| model.own(part).is_some_and(|own| own.status == "M"));
    // Only what cannot be negative keeps the others below the whole.
    let can_only_add = unknown.iter().all(|part| part.1 == "lab");
    let total: i128 = known.iter().map(|(_, amount)| amount).sum();
    let digits = whole.last_digit + known.iter().map(|(figure, _)| figure.last_digit).sum::<i128>();
    let allowed = tolerance.map_or(digits, |tolerance| 2 * tolerance);
    let is_off = none_exists && 2 * (amount - total).abs() > allowed;
    let is_over = can_only_add && 2 * (total - amount) > allowed;
    (is_off || is_over).then(|| Found { rule, cell: about.clone(), amount, parts: total })
}

/// Values of several editions are compared within the newest that has all of them.
fn within_edition(model: &Model<'_>, (rule, tolerance): (&'static str, Option<i128>), about: &Cell) -> Option<Found> {
    let of = |indicator: &str| model.within_editions(model.place(&cell(&about.0, indicator, &about.2)).as_ref());
    let (wholes, parts) = (of(&about.1), PARTS.map(of));
    let all = wholes.iter().filter_map(|(edition, whole)| {
        let parts: Option<Vec<_>> = parts.iter().map(|part| part.get(edition)).collect();
        Some((published(edition), whole, parts?))
    });
    let (_, whole, parts) = all.max_by_key(|(published, ..)| *published)?;
    let total: i128 = parts.iter().map(|part| part.amount).sum();
    let digits = whole.last_digit + parts.iter().map(|part| part.last_digit).sum::<i128>();
    let allowed = tolerance.map_or(digits, |tolerance| 2 * tolerance);
    let is_off = 2 * (whole.amount - total).abs() > allowed;
    is_off.then(|| Found { rule, cell: about.clone(), amount: whole.amount, parts: total })
}

fn complete(model: &Model<'_>, cell: &Cell) -> Option<(Figure, i128)> {
    let figure = model.place(cell).filter(|figure| figure.complete)?;
    let value = figure.value?;
    Some((figure, value))
}

/// Where an area and its parts, all of them, differ.
pub(crate) fn residuals(model: &Model<'_>) -> Vec<Found> {
    let mut out = Vec::new();
    for place in AREAS {
        for indicator in INDICATORS {
            for period in model.periods() {
                out.extend(residual(model, &cell(place, indicator, &period)));
            }
        }
    }
    out
}

fn residual(model: &Model<'_>, about: &Cell) -> Option<Found> {
    let whole = model.area(about).filter(|figure| figure.residual_reason.is_none())?;
    let (amount, parts) = whole.reported.zip(whole.compiled)?;
    let children = model.children(&about.0, parse(&about.2).end, &about.1);
    let figures = children.iter().filter_map(|child| model.area(&cell(child, &about.1, &about.2)));
    let known: Vec<Figure> = figures.filter(|figure| figure.value.is_some()).collect();
    let digits = whole.last_digit + known.iter().map(|figure| figure.last_digit).sum::<i128>();
    let allowed = if about.1 == "rd" { digits } else { 0 };
    let all = known.len() == children.len();
    let is_found = 2 * (amount - parts).abs() > allowed && (all || amount < parts && model.never_negative(&about.1));
    let rule = if about.1 == "rd" { "by-area" } else { "" };
    is_found.then(|| Found { rule, cell: about.clone(), amount, parts })
}

/// Editions of a cell in the order in which they came out: one with fewer digits than the one before it, and one that
/// counts although another came out later.
pub(crate) fn of_editions(model: &Model<'_>) -> Vec<Found> {
    let mut out = Vec::new();
    for about in model.current.keys() {
        let newest = model.newest_by(about, |event| report(event).edition);
        let named = newest.into_iter().filter_map(|(edition, event, counts)| Some((edition?, event, counts)));
        let mut said: Vec<_> = named.collect();
        said.sort_by_key(|(edition, event, _)| (published(edition), event.known, *edition));
        let amount = |at: usize| report(said[at].1).amount.expect("an amount");
        let found = |rule, at, other| Found { rule, cell: about.clone(), amount: amount(at), parts: amount(other) };
        for at in 1..said.len() {
            if last_digit(amount(at)) > last_digit(amount(at - 1)) {
                out.push(found("coarser_than_before", at, at - 1));
            }
        }
        let older = |at: &usize| said[*at].2 && published(said[*at].0) < published(said[said.len() - 1].0);
        out.extend((0..said.len()).filter(older).map(|at| found("older_edition_counts", at, said.len() - 1)));
    }
    out
}
