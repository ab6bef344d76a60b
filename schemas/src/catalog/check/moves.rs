//! `moves.csv`.

use std::collections::BTreeMap;

use super::indicators::by_id;
use super::places::Places;
use super::rules::or_empty;
use super::{dangling, decimal, unique};
use crate::catalog::codes::*;
use crate::catalog::load::Sheets;
use crate::catalog::problem::Problems;
use crate::decimal;
use crate::period::Period;

pub(super) fn check(sheets: &Sheets, places: &Places<'_>, problems: &mut Problems) {
    let indicators = by_id(sheets);
    unique(
        &sheets.moves,
        |row| (row.part.clone(), row.day, row.indicator.clone(), row.time_period.clone(), row.known_from),
        |row| format!("{} on {}", row.part, row.day),
        problems,
    );
    let mut ways: BTreeMap<_, (&str, &str)> = BTreeMap::new();
    for (at, row) in sheets.moves.iter() {
        let way = (row.from_area.as_str(), row.to_area.as_str());
        if way.0 == way.1 {
            let what = format!("{} moves from {} to {}", row.part, way.0, way.1);
            problems.add(at, "move_nowhere", what, "it stays where it is", "name the area to which it went");
        }
        // A corrected row is one with a later known_from.
        let first = *ways.entry((&row.part, row.day, row.known_from)).or_insert(way);
        if first != way {
            let what = format!("{} moves from {} to {} and from {} to {}", row.part, first.0, first.1, way.0, way.1);
            let fix = "give what went elsewhere a part of its own";
            problems.add(at, "move_two_ways", what, "on one day a part goes one way", fix);
        }
        let days = [("from_area", &row.from_area, row.day.yesterday().ok()), ("to_area", &row.to_area, Some(row.day))];
        for (column, code, day) in days {
            if places.is_area(code) && day.is_some_and(|day| !places.is_place_on(code, day)) {
                let what = format!("{column} {code} does not exist when {} moves on {}", row.part, row.day);
                let fix = "a part leaves an area of the day before, for one of the day itself";
                problems.add(at, "not_there_then", what, "there is no value to move it from or to", fix);
            }
        }
        for (column, code) in [("from_area", &row.from_area), ("to_area", &row.to_area)] {
            if !places.is_area(code) {
                dangling(at, column, code, "areas.csv", problems);
            }
        }
        if let Some(id) = row.indicator.as_deref() {
            match indicators.get(id) {
                None => dangling(at, "indicator", id, "indicators.csv", problems),
                Some(indicator) if indicator.over_areas != OverAreas::Additive => {
                    let what = format!("{id} combines over areas as {}", indicator.over_areas.code());
                    let fix = "name an additive indicator; ratios follow from their parts";
                    problems.add(at, "move_indicator", what, "a part of it cannot be taken off and added", fix);
                }
                Some(_) => {}
            }
        }
        let one = 10_i128.pow(decimal::SCALE);
        let share = decimal(at, "share", row.share.as_deref(), problems);
        decimal(at, "value", row.value.as_deref(), problems);
        if share.is_some_and(|share| share.unscaled < 0 || share.unscaled > one) {
            let fix = "0.125 = an eighth";
            problems.add(at, "move_amount", "share is not between 0 and 1", "it is a part of the whole", fix);
        }
        if row.share.is_some() == row.value.is_some() {
            let what = match row.share {
                Some(_) => format!("{} has both share and value", row.part),
                None => format!("{} has neither share nor value", row.part),
            };
            let fix = "fill in one: share of the area's value, or value in the plain unit for one indicator and period";
            problems.add(at, "move_amount", what, "it says how much moves", fix);
        }
        let is_of_one = row.indicator.is_some() && row.time_period.is_some();
        if (row.value.is_some() && !is_of_one) || (row.share.is_some() && row.time_period.is_some()) {
            let (indicator, period) = (or_empty(row.indicator.as_deref()), or_empty(row.time_period.as_deref()));
            let what = format!("{} with indicator {indicator} and time_period {period}", row.part);
            let fix = "value: fill in indicator and time_period; share: leave time_period empty";
            problems.add(at, "move_amount", what, "an amount is that of one indicator and period", fix);
        }
        match row.time_period.as_deref().map(|text| (text, Period::parse(text))) {
            Some((text, Err(error))) => {
                let what = format!("time_period {text:?} {error}");
                let fix = "write a period such as 2018, 2018-Q2 or 2018-06";
                problems.add(at, "bad_period", what, "the row is about one period", fix);
            }
            Some((text, Ok(period))) if period.end >= row.day => {
                let what = format!("{} moved on {}, its value is that of {text}", row.part, row.day);
                let why = "values of periods that end on that day or later are reported on the new boundaries";
                problems.add(at, "move_period", what, why, "name a period that ends before the day");
            }
            _ => {}
        }
    }
}
