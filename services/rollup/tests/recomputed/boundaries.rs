//! The other path, boundaries: what a part that went over later makes of the values before.

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
                let is_moved = model.variant.moved && is_before && sign != 0;
                let amount = stated.or(share);
                let (now, reason) = match figure.value {
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
