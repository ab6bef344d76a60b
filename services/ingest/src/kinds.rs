//! What a body is by its first bytes, where it is not what its type says: one error that names it, in place of many that
//! follow from reading it as something else.

use helan_schemas::refusal::Code;

use crate::accept::Content;
use crate::decode;
use crate::problems::Problems;

/// Bytes of a text that are looked at.
const HEAD_BYTES: usize = 4096;

/// Refuses a body that is plainly something else than its type says.
pub(crate) fn check(bytes: &[u8], content: &Content, was_gzip: bool) -> Result<(), Problems> {
    let (said, is_table) = match content {
        Content::Csv(_) | Content::Table(_) => ("CSV", true),
        Content::Workbook(_) => ("XLSX", true),
        Content::Json(_) | Content::Binary(_) => ("JSON", false),
    };
    // Most requests: nothing else begins so.
    if !is_table && matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return Ok(());
    }
    let found = kind(bytes).or_else(|| (!is_table).then(|| table(bytes)).flatten());
    match (found, content) {
        (None, Content::Workbook(_)) if is_text(bytes) && !bytes.is_empty() => not_xlsx("CSV / text"),
        (None, _) => Ok(()),
        (Some("gzip"), _) if was_gzip => Err(Problems::one(Code::ContentMismatch, format!("2 × gzip ≠ {said}"))),
        (Some("gzip"), _) => Err(Problems::one(Code::GzipNotAnnounced, "")),
        // What is wrong with a package, or with a workbook of Excel 97, is said where it is opened.
        (Some("XLSX" | "ZIP" | "XLS" | "XLSB" | "ODS"), Content::Workbook(_)) => Ok(()),
        // A byte order mark stands before it.
        (Some("JSON"), Content::Json(_) | Content::Binary(_)) => Ok(()),
        (Some(kind), Content::Workbook(_)) => not_xlsx(kind),
        (Some(kind), _) => Err(Problems::one(Code::ContentMismatch, format!("{kind} ≠ {said}"))),
    }
}

/// What a body is that may be either: a workbook where it begins as a package does, or as an old workbook; else a table.
pub(crate) fn told(bytes: &[u8], source: Option<String>) -> Content {
    match kind(bytes) {
        Some("XLSX" | "ZIP" | "XLS" | "XLSB" | "ODS") => Content::Workbook(source),
        _ => Content::Csv(source),
    }
}

fn not_xlsx(kind: &str) -> Result<(), Problems> {
    Err(Problems::one(Code::WorkbookFormat, format!("{kind} ≠ XLSX")))
}

/// The kind of a body that its beginning gives away.
fn kind(bytes: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 14] = [
        (b"\x1f\x8b", "gzip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "XLS"),
        (b"%PDF-", "PDF"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"Rar!\x1a\x07", "RAR"),
        (b"\x89PNG\r\n", "PNG"),
        (b"\xff\xd8\xff", "JPEG"),
        (b"GIF8", "GIF"),
        (b"PAR1", "Parquet"),
        (b"SQLite format 3\0", "SQLite"),
        (b"{\\rtf", "RTF"),
    ];
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Some(package(bytes));
    }
    if let Some((_, name)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(name);
    }
    // A text may begin with x^; what is compressed has control characters.
    if matches!(bytes, [b'x', 0x01 | 0x5e | 0x9c | 0xda, ..]) && !is_text(bytes) {
        return Some("zlib");
    }
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    let text = String::from_utf8_lossy(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head)).to_ascii_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let follows = |first: char| text.strip_prefix(first).map(str::trim_start);
    if let Some(rest) = follows('<') {
        return rest
            .starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '?' | '!' | '/'))
            .then(|| markup(text));
    }
    if text.starts_with("mime-version:") {
        return Some("MHTML");
    }
    let is_json = follows('{').is_some_and(|rest| rest.starts_with(['"', '}']))
        || follows('[').is_some_and(|rest| rest.starts_with(['{', '[', '"', ']']));
    is_json.then_some("JSON")
}

/// What a package holds, by the names in it.
fn package(bytes: &[u8]) -> &'static str {
    let has = |name: &[u8]| bytes.windows(name.len()).any(|window| window == name);
    match () {
        () if has(b"xl/workbook.bin") => "XLSB",
        () if has(b"xl/") || has(b"xl\\") => "XLSX",
        () if has(b"application/vnd.oasis.opendocument") => "ODS",
        () if has(b"word/document") => "DOCX",
        () => "ZIP",
    }
}

fn markup(text: &str) -> &'static str {
    match () {
        () if text.contains("urn:schemas-microsoft-com:office:spreadsheet") => "XML Spreadsheet 2003",
        () if ["<html", "<table", "<body", "<head", "<div", "<!doctype html"].iter().any(|tag| text.contains(tag)) => {
            "HTML"
        }
        () => "XML",
    }
}

/// A table, by its heading.
fn table(bytes: &[u8]) -> Option<&'static str> {
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    decode::is_heading(&String::from_utf8_lossy(head)).then_some("CSV")
}

/// Whether bytes are a text of some charset: no control characters but those of lines.
fn is_text(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    head.iter().all(|byte| *byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Shape;

    fn said(bytes: &[u8], content: &Content) -> Option<(Code, String)> {
        let problems = check(bytes, content, false).err()?;
        Some((problems.code(), problems.list()[0].message_en()))
    }

    #[test]
    fn names_what_was_sent_instead() {
        let (csv, xlsx, json) = (Content::Csv(None), Content::Workbook(None), Content::Json(Shape::Any));
        let other = Code::ContentMismatch;
        let format = Code::WorkbookFormat;
        for (bytes, content, expected) in [
            (&b"\x1f\x8b\x08\0"[..], &csv, Some((Code::GzipNotAnnounced, ""))),
            (b"\x1f\x8b\x08\0", &json, Some((Code::GzipNotAnnounced, ""))),
            (b"\x1f\x8b\x08\0", &xlsx, Some((Code::GzipNotAnnounced, ""))),
            (b"PK\x03\x04..xl/worksheets/", &csv, Some((other, "XLSX ≠ CSV"))),
            (b"PK\x03\x04..xl/worksheets/", &json, Some((other, "XLSX ≠ JSON"))),
            (b"PK\x03\x04..xl/worksheets/", &xlsx, None),
            (b"PK\x03\x04a.csv", &csv, Some((other, "ZIP ≠ CSV"))),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", &csv, Some((other, "XLS ≠ CSV"))),
            (b"%PDF-1.7", &csv, Some((other, "PDF ≠ CSV"))),
            (b"%PDF-1.7", &xlsx, Some((format, "PDF ≠ XLSX"))),
            (b"\xef\xbb\xbf\r\n<!DOCTYPE html><table>", &xlsx, Some((format, "HTML ≠ XLSX"))),
            (b"<table><tr>", &csv, Some((other, "HTML ≠ CSV"))),
            (
                b"<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">",
                &xlsx,
                Some((format, "XML Spreadsheet 2003 ≠ XLSX")),
            ),
            (b"<a/>", &xlsx, Some((format, "XML ≠ XLSX"))),
            (b"MIME-Version: 1.0", &xlsx, Some((format, "MHTML ≠ XLSX"))),
            (b"ref_area,value\n", &xlsx, Some((format, "CSV / text ≠ XLSX"))),
            (b"[ {\"specversion\":\"1.0\"}]", &csv, Some((other, "JSON ≠ CSV"))),
            (b"ref_area,indicator,time_period,value,unit\n", &json, Some((other, "CSV ≠ JSON"))),
            (b"ref_area;indicator;time_period;value;unit\n", &json, Some((other, "CSV ≠ JSON"))),
            (b"x\x9cK\xd4Q\0\0", &csv, Some((other, "zlib ≠ CSV"))),
            (b"x\x01K\xd4Q\0\0", &json, Some((other, "zlib ≠ JSON"))),
            (b"x^2,value\n", &csv, None),
            (b"ref_area,value\n", &csv, None),
            (b"<5,10\n", &csv, None),
            (b"{\"id\":1}", &json, None),
            (b"[]", &json, None),
            (b"", &xlsx, None),
        ] {
            let found = said(bytes, content);
            let shown = String::from_utf8_lossy(bytes);
            assert_eq!(found.as_ref().map(|(code, _)| *code), expected.map(|(code, _)| code), "{shown}");
            if let (Some((_, message)), Some((_, part))) = (found, expected) {
                assert!(message.contains(part), "{message}");
            }
        }
        let twice = check(b"\x1f\x8b\x08\0", &csv, true).expect_err("compressed twice");
        assert_eq!(twice.code(), other);
    }
}
