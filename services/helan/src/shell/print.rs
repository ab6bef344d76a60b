//! Results for a person at a terminal: aligned, or one line a column; through a pager where they do not fit.

use std::io::Write;
use std::process::{Command, Stdio};

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use helan_query::{is_exact, without_zeros};
use unicode_width::UnicodeWidthStr;

/// What stands for null: an empty text looks different.
const NULL: &str = "NULL";

/// A table with a rule under its heading: numbers to the right, wide characters counted as two columns.
pub(crate) fn aligned(schema: &SchemaRef, batches: &[RecordBatch]) -> anyhow::Result<String> {
    let headings: Vec<String> = schema.fields().iter().map(|field| visible(field.name())).collect();
    let rows = cells(batches)?;
    let mut widths: Vec<usize> = headings.iter().map(|text| text.width()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let numeric: Vec<bool> = schema.fields().iter().map(|field| field.data_type().is_numeric()).collect();
    let mut out = String::new();
    let mut line = |row: &[String]| {
        let mut text = String::new();
        for ((cell, width), right) in row.iter().zip(&widths).zip(&numeric) {
            let gap = " ".repeat(width - cell.width());
            if !text.is_empty() {
                text.push_str("  ");
            }
            if *right { text.extend([gap.as_str(), cell]) } else { text.extend([cell.as_str(), &gap]) }
        }
        out.push_str(text.trim_end());
        out.push('\n');
    };
    line(&headings);
    line(&widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>());
    rows.iter().for_each(|row| line(row));
    Ok(out)
}

/// One line for each column of each row.
pub(crate) fn expanded(schema: &SchemaRef, batches: &[RecordBatch]) -> anyhow::Result<String> {
    let headings: Vec<String> = schema.fields().iter().map(|field| visible(field.name())).collect();
    let width = headings.iter().map(|text| text.width()).max().unwrap_or(0);
    let mut out = String::new();
    for (number, row) in cells(batches)?.iter().enumerate() {
        out.push_str(&format!("─[ {} ]{}\n", number + 1, "─".repeat(width)));
        for (heading, cell) in headings.iter().zip(row) {
            out.push_str(heading);
            out.push_str(&" ".repeat(width - heading.width() + 2));
            out.push_str(cell);
            out.push('\n');
        }
    }
    Ok(out)
}

fn cells(batches: &[RecordBatch]) -> anyhow::Result<Vec<Vec<String>>> {
    let options = FormatOptions::default();
    let mut rows = Vec::new();
    for batch in batches {
        let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            let cells = columns.iter().zip(batch.columns()).map(|(formatter, column)| {
                if column.is_null(row) {
                    return NULL.to_owned();
                }
                let text = formatter.value(row).to_string();
                if is_exact(column.data_type()) { without_zeros(&text).to_owned() } else { visible(&text) }
            });
            rows.push(cells.collect());
        }
    }
    Ok(rows)
}

/// A text on one line, with nothing in it that a terminal would take for a command.
fn visible(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.chars().any(hidden) {
        return text.to_owned();
    }
    text.chars().map(|c| if hidden(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// Shows a text; through `$PAGER`, or `less`, where it is wider or longer than the screen (columns, rows).
pub(crate) fn show(text: &str, screen: Option<(usize, usize)>) -> anyhow::Result<()> {
    let fits = screen
        .is_none_or(|(columns, rows)| text.lines().count() < rows && text.lines().all(|line| line.width() <= columns));
    if !fits && page(text) {
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Whether a pager took the text.
fn page(text: &str) -> bool {
    let pager = std::env::var("PAGER").unwrap_or_else(|_| "less".to_owned());
    if matches!(pager.trim(), "" | "cat") {
        return false;
    }
    let mut command = Command::new("sh");
    // Long lines are cut and moved through, not folded.
    let less = std::env::var("LESS").unwrap_or_else(|_| "-SRF".to_owned());
    command.args(["-c", &pager]).env("LESS", less).env("LESSCHARSET", "utf-8").stdin(Stdio::piped());
    let Ok(mut child) = command.spawn() else { return false };
    if let Some(mut stdin) = child.stdin.take() {
        // A pager that is left early closes its end.
        let _ = stdin.write_all(text.as_bytes());
    }
    child.wait().is_ok_and(|status| status.code() != Some(127))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Decimal128Array, StringArray};

    use super::*;

    fn batch() -> RecordBatch {
        let names: ArrayRef = Arc::new(StringArray::from(vec![Some("银川市"), Some("a\u{1b}[31mb"), None]));
        let numbers = Decimal128Array::from(vec![Some(13_000_000_000_i128), Some(5_000_000_000), None]);
        let numbers: ArrayRef = Arc::new(numbers.with_precision_and_scale(38, 10).expect("fits"));
        RecordBatch::try_from_iter_with_nullable([("名称", names, true), ("value", numbers, true)]).expect("a batch")
    }

    #[test]
    fn wide_characters_are_aligned_and_escapes_are_shown() {
        let text = aligned(&batch().schema(), &[batch()]).expect("text");
        let expected = "\
名称          value
────────────  ─────
银川市          1.3
a\\u{1b}[31mb    0.5
NULL           NULL
";
        assert_eq!(text, expected);
    }

    #[test]
    fn expanded_has_a_line_for_each_column() {
        let text = expanded(&batch().schema(), &[batch().slice(0, 1)]).expect("text");
        assert_eq!(text, "─[ 1 ]─────\n名称   银川市\nvalue  1.3\n");
    }
}
