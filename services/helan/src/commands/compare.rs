//! `helan rollup --compare`: what one publication changes against another, in names.

use helan_rollup::{Change, Compared, Comparison, words};
use helan_schemas::catalog::{Catalog, IndicatorKind};

use crate::lang::{Lang, counted};
use crate::quota::round;
use crate::show::{grouped, headed, moment};

/// Cells that a comparison shows unless all are asked for.
const SHOWN: usize = 100;

/// Both publications, and the cells that differ as a table, with causes in words. A cell whose value and status are the
/// same is counted only: what differs is how far its parts reach.
pub(crate) fn differences(comparison: &Comparison, all: bool, lang: Lang) -> String {
    let Comparison { before, after, changes } = comparison;
    let visible = |change: &&Change| {
        all || (change.value_before, &change.status_before) != (change.value_after, &change.status_after)
    };
    let mut listed: Vec<&Change> = changes.iter().filter(visible).collect();
    // Verdicts first, then what is computed, then what it is computed from.
    listed.sort_by_key(|change| (change.target_id().is_none(), change.answer() == "area_values"));
    let others = changes.len() - listed.len();
    let shown = if all { listed.len() } else { SHOWN.min(listed.len()) };
    let heads = [("指标", "figure"), ("地区", "area"), ("原值", "before"), ("现值", "after"), ("原因", "causes")];
    let mut table = headed(heads, lang);
    for change in &listed[..shown] {
        let (area, _, period) = change.cell();
        let causes: Vec<_> = change.causes.iter().map(|cause| lang.pick(cause.text().0, cause.text().1)).collect();
        let place = name_of_area(area, [after, before], lang);
        let [value_before, value_after] = values(change, &after.catalog);
        table.add_row([
            name_of_figure(change, [after, before], lang),
            if period == after.period { place } else { format!("{place}, {period}") },
            side(value_before, change.status_before.as_deref(), lang),
            side(value_after, change.status_after.as_deref(), lang),
            causes.join(lang.pick("、", ", ")),
        ]);
    }
    let mut text = format!(
        "{}\n{}\n",
        named(before, lang.pick("原", "before"), lang),
        named(after, lang.pick("现", "after "), lang)
    );
    if shown > 0 {
        text += &format!("\n{table}\n");
    }
    text += &match lang {
        Lang::Zh => format!("{} 个数值有变化", listed.len()),
        Lang::En => counted(listed.len(), "figure differs", "figures differ"),
    };
    if shown < listed.len() {
        text += lang.pick("；只显示前 100 个，--all 显示全部", "; the first 100 are shown, --all shows every one");
    }
    if others > 0 {
        text += "\n";
        text += &match lang {
            Lang::Zh => format!("另有 {others} 个数值未变，仅明细（如已报下级）有变化；--all 一并列出"),
            Lang::En => format!(
                "{} same, with another detail, such as which parts were reported; --all lists them",
                counted(others, "figure is the", "figures are the")
            ),
        };
    }
    text
}

/// Which publication a side is: its id, its period, what was known.
fn named(side: &Compared, which: &str, lang: Lang) -> String {
    let moment = moment(side.as_of, &side.catalog.head.time_zone, lang);
    let (id, period) = (&side.publication, &side.period);
    match lang {
        Lang::Zh => format!("{which}  {id}  {period}  数据截至 {moment}"),
        Lang::En => format!("{which}  {id}  {period}, as known at {moment}"),
    }
}

fn name_of_figure(change: &Change, sides: [&Compared; 2], lang: Lang) -> String {
    let (_, code, _) = change.cell();
    for side in sides {
        if let Some(id) = change.target_id()
            && let Some(target) = side.catalog.targets.iter().find(|target| target.target_id == id)
        {
            return format!("{id} {}", lang.pick(&target.name_zh, &target.name_en));
        }
        if change.target_id().is_none()
            && let Some(indicator) = side.catalog.indicator(code)
        {
            return lang.pick(&indicator.name_zh, &indicator.name_en).to_owned();
        }
    }
    change.target_id().unwrap_or(code).to_owned()
}

fn name_of_area(code: &str, sides: [&Compared; 2], lang: Lang) -> String {
    for side in sides {
        if let Some(area) = side.catalog.areas.iter().rev().find(|area| area.code == code) {
            return lang.pick(&area.name_zh, &area.name_en).to_owned();
        }
        if let Some(group) = side.catalog.groups.iter().find(|group| group.group_id == code) {
            return lang.pick(&group.name_zh, &group.name_en).to_owned();
        }
    }
    code.to_owned()
}

/// Both values, a ratio's with the digits that are published of it; with all of them where those are the same.
fn values(change: &Change, catalog: &Catalog) -> [Option<String>; 2] {
    let exact = [change.value_before, change.value_after].map(|value| value.map(helan_rollup::decimal_text));
    let (_, code, _) = change.cell();
    let Some(ratio) = catalog.indicator(code).filter(|row| row.kind == IndicatorKind::Ratio) else { return exact };
    let published =
        exact.clone().map(|value| value.map(|text| round(&text, ratio.decimals.into(), catalog.rounding(code))));
    if published[0] == published[1] { exact } else { published }
}

/// A value with its status in words.
fn side(value: Option<String>, status: Option<&str>, lang: Lang) -> String {
    let Some(status) = status else { return "–".to_owned() };
    let words = words::status(status);
    let words = lang.pick(words.0, words.1);
    match value {
        None => words.to_owned(),
        Some(value) => format!("{} ({words})", grouped(&value)),
    }
}
