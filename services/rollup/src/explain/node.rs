//! A node of an explanation: a figure with what it was made from.

use serde_json::{Value, json};

/// One figure, or one event, in the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// target, ratio, area, group, period, residual, printed, event, nothing.
    pub kind: &'static str,
    /// What it is to its parent: figure (the root), numerator, denominator, child, member, listed (counted, not added),
    /// item, reported, cross_check, part, event, not_counted, residual, printed.
    pub role: &'static str,
    /// Target id, at a target.
    pub target_id: Option<String>,
    /// Area or group code.
    pub ref_area: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// Indicator id.
    pub indicator: String,
    /// Its name in Chinese.
    pub indicator_zh: String,
    /// Its name in English.
    pub indicator_en: String,
    /// SDMX time period.
    pub time_period: String,
    /// The number, in `unit`, all its digits; none where there is none.
    pub value: Option<String>,
    /// Unit in Chinese.
    pub unit_zh: String,
    /// Unit in English.
    pub unit_en: String,
    /// Status of the value, or verdict.
    pub status: String,
    /// How the value was got, as a formula over the children.
    pub formula: Option<String>,
    /// The same in Chinese, where it has words.
    pub formula_zh: Option<String>,
    /// What a reader must not miss: partial, carried, demo, estimated, withdrawn, outranked, superseded, late, sensitive.
    pub marks: Vec<&'static str>,
    /// Everything else, by the columns' names.
    pub facts: Vec<(&'static str, String)>,
    /// Numbers of the roll-up rules that acted here.
    pub rules: Vec<u8>,
    /// What it was made from.
    pub children: Vec<Node>,
}

impl Node {
    /// The node as JSON; digits are texts.
    pub fn to_json(&self) -> Value {
        let facts: serde_json::Map<_, _> =
            self.facts.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        json!({
            "kind": self.kind, "role": self.role, "target_id": self.target_id, "ref_area": self.ref_area,
            "name_zh": self.name_zh, "name_en": self.name_en, "indicator": self.indicator,
            "indicator_zh": self.indicator_zh, "indicator_en": self.indicator_en, "time_period": self.time_period,
            "value": self.value, "unit_zh": self.unit_zh, "unit_en": self.unit_en, "status": self.status,
            "formula": self.formula, "formula_zh": self.formula_zh, "marks": self.marks, "facts": facts, "rules": self.rules,
            "children": self.children.iter().map(Self::to_json).collect::<Vec<_>>(),
        })
    }

    /// The rules that acted here or below, in order.
    pub fn all_rules(&self) -> std::collections::BTreeSet<u8> {
        let mut rules: std::collections::BTreeSet<u8> = self.rules.iter().copied().collect();
        for child in &self.children {
            rules.extend(child.all_rules());
        }
        rules
    }

    /// Events below that are in the number: not those of cross-checks, and not those that do not count.
    pub fn events(&self) -> usize {
        if matches!(self.role, "cross_check" | "listed" | "not_counted") {
            return 0;
        }
        let own = usize::from(self.kind == "event" && matches!(self.role, "event" | "numerator" | "denominator"));
        own + self.children.iter().map(Self::events).sum::<usize>()
    }
}
