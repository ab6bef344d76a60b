//! The other path, from raw events to the one that counts in each cell: withdrawals, precedence, benchmarks.

use std::collections::{BTreeMap, BTreeSet};

use helan_schemas::period::Period;
use jiff::civil::Date;

use crate::history::{Event, Report};
use crate::labels::Labels;
use crate::places::Figure;
use crate::world::{AREAS, Benchmark, GROUPS, Variant};

/// Area or group, indicator, period.
pub(crate) type Cell = (String, String, String);

pub(crate) struct Model<'m> {
    pub(crate) variant: &'m Variant,
    /// The day of T, by which rows of the catalog are known.
    pub(crate) known: Date,
    pub(crate) standing: Vec<&'m Event>,
    /// What somebody printed, and nobody withdrew.
    pub(crate) printed: Vec<&'m Event>,
    pub(crate) current: BTreeMap<Cell, &'m Event>,
    pub(crate) memo: std::cell::RefCell<BTreeMap<Cell, Option<Figure>>>,
}

/// How indicators combine: over areas, over time.
pub(crate) fn combines(indicator: &str) -> (&'static str, &'static str) {
    match indicator {
        "rd" | "jobs" | "lab" => ("additive", "sum"),
        "gdp" => ("own_value", "sum"),
        "pop" => ("own_value", "last"),
        "pat" => ("additive", "last"),
        _ => ("none", "last"),
    }
}

pub(crate) fn report(event: &Event) -> &Report {
    event.report.as_ref().expect("a report")
}

pub(crate) fn id(event: &Event) -> (String, String) {
    (event.source.to_owned(), event.id.clone())
}

pub(crate) fn cell(area: &str, indicator: &str, period: &str) -> Cell {
    (area.to_owned(), indicator.to_owned(), period.to_owned())
}

pub(crate) fn parse(text: &str) -> Period {
    Period::parse(text).expect("a period of ours")
}

/// What one in the last digit of an amount is worth, as it is written out.
pub(crate) fn last_digit(amount: i128) -> i128 {
    (0..10).map(|zeros| 10_i128.pow(10 - zeros)).find(|unit| amount % unit == 0).unwrap_or(1)
}

/// The place of that code, for as long as the program runs.
pub(crate) fn known_place(area: &str) -> &'static str {
    AREAS.into_iter().chain(GROUPS).find(|known| *known == area).expect("a place of ours")
}

/// Half away from zero.
pub(crate) fn divided(numerator: i128, denominator: i128) -> i128 {
    let (n, d) = (numerator.unsigned_abs(), denominator.unsigned_abs());
    let rounded = ((2 * n + d) / (2 * d)) as i128;
    if (numerator < 0) == (denominator < 0) { rounded } else { -rounded }
}

impl<'m> Model<'m> {
    pub(crate) fn new(variant: &'m Variant, events: &'m [Event], as_of: i64, recorded: i64, known: Date) -> Self {
        let seen: Vec<&Event> =
            events.iter().filter(|event| event.known <= as_of && event.recorded <= recorded).collect();
        let void: BTreeSet<(&str, &str)> =
            seen.iter().filter(|event| event.report.is_none()).map(|event| (event.source, &*event.withdraws)).collect();
        let standing: Vec<&Event> = seen
            .into_iter()
            .filter(|event| event.report.is_some() && !void.contains(&(event.source, &*event.id)))
            .collect();
        let (printed, standing): (Vec<&Event>, Vec<&Event>) =
            standing.into_iter().partition(|event| report(event).printed);
        let mut current: BTreeMap<Cell, &Event> = BTreeMap::new();
        for event in &standing {
            let about = report(event);
            let cell = cell(about.area, about.indicator, &about.period);
            // Rule 12: precedence, then the later known, the later recorded, source, the log's order.
            let key = |e: &Event| {
                (
                    variant.precedence(e.reporter, known),
                    std::cmp::Reverse(e.known),
                    std::cmp::Reverse(e.recorded),
                    e.source,
                    std::cmp::Reverse(e.offset),
                )
            };
            match current.get(&cell) {
                Some(held) if key(event) >= key(held) => {}
                _ => {
                    current.insert(cell, event);
                }
            }
        }
        Self { variant, known, standing, printed, current, memo: Default::default() }
    }

    /// Periods that anything is about: those seen, their years, and the targets'.
    pub(crate) fn periods(&self) -> BTreeSet<String> {
        let mut out = BTreeSet::from(["2018".to_owned()]);
        for (_, _, period) in self.current.keys() {
            out.insert(period.clone());
            out.insert(parse(period).end.year().to_string());
        }
        out
    }

    /// The event that counts in a cell.
    pub(crate) fn counts(&self, cell: &Cell) -> Option<&'m Event> {
        self.current.get(cell).copied()
    }

    /// The benchmark of a report: its own word, else the catalog's by its period and the day on which it was known.
    pub(crate) fn basis(&self, event: &Event) -> Option<&'static str> {
        let about = report(event);
        about.basis.or_else(|| {
            let zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("the catalog's zone");
            let known = zone.to_datetime(jiff::Timestamp::from_microsecond(event.known).expect("in range")).date();
            let end = parse(&about.period).end;
            let within = |day: Date, (from, to): (Option<Date>, Option<Date>)| {
                from.is_none_or(|from| from <= day) && to.is_none_or(|to| day < to)
            };
            let bases = self.variant.bases();
            // An area with rows of its own for an indicator has only those.
            let is_own = |basis: &&Benchmark| basis.indicator == about.indicator && basis.area == Some(about.area);
            let area = bases.iter().find(is_own).and_then(|basis| basis.area);
            let own = bases.iter().find(|basis| {
                basis.indicator == about.indicator
                    && basis.area == area
                    && within(end, basis.periods)
                    && within(known, basis.known)
            });
            own.map(|basis| basis.id)
        })
    }

    pub(crate) fn labels(&self, event: &Event) -> Labels {
        Labels::of(report(event).vintage, self.basis(event), report(event).edition)
    }

    /// Of the standing amounts that the reporter whose value counts gave for a cell, and of those that reporters of the
    /// same precedence gave in an edition, the newest under each label, and whether it is the one that counts.
    pub(crate) fn newest_by<L: Ord>(&self, cell: &Cell, label: impl Fn(&Event) -> L) -> Vec<(L, &'m Event, bool)> {
        self.newest_of(cell, true, label)
    }

    /// As [`Model::newest_by`], of the reporter whose value counts alone where no others are asked for.
    pub(crate) fn newest_of<L: Ord>(
        &self,
        cell: &Cell,
        of_peers: bool,
        label: impl Fn(&Event) -> L,
    ) -> Vec<(L, &'m Event, bool)> {
        let Some(current) = self.counts(cell) else { return Vec::new() };
        let is_current = |event: &Event| id(event) == id(current);
        let mut newest: BTreeMap<L, &'m Event> = BTreeMap::new();
        for event in &self.standing {
            let about = report(event);
            let same = (about.area, about.indicator, &about.period) == (&*cell.0, &*cell.1, &cell.2);
            let is_peer = self.variant.precedence(event.reporter, self.known)
                == self.variant.precedence(current.reporter, self.known);
            let is_meant = event.reporter == current.reporter || is_peer && of_peers && about.edition.is_some();
            if !same || !is_meant || about.amount.is_none() {
                continue;
            }
            let key = |e: &Event| (is_current(e), e.known, e.recorded, std::cmp::Reverse(e.source), e.offset);
            match newest.get(&label(event)) {
                Some(held) if key(event) <= key(held) => {}
                _ => {
                    newest.insert(label(event), event);
                }
            }
        }
        newest.into_iter().map(|(label, event)| (label, event, is_current(event))).collect()
    }
}
