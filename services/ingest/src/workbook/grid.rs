//! The numbers and formulas of a workbook's sheets, so that a saved result can be compared with what its formula comes to.

use std::cell::Cell;
use std::collections::HashMap;

use super::book::Book;
use super::formula::{Cells, Formula, Held, Value, value};
use super::package::Package;
use super::places::CellAt;
use super::sheet::Content;
use super::xml::{Piece, Xml, attribute, number};
use crate::problems::Problems;

/// Cells that are kept; of a workbook with more, no result but a constant's is compared.
const MOST_CELLS: usize = 100_000;
/// What a cell takes in memory, beside its formula's text.
const CELL_BYTES: usize = 160;
/// Cells and numbers that are looked at for all results of a workbook; later ones are taken as they were saved.
const MOST_STEPS: u32 = 5_000_000;

/// Every cell that holds something, by sheet.
#[derive(Debug)]
pub(super) struct Grid {
    sheets: Vec<(String, HashMap<CellAt, Held>)>,
    /// The last row of each that holds something.
    last_rows: Vec<u32>,
    from_1904: bool,
    /// Results count as they were saved where nothing here can compute them.
    trusts_saved: bool,
    left: Cell<u32>,
}

impl Default for Grid {
    fn default() -> Self {
        Self {
            sheets: Vec::new(),
            last_rows: Vec::new(),
            from_1904: false,
            trusts_saved: true,
            left: Cell::new(MOST_STEPS),
        }
    }
}

impl Grid {
    /// Reads the sheet whose text is given, and the others where a formula names one; empty without formulas, or where
    /// there are too many cells.
    pub(super) fn read(package: &mut Package<'_>, book: &Book, part: &str, text: &str) -> Result<Self, Problems> {
        let trusts_saved = book.uncomputed.is_none();
        let mut grid = Self { from_1904: book.from_1904, trusts_saved, ..Self::default() };
        if !text.contains("<f") && !text.contains(":f") {
            return Ok(grid);
        }
        let mut room = MOST_CELLS;
        // Before they are made: at most one for each element.
        let held = |text: &str| text.matches("<c ").count().min(MOST_CELLS) * CELL_BYTES;
        package.hold(held(text))?;
        let own = book.sheets.iter().find(|sheet| sheet.part == part).map_or("", |sheet| sheet.name.as_str());
        let mut all = vec![(key(own), cells(part, text, trusts_saved, &mut room)?)];
        let names_others =
            all[0].1.values().any(|held| matches!(held, Held::Formula(one, _) if one.text.contains('!')));
        for sheet in book.sheets.iter().filter(|sheet| names_others && sheet.part != part) {
            // What cannot be read is not known; the sheet that is reported has its own bounds.
            let Ok(text) = package.text(&sheet.part) else { return Ok(grid) };
            package.hold(held(&text))?;
            all.push((key(&sheet.name), cells(&sheet.part, &text, trusts_saved, &mut room)?));
        }
        if room > 0 {
            grid.last_rows =
                all.iter().map(|(_, cells)| cells.keys().map(|at| at.row).max().unwrap_or_default()).collect();
            grid.sheets = all;
        }
        Ok(grid)
    }

    fn kept(&self, at: CellAt) -> Option<&Formula> {
        match self.get(0, at) {
            Some(Held::Formula(formula, _)) => Some(formula),
            _ => None,
        }
    }

    /// Whether the saved result of a formula that is not computed here counts: not of one that names no cell, since nothing else
    /// says what it would come to.
    pub(super) fn may_be_saved(&self, at: CellAt, formula: &str) -> bool {
        let given = Formula::read(formula);
        self.kept(at).or(given.as_ref()).is_none_or(|formula| !formula.is_constant())
    }

    /// Whether a saved result is what a formula comes to; nothing where that is not known here.
    pub(super) fn comes_to(&self, at: CellAt, formula: &str, saved: &Content) -> Option<bool> {
        let given = Formula::read(formula);
        let (value, largest) = value(self.kept(at).or(given.as_ref())?, (0, at), self)?;
        let is = |number: f64, saved: &str| {
            figure(saved).is_some_and(|saved| (number - saved).abs() <= largest.max(saved.abs()) * 1e-11)
        };
        Some(match (value, saved) {
            (Value::Error, Content::Error(_)) => true,
            (Value::Truth(truth), Content::Bool(saved)) => truth == *saved,
            (Value::Text(text), Content::Empty) => text.trim().is_empty(),
            // A number is the same in quotes.
            (Value::Text(text), Content::Text(saved) | Content::Number(saved)) => {
                text.trim() == saved.as_str() || figure(&text).is_some_and(|number| figure(saved) == Some(number))
            }
            (Value::Number(number), Content::Text(saved) | Content::Number(saved)) => is(number, saved),
            (Value::Blank, Content::Text(saved) | Content::Number(saved)) => is(0.0, saved),
            // An error is told as what it is.
            (_, Content::Error(_)) => true,
            _ => false,
        })
    }
}

/// The number that a text is; none where it is no finite one.
fn figure(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

impl Cells for Grid {
    fn sheet(&self, name: &str) -> Option<usize> {
        self.sheets.iter().position(|(known, _)| *known == key(name))
    }

    fn get(&self, sheet: usize, at: CellAt) -> Option<&Held> {
        self.sheets.get(sheet)?.1.get(&at)
    }

    fn last_row(&self, sheet: usize) -> Option<u32> {
        self.last_rows.get(sheet).copied()
    }

    fn is_known(&self) -> bool {
        !self.sheets.is_empty()
    }

    fn counts_from_1904(&self) -> bool {
        self.from_1904
    }

    fn trusts_saved(&self) -> bool {
        self.trusts_saved
    }

    fn left(&self) -> &Cell<u32> {
        &self.left
    }
}

/// A sheet's name as formulas may write it.
fn key(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

fn cells(part: &str, text: &str, trusts_saved: bool, room: &mut usize) -> Result<HashMap<CellAt, Held>, Problems> {
    let mut xml = Xml::new(part, text);
    let mut cells = HashMap::new();
    let mut shared: HashMap<String, (Formula, CellAt)> = HashMap::new();
    // Cells that share a formula which is written further on.
    let mut sharing: Vec<(CellAt, String)> = Vec::new();
    let (mut row, mut column) = (0, 0);
    let (mut at, mut kind, mut within) = (None::<CellAt>, String::new(), "");
    let (mut saved, mut formula) = (None::<String>, None::<(String, Option<String>, bool)>);
    while let Some(piece) = xml.next()? {
        match piece {
            Piece::Start(start, empty) => match start.local_name().as_ref() {
                "row" => {
                    row = number(&start, "r").unwrap_or(row + 1);
                    column = 0;
                }
                "c" => {
                    let named = attribute(&start, "r").and_then(|text| CellAt::parse(&text));
                    at = named.or(Some(CellAt { row, column: column + 1 }));
                    column = at.map_or(column + 1, |at| at.column);
                    kind = attribute(&start, "t").unwrap_or_default();
                    (saved, formula) = (None, None);
                    if empty {
                        at = None;
                    }
                }
                "v" if at.is_some() => within = if empty { "" } else { "v" },
                "is" if at.is_some() => kind = "inlineStr".to_owned(),
                "f" if at.is_some() => {
                    // Of arrays and tables of data nothing is computed here.
                    let plain = attribute(&start, "t").is_none_or(|kind| matches!(kind.as_str(), "shared" | "normal"));
                    formula = Some((String::new(), attribute(&start, "si"), plain));
                    within = if empty { "" } else { "f" };
                }
                _ => {}
            },
            Piece::Text(text) if within == "v" => saved.get_or_insert_default().push_str(&text),
            Piece::Text(text) if within == "f" => {
                if let Some((formula, ..)) = &mut formula {
                    formula.push_str(&text);
                }
            }
            Piece::End(name) if name == "c" => {
                let Some(at) = at.take() else { continue };
                let figure = saved
                    .take()
                    .filter(|_| matches!(kind.as_str(), "" | "n"))
                    .and_then(|text| text.trim().parse().ok());
                let plain = match (kind.as_str(), figure) {
                    (_, Some(figure)) => Held::Number(figure),
                    ("" | "n", None) => Held::Blank,
                    // An error is of no number, whatever counts on it.
                    ("e", None) => Held::Number(f64::NAN),
                    ("b" | "d", None) => Held::Other,
                    (_, None) => Held::Text,
                };
                let held = match formula.take() {
                    None => plain,
                    Some((_, _, false)) if trusts_saved => plain,
                    Some((_, _, false)) => Held::Other,
                    Some((text, index, true)) => {
                        let first = match (Formula::read(&text), index) {
                            (_, Some(index)) if text.is_empty() => {
                                let first = shared.get(&index).cloned();
                                if first.is_none() {
                                    sharing.push((at, index));
                                }
                                first
                            }
                            (Some(formula), Some(index)) => Some(shared.entry(index).or_insert((formula, at)).clone()),
                            (formula, _) => formula.map(|formula| (formula, at)),
                        };
                        match first {
                            None => plain,
                            Some(first) => Held::Formula(shifted(first, at), Box::new(plain)),
                        }
                    }
                };
                *room = room.saturating_sub(1);
                if *room == 0 {
                    return Ok(HashMap::new());
                }
                cells.insert(at, held);
            }
            Piece::End(name) if name == within => within = "",
            Piece::End(name) if name == "sheetData" => break,
            Piece::Text(_) | Piece::End(_) => {}
        }
    }
    for (at, index) in sharing {
        // What is written nowhere comes to nothing that could have been saved.
        let formula = shared.get(&index).map(|first| shifted(first.clone(), at)).or_else(|| Formula::read("0/0"));
        if let (Some(formula), Some(held)) = (formula, cells.get_mut(&at)) {
            let plain = std::mem::replace(held, Held::Blank);
            *held = Held::Formula(formula, Box::new(plain));
        }
    }
    Ok(cells)
}

/// A formula as it is for another cell that shares it.
fn shifted((formula, from): (Formula, CellAt), at: CellAt) -> Formula {
    let by = |to: u32, from: u32| i64::from(to) - i64::from(from);
    Formula { shift: (by(at.row, from.row), by(at.column, from.column)), ..formula }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agrees(grid: &Grid, at: CellAt, formula: &str, saved: &str) -> bool {
        let saved = match saved {
            "" => Content::Empty,
            error if error.starts_with('#') => Content::Error(error.to_owned()),
            number if figure(number).is_some() => Content::Number(number.to_owned()),
            text => Content::Text(text.to_owned()),
        };
        grid.comes_to(at, formula, &saved).unwrap_or_else(|| grid.may_be_saved(at, formula))
    }

    #[test]
    fn a_saved_result_is_what_the_formula_says_or_counts_for_nothing() {
        let at = CellAt { row: 1, column: 1 };
        let grid = Grid::default();
        for (formula, saved, expected) in [
            ("\"45\"", "45", true),
            ("\"45\"", "0", false),
            ("IF(1=1,45,0)", "0", false),
            ("ROUNDUP(44.1,0)", "45", true),
            ("ROUNDUP(44.1,0)", "0", false),
            ("\"x\"&\"y\"", "xy", true),
            ("\"x\"&\"y\"", "0", false),
            ("\"\"", "", true),
            ("1=1", "0", false),
            ("DATE(2019,8,30)", "43707", true),
            // Nothing but the formula says what these come to.
            ("TEXT(45,\"0\")", "45", false),
            ("RAND()", "0.5", false),
            // Cells that are not known may say it.
            ("VLOOKUP(A1,B1:C9,2)", "45", true),
            ("INDIRECT(\"A1\")", "45", true),
            ("GDP", "45", true),
        ] {
            assert_eq!(agrees(&grid, at, formula, saved), expected, "{formula} {saved:?}");
        }
        let truth = |formula: &str| grid.comes_to(at, formula, &Content::Bool(true));
        assert_eq!((truth("1=1"), truth("1=2")), (Some(true), Some(false)));
        let later = Grid { from_1904: true, ..Grid::default() };
        assert!(agrees(&later, at, "DATE(2019,8,30)", "42245") && !agrees(&later, at, "DATE(2019,8,30)", "43707"));
    }

    #[test]
    fn errors_and_whole_columns_are_counted_on() {
        let text = "<sheetData><row r=\"2\"><c r=\"D2\"><f>H2+1</f><v>517</v></c><c r=\"H2\" t=\"e\"><v>#REF!</v></c></row>\
                    <row r=\"3\"><c r=\"D3\"><f>SUM(G:G)</f><v>416</v></c><c r=\"G3\"><v>3</v></c></row></sheetData>";
        let mut room = MOST_CELLS;
        let sheets = vec![("a".to_owned(), cells("sheet", text, true, &mut room).expect("cells"))];
        let grid = Grid { sheets, last_rows: vec![3], ..Grid::default() };
        let at = |text: &str| CellAt::parse(text).expect("a cell");
        assert!(!agrees(&grid, at("D2"), "H2+1", "517") && agrees(&grid, at("D2"), "H2+1", "#REF!"));
        assert!(!agrees(&grid, at("D3"), "SUM(G:G)", "416") && agrees(&grid, at("D3"), "SUM(G:G)", "3"));
    }

    #[test]
    fn nobody_has_computed_a_circle() {
        let text = "<sheetData><row r=\"2\"><c r=\"B2\"><v>4</v></c><c r=\"D2\"><f>D2</f><v>0</v></c></row>\
                    <row r=\"3\"><c r=\"D3\"><f>E3</f><v>0</v></c><c r=\"E3\"><f>F3+B2</f><v>0</v></c>\
                    <c r=\"F3\"><f>D3</f><v>0</v></c><c r=\"G3\"><f>B2*2</f><v>8</v></c></row>\
                    <row r=\"4\"><c r=\"D4\"><f>SUM(D2:D4)</f><v>0</v></c><c r=\"E4\"><f>D2+B2</f><v>4</v></c>\
                    <c r=\"F4\"><f>G3+G3</f><v>16</v></c></row></sheetData>";
        let mut room = MOST_CELLS;
        let sheets = vec![("a".to_owned(), cells("sheet", text, true, &mut room).expect("cells"))];
        let grid = Grid { sheets, last_rows: vec![4], ..Grid::default() };
        let at = |text: &str| CellAt::parse(text).expect("a cell");
        for (cell, formula, saved, expected) in [
            ("D2", "D2", "0", false),
            ("D2", "D2", "#VALUE!", true),
            ("D3", "E3", "0", false),
            ("E3", "F3+B2", "4", false),
            ("D4", "SUM(D2:D4)", "0", false),
            ("E4", "D2+B2", "4", false),
            // One cell twice is no circle.
            ("F4", "G3+G3", "16", true),
        ] {
            assert_eq!(agrees(&grid, at(cell), formula, saved), expected, "{cell} {formula} {saved}");
        }
    }

    #[test]
    fn formulas_that_cells_share_are_shifted() {
        let text = "<sheetData><row r=\"2\"><c r=\"B2\"><f t=\"shared\" ref=\"B2:B4\" si=\"0\">C2*2</f><v>4</v></c>\
                    <c r=\"C2\"><v>2</v></c><c><is><t>x</t></is></c></row>\
                    <row r=\"3\"><c r=\"B3\"><f t=\"shared\" si=\"0\"/><v>0</v></c><c r=\"C3\"><v>5</v></c>\
                    <c r=\"D3\" t=\"s\"><v>0</v></c><c r=\"E3\"><f t=\"array\" ref=\"E3\">C3*3</f><v>1</v></c></row></sheetData>";
        let mut room = MOST_CELLS;
        let sheets = vec![("a".to_owned(), cells("sheet", text, true, &mut room).expect("cells"))];
        let grid = Grid { sheets, ..Grid::default() };
        let at = |text: &str| CellAt::parse(text).expect("a cell");
        assert_eq!(MOST_CELLS - room, 7);
        assert!(agrees(&grid, at("B2"), "C2*2", "4") && agrees(&grid, at("B3"), "", "10"));
        assert!(!agrees(&grid, at("B3"), "", "0") && !agrees(&grid, at("B2"), "C2*2", ""));
        assert!(matches!(grid.get(0, at("D3")), Some(Held::Text)) && matches!(grid.get(0, at("D2")), Some(Held::Text)));
        // Of an array nothing is computed.
        assert!(matches!(grid.get(0, at("E3")), Some(Held::Number(1.0))));
        // Without cells only numbers are.
        assert!(agrees(&Grid::default(), at("B2"), "C2*2", "9") && !agrees(&Grid::default(), at("B2"), "2*2", "9"));
        let before = "<sheetData><row r=\"2\"><c r=\"B2\"><f t=\"shared\" si=\"0\"/><v>0</v></c>\
                      <c r=\"C2\"><f t=\"shared\" ref=\"B2:C2\" si=\"0\">40+5</f><v>45</v></c>\
                      <c r=\"D2\"><f t=\"shared\" si=\"7\"/><v>3</v></c></row></sheetData>";
        let sheets = vec![("a".to_owned(), cells("sheet", before, true, &mut MOST_CELLS.clone()).expect("cells"))];
        let grid = Grid { sheets, ..Grid::default() };
        assert!(
            !agrees(&grid, at("B2"), "", "0")
                && agrees(&grid, at("B2"), "", "45")
                && agrees(&grid, at("C2"), "40+5", "45")
        );
        assert!(!agrees(&grid, at("D2"), "", "3"), "no cell has the formula");
        assert!(
            agrees(&Grid::default(), at("A1"), "1/0", "#DIV/0!") && !agrees(&Grid::default(), at("A1"), "1/0", "0")
        );
        let mut full = 3;
        assert!(cells("sheet", text, false, &mut full).expect("cells").is_empty() && full == 0);
    }
}
