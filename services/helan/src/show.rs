//! Results for people and programs: an aligned table, CSV, JSON lines, Parquet.

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, bail};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table};
use comfy_table::{LineStyle, TableStyle};
use futures::{Stream, TryStreamExt};
use helan_query::http::TableEntry;
use helan_query::{for_csv, is_exact, json_lines, without_zeros};
use helan_rollup::words;
use helan_schemas::nearest::nearest;

use crate::args::Format;
use crate::lang::Lang;

/// A rule above, below and under the heading; nothing between rows.
pub(crate) const STYLE: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// Rows that a table for people shows; the rest is counted.
const TABLE_ROWS: usize = 10_000;

/// Which versions of the tables an answer comes from, as a line.
pub(crate) fn versions(versions: &str, lang: Lang) -> String {
    format!("{}{versions}", lang.pick("各表版本：", "table versions: "))
}

/// A moment in a time zone, as people there read it: `2019-08-30 23:59 +08:00`, in Chinese with the zone's name.
pub(crate) fn moment(microseconds: i64, zone: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => {
            let (time, zone) = words::local(microseconds, zone);
            format!("{time}（{zone}）")
        }
        Lang::En => words::with_offset(microseconds, zone, false),
    }
}

/// Writes a stream of batches in `format` to `output`, or to standard output; `raw` is for CSV.
///
/// # Errors
/// Whatever the stream or the writing gives. A file that could not be finished is removed.
pub(crate) async fn write<E>(
    schema: SchemaRef,
    batches: impl Stream<Item = Result<RecordBatch, E>>,
    format: Format,
    output: Option<&Path>,
    lang: Lang,
    raw: bool,
) -> anyhow::Result<()>
where
    E: Into<anyhow::Error>,
{
    let Some(path) = output else {
        if format == Format::Parquet {
            bail!("-f parquet needs a file: add -o FILE");
        }
        return write_to(schema, batches, format, std::io::stdout(), lang, raw).await;
    };
    // Beside the target, so that the rename stays on one file system and nobody sees half a file.
    let draft = path.with_file_name(format!(
        ".{}.part",
        path.file_name().and_then(|name| name.to_str()).context("-o needs a file name")?
    ));
    let file = File::create(&draft).with_context(|| format!("cannot write {}", draft.display()))?;
    let written = write_to(schema, batches, format, file, lang, raw).await;
    match written {
        Ok(()) => std::fs::rename(&draft, path).with_context(|| format!("cannot write {}", path.display())),
        Err(error) => {
            let _ = std::fs::remove_file(&draft);
            Err(error)
        }
    }
}

async fn write_to<E>(
    schema: SchemaRef,
    batches: impl Stream<Item = Result<RecordBatch, E>>,
    format: Format,
    sink: impl Write + Send,
    lang: Lang,
    raw: bool,
) -> anyhow::Result<()>
where
    E: Into<anyhow::Error>,
{
    let mut batches = std::pin::pin!(batches);
    let mut sink = BufWriter::new(sink);
    match format {
        Format::Csv => {
            let mut writer = arrow::csv::WriterBuilder::new().with_header(true).build(&mut sink);
            // The heading comes also when there are no rows.
            writer.write(&for_csv(&RecordBatch::new_empty(schema), raw)?)?;
            while let Some(batch) = batches.try_next().await.map_err(Into::into)? {
                writer.write(&for_csv(&batch, raw)?)?;
            }
        }
        Format::Json => {
            let mut writer = json_lines(&mut sink);
            while let Some(batch) = batches.try_next().await.map_err(Into::into)? {
                writer.write(&batch)?;
            }
            writer.finish()?;
        }
        Format::Parquet => {
            let mut writer = parquet::arrow::ArrowWriter::try_new(&mut sink, schema, None)?;
            while let Some(batch) = batches.try_next().await.map_err(Into::into)? {
                writer.write(&batch)?;
            }
            writer.close()?;
        }
        Format::Table => {
            let mut shown = Vec::new();
            let mut total = 0;
            while let Some(batch) = batches.try_next().await.map_err(Into::into)? {
                let room = TABLE_ROWS.saturating_sub(total).min(batch.num_rows());
                total += batch.num_rows();
                if room > 0 {
                    shown.push(batch.slice(0, room));
                }
            }
            writeln!(sink, "{}", table(&schema, &shown)?)?;
            writeln!(sink, "{}", counted(total, TABLE_ROWS, lang))?;
        }
    }
    sink.flush()?;
    Ok(())
}

/// How many rows there are, and that not all of them are shown if so.
pub(crate) fn counted(total: usize, shown: usize, lang: Lang) -> String {
    let rows = match lang {
        Lang::Zh => format!("{total} 行"),
        Lang::En => format!("{total} row{}", if total == 1 { "" } else { "s" }),
    };
    if total <= shown {
        return rows;
    }
    match lang {
        Lang::Zh => format!("{rows}\n仅显示前 {shown} 行；用 -f csv 取全部"),
        Lang::En => format!("{rows}\nonly the first {shown} are shown; -f csv gives all"),
    }
}

/// Batches as CSV or lines of JSON.
pub(crate) fn encode(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    format: Format,
    raw: bool,
) -> anyhow::Result<Vec<u8>> {
    if format == Format::Json {
        let mut writer = json_lines(Vec::new());
        batches.iter().try_for_each(|batch| writer.write(batch))?;
        writer.finish()?;
        return Ok(writer.into_inner());
    }
    let mut writer = arrow::csv::WriterBuilder::new().with_header(true).build(Vec::new());
    // The heading comes also when there are no rows.
    writer.write(&for_csv(&RecordBatch::new_empty(schema.clone()), raw)?)?;
    batches.iter().try_for_each(|batch| writer.write(&for_csv(batch, raw)?))?;
    Ok(writer.into_inner())
}

/// What there is to ask.
pub(crate) fn tables(entries: &[TableEntry], lang: Lang) -> String {
    let mut table = headed([("名称", "name"), ("类型", "kind"), ("内容", "what it holds")], lang);
    for entry in entries {
        table.add_row([entry.name.as_str(), &entry.kind, lang.pick(&entry.doc_zh, &entry.doc_en)]);
    }
    table.to_string()
}

/// A table, view or function by name, as SQL would find it.
pub(crate) fn find<'e>(entries: &'e [TableEntry], name: &str, lang: Lang) -> anyhow::Result<&'e TableEntry> {
    let plain = name.trim().split('(').next().unwrap_or_default().to_lowercase();
    entries.iter().find(|entry| entry.name == plain).with_context(|| {
        match (lang, nearest(&plain, entries.iter().map(|entry| entry.name.as_str()))) {
            (Lang::Zh, Some(meant)) => {
                format!("没有表、视图或表函数 {name:?}；是否指 {meant}？`helan sql --tables` 列出全部")
            }
            (Lang::Zh, None) => format!("没有表、视图或表函数 {name:?}；`helan sql --tables` 列出全部"),
            (Lang::En, Some(meant)) => format!(
                "there is no table, view or table function {name:?}; did you mean {meant}? `helan sql --tables` lists them"
            ),
            (Lang::En, None) => {
                format!("there is no table, view or table function {name:?}; `helan sql --tables` lists them")
            }
        }
    })
}

/// A table, view or function with a line on each column.
pub(crate) fn describe(entry: &TableEntry, lang: Lang) -> String {
    let mut table = headed([("列", "column"), ("类型", "type"), ("内容", "what it holds")], lang);
    for column in &entry.columns {
        let doc = lang.pick(&column.doc_zh, &column.doc_en);
        table.add_row([Cell::new(&column.name), Cell::new(&column.data_type), Cell::new(doc)]);
    }
    format!("{} — {}\n\n{table}", entry.name, lang.pick(&entry.doc_zh, &entry.doc_en))
}

/// An aligned table; numbers to the right, wide characters counted as two columns.
pub(crate) fn table(schema: &SchemaRef, batches: &[RecordBatch]) -> anyhow::Result<Table> {
    let mut table = new_table();
    table.set_header(schema.fields().iter().map(|field| heading(field.name())));
    let options = FormatOptions::default().with_null("");
    for batch in batches {
        let columns = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            table.add_row(columns.iter().zip(batch.columns()).map(|(formatter, column)| {
                let text = formatter.value(row).to_string();
                if is_exact(column.data_type()) { without_zeros(&text).to_owned() } else { text }
            }));
        }
    }
    for (column, field) in table.column_iter_mut().zip(schema.fields()) {
        if field.data_type().is_numeric() {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    Ok(table)
}

/// An empty table in our style under headings in both languages.
pub(crate) fn headed<const COLUMNS: usize>(headings: [(&str, &str); COLUMNS], lang: Lang) -> Table {
    let mut table = new_table();
    table.set_header(headings.map(|(zh, en)| heading(lang.pick(zh, en))));
    table
}

/// An empty table in our style: a rule under the heading, wrapped to the terminal's width where there is one.
fn new_table() -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    if std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    } else {
        table.force_no_tty();
    }
    table
}

/// Columns that a text for people may take: the terminal's, up to 200; 100 where it goes elsewhere.
pub(crate) fn columns() -> usize {
    const ELSEWHERE: usize = 100;
    if !std::io::stdout().is_terminal() {
        return ELSEWHERE;
    }
    Table::new().width().map_or(ELSEWHERE, |columns| usize::from(columns).clamp(60, 200))
}

/// A text in lines of at most [`columns`], wide characters counted as two.
pub(crate) fn wrapped(text: &str) -> String {
    let mut table = Table::new();
    table
        .load_style(TableStyle::new())
        .set_width(columns() as u16)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .force_no_tty();
    table.add_row([text]);
    if let Some(column) = table.column_mut(0) {
        column.set_padding((0, 0));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// A cell of a heading.
pub(crate) fn heading(text: &str) -> Cell {
    Cell::new(text).add_attribute(Attribute::Bold)
}

/// A text filled up to so many columns, wide characters counted as two.
pub(crate) fn padded(text: &str, width: usize) -> String {
    let filled = width.saturating_sub(unicode_width::UnicodeWidthStr::width(text));
    format!("{text}{:filled$}", "")
}

/// Digits in groups of three before the point.
pub(crate) fn grouped(number: &str) -> String {
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut out = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_a_tables_name_is_answered_with_the_name_that_was_meant() {
        let entry = |name: &str| TableEntry {
            name: name.to_owned(),
            kind: "view".to_owned(),
            doc_zh: String::new(),
            doc_en: String::new(),
            grain: String::new(),
            sql: None,
            columns: Vec::new(),
        };
        let entries = [entry("figures"), entry("quota_fulfilment")];
        let said =
            |name: &str| find(&entries, name, Lang::En).map(|entry| entry.name.clone()).map_err(|e| e.to_string());
        assert_eq!(said("Figures"), Ok("figures".to_owned()));
        for (written, meant) in [("figurs", "figures"), ("quota_fulfillment", "quota_fulfilment")] {
            let told = said(written).expect_err("no such table");
            assert!(told.contains(&format!("did you mean {meant}?")), "{told}");
        }
        assert!(!said("colours").expect_err("no such table").contains("did you mean"));
    }
}
