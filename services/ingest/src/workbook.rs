//! Spreadsheets: XLSX in, and the same workbook back with its mistakes marked.
//!
//! Read by its XML rather than by a library: formulas, number formats, hidden and merged cells and the number as it is
//! written decide what a cell means, and libraries give a float instead. Nothing is guessed: what could mean two things
//! is refused by a named code.

mod around;
mod book;
mod cells;
mod conditional;
mod cut;
mod formula;
mod grid;
mod heading;
mod mark;
mod number;
mod package;
mod places;
mod read;
mod sheet;
mod shown;
mod styles;
mod xml;

pub(crate) use mark::mark;
pub(crate) use places::CellAt;
pub(crate) use read::{WorkbookRows, read};

/// The media type of XLSX.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
