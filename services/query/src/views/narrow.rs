//! Which statements a question needs: those of the areas, indicators and periods that it names, and of all that their
//! figures are made of.
//!
//! A view whose header says `narrows` gives the same rows for the constants of those columns, whether it is computed
//! from all statements or from these. So a question about one area and one year reads little.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, col, lit};
use helan_lake::cells::Counts;
use helan_queries::{Narrows, Query};
use helan_schemas::catalog::Catalog;
use helan_schemas::period::{Period, days_since_epoch};
use jiff::ToSpan;
use jiff::civil::date;

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
}

/// A part of the statements, and the rows of a view that are to be computed from it.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) part: Part,
    pub(crate) rows: Expr,
}

/// Statements out of which a view is computed at once: what it and those below it keep is a few hundred megabytes.
pub(crate) const AT_ONCE: u64 = 200_000;

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

    /// The pieces in which a view is computed that needs more statements than are looked at together; none = at once.
    pub(crate) fn pieces(&self, query: &Query, counts: &Counts, at_once: u64, catalog: &Catalog) -> Option<Vec<Piece>> {
        if !self.may_be_cut(query) || counts.is_empty() {
            return None;
        }
        let at_once = query.at_once.map_or(at_once, |own| own.min(at_once));
        let sizes = |names: &Names| names.iter().map(|name| self.size_of(counts.get(name))).sum::<u64>();
        let listed: Names = match &self.indicators {
            Some(names) => names.clone(),
            None => catalog.indicators.iter().map(|row| row.indicator.clone()).chain(counts.keys().cloned()).collect(),
        };
        if sizes(&listed) <= at_once {
            return None;
        }
        // What a ratio is made of comes beside it, so that both are computed from the same statements.
        let mut waiting = listed.clone();
        let mut of_pieces: Vec<(Names, Names)> = Vec::new();
        let ratios = catalog.indicators.iter().filter(|row| row.numerator.is_some() || row.member_of.is_some());
        let first: Vec<String> = ratios.map(|row| row.indicator.clone()).filter(|name| listed.contains(name)).collect();
        for name in first.into_iter().chain(listed.iter().cloned()) {
            if !waiting.contains(&name) {
                continue;
            }
            let needed = closure(query, Names::from([name.clone()]), catalog);
            let rows: Names = needed.iter().filter(|name| waiting.remove(*name)).cloned().collect();
            match of_pieces.last_mut() {
                Some((all, of_piece)) if sizes(&(&*of_piece | &needed)) <= at_once => {
                    all.extend(rows);
                    of_piece.extend(needed);
                }
                _ => of_pieces.push((rows, needed)),
            }
        }
        let pieces = of_pieces.into_iter().flat_map(|(rows, needed)| {
            let times = sizes(&needed).div_ceil(at_once);
            let part = Self { indicators: Some(needed), ..self.clone() };
            let rows = listed_in("indicator", &rows);
            if query.narrows.contains(&Narrows::PeriodAlone) {
                let of_years = part.by_years(counts, at_once).into_iter();
                of_years.map(|part| Piece { part, rows: rows.clone() }).collect::<Vec<_>>()
            } else if query.by_area && self.areas.is_none() {
                let of_areas = areas_by(times, catalog).into_iter();
                of_areas.map(|areas| Piece { part: part.clone(), rows: rows.clone().and(areas) }).collect()
            } else {
                vec![Piece { part, rows }]
            }
        });
        let mut pieces: Vec<Piece> = pieces.collect();
        if self.indicators.is_none() {
            // Of indicators that neither the catalog nor what was folded knows, some may have come since.
            let part = Self { without: listed.clone(), ..self.clone() };
            pieces.push(Piece { part, rows: !listed_in("indicator", &listed) });
        }
        Some(pieces)
    }

    /// Whether a view's rows from this part may be computed in pieces, if there are many.
    pub(crate) fn may_be_cut(&self, query: &Query) -> bool {
        by_indicator(query) && self.without.is_empty()
    }

    /// How many statements of an indicator are of the part's years, of all areas.
    fn size_of(&self, counts: Option<&BTreeMap<i16, u64>>) -> u64 {
        counts.into_iter().flatten().filter(|(year, _)| self.has_year(**year)).map(|(_, count)| *count).sum()
    }

    fn has_year(&self, year: i16) -> bool {
        self.years.as_ref().is_none_or(|years| years.contains(&year)) && !self.without_years.contains(&year)
    }

    /// Parts of its years, of so many statements each where it has more; and what has come of other years.
    fn by_years(self, counts: &Counts, at_once: u64) -> Vec<Self> {
        let is_one = |name: &String| self.indicators.as_ref().is_none_or(|names| names.contains(name));
        let mut sizes: BTreeMap<i16, u64> = BTreeMap::new();
        for (year, count) in counts.iter().filter(|(name, _)| is_one(name)).flat_map(|(_, years)| years) {
            if self.has_year(*year) {
                *sizes.entry(*year).or_default() += count;
            }
        }
        if sizes.values().sum::<u64>() <= at_once {
            return vec![self];
        }
        let mut parts: Vec<(u64, Years)> = Vec::new();
        for (year, size) in &sizes {
            match parts.last_mut() {
                Some((all, years)) if *all + size <= at_once => {
                    *all += size;
                    years.insert(*year);
                }
                _ => parts.push((*size, Years::from([*year]))),
            }
        }
        let parts = parts.into_iter().map(|(_, years)| Self { years: Some(years), ..self.clone() });
        let rest = Self { without_years: sizes.keys().copied().collect(), ..self.clone() };
        parts.chain([rest]).collect()
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
        [areas, indicators, years, without, without_years].into_iter().flatten().collect()
    }
}

fn listed_in(column: &str, names: &Names) -> Expr {
    col(column).in_list(names.iter().map(lit).collect(), false)
}

/// Rows of all areas and groups, in so many turns; and of those that no catalog knows.
fn areas_by(times: u64, catalog: &Catalog) -> Vec<Expr> {
    let areas = catalog.areas.iter().map(|row| &row.code);
    let names: Names = areas.chain(catalog.groups.iter().map(|row| &row.group_id)).cloned().collect();
    let at_once = (names.len() as u64).div_ceil(times.max(1)).max(1) as usize;
    let listed: Vec<_> = names.iter().cloned().collect();
    let turns = listed.chunks(at_once).map(|names| listed_in("ref_area", &names.iter().cloned().collect()));
    turns.chain([!listed_in("ref_area", &names)]).collect()
}

/// The constants that a column must equal one of, if the filters say so.
fn constants(filters: &[Expr], column: &str) -> Option<Names> {
    let found = filters.iter().filter_map(|filter| among(filter, column));
    found.reduce(|one, other| &one & &other)
}

fn among(filter: &Expr, column: &str) -> Option<Names> {
    let is_it = |expr: &Expr| matches!(expr, Expr::Column(found) if found.name == column);
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            let value = if is_it(left) { right } else { left };
            (is_it(left) || is_it(right)).then(|| constant(value)).flatten().map(|text| Names::from([text]))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            Some(&among(left, column)? | &among(right, column)?)
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            constants(&[left.as_ref().clone(), right.as_ref().clone()], column)
        }
        Expr::InList(InList { expr, list, negated: false }) if is_it(expr) => list.iter().map(constant).collect(),
        _ => None,
    }
}

fn constant(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Literal(value, _) => value.try_as_str().flatten().map(str::to_owned),
        _ => None,
    }
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
    fn every_indicator_is_in_one_piece_with_all_that_it_is_made_of() {
        let catalog = Catalog::embedded();
        let of_year = |name: &str| (name.to_owned(), BTreeMap::from([(2018, AT_ONCE / 3), (2019, AT_ONCE)]));
        let mut counts: Counts = catalog.indicators.iter().map(|row| of_year(&row.indicator)).collect();
        counts.extend([of_year("forgotten")]);
        let view = helan_queries::get("ratios").expect("a view");
        let year = part("ratios", &[col("time_period").eq(lit("2018"))]);
        let pieces = year.pieces(view, &counts, AT_ONCE, &catalog).expect("pieces");
        let (last, others) = pieces.split_last().expect("a piece");
        assert_eq!(last.part.without.len(), counts.len());
        let mut seen = Names::new();
        for piece in others {
            let Expr::InList(InList { list, .. }) = &piece.rows else { panic!("{}", piece.rows) };
            let rows: Names = list.iter().filter_map(constant).collect();
            assert_eq!(&seen & &rows, Names::new());
            let needed = piece.part.indicators.clone().expect("indicators");
            assert_eq!(&indicators(rows.clone(), &catalog) - &needed, Names::new());
            seen.extend(rows);
        }
        assert_eq!(seen, counts.keys().cloned().collect());
        assert!(others.len() > 3 && others.len() < counts.len(), "{}", others.len());
        let one = part("ratios", &[col("indicator").eq(lit("rd_expenditure"))]);
        assert!(
            one.pieces(view, &Counts::from([of_year("gdp")]), AT_ONCE, &catalog).is_none(),
            "few are computed at once"
        );
    }

    #[test]
    fn a_history_is_cut_by_the_years_of_its_cells() {
        let view = helan_queries::get("observation_history").expect("a view");
        let one = part("observation_history", &[col("time_period").eq(lit("2018-Q1"))]);
        assert_eq!(one.years, Some([2018].into()), "what came before the period says nothing about it");
        let years = BTreeMap::from([(2016, 30_000), (2017, 15_000), (2018, 20_000), (2019, 70_000)]);
        let counts = Counts::from([("gdp".to_owned(), years.clone()), ("population".to_owned(), years)]);
        let gdp = part("observation_history", &[col("indicator").eq(lit("gdp"))]);
        let pieces = gdp.pieces(view, &counts, AT_ONCE, &Catalog::embedded()).expect("pieces");
        let (rest, of_years) = pieces.split_last().expect("a piece");
        let of_years: Vec<_> = of_years.iter().map(|piece| piece.part.years.clone().expect("years")).collect();
        assert_eq!(of_years, [Years::from([2016, 2017]), [2018].into(), [2019].into()]);
        assert_eq!(
            (rest.part.size(&counts), rest.part.years.as_ref()),
            (0, None),
            "and of other years what has come since"
        );
    }

    #[test]
    fn many_rows_of_a_cell_are_computed_a_few_areas_at_a_time() {
        let view = helan_queries::get("changes").expect("a view");
        let counts = Counts::from([("gdp".to_owned(), BTreeMap::from([(2018, 100_000)]))]);
        let gdp = part("changes", &[col("indicator").eq(lit("gdp"))]);
        let catalog = Catalog::embedded();
        let pieces = gdp.pieces(view, &counts, AT_ONCE, &catalog).expect("pieces");
        assert!(pieces.iter().all(|piece| piece.part == pieces[0].part), "one part, computed once");
        let (rest, turns) = pieces.split_last().expect("a piece");
        let turns: Vec<_> = turns.iter().map(|piece| among(&piece.rows, "ref_area").expect("areas")).collect();
        assert_eq!(turns.len(), 3);
        let all: Names = turns.iter().flatten().cloned().collect();
        assert_eq!(all.len(), turns.iter().map(Names::len).sum::<usize>(), "none twice");
        assert!(catalog.areas.iter().all(|row| all.contains(&row.code)));
        assert!(among(&rest.rows, "ref_area").is_none());
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
