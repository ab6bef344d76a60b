//! Relations and members that hold for one indicator: rows that change nothing, and what is compared across two trees.

use std::collections::BTreeSet;

use super::super::Catalog;
use super::super::codes::*;
use super::super::problem::Problems;
use super::super::rows::*;
use super::super::span::{Span, covers, effective, span};

/// What an indicator has of its own: child or member, parent or group, whether it counts, from when to when.
type Edge<'c> = (&'c str, &'c str, bool, Span);

impl Catalog {
    /// Rows for one indicator that say what holds anyway, or that nothing follows from.
    pub(super) fn warn_of_rows_for_one(&self, problems: &mut Problems) {
        let relations = effective(&self.relations);
        for (_, row) in &relations {
            let Some(id) = row.indicator.as_deref() else { continue };
            let Some(indicator) = self.indicator(id).filter(|row| row.kind != IndicatorKind::Ratio) else { continue };
            let line = self.line("relations.csv", &[&row.child, &row.parent, id]);
            let mut warn = |rule: &'static str, what: String, why: &str, fix: &str| {
                problems.add(("relations.csv", line), rule, what, why, fix);
            };
            let same = |other: &&AreaRelation| {
                (&other.child, &other.parent, other.relation) == (&row.child, &row.parent, row.relation)
            };
            let general = relations.iter().map(|(_, other)| *other).filter(|other| other.indicator.is_none());
            let general: Vec<Span> = general.filter(same).map(span).collect();
            let counts = row.relation.counts();
            if indicator.over_areas == OverAreas::None {
                let what = format!("{} lies in {} for {id}, which does not combine over areas", row.child, row.parent);
                warn(
                    "row_without_effect",
                    what,
                    "nothing is added up for it",
                    "delete the row, or name another indicator",
                );
            } else if covers(&general, span(*row)) {
                let what = format!("{} lies in {} for {id}, and for every indicator", row.child, row.parent);
                warn(
                    "row_without_effect",
                    what,
                    "the row without an indicator says it already",
                    "delete one of the two",
                );
            } else if counts && !self.may_have_value(&row.child, id, &mut BTreeSet::new()) {
                let what = format!(
                    "{} is part_of {} for {id}, and nobody may report {id} for {}",
                    row.child, row.parent, row.child
                );
                let fix = "add a row to scopes.csv for the office that reports it, or delete this one";
                warn("part_without_value", what, "the sum would be incomplete for ever", fix);
            }
        }
        let members = effective(&self.group_members);
        for (_, row) in &members {
            let Some(id) = row.indicator.as_deref() else { continue };
            let Some(indicator) = self.indicator(id).filter(|row| row.kind != IndicatorKind::Ratio) else { continue };
            let line = self.line("group_members.csv", &[&row.group_id, &row.member, id]);
            let mut warn = |rule: &'static str, what: String, why: &str, fix: &str| {
                problems.add(("group_members.csv", line), rule, what, why, fix);
            };
            let general = members.iter().map(|(_, other)| *other).filter(|other| other.indicator.is_none());
            let general: Vec<Span> = general
                .filter(|other| (&other.group_id, &other.member) == (&row.group_id, &row.member))
                .map(span)
                .collect();
            if covers(&general, span(*row)) {
                let what = format!("{} is a member of {} for {id}, and for every indicator", row.member, row.group_id);
                warn(
                    "row_without_effect",
                    what,
                    "the row without an indicator says it already",
                    "delete one of the two",
                );
            } else if indicator.over_areas == OverAreas::Additive
                && !self.may_have_value(&row.member, id, &mut BTreeSet::new())
            {
                let what = format!(
                    "{} is a member of {} for {id}, and nobody may report {id} for {}",
                    row.member, row.group_id, row.member
                );
                let fix = "add a row to scopes.csv for the office that reports it, or delete this one";
                warn("part_without_value", what, "the sum would be incomplete for ever", fix);
            }
        }
    }

    /// Rules on sums, and ratios, whose two sides are added up over other areas.
    pub(super) fn warn_of_other_trees(&self, problems: &mut Problems) {
        let fix = "repeat the rows of relations.csv and group_members.csv for each of the indicators";
        for row in self.rules.iter().filter(|row| matches!(row.check, RuleCheck::Sum | RuleCheck::Stock)) {
            let with_groups = row.places != Some(RulePlaces::Areas);
            let whole = self.edges_for(&row.indicator, with_groups);
            for part in row.part_indicators() {
                let Some(place) =
                    self.place_of_difference(&whole, &self.edges_for(part, with_groups), row.ref_area.as_deref())
                else {
                    continue;
                };
                let what = format!("{} and {part} have other areas in {place}", row.indicator);
                let why = "where they are added up, what the rule finds is the areas and not a mistake";
                problems.add(("rules.csv", self.line("rules.csv", &[&row.rule])), "other_areas", what, why, fix);
            }
        }
        for row in self.indicators.iter().filter(|row| row.kind == IndicatorKind::Ratio) {
            let (Some(above), Some(below)) = (&row.numerator, &row.denominator) else { continue };
            let adds_up = |id: &str| self.indicator(id).is_some_and(|row| row.over_areas == OverAreas::Additive);
            if !adds_up(above) || !adds_up(below) {
                continue;
            }
            if let Some(place) =
                self.place_of_difference(&self.edges_for(above, true), &self.edges_for(below, true), None)
            {
                let what = format!("{above} and {below} have other areas in {place}");
                let why = "the ratio divides the sum of some areas by that of others";
                let line = self.line("indicators.csv", &[&row.indicator]);
                problems.add(("indicators.csv", line), "other_areas", what, why, fix);
            }
        }
    }

    fn edges_for(&self, indicator: &str, with_groups: bool) -> BTreeSet<Edge<'_>> {
        let of_it = |named: &Option<String>| named.as_deref() == Some(indicator);
        let relations = effective(&self.relations).into_iter().map(|(_, row)| row).filter(|row| of_it(&row.indicator));
        let relations = relations.map(|row| (&*row.child, &*row.parent, row.relation.counts(), span(row)));
        let members = effective(&self.group_members).into_iter().map(|(_, row)| row);
        let members = members.filter(|row| with_groups && of_it(&row.indicator));
        relations.chain(members.map(|row| (&*row.member, &*row.group_id, true, span(row)))).collect()
    }

    /// A place that one of two sets has otherwise than the other; of one place only this, or what lies above it.
    fn place_of_difference<'c>(
        &self,
        one: &BTreeSet<Edge<'c>>,
        other: &BTreeSet<Edge<'c>>,
        asked: Option<&str>,
    ) -> Option<&'c str> {
        let counted = one.symmetric_difference(other).filter(|edge| edge.2).map(|edge| edge.1);
        counted.into_iter().find(|place| asked.is_none_or(|asked| self.ever_lies_in(place, asked, 0)))
    }
}
