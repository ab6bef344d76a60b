//! What one cell says for its field, or why nobody can tell.

use helan_schemas::refusal::Code;
use jiff::ToSpan;
use jiff::civil::date;

use super::formats::Shown;
use super::number::{Stored, stored};
use super::sheet::{Cell, Content};
use crate::problems::quoted;

/// What a cell says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is blank.
    Nothing,
    /// A text, as a CSV would have it; whether its number was rounded to the digits that are shown.
    Text { text: String, rounded: bool },
    /// Something that could only be guessed.
    Wrong(Code, String),
}

/// What a cell means as the content of a field.
pub(super) fn meaning(field: &str, cell: &Cell, from_1904: bool) -> Meaning {
    let plain = |text: String| Meaning::Text { text, rounded: false };
    match &cell.content {
        Content::Empty if cell.formula => Meaning::Wrong(Code::FormulaWithoutValue, String::new()),
        Content::Empty => Meaning::Nothing,
        Content::Error(text) => Meaning::Wrong(Code::CellError, quoted(text)),
        Content::IsoDate(text) => match text.split_once('T') {
            Some((day, "00:00:00" | "00:00:00.000")) if field == "published_at" => plain(day.to_owned()),
            None if field == "published_at" => plain(text.clone()),
            _ => Meaning::Wrong(Code::CellDate, quoted(text)),
        },
        Content::Bool(truth) => plain(if *truth { "TRUE" } else { "FALSE" }.to_owned()),
        Content::Text(text) => plain(text.clone()),
        Content::Number(text, shown) => number(field, text, *shown, from_1904),
    }
}

fn number(field: &str, text: &str, shown: Shown, from_1904: bool) -> Meaning {
    match (field, shown) {
        ("published_at", Shown::Date) => match day(text, from_1904) {
            Some(day) => return Meaning::Text { text: day, rounded: false },
            None => return Meaning::Wrong(Code::CellDate, quoted(text)),
        },
        // A plain number is a day that lost its format, or no day at all.
        ("published_at", _) => return Meaning::Wrong(Code::CellDate, quoted(text)),
        (_, Shown::Date) => {
            let found = day(text, from_1904).map_or_else(|| quoted(text), |day| format!("{} = {day}", quoted(text)));
            return Meaning::Wrong(Code::CellDate, found);
        }
        ("value", Shown::Other) => return Meaning::Wrong(Code::CellFormatMisleads, quoted(text)),
        _ => {}
    }
    match stored(text) {
        Stored::Exact(text) => Meaning::Text { text: canonical(field, text), rounded: false },
        Stored::Rounded(text) => Meaning::Text { text, rounded: field == "value" },
        Stored::TooLong => Meaning::Wrong(Code::NumberPrecision, quoted(text)),
        Stored::Unreadable => Meaning::Wrong(Code::NumberSyntax, quoted(text)),
    }
}

/// A year or a code that some program stored as 2018.0 is 2018; a value keeps the digits that are there.
fn canonical(field: &str, text: String) -> String {
    match text.split_once('.') {
        Some((whole, fraction)) if field != "value" && fraction.bytes().all(|byte| byte == b'0') => whole.to_owned(),
        _ => text,
    }
}

/// The day of a whole serial number. Excel's 1900 had a 29 February: that day, and times of day, are none.
fn day(text: &str, from_1904: bool) -> Option<String> {
    let text = text.strip_suffix(".0").unwrap_or(text);
    let serial: i32 = text.parse().ok().filter(|serial| (1..=2_958_465).contains(serial))?;
    let start = match (from_1904, serial) {
        (true, _) => date(1904, 1, 1),
        (false, 60) => return None,
        (false, ..60) => date(1899, 12, 31),
        (false, _) => date(1899, 12, 30),
    };
    Some(start.checked_add(serial.days()).ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workbook::places::CellAt;

    fn cell(content: Content) -> Cell {
        Cell { at: CellAt { row: 1, column: 1 }, content, formula: false }
    }

    fn says(field: &str, content: Content) -> Result<String, Code> {
        match meaning(field, &cell(content), false) {
            Meaning::Nothing => Ok(String::new()),
            Meaning::Text { text, .. } => Ok(text),
            Meaning::Wrong(code, _) => Err(code),
        }
    }

    fn number(text: &str, shown: Shown) -> Content {
        Content::Number(text.to_owned(), shown)
    }

    #[test]
    fn says_what_is_meant_or_why_not() {
        let text = |text: &str| Content::Text(text.to_owned());
        for (field, content, expected) in [
            ("value", Content::Empty, Ok("")),
            ("value", number("0", Shown::Plain), Ok("0")),
            ("value", number("3705.1799999999998", Shown::Plain), Ok("3705.18")),
            ("value", text("１，２３４．５"), Ok("１，２３４．５")),
            ("value", number("0.0128", Shown::Other), Err(Code::CellFormatMisleads)),
            ("value", number("43707", Shown::Date), Err(Code::CellDate)),
            ("value", number("12345678901234567", Shown::Plain), Err(Code::NumberPrecision)),
            ("value", Content::Error("#DIV/0!".into()), Err(Code::CellError)),
            ("time_period", number("2018", Shown::Plain), Ok("2018")),
            ("time_period", number("2018.0", Shown::Plain), Ok("2018")),
            ("time_period", number("43252", Shown::Date), Err(Code::CellDate)),
            ("published_at", number("43707", Shown::Date), Ok("2019-08-30")),
            ("published_at", number("43707.5", Shown::Date), Err(Code::CellDate)),
            ("published_at", number("43707", Shown::Plain), Err(Code::CellDate)),
            ("published_at", number("60", Shown::Date), Err(Code::CellDate)),
            ("published_at", number("59", Shown::Date), Ok("1900-02-28")),
            ("published_at", number("61", Shown::Date), Ok("1900-03-01")),
            ("published_at", Content::IsoDate("2019-08-30T00:00:00".into()), Ok("2019-08-30")),
            ("note", number("12.5", Shown::Plain), Ok("12.5")),
        ] {
            assert_eq!(says(field, content.clone()), expected.map(str::to_owned), "{field} {content:?}");
        }
        assert_eq!(day("0", true), None);
        assert_eq!(day("42245", true).as_deref(), Some("2019-08-30"));
        let unsaved = Cell { formula: true, ..cell(Content::Empty) };
        assert_eq!(meaning("value", &unsaved, false), Meaning::Wrong(Code::FormulaWithoutValue, String::new()));
    }
}
