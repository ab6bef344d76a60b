//! From a workbook to events: finds the sheet and its heading, and says of every cell what it means or why nobody can
//! tell.

use std::borrow::Cow;
use std::collections::HashMap;

use helan_schemas::refusal::Code;

use super::around::Around;
use super::book::Book;
use super::cells::{Meaning, Said, meaning, misled, words};
use super::conditional::of_tables;
use super::cut::cut_off;
use super::grid::Grid;
use super::heading::{Found, HeadingCell, find_heading};
use super::package::Package;
use super::places::{Block, CellAt};
use super::sheet::{Content, Frame, Row, Rows};
use super::shown::words_fit;
use crate::answer::TableRead;
use crate::decode::headings::{self, AREA_NAME, INDICATOR_NAME, Lang, choice, field_of};
use crate::decode::table::{Column, Manner, Taken, lacking, take_row};
use crate::decode::typed::{Writer, typed};
use crate::limits::Limits;
use crate::memory::Share;
use crate::problems::{Place, Problem, Problems, Spot, quoted, quoted_or_meant};
use crate::submission::Builder;

/// Cells that the answer lists; more are counted.
const CELLS_LISTED: usize = 20;
/// Fields that a person fills in: what is hidden there was not looked at.
pub(super) const FILLED_IN: [&str; 7] =
    ["value", "unit_mult", "obs_status", "conf_status", "vintage", "published_at", "basis"];

/// One column of the heading.
#[derive(Clone, Debug)]
struct Heading {
    column: u32,
    /// The field's name, or the text of an unknown heading.
    name: String,
    text: String,
}

/// Where things stand in the sheet that was read.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) sheet: String,
    pub(super) part: String,
    /// The language of the headings; none where they are the names of fields.
    pub(crate) lang: Option<Lang>,
    heading_row: u32,
    headings: Vec<Heading>,
    /// The first heading's column that can be seen.
    first_seen: u32,
    /// Rows with errors: their names.
    names: HashMap<u32, String>,
}

impl Layout {
    fn column_of(&self, field: &str) -> Option<&Heading> {
        self.headings.iter().find(|heading| heading.name == field)
    }

    /// The cell to which an error belongs: that of its field, else the row's value, else the row's first.
    pub(crate) fn spot(&self, problem: &Problem) -> Option<Spot> {
        let field = problem.field.as_deref().unwrap_or_default();
        let row = problem.line.unwrap_or(self.heading_row);
        let heading = self.column_of(field).or_else(|| {
            let fallback = if problem.line.is_some() { self.column_of("value") } else { None };
            fallback.or_else(|| self.headings.first())
        });
        let column = heading.map_or(1, |heading| heading.column);
        let heading = heading.map_or("", |heading| heading.text.as_str());
        let names = self.names.get(&row).map_or("", String::as_str);
        let label = if names.is_empty() { heading.to_owned() } else { format!("{names} · {heading}") };
        Some(Spot { sheet: self.sheet.clone(), at: CellAt { row, column }, label })
    }

    /// Where an error at a cell that nobody sees is told as well: in the heading.
    pub(super) fn beside(&self, code: Code, at: CellAt) -> Option<CellAt> {
        match code {
            Code::RowHidden => Some(CellAt { row: self.heading_row, ..at }),
            Code::ColumnHidden => Some(CellAt { column: self.first_seen, ..at }),
            _ => None,
        }
    }
}

/// What reading a workbook leads to.
pub(crate) struct WorkbookRows<'b, 'e> {
    pub(crate) builder: Builder<'b, 'e>,
    pub(crate) done: TableRead,
    pub(crate) layout: Option<Layout>,
}

/// Reads a workbook into a builder. What makes the whole file unreadable is the error; all others end up in the builder.
pub(crate) fn read<'b, 'e>(
    bytes: &[u8],
    source: Option<&'e str>,
    (limits, share): (&Limits, &Share),
    builder: Builder<'b, 'e>,
) -> Result<WorkbookRows<'b, 'e>, Problems> {
    let mut package = Package::open(bytes, limits, share)?;
    let book = Book::read(&mut package)?;
    let sheet = book.data_sheet()?;
    let text = package.text(&sheet.part)?;
    let mut frame = Frame::read(&sheet.part, &text, &book.styles.palette)?;
    frame.rules.extend(of_tables(&mut package, &book, &sheet.part)?);
    let grid = Grid::read(&mut package, &book, &sheet.part, &text)?;
    let mut around = Around::read(&mut package, sheet, &frame.printed)?;
    let mut rows = Rows::new((&sheet.part, &text), &book, &grid, &frame);
    let done = TableRead { sheet: Some(sheet.name.clone()), ..TableRead::default() };
    let manner = Manner { source, form: true, lost_zeros: false, worded_mult: false };
    let merged_names = Vec::new();
    let mut reading = Reading { builder, done, frame: &frame, book: &book, manner, merged_names };
    let Some(Found { number, cells, lang, hidden, title }) = find_heading(&mut rows, &book)? else {
        reading.builder.problems().add(Place::WHOLE, None, Code::SheetNoHeading, quoted(&sheet.name));
        return Ok(WorkbookRows { builder: reading.builder, done: reading.done, layout: None });
    };
    let mut layout = Layout {
        sheet: sheet.name.clone(),
        part: sheet.part.clone(),
        lang,
        heading_row: number,
        headings: Vec::new(),
        first_seen: 1,
        names: HashMap::new(),
    };
    let (told, judge) = reading.builder.told();
    told.around(&format!("{title}\n{}{}", around.notes_down_to(number), around.text), judge);
    if cells.iter().any(|(_, text, _)| matches!(field_of(text), Some((_, Some(Lang::Zh))))) {
        reading.builder.problems().set_headed();
    }
    if hidden {
        reading.builder.problems().add(Place::WHOLE.line(number), None, Code::RowHidden, number.to_string());
    }
    let columns = reading.columns(cells, &mut layout);
    let mut seen = layout.headings.iter().map(|heading| heading.column).filter(|column| !frame.hides(*column));
    layout.first_seen = seen.next().unwrap_or(1);
    let mut row = 0;
    while let Some(found) = rows.next()? {
        // What a broken heading means, nobody knows.
        if columns.is_empty() || reading.builder.is_full() {
            break;
        }
        let on_cells = around.notes_down_to(found.number);
        row += u32::from(reading.row((&found, on_cells), row + 1, &columns, &mut layout));
    }
    let (told, judge) = reading.builder.told();
    told.between(&around.notes_down_to(u32::MAX - 1), judge);
    reading.builder.end_table();
    Ok(WorkbookRows { builder: reading.builder, done: reading.done, layout: Some(layout) })
}

struct Reading<'r, 'b, 'e> {
    builder: Builder<'b, 'e>,
    done: TableRead,
    frame: &'r Frame,
    book: &'r Book,
    manner: Manner<'e>,
    /// Names that stand in a cell of several rows, each with that cell's block and field.
    merged_names: Vec<(Block, &'static str, String)>,
}

/// A column that is read: where, what, and its field's name.
struct Read {
    column: u32,
    kind: Column,
    field: &'static str,
}

impl<'e> Reading<'_, '_, 'e> {
    /// The heading's columns; none if something is wrong with it.
    fn columns(&mut self, cells: Vec<HeadingCell>, layout: &mut Layout) -> Vec<Read> {
        let mut columns: Vec<Read> = Vec::new();
        let mut wrong = false;
        let mut report = |builder: &mut Builder<'_, '_>, name: &str, code: Code, found: String| {
            builder.problems().add(Place::WHOLE, Some(name), code, found);
            wrong = true;
        };
        let merged = self.frame.merged(layout.heading_row);
        for (column, text, struck) in cells {
            let known = field_of(&text).and_then(|(field, _)| Some((field, Column::of(field)?)));
            let name = known.map_or(text.as_str(), |(field, _)| field).to_owned();
            let again = columns.iter().any(|read| read.field == name);
            // The heading at fault is found by its text where its field has a column already.
            let name = if again { text.clone() } else { name };
            let shown = text.trim_end_matches('*').to_owned();
            layout.headings.push(Heading { column, name: name.clone(), text: shown });
            let at = CellAt { row: layout.heading_row, column };
            match known {
                _ if text.starts_with('#') => {}
                // For the reader of the form.
                Some((_, Column::Remark)) if !again => {}
                None => {
                    let found = quoted_or_meant(&text, headings::meant(&text));
                    report(&mut self.builder, &name, Code::CsvUnknownColumn, found);
                }
                Some(_) if again => report(&mut self.builder, &name, Code::CsvDuplicateColumn, quoted(&text)),
                Some((field, kind)) => {
                    self.manner.worded_mult |= field == "unit_mult" && text != field;
                    if struck {
                        report(&mut self.builder, &name, Code::CellStruck, quoted(&text));
                    }
                    if let Some(block) = merged.iter().find(|block| block.holds(at)) {
                        report(&mut self.builder, &name, Code::CellMerged, block.to_string());
                    }
                    if FILLED_IN.contains(&field) && self.frame.hides(column) {
                        report(&mut self.builder, &name, Code::ColumnHidden, quoted(&text));
                    }
                    columns.push(Read { column, kind, field });
                }
            }
        }
        // Codes may be hidden where their names are seen; nothing else tells the period.
        let seen = |field: &str| columns.iter().any(|read| read.field == field && !self.frame.hides(read.column));
        for (field, name) in [("ref_area", AREA_NAME), ("indicator", INDICATOR_NAME), ("time_period", "time_period")] {
            if columns.iter().any(|read| read.field == field) && !seen(field) && !seen(name) {
                let column = layout.column_of(field).map_or("", |heading| heading.text.as_str());
                report(&mut self.builder, field, Code::ColumnHidden, quoted(column));
            }
        }
        for name in lacking(|name| columns.iter().any(|read| read.field == name)) {
            report(&mut self.builder, name, Code::CsvMissingColumn, name.to_owned());
        }
        if wrong { Vec::new() } else { columns }
    }

    /// Reads one row; says whether it counts as one.
    fn row(&mut self, (row, on_cells): (&Row, String), number: u32, columns: &[Read], layout: &mut Layout) -> bool {
        let texts = row.cells.iter().filter(|cell| !self.frame.hides(cell.at.column));
        let of = |read: bool| {
            let is_read = |column| columns.iter().any(|read| read.column == column);
            let texts = texts.clone().filter(|cell| is_read(cell.at.column) == read);
            texts.map(|cell| words(cell, self.book)).chain([on_cells.clone()]).collect::<Vec<_>>().join("\n")
        };
        let place = Place::row(number).line(row.number);
        let before = self.builder.problems().count();
        let mut cells: Vec<(Column, Cow<'e, str>)> = Vec::new();
        let mut wrong: Vec<(&'static str, Code, String)> = Vec::new();
        let mut names = [const { String::new() }; 2];
        let (mut has_value, mut formulas, mut rounded) = (false, Vec::new(), Vec::new());
        let (mut shorter, mut value, mut lost_zeros) = (Vec::new(), None::<Said>, false);
        let merged = self.frame.merged(row.number);
        for read in columns {
            let at = CellAt { row: row.number, column: read.column };
            let cell = row.cells.iter().find(|cell| cell.at == at);
            let is_name = matches!(read.kind, Column::Name(_));
            if let Some(block) = merged.iter().find(|block| !is_name && block.holds(at)) {
                wrong.push((read.field, Code::CellMerged, block.to_string()));
                has_value |= read.field == "value" && cell.is_some();
                continue;
            }
            if is_name && let Some(block) = merged.iter().find(|block| block.holds(at)) {
                if block.first == at
                    && let Some(Meaning::Text(said)) = cell.map(|cell| meaning(read.field, cell, self.book, self.frame))
                {
                    self.merged_names.push((*block, read.field, said.text));
                }
                let name =
                    self.merged_names.iter().rev().find(|(known, field, _)| known == block && *field == read.field);
                cells.extend(name.map(|(.., name)| (read.kind, Cow::Owned(name.clone()))));
                continue;
            }
            let Some(cell) = cell else { continue };
            has_value |= read.field == "value";
            let style = self.book.styles.of(cell.style).filter(|_| read.field == "value");
            let seen = style.and_then(|style| cut_off(cell, row, style, self.frame));
            match meaning(read.field, cell, self.book, self.frame) {
                Meaning::Nothing => {}
                Meaning::Text(said) if let Some(seen) = &seen => {
                    wrong.push((read.field, Code::CellFormatMisleads, misled(&said.text, seen)));
                }
                Meaning::Text(said) => {
                    let by_hand = read.field == "value" && matches!(cell.content, Content::Text(_));
                    let text =
                        match by_hand.then(|| typed(&said.text, self.builder.judge().decimal_mark(), Writer::Person)) {
                            None => said.text.clone(),
                            Some(Ok(plain)) => plain.into_owned(),
                            Some(Err(code)) => {
                                wrong.push((read.field, code, quoted(&said.text)));
                                continue;
                            }
                        };
                    match read.field {
                        "ref_area" => lost_zeros = matches!(cell.content, Content::Number(_)),
                        AREA_NAME => names[0].clone_from(&text),
                        INDICATOR_NAME => names[1].clone_from(&text),
                        _ => {}
                    }
                    if cell.formula && !is_name {
                        formulas.push(at.to_string());
                    }
                    if said.rounded && read.field == "value" {
                        rounded.push(at.to_string());
                    }
                    if said.shorter {
                        shorter.push(at.to_string());
                    }
                    if read.field == "value" {
                        value = Some(said);
                    }
                    cells.push((read.kind, Cow::Owned(text)));
                }
                // Names say nothing of their own: what is wrong with them changes no figure.
                Meaning::Wrong(..) if is_name => {}
                Meaning::Wrong(code, found) => wrong.push((read.field, code, found)),
            }
        }
        let is_heading = |(kind, text): &(Column, Cow<'_, str>)| {
            field_of(text).and_then(|(field, _)| Column::of(field)).is_some_and(|other| other.is(kind))
        };
        // The heading again, as on each page of a long table.
        if cells.len() > 2 && cells.iter().all(is_heading) {
            return false;
        }
        // A merged blank row below the data is decoration; a hidden one is looked at only if it says something.
        if !has_value && cells.iter().all(|(kind, _)| matches!(kind, Column::Name(_))) {
            let (told, judge) = self.builder.told();
            if !row.hidden {
                told.between(&format!("{}\n{}", of(true), of(false)), judge);
            }
            return false;
        }
        if row.hidden && has_value {
            wrong.push(("value", Code::RowHidden, row.number.to_string()));
        }
        if let Some(said) = value.filter(|said| !said.words.is_empty() && !self.fits(said, &cells)) {
            wrong.push(("value", Code::CellFormatMisleads, misled(&said.text, &said.shown)));
        }
        let broken = wrong.iter().map(|(field, ..)| full_name(field)).collect();
        for (field, code, found) in &wrong {
            self.builder.problems().add(place, Some(field), *code, found);
        }
        let taken =
            take_row(cells, Manner { lost_zeros, ..self.manner }, place, (broken, of(false)), &mut self.builder);
        let counted = match taken {
            Taken::Event => {
                self.done.reported += 1;
                note(&mut self.done.formulas, &mut self.done.formula_cells, formulas);
                note(&mut self.done.rounded, &mut self.done.rounded_cells, rounded);
                note(&mut self.done.shorter, &mut self.done.shorter_cells, shorter);
                true
            }
            Taken::NotReported => {
                self.done.not_reported += 1;
                true
            }
            Taken::Remark => false,
        };
        if self.builder.problems().count() > before {
            let names: Vec<_> = names.into_iter().filter(|name| !name.is_empty()).collect();
            layout.names.insert(row.number, names.join(" · "));
        }
        counted
    }
}

impl<'e> Reading<'_, '_, 'e> {
    /// Whether what a value's format draws beside it says what the row says: its unit at its multiplier.
    fn fits(&self, said: &Said, cells: &[(Column, Cow<'e, str>)]) -> bool {
        let of = |name: &str| {
            let found = cells.iter().find(|(kind, _)| matches!(kind, Column::Data(full, _) if *full == name));
            found.map(|(_, text)| text.as_ref())
        };
        let scale = match of("data.unit_mult") {
            None => 0,
            Some(text) => match choice("unit_mult", text.to_owned()).parse() {
                Ok(scale) => scale,
                // What is wrong with the multiplier is said of its own cell.
                Err(_) => return true,
            },
        };
        let units = of("data.indicator").and_then(|code| self.builder.judge().units_of(code));
        words_fit(&said.words, scale, units.as_ref().map_or(&[], |units| units))
    }
}

fn note(count: &mut u32, listed: &mut Vec<String>, cells: Vec<String>) {
    *count += cells.len() as u32;
    let room = CELLS_LISTED.saturating_sub(listed.len());
    listed.extend(cells.into_iter().take(room));
}

/// The name under which a field is judged.
fn full_name(field: &'static str) -> &'static str {
    match Column::of(field) {
        Some(Column::Data(full, _)) => full,
        _ => field,
    }
}
