//! What each source of a catalog may report: areas × indicators × periods.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use helan_schemas::catalog::{Catalog, Indicator, IndicatorKind};
use helan_schemas::decimal::SCALE;
use helan_schemas::period::{Period, PeriodKind};
use jiff::ToSpan;
use jiff::civil::Date;

use crate::recipe::Length;

/// Years before the catalog's default period for which feeds report.
const YEARS: i16 = 8;
/// Largest plain amount where the catalog bounds none.
const UNBOUNDED: i128 = 1_000_000;
/// Units of the lake's decimals in one.
const ONE: i128 = 10_i128.pow(SCALE);

/// One source, and what it may say.
#[derive(Clone, Debug)]
pub struct Feed {
    /// CloudEvents source.
    pub source: String,
    /// The source as JSON writes it, quotes included.
    pub source_json: String,
    /// Whose it is.
    pub reporter: String,
    /// Where its submissions go in the log.
    pub topic: &'static str,
    /// May say when a value was published.
    pub may_back_date: bool,
    /// Everything that it may report, period by period.
    pub cells: Vec<Cell>,
}

/// One (area, indicator, period) that a source may report. Texts are as JSON writes them, quotes included.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Area or group.
    pub area: Arc<str>,
    /// Indicator.
    pub indicator: Arc<str>,
    /// Unit.
    pub unit: Arc<str>,
    /// Period, in canonical form, without quotes.
    pub period: Arc<str>,
    /// Day after the period's end from which a release can be dated; none where that may lie in the future.
    pub release: Option<Date>,
    /// How values look.
    pub form: Form,
    /// Smallest plain amount.
    pub low: u64,
    /// Largest plain amount.
    pub high: u64,
}

/// How values of an indicator look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// 0 or 1.
    Done,
    /// A whole number.
    Whole,
    /// In 万, with two decimals.
    TenThousands,
}

/// The feeds of a catalog in its own order: sources that carry real figures where there are any, else all; of the named
/// reporters only, if some are named, and of periods of the named lengths that end in the named year or later. Sources whose
/// reporter may report nothing are left out.
pub fn feeds(catalog: &Catalog, reporters: &[String], lengths: &[Length], since: Option<i16>) -> Vec<Feed> {
    let real = catalog.sources.iter().any(|source| !source.demo);
    let mut periods = periods(catalog);
    periods.retain(|period| lengths.is_empty() || lengths.iter().any(|length| length.is_of(period.kind)));
    periods.retain(|period| since.is_none_or(|since| period.end.year() >= since));
    let mut feeds: Vec<Feed> = Vec::new();
    for source in catalog.sources.iter().filter(|source| !real || !source.demo) {
        if !reporters.is_empty() && !reporters.contains(&source.reporter) {
            continue;
        }
        let (Some(topic), Some(reporter)) = (catalog.topic(&source.reporter), catalog.reporter(&source.reporter))
        else {
            continue;
        };
        let cells = match feeds.iter().find(|feed| feed.reporter == source.reporter) {
            Some(feed) => feed.cells.clone(),
            None => cells(catalog, &source.reporter, &periods),
        };
        if !cells.is_empty() {
            feeds.push(Feed {
                source: source.source.clone(),
                source_json: json(&source.source),
                reporter: source.reporter.clone(),
                topic,
                may_back_date: reporter.may_back_date,
                cells,
            });
        }
    }
    feeds
}

/// Years, quarters, months and the year to date, for the years before the catalog's default period, and that year as a
/// whole. None lies in the future, however early in its period a catalog is used.
fn periods(catalog: &Catalog) -> Vec<Period> {
    let Ok(last) = Period::parse(&catalog.head.default_period) else { return Vec::new() };
    let year = last.start.year();
    let mut texts = Vec::new();
    for past in year - YEARS..year {
        texts.extend((1..=12).map(|month| format!("{past}-{month:02}")));
        texts.extend((1..=4).map(|quarter| format!("{past}-Q{quarter}")));
        texts.extend([6, 9].map(|months| format!("{past}-01-01/P{months}M")));
        texts.push(past.to_string());
    }
    texts.push(year.to_string());
    texts.iter().filter_map(|text| Period::parse(text).ok()).collect()
}

fn cells(catalog: &Catalog, reporter: &str, periods: &[Period]) -> Vec<Cell> {
    let mut codes: Vec<&str> = catalog.areas.iter().map(|area| area.code.as_str()).collect();
    codes.extend(catalog.groups.iter().map(|group| group.group_id.as_str()));
    let year = periods.last().map_or(0, |period| period.start.year());
    // Only what some scope names can be allowed at all; which of it is, the catalog says for each period.
    let mut pairs = BTreeSet::new();
    for scope in catalog.scopes.iter().filter(|scope| scope.reporter == reporter) {
        let inside = |code: &&&str| match scope.ref_area.strip_suffix("/*") {
            Some(outer) => periods.iter().any(|period| catalog.lies_in(code, outer, period.end)),
            None => scope.ref_area == "*" || scope.ref_area == **code,
        };
        let inside: Vec<&str> = codes.iter().filter(inside).copied().collect();
        for (at, indicator) in catalog.indicators.iter().enumerate().filter(|(_, row)| row.is_reported()) {
            if scope.indicator == "*" || scope.indicator == indicator.indicator {
                pairs.extend(inside.iter().map(|code| (at, *code)));
            }
        }
    }
    // A nation has millions of cells: they share their texts.
    let mut texts: HashMap<&str, Arc<str>> = HashMap::new();
    let mut shared = |text| Arc::clone(texts.entry(text).or_insert_with(|| json(text).into()));
    let pairs: Vec<_> = pairs
        .into_iter()
        .map(|(at, code)| {
            let indicator = &catalog.indicators[at];
            (code, indicator, shared(code), shared(&indicator.indicator), shared(&indicator.unit))
        })
        .collect();
    let mut cells = Vec::new();
    for period in periods {
        let text: Arc<str> = period.to_string().into();
        for (code, indicator, area, id, unit) in &pairs {
            let suits = indicator.kind != IndicatorKind::Stock || period.kind != PeriodKind::Range;
            if suits
                && catalog.allows(reporter, code, &indicator.indicator, period.end)
                && let Some((form, low, high)) = values(catalog, indicator, code)
            {
                let release = (period.end.year() + 1 < year).then(|| period.end.saturating_add(60.days()));
                cells.push(Cell {
                    area: Arc::clone(area),
                    indicator: Arc::clone(id),
                    unit: Arc::clone(unit),
                    period: Arc::clone(&text),
                    release,
                    form,
                    low,
                    high,
                });
            }
        }
    }
    cells
}

/// How values look, and the plain amounts between which they lie; none where the bounds leave no whole number.
fn values(catalog: &Catalog, indicator: &Indicator, area: &str) -> Option<(Form, u64, u64)> {
    if indicator.kind == IndicatorKind::Milestone || indicator.unit == "BOOL" {
        return Some((Form::Done, 0, 1));
    }
    let bounds = catalog.bounds(&indicator.indicator, area);
    let low = bounds.min.map_or(0, |min| min.max(0).div_euclid(ONE) + i128::from(min.max(0) % ONE != 0));
    let most = if indicator.kind == IndicatorKind::Coverage { 100 } else { low.saturating_add(UNBOUNDED) };
    let high = bounds.max.map_or(most, |max| max.div_euclid(ONE));
    let (low, high) = (u64::try_from(low).ok()?, u64::try_from(high).ok()?);
    let form =
        if indicator.kind == IndicatorKind::Flow && high >= 10_000_000 { Form::TenThousands } else { Form::Whole };
    // A whole number of the last digit that is written.
    let low = if form == Form::TenThousands { low.div_ceil(100) * 100 } else { low };
    (low <= high).then_some((form, low, high))
}

/// A text as JSON writes it.
pub(crate) fn json(text: &str) -> String {
    serde_json::to_string(text).expect("a string serialises into memory")
}

#[cfg(test)]
mod tests {
    use helan_schemas::topics;

    use super::*;

    #[test]
    fn ningxia_has_a_feed_for_every_reporter() {
        let catalog = Catalog::embedded();
        let all = feeds(&catalog, &[], &[], None);
        assert_eq!(all.len(), catalog.reporters.len());
        assert!(all.iter().any(|feed| feed.topic == topics::PARK) && all.iter().any(|feed| feed.topic == topics::CITY));
        assert!(all.iter().all(|feed| !feed.source.ends_with("/demo")));
        let yinchuan = all.iter().find(|feed| feed.reporter == "yinchuan").expect("Yinchuan");
        assert!(yinchuan.cells.len() > 1_000, "{}", yinchuan.cells.len());
        let allowed = |cell: &Cell| {
            let day = Period::parse(&cell.period).expect("a period").end;
            catalog.allows("yinchuan", cell.area.trim_matches('"'), cell.indicator.trim_matches('"'), day)
        };
        assert!(yinchuan.cells.iter().all(allowed));
        assert_eq!(feeds(&catalog, &["yinchuan".to_owned()], &[], None).len(), 1);
        let recent = feeds(&catalog, &["yinchuan".to_owned()], &[], Some(2018));
        assert!(recent[0].cells.iter().all(|cell| cell.period.starts_with("2018")), "{:?}", recent[0].cells.first());
        assert!(!recent[0].cells.is_empty() && feeds(&catalog, &[], &[], Some(2100)).is_empty());
    }
}
