//! `helan rollup`: compute a period's answers, show the quota table, and publish.

use std::sync::Arc;

use anyhow::bail;
use helan_lake::Lake;
use helan_rollup::{Change, Outcome, Request};
use helan_schemas::catalog::Catalog;
use helan_schemas::tables::Table;

use crate::args::RollupArgs;
use crate::lang::{Lang, counted};
use crate::quota::{QuotaRow, QuotaTable};

pub(crate) async fn run(args: RollupArgs, lang: Lang) -> anyhow::Result<()> {
    let lake = Lake::open(&args.place.lake()?).await?;
    if let Some(id) = &args.reproduce {
        return reproduce(&lake, id, lang).await;
    }
    if let Some([before, after]) = args.compare.as_deref() {
        let changes = helan_rollup::compare_publications(&lake, before, after).await?;
        return print(&differences(&changes, args.all, lang));
    }
    // As every reader does: the lake says by which catalog it is read.
    let catalog = match &args.place.catalog {
        Some(_) => Arc::new(args.place.catalog()?),
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

/// Cells that a comparison shows unless all are asked for.
const SHOWN: usize = 100;

/// The changed cells as a table, causes in words.
fn differences(changes: &[Change], all: bool, lang: Lang) -> String {
    let mut table = crate::show::new_table();
    let headings = [
        lang.pick("数字", "figure"),
        lang.pick("地区", "area"),
        lang.pick("时期", "period"),
        lang.pick("原值", "before"),
        lang.pick("现值", "after"),
        lang.pick("原因", "causes"),
    ];
    table.set_header(headings.map(crate::show::heading));
    let side = |value: Option<i128>, status: &Option<String>| match (value, status) {
        (_, None) => "–".to_owned(),
        (None, Some(status)) => status.clone(),
        (Some(value), Some(status)) => {
            format!("{} ({status})", helan_rollup::decimal_text(value))
        }
    };
    let shown = if all { changes.len() } else { SHOWN.min(changes.len()) };
    for change in &changes[..shown] {
        let (area, indicator, period) = change.cell();
        let causes: Vec<_> = change.causes.iter().map(|cause| lang.pick(cause.text().0, cause.text().1)).collect();
        table.add_row([
            change.target_id().unwrap_or(indicator).to_owned(),
            area.to_owned(),
            period.to_owned(),
            side(change.value_before, &change.status_before),
            side(change.value_after, &change.status_after),
            causes.join(lang.pick("、", ", ")),
        ]);
    }
    let count = match lang {
        Lang::Zh => format!("{} 个单元格有变化", changes.len()),
        Lang::En => counted(changes.len(), "cell differs", "cells differ"),
    };
    if changes.is_empty() {
        return count;
    }
    let more = if shown < changes.len() {
        lang.pick("；只显示前 100 个，--all 显示全部", "; the first 100 are shown, --all shows every one")
    } else {
        ""
    };
    format!("{table}\n{count}{more}")
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
