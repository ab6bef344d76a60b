//! Conditional formats of a sheet, as far as they change what a cell shows. A condition that is not simple may hold.

use quick_xml::events::BytesStart;

use super::number::Parts;
use super::places::{Block, CellAt};
use super::xml::{attribute, flag, number};

/// What tells our own marks.
const OURS: &str = "N(\"helan\")=0";

/// A rule for some cells.
#[derive(Clone, Debug, Default)]
pub(super) struct Rule {
    blocks: Vec<Block>,
    /// Number of the format that it puts on them.
    pub(super) format: Option<u32>,
    /// It draws a bar or an icon in the place of the number.
    pub(super) replaces: bool,
    /// The comparison of a rule that compares.
    operator: Option<String>,
    formulas: Vec<String>,
}

impl Rule {
    /// Whether the rule may change a cell that holds a number, or something else.
    pub(super) fn may_change(&self, at: CellAt, value: Option<&Parts>) -> bool {
        self.blocks.iter().any(|block| block.holds(at)) && self.holds(value) != Some(false)
    }

    /// Whether its condition holds; none where only a spreadsheet program can say.
    fn holds(&self, value: Option<&Parts>) -> Option<bool> {
        let operator = self.operator.as_deref()?;
        let value = value?;
        let limit = |at: usize| self.formulas.get(at).and_then(|text| Parts::of(text.trim()));
        let first = value.compared(&limit(0)?);
        let between = || Some(first.is_ge() && value.compared(&limit(1)?).is_le());
        Some(match operator {
            "equal" => first.is_eq(),
            "notEqual" => first.is_ne(),
            "lessThan" => first.is_lt(),
            "lessThanOrEqual" => first.is_le(),
            "greaterThan" => first.is_gt(),
            "greaterThanOrEqual" => first.is_ge(),
            "between" => between()?,
            "notBetween" => !between()?,
            _ => return None,
        })
    }
}

/// Collects the rules of a sheet.
#[derive(Default)]
pub(super) struct Rules {
    blocks: Vec<Block>,
    rules: Vec<Rule>,
    in_formula: bool,
}

impl Rules {
    pub(super) fn start(&mut self, start: &BytesStart<'_>, empty: bool) {
        match start.local_name().as_ref() {
            "conditionalFormatting" => {
                let cells = attribute(start, "sqref").unwrap_or_default();
                self.blocks = cells.split_whitespace().filter_map(Block::parse).collect();
            }
            "cfRule" => {
                let compares = attribute(start, "type").as_deref() == Some("cellIs");
                self.rules.push(Rule {
                    blocks: self.blocks.clone(),
                    format: number(start, "dxfId"),
                    operator: attribute(start, "operator").filter(|_| compares),
                    ..Rule::default()
                });
            }
            "iconSet" | "dataBar" => {
                let shows = attribute(start, "showValue").is_none() || flag(start, "showValue");
                if let Some(rule) = self.rules.last_mut().filter(|_| !shows) {
                    rule.replaces = true;
                }
            }
            "formula" => {
                self.in_formula = !empty;
                if let Some(rule) = self.rules.last_mut() {
                    rule.formulas.push(String::new());
                }
            }
            _ => {}
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        let rule = self.rules.last_mut().filter(|_| self.in_formula);
        if let Some(formula) = rule.and_then(|rule| rule.formulas.last_mut()) {
            formula.push_str(text);
        }
    }

    pub(super) fn end(&mut self, name: &str) {
        if name == "formula" {
            self.in_formula = false;
        }
    }

    /// The rules that change what cells show, without our own marks.
    pub(super) fn rules(self) -> Vec<Rule> {
        let ours = |rule: &Rule| rule.formulas.first().is_some_and(|text| text == OURS);
        let changes = |rule: &Rule| rule.format.is_some() || rule.replaces;
        self.rules.into_iter().filter(|rule| changes(rule) && !ours(rule)).collect()
    }
}
