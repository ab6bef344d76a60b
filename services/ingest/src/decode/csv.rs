//! Events in a CSV: the heading names the fields, one row is one event.
//!
//! RFC 4180, read strictly: a quote that is never closed, or that stands inside a cell, is an error. Libraries take both
//! and would swallow rows. Cells are trimmed; an empty cell is an absent field; a row of empty cells is skipped, since
//! spreadsheets leave such rows behind.

use std::borrow::Cow;

use helan_schemas::codes;
use helan_schemas::event::Text;
use helan_schemas::refusal::Code;

use super::fields::{Slot, UNKNOWN_MULT, blank, data_field};
use crate::check::ValueText;
use crate::problems::{Place, quoted};
use crate::submission::{Builder, Form};

/// Columns without which a row says nothing. Only a file of withdrawals may lack them.
const REQUIRED: [&str; 5] = ["ref_area", "indicator", "time_period", "value", "unit"];

/// What a column is.
#[derive(Clone, Copy)]
enum Column {
    Id,
    Source,
    Type,
    Data(&'static str, &'static Slot),
}

/// Reads a file into a builder. `source` stands for the column of that name. Errors end up in the builder too.
pub(crate) fn read<'b, 'e>(text: &'e str, source: Option<&'e str>, mut builder: Builder<'b, 'e>) -> Builder<'b, 'e> {
    let mut records = Records { text, at: 0, line: 1 };
    let mut heading = Vec::new();
    let columns = match records.next(&mut heading) {
        None => {
            builder.problems().add(Place::WHOLE, None, Code::EmptyBody, "");
            return builder;
        }
        Some(Err(error)) => {
            builder.problems().add(Place::WHOLE.line(error.line), None, error.code, "");
            return builder;
        }
        Some(Ok(_)) => columns(&heading, &mut builder),
    };
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
            Ok(_) if cells.iter().all(|cell| cell.is_empty()) => row -= 1,
            // What a broken heading means, nobody knows: only the form of the rows can be judged.
            Ok(line) if cells.len() != heading.len() => {
                let found = format!("{} ≠ {}", cells.len(), heading.len());
                builder.unreadable(Place::row(row).line(line), Code::CsvRaggedRow, found);
            }
            Ok(line) if columns.len() == heading.len() => {
                read_row(&columns, &mut cells, source, Place::row(row).line(line), &mut builder);
            }
            Ok(_) => {}
        }
        if builder.is_full() {
            break;
        }
    }
    builder
}

/// The heading's columns; fewer than the heading has if something is wrong with it.
fn columns(heading: &[Cow<'_, str>], builder: &mut Builder<'_, '_>) -> Vec<Column> {
    let mut columns = Vec::new();
    let place = Place::WHOLE.line(1);
    for (at, name) in heading.iter().enumerate() {
        let column = match &**name {
            "id" => Some(Column::Id),
            "source" => Some(Column::Source),
            "type" => Some(Column::Type),
            name => data_field(name)
                .filter(|(_, slot)| !matches!(slot, Slot::Entity))
                .map(|(full, slot)| Column::Data(full, slot)),
        };
        let code = match column {
            _ if heading[..at].contains(name) => Code::CsvDuplicateColumn,
            None if &**name == "entity" => Code::EntityNotEnabled,
            None => Code::CsvUnknownColumn,
            Some(column) => {
                columns.push(column);
                continue;
            }
        };
        builder.problems().add(place, Some(name), code, quoted(name));
    }
    let has = |name: &str| heading.iter().any(|other| other == name);
    let withdrawals = has("type") && has("withdraws");
    for name in REQUIRED.iter().filter(|name| !withdrawals && !has(name)) {
        builder.problems().add(place, Some(name), Code::CsvMissingColumn, "");
        columns.clear();
    }
    columns
}

fn read_row<'e>(
    columns: &[Column],
    cells: &mut Vec<Cow<'e, str>>,
    source: Option<&'e str>,
    place: Place<'_>,
    builder: &mut Builder<'_, 'e>,
) {
    let mut event = blank();
    event.specversion = Text("1.0".into());
    event.event_type = Text(codes::TYPE_REPORTED.into());
    event.source = Text(source.unwrap_or_default().into());
    let mut value = Cow::Borrowed("");
    let mut broken: &[&str] = &[];
    for (column, cell) in columns.iter().zip(cells.drain(..)).filter(|(_, cell)| !cell.is_empty()) {
        match column {
            Column::Id => event.id = Text(cell),
            Column::Type => event.event_type = Text(cell),
            Column::Source => match source {
                Some(source) if source != cell => {
                    let found = format!("{} ≠ {}", quoted(&cell), quoted(source));
                    builder.problems().add(place, Some("source"), Code::SourceMixed, found);
                    broken = &["source"];
                }
                _ => event.source = Text(cell),
            },
            Column::Data(_, Slot::Text(field)) => *field(&mut event.data) = Some(Text(cell)),
            Column::Data(_, Slot::Value) => value = cell,
            Column::Data(name, Slot::Mult) => match cell.parse() {
                Ok(mult) => event.data.unit_mult = Some(mult),
                Err(_) => {
                    builder.problems().add(place, Some("unit_mult"), Code::UnitMultInvalid, quoted(&cell));
                    event.data.unit_mult = Some(UNKNOWN_MULT);
                    broken = std::slice::from_ref(name);
                }
            },
            Column::Data(_, Slot::Entity) => unreachable!("the heading is refused"),
        }
    }
    builder.event(place, event, ValueText::of_text(&value), broken, Form::Table);
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
                Some(b',') => self.at += 1,
                _ => return Some(Ok(line)),
            }
        }
    }

    fn plain(&mut self) -> Result<Cow<'e, str>, CsvError> {
        let rest = &self.text[self.at..];
        let end = rest.find([',', '\n', '\r', '"']).unwrap_or(rest.len());
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
                None | Some(b',' | b'\n' | b'\r') => break,
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
        let mut records = Records { text, at: 0, line: 1 };
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
}
