//! What ingest asks of a catalog for every event: constant-time lookups over the rows that hold.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

use super::Catalog;
use super::codes::*;
use super::read::Row;
use super::rows::*;
use super::span::{effective, holds, latest};
use crate::decimal::Decimal;
use crate::topics;

/// Positions of rows by key. Of rows with one key only the latest known is here.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    areas: HashMap<String, Vec<usize>>,
    groups: HashMap<String, Vec<usize>>,
    parents: HashMap<String, Vec<usize>>,
    indicators: HashMap<String, usize>,
    reporters: HashMap<String, usize>,
    sources: HashMap<String, usize>,
    /// Reporter, then indicator (`*` too), then the scopes' rows.
    scopes: HashMap<String, HashMap<String, Vec<usize>>>,
    /// Indicator, then area (empty = the indicator's own).
    bounds: HashMap<String, HashMap<String, Bounds>>,
    editions: HashSet<String>,
    /// Answer and indicator of the ratios that have views of their own, in the order of the answers.
    answers: Vec<(String, String)>,
    time_zone: Option<TimeZone>,
}

/// Plausible amounts, both inclusive, in the plain unit × 10¹⁰ as [`Decimal::amount`] gives them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Smallest.
    pub min: Option<i128>,
    /// Largest.
    pub max: Option<i128>,
}

impl Bounds {
    fn of(min: Option<&str>, max: Option<&str>) -> Self {
        let amount = |text: &str| Decimal::parse(text).ok().map(|decimal| decimal.unscaled);
        Self { min: min.and_then(amount), max: max.and_then(amount) }
    }

    /// Whether an amount is plausible.
    pub fn hold(self, amount: i128) -> bool {
        self.min.is_none_or(|min| amount >= min) && self.max.is_none_or(|max| amount <= max)
    }
}

impl Index {
    pub(super) fn of(catalog: &Catalog) -> Self {
        let mut index = Self { time_zone: TimeZone::get(&catalog.head.time_zone).ok(), ..Self::default() };
        for (at, area) in effective(&catalog.areas) {
            index.areas.entry(area.code.clone()).or_default().push(at);
        }
        for (at, group) in effective(&catalog.groups) {
            index.groups.entry(group.group_id.clone()).or_default().push(at);
        }
        for (at, relation) in effective(&catalog.relations) {
            index.parents.entry(relation.child.clone()).or_default().push(at);
        }
        for (at, indicator) in latest(&catalog.indicators) {
            let own = Bounds::of(indicator.min.as_deref(), indicator.max.as_deref());
            index.indicators.insert(indicator.indicator.clone(), at);
            index.bounds.entry(indicator.indicator.clone()).or_default().insert(String::new(), own);
        }
        for bound in &catalog.bounds {
            let of_area = Bounds::of(bound.min.as_deref(), bound.max.as_deref());
            index.bounds.entry(bound.indicator.clone()).or_default().insert(bound.ref_area.clone(), of_area);
        }
        index.reporters = latest(&catalog.reporters).into_iter().map(|(at, row)| (row.reporter.clone(), at)).collect();
        index.editions = catalog.editions.iter().map(|row| row.edition.clone()).collect();
        index.answers = answers(catalog);
        index.sources = catalog.sources.iter().enumerate().map(|(at, row)| (row.source.clone(), at)).collect();
        for (at, scope) in catalog.scopes.iter().enumerate() {
            let of_reporter = index.scopes.entry(scope.reporter.clone()).or_default();
            of_reporter.entry(scope.indicator.clone()).or_default().push(at);
        }
        index
    }
}

/// What catalogs named, before they could say so.
const ANSWERS_BEFORE: [&str; 2] = ["patent_density", "rd_intensity"];

/// Those that the column names. A catalog without the column, as lakes have kept it, has the two of before.
fn answers(catalog: &Catalog) -> Vec<(String, String)> {
    let text = catalog.files.get(Indicator::FILE).map_or("", String::as_str);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let has_column = reader.headers().is_ok_and(|names| names.iter().any(|name| name.trim() == "answer"));
    if !has_column {
        return ANSWERS_BEFORE.map(|name| (name.to_owned(), name.to_owned())).into();
    }
    let rows = latest(&catalog.indicators).into_iter();
    let named = rows.filter_map(|(_, row)| Some((row.answer.clone()?, row.indicator.clone())));
    let mut answers: Vec<_> = named.collect();
    answers.sort_unstable();
    answers
}

impl Catalog {
    /// The ratios that have a view, and an answer in publications, of their own: its name, and the indicator.
    pub fn answers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.index.answers.iter().map(|(answer, indicator)| (answer.as_str(), indicator.as_str()))
    }

    /// The reporter of that id.
    pub fn reporter(&self, id: &str) -> Option<&Reporter> {
        self.index.reporters.get(id).map(|at| &self.reporters[*at])
    }

    /// What is owed by what is known now: of rows with one id the latest.
    pub fn obligations_now(&self) -> impl Iterator<Item = &Obligation> {
        latest(&self.obligations).into_iter().map(|(_, row)| row)
    }

    /// Ids of every reporter, in the file's order.
    pub fn reporter_ids(&self) -> impl Iterator<Item = &str> {
        latest(&self.reporters).into_iter().map(|(_, row)| row.reporter.as_str())
    }

    /// The topic to which a reporter's submissions go.
    pub fn topic(&self, reporter: &str) -> Option<&'static str> {
        self.reporter(reporter).map(|reporter| match reporter.sends_to() {
            ReporterKind::City => topics::CITY,
            ReporterKind::Park => topics::PARK,
        })
    }

    /// The source of that URI.
    pub fn source(&self, uri: &str) -> Option<&Source> {
        self.index.sources.get(uri).map(|at| &self.sources[*at])
    }

    /// A reporter's sources, in the file's order.
    pub fn sources_of<'a>(&'a self, reporter: &'a str) -> impl Iterator<Item = &'a Source> {
        self.sources.iter().filter(move |source| source.reporter == reporter)
    }

    /// The indicator of that id.
    pub fn indicator(&self, id: &str) -> Option<&Indicator> {
        self.index.indicators.get(id).map(|at| &self.indicators[*at])
    }

    /// How figures of an indicator are rounded when shown.
    pub fn rounding(&self, indicator: &str) -> Rounding {
        self.indicator(indicator).and_then(|row| row.rounding).unwrap_or(self.head.rounding)
    }

    /// The area that a code means on a day.
    pub fn area_on(&self, code: &str, day: Date) -> Option<&Area> {
        let rows = self.index.areas.get(code)?.iter().map(|at| &self.areas[*at]);
        rows.into_iter().find(|area| holds(*area, day))
    }

    /// The group that an id means on a day.
    pub fn group_on(&self, id: &str, day: Date) -> Option<&Group> {
        let rows = self.index.groups.get(id)?.iter().map(|at| &self.groups[*at]);
        rows.into_iter().find(|group| holds(*group, day))
    }

    /// Whether a code is an area or a group on some day: tells "unknown" from "not on that day".
    pub fn is_place(&self, code: &str) -> bool {
        self.index.areas.contains_key(code) || self.index.groups.contains_key(code)
    }

    /// Whether a code is an area or a group on a day.
    pub fn is_place_on(&self, code: &str, day: Date) -> bool {
        self.area_on(code, day).is_some() || self.group_on(code, day).is_some()
    }

    /// The relations by which an area lies in others on a day.
    pub fn parents_on<'a>(&'a self, code: &str, day: Date) -> impl Iterator<Item = &'a AreaRelation> {
        let rows = self.index.parents.get(code).map(Vec::as_slice).unwrap_or_default();
        rows.iter().map(|at| &self.relations[*at]).filter(move |relation| holds(*relation, day))
    }

    /// Whether an area is another or lies in it on a day, by either relation and any number of steps.
    pub fn lies_in(&self, code: &str, outer: &str, day: Date) -> bool {
        // A checked catalog has no cycle, so this ends.
        code == outer || self.parents_on(code, day).any(|relation| self.lies_in(&relation.parent, outer, day))
    }

    /// Whether a reporter may report an indicator of an area or group for a period that ends on that day.
    pub fn allows(&self, reporter: &str, ref_area: &str, indicator: &str, day: Date) -> bool {
        let Some(of_reporter) = self.index.scopes.get(reporter) else { return false };
        if self.reporter(reporter).is_none_or(|row| !holds(row, day)) || !self.is_place_on(ref_area, day) {
            return false;
        }
        let rows = [indicator, "*"].into_iter().filter_map(|id| of_reporter.get(id)).flatten();
        rows.map(|at| self.scopes[*at].ref_area.as_str()).any(|scope| match scope.strip_suffix("/*") {
            Some(outer) => self.lies_in(ref_area, outer, day),
            None => scope == "*" || scope == ref_area,
        })
    }

    /// Plausible amounts of an indicator in an area: the area's own where `bounds.csv` has them, else the indicator's.
    pub fn bounds(&self, indicator: &str, ref_area: &str) -> Bounds {
        let of_indicator = self.index.bounds.get(indicator);
        of_indicator.and_then(|map| map.get(ref_area).or_else(|| map.get(""))).copied().unwrap_or_default()
    }

    /// The basis of a value that names none: by its area, the last day of its period and the day on which it became
    /// known. An area with rows of its own for the indicator has only those.
    pub fn basis_of(&self, indicator: &str, ref_area: &str, period_end: Date, known: Date) -> Option<&Basis> {
        let within = |day: Date, from: Option<Date>, to: Option<Date>| {
            from.is_none_or(|from| from <= day) && to.is_none_or(|to| day < to)
        };
        let is_own = |row: &&Basis| row.indicator == indicator && row.ref_area.as_deref() == Some(ref_area);
        let own = self.bases.iter().find(is_own).map(|_| ref_area);
        self.bases.iter().find(|row| {
            row.indicator == indicator
                && row.ref_area.as_deref() == own
                && within(period_end, row.period_from, row.period_to)
                && within(known, row.known_from, row.known_to)
        })
    }

    /// Whether a basis is one of an indicator's.
    pub fn has_basis(&self, indicator: &str, basis: &str) -> bool {
        self.bases.iter().any(|row| row.indicator == indicator && row.basis == basis)
    }

    /// Whether an edition is in the catalog.
    pub fn has_edition(&self, edition: &str) -> bool {
        self.index.editions.contains(edition)
    }

    /// The time zone in which the catalog's days begin and end.
    pub fn time_zone(&self) -> TimeZone {
        self.index.time_zone.clone().unwrap_or(TimeZone::UTC)
    }
}

impl Obligation {
    /// The last day on which a report for a period that ends on a day is in time; none beyond the calendar.
    pub fn due_day(&self, end: Date) -> Option<Date> {
        let after: Span = self.due_after.parse().ok()?;
        end.checked_add(1.day()).ok()?.checked_add(after).ok()?.checked_sub(1.day()).ok()
    }
}

impl Indicator {
    /// Whether what is reported is yes or no.
    pub fn is_yes_or_no(&self) -> bool {
        self.unit == "BOOL"
    }

    /// Whether events of it are taken: ratios and coverage by items are computed.
    pub fn is_reported(&self) -> bool {
        self.kind != IndicatorKind::Ratio && self.coverage_by != Some(CoverageBy::Items)
    }
}
