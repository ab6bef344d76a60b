//! What a reporter owes: for a period, within it, and for periods in which it lies.

use std::collections::BTreeMap;

use helan_schemas::catalog::{Catalog, Obligation, Reporter};
use helan_schemas::period::Period;

use super::{OtherPeriod, TemplateRow};
use crate::decode::headings::Lang;

/// The rows of a template, and what else is due.
pub(super) struct Owed<'c> {
    pub(super) rows: Vec<TemplateRow<'c>>,
    pub(super) others: Vec<OtherPeriod>,
}

impl<'c> Owed<'c> {
    /// What is due for a period; with `parts` also for the periods within it, each after the other.
    pub(super) fn of(catalog: &'c Catalog, reporter: &Reporter, period: Period, lang: Lang, parts: bool) -> Self {
        let mut by_period: BTreeMap<_, Vec<TemplateRow<'c>>> = BTreeMap::new();
        for owed in catalog.obligations_now().filter(|owed| owed.reporter == reporter.reporter) {
            for at in near(&owed.frequency, period) {
                // The period itself first, then what lies in it by the day on which it ends, then what it lies in.
                let rank =
                    if at == period { 0 } else { 1 + usize::from(at.start < period.start || at.end > period.end) };
                let row = due(catalog, reporter, owed, at, lang);
                by_period.entry((rank, at.end, at.start)).or_default().extend(row);
            }
        }
        let mut owed = Self { rows: Vec::new(), others: Vec::new() };
        for ((rank, ..), rows) in by_period {
            match rows.first() {
                Some(_) if rank == 0 || rank == 1 && parts => owed.rows.extend(rows),
                Some(row) => owed.others.push(OtherPeriod { period: row.period, reports: rows.len() }),
                None => {}
            }
        }
        owed
    }
}

/// The periods of a frequency that lie in a period, or in which it lies.
fn near(frequency: &str, period: Period) -> Vec<Period> {
    let parts = period.parts(frequency);
    if !parts.is_empty() {
        return parts;
    }
    let around = Period::of_frequency(frequency, period.start).filter(|around| around.end >= period.end);
    around.into_iter().collect()
}

/// The row of an obligation, if it is due for the period.
fn due<'c>(
    catalog: &'c Catalog,
    reporter: &Reporter,
    owed: &'c Obligation,
    period: Period,
    lang: Lang,
) -> Option<TemplateRow<'c>> {
    let bound = |text: &Option<String>| text.as_deref().and_then(|text| Period::parse(text).ok());
    let begun = bound(&owed.first_period).is_none_or(|first| first.start <= period.start);
    let goes_on = bound(&owed.last_period).is_none_or(|last| period.end <= last.end);
    let indicator = catalog.indicator(&owed.indicator).filter(|it| begun && goes_on && it.is_reported())?;
    let day = period.end;
    let area = catalog.area_on(&owed.ref_area, day).map(|row| lang.pick(&row.name_zh, &row.name_en));
    let group = || catalog.group_on(&owed.ref_area, day).map(|row| lang.pick(&row.name_zh, &row.name_en));
    let area_name = area.or_else(group)?;
    let may = catalog.allows(&reporter.reporter, &owed.ref_area, &owed.indicator, day);
    let bases = catalog.bases.iter().filter(|row| row.indicator == owed.indicator);
    let mut bases: Vec<_> = bases.map(|row| row.basis.as_str()).collect();
    bases.dedup();
    let due = owed.due_day(day);
    let before = period.start.yesterday().ok().and_then(|day| Period::of_frequency(&owed.frequency, day));
    may.then_some(TemplateRow { period, before, due, ref_area: &owed.ref_area, area_name, indicator, bases })
}

/// Periods with the number of reports in each.
pub(super) fn listed(others: &[OtherPeriod], lang: Lang) -> String {
    let one = |other: &OtherPeriod| format!("{}={}", other.period, other.reports);
    others.iter().map(one).collect::<Vec<_>>().join(lang.pick("，", ", "))
}

/// What to ask for where nothing is due for the period that was asked for.
pub(super) fn instead(catalog: &Catalog, reporter: &Reporter, others: &[OtherPeriod]) -> String {
    if !others.is_empty() {
        return listed(others, Lang::En);
    }
    let own = catalog.obligations_now().filter(|owed| owed.reporter == reporter.reporter);
    let span = |owed: &Obligation| {
        let [first, last] = [&owed.first_period, &owed.last_period].map(|bound| bound.as_deref().unwrap_or_default());
        let span = if first == last { first.to_owned() } else { format!("{first}…{last}") };
        format!("{} {span}", owed.frequency).trim_end().to_owned()
    };
    let spans: std::collections::BTreeSet<String> = own.map(span).collect();
    if spans.is_empty() { "–".to_owned() } else { spans.into_iter().collect::<Vec<_>>().join(", ") }
}
