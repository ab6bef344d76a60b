//! Checks a file as a request with it would be judged, for senders who want to know before they send.

use helan_http::ErrorLine;
use helan_schemas::catalog::Catalog;
use helan_schemas::refusal::Code;

use crate::accept::{Content, Plan};
use crate::answer::{CharsetUsed, RepeatedCells, TableRead};
use crate::decode::Shape;
use crate::judge::{Judged, Turned, judge};
use crate::limits::Limits;
use crate::memory::Share;
use crate::problems::{Problems, quoted};
use crate::submission::Submission;

/// A whole file may be as large as this once decoded; it is sent in parts.
const FILE_BYTES: usize = 2 * 1024 * 1024 * 1024;
/// Errors listed of one file.
const FILE_ERRORS: usize = 10_000;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileContent {
    /// A CSV with a heading.
    Csv,
    /// A workbook.
    Workbook,
    /// One event or an array of events.
    Json,
    /// One event a line.
    Lines,
}

/// A file and how to read it.
#[derive(Clone, Debug)]
pub struct FileToCheck<'f> {
    /// Its bytes.
    pub bytes: &'f [u8],
    /// What it holds.
    pub content: FileContent,
    /// Tables: the source of all rows, where they have no such column.
    pub source: Option<&'f str>,
    /// Its charset; otherwise it is recognised.
    pub charset: Option<&'f str>,
    /// A workbook that is refused comes back with its mistakes marked.
    pub marked: bool,
}

/// A file that is right.
#[derive(Clone, Debug)]
pub struct FileChecked {
    /// The source of all its events.
    pub source: String,
    /// How many events.
    pub events: u32,
    /// A JSON array of CloudEvents in canonical form, each with its id. An event without one has the id that a request
    /// with the whole file would give it.
    pub value: Vec<u8>,
    /// The charset that was read.
    pub charset: Option<CharsetUsed>,
    /// Workbooks and templates: what was read of the table.
    pub table: Option<TableRead>,
    /// Cells that stand in several rows with one value.
    pub repeated_cells: Option<RepeatedCells>,
}

/// A file that is not.
#[derive(Clone, Debug)]
pub struct FileRefused {
    /// Every error, up to ten thousand.
    pub errors: Vec<ErrorLine>,
    /// How many more there are.
    pub more: u64,
    /// The workbook with its mistakes marked, if that was asked for and can be done.
    pub workbook: Option<Vec<u8>>,
}

/// Judges a file of a reporter by a catalog, at an instant in microseconds since the Unix epoch.
///
/// # Errors
/// Every error of every row. The size of one submission is no error here: a large file is sent in parts.
pub fn check_file(
    catalog: &Catalog,
    reporter: &str,
    file: &FileToCheck<'_>,
    now: i64,
) -> Result<FileChecked, FileRefused> {
    let Some(reporter) = catalog.reporter(reporter) else {
        return Err(refused(&Problems::one(Code::ReporterUnknown, quoted(reporter)), None));
    };
    let source = file.source.map(str::to_owned);
    let content = match file.content {
        FileContent::Csv => Content::Csv(source),
        FileContent::Workbook => Content::Workbook(source),
        FileContent::Json => Content::Json(Shape::Any),
        FileContent::Lines => Content::Json(Shape::Lines),
    };
    let charset = file.charset.map(str::to_owned);
    let plan = Plan { content, charset, gzip: false, given_id: None, marked: file.marked, lang: None, wait: None };
    let limits = Limits {
        decompressed_bytes: FILE_BYTES,
        canonical_bytes: FILE_BYTES,
        rows: u32::MAX as usize,
        errors: FILE_ERRORS,
        ..Limits::default()
    };
    match judge((catalog, reporter), (&limits, &Share::unbounded()), &plan, file.bytes, now) {
        Ok(Judged { submission: Submission { source, events, value, repeated_cells, .. }, charset, table }) => {
            Ok(FileChecked { source, events, value, charset, table, repeated_cells })
        }
        Err(Turned { problems, workbook, .. }) => Err(refused(&problems, workbook)),
    }
}

/// The source that a table names for its rows, as templates do.
///
/// # Errors
/// It names none that the catalog has: what keeps it from being read, if there is such a thing, and no errors otherwise.
pub fn source_of(catalog: &Catalog, file: &FileToCheck<'_>, now: i64) -> Result<String, FileRefused> {
    let none = FileRefused { errors: Vec::new(), more: 0, workbook: None };
    let content = match file.content {
        FileContent::Csv => Content::Csv(None),
        FileContent::Workbook => Content::Workbook(None),
        FileContent::Json | FileContent::Lines => return Err(none),
    };
    let charset = file.charset.map(str::to_owned);
    let plan = Plan { content, charset, gzip: false, given_id: None, marked: false, lang: None, wait: None };
    // The source decides who the reporter is; until it is known any will do, and what else is found is not asked.
    let Some(reporter) = catalog.reporters.first() else { return Err(none) };
    match judge((catalog, reporter), (&Limits::default(), &Share::unbounded()), &plan, file.bytes, now) {
        Ok(Judged { submission, .. }) => Ok(submission.source),
        Err(Turned { source: Some(source), .. }) if catalog.source(&source).is_some() => Ok(source),
        // What is wrong with the file as a whole, or with the sources it names, does not depend on who sends it.
        Err(Turned { problems, .. }) => {
            let mut refused = refused(&problems, None);
            let of_sources = [Code::SourceInvalid, Code::UnknownSource, Code::SourceMixed].map(Code::code);
            refused.errors.retain(|error| error.row.is_none() || of_sources.contains(&error.code.as_str()));
            Err(FileRefused { more: 0, ..refused })
        }
    }
}

fn refused(problems: &Problems, workbook: Option<Vec<u8>>) -> FileRefused {
    FileRefused { errors: problems.list().iter().map(ErrorLine::from).collect(), more: problems.more(), workbook }
}
