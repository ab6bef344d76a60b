//! Checks a file by the published catalog, with the code that ingest uses.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use helan_http::ErrorLine;
use helan_ingest::{FileContent, FileToCheck, LimitsAnswer};
use helan_runtime::clock::Clock;
use helan_schemas::catalog::Catalog;

use super::FileFormat;
use super::parts::{Part, split};
use crate::lang::Lang;

/// A file in memory.
pub(in crate::commands) struct File {
    pub(in crate::commands) shown: String,
    bytes: Vec<u8>,
    format: FileFormat,
}

/// How files are read and cut.
pub(in crate::commands) struct How<'a> {
    /// The source of a table's rows, where they name none.
    pub(in crate::commands) source: Option<&'a str>,
    pub(in crate::commands) charset: Option<&'a str>,
    /// Workbooks that are refused come back with their mistakes marked.
    pub(in crate::commands) marked: bool,
    /// Most events of one part.
    pub(in crate::commands) part_events: u32,
}

/// A file that is right, ready to be sent.
pub(in crate::commands) struct Checked {
    pub(in crate::commands) shown: String,
    pub(in crate::commands) events: u32,
    pub(in crate::commands) parts: Vec<Part>,
    /// What a reader must know of how it was read; begins with a separator, or is empty.
    pub(in crate::commands) notes: String,
}

/// A file that is not.
pub(in crate::commands) struct Refused {
    pub(in crate::commands) errors: Vec<ErrorLine>,
    pub(in crate::commands) more: u64,
    pub(in crate::commands) marked: Option<Vec<u8>>,
}

/// By what the server will judge.
pub(in crate::commands) struct Published {
    pub(in crate::commands) catalog: Catalog,
    pub(in crate::commands) reporter: String,
    pub(in crate::commands) limits: LimitsAnswer,
    /// The language of what is said of files that are right.
    pub(in crate::commands) lang: Lang,
}

/// Reads a file whole.
pub(in crate::commands) fn read(path: &Path, format: Option<FileFormat>) -> anyhow::Result<File> {
    let shown = path.display().to_string();
    let bytes = if shown == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).context("standard input cannot be read")?;
        bytes
    } else {
        std::fs::read(path).with_context(|| format!("{shown} cannot be read"))?
    };
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    let format = match (format, ending.as_deref()) {
        (Some(format), _) => format,
        // A workbook is one whatever its name.
        _ if bytes.starts_with(b"PK\x03\x04") => FileFormat::Xlsx,
        (None, Some("csv")) => FileFormat::Csv,
        (None, Some("xlsx" | "xlsm")) => FileFormat::Xlsx,
        (None, Some("json")) => FileFormat::Json,
        (None, Some("ndjson" | "jsonl")) => FileFormat::Ndjson,
        _ => bail!("{shown}: its name does not tell what it is; say --format csv, xlsx, json or ndjson"),
    };
    Ok(File { shown, bytes, format })
}

impl File {
    /// The file as ingest's code takes it.
    pub(in crate::commands) fn asked<'f>(&'f self, how: &How<'f>) -> FileToCheck<'f> {
        let content = match self.format {
            FileFormat::Csv => FileContent::Csv,
            FileFormat::Xlsx => FileContent::Workbook,
            FileFormat::Json => FileContent::Json,
            FileFormat::Ndjson => FileContent::Lines,
        };
        let How { source, charset, marked, .. } = *how;
        FileToCheck { bytes: &self.bytes, content, source, charset, marked }
    }

    /// The source of the first of its events, where they are JSON.
    pub(in crate::commands) fn first_source(&self) -> Option<String> {
        let mut events = serde_json::Deserializer::from_slice(&self.bytes).into_iter::<serde_json::Value>();
        let first = events.next()?.ok()?;
        let event = first.as_array().map_or(Some(&first), |events| events.first())?;
        event["source"].as_str().map(str::to_owned)
    }
}

impl Published {
    /// A catalog on this machine, with the limits of a server.
    pub(in crate::commands) fn of(catalog: Catalog, reporter: String, lang: Lang) -> Self {
        Self { catalog, reporter, limits: LimitsAnswer::default(), lang }
    }

    /// Judges a file and cuts it into submissions.
    pub(in crate::commands) fn check(&self, file: &File, how: &How<'_>) -> Result<Checked, Refused> {
        let asked = file.asked(how);
        let read = helan_ingest::check_file(&self.catalog, &self.reporter, &asked, Clock::system().now());
        match read {
            Ok(read) => {
                let events = (self.limits.events as usize).min(how.part_events as usize);
                let bytes = self.limits.canonical_bytes.min(self.limits.body_bytes) as usize;
                let mut notes = read.table.map(|table| notes(&table, self.lang)).unwrap_or_default();
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

/// What was left blank, computed or rounded.
fn notes(table: &helan_ingest::TableRead, lang: Lang) -> String {
    let mut notes = String::new();
    for (name, count, cells) in [
        (lang.pick("留空未报", "not_reported"), table.not_reported, &Vec::new()),
        (lang.pick("公式", "formulas"), table.formulas, &table.formula_cells),
        (lang.pick("已四舍五入", "rounded"), table.rounded, &table.rounded_cells),
        (lang.pick("显示位数较少", "shorter"), table.shorter, &table.shorter_cells),
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
