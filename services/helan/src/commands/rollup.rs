//! `helan rollup`: compute a period's answers, show the quota table, and publish.

use std::collections::BTreeSet;

use anyhow::bail;
use clap::Args;
use helan_lake::Lake;
use helan_rollup::{Outcome, Request};
use helan_schemas::catalog::{Catalog, Target};
use helan_schemas::tables::Table;

use crate::args::Place;
use crate::lang::{Lang, counted};
use crate::quota::{QuotaRow, QuotaTable};

#[derive(Debug, Args)]
pub(crate) struct RollupArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Period; otherwise the catalog's
    #[arg(long, value_name = "PERIOD")]
    pub(crate) period: Option<String>,
    /// What was known by then: a date (its end, in the catalog's time zone) or RFC 3339; otherwise now
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<String>,
    /// Publish the result: it never changes again, and its id is a digest of its content
    #[arg(long)]
    pub(crate) publish: bool,
    /// Compute a publication again from its own inputs and compare the digests
    #[arg(long, value_name = "ID", conflicts_with_all = ["publish", "as_of", "period"])]
    pub(crate) reproduce: Option<String>,
    /// List every cell that publication B changes against A, with its causes. A publication is an id, the beginning
    /// of one, a date (the one that was current at the end of that day) or `latest`
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with_all = ["publish", "as_of", "period", "reproduce"])]
    pub(crate) compare: Option<Vec<String>>,
    /// Show every target, those without a number too; with --compare every cell, not only the first hundred
    #[arg(long)]
    pub(crate) all: bool,
}

pub(crate) async fn run(args: RollupArgs, lang: Lang) -> anyhow::Result<()> {
    let lake = Lake::open(&args.place.lake()?).await?;
    if let Some(id) = &args.reproduce {
        return reproduce(&lake, id, lang).await;
    }
    if let Some([before, after]) = args.compare.as_deref() {
        let comparison = helan_rollup::compare_publications(&lake, before, after).await?;
        return print(&super::compare::differences(&comparison, args.all, lang));
    }
    // As every reader does: the lake says by which catalog it is read.
    let catalog = match super::catalog::given(&args.place)? {
        Some(catalog) => catalog,
        None => helan_query::catalog_in_use(&lake.snapshot(Table::CatalogVersions).await?).await?,
    };
    let period = args.period.clone().unwrap_or_else(|| catalog.head.default_period.clone());
    let request = Request { period, as_of: args.as_of.clone(), publish: args.publish };
    let outcome = helan_rollup::run(&lake, catalog.clone(), request).await?;
    print(&report(&catalog, &outcome, args.all, lang)?)
}

async fn reproduce(lake: &Lake, id: &str, lang: Lang) -> anyhow::Result<()> {
    let found = helan_rollup::reproduce(lake, id).await?;
    let counts = match lang {
        Lang::Zh => format!("{} 个数值、{} 条报送重新计算", found.values, found.inputs),
        Lang::En => format!(
            "{} from {}, computed again",
            counted(found.values, "value", "values"),
            counted(found.inputs, "event", "events")
        ),
    };
    if found.values_agree && found.inputs_agree {
        return print(&format!("{id}: {counts}: {}", lang.pick("摘要一致", "the digests agree")));
    }
    if found.figures_agree && found.inputs_agree {
        let same =
            lang.pick("数值全部一致（本版本的规则文本已不同）", "every figure agrees (by the rules of a later build)");
        return print(&format!("{id}: {counts}: {same}"));
    }
    if !found.same_queries {
        bail!("{id}: {counts}: the digests differ; the publication was made by other SQL than this build has");
    }
    bail!(
        "{id}: {counts}: the digests differ (values {}, inputs {})",
        if found.values_agree { "agree" } else { "differ" },
        if found.inputs_agree { "agree" } else { "differ" }
    )
}

/// The quota table with the headline above and the publication below.
pub(crate) fn report(catalog: &Catalog, outcome: &Outcome, all: bool, lang: Lang) -> anyhow::Result<String> {
    let publication = match (&outcome.publication, outcome.fresh) {
        (Some(id), true) => format!("{} {id}\n", lang.pick("发布编号", "Published as")),
        (Some(id), false) => format!("{} {id}\n", lang.pick("没有变化，仍为", "Nothing new; still publication")),
        (None, _) => String::new(),
    };
    if outcome.quota.iter().all(|batch| batch.num_rows() == 0) {
        return Ok(format!("{}\n{publication}", without_targets(catalog, &outcome.period, lang)));
    }
    let rows = QuotaRow::read(&outcome.quota)?;
    let table = QuotaTable { catalog, rows, ratios: &outcome.ratios, lang, all };
    let headline = crate::show::wrapped(lang.pick(&outcome.headline_zh, &outcome.headline_en));
    let title = lang.pick(&catalog.head.name_zh, &catalog.head.name_en);
    Ok(format!("{title} · {}\n\n{headline}\n\n{}{publication}", outcome.period, table.render()))
}

/// Says that a catalog sets no targets for a period, and for which it does.
fn without_targets(catalog: &Catalog, period: &str, lang: Lang) -> String {
    let of = |target: &Target| target.time_period.clone().unwrap_or_else(|| catalog.head.default_period.clone());
    let periods: BTreeSet<String> = catalog.targets.iter().map(of).collect();
    let periods: Vec<String> = periods.into_iter().collect();
    let plan = lang.pick(&catalog.head.name_zh, &catalog.head.name_en);
    let about = format!("helan sql \"select * from area_values where time_period = '{period}'\"");
    crate::show::wrapped(&match lang {
        Lang::Zh if periods.is_empty() => format!("指标目录“{plan}”未设目标。{period} 的数据见：{about}"),
        Lang::Zh => {
            format!("{period}：指标目录“{plan}”没有该时期的目标，只有：{}。数据见：{about}", periods.join("、"))
        }
        Lang::En if periods.is_empty() => {
            format!("The catalog ({plan}) sets no targets. The figures of {period}: {about}")
        }
        Lang::En => format!(
            "The catalog ({plan}) sets no targets for {period}, only for {}. The figures of {period}: {about}",
            periods.join(", ")
        ),
    })
}

pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    std::io::Write::write_all(&mut std::io::stdout(), format!("{text}\n").as_bytes())?;
    Ok(())
}
