//! The cells of one sheet, row by row: what calamine would hide (formulas, formats, hidden and merged cells, the number
//! as it is written) is what matters here.

use helan_schemas::refusal::Code;

use super::book::{Book, rich_text};
use super::formats::Shown;
use super::package::broken;
use super::places::{Block, CellAt};
use super::xml::{Piece, Xml, attribute, flag, number};
use crate::problems::Problems;

/// Merged blocks of one sheet: each is looked at for each row.
const MOST_MERGED: usize = 5_000;

/// What a cell holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Nothing.
    Empty,
    /// A number as the file writes it, and how it is shown.
    Number(String, Shown),
    /// A text.
    Text(String),
    /// A truth value.
    Bool(bool),
    /// A date that the file writes as one.
    IsoDate(String),
    /// `#DIV/0!` and the like.
    Error(String),
}

/// One cell.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) at: CellAt,
    pub(super) content: Content,
    /// It is computed; without content, its result was not saved.
    pub(super) formula: bool,
}

/// One row that has cells.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) number: u32,
    pub(super) hidden: bool,
    pub(super) cells: Vec<Cell>,
}

/// What a sheet says beside its rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    hidden_columns: Vec<(u32, u32)>,
    merged: Vec<Block>,
}

impl Frame {
    /// Reads it; the merged blocks stand behind the rows, so this goes through the whole text.
    pub(super) fn read(part: &str, text: &str) -> Result<Self, Problems> {
        let mut frame = Self::default();
        let mut xml = Xml::new(part, text);
        while let Some(piece) = xml.next()? {
            let Piece::Start(start, _) = piece else { continue };
            match start.local_name().as_ref() {
                "col" if flag(&start, "hidden") || attribute(&start, "width").as_deref() == Some("0") => {
                    let first = number(&start, "min").unwrap_or(1);
                    frame.hidden_columns.push((first, number(&start, "max").unwrap_or(first)));
                }
                "mergeCell" => frame.merged.extend(attribute(&start, "ref").and_then(|text| Block::parse(&text))),
                _ => {}
            }
        }
        if frame.merged.len() > MOST_MERGED {
            return Err(Problems::one(Code::CellMerged, format!("{} > {MOST_MERGED}", frame.merged.len())));
        }
        Ok(frame)
    }

    pub(super) fn hides(&self, column: u32) -> bool {
        self.hidden_columns.iter().any(|(first, last)| (*first..=*last).contains(&column))
    }

    /// The merged blocks that a row takes part in.
    pub(super) fn merged(&self, row: u32) -> Vec<Block> {
        let takes_part = |block: &&Block| (block.first.row..=block.last.row).contains(&row);
        self.merged.iter().filter(takes_part).copied().collect()
    }
}

/// Rows of a sheet, one after the other.
pub(super) struct Rows<'x> {
    xml: Xml<'x>,
    part: &'x str,
    book: &'x Book,
    last: u32,
    ended: bool,
}

impl<'x> Rows<'x> {
    pub(super) fn new(part: &'x str, text: &'x str, book: &'x Book) -> Self {
        Self { xml: Xml::new(part, text), part, book, last: 0, ended: false }
    }

    /// The next row that has an element.
    pub(super) fn next(&mut self) -> Result<Option<Row>, Problems> {
        while !self.ended {
            match self.xml.next()? {
                None => break,
                Some(Piece::End(name)) if name == "sheetData" => break,
                Some(Piece::Start(start, empty)) if start.local_name().as_ref() == "row" => {
                    let row = number(&start, "r").unwrap_or(self.last + 1);
                    // Rows out of order would be read as if they stood elsewhere.
                    if row <= self.last {
                        return Err(broken(format!("{}: row {row}", self.part)));
                    }
                    self.last = row;
                    let zero =
                        attribute(&start, "ht").and_then(|text| text.parse().ok()).is_some_and(|ht: f32| ht <= 0.0);
                    let hidden = flag(&start, "hidden") || zero;
                    let cells = if empty { Vec::new() } else { self.cells(row)? };
                    return Ok(Some(Row { number: row, hidden, cells }));
                }
                Some(_) => {}
            }
        }
        self.ended = true;
        Ok(None)
    }

    fn cells(&mut self, row: u32) -> Result<Vec<Cell>, Problems> {
        let mut cells: Vec<Cell> = Vec::new();
        let mut last = 0;
        loop {
            match self.xml.next()?.ok_or_else(|| broken(format!("{}: </row>", self.part)))? {
                Piece::End(name) if name == "row" => return Ok(cells),
                Piece::Start(start, empty) if start.local_name().as_ref() == "c" => {
                    let at = match attribute(&start, "r") {
                        Some(text) => CellAt::parse(&text),
                        None => Some(CellAt { row, column: last + 1 }),
                    };
                    let at = at.filter(|at| at.row == row && at.column > last);
                    let at = at.ok_or_else(|| broken(format!("{}: row {row}", self.part)))?;
                    last = at.column;
                    let style = number(&start, "s").unwrap_or(0);
                    let kind = attribute(&start, "t").unwrap_or_default();
                    let (content, formula) =
                        if empty { (Content::Empty, false) } else { self.content(at, &kind, style)? };
                    if formula || content != Content::Empty {
                        cells.push(Cell { at, content, formula });
                    }
                }
                _ => {}
            }
        }
    }

    fn content(&mut self, at: CellAt, kind: &str, style: u32) -> Result<(Content, bool), Problems> {
        let (mut value, mut inline, mut formula, mut within) = (None::<String>, None, false, false);
        loop {
            match self.xml.next()?.ok_or_else(|| broken(format!("{}: {at}", self.part)))? {
                Piece::End(name) if name == "c" => break,
                Piece::End(name) if name == "v" => within = false,
                Piece::End(_) => {}
                Piece::Text(text) if within => value.get_or_insert_default().push_str(&text),
                Piece::Text(_) => {}
                Piece::Start(start, empty) => match start.local_name().as_ref() {
                    "v" => {
                        within = !empty;
                        value.get_or_insert_default();
                    }
                    "f" => formula = true,
                    "is" if !empty => inline = Some(rich_text(&mut self.xml, "is", self.part)?),
                    _ => {}
                },
            }
        }
        let Some(value) = value else {
            return Ok((inline.map_or(Content::Empty, text), formula));
        };
        let content = match kind {
            "" | "n" if value.trim().is_empty() => Content::Empty,
            "" | "n" => Content::Number(value.trim().to_owned(), self.book.shown(style)),
            "s" => {
                let shared = value.trim().parse().ok().and_then(|at: usize| self.book.texts.get(at));
                text(shared.ok_or_else(|| broken(format!("{}: {at}", self.part)))?.clone())
            }
            "b" => Content::Bool(value.trim() == "1"),
            "e" => Content::Error(value),
            "d" => Content::IsoDate(value),
            // A formula whose result is an empty text was computed: it shows nothing.
            "str" | "inlineStr" => text(value),
            other => return Err(broken(format!("{}: {at} t={other}", self.part))),
        };
        // An empty text is a result; no text at all is none.
        let computed = formula && content == Content::Empty && kind == "str";
        Ok((content, formula && !computed))
    }
}

fn text(text: String) -> Content {
    let trimmed = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{a0}' || c == '\u{3000}');
    if trimmed.is_empty() { Content::Empty } else { Content::Text(trimmed.to_owned()) }
}
