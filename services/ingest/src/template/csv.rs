//! The template as a CSV that Excel opens as what it is: with a byte order mark and headings for people.

use super::Template;
use crate::decode::headings::heading_of;

/// The whole file.
pub(super) fn write(template: &Template<'_>) -> String {
    let columns = template.columns();
    let mut out = String::from('\u{feff}');
    let headings = columns.iter().map(|column| heading_of(column, template.lang).unwrap_or(column).to_owned());
    line(&mut out, headings);
    for row in 0..template.rows.len() {
        line(&mut out, columns.iter().map(|column| template.cell(row, column)));
    }
    out
}

fn line(out: &mut String, cells: impl Iterator<Item = String>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            out.push(',');
        }
        if cell.contains(['"', ',', '\n', '\r']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&cell);
        }
    }
    out.push_str("\r\n");
}
