//! When rows hold: `valid_from` inclusive, `valid_to` exclusive; and which of several rows with one key counts.

use std::collections::HashMap;

use jiff::civil::Date;

use super::rows::*;

/// A row that holds from a day to a day.
pub(super) trait Dated {
    fn from(&self) -> Option<Date>;
    fn to(&self) -> Option<Date>;
}

/// A row that a later one with the same key corrects.
pub(super) trait Keyed: Dated {
    /// What the row is about, without its validity.
    fn subject(&self) -> String;
    fn known_from(&self) -> Option<Date>;
}

macro_rules! dated {
    ($($type:ty),+) => {$(
        impl Dated for $type {
            fn from(&self) -> Option<Date> { self.valid_from }
            fn to(&self) -> Option<Date> { self.valid_to }
        }
    )+};
}
dated!(Area, AreaRelation, Group, GroupMember, Target, Reporter);

macro_rules! keyed {
    ($($type:ty: |$row:ident| $subject:expr;)+) => {$(
        impl Keyed for $type {
            fn subject(&self) -> String { let $row = self; $subject }
            fn known_from(&self) -> Option<Date> { self.known_from }
        }
    )+};
}
keyed! {
    Area: |row| row.code.clone();
    AreaRelation: |row| {
        format!("{} {} {}{}", row.child, row.relation.code(), row.parent, only_for(row.indicator.as_deref()))
    };
    Group: |row| row.group_id.clone();
    GroupMember: |row| format!("{} {}{}", row.group_id, row.member, only_for(row.indicator.as_deref()));
    Target: |row| row.target_id.clone();
}

fn only_for(indicator: Option<&str>) -> String {
    indicator.map_or_else(String::new, |indicator| format!(" for {indicator}"))
}

/// Whether a row holds on a day.
pub(super) fn holds(row: &impl Dated, day: Date) -> bool {
    row.from().is_none_or(|from| from <= day) && row.to().is_none_or(|to| day < to)
}

/// The days on which both hold, as (from, to); none if there is no such day.
pub(super) fn overlap(a: Span, b: Span) -> Option<Span> {
    let from = a.0.max(b.0);
    let to = match (a.1, b.1) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    match (from, to) {
        (Some(from), Some(to)) if to <= from => None,
        _ => Some((from, to)),
    }
}

/// A row that a later one with the same id replaces as a whole.
pub(super) trait Replaced {
    fn id(&self) -> &str;
    fn known_from(&self) -> Option<Date>;
}

macro_rules! replaced {
    ($($type:ty: $id:ident;)+) => {$(
        impl Replaced for $type {
            fn id(&self) -> &str { &self.$id }
            fn known_from(&self) -> Option<Date> { self.known_from }
        }
    )+};
}
replaced! {
    Indicator: indicator;
    Reporter: reporter;
    Obligation: obligation;
}

/// Of rows with one id the latest known, with their positions.
pub(super) fn latest<T: Replaced>(rows: &[T]) -> Vec<(usize, &T)> {
    let mut latest: HashMap<&str, usize> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        let slot = latest.entry(row.id()).or_insert(at);
        if row.known_from() >= rows[*slot].known_from() {
            *slot = at;
        }
    }
    let mut kept: Vec<usize> = latest.into_values().collect();
    kept.sort_unstable();
    kept.into_iter().map(|at| (at, &rows[at])).collect()
}

/// From (inclusive) and to (exclusive); none = without bound.
pub(super) type Span = (Option<Date>, Option<Date>);

/// A row's span.
pub(super) fn span(row: &impl Dated) -> Span {
    (row.from(), row.to())
}

/// The rows that count, with their positions: of rows about one subject from one day, the latest known.
pub(super) fn effective<T: Keyed>(rows: &[T]) -> Vec<(usize, &T)> {
    let mut latest: HashMap<(String, Option<Date>), usize> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        let slot = latest.entry((row.subject(), row.from())).or_insert(at);
        if row.known_from() >= rows[*slot].known_from() {
            *slot = at;
        }
    }
    let mut kept: Vec<usize> = latest.into_values().collect();
    kept.sort_unstable();
    kept.into_iter().map(|at| (at, &rows[at])).collect()
}

/// Whether spans together have every day of another.
pub(super) fn covers(spans: &[Span], wanted: Span) -> bool {
    if overlap(wanted, wanted).is_none() {
        return true;
    }
    let mut spans = spans.to_vec();
    spans.sort_unstable_by_key(|span| span.0);
    let mut missing_from = wanted.0;
    for span in spans {
        if overlap(span, (missing_from, wanted.1)).is_none() {
            continue;
        }
        if span.0 > missing_from {
            return false;
        }
        match (span.1, wanted.1) {
            (None, _) => return true,
            (Some(to), Some(end)) if to >= end => return true,
            (to, _) => missing_from = to,
        }
    }
    false
}
