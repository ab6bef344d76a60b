//! The template as a CSV that Excel opens as what it is: with a byte order mark and headings for people. Where offices write
//! decimal commas, their Excel expects semicolons between cells.

use helan_schemas::catalog::DecimalMark;

use super::Template;
use crate::decode::headings::heading_of;

/// The whole file.
pub(super) fn write(template: &Template<'_>) -> String {
    let columns = template.columns();
    let separator = if template.mark == Some(DecimalMark::Comma) { ';' } else { ',' };
    let mut out = String::from('\u{feff}');
    let headings = columns.iter().map(|column| heading_of(column, template.lang).unwrap_or(column).to_owned());
    line(&mut out, separator, headings);
    for row in 0..template.rows.len() {
        line(&mut out, separator, columns.iter().map(|column| template.cell(row, column)));
    }
    out
}

fn line(out: &mut String, separator: char, cells: impl Iterator<Item = String>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            out.push(separator);
        }
        if cell.contains(['"', separator, '\n', '\r']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&cell);
        }
    }
    out.push_str("\r\n");
}
