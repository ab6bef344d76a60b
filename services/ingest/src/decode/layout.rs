//! What is wrong with a CSV as a whole: seen by its heading, and said once.

use std::borrow::Cow;

use helan_schemas::catalog::DecimalMark;
use helan_schemas::refusal::Code;

use super::headings::{HEADING_WITHIN, REMARK, field_of};
use crate::problems::quoted;

/// What other programs put between cells.
const SEPARATORS: [char; 9] = [';', '\t', '|', ':', '~', '^', '，', '；', '、'];
/// Known headings by which a line is one.
const ENOUGH: usize = 3;
/// Bytes of a line that are looked at.
const FIRST_BYTES: usize = 16 * 1024;

/// Where the heading begins, and how many line breaks stand before it: a title may stand above it.
pub(super) fn heading_at(text: &str) -> (usize, u32) {
    if is_sep(first_line(text)) {
        return (0, 0);
    }
    let (mut at, mut breaks) = (0, 0);
    for line in text.split_inclusive('\n').take(HEADING_WITHIN) {
        if is_known_heading(first_line(line)) {
            return (at, breaks);
        }
        (at, breaks) = (at + line.len(), breaks + 1);
    }
    (0, 0)
}

/// What stands between the cells of a file that is read: a comma, or a semicolon where commas are decimal.
pub(super) fn separator(text: &str, mark: Option<DecimalMark>) -> u8 {
    let line = first_line(text);
    let by_semicolon = mark == Some(DecimalMark::Comma) && known(line, ';') > known(line, ',');
    if by_semicolon { b';' } else { b',' }
}

/// Why a file cannot be meant as it is read, and what was found.
pub(super) fn misread(text: &str, heading: &[Cow<'_, str>]) -> Option<(Code, String)> {
    let line = first_line(text);
    if is_sep(line) {
        return Some((Code::CsvSepLine, quoted(line.trim().trim_matches('"'))));
    }
    // A line that stands in quotes as a whole is one cell.
    if let [cell] = heading
        && known(cell, ',') >= ENOUGH
    {
        return Some((Code::CsvLineQuoted, quoted(line)));
    }
    let is_known = |cell: &&Cow<'_, str>| field_of(cell).is_some() || cell.starts_with(REMARK);
    let read = heading.iter().filter(is_known).count();
    let better = |found: usize| found >= ENOUGH && found > read;
    if let Some(other) = SEPARATORS.into_iter().find(|other| better(known(line, *other))) {
        let named = if other == '\t' { " (TAB)" } else { "" };
        return Some((Code::CsvSeparator, quoted(&other.to_string()) + named));
    }
    if better(line.split_whitespace().filter(|cell| field_of(cell).is_some()).count()) {
        return Some((Code::CsvSeparator, quoted(" ")));
    }
    // The last heading and the first cell of the first row have become one.
    if !text.trim().contains(['\n', '\r']) && read >= ENOUGH && heading.len() >= read + ENOUGH {
        return Some((Code::CsvLinesLost, quoted(line)));
    }
    let nameless: Vec<_> =
        (1..).zip(heading).filter(|(_, name)| name.is_empty()).map(|(at, _)| at.to_string()).collect();
    if !nameless.is_empty() {
        return Some((Code::CsvColumnNameless, nameless.join(", ")));
    }
    None
}

/// Whether a text begins with a heading, whatever separates its cells.
pub(crate) fn is_heading(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    is_known_heading(first_line(&text[heading_at(text).0..]))
}

fn is_known_heading(line: &str) -> bool {
    std::iter::once(',').chain(SEPARATORS).any(|separator| known(line, separator) >= ENOUGH)
}

/// Whether the cells of a row are known headings.
pub(super) fn is_heading_row(cells: &[Cow<'_, str>]) -> bool {
    cells.len() >= ENOUGH && cells.iter().filter(|cell| field_of(cell).is_some()).count() >= ENOUGH
}

/// Whether a line tells Excel what separates the cells.
fn is_sep(line: &str) -> bool {
    let line = line.trim().trim_matches('"');
    line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("sep="))
}

fn first_line(text: &str) -> &str {
    let line = text.trim_start_matches(['\n', '\r']).split(['\n', '\r']).next().unwrap_or_default();
    let end = (0..=line.len().min(FIRST_BYTES)).rev().find(|end| line.is_char_boundary(*end)).unwrap_or(0);
    &line[..end]
}

/// How many headings are known of a line that is cut at a separator.
fn known(line: &str, separator: char) -> usize {
    line.split(separator).filter(|cell| field_of(cell.trim().trim_matches('"')).is_some()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(text: &str) -> Option<(Code, String)> {
        let heading: Vec<Cow<'_, str>> = first_line(text).split(',').map(|cell| cell.trim().into()).collect();
        misread(text, &heading)
    }

    #[test]
    fn names_what_is_wrong_with_the_whole() {
        let good = "ref_area,indicator,time_period,value,unit\n01,balance,2023,1,CUR\n";
        assert_eq!(said(good), None);
        for (other, shown) in
            [(";", "\";\""), ("\t", "\"\\t\" (TAB)"), ("|", "\"|\""), ("，", "\"，\""), ("  ", "\" \"")]
        {
            assert_eq!(said(&good.replace(',', other)), Some((Code::CsvSeparator, shown.to_owned())), "{other}");
        }
        for line in ["sep=,", "sep=;", "\"SEP=;\""] {
            let found = quoted(line.trim_matches('"'));
            assert_eq!(said(&format!("{line}\r\n{good}")), Some((Code::CsvSepLine, found)));
        }
        for lost in ["", " ", "\\n"] {
            assert_eq!(said(&good.replace('\n', lost)).map(|(code, _)| code), Some(Code::CsvLinesLost), "{lost:?}");
        }
        let named = |text: &str| said(text);
        let nameless = |found: &str| Some((Code::CsvColumnNameless, found.to_owned()));
        assert_eq!(named(&good.replace("unit\n", "unit,,\n")), nameless("6, 7"));
        assert_eq!(named(&good.replace("value", ",value")), nameless("4"));
        let in_quotes: String = good.lines().map(|line| format!("\"{line}\"\n")).collect();
        let heading = [Cow::Borrowed(good.lines().next().expect("a heading"))];
        assert_eq!(misread(&in_quotes, &heading).map(|(code, _)| code), Some(Code::CsvLineQuoted));
        // A heading alone, a column that is not known, a note with semicolons.
        assert_eq!(said("ref_area,indicator,time_period,valu,unit"), None);
        assert_eq!(said(&good.replace("unit\n", "unit,#a;b;c;d\n")), None);
    }

    #[test]
    fn a_title_may_stand_above_the_heading() {
        let good = "ref_area,indicator,time_period,value,unit\n01,balance,2023,1,CUR\n";
        assert_eq!(heading_at(good), (0, 0));
        assert_eq!(heading_at(&format!("\r\n{good}")), (2, 1));
        let title = "2023 年报表,,,,\n填报单位：甲市,,,,\n";
        assert_eq!(heading_at(&format!("{title}{good}")), (title.len(), 2));
        assert_eq!(heading_at(&format!("{title}{}", good.replace(',', ";"))), (title.len(), 2));
        assert!(is_heading(&format!("{title}{good}")));
        // Without a heading the first line is the one that is judged, and so is an instruction to Excel.
        assert_eq!(heading_at("a,b,c\n1,2,3\n"), (0, 0));
        assert_eq!(heading_at(&format!("sep=,\n{good}")), (0, 0));
        assert_eq!(heading_at(&format!("{}{good}", "x\n".repeat(HEADING_WITHIN))), (0, 0));
    }

    #[test]
    fn semicolons_separate_where_commas_are_decimal() {
        let text = "ref_area;indicator;time_period;value;unit\n01;balance;2023;1,5;CUR\n";
        assert_eq!(separator(text, Some(DecimalMark::Comma)), b';');
        assert_eq!(separator(&text.replace(';', ","), Some(DecimalMark::Comma)), b',');
        for mark in [None, Some(DecimalMark::Point)] {
            assert_eq!(separator(text, mark), b',');
        }
    }

    proptest! {
        /// Whatever separates the cells and however many columns there are: one reason, and never a column's.
        #[test]
        fn another_separator_is_said_once(
            other in prop::sample::select(SEPARATORS.to_vec()),
            more in prop::sample::subsequence(vec!["unit_mult", "note", "vintage", "id", "obs_status"], 0..5),
            language in 0_usize..3,
            spaced in any::<bool>(),
        ) {
            let required = ["ref_area", "indicator", "time_period", "value", "unit"];
            let names = required.into_iter().chain(more).map(|field| {
                let (field, zh, en) = super::super::headings::headings().find(|row| row.0 == field).expect("known");
                [field, zh, en][language]
            });
            let names: Vec<_> = names.collect();
            let between = if spaced { format!("{other} ") } else { other.to_string() };
            let text = format!("{}\n01{between}balance\n", names.join(&between));
            prop_assert_eq!(said(&text).map(|(code, _)| code), Some(Code::CsvSeparator), "{}", text);
        }
    }
}
