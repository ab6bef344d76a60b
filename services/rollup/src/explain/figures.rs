//! Nodes of ratios and targets, above the places.

use std::collections::BTreeSet;

use helan_query::literal;

use crate::error::RollupError;
use crate::explain::facts::{At, Cell, Facts};
use crate::explain::node::Node;
use crate::explain::places::{facts, get};
use crate::rows::Row;
use crate::words;

/// A ratio's row, with the period of its earlier denominator where it takes one.
pub(crate) struct Ratio {
    row: Row,
    previous: Option<String>,
    printed: Vec<Row>,
}

/// A target's rows.
pub(crate) struct Target {
    pub(crate) quota: Row,
    row: Row,
    readings: Vec<Row>,
    /// Areas and indicators that it counts, where it counts k of n.
    parts: Vec<(String, String)>,
}

/// What somebody printed of a figure, beside what is computed.
pub(crate) async fn printed(at: &At<'_>, cell: &Cell) -> Result<Vec<Row>, RollupError> {
    at.rows(&format!("select * from printed_figures where {} order by edition, reporter", about(cell))).await
}

/// The nodes of what was printed: compared, and in no number.
pub(crate) fn printed_nodes(facts_of: &Facts, cell: &Cell, rows: &[Row]) -> Vec<Node> {
    let node = |row: &Row| Node {
        // The digits as printed, where they are in the plain unit.
        value: row.get(if get(row, "unit_mult") == "0" { "printed" } else { "printed_amount" }).cloned(),
        status: get(row, "comparison").to_owned(),
        facts: facts(
            row,
            &[
                "printed",
                "unit_mult",
                "edition",
                "reporter",
                "computed",
                "difference",
                "source",
                "id",
                "known_at",
                "note",
            ],
        ),
        rules: vec![1, 7, 10],
        ..facts_of.node("printed", "printed", cell)
    };
    rows.iter().map(node).collect()
}

fn about(cell: &Cell) -> String {
    format!(
        "ref_area = {} and indicator = {} and time_period = {}",
        literal(&cell.0),
        literal(&cell.1),
        literal(&cell.2)
    )
}

impl Ratio {
    pub(crate) async fn read(at: &At<'_>, cell: &Cell) -> Result<Option<Self>, RollupError> {
        let Some(row) = at.first(&format!("select * from ratios where {}", about(cell))).await? else {
            return Ok(None);
        };
        let mut previous = None;
        if get(&row, "denominator_date") != "same_end" {
            let text = format!(
                "select time_period from place_values where ref_area = {} and indicator = {} and period_kind = {} and \
                 cast(period_end + interval '1 day' as date) = date {}",
                literal(&cell.0),
                literal(get(&row, "denominator_indicator")),
                literal(get(&row, "period_kind")),
                literal(get(&row, "period_start"))
            );
            previous = at.first(&text).await?.map(|row| get(&row, "time_period").to_owned());
        }
        let printed = printed(at, cell).await?;
        Ok(Some(Self { row, previous, printed }))
    }

    /// Indicators and periods below it.
    pub(crate) fn needs(&self, cell: &Cell) -> (BTreeSet<String>, BTreeSet<String>) {
        let indicators = ["numerator_indicator", "denominator_indicator"].map(|name| get(&self.row, name).to_owned());
        let mut periods = BTreeSet::from([cell.2.clone()]);
        periods.extend(self.previous.clone());
        (indicators.into(), periods)
    }

    pub(crate) fn node(&self, facts_of: &Facts, cell: &Cell, role: &'static str) -> Node {
        let row = &self.row;
        let mut node = facts_of.node("ratio", role, cell);
        node.value = row.get("value").cloned();
        node.status = get(row, "status").to_owned();
        let date = get(row, "denominator_date");
        node.formula = Some(format!(
            "{} × {} ÷ {}{}",
            get(row, "numerator_indicator"),
            get(row, "factor"),
            get(row, "denominator_indicator"),
            if date == "same_end" { String::new() } else { format!(" ({date})") }
        ));
        node.facts = facts(
            row,
            &[
                "numerator",
                "denominator",
                "factor",
                "denominator_date",
                "numerator_vintage",
                "denominator_vintage",
                "numerator_basis",
                "denominator_basis",
                "numerator_edition",
                "denominator_edition",
                "paired_edition",
                "coverage_reported",
                "coverage_expected",
                "missing_zh",
                "missing_en",
                "shown",
            ],
        );
        node.rules = vec![1, 7, 10];
        let denominator = get(row, "denominator_indicator").to_owned();
        if facts_of.indicators.get(&denominator).is_some_and(|row| get(row, "over_areas") == "own_value") {
            node.rules = vec![1, 2, 7, 10];
        }
        match node.status.as_str() {
            "partial" => node.marks.push("partial"),
            "carried" => node.marks.push("carried"),
            _ => {}
        }
        if get(row, "demo") == "true" {
            node.marks.push("demo");
        }
        if let Some(edition) = row.get("paired_edition") {
            let numerator = (cell.0.clone(), get(row, "numerator_indicator").to_owned(), cell.2.clone());
            node.children.push(facts_of.in_edition(&numerator, edition, "numerator"));
            let same = (date != "previous_end").then(|| cell.2.clone());
            for period in same.into_iter().chain(self.previous.clone()) {
                let part = (cell.0.clone(), denominator.clone(), period);
                node.children.push(facts_of.in_edition(&part, edition, "denominator"));
            }
            node.children.extend(printed_nodes(facts_of, cell, &self.printed));
            return node;
        }
        let numerator = (cell.0.clone(), get(row, "numerator_indicator").to_owned(), cell.2.clone());
        node.children.push(facts_of.place(&numerator, "numerator"));
        if date != "previous_end" {
            node.children.push(facts_of.place(&(cell.0.clone(), denominator.clone(), cell.2.clone()), "denominator"));
        }
        if let Some(previous) = &self.previous {
            node.children.push(facts_of.place(&(cell.0.clone(), denominator, previous.clone()), "denominator"));
        }
        node.children.extend(printed_nodes(facts_of, cell, &self.printed));
        node
    }
}

impl Target {
    pub(crate) async fn read(at: &At<'_>, target: &str, area: &str) -> Result<Option<Self>, RollupError> {
        let of = format!("target_id = {} and ref_area = {}", literal(target), literal(area));
        let Some(quota) = at.first(&format!("select * from quota_fulfilment where {of}")).await? else {
            return Ok(None);
        };
        let row = at.first(&format!("select * from target_rows where {of}")).await?.unwrap_or_default();
        let readings =
            at.rows(&format!("select * from target_readings where {of} order by is_current desc, reading")).await?;
        let parts = match get(&row, "measure") {
            "items" => {
                let text = format!(
                    "select indicator from indicators where member_of = {} order by indicator",
                    literal(get(&row, "indicator"))
                );
                let items = at.rows(&text).await?;
                items.iter().map(|item| (area.to_owned(), get(item, "indicator").to_owned())).collect()
            }
            "members" => {
                let text = format!(
                    "select ref_area, indicator from target_rows where target_id = {} and is_member order by ref_area",
                    literal(target)
                );
                let members = at.rows(&text).await?;
                members.iter().map(|row| (get(row, "ref_area").to_owned(), get(row, "indicator").to_owned())).collect()
            }
            _ => Vec::new(),
        };
        Ok(Some(Self { quota, row, readings, parts }))
    }

    pub(crate) fn cell(&self) -> Cell {
        let text = |name: &str| get(&self.row, name).to_owned();
        (text("ref_area"), text("indicator"), text("time_period"))
    }

    pub(crate) fn is_ratio(&self) -> bool {
        get(&self.row, "measure") == "ratio"
    }

    pub(crate) fn needs(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        let (_, indicator, period) = self.cell();
        let mut indicators: BTreeSet<String> = self.parts.iter().map(|(_, indicator)| indicator.clone()).collect();
        indicators.insert(indicator);
        (indicators, BTreeSet::from([period]))
    }

    pub(crate) fn node(&self, facts_of: &Facts, ratio: Option<&Ratio>) -> Node {
        let cell = self.cell();
        let quota = &self.quota;
        let mut node = facts_of.node("target", "figure", &cell);
        node.target_id = quota.get("target_id").cloned();
        node.value = quota.get("actual_value").cloned();
        node.unit_zh = get(quota, "unit_text").to_owned();
        node.unit_en = node.unit_zh.clone();
        node.status = get(quota, "verdict").to_owned();
        let (comparator, target) = (get(quota, "comparator"), get(quota, "target_value"));
        let actual = node.value.as_deref().unwrap_or("–");
        node.formula_zh =
            Some(format!("实际 {actual}，目标{} {target}", words::comparator(comparator).0).trim_end().to_owned());
        node.formula = Some(format!("actual {actual} {comparator} {target}").trim_end().to_owned());
        node.facts = facts(
            quota,
            &[
                "comparator",
                "target_value",
                "strength",
                "fulfilment",
                "reason_zh",
                "reason_en",
                "reason_code",
                "vintage",
                "coverage_reported",
                "coverage_expected",
                "due_at",
                "owner",
                "kind",
            ],
        );
        for reading in &self.readings {
            node.facts.push(("reading", format!("{} → {}", get(reading, "reading"), get(reading, "verdict"))));
        }
        node.rules = vec![5, 8, 9, 10];
        if get(&self.row, "measure") == "members" {
            // k of n uses all members, those that lie in others too.
            node.rules.insert(0, 4);
        }
        if get(quota, "sensitive") == "true" {
            node.marks.push("sensitive");
        }
        if node.status == "partial" {
            node.marks.push("partial");
        }
        if get(quota, "demo") == "true" {
            node.marks.push("demo");
        }
        match ratio {
            Some(ratio) => node.children.push(ratio.node(facts_of, &cell, "part")),
            None if self.is_ratio() => {}
            None => {
                if self.parts.is_empty() || facts_of.areas.contains_key(&cell) || facts_of.groups.contains_key(&cell) {
                    node.children.push(facts_of.place(&cell, "part"));
                }
                for (area, indicator) in &self.parts {
                    node.children.push(facts_of.place(&(area.clone(), indicator.clone(), cell.2.clone()), "item"));
                }
            }
        }
        node
    }
}
