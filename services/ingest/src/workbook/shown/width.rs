//! How much room a shown number takes, in digits: that is how spreadsheets measure columns.

/// A decimal point, a comma, a space: half a digit in the fonts that offices use.
pub(in crate::workbook) const POINT: f32 = 0.5;

/// The least room that a text takes.
pub(in crate::workbook) fn width_of(text: &str) -> f32 {
    text.chars()
        .map(|c| match c {
            '.' | ',' | ' ' | '\'' | '’' | '(' | ')' | '-' | '\u{a0}' | '\u{2009}' | '\u{202f}' => POINT,
            _ if c.is_ascii() => 1.0,
            // Hanzi and wide punctuation.
            '\u{2e80}'.. => 2.0,
            _ => 1.0,
        })
        .sum()
}
