//! `helan adopt`: the lake goes on with another log than the one that it was filled from.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use clap::Args;
use helan_aggregator::{Adoption, differences, follow, plan_adoption};
use helan_lake::Lake;
use helan_log::{Gate, LogUrl, OpenOptions, TopicPartition};

use crate::args::{LogPlace, Place};
use crate::lang::Lang;
use crate::say::say;
use crate::show;

#[derive(Debug, Args)]
#[command(
    after_help = "For a log that was lost, restored from an older copy, or whose topics were recreated, when the log that the lake was filled from is gone. Stop every role first. Without --yes it only says what it would do.\n\nEach partition is read from the first record that the log still has. Events that the lake has are dropped as repeats, by their ids; an id that now has other content is refused, and stands in `refusals`. New offsets continue after the lake's own, so an address in the lake always means the same record.\n\nExamples:\n  helan adopt --data-dir data\n  helan adopt --data-dir data --yes\n  helan adopt --lake s3://statistics/helan --log kafka://broker:9092 --from helan.city.v1/0=1200 --yes"
)]
pub(crate) struct AdoptArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) log: LogPlace,
    /// Read a partition from this offset of the log on, such as `helan.city.v1/0=1200`; otherwise from its first record
    #[arg(long, value_name = "TOPIC/PARTITION=OFFSET", value_parser = start)]
    pub(crate) from: Vec<(TopicPartition, i64)>,
    /// Make the change; without this it is only shown
    #[arg(long)]
    pub(crate) yes: bool,
}

pub(crate) async fn run(args: AdoptArgs, lang: Lang) -> anyhow::Result<()> {
    let lake = Lake::open(&args.place.lake()?).await?;
    let url = super::roles::log_url(&args.place, &args.log.at)?;
    if helan_log::embedded::is_missing(&url) {
        bail!("there is no log at {url}; to go on with a new one start `helan up --new-log`");
    }
    // The embedded log is locked by the process that writes it, so it is known here that none does.
    let write = args.yes && LogUrl::directory(&url).is_some();
    let options = OpenOptions { write, kafka: args.log.at.properties()?, ..OpenOptions::default() };
    let log = helan_log::open(&url, options).await?;
    let followed = follow(log.clone(), &lake, Gate::default());
    if differences(followed.as_ref(), &lake).await?.is_empty() {
        say!(
            "{}",
            lang.pick(
                "数据湖可以接着读这份日志，无需更换，未作任何改动。",
                "The lake follows this log already; there is nothing to do, and nothing was changed."
            )
        );
        return Ok(());
    }
    let from: BTreeMap<_, _> = args.from.into_iter().collect();
    let plan = plan_adoption(log.as_ref(), &lake, &from).await?;
    say!("{}", shown(&plan, &lake, lang));
    if !args.yes {
        say!(
            "{}",
            lang.pick(
                "尚未改动。先停止所有角色，确认原日志确实无法找回，再加 --yes 运行。",
                "Nothing was changed. Stop every role, make sure that the former log cannot be had, and run it with --yes."
            )
        );
        return Ok(());
    }
    lake.adopt_log(&plan.log.to_string(), &plan.starts).await?;
    say!(
        "{}",
        lang.pick("已更换。现在可以启动各角色。", "Done. The roles can be started now; they read the log from there.")
    );
    Ok(())
}

fn shown(plan: &Adoption, lake: &Lake, lang: Lang) -> String {
    let heads = [("日志分区", "log partition"), ("从日志的", "read from"), ("在数据湖中记为", "in the lake")];
    let mut table = show::headed(heads, lang);
    for start in &plan.starts {
        table.add_row([
            format!("{}/{}", start.topic, start.partition),
            start.offset.to_string(),
            start.next.to_string(),
        ]);
    }
    let mut text = match lang {
        Lang::Zh => {
            format!("数据湖 {} 现由 {} 写成，将改由 {} 接着写：\n{table}", lake.url(), lake.log_identity(), plan.log)
        }
        Lang::En => format!(
            "The lake {} was filled from {} and would go on with {}:\n{table}",
            lake.url(),
            lake.log_identity(),
            plan.log
        ),
    };
    for (at, range) in &plan.unread {
        let (first, end) = (range.start, range.end);
        text.push_str(&match lang {
            Lang::Zh => format!("\n{at}：原日志的 {first}..{end} 尚未写入 events；新日志中若没有这些报送，它们就丢了，请报送单位重报。"),
            Lang::En => format!(
                "\n{at}: records {first}..{end} of the former log are not in events yet; unless the new log has them too they are \
                 lost, and have to be sent again."
            ),
        });
    }
    text
}

fn start(text: &str) -> anyhow::Result<(TopicPartition, i64)> {
    let read = || {
        let (at, offset) = text.split_once('=')?;
        let (topic, partition) = at.rsplit_once('/')?;
        Some((TopicPartition::new(topic, partition.parse().ok()?), offset.parse().ok()?))
    };
    read().with_context(|| format!("{text:?}: write TOPIC/PARTITION=OFFSET, such as helan.city.v1/0=1200"))
}
