//! The cells of one sheet, row by row: what calamine would hide (formulas, formats, hidden and merged cells, the number
//! as it is written) is what matters here.

use helan_schemas::refusal::Code;
use quick_xml::events::BytesStart;

use super::book::{Book, ON_DEMAND, SharedText, rich_text};
use super::conditional::{MOST_RULES, Rule, Rules};
use super::grid::Grid;
use super::package::broken;
use super::places::{Block, CellAt};
use super::styles::{Looks, Palette};
use super::xml::{Piece, Xml, attribute, flag, number};
use crate::problems::Problems;

/// Merged blocks of one sheet: each is looked at for each row.
const MOST_MERGED: usize = 5_000;
/// A row lower than this, in points, or a column narrower than this, in digits, shows nothing that could be read.
const LEAST_HEIGHT: f32 = 4.0;
const LEAST_WIDTH: f32 = 1.0;

/// What a cell holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Nothing.
    Empty,
    /// A number as the file writes it.
    Number(String),
    /// A text.
    Text(String),
    /// A truth value.
    Bool(bool),
    /// A date that the file writes as one.
    IsoDate(String),
    /// `#DIV/0!` and the like.
    Error(String),
    /// A formula whose result is nobody's figure.
    NotComputed {
        /// Why.
        why: String,
        /// What is saved.
        saved: String,
    },
}

/// One cell.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) at: CellAt,
    pub(super) content: Content,
    /// It is computed; without content, its result was not saved.
    pub(super) formula: bool,
    /// Number of its style.
    pub(super) style: u32,
    /// How any part of its text looks.
    pub(super) looks: Looks,
}

/// One row that has cells.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) number: u32,
    pub(super) hidden: bool,
    /// Its height in points, where somebody has set it; else it is as high as its texts.
    pub(super) height: Option<f32>,
    pub(super) cells: Vec<Cell>,
}

/// What a sheet says beside its rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    hidden_columns: Vec<(u32, u32)>,
    /// Columns that the sheet says something of; others have its usual width.
    columns: Vec<(u32, u32)>,
    /// Widths that were set, in digits.
    widths: Vec<((u32, u32), f32)>,
    /// The width of the others, where the sheet says one.
    usual_width: Option<f32>,
    merged: Vec<Block>,
    /// Rows without a height of their own are hidden.
    hides_rows: bool,
    hides_columns: bool,
    /// Conditional formats that change what is shown.
    pub(super) rules: Vec<Rule>,
    /// Zeros are not shown.
    pub(super) hides_zeros: bool,
    /// What is printed above and below the page, with its codes.
    pub(super) printed: String,
}

impl Frame {
    /// Reads it; the merged blocks stand behind the rows, so this goes through the whole text.
    pub(super) fn read(part: &str, text: &str, palette: &Palette) -> Result<Self, Problems> {
        let mut frame = Self::default();
        let mut xml = Xml::new(part, text);
        let mut rules = Rules::default();
        let mut is_printed = false;
        while let Some(piece) = xml.next()? {
            let (start, empty) = match piece {
                Piece::Start(start, empty) => (start, empty),
                Piece::Text(text) => {
                    rules.text(&text);
                    if is_printed {
                        frame.printed.push_str(&text);
                    }
                    continue;
                }
                Piece::End(name) => {
                    is_printed &= name != "headerFooter";
                    frame.printed.push_str(if is_printed { "\n" } else { "" });
                    rules.end(&name);
                    continue;
                }
            };
            rules.start(&start, empty, palette);
            match start.local_name().as_ref() {
                "sheetView" => {
                    let zeros = attribute(&start, "showZeros");
                    frame.hides_zeros |= zeros.is_some_and(|text| text == "0" || text == "false");
                }
                "sheetFormatPr" => {
                    let less = |name, least| size(&start, name).is_some_and(|size| size < least);
                    frame.hides_rows = flag(&start, "zeroHeight") || less("defaultRowHeight", LEAST_HEIGHT);
                    frame.hides_columns = less("defaultColWidth", LEAST_WIDTH);
                    frame.usual_width = size(&start, "defaultColWidth");
                }
                "col" => {
                    let first = number(&start, "min").unwrap_or(1);
                    let span = (first, number(&start, "max").unwrap_or(first));
                    frame.columns.push(span);
                    let width = size(&start, "width");
                    frame.widths.extend(width.map(|width| (span, width)));
                    if flag(&start, "hidden") || width.map_or(frame.hides_columns, |width| width < LEAST_WIDTH) {
                        frame.hidden_columns.push(span);
                    }
                }
                "headerFooter" => is_printed = !empty,
                "mergeCell" => frame.merged.extend(attribute(&start, "ref").and_then(|text| Block::parse(&text))),
                _ => {}
            }
        }
        frame.rules = rules.rules();
        if frame.rules.len() > MOST_RULES {
            return Err(Problems::one(Code::CellFormatMisleads, format!("{} > {MOST_RULES}", frame.rules.len())));
        }
        if frame.merged.len() > MOST_MERGED {
            return Err(Problems::one(Code::CellMerged, format!("{} > {MOST_MERGED}", frame.merged.len())));
        }
        Ok(frame)
    }

    /// The width of a column, in digits; none where the sheet says none, or where the column is hidden, which is judged by what
    /// it is for.
    pub(super) fn width(&self, column: u32) -> Option<f32> {
        let set = self.widths.iter().rev().find(|((first, last), _)| (*first..=*last).contains(&column));
        set.map(|(_, width)| *width).or(self.usual_width).filter(|_| !self.hides(column))
    }

    pub(super) fn hides(&self, column: u32) -> bool {
        let among = |spans: &[(u32, u32)]| spans.iter().any(|(first, last)| (*first..=*last).contains(&column));
        among(&self.hidden_columns) || self.hides_columns && !among(&self.columns)
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
    grid: &'x Grid,
    hides_rows: bool,
    last: u32,
    ended: bool,
}

impl<'x> Rows<'x> {
    pub(super) fn new((part, text): (&'x str, &'x str), book: &'x Book, grid: &'x Grid, frame: &Frame) -> Self {
        Self { xml: Xml::new(part, text), part, book, grid, hides_rows: frame.hides_rows, last: 0, ended: false }
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
                    let low = size(&start, "ht").map_or(self.hides_rows, |height| height < LEAST_HEIGHT);
                    let hidden = flag(&start, "hidden") || low;
                    let height = size(&start, "ht").filter(|_| flag(&start, "customHeight"));
                    let cells = if empty { Vec::new() } else { self.cells(row)? };
                    return Ok(Some(Row { number: row, hidden, height, cells }));
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
                    let (content, formula, looks) =
                        if empty { (Content::Empty, false, Looks::default()) } else { self.content(at, &kind)? };
                    if formula || content != Content::Empty {
                        // Without its style nobody can say what the cell shows.
                        if self.book.styles.of(style).is_none() {
                            return Err(broken(format!("{}: {at} s={style}", self.part)));
                        }
                        cells.push(Cell { at, content, formula, style, looks });
                    }
                }
                _ => {}
            }
        }
    }

    fn content(&mut self, at: CellAt, kind: &str) -> Result<(Content, bool, Looks), Problems> {
        let (mut value, mut inline, mut formula, mut within) = (None::<String>, None, None::<String>, "");
        loop {
            match self.xml.next()?.ok_or_else(|| broken(format!("{}: {at}", self.part)))? {
                Piece::End(name) if name == "c" => break,
                Piece::End(name) if name == within => within = "",
                Piece::End(_) => {}
                Piece::Text(text) if within == "v" => value.get_or_insert_default().push_str(&text),
                Piece::Text(text) if within == "f" => formula.get_or_insert_default().push_str(&text),
                Piece::Text(_) => {}
                Piece::Start(start, empty) => match start.local_name().as_ref() {
                    // Two values of one cell: nobody can say which one a program shows.
                    "v" if value.is_some() || inline.is_some() => return Err(broken(format!("{}: {at}", self.part))),
                    "is" if value.is_some() || inline.is_some() => return Err(broken(format!("{}: {at}", self.part))),
                    "v" => {
                        within = if empty { "" } else { "v" };
                        value.get_or_insert_default();
                    }
                    "f" => {
                        within = if empty { "" } else { "f" };
                        formula.get_or_insert_default();
                    }
                    "is" if !empty => {
                        inline = Some(rich_text(&mut self.xml, "is", self.part, &self.book.styles.palette)?)
                    }
                    _ => {}
                },
            }
        }
        let mut looks = Looks::default();
        let Some(value) = value else {
            let SharedText { text: inline, looks } = inline.unwrap_or_default();
            return Ok((text(inline), formula.is_some(), looks));
        };
        let content = match kind {
            "" | "n" if value.trim().is_empty() => Content::Empty,
            "" | "n" => Content::Number(value.trim().to_owned()),
            // Without a number of a text there is no text.
            "s" if value.trim().is_empty() => Content::Empty,
            "s" => {
                let shared = value.trim().parse().ok().and_then(|at: usize| self.book.texts.get(at));
                let shared = shared.ok_or_else(|| broken(format!("{}: {at}", self.part)))?;
                looks = shared.looks;
                text(shared.text.clone())
            }
            "b" => Content::Bool(value.trim() == "1"),
            "e" => Content::Error(value),
            "d" => Content::IsoDate(value),
            // A formula whose result is an empty text was computed: it shows nothing.
            "str" | "inlineStr" => text(value),
            other => return Err(broken(format!("{}: {at} t={other}", self.part))),
        };
        let Some(formula) = formula else { return Ok((content, false, looks)) };
        if let Some((why, saved)) = self.not_computed(at, &formula, &content) {
            return Ok((Content::NotComputed { why, saved }, true, looks));
        }
        // An empty text is a result; no text at all is none.
        let computed = content == Content::Empty && kind == "str";
        Ok((content, !computed, looks))
    }

    /// Why a formula's saved result is not what it comes to, and that result.
    fn not_computed(&self, at: CellAt, formula: &str, result: &Content) -> Option<(String, String)> {
        let saved = match result {
            Content::Number(text) => text.as_str(),
            Content::Text(text) => text.as_str(),
            _ => "",
        };
        let why = match (&self.book.uncomputed, self.grid.comes_to(at, formula, result)) {
            // Computed on demand, it may be computed all the same.
            (Some(setting), Some(true)) if setting == ON_DEMAND => return None,
            (Some(setting), _) => format!("{saved:?} ({setting})"),
            (None, agrees) => {
                if agrees.unwrap_or_else(|| self.grid.may_be_saved(at, formula)) {
                    return None;
                }
                format!("{formula} ≠ {saved:?}")
            }
        };
        Some((why, saved.to_owned()))
    }
}

fn text(text: String) -> Content {
    let trimmed = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{a0}' || c == '\u{3000}');
    if trimmed.is_empty() { Content::Empty } else { Content::Text(trimmed.to_owned()) }
}

/// A size in an attribute.
fn size(start: &BytesStart<'_>, name: &str) -> Option<f32> {
    attribute(start, name)?.trim().parse().ok()
}
