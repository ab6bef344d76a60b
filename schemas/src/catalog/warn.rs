//! What a catalog may say, but hardly means: it can be used, and something in it will never come to anything.

mod benchmarks;
mod reach;
mod rows;
mod trees;

use std::collections::BTreeSet;

use super::Catalog;
use super::codes::*;
use super::problem::{Problem, Problems};
use super::rows::*;
use super::span::{effective, latest, overlap, span};

impl Catalog {
    /// What is worth a look before the catalog is used. None of it keeps the catalog from being used.
    pub fn warnings(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        self.warn_of_relations(&mut problems);
        self.warn_of_indicators(&mut problems);
        self.warn_of_targets(&mut problems);
        self.warn_of_rules(&mut problems);
        self.warn_of_editions(&mut problems);
        self.warn_of_moves(&mut problems);
        self.warn_of_rows_for_ratios(&mut problems);
        self.warn_of_rule_parts(&mut problems);
        self.warn_of_rows_for_one(&mut problems);
        self.warn_of_other_trees(&mut problems);
        self.warn_of_benchmarks(&mut problems);
        self.warn_of_levels(&mut problems);
        self.warn_of_limits(&mut problems);
        problems.sorted()
    }

    fn warn_of_relations(&self, problems: &mut Problems) {
        let rows = effective(&self.relations);
        for (_, row) in rows.iter().filter(|(_, row)| !row.relation.counts()) {
            let is_twin = |other: &AreaRelation| {
                // What counts for every indicator counts for the one that the row names too.
                let of_it = other.indicator.is_none() || other.indicator == row.indicator;
                (&other.child, &other.parent) == (&row.child, &row.parent)
                    && of_it
                    && other.relation.counts()
                    && overlap(span(other), span(*row)).is_some()
            };
            if rows.iter().any(|(_, other)| is_twin(other)) {
                let what = format!("{} is part_of and within {}", row.child, row.parent);
                let fix = "keep the one that is meant: part_of counts upward, within never does";
                let why = "it counts upward, whatever the other row says";
                let line = self.line("relations.csv", &[&row.child, &row.parent, "within"]);
                problems.add(("relations.csv", line), "part_and_within", what, why, fix);
            }
        }
    }

    fn warn_of_indicators(&self, problems: &mut Problems) {
        let rows = latest(&self.indicators);
        let denominators: BTreeSet<&str> = rows.iter().filter_map(|(_, row)| row.denominator.as_deref()).collect();
        for (_, row) in &rows {
            let is_product = row.indicator == "gdp" || row.indicator.starts_with("gdp_");
            if row.over_areas == OverAreas::Additive && is_product && denominators.contains(row.indicator.as_str()) {
                let what = format!("{} is additive", row.indicator);
                let why = "the sum of the parts' product is not the region's: offices compute each by itself";
                let line = self.line("indicators.csv", &[&row.indicator]);
                problems.add(("indicators.csv", line), "additive_product", what, why, "write own_value");
            }
        }
    }

    fn warn_of_targets(&self, problems: &mut Problems) {
        for (_, row) in effective(&self.targets) {
            let judged =
                !matches!(row.strength, Strength::ReportOnly | Strength::Context) && row.target_value.is_some();
            let Some(indicator) = self.indicator(&row.indicator).filter(|_| judged) else { continue };
            let parts: Vec<&str> = match indicator.kind {
                IndicatorKind::Ratio => {
                    [&indicator.numerator, &indicator.denominator].into_iter().flatten().map(String::as_str).collect()
                }
                _ if indicator.is_reported() => vec![indicator.indicator.as_str()],
                _ => continue,
            };
            for part in parts.into_iter().filter(|part| !self.may_have_value(&row.ref_area, part, &mut BTreeSet::new()))
            {
                let what =
                    format!("{} can never be assessed: nobody may report {part} for {}", row.target_id, row.ref_area);
                let why = "its verdict would be not_reported or not_assessable for ever";
                let fix = "add a row to scopes.csv for the office that reports it, or make the target report_only";
                let line = self.line("targets.csv", &[&row.target_id]);
                problems.add(("targets.csv", line), "never_assessed", what, why, fix);
            }
        }
    }

    fn warn_of_rules(&self, problems: &mut Problems) {
        for row in &self.rules {
            let Some(indicator) = self.indicator(&row.indicator) else { continue };
            let line = self.line("rules.csv", &[&row.rule]);
            let mut never = |what: String, fix: &str| {
                let why = "the rule can never find anything";
                problems.add(("rules.csv", line), "never_finds", what, why, fix);
            };
            let is_area_sum = row.check == RuleCheck::AreaSum;
            if is_area_sum && indicator.over_areas == OverAreas::None {
                never(
                    format!("{} does not combine over areas", row.indicator),
                    "name an indicator that is additive or own_value",
                );
            }
            let holds = |only: &Option<String>| only.as_deref().is_none_or(|only| only == row.indicator);
            let parents: BTreeSet<&str> = effective(&self.relations)
                .into_iter()
                .filter(|(_, other)| other.relation.counts() && holds(&other.indicator))
                .map(|(_, other)| other.parent.as_str())
                .collect();
            if is_area_sum && row.ref_area.is_none() && parents.is_empty() && self.group_members.is_empty() {
                never(format!("no area is part_of another for {}", row.indicator), "add the areas that add up to it");
            }
            if let Some(area) = row.ref_area.as_deref() {
                let is_parent = parents.contains(area);
                let is_listed =
                    self.group_members.iter().any(|member| member.group_id == area && holds(&member.indicator));
                if is_area_sum && is_listed && !is_parent {
                    never(
                        format!("{area} is a group, and area_sum is asked of areas"),
                        "name an area; what a group's report differs by is the column residual of group_values",
                    );
                } else if is_area_sum && !is_parent {
                    never(format!("{area} has no parts"), "name an area that others are part_of");
                }
                if row.places == Some(RulePlaces::Areas) && self.groups.iter().any(|group| group.group_id == area) {
                    never(
                        format!("{area} is a group, and the rule is asked of areas only"),
                        "empty one of the two cells",
                    );
                }
                let known = |id: &str| self.may_have_value(area, id, &mut BTreeSet::new());
                let ratio = [&indicator.numerator, &indicator.denominator];
                let needs: Vec<&str> = match row.check {
                    RuleCheck::RatioParts => ratio.into_iter().flatten().map(String::as_str).collect(),
                    _ => std::iter::once(row.indicator.as_str()).chain(row.part_indicators()).collect(),
                };
                if let Some(unknown) = needs.into_iter().find(|id| !known(id)) {
                    never(
                        format!("nobody may report {unknown} for {area}"),
                        "add a row to scopes.csv, or name another area",
                    );
                }
            }
        }
    }

    /// Whether somebody may report an indicator for a place itself.
    fn may_be_reported(&self, place: &str, indicator: &str) -> bool {
        let allows = |scope: &Scope| {
            let names = scope.indicator == "*" || scope.indicator == indicator;
            names
                && match scope.ref_area.strip_suffix("/*") {
                    Some(outer) => self.ever_lies_in(place, outer, 0),
                    None => scope.ref_area == "*" || scope.ref_area == place,
                }
        };
        self.scopes.iter().any(allows)
    }

    /// Whether a place can have a value of an indicator: reported by somebody, or compiled from parts that can.
    fn may_have_value<'c>(&'c self, place: &'c str, indicator: &str, seen: &mut BTreeSet<&'c str>) -> bool {
        if !seen.insert(place) {
            return false;
        }
        if self.may_be_reported(place, indicator) {
            return true;
        }
        let holds = |only: &Option<String>| only.as_deref().is_none_or(|only| only == indicator);
        let is_additive = self.indicator(indicator).is_some_and(|row| row.over_areas != OverAreas::OwnValue);
        let children = self.relations.iter().filter(|row| row.parent == place && row.relation.counts());
        let children = children.filter(|row| holds(&row.indicator)).map(|row| row.child.as_str());
        // Of members that may overlap no sum is made.
        let adds_up = self.groups.iter().all(|row| row.group_id != place || row.overlap != Overlap::Unknown);
        let members = self.group_members.iter().filter(|row| adds_up && row.group_id == place && holds(&row.indicator));
        let mut below = children.chain(members.map(|row| row.member.as_str()));
        is_additive && below.any(|part| self.may_have_value(part, indicator, seen))
    }

    fn ever_lies_in(&self, place: &str, outer: &str, depth: usize) -> bool {
        let mut up = self.relations.iter().filter(|row| row.child == place);
        place == outer || (depth < self.areas.len() && up.any(|row| self.ever_lies_in(&row.parent, outer, depth + 1)))
    }

    /// The line of a file that has all of these cells; 0 if none has.
    fn line(&self, file: &str, cells: &[&str]) -> u64 {
        let text = self.files.get(file).map_or("", String::as_str);
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let has =
            |record: &csv::StringRecord| cells.iter().all(|cell| record.iter().any(|other| other.trim() == *cell));
        let found = reader.records().filter_map(Result::ok).find(has);
        found.and_then(|record| record.position().map(csv::Position::line)).unwrap_or_default()
    }
}
