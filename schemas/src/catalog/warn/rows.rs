//! Rows that can be used, and that say something else than they seem to, or nothing.

use std::collections::BTreeMap;

use super::super::Catalog;
use super::super::codes::*;
use super::super::problem::Problems;
use crate::decimal::{Decimal, SCALE};

impl Catalog {
    /// Editions that are taken for one another, or for none.
    pub(super) fn warn_of_editions(&self, problems: &mut Problems) {
        let mut days: BTreeMap<_, &str> = BTreeMap::new();
        let mut small: BTreeMap<String, &str> = BTreeMap::new();
        for row in &self.editions {
            let line = self.line("editions.csv", &[&row.edition]);
            let mut warn = |what: String, why: &str, fix: &str| {
                problems.add(("editions.csv", line), "edition_mistaken", what, why, fix);
            };
            if matches!(row.edition.as_str(), "mixed" | "none") {
                let what = format!("an edition is called {}", row.edition);
                warn(what, "answers say so of values of several editions, or of none", "give it another id");
            }
            let other = *small.entry(row.edition.to_ascii_lowercase()).or_insert(&row.edition);
            if other != row.edition {
                let what = format!("{} and {other} differ in case only", row.edition);
                warn(what, "reports that mean one may name the other", "give them ids that people can tell apart");
            }
            let same = *days.entry((&row.series, row.published)).or_insert(&row.edition);
            if same != row.edition {
                let what = format!("{} and {same} of {} came out on one day", row.edition, row.series);
                warn(what, "which of the two is newer is not said", "give each the day on which it came out");
            }
        }
    }

    /// Moves that move nothing, more than there is, or into what they come from.
    pub(super) fn warn_of_moves(&self, problems: &mut Problems) {
        let one = 10_i128.pow(SCALE);
        let mut shares: BTreeMap<_, i128> = BTreeMap::new();
        for row in &self.moves {
            let line = self.line("moves.csv", &[&row.part, &row.day.to_string()]);
            let mut warn = |what: String, why: &str, fix: &str| {
                problems.add(("moves.csv", line), "move_amount", what, why, fix);
            };
            let amount = |text: &Option<String>| {
                text.as_deref().and_then(|text| Decimal::parse(text).ok()).map(|found| found.unscaled)
            };
            let (share, value) = (amount(&row.share), amount(&row.value));
            if share == Some(0) || value == Some(0) {
                let what = format!("{} moves nothing", row.part);
                warn(what, "every figure stays as it is", "delete the row, or say how much moves");
            }
            if value.is_some_and(|value| value < 0) {
                let what = format!("{} moves an amount below 0", row.part);
                warn(what, "it would be added to where it comes from", "turn from_area and to_area round");
            }
            if let Some(share) = share {
                let all = shares.entry((&row.from_area, row.day, &row.indicator, row.known_from)).or_default();
                *all += share;
                if *all > one {
                    let what = format!("more than all of {} moves on {}", row.from_area, row.day);
                    warn(what, "what is left would be below 0", "shares of one area and day come to 1 at most");
                }
            }
            let (from, to) = (row.from_area.as_str(), row.to_area.as_str());
            if self.ever_lies_in(to, from, 0) || self.ever_lies_in(from, to, 0) {
                let what = format!("{} moves from {from} to {to}, and one lies in the other", row.part);
                warn(what, "the outer one has it before and after", "name two areas that lie beside each other");
            }
        }
    }

    /// Rows about one indicator that has no values of its own to be added up.
    pub(super) fn warn_of_rows_for_ratios(&self, problems: &mut Problems) {
        let is_ratio = |id: &Option<String>| {
            let indicator = id.as_deref().and_then(|id| self.indicator(id));
            indicator.is_some_and(|row| row.kind == IndicatorKind::Ratio)
        };
        let why = "a ratio follows from its parts, so the row has no effect";
        let fix = "name the numerator or the denominator";
        for row in self.relations.iter().filter(|row| is_ratio(&row.indicator)) {
            let id = row.indicator.as_deref().unwrap_or_default();
            let line = self.line("relations.csv", &[&row.child, &row.parent, id]);
            let what = format!("{} lies in {} for {id}, a ratio", row.child, row.parent);
            problems.add(("relations.csv", line), "row_of_ratio", what, why, fix);
        }
        for row in self.group_members.iter().filter(|row| is_ratio(&row.indicator)) {
            let id = row.indicator.as_deref().unwrap_or_default();
            let line = self.line("group_members.csv", &[&row.group_id, &row.member, id]);
            let what = format!("{} is a member of {} for {id}, a ratio", row.member, row.group_id);
            problems.add(("group_members.csv", line), "row_of_ratio", what, why, fix);
        }
        for row in self.indicators.iter().filter(|row| row.numerator.is_some() && row.numerator == row.denominator) {
            let line = self.line("indicators.csv", &[&row.indicator]);
            let what = format!("{} is the ratio of an indicator to itself", row.indicator);
            problems.add(
                ("indicators.csv", line),
                "ratio_of_itself",
                what,
                "it is always the same",
                "name another denominator",
            );
        }
    }

    /// Sums whose parts are counted twice, and bounds that reports cannot reach.
    pub(super) fn warn_of_rule_parts(&self, problems: &mut Problems) {
        for row in &self.rules {
            let line = self.line("rules.csv", &[&row.rule]);
            let mut warn = |what: String, why: &str, fix: &str| {
                problems.add(("rules.csv", line), "rule_parts", what, why, fix);
            };
            let parts: Vec<&str> = row.part_indicators().collect();
            if row.check == RuleCheck::Sum && parts.contains(&row.indicator.as_str()) {
                let what = format!("{} is a part of itself", row.indicator);
                warn(what, "the sum is always more than the whole", "name only what it consists of");
            }
            if let Some(twice) = parts.iter().enumerate().find(|(at, part)| parts[..*at].contains(part)) {
                warn(format!("parts names {} twice", twice.1), "it would be added twice", "name it once");
            }
            if row.check == RuleCheck::Bounds
                && let Some(indicator) = self.indicator(&row.indicator)
            {
                let number = |text: &Option<String>| {
                    text.as_deref().and_then(|text| Decimal::parse(text).ok()).map(|it| it.unscaled)
                };
                let (low, high) = (number(&row.low), number(&row.high));
                let (min, max) = (number(&indicator.min), number(&indicator.max));
                let below = low.zip(min).is_some_and(|(low, min)| low <= min);
                let above = high.zip(max).is_some_and(|(high, max)| high >= max);
                if (below || low.is_none()) && (above || high.is_none()) {
                    let what =
                        format!("the bounds of {} are not narrower than min and max of {}", row.rule, row.indicator);
                    let fix = "choose a low above min, or a high below max";
                    problems.add(
                        ("rules.csv", line),
                        "never_finds",
                        what,
                        "what lies beyond them is refused before",
                        fix,
                    );
                }
            }
        }
    }
}
