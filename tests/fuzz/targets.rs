//! What must hold of any bytes: one function a target, run by `stable.rs` in the workspace's tests and by `cargo fuzz`.
//!
//! A target panics where the promise is broken. It uses what the crates offer to everybody, nothing made for it.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::sync::{Arc, OnceLock};

use helan_ingest::{FileContent, FileToCheck, check_file};
use helan_log::{EnvelopeRef, Records, TopicPartition};
use helan_query::Session;
use helan_schemas::catalog::Catalog;
use helan_schemas::decimal::Decimal;
use helan_schemas::digest::ContentDigest;
use helan_schemas::event::decode_batch;
use helan_schemas::period::Period;

/// 2026-11-28, by which files are judged.
const NOW: i64 = 1_795_824_000_000_000;

/// A target: its name, which its corpus has too, and its function.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// Every target.
pub(crate) const TARGETS: [Target; 9] = [
    ("period", period),
    ("decimal", decimal),
    ("events", events),
    ("json", json),
    ("csv", csv),
    ("workbook", workbook),
    ("catalog", catalog),
    ("sql", sql),
    ("record", record),
];

fn built_in() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(Catalog::embedded)
}

/// A period that is read has one text, which reads as the same period, and its parts lie within it.
pub(crate) fn period(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(period) = Period::parse(text) else { return };
    assert!(period.start <= period.end, "{text:?}");
    let canonical = period.to_string();
    assert_eq!(Period::parse(&canonical), Ok(period), "{text:?} → {canonical:?}");
    for code in ["A", "S", "Q", "M"] {
        for part in period.parts(code) {
            assert!(part.start >= period.start && part.end <= period.end, "{text:?} {code}");
        }
    }
}

/// A number is read exactly: its text reads as the same number, and it lies where the double of the same text lies.
pub(crate) fn decimal(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(number) = Decimal::parse(text) else { return };
    let canonical = number.to_string();
    let again = Decimal::parse(&canonical).unwrap_or_else(|error| panic!("{text:?} → {canonical:?}: {error}"));
    assert_eq!(again.unscaled, number.unscaled, "{text:?} → {canonical:?}");
    let double: f64 =
        text.parse().unwrap_or_else(|_| panic!("{text:?} was accepted, and the standard library cannot parse it"));
    let ours = number.unscaled as f64 / 1e10;
    assert!((ours - double).abs() <= double.abs() * 1e-12 + 1e-10, "{text:?}: {ours} and {double}");
    for unit_mult in [-18, -4, 0, 4, 18] {
        if let Ok(amount) = number.amount(unit_mult) {
            let expected = ours * 10_f64.powi(unit_mult);
            assert!(
                (amount as f64 / 1e10 - expected).abs() <= expected.abs() * 1e-9 + 1e-9,
                "{text:?} × 10^{unit_mult}"
            );
        }
    }
}

/// What is decoded of a record is JSON to others too, of as many events; what passes the check reads the same again.
pub(crate) fn events(bytes: &[u8]) {
    let mut seen = 0;
    let decoded = decode_batch(bytes, |_, event| {
        seen += 1;
        let Ok(statement) = event.check() else { return Ok(()) };
        let mut scratch = ContentDigest::default();
        let digest = event.content_digest(&statement, &mut scratch);
        let mut canonical = vec![b'['];
        event.write_canonical(&statement, &mut canonical);
        canonical.push(b']');
        let again = decode_batch(&canonical, |_, event| {
            let statement = event.check()?;
            let mut scratch = ContentDigest::default();
            assert_eq!(
                event.content_digest(&statement, &mut scratch),
                digest,
                "{}",
                String::from_utf8_lossy(&canonical)
            );
            let mut twice = vec![b'['];
            event.write_canonical(&statement, &mut twice);
            twice.push(b']');
            assert_eq!(twice, canonical);
            Ok(())
        });
        assert_eq!(again.map_err(|error| error.to_string()), Ok(1), "{}", String::from_utf8_lossy(&canonical));
        Ok(())
    });
    let theirs = serde_json::from_slice::<Vec<serde_json::Value>>(bytes);
    if let Ok(count) = decoded {
        // Another reader bounds how deep a text nests, and what a double may hold.
        if let Ok(theirs) = theirs {
            assert_eq!((theirs.len(), seen), (count, count), "{}", String::from_utf8_lossy(bytes));
        }
    }
}

/// Ingest answers any bytes: with its reasons, or with events that the aggregator takes as they are.
/// Says which.
pub(crate) fn judged(bytes: &[u8], content: FileContent, source: Option<&str>) -> bool {
    let file = FileToCheck { bytes, content, source, charset: None, marked: true };
    match check_file(built_in(), "nx-stats", &file, NOW) {
        Ok(read) => {
            let counted = decode_batch(&read.value, |_, event| event.check().map(drop));
            assert_eq!(counted.map_err(|error| error.to_string()), Ok(read.events as usize));
            true
        }
        Err(refused) => {
            assert!(!refused.errors.is_empty(), "refused without a reason");
            false
        }
    }
}

/// One event, an array of events, and lines of them.
pub(crate) fn json(bytes: &[u8]) {
    judged(bytes, FileContent::Json, None);
    judged(bytes, FileContent::Lines, None);
}

/// A table.
pub(crate) fn csv(bytes: &[u8]) {
    judged(bytes, FileContent::Csv, Some("/nx/nx-stats"));
}

/// A workbook: the bytes as they are, and in the place of one part of a workbook that is right.
pub(crate) fn workbook(bytes: &[u8]) {
    judged(bytes, FileContent::Workbook, Some("/nx/nx-stats"));
    let Some((pick, content)) = bytes.split_first() else { return };
    let chosen = *pick as usize % sample().len();
    judged(&packed(Some((chosen, content))), FileContent::Workbook, Some("/nx/nx-stats"));
}

/// A workbook that is right, or one of its parts replaced.
pub(crate) fn packed(replaced: Option<(usize, &[u8])>) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (at, (name, part)) in sample().iter().enumerate() {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("memory does not fail");
        let content = replaced.filter(|(chosen, _)| *chosen == at).map_or(&part[..], |(_, content)| content);
        zip.write_all(content).expect("memory does not fail");
    }
    zip.finish().expect("memory does not fail").into_inner()
}

/// The parts of a workbook that is right.
pub(crate) fn sample() -> &'static [(String, Vec<u8>)] {
    static PARTS: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    PARTS.get_or_init(|| {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        let rows = [
            ["ref_area", "indicator", "time_period", "value", "unit", "unit_mult", "note"],
            ["640000", "gdp", "2018", "3705.18", "CNY", "8", "first release"],
        ];
        for (row, cells) in rows.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                sheet.write_string(row as u32, column as u16, *cell).expect("a cell");
            }
        }
        let bytes = book.save_to_buffer().expect("a workbook");
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a package");
        let read = (0..archive.len()).map(|at| {
            let (mut part, mut content) = (archive.by_index(at).expect("a part"), Vec::new());
            part.read_to_end(&mut content).expect("readable");
            (part.name().expect("a name").into_owned(), content)
        });
        read.collect()
    })
}

/// A catalog of which one file was changed loads, or every problem names its file; what loads keeps its digest.
pub(crate) fn catalog(bytes: &[u8]) {
    let Some((pick, content)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(content) else { return };
    let mut files: BTreeMap<String, String> = built_in().files.clone();
    let Some(name) = files.keys().nth(*pick as usize % files.len()).cloned() else { return };
    files.insert(name, text.to_owned());
    match Catalog::from_files(files) {
        Ok(catalog) => {
            let again = Catalog::from_files(catalog.files.clone()).expect("what loads loads again");
            assert_eq!(again.digest, catalog.digest);
        }
        Err(problems) => assert!(!problems.is_empty(), "refused without a problem"),
    }
}

/// Whatever is asked is planned or refused, and no plan does more than read.
pub(crate) fn sql(bytes: &[u8]) {
    const CHANGES: [&str; 9] =
        ["Dml", "Copy", "Create", "Drop", "SetVariable", "Transaction", "Prepare", "Execute", "DescribeTable"];
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    static SESSION: OnceLock<Session> = OnceLock::new();
    let session = SESSION
        .get_or_init(|| Session::in_memory(Arc::new(built_in().clone()), BTreeMap::new(), NOW).expect("a session"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    if let Ok(frame) = runtime.block_on(session.sql(text)) {
        let plan = frame.logical_plan().display_indent().to_string();
        for line in plan.lines() {
            assert!(CHANGES.iter().all(|node| !line.trim_start().starts_with(node)), "{text:?}: {plan}");
        }
    }
}

/// Records come back from a batch as they were put in.
pub(crate) fn record(bytes: &[u8]) {
    let mut put = Vec::new();
    let mut rest = bytes;
    while let Some((lengths, after)) = rest.split_first_chunk::<3>() {
        let cut = |from: &mut &'_ [u8], length: u8| -> Vec<u8> {
            let (piece, left) = from.split_at(from.len().min(length as usize));
            let piece = piece.to_vec();
            *from = left;
            piece
        };
        let mut from = after;
        let (key, text, value) = (cut(&mut from, lengths[0]), cut(&mut from, lengths[1]), cut(&mut from, lengths[2]));
        put.push((key, String::from_utf8_lossy(&text).into_owned(), value));
        rest = from;
    }
    let mut records = Records::new(TopicPartition::new("t", 0));
    for (at, (key, text, value)) in put.iter().enumerate() {
        let reporter = if at % 2 == 0 { text.as_str() } else { "" };
        let envelope = EnvelopeRef { content_type: text, reporter, received_at: at as i64, ..EnvelopeRef::default() };
        records.push(at as i64 * 2, key, envelope, value);
    }
    assert_eq!(records.len(), put.len());
    for (at, ((key, text, value), found)) in put.iter().zip(records.iter()).enumerate() {
        assert_eq!((found.key, found.value, found.content_type), (&key[..], &value[..], text.as_str()));
        assert_eq!((found.offset, found.reporter.is_empty()), (at as i64 * 2, at % 2 == 1 || text.is_empty()));
    }
    assert_eq!(records.next_offset(), put.len().checked_sub(1).map(|last| last as i64 * 2 + 1));
}
