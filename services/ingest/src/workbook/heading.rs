//! The heading of a sheet, and the texts above it.

use super::book::Book;
use super::cells::words;
use super::sheet::{Content, Row, Rows};
use crate::decode::headings::{HEADING_WITHIN, Lang, field_of};
use crate::problems::Problems;

/// Known headings by which a row is one that lacks something.
const ENOUGH: usize = 3;

/// A heading.
pub(super) struct Found {
    /// Its row.
    pub(super) number: u32,
    pub(super) cells: Vec<HeadingCell>,
    /// None where its words are the names of fields.
    pub(super) lang: Option<Lang>,
    pub(super) hidden: bool,
    /// What stands above it.
    pub(super) title: String,
}

/// A heading's column, its text, and whether that is struck out.
pub(super) type HeadingCell = (u32, String, bool);

/// The first row that names what is reported, and of what, or what is withdrawn; else the one that comes nearest.
pub(super) fn find_heading(rows: &mut Rows<'_>, book: &Book) -> Result<Option<Found>, Problems> {
    let mut title = String::new();
    let (mut nearest, mut most) = (None, ENOUGH - 1);
    while let Some(row) = rows.next()?.filter(|row| row.number as usize <= HEADING_WITHIN) {
        let cells = texts(&row, book);
        let fields: Vec<_> = cells.iter().filter_map(|(_, text, _)| field_of(text)).collect();
        let has = |name: &str| fields.iter().any(|(field, _)| *field == name);
        let is_heading = has("value") && (has("ref_area") || has("indicator")) || has("withdraws");
        if is_heading || fields.len() > most {
            let lang = fields.iter().find_map(|(_, lang)| *lang);
            most = fields.len();
            let found = Found { number: row.number, cells, lang, hidden: row.hidden, title: title.clone() };
            if is_heading {
                return Ok(Some(found));
            }
            nearest = Some(found);
        }
        for cell in &row.cells {
            title.push_str(&words(cell, book));
            title.push('\n');
        }
    }
    Ok(nearest)
}

fn texts(row: &Row, book: &Book) -> Vec<HeadingCell> {
    let texts = row.cells.iter().filter_map(|cell| match &cell.content {
        Content::Text(text) => {
            let struck = cell.looks.struck || book.styles.of(cell.style).is_some_and(|style| style.looks.struck);
            Some((cell.at.column, text.clone(), struck))
        }
        _ => None,
    });
    texts.collect()
}
