//! Reads a formula and computes it on the way.

use std::cell::Cell;
use std::cmp::Ordering;

use super::functions::{Argument, called, power};
use super::pieces::{end_of_number, end_of_text, error_length, is_of_name};
use super::value::Value;
use super::{Cells, Formula, Held};
use crate::workbook::places::CellAt;

/// Nesting limit for parentheses, and for formulas that refer to formulas.
const DEEPEST: usize = 50;

/// A cell whose formula is being computed, and the one that counts on it.
#[derive(Clone, Copy)]
pub(super) struct Computed<'f> {
    pub(super) sheet: usize,
    pub(super) at: CellAt,
    pub(super) for_cell: Option<&'f Computed<'f>>,
}

impl Computed<'_> {
    /// Whether a cell is this one, or one of those that wait for it.
    fn is_of_circle(&self, sheet: usize, at: CellAt) -> bool {
        self.sheet == sheet && self.at == at || self.for_cell.is_some_and(|other| other.is_of_circle(sheet, at))
    }
}

/// A place in a formula. Every method that reads says `None` where only a spreadsheet program knows what comes next.
#[derive(Clone, Copy)]
pub(super) struct Reader<'f> {
    text: &'f [u8],
    at: usize,
    depth: usize,
    sheet: usize,
    shift: (i64, i64),
    own: &'f Computed<'f>,
    cells: &'f dyn Cells,
    left: &'f Cell<u32>,
    largest: &'f Cell<f64>,
}

/// What a name stands for.
enum Named {
    Value(Value),
    Cells(usize, CellAt, CellAt),
}

impl<'f> Reader<'f> {
    pub(super) fn new(
        formula: &'f Formula,
        own: &'f Computed<'f>,
        cells: &'f dyn Cells,
        left: &'f Cell<u32>,
        largest: &'f Cell<f64>,
    ) -> Self {
        let (text, sheet, shift) = (formula.text.as_bytes(), own.sheet, formula.shift);
        Self { text, at: 0, depth: 0, sheet, shift, own, cells, left, largest }
    }

    /// What the whole of it comes to.
    pub(super) fn all(mut self) -> Option<Value> {
        let value = self.comparison()?;
        (self.at == self.text.len()).then_some(value)
    }

    fn next_is(&mut self, text: &str) -> bool {
        let found = self.text[self.at..].starts_with(text.as_bytes());
        self.at += if found { text.len() } else { 0 };
        found
    }

    /// Counts a step, and notes a number on the way.
    fn met(&self, value: Value) -> Option<Value> {
        self.left.set(self.left.get().checked_sub(1)?);
        if let Value::Number(number) = value {
            self.largest.set(self.largest.get().max(number.abs()));
        }
        Some(value)
    }

    fn comparison(&mut self) -> Option<Value> {
        let mut value = self.joined()?;
        loop {
            let holds: fn(Ordering) -> bool = if self.next_is("<>") {
                Ordering::is_ne
            } else if self.next_is("<=") {
                Ordering::is_le
            } else if self.next_is(">=") {
                Ordering::is_ge
            } else if self.next_is("<") {
                Ordering::is_lt
            } else if self.next_is(">") {
                Ordering::is_gt
            } else if self.next_is("=") {
                Ordering::is_eq
            } else {
                return Some(value);
            };
            let other = self.joined()?;
            value = match (value, other) {
                (Value::Error, _) | (_, Value::Error) => Value::Error,
                (one, other) => Value::Truth(holds(one.compared(&other)?)),
            };
            value = self.met(value)?;
        }
    }

    fn joined(&mut self) -> Option<Value> {
        let mut value = self.sum()?;
        while self.next_is("&") {
            let other = self.sum()?;
            value = match (value.text()?, other.text()?) {
                (Ok(one), Ok(other)) => Value::Text(one + &other),
                (Err(error), _) | (_, Err(error)) => error,
            };
            value = self.met(value)?;
        }
        Some(value)
    }

    fn sum(&mut self) -> Option<Value> {
        let mut value = self.product()?;
        loop {
            value = if self.next_is("+") {
                Value::of(value.number()? + self.product()?.number()?)
            } else if self.next_is("-") {
                Value::of(value.number()? - self.product()?.number()?)
            } else {
                return self.met(value);
            };
        }
    }

    fn product(&mut self) -> Option<Value> {
        let mut value = self.power()?;
        loop {
            value = if self.next_is("*") {
                Value::of(value.number()? * self.power()?.number()?)
            } else if self.next_is("/") {
                Value::of(value.number()? / self.power()?.number()?)
            } else {
                return Some(value);
            };
        }
    }

    fn power(&mut self) -> Option<Value> {
        let mut value = self.signed()?;
        while self.next_is("^") {
            value = power(value.number()?, self.signed()?.number()?);
        }
        Some(value)
    }

    /// In spreadsheets a sign binds closer than a power.
    fn signed(&mut self) -> Option<Value> {
        let (mut negative, mut any) = (false, false);
        while let Some(sign @ (b'-' | b'+')) = self.text.get(self.at) {
            negative ^= *sign == b'-';
            any |= *sign == b'-';
            self.at += 1;
        }
        let mut value = self.single()?;
        while self.next_is("%") {
            value = Value::of(value.number()? / 100.0);
        }
        if !any {
            return Some(value);
        }
        let number = value.number()?;
        Some(Value::of(if negative { -number } else { number }))
    }

    fn single(&mut self) -> Option<Value> {
        match self.text.get(self.at)? {
            b'(' => {
                self.at += 1;
                let value = self.deeper(Self::comparison)?;
                self.next_is(")").then_some(value)
            }
            b'"' => self.quoted(),
            b'#' => {
                let length = error_length(&self.text[self.at..]);
                self.at += length;
                (length > 0).then_some(Value::Error)
            }
            b'0'..=b'9' | b'.' => {
                let (start, end) = (self.at, end_of_number(self.text, self.at));
                self.at = end;
                self.met(Value::of(std::str::from_utf8(&self.text[start..end]).ok()?.parse().ok()?))
            }
            _ => match self.named()? {
                Named::Value(value) => Some(value),
                Named::Cells(sheet, first, last) if first == last => self.cell(sheet, first),
                Named::Cells(..) => None,
            },
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.depth += 1;
        let value = if self.depth <= DEEPEST { read(self) } else { None }?;
        self.depth -= 1;
        Some(value)
    }

    fn quoted(&mut self) -> Option<Value> {
        let (start, end) = (self.at, end_of_text(self.text, self.at));
        self.at = end;
        let text = std::str::from_utf8(&self.text[start..end]).ok()?;
        let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'))?;
        self.met(Value::Text(inner.replace("\"\"", "\"")))
    }

    /// A function, a truth value, a cell or a block of cells, perhaps of another sheet.
    fn named(&mut self) -> Option<Named> {
        let (start, mut in_quotes) = (self.at, false);
        while let Some(byte) = self.text.get(self.at) {
            in_quotes ^= *byte == b'\'';
            if !in_quotes && !is_of_name(*byte) && !matches!(byte, b'!' | b'\'') {
                break;
            }
            self.at += 1;
        }
        let name = std::str::from_utf8(&self.text[start..self.at]).ok()?;
        if self.next_is("(") {
            let value = self.deeper(|reader| reader.called(&name.to_ascii_uppercase()))?;
            return self.next_is(")").then_some(Named::Value(value));
        }
        match name.to_ascii_uppercase().as_str() {
            "TRUE" => return Some(Named::Value(Value::Truth(true))),
            "FALSE" => return Some(Named::Value(Value::Truth(false))),
            _ => {}
        }
        if !self.cells.is_known() {
            return None;
        }
        let (sheet, address) = match name.rsplit_once('!') {
            None => (self.sheet, name),
            Some((sheet, address)) => (self.cells.sheet(&sheet.trim_matches('\'').replace("''", "'"))?, address),
        };
        let Some(first) = self.address(address) else { return self.columns(sheet, address) };
        if !self.next_is(":") {
            return Some(Named::Cells(sheet, first, first));
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
        Some(Named::Cells(sheet, at(one), at(other)))
    }

    /// Whole columns, `A:C`, as far down as the sheet holds something.
    fn columns(&mut self, sheet: usize, first: &str) -> Option<Named> {
        self.next_is(":").then_some(())?;
        let start = self.at;
        while self.text.get(self.at).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'$') {
            self.at += 1;
        }
        let last = std::str::from_utf8(&self.text[start..self.at]).ok()?;
        let column = |text: &str| self.address(&format!("{text}$1")).map(|at| at.column);
        let (one, other) = (column(first)?, column(last)?);
        let rows = self.cells.last_row(sheet)?.max(1);
        let (first, last) = (CellAt { row: 1, column: one.min(other) }, CellAt { row: rows, column: one.max(other) });
        Some(Named::Cells(sheet, first, last))
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

    /// What a cell holds, computed where it is a formula that can be; of texts and dates only that they are there.
    fn held(&self, sheet: usize, at: CellAt) -> Option<Held> {
        self.left.set(self.left.get().checked_sub(1)?);
        // A circle comes to an error: what programs save there is a zero that nobody computed.
        if self.own.is_of_circle(sheet, at) {
            return Some(Held::Number(f64::NAN));
        }
        match self.cells.get(sheet, at) {
            None => Some(Held::Blank),
            Some(Held::Formula(formula, saved)) => {
                if self.depth >= DEEPEST {
                    return None;
                }
                let (text, shift, depth) = (formula.text.as_bytes(), formula.shift, self.depth + 1);
                let own = Computed { sheet, at, for_cell: Some(self.own) };
                let outer: Reader<'_> = *self;
                let inner = Reader { text, at: 0, depth, sheet, shift, own: &own, ..outer };
                Some(match inner.all() {
                    None if !self.cells.trusts_saved() => return None,
                    None => (**saved).clone(),
                    Some(Value::Number(number)) => Held::Number(number),
                    Some(Value::Blank) => Held::Number(0.0),
                    Some(Value::Text(_)) => Held::Text,
                    Some(Value::Truth(_)) => Held::Other,
                    Some(Value::Error) => Held::Number(f64::NAN),
                })
            }
            Some(held) => Some(held.clone()),
        }
    }

    fn cell(&self, sheet: usize, at: CellAt) -> Option<Value> {
        match self.held(sheet, at)? {
            Held::Number(number) => self.met(Value::of(number)),
            Held::Blank => Some(Value::Blank),
            Held::Text | Held::Other | Held::Formula(..) => None,
        }
    }

    /// A function of the arguments that follow. Of a choice, only what is chosen is computed.
    fn called(&mut self, name: &str) -> Option<Value> {
        match name {
            "IF" => {
                let chosen = self.comparison()?.truth()?;
                match chosen {
                    Ok(true) => self.next_is(",").then_some(())?,
                    Ok(false) => {
                        self.next_is(",").then_some(())?;
                        self.pass()?;
                        if !self.next_is(",") {
                            return Some(Value::Truth(false));
                        }
                    }
                    Err(error) => {
                        self.pass_all()?;
                        return Some(error);
                    }
                }
                let value = self.comparison()?;
                self.pass_all()?;
                Some(value)
            }
            "IFERROR" => match (self.comparison()?, self.next_is(",")) {
                (_, false) => None,
                (Value::Error, true) => self.comparison(),
                (value, true) => {
                    self.pass()?;
                    Some(value)
                }
            },
            _ => {
                let arguments = self.arguments()?;
                self.met(called(name, &arguments, self.cells.counts_from_1904())?)
            }
        }
    }

    fn arguments(&mut self) -> Option<Vec<Argument>> {
        let mut arguments = Vec::new();
        if self.text.get(self.at) == Some(&b')') {
            return Some(arguments);
        }
        loop {
            // Cells alone are an argument of their own, in which texts are passed over; anything else is computed.
            arguments.push(match self.text.get(self.at)? {
                b'{' => Argument::Many(self.list()?),
                _ if self.is_name_alone() => match self.named()? {
                    Named::Value(value) => Argument::One(value),
                    Named::Cells(sheet, first, last) => Argument::Many(self.block(sheet, first, last)?),
                },
                _ => Argument::One(self.comparison()?),
            });
            if !self.next_is(",") {
                return Some(arguments);
            }
        }
    }

    /// Whether nothing but a cell, a block of cells or a truth value stands until the argument's end.
    fn is_name_alone(&self) -> bool {
        let rest = &self.text[self.at..];
        let mut in_quotes = false;
        let end = rest.iter().position(|byte| {
            in_quotes ^= *byte == b'\'';
            !in_quotes && !is_of_name(*byte) && !matches!(byte, b'!' | b'\'' | b':')
        });
        let starts = rest.first().is_some_and(|byte| !byte.is_ascii_digit() && *byte != b'.');
        starts && end.is_some_and(|end| end > 0 && matches!(rest[end], b',' | b')'))
    }

    /// A list of constants in braces.
    fn list(&mut self) -> Option<Vec<Value>> {
        self.at += 1;
        let mut values = Vec::new();
        loop {
            values.push(self.signed()?);
            if self.next_is("}") {
                return Some(values);
            }
            (self.next_is(",") || self.next_is(";")).then_some(())?;
        }
    }

    /// The values of a block, as functions of numbers take them.
    fn block(&self, sheet: usize, first: CellAt, last: CellAt) -> Option<Vec<Value>> {
        let mut values = Vec::new();
        for row in first.row..=last.row {
            for column in first.column..=last.column {
                match self.held(sheet, CellAt { row, column })? {
                    Held::Number(number) => values.push(self.met(Value::of(number))?),
                    Held::Blank | Held::Text => {}
                    Held::Other | Held::Formula(..) => return None,
                }
            }
        }
        Some(values)
    }

    /// Passes over an argument that is not computed.
    fn pass(&mut self) -> Option<()> {
        let mut open = 0_usize;
        while let Some(byte) = self.text.get(self.at) {
            match byte {
                b'"' => {
                    self.at = end_of_text(self.text, self.at);
                    continue;
                }
                b'\'' => {
                    let name = self.text[self.at + 1..].iter().position(|byte| *byte == b'\'')?;
                    self.at += name + 2;
                    continue;
                }
                b'(' | b'{' => open += 1,
                b',' | b')' if open == 0 => return Some(()),
                b')' | b'}' => open = open.checked_sub(1)?,
                _ => {}
            }
            self.at += 1;
        }
        None
    }

    /// Passes over the arguments that are left.
    fn pass_all(&mut self) -> Option<()> {
        loop {
            self.pass()?;
            if !self.next_is(",") {
                return Some(());
            }
        }
    }
}
