//! Areas, groups and relations by code, as the checks need them.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;

use crate::catalog::load::Sheets;
use crate::catalog::rows::GroupMember;
use crate::catalog::span::{Span, covers, effective, span};

/// What holds when, of the rows that count.
pub(super) struct Places<'a> {
    areas: HashMap<&'a str, Vec<Span>>,
    groups: HashMap<&'a str, Vec<Span>>,
    members: HashMap<&'a str, Vec<(Span, &'a GroupMember)>>,
}

impl<'a> Places<'a> {
    pub(super) fn of(sheets: &'a Sheets) -> Self {
        let mut places = Self { areas: HashMap::new(), groups: HashMap::new(), members: HashMap::new() };
        for (_, row) in effective(&sheets.areas.rows) {
            places.areas.entry(&row.code).or_default().push(span(row));
        }
        for (_, row) in effective(&sheets.groups.rows) {
            places.groups.entry(&row.group_id).or_default().push(span(row));
        }
        for (_, row) in effective(&sheets.group_members.rows) {
            places.members.entry(&row.group_id).or_default().push((span(row), row));
        }
        places
    }

    pub(super) fn is_area(&self, code: &str) -> bool {
        self.areas.contains_key(code)
    }

    pub(super) fn is_group(&self, code: &str) -> bool {
        self.groups.contains_key(code)
    }

    pub(super) fn is_place(&self, code: &str) -> bool {
        self.is_area(code) || self.is_group(code)
    }

    pub(super) fn is_place_on(&self, code: &str, day: Date) -> bool {
        let spans = self.areas.get(code).into_iter().chain(self.groups.get(code)).flatten();
        spans.into_iter().any(|span| on(*span, day))
    }

    /// How many members a group has on a day for an indicator.
    pub(super) fn members_on(&self, group: &str, day: Date, indicator: &str) -> usize {
        let of_it = |row: &GroupMember| row.indicator.as_deref().is_none_or(|only| only == indicator);
        let members = self.members.get(group).into_iter().flatten();
        let there = members.filter(|(span, row)| on(*span, day) && of_it(row));
        there.map(|(_, row)| row.member.as_str()).collect::<HashSet<_>>().len()
    }

    pub(super) fn has_members(&self, group: &str) -> bool {
        self.members.contains_key(group)
    }

    /// Whether an area is there on every day of a span.
    pub(super) fn area_throughout(&self, code: &str, wanted: Span) -> bool {
        covers(self.areas.get(code).map(Vec::as_slice).unwrap_or_default(), wanted)
    }

    /// Whether a group is there on every day of a span.
    pub(super) fn group_throughout(&self, group: &str, wanted: Span) -> bool {
        covers(self.groups.get(group).map(Vec::as_slice).unwrap_or_default(), wanted)
    }
}

fn on(span: Span, day: Date) -> bool {
    span.0.is_none_or(|from| from <= day) && span.1.is_none_or(|to| day < to)
}
