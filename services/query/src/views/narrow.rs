//! Which statements a question needs: those of the areas, indicators and periods that it names, and of all that their
//! figures are made of.
//!
//! A view whose header says `narrows` gives the same rows for the constants of those columns, whether it is computed
//! from all statements or from these. So a question about one area and one year reads little.

mod cut;

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, col, lit};
use helan_lake::cells::Counts;
use helan_lake::filters::constants;
use helan_queries::{Narrows, Query};
use helan_schemas::catalog::Catalog;
use helan_schemas::period::{Period, days_since_epoch};
use jiff::ToSpan;
use jiff::civil::date;

pub(crate) use self::cut::{AT_ONCE, Piece};

type Names = BTreeSet<String>;
type Years = BTreeSet<i16>;

/// A part of all statements: those whose area, indicator and year of the period's last day are listed; none = all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Part {
    areas: Option<Names>,
    indicators: Option<Names>,
    years: Option<Years>,
    /// Indicators that are left out.
    without: Names,
    /// Years that are left out.
    without_years: Years,
    /// Areas that are left out.
    without_areas: Names,
}

impl Part {
    /// What a view's rows need that pass these filters.
    pub(crate) fn needed(query: &Query, filters: &[Expr], catalog: &Catalog) -> Self {
        let named = |column: &str| constants(filters, column);
        if query.narrows == [Narrows::Targets] {
            return of_targets(
                named("target_id"),
                named("ref_area"),
                named("indicator"),
                named("time_period"),
                catalog,
            );
        }
        let of = |wanted: Narrows| query.narrows.contains(&wanted);
        let columns = |wanted: bool, column| wanted.then(|| named(column)).flatten();
        let years = if of(Narrows::PeriodAlone) {
            named("time_period").map(|names| periods(&names).map(|period| period.end.year()).collect())
        } else if of(Narrows::PairOfPeriods) {
            named("from_period").zip(named("to_period")).map(|(from, to)| years(&(&from | &to)))
        } else {
            columns(of(Narrows::Period), "time_period").map(|names| years(&names))
        };
        Self {
            areas: columns(of(Narrows::Area), "ref_area").map(|names| areas(names, catalog)),
            indicators: columns(by_indicator(query), "indicator").map(|names| closure(query, names, catalog)),
            years,
            ..Self::default()
        }
    }

    /// How many statements of an indicator are of the part's years, of all areas.
    fn size_of(&self, counts: Option<&BTreeMap<i16, u64>>) -> u64 {
        counts.into_iter().flatten().filter(|(year, _)| self.has_year(**year)).map(|(_, count)| *count).sum()
    }

    fn has_year(&self, year: i16) -> bool {
        self.years.as_ref().is_none_or(|years| years.contains(&year)) && !self.without_years.contains(&year)
    }

    /// How many statements it has at most.
    pub(crate) fn size(&self, counts: &Counts) -> u64 {
        let is_one = |name: &String| {
            self.indicators.as_ref().is_none_or(|names| names.contains(name)) && !self.without.contains(name)
        };
        counts.iter().filter(|(name, _)| is_one(name)).map(|(_, years)| self.size_of(Some(years))).sum()
    }

    pub(crate) fn is_whole(&self) -> bool {
        *self == Self::default()
    }

    /// The statements of it, by columns of `standing`.
    pub(crate) fn filters(&self) -> Vec<Expr> {
        let areas = self.areas.as_ref().map(|names| listed_in("ref_area", names));
        let indicators = self.indicators.as_ref().map(|names| listed_in("indicator", names));
        let ends_in = |years: &Years| {
            let day = |year: i16, month: i8, day: i8| {
                lit(ScalarValue::Date32(Some(days_since_epoch(date(year, month, day)))))
            };
            let ends = years.iter().map(|year| col("period_end").between(day(*year, 1, 1), day(*year, 12, 31)));
            ends.reduce(Expr::or).unwrap_or_else(|| lit(false))
        };
        let years = self.years.as_ref().map(ends_in);
        let without = (!self.without.is_empty()).then(|| !listed_in("indicator", &self.without));
        let without_years = (!self.without_years.is_empty()).then(|| !ends_in(&self.without_years));
        let without_areas = (!self.without_areas.is_empty()).then(|| !listed_in("ref_area", &self.without_areas));
        [areas, indicators, years, without, without_years, without_areas].into_iter().flatten().collect()
    }
}

fn listed_in(column: &str, names: &Names) -> Expr {
    col(column).in_list(names.iter().map(lit).collect(), false)
}

/// The years of periods, from the day before they begin: a ratio may be over the value of that day.
fn years(names: &Names) -> Years {
    let from = |period: &Period| Some(period.start.checked_sub(1.day()).ok()?.year());
    periods(names).filter_map(|period| Some(from(&period)?..=period.end.year())).flatten().collect()
}

fn periods(names: &Names) -> impl Iterator<Item = Period> {
    names.iter().filter_map(|text| Period::parse(text).ok())
}

fn by_indicator(query: &Query) -> bool {
    query.narrows.iter().any(|narrows| matches!(narrows, Narrows::Indicator | Narrows::IndicatorWithRules))
}

/// The indicators out of which a view's rows about these are computed.
fn closure(query: &Query, mut names: Names, catalog: &Catalog) -> Names {
    if query.narrows.contains(&Narrows::IndicatorWithRules) {
        let rules = catalog.rules.iter().filter(|rule| names.contains(&rule.indicator));
        let beside: Vec<String> = rules.flat_map(|rule| rule.parts.split_whitespace().map(str::to_owned)).collect();
        names.extend(beside);
    }
    indicators(names, catalog)
}

/// Indicators with the parts of ratios, and the items of what is counted by items.
fn indicators(names: Names, catalog: &Catalog) -> Names {
    let mut parts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in &catalog.indicators {
        let own = [&row.numerator, &row.denominator].into_iter().flatten().map(String::as_str);
        parts.entry(&row.indicator).or_default().extend(own);
        if let Some(whole) = &row.member_of {
            parts.entry(whole).or_default().push(&row.indicator);
        }
    }
    with_parts(names, &parts)
}

/// Areas and groups with all that ever lies in them.
fn areas(names: Names, catalog: &Catalog) -> Names {
    let mut parts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in &catalog.relations {
        parts.entry(&row.parent).or_default().push(&row.child);
    }
    for row in &catalog.group_members {
        parts.entry(&row.group_id).or_default().push(&row.member);
    }
    with_parts(names, &parts)
}

fn with_parts(names: Names, parts: &BTreeMap<&str, Vec<&str>>) -> Names {
    let mut waiting: Vec<String> = names.into_iter().collect();
    let mut found = Names::new();
    while let Some(name) = waiting.pop() {
        let below = parts.get(name.as_str()).into_iter().flatten().filter(|part| !found.contains(**part));
        waiting.extend(below.map(|part| (*part).to_owned()));
        found.insert(name);
    }
    found
}

/// What the targets need whose rows are asked for: a target of a group has a row for each member too.
fn of_targets(
    ids: Option<Names>,
    of_areas: Option<Names>,
    of_indicators: Option<Names>,
    of_periods: Option<Names>,
    catalog: &Catalog,
) -> Part {
    let has = |names: &Option<Names>, name: &str| names.as_ref().is_none_or(|names| names.contains(name));
    let period = |text: &Option<String>| text.clone().unwrap_or_else(|| catalog.head.default_period.clone());
    let asked = catalog.targets.iter().filter(|row| {
        has(&ids, &row.target_id)
            && has(&of_indicators, &row.indicator)
            && has(&of_periods, &period(&row.time_period))
            && (has(&of_areas, &row.ref_area)
                || catalog.group_members.iter().any(|of| of.group_id == row.ref_area && has(&of_areas, &of.member)))
    });
    let asked: Vec<_> = asked.collect();
    let periods: Names = asked.iter().map(|row| period(&row.time_period)).collect();
    Part {
        areas: Some(areas(asked.iter().map(|row| row.ref_area.clone()).collect(), catalog)),
        indicators: Some(indicators(asked.iter().map(|row| row.indicator.clone()).collect(), catalog)),
        years: Some(years(&periods)),
        ..Part::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(view: &str, filters: &[Expr]) -> Part {
        Part::needed(helan_queries::get(view).expect("a view"), filters, &Catalog::embedded())
    }

    #[test]
    fn a_ratio_of_a_city_and_year_needs_its_parts_below_it_and_the_year_before() {
        let filters = [
            col("indicator").eq(lit("rd_intensity")),
            lit("640100").eq(col("ref_area")),
            col("time_period").in_list(vec![lit("2018"), lit("2016")], false),
        ];
        let part = part("ratios", &filters);
        assert_eq!(part.indicators, Some(["gdp", "rd_expenditure", "rd_intensity"].map(str::to_owned).into()));
        assert_eq!(part.years, Some([2015, 2016, 2017, 2018].into()));
        let areas = part.areas.expect("areas");
        assert!(areas.contains("640100") && areas.len() > 1 && !areas.contains("640000"), "{areas:?}");
    }

    #[test]
    fn what_is_not_named_by_constants_is_not_narrowed() {
        let either = col("ref_area").eq(lit("640100")).or(col("indicator").eq(lit("gdp")));
        for filter in [either, col("ref_area").eq(col("indicator")), col("ref_area").not_eq(lit("640100"))] {
            assert!(part("ratios", std::slice::from_ref(&filter)).is_whole(), "{filter}");
        }
        let both = col("ref_area").eq(lit("640100")).and(col("ref_area").eq(lit("640200")));
        assert_eq!(part("ratios", &[both]).areas, Some(Names::new()));
    }

    #[test]
    fn targets_need_what_they_are_about() {
        let all = part("quota_fulfilment", &[]);
        let one = part("quota_fulfilment", &[col("ref_area").eq(lit("640500"))]);
        assert!(!all.is_whole() && one != all);
        assert!(one.areas.expect("areas").contains("640500"));
        assert_eq!(part("quota_fulfilment", &[col("target_id").eq(lit("none"))]).areas, Some(Names::new()));
    }
}
