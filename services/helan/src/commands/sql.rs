//! `helan sql`: ask the lake.

use anyhow::Context;
use comfy_table::Cell;
use futures::StreamExt;
use helan_lake::Lake;
use helan_query::Session;

use crate::args::SqlArgs;
use crate::lang::Lang;
use crate::show;

pub(crate) async fn run(args: SqlArgs, lang: Lang) -> anyhow::Result<()> {
    let lake = Lake::open(&args.place.lake()?).await?;
    let catalog = match &args.place.catalog {
        Some(_) => Some(std::sync::Arc::new(args.place.catalog()?)),
        None => None,
    };
    let session = Session::open(&lake, catalog).await?;
    if args.tables {
        return tables(&session, lang);
    }
    if let Some(name) = &args.describe {
        return describe(&session, name, lang);
    }
    let text = match args.query.as_deref() {
        Some("-") => std::io::read_to_string(std::io::stdin()).context("cannot read the query from standard input")?,
        Some(text) => text.to_owned(),
        None => return Ok(()),
    };
    let frame = session.sql(&text).await?;
    let stream = frame.execute_stream().await?;
    show::write(stream.schema(), stream.boxed(), args.format, args.output.as_deref(), lang).await
}

fn tables(session: &Session, lang: Lang) -> anyhow::Result<()> {
    let mut table = show::new_table();
    table.set_header(
        [lang.pick("名称", "name"), lang.pick("类型", "kind"), lang.pick("内容", "what it holds")].map(show::heading),
    );
    for entry in session.tables() {
        table.add_row([entry.name.as_str(), entry.kind, lang.pick(&entry.doc_zh, &entry.doc_en)]);
    }
    print(&table)
}

fn describe(session: &Session, name: &str, lang: Lang) -> anyhow::Result<()> {
    let entry = session.describe(name).with_context(|| {
        format!("there is no table, view or table function {name:?}; `helan sql --tables` lists them")
    })?;
    println!("{} — {}\n", entry.name, lang.pick(&entry.doc_zh, &entry.doc_en));
    let mut table = show::new_table();
    table.set_header(
        [lang.pick("列", "column"), lang.pick("类型", "type"), lang.pick("内容", "what it holds")].map(show::heading),
    );
    for column in &entry.columns {
        table.add_row([
            Cell::new(&column.name),
            Cell::new(&column.data_type),
            Cell::new(lang.pick(&column.doc_zh, &column.doc)),
        ]);
    }
    print(&table)
}

fn print(table: &comfy_table::Table) -> anyhow::Result<()> {
    std::io::Write::write_all(&mut std::io::stdout(), format!("{table}\n").as_bytes())?;
    Ok(())
}
