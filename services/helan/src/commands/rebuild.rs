//! `helan rebuild`: the lake is built again from the log.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::Args;
use helan_aggregator::{AggregatorConfig, start_of};
use helan_lake::{Lake, copy_table};
use helan_log::{Log, LogIdentity, LogUrl, OpenOptions, TopicPartition};
use helan_runtime::clock::Clock;
use helan_runtime::shutdown::Shutdown;
use helan_schemas::tables::Table;
use helan_schemas::topics;
use indicatif::{ProgressBar, ProgressStyle};
use url::Url;

use crate::args::{LogPlace, Place};
use crate::lang::Lang;
use crate::say::say;

#[derive(Debug, Args)]
#[command(
    after_help = "For a lake that is damaged, or that no longer fits its log. Stop every role first. The log must have its beginning.\n\nevents, submissions and refusals are made anew from the log, beside the lake; publications, catalogs and releases are copied as they are. Only when all of it is there does the new lake take the old one's place; the old one stays beside it, as lake.before-TIME, until you delete it. Refusals older than the month that the log keeps of them are in the old one only.\n\nExamples:\n  helan rebuild --data-dir data\n  helan rebuild --data-dir data --log kafka://broker:9092"
)]
pub(crate) struct RebuildArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) log: LogPlace,
    /// Take the old lake's place even if the new one has fewer events
    #[arg(long)]
    pub(crate) accept_fewer: bool,
}

pub(crate) async fn run(args: RebuildArgs, lang: Lang) -> anyhow::Result<()> {
    let url = args.place.lake()?;
    let Ok(old_dir) = url.to_file_path() else {
        bail!(
            "{url} is not on a local disk. Name a new place: start `helan aggregate --lake NEW` until it has read the log; what was \
             published stays in the old place"
        );
    };
    let log_url = super::roles::log_url(&args.place, &args.log.at)?;
    ensure!(!helan_log::embedded::is_missing(&log_url), "there is no log at {log_url}");
    // The embedded log is locked by the process that writes it, so it is known here that none does.
    let write = LogUrl::directory(&log_url).is_some();
    let options = OpenOptions { write, kafka: args.log.at.properties()?, ..OpenOptions::default() };
    let log = helan_log::open(&log_url, options).await?;
    let identity = log.identity().await?;
    let ends = ends(log.as_ref(), &identity).await?;

    let old = Lake::open_to_rebuild(&url).await.with_context(|| {
        format!("what was published in {} cannot be kept; to build a lake without it move that directory away and start `helan up`", old_dir.display())
    })?;
    ensure!(
        old.earlier_logs().is_empty(),
        "this lake was filled from {} other logs before; built from this one it would lack their events: restore a backup",
        old.earlier_logs().len()
    );
    let new_dir = beside(&old_dir, "rebuilt")?;
    if new_dir.exists() {
        // Left by a run that was ended: it never took the lake's place.
        std::fs::remove_dir_all(&new_dir).with_context(|| format!("cannot remove {}", new_dir.display()))?;
    }
    let new = build(&old, log, &identity, &ends, &new_dir).await?;

    let (before, after) = (rows(&old).await, rows(&new).await?);
    match (&before, lang) {
        (Ok(before), Lang::Zh) => say!("原有 {before} 个事件，重建后 {after} 个"),
        (Ok(before), Lang::En) => say!("the lake had {before} events, built again it has {after}"),
        (Err(error), Lang::Zh) => say!("原数据湖的事件数读不出（{error}），重建后 {after} 个"),
        (Err(error), Lang::En) => say!("the lake's events cannot be counted ({error}), built again it has {after}"),
    }
    if let Ok(before) = before
        && after < before
        && !args.accept_fewer
    {
        bail!(
            "the log does not have all that the lake has; nothing was changed, the new lake is in {}. Look what is missing, then \
             run it with --accept-fewer",
            new_dir.display()
        );
    }
    let kept = beside(&old_dir, &format!("before-{}", jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ")))?;
    std::fs::rename(&old_dir, &kept).with_context(|| format!("cannot move {} away", old_dir.display()))?;
    std::fs::rename(&new_dir, &old_dir)
        .with_context(|| format!("cannot move the new lake to {}", old_dir.display()))?;
    match lang {
        Lang::Zh => say!("已换上重建的数据湖；原来的在 {}", kept.display()),
        Lang::En => say!("the new lake is in place; the old one is in {}", kept.display()),
    }
    Ok(())
}

/// A directory beside another, named after it.
fn beside(dir: &Path, suffix: &str) -> anyhow::Result<PathBuf> {
    let name = dir.file_name().context("the lake's directory has a name")?.to_string_lossy();
    Ok(dir.with_file_name(format!("{name}.{suffix}")))
}

async fn ends(log: &dyn Log, identity: &LogIdentity) -> anyhow::Result<Vec<(TopicPartition, i64)>> {
    let mut ends = Vec::new();
    for at in identity.partitions().filter(|at| topics::ALL.contains(&&*at.topic)) {
        let found = log.ends(&at).await?;
        ensure!(
            found.first == 0 || topics::holds_refusals(&at.topic),
            "{at} begins at offset {}: the log no longer has its beginning, and a lake built from it would lack what came \
                 before; restore log and lake from one backup",
            found.first
        );
        ends.push((at, found.next));
    }
    Ok(ends)
}

/// Builds the new lake, up to what the log has now.
async fn build(
    old: &Lake,
    log: Arc<dyn Log>,
    identity: &LogIdentity,
    ends: &[(TopicPartition, i64)],
    dir: &Path,
) -> anyhow::Result<Lake> {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}").expect("the template is sound");
    let progress = ProgressBar::new(ends.iter().map(|(_, next)| *next as u64).sum()).with_style(style);
    for table in Table::ALL.into_iter().filter(|table| !Table::FED.contains(table)) {
        progress.set_message(table.name());
        copy_table(old, table, &dir.join(table.name()), |_| ()).await?;
    }
    let url =
        Url::from_directory_path(dir).map_err(|()| anyhow::anyhow!("{} is not a directory path", dir.display()))?;
    let lake = Lake::create_or_open(&url, &identity.to_string()).await?;
    ensure!(lake.id() == old.id(), "the copies belong to another lake");
    progress.set_message(Lang::spoken().pick("日志", "log"));
    let config = AggregatorConfig {
        // A group of its own takes no partitions from an aggregator.
        group: format!("helan-rebuild-{}", Clock::system().new_id()),
        ..AggregatorConfig::new(log, lake.clone())
    };
    let (status, shutdown) = (config.status.clone(), Shutdown::new());
    let ending = shutdown.clone();
    let mut running = tokio::spawn(async move { helan_aggregator::run(config, ending).await });
    loop {
        tokio::select! {
            ended = &mut running => {
                ended.context("the aggregator panicked")??;
                bail!("the aggregator ended before it had read the log");
            }
            () = tokio::time::sleep(Duration::from_millis(200)) => {}
        }
        status.follows().map_err(anyhow::Error::msg)?;
        let partitions = status.partitions();
        let read = |at: &TopicPartition| partitions.get(at).map_or(0, |it| start_of(at, &it.stored));
        progress.set_position(ends.iter().map(|(at, _)| read(at) as u64).sum());
        if ends.iter().all(|(at, next)| read(at) >= *next) {
            break;
        }
    }
    shutdown.trigger();
    running.await.context("the aggregator panicked")??;
    progress.finish_and_clear();
    lake.sync().await?;
    Ok(lake)
}

/// The events that can be read.
async fn rows(lake: &Lake) -> anyhow::Result<usize> {
    let events = lake.snapshot(Table::Events).await?;
    events.row_count().context("some file does not say how many rows it has")
}
