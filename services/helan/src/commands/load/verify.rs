//! `helan load verify`: compares a ledger with the lake.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use clap::{Args, ValueHint};
use helan_lake::Lake;
use helan_load::tally::{Finding, Tally, Verdict};
use helan_load::{Header, Stream};
use helan_query::desk::Pinned;
use helan_schemas::catalog::Catalog;
use helan_schemas::tables::Table;
use indicatif::{ProgressBar, ProgressStyle};

use super::report::grouped;
use super::{ReportFormat, keep};
use crate::args::{Place, duration};
use crate::lang::Lang;
use crate::show;

/// Pause between two looks at a lake that has not caught up.
const LOOK: Duration = Duration::from_millis(250);

#[derive(Debug, Args)]
#[command(
    after_help = "Counts, all of which must be 0:\n  lost        acknowledged events that are not in `events`\n  doubled     events that are there more than once\n  unexpected  rows with an id of this load that was never sent, or that had to be refused\n  altered     events whose content differs from what was sent\n  records     acknowledged submissions without their one row in `submissions`, or with another outcome\n  untold      refusals without a row in `refusals`\n  misjudged   wrong submissions that were accepted, correct ones that were refused\n\nSubmissions under way when the sender was killed may be there or not; they are counted as unknown."
)]
pub(crate) struct VerifyArgs {
    /// The ledger that `helan load` wrote
    #[arg(long, value_name = "FILE", default_value = "helan-load.ledger", value_hint = ValueHint::FilePath)]
    ledger: PathBuf,
    #[command(flatten)]
    place: Place,
    /// Wait this long at most until the lake has everything that was acknowledged
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    wait: Duration,
    /// How to report
    #[arg(short, long, value_enum, default_value = "text")]
    format: ReportFormat,
}

pub(super) async fn run(args: VerifyArgs, lang: Lang) -> anyhow::Result<()> {
    let deadline = Instant::now() + args.wait;
    let catalog = Arc::new(args.place.catalog()?);
    let lake = Lake::open(&args.place.lake()?).await?;
    let bar = spinner(lang.pick("读取台账", "reading the ledger"));
    let (header, tally) = read(&args, &catalog)?;
    bar.set_message(lang.pick("等待入库", "waiting for the lake"));
    let caught_up = wait(&lake, &tally.ends(), deadline).await?;
    let mut verdict = compare(&lake, &catalog, &header, tally, &bar, lang).await?;
    // Ingest's refusals take another topic, whose offsets no answer names.
    while verdict.untold.count > 0 && Instant::now() < deadline {
        tokio::time::sleep(LOOK * 4).await;
        verdict = compare(&lake, &catalog, &header, read(&args, &catalog)?.1, &bar, lang).await?;
    }
    bar.finish_and_clear();
    let text = match args.format {
        ReportFormat::Json => serde_json::to_string(&verdict)? + "\n",
        ReportFormat::Text => text(&verdict, lang),
    };
    std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes())?;
    if verdict.is_clean() {
        return Ok(());
    }
    let wrong = verdict.findings().into_iter().filter(|(_, finding)| finding.count > 0);
    let wrong: Vec<_> = wrong.map(|(name, finding)| format!("{} {name}", finding.count)).collect();
    let late = if caught_up { "" } else { " (the lake has not caught up with the log; wait longer by --wait)" };
    bail!("the lake is not what was sent: {}{late}", wrong.join(", "))
}

/// The ledger, taken in; as often as it is compared.
fn read(args: &VerifyArgs, catalog: &Catalog) -> anyhow::Result<(Header, Tally)> {
    let named = || format!("--ledger {}", args.ledger.display());
    let header = keep::head(&args.ledger).with_context(named)?;
    ensure!(
        header.recipe.catalog == catalog.digest,
        "the load was made with catalog {}, this one is {}; name that one by --catalog",
        header.recipe.catalog,
        catalog.digest
    );
    let mut tally = Tally::new(Stream::all(&header.recipe, catalog));
    keep::read(&args.ledger, |line| Ok(tally.line(&line)?)).with_context(named)?;
    tally.lines_end();
    Ok((header, tally))
}

/// Waits until `events` has everything below these offsets; false where the time was over first.
async fn wait(lake: &Lake, ends: &[(&'static str, i32, i64)], deadline: Instant) -> anyhow::Result<bool> {
    loop {
        let events = lake.snapshot(Table::Events).await?;
        let mut behind = false;
        for (topic, partition, next) in ends {
            let stored = events.txn(&lake.offset_app_id(topic, *partition)).await?;
            behind |= stored.is_none_or(|stored| stored < *next);
        }
        if !behind || Instant::now() >= deadline {
            return Ok(!behind);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// One look at one version of every table.
async fn compare(
    lake: &Lake,
    catalog: &Arc<Catalog>,
    header: &Header,
    mut tally: Tally,
    bar: &ProgressBar,
    lang: Lang,
) -> anyhow::Result<Verdict> {
    bar.set_message(lang.pick("核对", "comparing"));
    let session = Pinned::open(lake, Some(catalog.clone())).await?;
    // Every id of the load, and no other, begins with its run and a hyphen; a full stop comes next after a hyphen.
    let run = header.recipe.run();
    let query = format!("select source, id, content_digest from events where id >= '{run}-' and id < '{run}.'");
    each(&session, query, |batch| {
        let (sources, ids) = (text_of(batch, 0)?, text_of(batch, 1)?);
        let digests = cast(batch.column(2), &DataType::Binary)?;
        let (sources, ids, digests) = (sources.as_string::<i32>(), ids.as_string::<i32>(), digests.as_binary::<i32>());
        for row in 0..batch.num_rows() {
            tally.event(sources.value(row), ids.value(row), digests.value(row));
        }
        bar.inc(batch.num_rows() as u64);
        Ok(())
    })
    .await?;
    let query = format!(
        "select topic, \"partition\", \"offset\", submission, outcome from submissions where submission like '%:{run}-%'"
    );
    each(&session, query, |batch| {
        let (topics, ids, outcomes) = (text_of(batch, 0)?, text_of(batch, 3)?, text_of(batch, 4)?);
        let [partitions, offsets] = [1, 2].map(|at| cast(batch.column(at), &DataType::Int64));
        let (partitions, offsets) = (partitions?, offsets?);
        let (partitions, offsets) = (partitions.as_primitive::<Int64Type>(), offsets.as_primitive::<Int64Type>());
        for row in 0..batch.num_rows() {
            let text = |column: &dyn Array| column.as_string::<i32>().value(row).to_owned();
            let partition = i32::try_from(partitions.value(row))?;
            tally.record(&text(&topics), partition, offsets.value(row), &text(&ids), &text(&outcomes));
        }
        Ok(())
    })
    .await?;
    let query = format!("select submission, code from refusals where submission like '%:{run}-%'");
    each(&session, query, |batch| {
        let (ids, codes) = (text_of(batch, 0)?, text_of(batch, 1)?);
        for row in 0..batch.num_rows() {
            tally.refusal(ids.as_string::<i32>().value(row), codes.as_string::<i32>().value(row));
        }
        Ok(())
    })
    .await?;
    Ok(tally.verdict())
}

async fn each(
    session: &Pinned,
    query: String,
    mut take: impl FnMut(&RecordBatch) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut rows = session.ask(&"".into(), query.into()).await?.rows;
    while let Some(batch) = rows.next().await? {
        take(&batch)?;
    }
    Ok(())
}

fn text_of(batch: &RecordBatch, column: usize) -> anyhow::Result<arrow::array::ArrayRef> {
    Ok(cast(batch.column(column), &DataType::Utf8)?)
}

fn text(verdict: &Verdict, lang: Lang) -> String {
    let mut table = show::headed([("核对", "compared"), ("数目", "count"), ("例", "where")], lang);
    let plain = [
        ("有答复的提交", "submissions with an answer", verdict.submissions),
        ("已确认的提交", "submissions acknowledged", verdict.acknowledged),
        ("应在湖中的事件", "events that must be there", verdict.expected),
        ("湖中的事件", "events that are there", verdict.found),
        ("未得答复的事件", "events without an answer", verdict.unknown),
        ("其中在湖中", "of them there", verdict.unknown_found),
        ("应有记录的拒收", "refusals to be told of", verdict.refusals),
    ];
    for (zh, en, count) in plain {
        table.add_row([lang.pick(zh, en).to_owned(), grouped(count), String::new()]);
    }
    let zh = ["丢失", "重复", "意外", "被改", "记录不符", "拒收无记录", "误判"];
    for ((name, finding), zh) in verdict.findings().into_iter().zip(zh) {
        let Finding { count, examples } = finding;
        table.add_row([lang.pick(zh, name).to_owned(), grouped(*count), examples.join("\n")]);
    }
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(comfy_table::CellAlignment::Right);
    }
    format!("{table}\n")
}

fn spinner(message: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(message);
    bar.enable_steady_tick(Duration::from_millis(200));
    match ProgressStyle::with_template("{spinner} {msg} {human_pos}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
