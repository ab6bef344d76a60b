//! `moves.csv`.

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
    for (at, row) in sheets.moves.iter() {
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
        if let Some(text) = row.time_period.as_deref()
            && let Err(error) = Period::parse(text)
        {
            let fix = "write a period such as 2018, 2018-Q2 or 2018-06";
            problems.add(at, "bad_period", format!("time_period {text:?} {error}"), "the row is about one period", fix);
        }
    }
}
