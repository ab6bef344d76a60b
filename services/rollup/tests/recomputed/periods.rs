//! The other path, rule 6: what was reported for a period.

use std::collections::BTreeSet;

use helan_schemas::period::{Period, PeriodKind};

use crate::history::Event;
use crate::labels::Labels;
use crate::model::{Cell, Model, combines, id, parse, report};

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
            let to_date: Vec<_> = inside
                .iter()
                .filter(|(part, _)| {
                    part.kind == PeriodKind::Range
                        && part.start == period.start
                        && part.end.day() == part.end.days_in_month()
                })
                .map(|(part, event)| {
                    single(
                        part,
                        event,
                        if part.end == period.end { "year_to_date" } else { "partial" },
                        i64::from(part.end.month()),
                    )
                })
                .collect();
            let sum = |kind, months: i64, method| {
                let parts: Vec<_> = inside.iter().filter(|(part, _)| part.kind == kind).collect();
                let covered = months * parts.len() as i64;
                (!parts.is_empty()).then(|| Own {
                    amount: Some(parts.iter().filter_map(|(_, event)| report(event).amount).sum()),
                    method: if covered < 12 { "partial" } else { method },
                    months: covered,
                    status: "A",
                    origin: None,
                    negative: false,
                    events: parts.iter().map(|(_, event)| id(event)).collect(),
                    labels: Labels::of_parts(&parts.iter().map(|(_, event)| self.labels(event)).collect::<Vec<_>>()),
                    estimated: parts.iter().any(|(_, event)| report(event).status == "E"),
                })
            };
            let sums = [sum(PeriodKind::Quarter, 3, "quarters"), sum(PeriodKind::Month, 1, "months")];
            let mut candidates: Vec<Own> = to_date.into_iter().chain(sums.into_iter().flatten()).collect();
            // Whole years first, in the rule's order; of parts of a year the longest.
            let order = |own: &Own| match own.method {
                "year_to_date" => 0,
                "quarters" => 1,
                "months" => 2,
                _ => 3,
            };
            candidates.sort_by_key(|own| (order(own), std::cmp::Reverse(own.months)));
            best = candidates.into_iter().next();
            if let Some(own) = &mut best {
                own.negative = own.amount.is_some_and(|amount| amount < 0);
            }
        }
        best.or(same)
    }
}
