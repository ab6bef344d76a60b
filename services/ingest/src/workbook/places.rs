//! Columns, cells and ranges as spreadsheets write them: G, G12, A1:C3.

/// A cell: row and column from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CellAt {
    pub(crate) row: u32,
    pub(crate) column: u32,
}

/// The last column that spreadsheets have, XFD.
const LAST_COLUMN: u32 = 16_384;
const LAST_ROW: u32 = 1_048_576;

impl CellAt {
    /// Reads `G12`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
        let (letters, digits) = text.split_at(letters);
        if !(1..=3).contains(&letters.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let column = letters.bytes().fold(0, |sum, byte| sum * 26 + u32::from(byte - b'A') + 1);
        let row = digits.parse().ok()?;
        ((1..=LAST_COLUMN).contains(&column) && (1..=LAST_ROW).contains(&row)).then_some(Self { row, column })
    }
}

impl std::fmt::Display for CellAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", letters(self.column), self.row)
    }
}

/// A column's letters, from 1 = A.
pub(super) fn letters(mut column: u32) -> String {
    let mut letters = Vec::new();
    while column > 0 {
        letters.insert(0, b'A' + ((column - 1) % 26) as u8);
        column = (column - 1) / 26;
    }
    String::from_utf8(letters).unwrap_or_default()
}

/// A block of cells, both corners inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) first: CellAt,
    pub(super) last: CellAt,
}

impl Block {
    /// Reads `A1:C3`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once(':').unwrap_or((text, text));
        Some(Self { first: CellAt::parse(first)?, last: CellAt::parse(last)? })
    }

    pub(super) fn holds(&self, at: CellAt) -> bool {
        (self.first.row..=self.last.row).contains(&at.row)
            && (self.first.column..=self.last.column).contains(&at.column)
    }
}

impl std::fmt::Display for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.first, self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_cells() {
        for (text, row, column) in [("A1", 1, 1), ("Z9", 9, 26), ("AA10", 10, 27), ("XFD1048576", 1_048_576, 16_384)] {
            assert_eq!(CellAt::parse(text), Some(CellAt { row, column }));
            assert_eq!(CellAt { row, column }.to_string(), text);
        }
        for text in ["", "A", "1", "a1", "A0", "XFE1", "A1048577", "AAAA1", "A-1"] {
            assert_eq!(CellAt::parse(text), None, "{text}");
        }
        let block = Block::parse("B2:C3").expect("a block");
        assert!(block.holds(CellAt { row: 3, column: 2 }) && !block.holds(CellAt { row: 1, column: 2 }));
    }
}
