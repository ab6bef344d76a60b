//! The file as a package of parts: opened within bounds, or refused by name.

use std::collections::HashMap;
use std::io::Cursor;

use helan_schemas::refusal::Code;
use zip::ZipArchive;

use crate::limits::Limits;
use crate::memory::Share;
use crate::problems::{Problems, quoted};

/// What an XLSX file begins with.
const ZIP: &[u8] = b"PK\x03\x04";
/// What stands before each entry of a package's directory.
const ENTRY: &[u8] = b"PK\x01\x02";
/// What stands at the end of the directory, and behind how many bytes of it how many entries there are.
const END: &[u8] = b"PK\x05\x06";
const END_ENTRIES: usize = 10;
/// Compound files: workbooks of Excel 97 to 2003, and any workbook with a password to open it.
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// An opened package. What is read of it counts against one bound for the whole file.
pub(super) struct Package<'f> {
    archive: ZipArchive<Cursor<&'f [u8]>>,
    /// Names as the archive writes them, by names as they are compared.
    names: HashMap<String, String>,
    limits: Limits,
    share: &'f Share,
    compressed: usize,
    read: usize,
}

impl<'f> Package<'f> {
    /// Opens a file.
    pub(super) fn open(bytes: &'f [u8], limits: &Limits, share: &'f Share) -> Result<Self, Problems> {
        if bytes.starts_with(COMPOUND) {
            return Err(if is_encrypted(bytes) { Problems::one(Code::WorkbookEncrypted, "") } else { not_xlsx("XLS") });
        }
        if bytes.is_empty() {
            return Err(Problems::one(Code::EmptyBody, ""));
        }
        if !bytes.starts_with(ZIP) {
            return Err(Problems::one(Code::WorkbookBroken, ""));
        }
        // Before the directory is read: each entry costs more memory there than in the file.
        let entries = bytes.windows(ENTRY.len()).filter(|window| *window == ENTRY).count();
        if entries > limits.workbook_parts {
            return Err(Problems::one(Code::WorkbookTooManyParts, format!("{entries} > {}", limits.workbook_parts)));
        }
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
        // The directory keeps the last of several entries with one name; other programs read the first.
        let listed = bytes.windows(END.len()).rposition(|window| window == END);
        let listed = listed.and_then(|at| bytes.get(at + END_ENTRIES..at + END_ENTRIES + 2));
        let listed = listed.map_or(0, |count| usize::from(u16::from_le_bytes([count[0], count[1]])));
        if listed != usize::from(u16::MAX) && listed > archive.len() {
            return Err(broken(format!("{listed} > {}", archive.len())));
        }
        let mut names = HashMap::new();
        for name in archive.file_names().filter_map(Result::ok) {
            // Two parts of one name: nobody can say which one a program reads.
            if let Some(other) = names.insert(compared(&name), name.clone().into_owned()) {
                return Err(broken(format!("{other} = {name}")));
            }
        }
        let package = Self { archive, names, limits: limits.clone(), share, compressed: bytes.len(), read: 0 };
        if package.has("xl/workbook.xml") || package.has("_rels/.rels") && !package.has("mimetype") {
            if package.has("xl/workbook.bin") {
                return Err(not_xlsx("XLSB"));
            }
            return Ok(package);
        }
        let has_any = |of: &dyn Fn(&str) -> bool| package.names.keys().any(|name| of(name));
        Err(match () {
            () if package.has("xl/workbook.bin") => not_xlsx("XLSB"),
            () if package.has("mimetype") => not_xlsx("ODS"),
            () if has_any(&|name| name.ends_with(".iwa")) => not_xlsx("Numbers"),
            () if package.names.is_empty() || has_any(&|name| name.starts_with("xl/")) => {
                Problems::one(Code::WorkbookBroken, "")
            }
            () => not_xlsx("ZIP"),
        })
    }

    /// Whether there is a part of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.written(name).is_some()
    }

    /// A part's name as the archive writes it. Names that differ in case, or in the way of their slashes, are the same.
    pub(super) fn written(&self, name: &str) -> Option<&str> {
        let compared = compared(name);
        let decoded = || self.names.get(&percent_decoded(&compared)?);
        self.names.get(&compared).or_else(decoded).map(String::as_str)
    }

    /// The text of a part.
    pub(super) fn text(&mut self, name: &str) -> Result<String, Problems> {
        let left = self.limits.decompressed_bytes - self.read;
        let written = self.written(name).unwrap_or(name).to_owned();
        let part = self.archive.by_name(&written).map_err(|error| match error {
            zip::result::ZipError::UnsupportedArchive(text) if text == zip::result::ZipError::PASSWORD_REQUIRED => {
                Problems::one(Code::WorkbookEncrypted, quoted(name))
            }
            error => broken(format!("{name}: {error}")),
        })?;
        let unreadable = |error| broken(format!("{name}: {error}"));
        let bytes = self.share.unpack(part, left, unreadable, |_| Ok(()))?;
        if bytes.len() > left {
            return Err(Problems::one(Code::DecompressedTooLarge, format!("> {}", self.limits.decompressed_bytes)));
        }
        self.read += bytes.len();
        if self.read > Limits::RATIO_FROM && self.read / self.limits.compression_ratio > self.compressed {
            return Err(Problems::one(Code::CompressionRatio, format!("> {} : 1", self.limits.compression_ratio)));
        }
        let text = String::from_utf8(bytes).map_err(|error| broken(format!("{name}: {}", error.utf8_error())))?;
        Ok(match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        })
    }

    /// Counts what is made of a part beside its text.
    pub(super) fn hold(&self, bytes: usize) -> Result<(), Problems> {
        self.share.take(bytes)
    }

    /// The package itself, to be copied part by part.
    pub(super) fn into_archive(self) -> ZipArchive<Cursor<&'f [u8]>> {
        self.archive
    }
}

/// A part's name as names are compared.
fn compared(name: &str) -> String {
    name.replace('\\', "/").trim_start_matches('/').to_ascii_lowercase()
}

/// A name whose address was written as `sheet%201.xml`; none if it is no text then.
fn percent_decoded(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let hex = more.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

/// A file that cannot be read; `what` says where.
pub(super) fn broken(what: impl ToString) -> Problems {
    Problems::one(Code::WorkbookBroken, quoted(&what.to_string()))
}

/// Whether a compound file has the stream that Office encrypts workbooks into.
fn not_xlsx(kind: &str) -> Problems {
    Problems::one(Code::WorkbookFormat, format!("{kind} ≠ XLSX"))
}

fn is_encrypted(bytes: &[u8]) -> bool {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.windows(name.len()).any(|window| window == name)
}
