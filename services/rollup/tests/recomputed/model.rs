//! The other path, up to areas, groups and ratios: from the roll-up rules, over raw events, without SQL.

use std::collections::{BTreeMap, BTreeSet};

use helan_schemas::period::{Period, PeriodKind};
use jiff::civil::Date;

use crate::history::{Event, Report};
use crate::world::{AREAS, GROUPS, Variant};

/// Area or group, indicator, period.
pub(crate) type Cell = (String, String, String);

/// A value of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Figure {
    pub(crate) value: Option<i128>,
    pub(crate) status: &'static str,
    pub(crate) reported: Option<i128>,
    pub(crate) compiled: Option<i128>,
    pub(crate) coverage: (i64, Option<i64>),
    pub(crate) complete: bool,
    pub(crate) negative: bool,
    pub(crate) months: Option<i64>,
    /// Period of the one observation that it comes from.
    pub(crate) origin: Option<String>,
    /// Events in the number: source and id.
    pub(crate) events: BTreeSet<(String, String)>,
}

/// A ratio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ratio {
    pub(crate) value: Option<i128>,
    pub(crate) status: &'static str,
    pub(crate) numerator: Option<i128>,
    pub(crate) denominator: Option<i128>,
    pub(crate) complete: bool,
    pub(crate) negative: bool,
    pub(crate) coverage: (i64, Option<i64>),
    pub(crate) numerator_origin: Option<String>,
    pub(crate) denominator_origin: Option<String>,
    pub(crate) factor: i128,
}

/// What a period's own report says.
#[derive(Clone, Debug)]
struct Own {
    amount: Option<i128>,
    method: &'static str,
    months: i64,
    status: &'static str,
    origin: Option<String>,
    negative: bool,
    events: BTreeSet<(String, String)>,
}

pub(crate) struct Model<'m> {
    pub(crate) variant: &'m Variant,
    /// The day of T, by which rows of the catalog are known.
    pub(crate) known: Date,
    pub(crate) standing: Vec<&'m Event>,
    current: BTreeMap<Cell, &'m Event>,
    memo: std::cell::RefCell<BTreeMap<Cell, Option<Figure>>>,
}

/// How indicators combine: over areas, over time.
pub(crate) fn combines(indicator: &str) -> (&'static str, &'static str) {
    match indicator {
        "rd" | "jobs" => ("additive", "sum"),
        "gdp" => ("own_value", "sum"),
        "pop" => ("own_value", "last"),
        "pat" => ("additive", "last"),
        _ => ("none", "last"),
    }
}

fn report(event: &Event) -> &Report {
    event.report.as_ref().expect("a report")
}

fn id(event: &Event) -> (String, String) {
    (event.source.to_owned(), event.id.clone())
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
        let mut current: BTreeMap<Cell, &Event> = BTreeMap::new();
        for event in &standing {
            let about = report(event);
            let cell = (about.area.to_owned(), about.indicator.to_owned(), about.period.clone());
            let counts = |a: &Event, b: &Event| {
                // Rule 12: precedence, then the later known, the later recorded, source, the log's order.
                let key = |e: &Event| {
                    (
                        variant.precedence(e.reporter),
                        std::cmp::Reverse(e.known),
                        std::cmp::Reverse(e.recorded),
                        e.source,
                        std::cmp::Reverse(e.offset),
                    )
                };
                key(a) < key(b)
            };
            match current.get(&cell) {
                Some(held) if !counts(event, held) => {}
                _ => {
                    current.insert(cell, event);
                }
            }
        }
        Self { variant, known, standing, current, memo: Default::default() }
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

    /// Rule 6: what was reported for a period.
    fn own(&self, cell: &Cell) -> Option<Own> {
        let same = self.current.get(cell).map(|event| Own {
            amount: report(event).amount,
            method: "reported",
            months: 12,
            status: report(event).status,
            origin: Some(cell.2.clone()),
            negative: report(event).amount.is_some_and(|amount| amount < 0),
            events: BTreeSet::from([id(event)]),
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

    fn children(&self, area: &str, on: Date, counting: bool) -> Vec<&'static str> {
        let lies = |child: &&str| self.variant.parents(child, on, self.known).contains(&(leak(area), counting));
        AREAS.into_iter().filter(lies).collect()
    }

    /// Rules 2 to 5: reported, else compiled.
    pub(crate) fn area(&self, cell: &Cell) -> Option<Figure> {
        if let Some(known) = self.memo.borrow().get(cell) {
            return known.clone();
        }
        let figure = self.area_now(cell);
        self.memo.borrow_mut().insert(cell.clone(), figure.clone());
        figure
    }

    fn area_now(&self, cell: &Cell) -> Option<Figure> {
        let on = parse(&cell.2).end;
        let (over_areas, _) = combines(&cell.1);
        let own = self.own(cell);
        let children = if over_areas == "none" { Vec::new() } else { self.children(&cell.0, on, true) };
        let parts: Vec<Figure> = children
            .iter()
            .filter_map(|child| self.area(&((*child).to_owned(), cell.1.clone(), cell.2.clone())))
            .filter(|figure| figure.value.is_some())
            .collect();
        if own.is_none() && parts.is_empty() {
            return None;
        }
        let compiled = (!parts.is_empty()).then(|| parts.iter().filter_map(|part| part.value).sum::<i128>());
        let counts = (parts.len() as i64, self.children(&cell.0, on, true).len() as i64);
        if let Some(own) = own.as_ref().filter(|own| own.amount.is_some()) {
            let part = own.method == "partial";
            let status = match own.method {
                "partial" => "partial",
                "carried" => "carried",
                _ => "reported",
            };
            return Some(Figure {
                value: own.amount,
                status,
                reported: own.amount,
                compiled,
                coverage: if part { (own.months, Some(12)) } else { (1, Some(1)) },
                complete: status == "reported",
                negative: own.negative,
                months: Some(own.months),
                origin: own.origin.clone(),
                events: own.events.clone(),
            });
        }
        let value = compiled.filter(|_| over_areas == "additive");
        let complete = counts.0 == counts.1 && parts.iter().all(|part| part.complete) && !parts.is_empty();
        let status = match (value, &own) {
            (Some(_), _) if complete => "compiled",
            (Some(_), _) => "partial",
            (None, _) if over_areas == "own_value" && compiled.is_some() => "no_own_value",
            (None, Some(own)) if own.status == "Q" => "suppressed",
            _ => "missing",
        };
        Some(Figure {
            value,
            status,
            reported: None,
            compiled,
            coverage: (counts.0, Some(counts.1)),
            complete,
            negative: parts.iter().any(|part| part.negative),
            months: own.as_ref().map(|own| own.months),
            origin: own.as_ref().and_then(|own| own.origin.clone()),
            events: if value.is_some() {
                parts.into_iter().flat_map(|part| part.events).collect()
            } else {
                BTreeSet::new()
            },
        })
    }

    /// Rule 4: a group adds its outermost members; unknown overlap adds nothing.
    pub(crate) fn group(&self, cell: &Cell) -> Option<Figure> {
        let on = parse(&cell.2).end;
        let members = self.variant.members(&cell.0, on);
        let of = |member: &str| self.area(&(member.to_owned(), cell.1.clone(), cell.2.clone()));
        let figures: Vec<(bool, Option<Figure>)> = members
            .iter()
            .map(|member| {
                let inner = members.iter().any(|other| other != member && self.lies_in(member, other, on));
                (!inner, of(member))
            })
            .collect();
        let own = self.area(cell);
        if own.is_none() && figures.iter().all(|(_, figure)| figure.is_none()) {
            return None;
        }
        let asked = figures.iter().any(|(_, figure)| figure.is_some());
        let known = |figure: &Option<Figure>| figure.as_ref().and_then(|figure| figure.value);
        let outer: Vec<i128> =
            figures.iter().filter(|(outermost, _)| *outermost).filter_map(|(_, figure)| known(figure)).collect();
        let overlap = cell.0 == "U";
        let amount = (asked && !outer.is_empty()).then(|| outer.iter().sum::<i128>());
        let (over_areas, _) = combines(&cell.1);
        if let Some(own) = own.as_ref().filter(|own| own.value.is_some()) {
            return Some(Figure { compiled: amount, ..own.clone() });
        }
        let own_status = own.as_ref().map(|own| own.status);
        let complete = figures
            .iter()
            .filter(|(outermost, _)| *outermost)
            .all(|(_, figure)| figure.as_ref().is_some_and(|figure| figure.complete));
        let status = match over_areas {
            "own_value" => "no_own_value",
            "additive" if asked && overlap => "overlap",
            "additive" if amount.is_some() && complete => "compiled",
            "additive" if amount.is_some() => "partial",
            _ => own_status.unwrap_or("missing"),
        };
        let counted = matches!(status, "compiled" | "partial");
        let value = amount.filter(|_| counted);
        let events =
            figures.iter().filter(|(outermost, _)| *outermost && counted).filter_map(|(_, figure)| figure.as_ref());
        Some(Figure {
            value,
            status,
            reported: None,
            compiled: amount.filter(|_| status != "overlap"),
            coverage: (
                figures.iter().filter(|(_, figure)| known(figure).is_some()).count() as i64,
                asked.then_some(members.len() as i64),
            ),
            complete: asked && complete,
            negative: asked && figures.iter().any(|(_, figure)| figure.as_ref().is_some_and(|figure| figure.negative)),
            months: own.as_ref().and_then(|own| own.months),
            origin: own.as_ref().and_then(|own| own.origin.clone()),
            events: events.flat_map(|figure| figure.events.clone()).collect(),
        })
    }

    fn lies_in(&self, area: &str, other: &str, on: Date) -> bool {
        self.variant
            .parents(area, on, self.known)
            .iter()
            .any(|(parent, _)| *parent == other || self.lies_in(parent, other, on))
    }

    pub(crate) fn place(&self, cell: &Cell) -> Option<Figure> {
        if GROUPS.contains(&&*cell.0) { self.group(cell) } else { self.area(cell) }
    }

    /// Rule 1: from components; rule 2: no compiled denominators.
    pub(crate) fn ratio(&self, area: &str, indicator: &str, text: &str) -> Option<Ratio> {
        let (above, below, factor, date) = match indicator {
            "rd_intensity" => ("rd", "gdp", 100, 0),
            _ => ("pat", "pop", 10_000, self.variant.date),
        };
        let cell = |indicator: &str, period: &str| (area.to_owned(), indicator.to_owned(), period.to_owned());
        let numerator = self.place(&cell(above, text));
        let same = self.place(&cell(below, text));
        if numerator.is_none() && same.is_none() {
            return None;
        }
        let period = parse(text);
        let earlier = self.periods().into_iter().find(|other| {
            let other = parse(other);
            other.kind == period.kind && other.end.tomorrow().ok() == Some(period.start)
        });
        let previous = earlier.and_then(|earlier| self.place(&cell(below, &earlier)));
        let value = |figure: &Option<Figure>| figure.as_ref().and_then(|figure| figure.value);
        let complete = |figure: &Option<Figure>| figure.as_ref().is_some_and(|figure| figure.complete);
        let origin = |figure: &Option<Figure>| figure.as_ref().and_then(|figure| figure.origin.clone());
        let (denominator, denominator_complete, denominator_origin) = match date {
            0 => (value(&same), complete(&same), origin(&same)),
            1 => (value(&previous), complete(&previous), origin(&previous)),
            _ => (
                value(&same).zip(value(&previous)).map(|(a, b)| divided(a + b, 2)),
                complete(&same) && complete(&previous),
                None,
            ),
        };
        let top = value(&numerator);
        let quotient = match (top, denominator) {
            (Some(top), Some(denominator)) if denominator > 0 => {
                Some(divided(top * factor * 10_i128.pow(10), denominator))
            }
            _ => None,
        };
        let status = numerator.as_ref().map(|figure| figure.status);
        let status = match (top, denominator) {
            (None, _) if matches!(status, Some("overlap" | "suppressed")) => status.unwrap_or_default(),
            (None, _) => "no_numerator",
            (_, None) => "no_own_value",
            (_, Some(denominator)) if denominator <= 0 => "no_denominator",
            _ if !denominator_complete => "partial",
            _ => status.unwrap_or_default(),
        };
        let coverage = numerator.as_ref().map_or((0, None), |figure| figure.coverage);
        Some(Ratio {
            value: quotient,
            status,
            numerator: top,
            denominator,
            complete: complete(&numerator) && denominator_complete,
            negative: numerator.as_ref().is_some_and(|figure| figure.negative),
            coverage,
            numerator_origin: origin(&numerator),
            denominator_origin,
            factor,
        })
    }
}

pub(crate) fn parse(text: &str) -> Period {
    Period::parse(text).expect("a period of ours")
}

fn leak(area: &str) -> &'static str {
    AREAS.into_iter().chain(GROUPS).find(|known| *known == area).expect("a place of ours")
}
