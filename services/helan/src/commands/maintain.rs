//! `helan maintain`: one round of maintenance over every table of the lake, and log retention.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use helan_lake::cells::{Audit, WORTH_FOLDING};
use helan_lake::{Cursor, Lake, maintain};
use helan_log::{Log, LogUrl, OpenOptions};
use helan_runtime::clock::Clock;

use crate::args::{LogAt, Place, duration};
use crate::lang::Lang;
use crate::maintenance::COMPARED_AT_ONCE;
use crate::say::say;
use crate::show;

/// Differing cells that are named.
const SHOWN: usize = 20;

#[derive(Debug, Args)]
#[command(
    after_help = "Safe at any time, beside running aggregators and beside another `helan maintain`. Run it every ten minutes or so where no `helan up` does. First it checks 64 MiB of the lake's files against their digests, different files each time; on damage it names the file and stops.\n\nExamples:\n  helan maintain --data-dir data\n  helan maintain --lake s3://statistics/helan --log kafka://broker:9092 --log-retention 90d"
)]
pub(crate) struct MaintainArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Delete files that no version names once they are this old by the store's clock; 1h or more
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = orphan_age)]
    pub(crate) orphan_age: Duration,
    /// First compare the cached cells (the newest reports of each area, indicator and period) with the events; rebuild
    /// them if they differ, and exit with an error
    #[arg(long)]
    pub(crate) audit: bool,
    #[command(flatten)]
    pub(crate) retention: Retention,
    #[command(flatten)]
    pub(crate) log: LogAt,
}

/// How long the log keeps what the lake has.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Retention {
    /// Delete the log's records once they are this old and every table has them; otherwise they are kept for ever
    #[arg(long, env = "HELAN_LOG_RETENTION", value_name = "DURATION", value_parser = duration)]
    pub(crate) log_retention: Option<Duration>,
}

/// A duration that leaves writers the time that they may take.
fn orphan_age(text: &str) -> Result<Duration, String> {
    const SHORTEST: Duration = Duration::from_millis(maintain::MIN_ORPHAN_AGE_MS.unsigned_abs());
    let age = duration(text)?;
    if age < SHORTEST {
        return Err(
            "shorter than 1h: a writer may still be on the way from such a file to the commit that names it".to_owned()
        );
    }
    Ok(age)
}

pub(crate) async fn run(args: MaintainArgs, lang: Lang) -> anyhow::Result<()> {
    let url = args.place.lake()?;
    let lake = Lake::open(&url).await?;
    Lake::check_store(&url).await?;
    let log = match args.retention.log_retention {
        Some(age) => {
            let log = helan_aggregator::follow(open_log(&args).await?, &lake, helan_log::Gate::default());
            Some((log, age))
        }
        None => None,
    };
    let options =
        maintain::Options { orphan_age_ms: args.orphan_age.as_millis() as i64, ..maintain::Options::default() };
    let verified = lake.verify(&mut Cursor::anywhere(), COMPARED_AT_ONCE).await?;
    if !verified.damaged.is_empty() {
        // Nothing is put together or deleted, in the log neither: from it the lake can be built again.
        bail!("{}", verified.damaged.join("\n"));
    }
    let heads = [
        ("表", "table"),
        ("合并前文件", "files"),
        ("合并后", "into"),
        ("行数", "rows"),
        ("检查点", "checkpoint"),
        ("清理的提交日志", "log entries"),
        ("删除的孤立文件", "orphans"),
        ("", ""),
    ];
    let mut table = show::headed(heads, lang);
    for (name, report) in maintain::run(&lake, &options).await? {
        table.add_row([
            name.to_owned(),
            report.files_before.to_string(),
            report.files_after.to_string(),
            report.rows.to_string(),
            report.checkpoint.map(|version| version.to_string()).unwrap_or_default(),
            report.logs_deleted.to_string(),
            report.orphans_deleted.to_string(),
            if report.backed_off {
                lang.pick("由另一维护进程处理", "left to another maintenance")
            } else {
                ""
            }
            .to_owned(),
        ]);
    }
    say!("{table}");
    let audit = if args.audit { audited(&lake, lang).await? } else { Audit::default() };
    let folded = helan_query::fold(&lake, None, WORTH_FOLDING, Some(options.orphan_age_ms)).await?;
    if folded.events > 0 {
        let (events, statements) = (folded.events, folded.statements);
        match lang {
            Lang::Zh => say!("数值缓存：{events} 个事件归并为 {statements} 条有效报送"),
            Lang::En => say!("cached cells: {events} events reduced to {statements} current statements"),
        }
    }
    if let Some((log, age)) = log {
        retain(&*log, &lake, age, lang).await?;
    }
    if audit.stops_publishing {
        let again = audited(&lake, lang).await?;
        let differing = audit.differing.len().max(again.differing.len());
        if again.stops_publishing {
            bail!(
                "the cached cells did not match the events, in {differing} cells: they were deleted and rebuilt, and \
                 differ again. Nothing is published until they agree: report this, and reproduce the publications made \
                 since the last audit (`helan rollup --reproduce ID`)"
            );
        }
        if differing > 0 {
            bail!(
                "the cached cells did not match the events, in {differing} cells: they were deleted and rebuilt, and \
                 agree now; reproduce the publications made since the last audit (`helan rollup --reproduce ID`)"
            );
        }
        say!("{}", lang.pick("已恢复发布", "publishing goes on"));
    }
    Ok(())
}

/// Compares the cached cells with the events.
async fn audited(lake: &Lake, lang: Lang) -> anyhow::Result<Audit> {
    let audit = helan_query::audit(lake, None, None).await?;
    let (indicators, statements, differing) = (audit.indicators, audit.statements, audit.differing.len());
    match lang {
        Lang::Zh => {
            say!("数值缓存：与事件核对 {indicators} 个指标、{statements} 条有效报送，不一致的单元格 {differing} 个")
        }
        Lang::En => {
            say!(
                "cells: {indicators} indicators, {statements} statements compared with the events, {differing} cells differ"
            )
        }
    }
    for (area, indicator, period) in audit.differing.iter().take(SHOWN) {
        say!("  {area} {indicator} {period}");
    }
    Ok(audit)
}

/// Opens the log so that records can be deleted, but never creates one.
async fn open_log(args: &MaintainArgs) -> anyhow::Result<Arc<dyn Log>> {
    let url = super::roles::log_url(&args.place, &args.log)?;
    let kafka = args.log.properties()?;
    let options = OpenOptions { kafka, ..OpenOptions::default() };
    let log = helan_log::open(&url, options.clone()).await?;
    if LogUrl::directory(&url).is_none() {
        return Ok(log);
    }
    drop(log);
    helan_log::open(&url, OpenOptions { write: true, ..options })
        .await
        .context("only the process that writes the log deletes from it: give --log-retention to `helan up`, or stop it")
}

async fn retain(log: &dyn Log, lake: &Lake, age: Duration, lang: Lang) -> anyhow::Result<()> {
    let retained = helan_aggregator::retain(log, lake, age, Clock::system().now()).await?;
    if retained.is_empty() {
        say!(
            "{}",
            lang.pick(
                "日志：没有到期可删的记录；若全部到期而此后无人报送，也全部保留",
                "log: no record is old enough to delete, or all are and nobody has reported since: then all are kept"
            )
        );
        return Ok(());
    }
    let heads = [("日志分区", "log partition"), ("原起始位置", "kept from"), ("现起始位置", "now from"), ("", "")];
    let mut table = show::headed(heads, lang);
    for one in retained {
        let waits = lang.pick("其余待各表写入后删除", "the rest waits until every table has it");
        let waits = if one.first < one.wanted { waits } else { "" };
        table.add_row([one.at.to_string(), one.before.to_string(), one.first.to_string(), waits.to_owned()]);
    }
    say!("{table}");
    Ok(())
}
