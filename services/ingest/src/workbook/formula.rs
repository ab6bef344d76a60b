//! Formulas of numbers, texts, cells and the functions that are the same everywhere: what they come to, so that a result
//! that a program only left as a place holder can be told. Of any other formula nothing is known.

mod functions;
mod pieces;
mod reader;
mod value;

use std::cell::Cell;
use std::sync::Arc;

pub(super) use self::value::Value;
use super::places::CellAt;

/// A formula, and how far its relative addresses are shifted: formulas that cells share are written once.
#[derive(Clone, Debug)]
pub(super) struct Formula {
    pub(super) text: Arc<str>,
    /// Rows and columns.
    pub(super) shift: (i64, i64),
}

/// What a cell holds for a formula.
#[derive(Clone, Debug)]
pub(super) enum Held {
    Number(f64),
    Blank,
    Text,
    /// A truth value, a date, an error.
    Other,
    /// A formula, and what was saved as its result.
    Formula(Formula, Box<Held>),
}

impl Formula {
    /// A formula as a file writes it, without spaces but those of texts; none if it is longer than spreadsheets take.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut in_text = false;
        let kept = text.trim().trim_start_matches('=').chars().filter(|c| {
            in_text ^= *c == '"';
            in_text || !c.is_ascii_whitespace()
        });
        let text: String = kept.collect();
        (text.len() <= LONGEST).then(|| Self { text: text.into(), shift: (0, 0) })
    }

    /// Whether it names no cell: what it comes to is written in it.
    pub(super) fn is_constant(&self) -> bool {
        pieces::is_constant(&self.text)
    }
}

/// Where a formula's cells are found.
pub(super) trait Cells {
    /// The sheet of a name.
    fn sheet(&self, name: &str) -> Option<usize>;
    /// A cell; none if it holds nothing.
    fn get(&self, sheet: usize, at: CellAt) -> Option<&Held>;
    /// The last row of a sheet that holds something.
    fn last_row(&self, sheet: usize) -> Option<u32>;
    /// Whether cells are known at all.
    fn is_known(&self) -> bool;
    /// Days count from 1904 rather than 1900.
    fn counts_from_1904(&self) -> bool;
    /// Whether a saved result counts where its formula is not computed here.
    fn trusts_saved(&self) -> bool;
    /// How many cells and numbers may still be looked at, for all results together.
    fn left(&self) -> &Cell<u32>;
}

/// What the formula of a sheet's cell comes to, and the largest number on the way, by which a difference is measured; none
/// where only a spreadsheet program can say. A circle is an error.
pub(super) fn value(formula: &Formula, (sheet, at): (usize, CellAt), cells: &dyn Cells) -> Option<(Value, f64)> {
    let largest = Cell::new(0.0);
    let left = Cell::new(cells.left().get().min(MOST_STEPS));
    let before = left.get();
    let own = reader::Computed { sheet, at, for_cell: None };
    let value = reader::Reader::new(formula, &own, cells, &left, &largest).all();
    cells.left().set(cells.left().get() - (before - left.get()));
    let value = value?;
    let own = if let Value::Number(number) = value { number.abs() } else { 0.0 };
    Some((value, largest.get().max(own)))
}

/// Cells and numbers that are looked at for one result.
const MOST_STEPS: u32 = 20_000;
/// Bytes of a formula.
const LONGEST: usize = 8_192;

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells of column C.
    struct Column(Vec<Held>, Cell<u32>);

    impl Cells for Column {
        fn sheet(&self, name: &str) -> Option<usize> {
            (name == "其他").then_some(1)
        }

        fn get(&self, sheet: usize, at: CellAt) -> Option<&Held> {
            if sheet == 0 && at.column == 3 { self.0.get(at.row as usize - 1) } else { None }
        }

        fn last_row(&self, sheet: usize) -> Option<u32> {
            (sheet == 0).then_some(self.0.len() as u32)
        }

        fn is_known(&self) -> bool {
            true
        }

        fn counts_from_1904(&self) -> bool {
            false
        }

        fn trusts_saved(&self) -> bool {
            true
        }

        fn left(&self) -> &Cell<u32> {
            &self.1
        }
    }

    /// C1 = 2, C2 = 3, C3 a text, C4 = C1 + C2 with a place holder, C5 an error, C6 a formula that is not known, saved as 9.
    fn column() -> Column {
        let formula =
            |text: &str, saved| Held::Formula(Formula::read(text).expect("a formula"), Box::new(Held::Number(saved)));
        let cells = vec![
            Held::Number(2.0),
            Held::Number(3.0),
            Held::Text,
            formula("C1+C2", 0.0),
            Held::Number(f64::NAN),
            formula("VLOOKUP(1,A1:B2,2)", 9.0),
            // Circles.
            formula("C7+C7+C7", 5.0),
            formula("C9*2", 0.0),
            formula("SUM(C8:C8)", 0.0),
            formula("D1+1", 0.0),
        ];
        Column(cells, Cell::new(1_000_000))
    }

    fn comes_to(text: &str, shift: (i64, i64)) -> Option<Value> {
        let formula = Formula { shift, ..Formula::read(text)? };
        let at = CellAt { row: 1, column: 4 };
        value(&formula, (0, at), &column()).map(|(value, _)| value)
    }

    #[test]
    fn what_a_spreadsheet_calls_an_error_is_no_number() {
        for formula in [
            "1/0",
            "45/A9",
            "100*C1/SUM(A1:A5)",
            "AVERAGE(A1:A5)",
            "(-8)^0.5",
            "0^-1",
            "0^0",
            "(1/0)^0",
            "MAX(1/0,1)",
            "1E300*1E300",
            "#REF!+1",
            "1+#N/A",
            "SQRT(-1)",
            "MOD(5,0)",
            "IF(1/0,1,2)",
            "1/0&\"x\"",
            "1/0=1/0",
            "C5",
            "C5+1",
            "SUM(C1:C5)",
            "SUM(B:C)",
            "D1",
            "SUM(D1:D9)",
            "C7",
            "C8+1",
            "C9",
            "C10",
        ] {
            assert_eq!(comes_to(formula, (0, 0)), Some(Value::Error), "{formula}");
        }
    }

    #[test]
    fn computes_what_is_the_same_everywhere_and_leaves_the_rest() {
        let number = |number: f64| Some(Value::Number(number));
        let text = |text: &str| Some(Value::Text(text.to_owned()));
        let truth = |truth: bool| Some(Value::Truth(truth));
        for (formula, expected) in [
            ("62694.66", number(62694.66)),
            ("1+2*3", number(7.0)),
            ("(1+2)*3", number(9.0)),
            ("-2^2", number(4.0)),
            ("50%", number(0.5)),
            ("1E+3/4", number(250.0)),
            ("= 41 + 1", number(42.0)),
            ("C1*C2", number(6.0)),
            ("$C$1+c2", number(5.0)),
            ("SUM(C1:C3)", number(5.0)),
            ("SUM(C2:C1,1,C1+1)", number(9.0)),
            ("SUM(C1:C4)", number(10.0)),
            ("C4*2", number(10.0)),
            ("C6+1", number(10.0)),
            ("AVERAGE(C1:C2)", number(2.5)),
            ("MIN(C1:C2)+MAX(C1:C2)", number(5.0)),
            ("COUNT(C1:C3,TRUE)", number(3.0)),
            ("ROUND(2.345,2)", number(2.35)),
            ("ROUND(-2.5,0)", number(-3.0)),
            ("ROUNDUP(45.1,0)", number(46.0)),
            ("ROUNDUP(-45.1,0)", number(-46.0)),
            ("ROUNDDOWN(45.9,0)", number(45.0)),
            ("TRUNC(-4.567,1)", number(-4.5)),
            ("INT(45.9)", number(45.0)),
            ("INT(-45.1)", number(-46.0)),
            ("MOD(-7,3)", number(2.0)),
            ("POWER(2,10)+SQRT(9)+SIGN(-4)", number(1026.0)),
            ("ABS(C1-C2)", number(1.0)),
            ("TRUE+44", number(45.0)),
            ("SUM({40,5})", number(45.0)),
            ("SUM({1;-2},{\"x\",TRUE},TRUE)", number(0.0)),
            ("VALUE(\"45\")+N(\"x\")", number(45.0)),
            ("\"4\"&\"5\"", text("45")),
            ("4&5", text("45")),
            ("\"a b\" & \" \"\"c\"\"\"", text("a b \"c\"")),
            ("CONCATENATE(\"4\",5,TRUE)", text("45TRUE")),
            ("\"45\"", text("45")),
            ("\"4\"*1+1", number(5.0)),
            ("1=1", truth(true)),
            ("1<>1", truth(false)),
            ("\"a\"=\"A\"", truth(true)),
            ("2>=1", truth(true)),
            ("\"a\">5", truth(true)),
            ("IF(1=1,45,0)", number(45.0)),
            ("IF(1>2,VLOOKUP(\",)\",A1:B2,2),45)", number(45.0)),
            ("IF(C1>C2,1)", truth(false)),
            ("IF(AND(C1=2,NOT(C2=2)),C1,C2)", number(2.0)),
            ("IF(C1,1,'(,'!A1)", number(1.0)),
            ("IFERROR(1/0,45)", number(45.0)),
            ("IFERROR(C5,C1)", number(2.0)),
            ("SUM(A:$B,1)", number(1.0)),
            ("COUNT(C1:C5)", number(3.0)),
            ("IFERROR(45,VLOOKUP(1,A1,1))", number(45.0)),
            ("DATE(2019,8,30)", number(43707.0)),
            ("A9*2", number(0.0)),
            ("A9=0", truth(true)),
            ("其他!A1+1", number(1.0)),
            ("'其他'!$A$1", Some(Value::Blank)),
            // Where the last binary digit decides, programs differ.
            ("INT(4.35*100)", None),
            ("1/3&\"\"", None),
            ("0.1+0.2=0.3", None),
            ("\"1,5\"+1", None),
            ("不在!A1", None),
            ("C3+1", None),
            ("C3=\"x\"", None),
            ("SUM(C:1)", None),
            ("C1:C2", None),
            ("VLOOKUP(1,A1:B2,2)", None),
            ("NOW()", None),
            ("GDP*2", None),
            ("\"open", None),
            ("SUM(A1:XFD1048576)", None),
            ("", None),
        ] {
            assert_eq!(comes_to(formula, (0, 0)), expected, "{formula}");
        }
        // A formula that is shared is shifted where it has no $.
        assert_eq!(comes_to("C1+$C$1", (1, 0)), number(5.0));
        assert_eq!(comes_to("C1", (0, -3)), None);
        for deep in ["(", "SUM(", "SUM(C1,SUM(", "IF(1,", "{", "-", "'"] {
            assert_eq!(comes_to(&deep.repeat(800), (0, 0)), None);
            assert_eq!(comes_to(&deep.repeat(10_000), (0, 0)), None);
        }
    }

    #[test]
    fn a_formula_without_cells_says_all_in_itself() {
        let is_constant = |text: &str| Formula::read(text).is_some_and(|formula| formula.is_constant());
        for text in
            ["45", "\"A1\"", "TODAY()", "TEXT(45,\"0.0\")", "1E5*SUM({1,2})", "TRUE", "#REF!+1", "_xlfn.CONCAT(1)"]
        {
            assert!(is_constant(text), "{text}");
        }
        for text in
            ["", "A1", "GDP", "Table1[x]", "'a'!B1", "[1]a!B1", "INDIRECT(\"A1\")", "ROW()", "金额*2", "SUM(A:A)"]
        {
            assert!(!is_constant(text), "{text}");
        }
    }
}
