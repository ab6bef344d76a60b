//! Checks a file by the published catalog, with the code that ingest uses.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use helan_http::ErrorLine;
use helan_ingest::{FileContent, FileToCheck, LimitsAnswer};
use helan_runtime::clock::Clock;
use helan_schemas::catalog::Catalog;

use super::parts::{Part, split};
use super::{FileFormat, SendArgs};
use crate::lang::Lang;

/// A file in memory.
pub(super) struct File {
    pub(super) shown: String,
    bytes: Vec<u8>,
    format: FileFormat,
}

/// A file that is right, ready to be sent.
pub(super) struct Checked {
    pub(super) shown: String,
    pub(super) events: u32,
    pub(super) parts: Vec<Part>,
    /// What a reader must know of how it was read; begins with a separator, or is empty.
    pub(super) notes: String,
}

/// A file that is not.
pub(super) struct Refused {
    pub(super) errors: Vec<ErrorLine>,
    pub(super) more: u64,
    pub(super) marked: Option<Vec<u8>>,
}

/// By what the server will judge.
pub(super) struct Published {
    pub(super) catalog: Catalog,
    pub(super) reporter: String,
    pub(super) limits: LimitsAnswer,
    /// The language of what is said of files that are right.
    pub(super) lang: Lang,
}

/// Reads a file whole.
pub(super) fn read(path: &Path, format: Option<FileFormat>) -> anyhow::Result<File> {
    let shown = path.display().to_string();
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    let format = match (format, ending.as_deref()) {
        (Some(format), _) => format,
        (None, Some("csv")) => FileFormat::Csv,
        (None, Some("xlsx" | "xlsm")) => FileFormat::Xlsx,
        (None, Some("json")) => FileFormat::Json,
        (None, Some("ndjson" | "jsonl")) => FileFormat::Ndjson,
        _ => bail!("{shown}: its name does not tell what it is; say --format csv, xlsx, json or ndjson"),
    };
    let bytes = if shown == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).context("standard input cannot be read")?;
        bytes
    } else {
        std::fs::read(path).with_context(|| format!("{shown} cannot be read"))?
    };
    Ok(File { shown, bytes, format })
}

impl Published {
    /// Judges a file and cuts it into submissions.
    pub(super) fn check(&self, file: &File, args: &SendArgs) -> Result<Checked, Refused> {
        let content = match file.format {
            FileFormat::Csv => FileContent::Csv,
            FileFormat::Xlsx => FileContent::Workbook,
            FileFormat::Json => FileContent::Json,
            FileFormat::Ndjson => FileContent::Lines,
        };
        let asked = FileToCheck {
            bytes: &file.bytes,
            content,
            source: args.source.as_deref(),
            charset: args.charset.as_deref(),
            marked: args.marked.is_some(),
        };
        let read = helan_ingest::check_file(&self.catalog, &self.reporter, &asked, Clock::system().now());
        match read {
            Ok(read) => {
                let events = (self.limits.events as usize).min(args.part_events as usize);
                let bytes = self.limits.canonical_bytes.min(self.limits.body_bytes) as usize;
                let mut notes = read.table.map(|table| notes(&table)).unwrap_or_default();
                if let Some(repeated) = &read.repeated_cells {
                    notes.push_str("; ");
                    notes.push_str(self.lang.pick(&repeated.message_zh, &repeated.message_en));
                }
                let parts = split(&read.source, &read.value, events, bytes);
                Ok(Checked { shown: file.shown.clone(), events: read.events, parts, notes })
            }
            Err(refused) => Err(Refused { errors: refused.errors, more: refused.more, marked: refused.workbook }),
        }
    }
}

/// What was left blank, computed or rounded; numbers and cells need no language.
fn notes(table: &helan_ingest::TableRead) -> String {
    let mut notes = String::new();
    for (name, count, cells) in [
        ("not_reported", table.not_reported, &Vec::new()),
        ("formulas", table.formulas, &table.formula_cells),
        ("rounded", table.rounded, &table.rounded_cells),
        ("shorter", table.shorter, &table.shorter_cells),
    ] {
        if count > 0 {
            notes.push_str(&format!(", {name} {count}"));
            if !cells.is_empty() {
                let more = if cells.len() < count as usize { " …" } else { "" };
                notes.push_str(&format!(" ({}{more})", cells.join(" ")));
            }
        }
    }
    notes
}
