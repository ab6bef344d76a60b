//! The quota table as people read it: numbers first, then what is only done or not done, counted.

mod digits;
mod fit;
mod row;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::IsTerminal;

use comfy_table::{Cell, CellAlignment, Color, Table};
use helan_query::without_zeros;
use helan_rollup::words::{self, Tone};
use helan_schemas::catalog::{Catalog, Comparator, Target, TargetKind};

pub(crate) use self::digits::round;
use self::digits::times;
use self::fit::{AREA, VERDICT, fit};
pub(crate) use self::row::QuotaRow;
use crate::lang::Lang;
use crate::show::{STYLE, columns, heading, wrapped};

/// The quota table of a catalog.
pub(crate) struct QuotaTable<'c> {
    pub(crate) catalog: &'c Catalog,
    pub(crate) rows: Vec<QuotaRow>,
    /// Ratios as they are published, by area or group and indicator.
    pub(crate) ratios: &'c BTreeMap<(String, String), String>,
    pub(crate) lang: Lang,
    /// Show every target, not only the numbers.
    pub(crate) all: bool,
}

impl QuotaTable<'_> {
    /// Writes the table, the counts below it and the legend.
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        let targets: BTreeMap<&str, &Target> =
            self.catalog.targets.iter().map(|target| (target.target_id.as_str(), target)).collect();
        let own_rows = self.rows.iter().filter_map(|row| {
            let target = *targets.get(row.target_id.as_str())?;
            // A target over a group has rows for its members beside its own.
            (target.ref_area == row.ref_area).then_some((target, row))
        });
        let (mut numbers, mut others): (Vec<_>, Vec<_>) = own_rows
            .partition(|(target, _)| matches!(target.kind, TargetKind::Ratio | TargetKind::Amount | TargetKind::Count));
        let region = &self.catalog.head.region;
        numbers.sort_by_key(|(target, row)| {
            (target.strength.code() != "hard", row.ref_area != *region, &target.target_id)
        });
        others.sort_by_key(|(target, _)| (target.kind.code(), &target.target_id));

        let title = self.lang.pick("定量目标", "Targets with a number");
        let _ = writeln!(text, "{title}\n{}", self.table(&numbers));
        if self.all {
            let title = self.lang.pick("任务与覆盖", "Milestones and coverage");
            let _ = writeln!(text, "{title}\n{}", self.table(&others));
        }
        for kind in [TargetKind::Milestone, TargetKind::Coverage, TargetKind::Unquantified, TargetKind::Context] {
            // Context is no promise, and so counts nowhere else.
            let counted = |(target, row): &&(&Target, &QuotaRow)| {
                target.kind == kind && (row.counts || kind == TargetKind::Context)
            };
            let verdicts = others.iter().filter(counted).map(|(_, row)| row.verdict.as_str());
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            verdicts.for_each(|verdict| *counts.entry(verdict).or_default() += 1);
            if counts.is_empty() {
                continue;
            }
            let total: usize = counts.values().sum();
            let mut counts: Vec<_> = counts.into_iter().collect();
            counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            let parts: Vec<_> = counts
                .iter()
                .map(|(verdict, count)| {
                    format!("{} {count}{}", verdict_name(verdict, self.lang), self.lang.pick(" 项", ""))
                })
                .collect();
            let (name, parts) = (kind_name(kind, self.lang), parts.join(self.lang.pick("，", " · ")));
            let tally = match self.lang {
                Lang::Zh => format!("{name} {total} 项：{parts}"),
                Lang::En => format!("{name} {total}: {parts}"),
            };
            let _ = writeln!(text, "{}", wrapped(&tally));
        }
        text += &self.counted_once();
        if numbers.iter().any(|(_, row)| row.demo) {
            let legend = self
                .lang
                .pick("* 演示数据，非官方数字。", "* illustrative figure from a demo feed, not an official one.");
            let _ = writeln!(text, "{}", wrapped(legend));
        }
        let mut shown = numbers.iter().chain(others.iter().filter(|_| self.all));
        if shown.any(|(_, row)| row.estimated) {
            let _ = writeln!(text, "{}", wrapped(self.lang.pick("e 含估计数。", "e rests on an estimate.")));
        }
        if numbers.iter().any(|(_, row)| row.sensitive) {
            let legend = self.lang.pick(
                "± 结论受口径影响：换一个数据版本、修约或比较方式，结论会变；何种口径见 quota_fulfilment 的 turned_zh。",
                "± another vintage, rounding or comparator changes the verdict; which one: turned_en of quota_fulfilment.",
            );
            let _ = writeln!(text, "{}", wrapped(legend));
        }
        for note in &self.catalog.head.notes {
            let about = self.lang.pick("文件：", "The document: ");
            let _ = writeln!(text, "{}", wrapped(&format!("{about}{}", self.lang.pick(&note.zh, &note.en))));
        }
        text
    }

    /// Which targets repeat others or head others, and so are shown but not counted; empty without any.
    fn counted_once(&self) -> String {
        let repeats = self.rows.iter().filter_map(|row| Some((row, row.same_as.as_deref()?)));
        let mut parts: Vec<String> = repeats.map(|(row, other)| format!("{} = {other}", row.target_id)).collect();
        let mut headings: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for target in &self.catalog.targets {
            if let Some(parent) = &target.parent {
                headings.entry(parent).or_default().push(&target.target_id);
            }
        }
        parts.extend(headings.into_iter().map(|(heading, parts)| format!("{heading} = {}", parts.join(" + "))));
        parts.sort_unstable();
        parts.dedup();
        if parts.is_empty() {
            return String::new();
        }
        let title = self.lang.pick("同一目标只计一次：", "Counted once:");
        wrapped(&format!("{title} {}", parts.join(" · "))) + "\n"
    }

    fn table(&self, rows: &[(&Target, &QuotaRow)]) -> Table {
        let lang = self.lang;
        let headings = [
            lang.pick("编号", "id"),
            lang.pick("指标", "target"),
            lang.pick("地区", "area"),
            lang.pick("目标", "quota"),
            lang.pick("实际", "actual"),
            lang.pick("完成度", "of quota"),
            lang.pick("结论", "verdict"),
        ];
        let mut lines: Vec<[String; 7]> = rows.iter().map(|(target, row)| self.line(target, row)).collect();
        let apart = fit(&mut lines, &headings, columns(), |at| {
            let (target, row) = rows[at];
            let area = (row.ref_area != self.catalog.head.region).then(|| self.area_name(&row.ref_area));
            let name = lang.pick(&target.name_zh, &target.name_en);
            area.filter(|area| !name.contains(area)).map(|area| format!("{area}: {name}"))
        });
        let mut table = Table::new();
        table.load_style(STYLE);
        if !std::io::stdout().is_terminal() {
            table.force_no_tty();
        }
        let kept = |column: usize| apart || column != AREA;
        table.set_header((0..7).filter(|column| kept(*column)).map(|column| heading(headings[column])));
        for (line, (_, row)) in lines.into_iter().zip(rows) {
            let cells = line.into_iter().enumerate().filter(|(column, _)| kept(*column));
            table.add_row(cells.map(|(column, text)| match column {
                VERDICT => Cell::new(text).fg(colour(words::tone(&row.verdict))),
                _ => Cell::new(text),
            }));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 1));
        }
        for column in [3, 4, 5] {
            if let Some(column) = table.column_mut(column - usize::from(!apart)) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }

    /// The cells of a row, names in full.
    fn line(&self, target: &Target, row: &QuotaRow) -> [String; 7] {
        let lang = self.lang;
        let mark = format!("{}{}", if row.demo { "*" } else { "" }, if row.estimated { " e" } else { "" });
        let fulfilment = row
            .fulfilment
            .as_deref()
            .map_or_else(String::new, |value| format!("{}%", round(&times(value, 2), 1, self.catalog.head.rounding)));
        [
            target.target_id.clone(),
            lang.pick(&target.name_zh, &target.name_en).to_owned(),
            self.area_name(&row.ref_area).to_owned(),
            self.quota(target),
            self.actual(target, row).map_or_else(|| "—".to_owned(), |value| format!("{value}{mark}")),
            fulfilment,
            format!("{}{}", verdict_name(&row.verdict, lang), if row.sensitive { " ±" } else { "" }),
        ]
    }

    /// The quota: comparator, number, unit; in Chinese as the text writes it.
    fn quota(&self, target: &Target) -> String {
        let comparator = match target.comparator {
            Some(Comparator::Ge) => "≥ ",
            Some(Comparator::Le) => "≤ ",
            Some(Comparator::Gt) => "> ",
            Some(Comparator::Eq) => "= ",
            Some(Comparator::About) => "≈ ",
            Some(Comparator::All | Comparator::Done | Comparator::Started) | None => "",
        };
        let Some(value) = &target.target_value else { return "—".to_owned() };
        if target.kind == TargetKind::Milestone {
            let (zh, en) = done(target);
            return self.lang.pick(zh, en).to_owned();
        }
        if self.lang == Lang::Zh {
            return format!("{comparator}{value} {}", target.unit_text);
        }
        let indicator = self.catalog.indicator(&target.indicator);
        let unit = match indicator.map(|indicator| indicator.unit.as_str()) {
            Some("PERCENT") => "%",
            Some(currency) if target.kind == TargetKind::Amount => currency,
            _ => "",
        };
        let scale = match target.unit_mult {
            0 => String::new(),
            3 => " k".to_owned(),
            6 => " M".to_owned(),
            9 => " bn".to_owned(),
            power => format!("×10^{power}"),
        };
        format!("{comparator}{value}{scale} {unit}").trim_end().to_owned()
    }

    fn area_name<'s>(&'s self, code: &'s str) -> &'s str {
        let area = self.catalog.areas.iter().rev().find(|area| area.code == code);
        if let Some(area) = area {
            return self.lang.pick(&area.name_zh, &area.name_en);
        }
        let group = self.catalog.groups.iter().find(|group| group.group_id == code);
        group.map_or(code, |group| self.lang.pick(&group.name_zh, &group.name_en))
    }

    /// The actual value as it is published: a ratio with the catalog's digits, as it was rounded from its parts; an amount
    /// in the target's unit with every digit that was reported. None where nothing is published, as of a ratio of which
    /// parts are missing that could lower it.
    fn actual(&self, target: &Target, row: &QuotaRow) -> Option<String> {
        let value = without_zeros(row.actual_value.as_deref()?);
        Some(match target.kind {
            TargetKind::Milestone => {
                let (zh, en) = done(target);
                let zh = format!("{}{zh}", if value == "0" { "未" } else { "已" });
                let en = format!("{}{en}", if value == "0" { "not " } else { "" });
                self.lang.pick(&zh, &en).to_owned()
            }
            // A target in another unit than the ratio's is compared in its own.
            TargetKind::Ratio if target.unit_mult == 0 => {
                self.ratios.get(&(row.ref_area.clone(), target.indicator.clone()))?.clone()
            }
            _ => value.to_owned(),
        })
    }
}

/// What a milestone asks for, in Chinese and English.
fn done(target: &Target) -> (&'static str, &'static str) {
    words::comparator(if target.comparator == Some(Comparator::Started) { "started" } else { "done" })
}

/// The name of a verdict.
pub(crate) fn verdict_name(verdict: &str, lang: Lang) -> &str {
    let (zh, en) = words::status(verdict);
    lang.pick(zh, en)
}

fn colour(tone: Tone) -> Color {
    match tone {
        Tone::Good => Color::Green,
        Tone::Bad => Color::Red,
        Tone::Open => Color::Yellow,
        Tone::Pale | Tone::Plain => Color::Reset,
    }
}

fn kind_name(kind: TargetKind, lang: Lang) -> &'static str {
    match kind {
        TargetKind::Milestone => lang.pick("任务", "Milestones"),
        TargetKind::Coverage => lang.pick("覆盖", "Coverage"),
        TargetKind::Unquantified => lang.pick("定性目标", "Without a number"),
        TargetKind::Context => lang.pick("背景", "Context"),
        _ => "",
    }
}

#[cfg(test)]
mod tests;
