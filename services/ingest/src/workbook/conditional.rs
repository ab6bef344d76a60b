//! Conditional formats of a sheet, as far as they change what a cell shows. A condition that is not simple may hold.

use quick_xml::events::BytesStart;

use super::book::{Book, relations};
use super::number::Parts;
use super::package::Package;
use super::places::{Block, CellAt};
use super::styles::{Change, Colour, Palette, Style, Styles};
use super::xml::{Piece, Xml, attribute, flag, number};
use crate::problems::Problems;

/// What tells our own marks.
const OURS: &str = "N(\"helan\")=0";

/// Conditional formats of one sheet: each is looked at for each cell.
pub(super) const MOST_RULES: usize = 1_000;

/// A rule for some cells.
#[derive(Clone, Debug, Default)]
pub(super) struct Rule {
    blocks: Vec<Block>,
    /// Number of the format that it puts on them.
    pub(super) format: Option<u32>,
    /// What it puts on them, where the rule says so itself: newer rules do.
    own: Option<Change>,
    /// Colours that it may put behind the number: those of a scale or a bar.
    grounds: Vec<Colour>,
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

    /// What it changes.
    pub(super) fn change<'s>(&'s self, styles: &'s Styles) -> Option<&'s Change> {
        self.own.as_ref().or_else(|| styles.change(self.format?))
    }

    /// Whether a number in a style cannot be seen on a colour of its scale.
    pub(super) fn covers(&self, style: &Style) -> bool {
        self.grounds.iter().any(|ground| ground.looks_like(&style.colour))
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
    /// How many rules there were before those whose cells are named behind them.
    before: usize,
    /// What is read: a rule, its change, a limit of its scale; a formula, the cells of rules.
    in_rule: bool,
    in_change: bool,
    in_limit: bool,
    in_formula: bool,
    cells: Option<String>,
}

impl Rules {
    pub(super) fn start(&mut self, start: &BytesStart<'_>, empty: bool, palette: &Palette) {
        match start.local_name().as_ref() {
            "conditionalFormatting" => {
                self.blocks = blocks(&attribute(start, "sqref").unwrap_or_default());
                self.before = self.rules.len();
            }
            "sqref" => self.cells = Some(String::new()),
            "dxf" if self.in_rule && !empty => {
                self.in_change = true;
                if let Some(rule) = self.rules.last_mut() {
                    rule.own = Some(Change::default());
                }
            }
            _ if self.in_change => {
                if let Some(change) = self.rules.last_mut().and_then(|rule| rule.own.as_mut()) {
                    change.take(start, palette);
                }
            }
            "cfvo" => self.in_limit = !empty,
            "color" | "fillColor" if self.in_rule => {
                if let Some(rule) = self.rules.last_mut() {
                    rule.grounds.extend(Colour::of(start, palette));
                }
            }
            "cfRule" => {
                let compares = attribute(start, "type").as_deref() == Some("cellIs");
                self.rules.push(Rule {
                    blocks: self.blocks.clone(),
                    format: number(start, "dxfId"),
                    operator: attribute(start, "operator").filter(|_| compares),
                    ..Rule::default()
                });
                self.in_rule = !empty;
            }
            "iconSet" | "dataBar" => {
                let shows = attribute(start, "showValue").is_none() || flag(start, "showValue");
                if let Some(rule) = self.rules.last_mut().filter(|_| !shows) {
                    rule.replaces = true;
                }
            }
            "formula" | "f" if self.in_rule && !self.in_limit => {
                self.in_formula = !empty;
                if let Some(rule) = self.rules.last_mut() {
                    rule.formulas.push(String::new());
                }
            }
            _ => {}
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        if let Some(cells) = &mut self.cells {
            cells.push_str(text);
        }
        let rule = self.rules.last_mut().filter(|_| self.in_formula);
        if let Some(formula) = rule.and_then(|rule| rule.formulas.last_mut()) {
            formula.push_str(text);
        }
    }

    pub(super) fn end(&mut self, name: &str) {
        match name {
            "formula" | "f" => self.in_formula = false,
            "cfvo" => self.in_limit = false,
            "dxf" => self.in_change = false,
            "cfRule" => self.in_rule = false,
            "sqref" => {
                let blocks = blocks(&self.cells.take().unwrap_or_default());
                // Data validations have such an element too, and stand behind no rules.
                self.rules.iter_mut().skip(self.before).for_each(|rule| rule.blocks.clone_from(&blocks));
            }
            "conditionalFormatting" => self.before = self.rules.len(),
            _ => {}
        }
    }

    /// The rules that change what cells show, without our own marks.
    pub(super) fn rules(self) -> Vec<Rule> {
        let ours = |rule: &Rule| rule.formulas.first().is_some_and(|text| text == OURS);
        let changes =
            |rule: &Rule| rule.format.is_some() || rule.own.is_some() || !rule.grounds.is_empty() || rule.replaces;
        self.rules.into_iter().filter(|rule| changes(rule) && !ours(rule)).collect()
    }
}

/// What the workbook's own styles of tables change on the cells of a sheet; those that come with programs hide nothing.
pub(super) fn of_tables(package: &mut Package<'_>, book: &Book, sheet: &str) -> Result<Vec<Rule>, Problems> {
    let mut rules = Vec::new();
    for table in relations(package, sheet)?.iter().filter(|relation| relation.kind == "table") {
        if !package.has(&table.target) {
            continue;
        }
        let text = package.text(&table.target)?;
        let mut xml = Xml::new(&table.target, &text);
        let mut cells = None;
        while let Some(piece) = xml.next()? {
            let Piece::Start(start, _) = piece else { continue };
            match start.local_name().as_ref() {
                "table" => cells = attribute(&start, "ref").and_then(|text| Block::parse(&text)),
                "tableStyleInfo" => {
                    let changes = book.styles.table(&attribute(&start, "name").unwrap_or_default());
                    let cells = cells.filter(|_| rules.len() < MOST_RULES);
                    rules.extend(cells.into_iter().flat_map(|cells| {
                        changes.iter().map(move |change| Rule {
                            blocks: vec![cells],
                            format: Some(*change),
                            ..Rule::default()
                        })
                    }));
                }
                _ => {}
            }
        }
    }
    Ok(rules)
}

fn blocks(cells: &str) -> Vec<Block> {
    cells.split_whitespace().filter_map(Block::parse).collect()
}
