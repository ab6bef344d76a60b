//! Formulas of numbers, cells and the simplest functions: what they come to, so that a result that a program only left as a
//! place holder can be told. Of any other formula nothing is known.

use std::cell::Cell;
use std::sync::Arc;

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
    /// A formula as a file writes it; none if it is longer than spreadsheets take.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text: String = text.trim().trim_start_matches('=').chars().filter(|c| !c.is_ascii_whitespace()).collect();
        (text.len() <= LONGEST).then(|| Self { text: text.into(), shift: (0, 0) })
    }
}

/// Where a formula's cells are found.
pub(super) trait Cells {
    /// The sheet of a name.
    fn sheet(&self, name: &str) -> Option<usize>;
    /// A cell; none if it holds nothing.
    fn get(&self, sheet: usize, at: CellAt) -> Option<&Held>;
    /// Whether cells are known at all.
    fn is_known(&self) -> bool;
    /// How many cells and numbers may still be looked at, for all results together.
    fn left(&self) -> &Cell<u32>;
}

/// What a formula of a sheet comes to, and the largest number on the way, by which a difference is measured; none where
/// only a spreadsheet program can say.
pub(super) fn value(formula: &Formula, sheet: usize, cells: &dyn Cells) -> Option<(f64, f64)> {
    let largest = Cell::new(0.0);
    let left = Cell::new(cells.left().get().min(MOST_STEPS));
    let before = left.get();
    let value = Reader {
        text: formula.text.as_bytes(),
        at: 0,
        depth: 0,
        sheet,
        shift: formula.shift,
        cells,
        left: &left,
        largest: &largest,
    }
    .all();
    cells.left().set(cells.left().get() - (before - left.get()));
    let value = value?;
    Some((value, largest.get().max(value.abs())))
}

/// Parentheses within each other, and formulas that rest on formulas.
const DEEPEST: usize = 50;
/// Cells and numbers that are looked at for one result.
const MOST_STEPS: u32 = 20_000;
/// Bytes of a formula.
const LONGEST: usize = 8_192;

struct Reader<'f> {
    text: &'f [u8],
    at: usize,
    depth: usize,
    sheet: usize,
    shift: (i64, i64),
    cells: &'f dyn Cells,
    left: &'f Cell<u32>,
    largest: &'f Cell<f64>,
}

/// What stands in the place of an argument.
enum Argument {
    Number(f64),
    Cells(usize, CellAt, CellAt),
}

impl<'f> Reader<'f> {
    fn all(mut self) -> Option<f64> {
        let value = self.sum()?;
        (self.at == self.text.len()).then_some(value)
    }

    fn next_is(&mut self, byte: u8) -> bool {
        let found = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    /// Notes a number on the way. What a spreadsheet calls an error (a division by zero, a number too large) is NaN, and
    /// so is all that is made of it: no number that was saved is its result.
    fn met(&self, value: f64) -> Option<f64> {
        self.left.set(self.left.get().checked_sub(1)?);
        self.largest.set(self.largest.get().max(value.abs()));
        Some(or_error(value))
    }

    fn sum(&mut self) -> Option<f64> {
        let mut value = self.product()?;
        loop {
            if self.next_is(b'+') {
                value += self.product()?;
            } else if self.next_is(b'-') {
                value -= self.product()?;
            } else {
                return self.met(value);
            }
        }
    }

    fn product(&mut self) -> Option<f64> {
        let mut value = self.power()?;
        loop {
            if self.next_is(b'*') {
                value *= self.power()?;
            } else if self.next_is(b'/') {
                value /= self.power()?;
            } else {
                return Some(or_error(value));
            }
        }
    }

    fn power(&mut self) -> Option<f64> {
        let mut value = self.signed()?;
        while self.next_is(b'^') {
            let exponent = self.signed()?;
            // 1 to any power is 1 to the processor, and anything to the power of 0.
            value = if exponent.is_nan() || value.is_nan() { f64::NAN } else { or_error(value.powf(exponent)) };
        }
        Some(value)
    }

    /// In spreadsheets a sign binds closer than a power.
    fn signed(&mut self) -> Option<f64> {
        let mut negative = false;
        loop {
            if self.next_is(b'-') {
                negative = !negative;
            } else if !self.next_is(b'+') {
                break;
            }
        }
        let mut value = self.single()?;
        while self.next_is(b'%') {
            value /= 100.0;
        }
        Some(if negative { -value } else { value })
    }

    fn single(&mut self) -> Option<f64> {
        match self.text.get(self.at)? {
            b'(' => {
                self.at += 1;
                let value = self.deeper(Self::sum)?;
                self.next_is(b')').then_some(value)
            }
            b'0'..=b'9' | b'.' => self.number(),
            _ => match self.named()? {
                Argument::Number(value) => Some(value),
                Argument::Cells(sheet, first, last) if first == last => match self.held(sheet, first)? {
                    Held::Number(value) => self.met(value),
                    Held::Blank => Some(0.0),
                    _ => None,
                },
                Argument::Cells(..) => None,
            },
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.depth += 1;
        let value = if self.depth <= DEEPEST { read(self) } else { None }?;
        self.depth -= 1;
        Some(value)
    }

    fn number(&mut self) -> Option<f64> {
        let start = self.at;
        while let Some(byte) = self.text.get(self.at) {
            let sign = matches!(byte, b'+' | b'-') && self.at > start && matches!(self.text[self.at - 1], b'e' | b'E');
            if !byte.is_ascii_digit() && !matches!(byte, b'.' | b'e' | b'E') && !sign {
                break;
            }
            self.at += 1;
        }
        self.met(std::str::from_utf8(&self.text[start..self.at]).ok()?.parse().ok()?)
    }

    /// A function, a cell or a block of cells, perhaps of another sheet.
    fn named(&mut self) -> Option<Argument> {
        let (start, mut quoted) = (self.at, false);
        while let Some(byte) = self.text.get(self.at) {
            quoted ^= *byte == b'\'';
            let is_of_name =
                byte.is_ascii_alphanumeric() || matches!(byte, b'$' | b'!' | b'\'' | b'_' | b'.') || *byte >= 0x80;
            if !quoted && !is_of_name {
                break;
            }
            self.at += 1;
        }
        let name = std::str::from_utf8(&self.text[start..self.at]).ok()?.to_owned();
        if self.next_is(b'(') {
            let value = self.deeper(|reader| reader.called(&name.to_ascii_uppercase()))?;
            return self.next_is(b')').then_some(Argument::Number(value));
        }
        if !self.cells.is_known() {
            return None;
        }
        let (sheet, address) = match name.rsplit_once('!') {
            None => (self.sheet, name.as_str()),
            Some((sheet, address)) => (self.cells.sheet(&sheet.trim_matches('\'').replace("''", "'"))?, address),
        };
        let first = self.address(address)?;
        if !self.next_is(b':') {
            return Some(Argument::Cells(sheet, first, first));
        }
        let start = self.at;
        while self.text.get(self.at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'$') {
            self.at += 1;
        }
        let last = self.address(std::str::from_utf8(&self.text[start..self.at]).ok()?)?;
        let (one, other) = (
            (first.row.min(last.row), first.column.min(last.column)),
            (first.row.max(last.row), first.column.max(last.column)),
        );
        let at = |(row, column)| CellAt { row, column };
        Some(Argument::Cells(sheet, at(one), at(other)))
    }

    /// An address, shifted where it has no `$`.
    fn address(&self, text: &str) -> Option<CellAt> {
        let (fixed_column, rest) = text.strip_prefix('$').map_or((false, text), |rest| (true, rest));
        let (fixed_row, plain) = (rest.contains('$'), rest.replace('$', "").to_ascii_uppercase());
        let at = CellAt::parse(&plain)?;
        let moved = |at: u32, by: i64, fixed: bool| {
            u32::try_from(i64::from(at) + if fixed { 0 } else { by }).ok().filter(|at| *at > 0)
        };
        Some(CellAt {
            row: moved(at.row, self.shift.0, fixed_row)?,
            column: moved(at.column, self.shift.1, fixed_column)?,
        })
    }

    /// What a cell holds, computed where it is a formula that can be.
    fn held(&self, sheet: usize, at: CellAt) -> Option<Held> {
        self.left.set(self.left.get().checked_sub(1)?);
        match self.cells.get(sheet, at) {
            None => Some(Held::Blank),
            Some(Held::Formula(formula, saved)) => {
                if self.depth >= DEEPEST {
                    return None;
                }
                let (text, shift, depth) = (formula.text.as_bytes(), formula.shift, self.depth + 1);
                let computed = Reader { text, at: 0, depth, sheet, shift, ..*self }.all();
                Some(computed.map_or_else(|| (**saved).clone(), Held::Number))
            }
            Some(held) => Some(held.clone()),
        }
    }

    /// A function of the arguments that follow.
    fn called(&mut self, name: &str) -> Option<f64> {
        if !matches!(name, "SUM" | "AVERAGE" | "MIN" | "MAX" | "PRODUCT" | "ROUND" | "ABS") {
            return None;
        }
        let mut numbers = Vec::new();
        let mut arguments = 0;
        loop {
            arguments += 1;
            // Cells alone are an argument of their own, in which texts are passed over; anything else is computed.
            match self.is_cells_alone() {
                false => numbers.push(self.sum()?),
                true => match self.named()? {
                    Argument::Cells(sheet, first, last) => self.block(sheet, (first, last), &mut numbers)?,
                    Argument::Number(_) => return None,
                },
            }
            if !self.next_is(b',') {
                break;
            }
        }
        let largest = |take: fn(f64, f64) -> f64| numbers.iter().copied().reduce(take).unwrap_or(0.0);
        let value = match (name, numbers.as_slice()) {
            // The least and the largest pass errors over.
            (_, numbers) if numbers.iter().any(|number| number.is_nan()) => f64::NAN,
            ("AVERAGE", []) => f64::NAN,
            ("SUM", _) => numbers.iter().sum(),
            ("PRODUCT", [_, ..]) => numbers.iter().product(),
            ("AVERAGE", [_, ..]) => numbers.iter().sum::<f64>() / numbers.len() as f64,
            ("MIN", _) => largest(f64::min),
            ("MAX", _) => largest(f64::max),
            ("ABS", [one]) if arguments == 1 => one.abs(),
            ("ROUND", [one, digits]) if arguments == 2 && digits.abs() <= 15.0 => rounded(*one, digits.trunc() as i32),
            _ => return None,
        };
        self.met(value)
    }

    /// Whether nothing but a cell or a block of cells stands until the argument's end.
    fn is_cells_alone(&self) -> bool {
        let rest = &self.text[self.at..];
        let mut quoted = false;
        let end = rest.iter().position(|byte| {
            quoted ^= *byte == b'\'';
            !quoted && matches!(byte, b',' | b'(' | b')' | b'+' | b'-' | b'*' | b'/' | b'^' | b'%')
        });
        let starts = rest.first().is_some_and(|byte| !byte.is_ascii_digit() && *byte != b'.');
        starts && end.is_some_and(|end| matches!(rest[end], b',' | b')'))
    }

    /// The numbers of a block; texts and blanks are passed over there.
    fn block(&self, sheet: usize, (first, last): (CellAt, CellAt), numbers: &mut Vec<f64>) -> Option<()> {
        for row in first.row..=last.row {
            for column in first.column..=last.column {
                match self.held(sheet, CellAt { row, column })? {
                    Held::Number(value) => numbers.push(self.met(value)?),
                    Held::Blank | Held::Text => {}
                    Held::Other | Held::Formula(..) => return None,
                }
            }
        }
        Some(())
    }
}

fn or_error(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}

/// Half away from zero; a half that lies a little below one by its binary form is a half.
fn rounded(value: f64, digits: i32) -> f64 {
    let power = 10_f64.powi(digits);
    let scaled = value.abs() * power;
    (scaled * (1.0 + 1e-14) + 0.5).floor() / power * value.signum()
}

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

        fn is_known(&self) -> bool {
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
            Held::Other,
            formula("VLOOKUP(1,A1:B2,2)", 9.0),
            // A circle.
            formula("C7+C7+C7", 5.0),
        ];
        Column(cells, Cell::new(1_000_000))
    }

    fn comes_to(text: &str, shift: (i64, i64)) -> Option<f64> {
        let formula = Formula { shift, ..Formula::read(text)? };
        value(&formula, 0, &column()).map(|(value, _)| value)
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
            "(1/0)^0",
            "MAX(1/0,1)",
            "1E300*1E300",
        ] {
            assert!(comes_to(formula, (0, 0)).is_some_and(f64::is_nan), "{formula}");
        }
    }

    #[test]
    fn computes_what_is_simple_and_leaves_the_rest() {
        for (formula, expected) in [
            ("62694.66", Some(62694.66)),
            ("1+2*3", Some(7.0)),
            ("(1+2)*3", Some(9.0)),
            ("-2^2", Some(4.0)),
            ("50%", Some(0.5)),
            ("1E+3/4", Some(250.0)),
            ("= 41 + 1", Some(42.0)),
            ("C1*C2", Some(6.0)),
            ("$C$1+c2", Some(5.0)),
            ("SUM(C1:C3)", Some(5.0)),
            ("SUM(C2:C1,1,C1+1)", Some(9.0)),
            ("SUM(C1:C4)", Some(10.0)),
            ("C4*2", Some(10.0)),
            ("C6+1", Some(10.0)),
            ("AVERAGE(C1:C2)", Some(2.5)),
            ("MIN(C1:C2)+MAX(C1:C2)", Some(5.0)),
            ("ROUND(2.345,2)", Some(2.35)),
            ("ROUND(-2.5,0)", Some(-3.0)),
            ("ABS(C1-C2)", Some(1.0)),
            ("A9*2", Some(0.0)),
            ("其他!A1+1", Some(1.0)),
            ("'其他'!$A$1", Some(0.0)),
            ("不在!A1", None),
            ("C3+1", None),
            ("C5", None),
            ("SUM(C1:C5)", None),
            ("C1:C2", None),
            ("VLOOKUP(1,A1:B2,2)", None),
            ("IF(1>0,5,6)", None),
            ("GDP*2", None),
            ("5&6", None),
            ("\"7\"", None),
            ("SUM(A1:XFD1048576)", None),
            ("", None),
        ] {
            assert_eq!(comes_to(formula, (0, 0)), expected, "{formula}");
        }
        // A formula that is shared is shifted where it has no $.
        assert_eq!(comes_to("C1+$C$1", (1, 0)), Some(5.0));
        assert_eq!(comes_to("C1", (0, -3)), None);
        for deep in ["(", "SUM(", "SUM(C1,SUM("] {
            assert_eq!(comes_to(&deep.repeat(800), (0, 0)), None);
            assert_eq!(comes_to(&deep.repeat(10_000), (0, 0)), None);
        }
        assert_eq!(comes_to("C7", (0, 0)), None);
    }
}
