//! The other path, boundaries: what a part that went over later makes of the values before.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::actuals::ONE;
use crate::history::INDICATORS;
use crate::model::{Cell, Model, cell, combines, parse};
use crate::world::{AREAS, GROUPS, day};

/// A value as it was reported then, and on today's boundaries.
pub(crate) struct Bounded {
    pub(crate) cell: Cell,
    pub(crate) then: Option<i128>,
    pub(crate) now: Option<i128>,
    pub(crate) reason: Option<&'static str>,
}

pub(crate) fn all(model: &Model<'_>) -> Vec<Bounded> {
    let mut out = Vec::new();
    for period in model.periods() {
        let is_before = parse(&period).end < day("2018-01-01");
        for indicator in INDICATORS.into_iter().filter(|indicator| combines(indicator).0 == "additive") {
            let giver = model.area(&cell("A", indicator, &period)).filter(|giver| giver.complete);
            let share = giver.and_then(|giver| giver.value).map(|value| value / 4);
            let stated = (indicator == "rd" && period == "2017").then_some(5 * ONE / 2);
            for place in AREAS.into_iter().chain(GROUPS) {
                let cell = cell(place, indicator, &period);
                let Some(figure) = model.area(&cell).filter(|figure| figure.value.is_some()) else { continue };
                let sign = match place {
                    "A" => -1,
                    "B" => 1,
                    _ => 0,
                };
                let end = parse(&period).end;
                let has_moved = model.variant.moved && is_before;
                let is_moved = has_moved && sign != 0;
                // Whoever has one of the two, and not the other, has changed with them; nobody says by how much.
                let is_crossed = has_moved
                    && sign == 0
                    && model.holds(place, "A", end, indicator) != model.holds(place, "B", end, indicator);
                let today = day("2030-01-01");
                let is_other =
                    place != "R" && model.contents(place, end, indicator) != model.contents(place, today, indicator);
                let amount = stated.or(share);
                let (now, reason) = match figure.value {
                    _ if is_crossed => (None, Some("level_missing")),
                    _ if !is_moved && is_other => (None, Some("areas_changed")),
                    then if !is_moved => (then, None),
                    Some(then) if figure.complete && amount.is_some() => {
                        (amount.map(|amount| then + sign * amount), None)
                    }
                    _ => (None, Some("incomplete")),
                };
                out.push(Bounded { cell, then: figure.value, now, reason });
            }
        }
    }
    out
}

impl Model<'_> {
    /// Whether a place is or has an area, by either relation or as a member.
    fn holds(&self, place: &'static str, area: &str, on: Date, indicator: &str) -> bool {
        let inner = |outer: &str| outer == area || self.lies_in(area, outer, on, indicator);
        inner(place) || self.variant.members(place, on, indicator).into_iter().any(inner)
    }

    /// What counts in a place, at any depth.
    fn contents(&self, place: &str, on: Date, indicator: &str) -> BTreeSet<&'static str> {
        let mut direct = self.children(place, on, indicator);
        direct.extend(self.variant.members(place, on, indicator));
        let below = direct.clone().into_iter().flat_map(|part| self.contents(part, on, indicator));
        below.chain(direct).collect()
    }
}
