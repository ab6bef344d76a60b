//! `helan rollup`: compute a period's answers, show the quota table, and publish.

use std::sync::Arc;

use anyhow::bail;
use helan_lake::Lake;
use helan_rollup::{Outcome, Request};
use helan_schemas::catalog::Catalog;

use crate::args::RollupArgs;
use crate::lang::Lang;
use crate::quota::{QuotaRow, QuotaTable};

pub(crate) async fn run(args: RollupArgs, lang: Lang) -> anyhow::Result<()> {
    let lake = Lake::open(&args.place.lake()?).await?;
    if let Some(id) = &args.reproduce {
        return reproduce(&lake, id, lang).await;
    }
    let catalog = Arc::new(args.place.catalog()?);
    let period = args.period.clone().unwrap_or_else(|| catalog.head.default_period.clone());
    let request = Request { period, as_of: args.as_of.clone(), publish: args.publish };
    let outcome = helan_rollup::run(&lake, catalog.clone(), request).await?;
    print(&report(&catalog, &outcome, args.all, lang)?)
}

async fn reproduce(lake: &Lake, id: &str, lang: Lang) -> anyhow::Result<()> {
    let found = helan_rollup::reproduce(lake, id).await?;
    let counts = match lang {
        Lang::Zh => format!("{} 个数值、{} 条报送重新计算", found.values, found.inputs),
        Lang::En => format!("{} values from {} events, computed again", found.values, found.inputs),
    };
    if found.values_agree && found.inputs_agree {
        return print(&format!("{id}: {counts}: {}", lang.pick("摘要一致", "the digests agree")));
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
    let table = QuotaTable { catalog, rows: QuotaRow::read(&outcome.quota)?, lang, all };
    let headline = crate::show::wrapped(lang.pick(&outcome.headline_zh, &outcome.headline_en));
    let title = lang.pick(&catalog.head.name_zh, &catalog.head.name_en);
    let publication = match (&outcome.publication, outcome.fresh) {
        (Some(id), true) => format!("{} {id}\n", lang.pick("发布编号", "Published as")),
        (Some(id), false) => format!("{} {id}\n", lang.pick("没有变化，仍为", "Nothing new; still publication")),
        (None, _) => String::new(),
    };
    Ok(format!("{title} · {}\n\n{headline}\n\n{}{publication}", outcome.period, table.render()))
}

pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    std::io::Write::write_all(&mut std::io::stdout(), format!("{text}\n").as_bytes())?;
    Ok(())
}
