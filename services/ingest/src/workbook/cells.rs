//! What one cell says for its field, or why nobody can tell.

use helan_schemas::refusal::Code;
use jiff::ToSpan;
use jiff::civil::date;

use super::book::Book;
use super::number::{Parts, Stored, stored};
use super::read::FILLED_IN;
use super::sheet::{Cell, Content, Frame};
use super::shown::{FEWEST, POINT, Shown, width_of};
use super::styles::Style;
use crate::problems::quoted;

/// Fields that take any text: what is raised in them says nothing else.
const FREE: [&str; 5] = ["note", "evidence", "prepared_by", "reviewed_by", "approved_by"];
/// Words beside a number that are part of a period's name.
const PERIOD_WORDS: [&str; 2] = ["年", "年度"];

/// What a cell says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is blank.
    Nothing,
    /// A text, as a CSV would have it.
    Text(Said),
    /// Something that could only be guessed.
    Wrong(Code, String),
}

/// What a cell says, and what of it a reader must know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) text: String,
    /// Its number was rounded to the digits that spreadsheets show.
    pub(super) rounded: bool,
    /// The cell shows fewer digits than this.
    pub(super) shorter: bool,
    /// What its format draws beside the number: to be compared with the row's unit and multiplier.
    pub(super) words: Vec<String>,
    /// What the cell shows, where there are such words.
    pub(super) shown: String,
}

impl Said {
    fn plain(text: String) -> Meaning {
        Meaning::Text(Self { text, ..Self::default() })
    }
}

/// What a cell means as the content of a field: what its reader sees, or why nobody can tell.
pub(super) fn meaning(field: &str, cell: &Cell, book: &Book, frame: &Frame) -> Meaning {
    let plain_style;
    let style = match book.styles.of(cell.style) {
        Some(style) => style,
        None => {
            plain_style = Style::plain();
            &plain_style
        }
    };
    if let Some(wrong) = looks(field, cell, style).or_else(|| conditional(cell, style, book, frame)) {
        return wrong;
    }
    let text = match &cell.content {
        Content::Empty if cell.formula => return Meaning::Wrong(Code::FormulaWithoutValue, String::new()),
        Content::NotComputed { why, .. } => return Meaning::Wrong(Code::FormulaWithoutValue, why.clone()),
        Content::Empty => return Meaning::Nothing,
        Content::Error(text) => return Meaning::Wrong(Code::CellError, quoted(text)),
        Content::IsoDate(text) => {
            return match text.split_once('T') {
                Some((day, "00:00:00" | "00:00:00.000")) if field == "published_at" => Said::plain(day.to_owned()),
                None if field == "published_at" => Said::plain(text.clone()),
                _ => Meaning::Wrong(Code::CellDate, quoted(text)),
            };
        }
        Content::Bool(true) => "TRUE",
        Content::Bool(false) => "FALSE",
        Content::Number(text) => return number(field, text, cell.at.column, (book, frame, style)),
        Content::Text(text) => text.as_str(),
    };
    // A format for texts draws something beside them, or nothing of them.
    let shown = book.styles.format(style).text(text, style.white_ground);
    match shown.trim() {
        "" => Meaning::Wrong(Code::CellUnseen, quoted(text)),
        shown if shown != text => {
            Meaning::Wrong(Code::CellFormatMisleads, format!("{} → {}", quoted(text), quoted(shown)))
        }
        _ => Said::plain(text.to_owned()),
    }
}

/// What is wrong with the looks of a cell that holds something.
fn looks(field: &str, cell: &Cell, style: &Style) -> Option<Meaning> {
    let looks = cell.looks.and(style.looks);
    let found = || match &cell.content {
        Content::Number(text) | Content::Text(text) | Content::IsoDate(text) | Content::Error(text) => quoted(text),
        _ => String::new(),
    };
    let code = match cell.content {
        Content::Empty => return None,
        _ if looks.struck => Code::CellStruck,
        _ if looks.raised && !FREE.contains(&field) => Code::CellRaised,
        _ if style.unseen || style.hides(looks) => Code::CellUnseen,
        _ if style.repeats => Code::CellFormatMisleads,
        _ => return None,
    };
    Some(Meaning::Wrong(code, found()))
}

/// What a conditional format may do to what a cell shows.
fn conditional(cell: &Cell, style: &Style, book: &Book, frame: &Frame) -> Option<Meaning> {
    let value = match &cell.content {
        Content::Empty => return None,
        _ if frame.rules.is_empty() => return None,
        Content::Number(text) => match stored(text) {
            Stored::Exact(held) | Stored::Rounded(held) => Parts::of(&held),
            Stored::TooLong | Stored::Unreadable => None,
        },
        _ => None,
    };
    let held = || match (&value, &cell.content) {
        (Some(value), _) => value.plain().unwrap_or_default(),
        (None, Content::Text(text) | Content::Number(text)) => quoted(text),
        _ => String::new(),
    };
    let wrong = |code, shown: &str| Some(Meaning::Wrong(code, misled(&held(), shown)));
    for rule in frame.rules.iter().filter(|rule| rule.may_change(cell.at, value.as_ref())) {
        if rule.replaces || rule.covers(style) {
            return wrong(Code::CellUnseen, "");
        }
        let Some(change) = rule.change(&book.styles) else { continue };
        if change.struck {
            return wrong(Code::CellStruck, "");
        }
        if change.hides(style) {
            return wrong(Code::CellUnseen, "");
        }
        let (Some(format), Some(value)) = (&change.format, &value) else { continue };
        match format.number(value, style.white_ground) {
            Shown::Number { words, .. } if words.is_empty() => {}
            Shown::Number { text, .. } | Shown::Other(text) => return wrong(Code::CellFormatMisleads, &text),
            Shown::Nothing => return wrong(Code::CellUnseen, ""),
            Shown::Date { .. } => return wrong(Code::CellFormatMisleads, "…"),
        }
    }
    None
}

/// The words that a cell shows beside the table's own: of a number, what its format draws.
pub(super) fn words(cell: &Cell, book: &Book) -> String {
    let format = book.styles.of(cell.style).map(|style| book.styles.format(style));
    match (&cell.content, format) {
        (Content::Text(text), Some(format)) => format.text(text, false),
        (Content::NotComputed { saved: text, .. } | Content::Text(text), _) => text.clone(),
        (Content::Number(text), Some(format)) if !format.is_general() => {
            let parts = match stored(text) {
                Stored::Exact(held) | Stored::Rounded(held) => Parts::of(&held),
                Stored::TooLong | Stored::Unreadable => None,
            };
            match parts.map(|parts| format.number(&parts, false)) {
                Some(Shown::Number { text, .. } | Shown::Other(text)) => text,
                _ => String::new(),
            }
        }
        _ => String::new(),
    }
}

fn number(field: &str, text: &str, column: u32, (book, frame, style): (&Book, &Frame, &Style)) -> Meaning {
    let (held, rounded) = match stored(text) {
        Stored::Exact(held) => (held, false),
        Stored::Rounded(held) => (held, true),
        Stored::TooLong => return Meaning::Wrong(Code::NumberPrecision, quoted(text)),
        Stored::Unreadable => return Meaning::Wrong(Code::NumberSyntax, quoted(text)),
    };
    let Some(parts) = Parts::of(&held) else { return Meaning::Wrong(Code::NumberSyntax, quoted(text)) };
    let shown = book.styles.format(style).number(&parts, style.white_ground);
    let cut = match &shown {
        // Where names stand beside them, codes may be hidden, and be cut off.
        Shown::Number { digits, text, .. } if FILLED_IN.contains(&field) => {
            in_width(&parts, (digits, text), style, book, frame.width(column))
        }
        _ => None,
    };
    let date = |found: String| Meaning::Wrong(Code::CellDate, found);
    match (field, shown) {
        ("published_at", Shown::Date { whole: true }) => {
            day(text, book.from_1904).map_or_else(|| date(quoted(text)), Said::plain)
        }
        // A plain number is a day that lost its format, or no day at all; a part of a date is no day.
        ("published_at", Shown::Number { .. } | Shown::Date { .. }) => date(quoted(text)),
        (_, Shown::Date { .. }) => {
            let day = day(text, book.from_1904);
            date(day.map_or_else(|| quoted(text), |day| format!("{} = {day}", quoted(text))))
        }
        (_, Shown::Nothing) => Meaning::Wrong(Code::CellUnseen, quoted(&held)),
        (_, Shown::Number { .. }) if frame.hides_zeros && parts.is_zero() => {
            Meaning::Wrong(Code::CellUnseen, format!("{} (showZeros=0)", quoted(&held)))
        }
        (_, Shown::Number { .. }) if cut == Some(Cut::Signs) => Meaning::Wrong(Code::CellUnseen, misled(&held, "####")),
        (_, Shown::Number { .. }) if let Some(Cut::Digits(seen)) = &cut => {
            Meaning::Wrong(Code::CellFormatMisleads, misled(&held, seen))
        }
        (_, Shown::Other(shown)) => Meaning::Wrong(Code::CellFormatMisleads, misled(&held, &shown)),
        ("value", Shown::Number { text, words, shorter, .. }) => {
            Meaning::Text(Said { text: held, rounded, shorter: shorter || cut.is_some(), words, shown: text })
        }
        (field, Shown::Number { text: shown, .. }) if FREE.contains(&field) => Said::plain(shown),
        (field, Shown::Number { digits, text: shown, words, shorter }) => {
            let known = |word: &String| field == "time_period" && PERIOD_WORDS.contains(&word.as_str());
            match shorter || !words.iter().all(known) {
                true => Meaning::Wrong(Code::CellFormatMisleads, misled(&held, &shown)),
                // 1 under 00 is the code 01, and 2018.0 the year 2018.
                false if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                    Said::plain(if parts.negative { format!("-{digits}") } else { digits })
                }
                false => Said::plain(held),
            }
        }
    }
}

/// What a column does that is too narrow for a number.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cut {
    /// `####` is shown.
    Signs,
    /// Too few digits to tell the number: these.
    Digits(String),
    /// Fewer digits, and enough.
    Shorter,
}

/// What a column of a width cuts from a number that is shown as these digits, within this text; none where it fits.
fn in_width(
    parts: &Parts,
    (digits, text): (&str, &str),
    style: &Style,
    book: &Book,
    width: Option<f32>,
) -> Option<Cut> {
    let width = width.filter(|_| !style.shrinks)?;
    let needed = width_of(text) * style.letters;
    if needed <= width {
        return None;
    }
    let whole = digits.find('.').unwrap_or(digits.len());
    let sign = if parts.negative { 1.0 } else { 0.0 };
    let room = width / style.letters - sign - whole as f32;
    if !book.styles.format(style).is_general() || room < 0.0 {
        return Some(Cut::Signs);
    }
    // Of a number without a format of its own, the last digits behind the point are left away.
    let seen = parts.rounded(-((room - POINT).max(0.0) as i32));
    let enough = seen.digits.trim_start_matches('0').len() >= FEWEST;
    let all = parts.compared(&seen).is_eq();
    match (all, enough) {
        (true, _) => None,
        (_, true) => Some(Cut::Shorter),
        (_, false) => Some(Cut::Digits(seen.plain().unwrap_or_default())),
    }
}

/// What is held, and what is shown instead.
pub(super) fn misled(held: &str, shown: &str) -> String {
    format!("{held} → {}", quoted(shown))
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
    use crate::workbook::styles::{Looks, Palette, Styles};

    /// A workbook whose first style has a format.
    fn styled(code: &str) -> Book {
        let code = code.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
        let styles = format!(
            "<styleSheet><numFmts><numFmt numFmtId=\"200\" formatCode=\"{code}\"/></numFmts>\
             <cellXfs><xf numFmtId=\"200\"/></cellXfs></styleSheet>"
        );
        let styles = Styles::read("styles", &styles, Palette::default()).expect("styles");
        Book { sheets: Vec::new(), texts: Vec::new(), styles, from_1904: false, uncomputed: None }
    }

    fn cell(content: Content) -> Cell {
        let at = CellAt { row: 1, column: 1 };
        Cell { at, content, formula: false, style: 0, looks: Looks::default() }
    }

    fn says(field: &str, content: Content, format: &str) -> Result<String, Code> {
        match meaning(field, &cell(content), &styled(format), &Frame::default()) {
            Meaning::Nothing => Ok(String::new()),
            Meaning::Text(Said { text, .. }) => Ok(text),
            Meaning::Wrong(code, _) => Err(code),
        }
    }

    #[test]
    fn says_what_is_meant_or_why_not() {
        let text = |text: &str| Content::Text(text.to_owned());
        let number = |text: &str| Content::Number(text.to_owned());
        for (field, content, format, expected) in [
            ("value", Content::Empty, "General", Ok("")),
            ("value", number("0"), "General", Ok("0")),
            ("value", number("3705.1799999999998"), "0.00", Ok("3705.18")),
            ("value", text("１，２３４．５"), "General", Ok("１，２３４．５")),
            ("value", text("1234"), ";;;", Err(Code::CellUnseen)),
            ("value", text("12"), "@\"万\"", Err(Code::CellFormatMisleads)),
            ("value", number("0.0128"), "0.00%", Err(Code::CellFormatMisleads)),
            ("value", number("45.6"), ";;;", Err(Code::CellUnseen)),
            ("value", number("45.6"), "\"x\"", Err(Code::CellFormatMisleads)),
            ("value", number("43707"), "yyyy-mm-dd", Err(Code::CellDate)),
            ("value", number("12345678901234567"), "General", Err(Code::NumberPrecision)),
            ("value", Content::Error("#DIV/0!".into()), "General", Err(Code::CellError)),
            (
                "value",
                Content::NotComputed { why: "1".into(), saved: "1".into() },
                "General",
                Err(Code::FormulaWithoutValue),
            ),
            ("time_period", number("2018"), "General", Ok("2018")),
            ("time_period", number("2018.0"), "General", Ok("2018")),
            ("time_period", number("2018"), "0\"年\"", Ok("2018")),
            ("time_period", number("2018"), "0\"Q1\"", Err(Code::CellFormatMisleads)),
            ("time_period", number("43252"), "yyyy-mm", Err(Code::CellDate)),
            ("ref_area", number("1"), "00", Ok("01")),
            ("ref_area", number("1"), "General", Ok("1")),
            ("ref_area", number("640100"), "#,##0", Ok("640100")),
            ("unit_mult", number("-2"), "General", Ok("-2")),
            ("unit_mult", number("-2"), "0;(0)", Ok("-2")),
            ("withdraws", number("-77"), "0", Ok("-77")),
            ("ref_area", number("-1"), "00", Ok("-01")),
            ("ref_area", number("100"), "\"64\"0000", Err(Code::CellFormatMisleads)),
            ("ref_area", number("640100.4"), "0", Err(Code::CellFormatMisleads)),
            ("ref_area", text("640100"), ";;;", Err(Code::CellUnseen)),
            ("published_at", number("43707"), "yyyy-mm-dd", Ok("2019-08-30")),
            ("published_at", number("43707"), "yyyy-mm", Err(Code::CellDate)),
            ("published_at", number("43707.5"), "yyyy-mm-dd", Err(Code::CellDate)),
            ("published_at", number("43707"), "General", Err(Code::CellDate)),
            ("published_at", number("60"), "yyyy-mm-dd", Err(Code::CellDate)),
            ("published_at", number("59"), "yyyy-mm-dd", Ok("1900-02-28")),
            ("published_at", number("61"), "yyyy-mm-dd", Ok("1900-03-01")),
            ("published_at", Content::IsoDate("2019-08-30T00:00:00".into()), "General", Ok("2019-08-30")),
            ("note", number("12.5"), "General", Ok("12.5")),
            ("note", number("12.5"), "0.00\" kg\"", Ok("12.50 kg")),
        ] {
            let said = says(field, content.clone(), format);
            assert_eq!(said, expected.map(str::to_owned), "{field} {content:?} {format}");
        }
        assert_eq!(day("0", true), None);
        assert_eq!(day("42245", true).as_deref(), Some("2019-08-30"));
        let unsaved = Cell { formula: true, ..cell(Content::Empty) };
        let said = meaning("value", &unsaved, &styled("General"), &Frame::default());
        assert_eq!(said, Meaning::Wrong(Code::FormulaWithoutValue, String::new()));
    }

    #[test]
    fn a_column_that_is_too_narrow_shows_another_number_or_none() {
        let unseen = Err(Code::CellUnseen);
        let misleads = Err(Code::CellFormatMisleads);
        for (value, format, width, expected) in [
            ("123456789", "General", "9", Ok(false)),
            ("123456789", "General", "8.4", unseen),
            ("-12345678", "0", "8.4", unseen),
            ("-12345678", "0", "9", Ok(false)),
            ("1234567.89", "#,##0.00", "11", Ok(false)),
            ("1234567.89", "#,##0.00", "9", unseen),
            ("455793.25", "General", "8", Ok(true)),
            ("1.2984", "General", "2.9", misleads),
            ("1.2984", "General", "4", Ok(true)),
            ("1.2984", "0.0000", "4", unseen),
        ] {
            let sheet = format!("<cols><col min=\"1\" max=\"1\" width=\"{width}\" customWidth=\"1\"/></cols>");
            let frame = Frame::read("sheet", &sheet, &Palette::default()).expect("a sheet");
            let said = meaning("value", &cell(Content::Number(value.to_owned())), &styled(format), &frame);
            let said = match said {
                Meaning::Text(said) => Ok(said.shorter),
                Meaning::Wrong(code, _) => Err(code),
                Meaning::Nothing => panic!("{value}"),
            };
            assert_eq!(said, expected, "{value} {format} {width}");
        }
    }

    #[test]
    fn looks_change_what_is_said() {
        let raised = Looks { raised: true, ..Looks::default() };
        let struck = Looks { struck: true, ..Looks::default() };
        let white = Looks { white: true, ..Looks::default() };
        for (field, looks, code) in [
            ("value", raised, Some(Code::CellRaised)),
            ("time_period", raised, Some(Code::CellRaised)),
            ("note", raised, None),
            ("value", struck, Some(Code::CellStruck)),
            ("note", struck, Some(Code::CellStruck)),
            ("value", white, Some(Code::CellUnseen)),
        ] {
            let cell = Cell { looks, ..cell(Content::Text("4557".into())) };
            let said = meaning(field, &cell, &styled("General"), &Frame::default());
            let found = if let Meaning::Wrong(code, _) = said { Some(code) } else { None };
            assert_eq!(found, code, "{field} {looks:?}");
        }
        let zero = cell(Content::Number("0".into()));
        let frame = Frame::read("sheet", "<sheetView showZeros=\"0\"/>", &Palette::default()).expect("a sheet");
        let said = meaning("value", &zero, &styled("0"), &frame);
        assert!(matches!(said, Meaning::Wrong(Code::CellUnseen, _)), "{said:?}");
    }
}
