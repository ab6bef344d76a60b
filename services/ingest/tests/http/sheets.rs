//! Workbooks for tests: made cell by cell, or a template filled in.

use std::io::{Cursor, Read, Write};

use calamine::{Data, Reader, Xlsx};
use rust_xlsxwriter::{Format, Formula, Workbook};
use zip::write::SimpleFileOptions;

use crate::world::*;

pub(crate) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
pub(crate) const HEADINGS: [&str; 6] = ["地区代码", "指标代码", "报告期", "数值", "单位代码", "数量级"];

/// A cell of a test's sheet.
#[derive(Clone, Debug)]
pub(crate) enum Put {
    Text(&'static str),
    Number(f64),
    /// A number in a format.
    As(f64, &'static str),
    /// A formula and its saved result.
    Formula(&'static str, &'static str),
    Blank,
}

/// A workbook with one sheet: its heading in row 1, the rows below.
pub(crate) fn book(sheet: &str, headings: &[&str], rows: &[Vec<Put>]) -> Vec<u8> {
    book_and(sheet, headings, rows, |_| {})
}

/// The same, with more done to the sheet.
pub(crate) fn book_and(
    name: &str,
    headings: &[&str],
    rows: &[Vec<Put>],
    more: impl FnOnce(&mut rust_xlsxwriter::Worksheet),
) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name(name).expect("a name");
    for (at, heading) in (0..).zip(headings) {
        sheet.write_string(0, at, *heading).expect("written");
    }
    for (number, row) in (1..).zip(rows) {
        for (at, cell) in (0..).zip(row) {
            let done = match cell {
                Put::Text(text) => sheet.write_string(number, at, *text),
                Put::Number(value) => sheet.write_number(number, at, *value),
                Put::As(value, format) => {
                    sheet.write_number_with_format(number, at, *value, &Format::new().set_num_format(*format))
                }
                Put::Formula(text, result) => sheet.write_formula(number, at, Formula::new(*text).set_result(*result)),
                Put::Blank => Ok(&mut *sheet),
            };
            done.expect("written");
        }
    }
    more(sheet);
    let file = workbook.save_to_buffer().expect("a workbook");
    // The library has programs compute every formula anew; a file that was saved by such a program has results.
    edited(&file, "xl/workbook.xml", |text| text.replace(" fullCalcOnLoad=\"1\"", ""))
}

/// A row of Yinchuan's R&D expenditure with a value.
pub(crate) fn row(value: Put) -> Vec<Put> {
    vec![Put::Text("640100"), Put::Text("rd_expenditure"), Put::Text("2018"), value, Put::Text("CNY"), Put::Text("亿")]
}

pub(crate) fn call(bytes: Vec<u8>) -> Call {
    Call::bytes("/v1/submissions?source=/nx/yinchuan", XLSX, bytes)
}

/// The file with one part's text changed, as a person's program would save it.
pub(crate) fn edited(file: &[u8], part: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).expect("a package");
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).expect("an entry");
        let name = entry.name().expect("a name").into_owned();
        let mut text = Vec::new();
        entry.read_to_end(&mut text).expect("read");
        if name == part {
            text = change(String::from_utf8(text).expect("utf-8")).into_bytes();
        }
        out.start_file(name, SimpleFileOptions::default()).expect("started");
        out.write_all(&text).expect("written");
    }
    out.finish().expect("finished").into_inner()
}

/// The text of a part.
pub(crate) fn part(file: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).expect("a package");
    let mut text = String::new();
    archive.by_name(name).expect(name).read_to_string(&mut text).expect("utf-8");
    text
}

/// Cells of a sheet by another reader, as texts.
pub(crate) fn cells(file: &[u8], sheet: &str) -> Vec<Vec<String>> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(file.to_vec())).expect("calamine opens it");
    let range = book.worksheet_range(sheet).expect("the sheet");
    let text = |cell: &Data| cell.to_string();
    range.rows().map(|row| row.iter().map(text).collect()).collect()
}

/// A template's file with a text put into a blank cell.
pub(crate) fn put(file: &[u8], cell: &str, typed: &str) -> Vec<u8> {
    edited(file, "xl/worksheets/sheet1.xml", |mut text| {
        let start = text.find(&format!("<c r=\"{cell}\" ")).expect("a cell");
        let end = start + text[start..].find("/>").expect("it is blank");
        text.replace_range(end..end + 2, &format!(" t=\"inlineStr\"><is><t>{typed}</t></is></c>"));
        text
    })
}

/// A template's file with values put into its value cells, from the first row on; the XML as spreadsheets write it.
pub(crate) fn filled(file: &[u8], values: &[&str]) -> Vec<u8> {
    edited(file, "xl/worksheets/sheet1.xml", |mut text| {
        for (at, value) in values.iter().enumerate().filter(|(_, value)| !value.is_empty()) {
            let cell = format!("<c r=\"E{}\" ", 5 + at);
            let start = text.find(&cell).expect("a value cell");
            let end = start + text[start..].find("/>").expect("it is blank");
            text.replace_range(end..end + 2, &format!("><v>{value}</v></c>"));
        }
        text
    })
}
