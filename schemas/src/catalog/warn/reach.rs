//! Moves that change an area above, of which nothing is said; tolerances and limits so wide that everything passes.

use std::collections::BTreeSet;

use super::super::Catalog;
use super::super::codes::*;
use super::super::problem::Problems;
use crate::decimal::Decimal;

fn number(text: &Option<String>) -> Option<i128> {
    text.as_deref().and_then(|text| Decimal::parse(text).ok()).map(|found| found.unscaled)
}

impl Catalog {
    /// What moves out of a county into that of another city leaves the city too.
    pub(super) fn warn_of_levels(&self, problems: &mut Problems) {
        let mut seen = BTreeSet::new();
        for row in self.moves.iter().filter(|row| row.from_area != row.to_area) {
            let is_told = |place: &str| {
                let same_day = self.moves.iter().filter(|other| other.day == row.day);
                same_day.into_iter().any(|other| other.from_area == place || other.to_area == place)
            };
            let holds = |place: &str, area: &str| self.ever_lies_in(area, place, 0);
            let mut above = self.areas.iter().map(|area| area.code.as_str());
            let missing =
                above.find(|place| !is_told(place) && holds(place, &row.from_area) != holds(place, &row.to_area));
            if let Some(place) = missing.filter(|place| seen.insert((&row.part, row.day, *place))) {
                let what =
                    format!("{} moves from {} to {}: {place} has one of them", row.part, row.from_area, row.to_area);
                let why = "its own values on today's boundaries cannot be told";
                let fix = "add a row for that level too, with a part of its own";
                let line = self.line("moves.csv", &[&row.part, &row.day.to_string()]);
                problems.add(("moves.csv", line), "move_level", what, why, fix);
            }
            if let Some(id) = row.indicator.as_deref() {
                let has_value = |area: &&String| self.may_have_value(area, id, &mut BTreeSet::new());
                if let Some(area) = [&row.from_area, &row.to_area].into_iter().find(|area| !has_value(area)) {
                    let what = format!("{} moves an amount of {id}, and nobody may report {id} for {area}", row.part);
                    let fix = "add a row to scopes.csv, or name another indicator";
                    let line = self.line("moves.csv", &[&row.part, &row.day.to_string(), id]);
                    problems.add(("moves.csv", line), "never_applies", what, "no value ever comes under the row", fix);
                }
            }
        }
    }

    /// What lies in the limits of an indicator, and so can be sent, always passes.
    pub(super) fn warn_of_limits(&self, problems: &mut Problems) {
        for row in &self.rules {
            let Some(indicator) = self.indicator(&row.indicator) else { continue };
            let line = self.line("rules.csv", &[&row.rule]);
            let mut never = |what: String, why: &str, fix: &str| {
                problems.add(("rules.csv", line), "never_finds", what, why, fix);
            };
            let (min, max) = (number(&indicator.min), number(&indicator.max));
            let span = min.zip(max).map(|(min, max)| max - min);
            if let (Some(tolerance), Some(span)) = (number(&row.tolerance), span)
                && tolerance >= span
            {
                let what = format!("the tolerance of {} is as wide as min to max of {}", row.rule, row.indicator);
                never(what, "no two sides can lie further apart", "choose a smaller one, or half_digit");
            }
            let only_low = number(&row.low).filter(|_| row.high.is_none());
            if row.check == RuleCheck::Jump && only_low == Some(0) && min.is_some_and(|min| min >= 0) {
                let what =
                    format!("{} asks that {} does not fall below 0 times the period before", row.rule, row.indicator);
                never(what, "no value is below 0", "choose a low above 0, or fill in high");
            }
        }
        for row in self.targets.iter().filter(|row| row.comparator == Some(Comparator::About)) {
            let of_numerator = |id: &str| self.indicator(id).and_then(|row| row.numerator.as_deref());
            let source = of_numerator(&row.indicator).unwrap_or(&row.indicator);
            let never_negative = self.indicator(source).and_then(|row| number(&row.min)).is_some_and(|min| min >= 0);
            if let (Some(tolerance), Some(value)) = (number(&row.tolerance), number(&row.target_value))
                && never_negative
                && tolerance >= value
            {
                let what = format!("the tolerance of {} is as large as its target_value", row.target_id);
                let line = self.line("targets.csv", &[&row.target_id]);
                let why = "nothing would also be about as much";
                problems.add(("targets.csv", line), "always_met", what, why, "choose a smaller one");
            }
        }
    }
}
