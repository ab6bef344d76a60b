//! Events in a CSV: the heading names the fields, one row is one event.
//!
//! RFC 4180, read strictly: a quote that is never closed, or that stands inside a cell, is an error. Libraries take both
//! and would swallow rows. Where the catalog's offices write decimal commas, their spreadsheets put semicolons between
//! cells, and so does the template: both are taken there. Cells are trimmed; an empty cell is an absent field; a row of
//! empty cells is skipped, since spreadsheets leave such rows behind.

use std::borrow::Cow;

use helan_schemas::catalog::DecimalMark;
use helan_schemas::refusal::Code;

use super::fields::Slot;
use super::headings::{self, Lang, REMARK, field_of};
use super::layout;
use super::table::{Column, Manner, Taken, lacking, take_row};
use super::typed::{Writer, typed};
use crate::answer::TableRead;
use crate::problems::{Place, quoted, quoted_or_meant};
use crate::submission::Builder;

/// Reads a file into a builder. `source` stands for the column of that name. Errors end up in the builder too. What was
/// left blank is told only of a filled-in template.
pub(crate) fn read<'b, 'e>(
    text: &'e str,
    source: Option<&'e str>,
    mut builder: Builder<'b, 'e>,
) -> (Builder<'b, 'e>, Option<TableRead>) {
    let mark = builder.judge().decimal_mark();
    // Where DOS ended its files, some programs still do.
    let text = text.trim_end_matches('\u{1a}');
    if let Some((line, found)) = control(text) {
        builder.problems().add(Place::WHOLE.line(line), None, Code::CsvControl, found);
        return (builder, None);
    }
    if text.trim().is_empty() {
        builder.problems().add(Place::WHOLE, None, Code::EmptyBody, "");
        return (builder, None);
    }
    let (start, breaks) = layout::heading_at(text);
    let body = &text[start..];
    let mut records = Records { text, at: start, line: 1 + breaks, separator: layout::separator(body, mark) };
    let mut heading = Vec::new();
    let Some(first) = records.next(&mut heading) else {
        builder.problems().add(Place::WHOLE, None, Code::EmptyBody, "");
        return (builder, None);
    };
    let (line, read) = match &first {
        Ok(line) => (*line, heading.as_slice()),
        Err(error) => (error.line, &[][..]),
    };
    // What is wrong with all of it is said once, and not of every row.
    if let Some((code, found)) = layout::misread(body, read) {
        builder.problems().add(Place::WHOLE.line(line), None, code, found);
        return (builder, None);
    }
    if let Err(error) = first {
        builder.problems().add(Place::WHOLE.line(line), None, error.code, "");
        return (builder, None);
    }
    let (told, judge) = builder.told();
    told.around(&text[..start], judge);
    if heading.iter().any(|name| matches!(field_of(name), Some((_, Some(Lang::Zh))))) {
        builder.problems().set_headed();
    }
    let columns = columns(&heading, line, &mut builder);
    let form = columns.iter().any(|column| matches!(column, Column::TemplateRow));
    let worded_mult = heading.iter().any(|name| matches!(field_of(name), Some(("unit_mult", Some(_)))));
    let manner = Manner { source, form, lost_zeros: true, worded_mult };
    let mut done = TableRead::default();
    let mut cells = Vec::with_capacity(columns.len());
    let mut row = 0;
    while let Some(record) = records.next(&mut cells) {
        row += 1;
        match record {
            Err(error) => {
                builder.problems().add(Place::row(row).line(error.line), None, error.code, "");
                // A quote out of place leaves no way to tell where the next row begins.
                break;
            }
            Ok(_) if cells.iter().all(|cell| cell.is_empty()) || cells == heading => row -= 1,
            // Files that were joined: below another heading, columns mean something else.
            Ok(line) if layout::is_heading_row(&cells) => {
                let found = quoted(&cells.join(","));
                builder.problems().add(Place::row(row).line(line), None, Code::CsvHeadingAgain, found);
                break;
            }
            // What a broken heading means, nobody knows: only the form of the rows can be judged.
            Ok(line) if cells.len() != heading.len() => {
                let found = format!("{} ≠ {}", cells.len(), heading.len());
                builder.unreadable(Place::row(row).line(line), Code::CsvRaggedRow, found);
            }
            Ok(line) if columns.len() == heading.len() => {
                let place = Place::row(row).line(line);
                let mut broken = Vec::new();
                if let Some((at, field, found)) = cut_in_two(&columns, &cells, records.separator) {
                    builder.problems().add(place, Some("value"), Code::NumberAmbiguous, quoted(&found));
                    broken.push(field);
                    cells[at] = Cow::Borrowed("");
                }
                let filled = columns.iter().copied().zip(cells.drain(..)).filter(|(_, cell)| !cell.is_empty());
                let filled: Vec<_> = filled
                    .filter_map(|(column, cell)| {
                        let cell = match column {
                            Column::Data(field, Slot::Value) => match number(cell, mark) {
                                Ok(cell) => cell,
                                Err((code, cell)) => {
                                    builder.problems().add(place, Some("value"), code, quoted(&cell));
                                    broken.push(field);
                                    return None;
                                }
                            },
                            _ => cell,
                        };
                        Some((column, cell))
                    })
                    .collect();
                match take_row(filled, manner, place, (broken, String::new()), &mut builder) {
                    Taken::Event => done.reported += 1,
                    Taken::NotReported => done.not_reported += 1,
                    Taken::Remark => {}
                }
            }
            Ok(_) => {}
        }
        if builder.is_full() {
            break;
        }
    }
    builder.end_table();
    (builder, form.then_some(done))
}

/// The first character that no text has, by its line: what a broken disk or a cut transfer leaves.
fn control(text: &str) -> Option<(u32, String)> {
    let at = text.find(['\0', '\u{1a}'])?;
    let line = 1 + text[..at].bytes().filter(|byte| *byte == b'\n').count() as u32;
    Some((line, quoted(&text[at..=at])))
}

/// A value's text in plain digits, or why it is refused and what it was.
fn number(cell: Cow<'_, str>, mark: Option<DecimalMark>) -> Result<Cow<'_, str>, (Code, Cow<'_, str>)> {
    if cell.starts_with('#') {
        // What a spreadsheet has shown in its place.
        let code = if cell.bytes().all(|byte| byte == b'#') { Code::CellUnseen } else { Code::CellError };
        return Err((code, cell));
    }
    match typed(&cell, mark, Writer::Either) {
        Ok(Cow::Borrowed(_)) => Ok(cell),
        Ok(Cow::Owned(plain)) => Ok(Cow::Owned(plain)),
        Err(code) => Err((code, cell)),
    }
}

/// The heading's columns; fewer than the heading has if something is wrong with it.
fn columns(heading: &[Cow<'_, str>], line: u32, builder: &mut Builder<'_, '_>) -> Vec<Column> {
    let mut columns = Vec::new();
    let mut fields = Vec::new();
    let place = Place::WHOLE.line(line);
    for name in heading {
        let field = field_of(name).map(|(field, _)| field);
        let column = match field {
            None if name.starts_with(REMARK) => Some(Column::Remark),
            field => field.and_then(Column::of),
        };
        let code = match (field, column) {
            (Some(field), _) if fields.contains(&field) => Code::CsvDuplicateColumn,
            (_, None) if &**name == "entity" => Code::EntityNotEnabled,
            (_, None) => Code::CsvUnknownColumn,
            (_, Some(column)) => {
                columns.push(column);
                fields.extend(field);
                continue;
            }
        };
        let meant = if code == Code::CsvUnknownColumn { headings::meant(name) } else { None };
        builder.problems().add(place, Some(name), code, quoted_or_meant(name, meant));
    }
    for name in lacking(|name| fields.contains(&name)) {
        builder.problems().add(place, Some(name), Code::CsvMissingColumn, name);
        columns.clear();
    }
    columns
}

/// A number that its own comma has cut in two, as it looks: the note behind the value has digits alone. By the value's place, with the
/// number.
fn cut_in_two(columns: &[Column], cells: &[Cow<'_, str>], separator: u8) -> Option<(usize, &'static str, String)> {
    let digits = |cell: &str| !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit());
    let at = columns.iter().position(|column| matches!(column, Column::Data(_, Slot::Value)))?;
    let Column::Data(field, _) = columns[at] else { return None };
    // What a form shows beside the value, and a column for people only, may be numbers.
    let of_words = matches!(columns.get(at + 1)?, Column::Data("data.note", _));
    let (value, next) = (cells.get(at)?, cells.get(at + 1)?);
    let is_cut = separator == b',' && of_words && digits(value.trim_start_matches('-')) && digits(next);
    is_cut.then(|| (at, field, format!("{value},{next}")))
}

/// A quote out of place.
struct CsvError {
    code: Code,
    line: u32,
}

/// Records of a text, one after the other.
struct Records<'e> {
    text: &'e str,
    at: usize,
    line: u32,
    /// Stands between cells.
    separator: u8,
}

impl<'e> Records<'e> {
    /// Reads the next record's cells, trimmed, and gives the line on which it begins. Empty lines are no records.
    fn next(&mut self, cells: &mut Vec<Cow<'e, str>>) -> Option<Result<u32, CsvError>> {
        cells.clear();
        let bytes = self.text.as_bytes();
        while let Some(byte @ (b'\n' | b'\r')) = bytes.get(self.at) {
            self.line += u32::from(*byte == b'\n');
            self.at += 1;
        }
        if self.at == bytes.len() {
            return None;
        }
        let line = self.line;
        loop {
            let cell = if bytes.get(self.at) == Some(&b'"') { self.quoted() } else { self.plain() };
            match cell {
                Ok(cell) => cells.push(cell),
                Err(error) => return Some(Err(error)),
            }
            match bytes.get(self.at) {
                Some(byte) if *byte == self.separator => self.at += 1,
                _ => return Some(Ok(line)),
            }
        }
    }

    fn plain(&mut self) -> Result<Cow<'e, str>, CsvError> {
        let rest = &self.text[self.at..];
        let end = rest.find([char::from(self.separator), '\n', '\r', '"']).unwrap_or(rest.len());
        if rest[end..].starts_with('"') {
            return Err(CsvError { code: Code::CsvStrayQuote, line: self.line });
        }
        self.at += end;
        Ok(Cow::Borrowed(rest[..end].trim()))
    }

    fn quoted(&mut self) -> Result<Cow<'e, str>, CsvError> {
        let opened = self.line;
        let mut cell = Cow::Borrowed("");
        loop {
            let rest = &self.text[self.at + 1..];
            let Some(end) = rest.find('"') else {
                return Err(CsvError { code: Code::CsvUnclosedQuote, line: opened });
            };
            self.line += rest[..end].bytes().filter(|byte| *byte == b'\n').count() as u32;
            self.at += 1 + end + 1;
            if cell.is_empty() {
                cell = Cow::Borrowed(&rest[..end]);
            } else {
                cell.to_mut().push_str(&rest[..end]);
            }
            match self.text.as_bytes().get(self.at) {
                Some(b'"') => cell.to_mut().push('"'),
                None | Some(b'\n' | b'\r') => break,
                Some(byte) if *byte == self.separator => break,
                Some(_) => return Err(CsvError { code: Code::CsvStrayQuote, line: self.line }),
            }
        }
        Ok(match cell {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (u32, Vec<String>);

    fn records(text: &str) -> Result<Vec<Row>, (Code, u32)> {
        let mut records = Records { text, at: 0, line: 1, separator: b',' };
        let (mut all, mut cells) = (Vec::new(), Vec::new());
        while let Some(record) = records.next(&mut cells) {
            let line = record.map_err(|error| (error.code, error.line))?;
            all.push((line, cells.iter().map(|cell| cell.to_string()).collect()));
        }
        Ok(all)
    }

    #[test]
    fn reads_cells_as_rfc_4180_says() {
        let text = "a, b ,\"c\"\r\n\r\n\"x,\"\"y\"\"\n2\",,\n\"\"\"\",\"\",z";
        let expected = [(1, vec!["a", "b", "c"]), (3, vec!["x,\"y\"\n2", "", ""]), (5, vec!["\"", "", "z"])];
        assert_eq!(
            records(text).expect("csv"),
            expected.map(|(line, row)| (line, row.iter().map(|s| s.to_string()).collect()))
        );
        assert_eq!(records("").expect("csv"), []);
    }

    #[test]
    fn names_quotes_out_of_place() {
        assert_eq!(records("a,b\n1,\"2\n3,4\n"), Err((Code::CsvUnclosedQuote, 2)));
        assert_eq!(records("a,b\n1,2\"3\n"), Err((Code::CsvStrayQuote, 2)));
        assert_eq!(records("a\n\"1\"2\n"), Err((Code::CsvStrayQuote, 2)));
    }

    #[test]
    fn a_note_of_digits_behind_a_value_is_a_part_of_it_and_another_column_is_not() {
        let found = |second: &'static str, cells: [&'static str; 2]| {
            let columns = ["value", second].map(|field| Column::of(field).expect("a column"));
            cut_in_two(&columns, &cells.map(Cow::Borrowed), b',').map(|(_, _, number)| number)
        };
        assert_eq!(found("note", ["28", "901"]).as_deref(), Some("28,901"));
        assert_eq!(found("note", ["28.5", "901"]), None);
        assert_eq!(found("note", ["28", "census"]), None);
        // The figure of the period before stands beside the value in a form.
        assert_eq!(found("last_value", ["28", "901"]), None);
    }
}
