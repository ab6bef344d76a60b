//! The other path, rule 6: what was reported for a period.

use std::collections::BTreeSet;

use helan_schemas::period::{Period, PeriodKind};

use crate::history::Event;
use crate::labels::Labels;
use crate::model::{Cell, Model, combines, id, last_digit, parse, report};

/// What a period's own report says.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    pub(crate) amount: Option<i128>,
    pub(crate) method: &'static str,
    pub(crate) months: i64,
    pub(crate) status: &'static str,
    pub(crate) origin: Option<String>,
    pub(crate) negative: bool,
    pub(crate) events: BTreeSet<(String, String)>,
    pub(crate) labels: Labels,
    pub(crate) estimated: bool,
    /// What one in the last digits is worth, together.
    pub(crate) last_digit: i128,
}

impl Model<'_> {
    /// Rule 6: what was reported for a period.
    pub(crate) fn own(&self, cell: &Cell) -> Option<Own> {
        let same = self.current.get(cell).map(|event| Own {
            amount: report(event).amount,
            method: "reported",
            months: 12,
            status: report(event).status,
            origin: Some(cell.2.clone()),
            negative: report(event).amount.is_some_and(|amount| amount < 0),
            events: BTreeSet::from([id(event)]),
            labels: self.labels(event),
            estimated: report(event).status == "E",
            last_digit: report(event).amount.map_or(0, last_digit),
        });
        let period = parse(&cell.2);
        if period.kind != PeriodKind::Annual || same.as_ref().is_some_and(|own| own.amount.is_some()) {
            return same;
        }
        let inside: Vec<(Period, &Event)> = self
            .current
            .iter()
            .filter(|((area, indicator, text), event)| {
                (area, indicator) == (&cell.0, &cell.1) && *text != cell.2 && report(event).amount.is_some()
            })
            .map(|((.., text), event)| (parse(text), *event))
            .filter(|(part, _)| part.end.year() == period.end.year())
            .collect();
        let single = |part: &Period, event: &Event, method, months| Own {
            amount: report(event).amount,
            method,
            months,
            status: report(event).status,
            origin: Some(part.to_string()),
            negative: report(event).amount.is_some_and(|amount| amount < 0),
            events: BTreeSet::from([id(event)]),
            labels: self.labels(event),
            estimated: report(event).status == "E",
            last_digit: report(event).amount.map_or(0, last_digit),
        };
        let mut best: Option<Own> = None;
        if combines(&cell.1).1 == "last" {
            // A stock: its value at period end; an earlier one only as carried.
            let last = inside
                .iter()
                .filter(|(part, _)| part.kind != PeriodKind::Annual)
                .max_by_key(|(part, _)| (part.end, std::cmp::Reverse(part.to_string())));
            if let Some((part, event)) = last {
                best = Some(single(part, event, if part.end == period.end { "period_end" } else { "carried" }, 12));
            }
        } else {
            best = self.of_parts(&inside, period);
        }
        best.or(same)
    }

    /// A year of a flow from its parts: one from January to December, else parts of one length that fill it, the longest
    /// first, else whatever fits together, else parts that fill it day by day; where nothing fills it, what covers the most
    /// months.
    fn of_parts(&self, inside: &[(Period, &Event)], year: Period) -> Option<Own> {
        let whole_months = |part: &Period| part.start.day() == 1 && part.end.day() == part.end.days_in_month();
        let mut parts: Vec<Part<'_>> = inside
            .iter()
            .filter(|(part, _)| part.start >= year.start && whole_months(part))
            .map(|(part, event)| (part.start.month(), part.end.month(), *part, *event))
            .collect();
        // Of two names of the same months that of the calendar counts.
        parts.sort_by_key(|(first, last, part, _)| (*first, *last, part.kind == PeriodKind::Range, part.to_string()));
        parts.dedup_by_key(|(first, last, ..)| (*first, *last));
        let mut sets = Vec::new();
        fit(&parts, 0, &mut Vec::new(), &mut sets);
        let months = |set: &[Part<'_>]| set.iter().map(|(first, last, ..)| i64::from(last - first + 1)).sum::<i64>();
        let even = |set: &[Part<'_>], length: i8| set.iter().all(|(first, last, ..)| last - first + 1 == length);
        let filled: Vec<&Vec<Part<'_>>> = sets.iter().filter(|set| months(set) == 12).collect();
        let of_one_length =
            [12, 6, 3, 1].into_iter().find_map(|length| filled.iter().find(|set| even(set, length)).copied());
        // Then the fewest parts; of as many those that begin and end later.
        let steps = |set: &[Part<'_>]| -> i64 {
            set.iter().map(|(first, last, ..)| (1_i64 << (12 + i64::from(*first))) + (1 << *last)).sum()
        };
        let other = sets.iter().max_by_key(|set| (months(set), std::cmp::Reverse(set.len()), steps(set)));
        let by_days = filled.is_empty().then(|| fill_by_days(inside, year)).flatten();
        let set = by_days.as_ref().or(of_one_length).or(other).filter(|set| !set.is_empty())?;
        let covered = if by_days.is_some() { 12 } else { months(set) };
        let events: Vec<&Event> = set.iter().map(|(.., event)| *event).collect();
        let amount: i128 = events.iter().filter_map(|event| report(event).amount).sum();
        let labels: Vec<Labels> = events.iter().map(|event| self.labels(event)).collect();
        Some(Own {
            amount: Some(amount),
            method: match set.len() {
                _ if by_days.is_some() => "parts",
                _ if covered < 12 => "partial",
                1 => "year_to_date",
                2 if even(set, 6) => "semesters",
                4 if even(set, 3) => "quarters",
                12 => "months",
                _ => "parts",
            },
            months: covered,
            status: "A",
            origin: (set.len() == 1).then(|| set[0].2.to_string()),
            negative: amount < 0,
            events: events.iter().map(|event| id(event)).collect(),
            labels: Labels::of_parts(&labels),
            estimated: events.iter().any(|event| report(event).status == "E"),
            last_digit: events.iter().filter_map(|event| report(event).amount).map(last_digit).sum(),
        })
    }
}

/// First and last month, period, event.
type Part<'e> = (i8, i8, Period, &'e Event);

/// The parts that follow one another from the year's first day to its last: those that lie in no other, else those in which
/// no other lies.
fn fill_by_days<'e>(inside: &[(Period, &'e Event)], year: Period) -> Option<Vec<Part<'e>>> {
    let mut parts: Vec<Part<'_>> = inside
        .iter()
        .filter(|(part, _)| part.start >= year.start)
        .map(|(part, event)| (part.start.month(), part.end.month(), *part, *event))
        .collect();
    parts.sort_by_key(|(.., part, _)| (part.start, part.end, part.kind == PeriodKind::Range, part.to_string()));
    parts.dedup_by_key(|(.., part, _)| (part.start, part.end));
    let lies_in = |inner: &Part<'_>, outer: &Part<'_>| {
        inner.2.start >= outer.2.start && inner.2.end <= outer.2.end && inner.2 != outer.2
    };
    let direct = parts.iter().filter(|part| !parts.iter().any(|other| lies_in(part, other)));
    let finest = parts.iter().filter(|part| !parts.iter().any(|other| lies_in(other, part)));
    [direct.copied().collect::<Vec<_>>(), finest.copied().collect()].into_iter().find(|set| {
        let meets = set.windows(2).all(|pair| pair[0].2.end.tomorrow().ok() == Some(pair[1].2.start));
        meets
            && set.first().is_some_and(|part| part.2.start == year.start)
            && set.last().is_some_and(|part| part.2.end == year.end)
    })
}

/// Every set of parts of which no two share a month.
fn fit<'e>(parts: &[Part<'e>], from: i8, taken: &mut Vec<Part<'e>>, sets: &mut Vec<Vec<Part<'e>>>) {
    sets.push(taken.clone());
    for part in parts.iter().filter(|(first, ..)| *first > from) {
        taken.push(*part);
        fit(parts, part.1, taken, sets);
        taken.pop();
    }
}
