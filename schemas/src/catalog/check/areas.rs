//! `areas.csv`, `relations.csv`, `groups.csv`, `group_members.csv`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::indicators::by_id;
use super::places::Places;
use super::{dangling, dated, id};
use crate::catalog::codes::*;
use crate::catalog::load::Sheets;
use crate::catalog::problem::Problems;
use crate::catalog::rows::*;
use crate::catalog::span::{Span, effective, overlap, span};

/// Levels of the tree, the region's included.
const MAX_LEVELS: usize = 5;

pub(super) fn check(head: &Head, sheets: &Sheets, places: &Places<'_>, problems: &mut Problems) {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    for (at, row) in sheets.areas.iter() {
        id(at, "code", &row.code, allowed, "letters, digits, hyphen, point and underscore", problems);
    }
    dated(&sheets.areas, problems);
    relations(head, sheets, places, problems);
    tree(sheets, problems);
    groups(sheets, places, problems);
}

fn relations(head: &Head, sheets: &Sheets, places: &Places<'_>, problems: &mut Problems) {
    dated(&sheets.relations, problems);
    let indicators = by_id(sheets);
    let unknown = |indicator: &Option<String>| indicator.clone().filter(|id| !indicators.contains_key(id.as_str()));
    for (at, row) in sheets.group_members.iter() {
        if let Some(indicator) = unknown(&row.indicator) {
            dangling(at, "indicator", &indicator, "indicators.csv", problems);
        }
    }
    for (at, row) in sheets.relations.iter() {
        if let Some(indicator) = unknown(&row.indicator) {
            dangling(at, "indicator", &indicator, "indicators.csv", problems);
        }
        for (column, code) in [("child", &row.child), ("parent", &row.parent)] {
            if !places.is_area(code) {
                dangling(at, column, code, "areas.csv", problems);
            } else if !places.area_throughout(code, span(row)) {
                let what = format!("{column} {code} is not there on every day on which the relation holds");
                let fix =
                    "take valid_from and valid_to from the area's own rows; two names of one code are two rows there";
                problems.add(at, "not_there_then", what, "an area cannot lie where it is not", fix);
            }
        }
        if row.child == head.region {
            let what = format!("the region {} lies in {}", row.child, row.parent);
            let fix = "remove the row, or name the outermost area as region in catalog.toml";
            problems.add(at, "region_is_no_root", what, "the region is the root: nothing is rolled up beyond it", fix);
        }
    }
    let children: HashSet<&str> = sheets.relations.rows.iter().map(|row| row.child.as_str()).collect();
    let mut seen = HashSet::new();
    // Without a root that holds, every area would be blamed for it.
    if !places.is_area(&head.region) || children.contains(head.region.as_str()) {
        return;
    }
    for (at, row) in sheets.areas.iter() {
        if row.code != head.region && !children.contains(row.code.as_str()) && seen.insert(&row.code) {
            let what = format!("{} lies in no other area", row.code);
            let fix = "add a row to relations.csv: part_of if it counts upward, within if it does not";
            problems.add(at, "lies_nowhere", what, "its figures would never appear under the region", fix);
        }
    }
}

/// One step upward: where it stands, what it is, when it holds.
struct Step<'a> {
    line: u64,
    row: &'a AreaRelation,
    span: Span,
}

fn tree(sheets: &Sheets, problems: &mut Problems) {
    let file = "relations.csv";
    let mut up: BTreeMap<&str, Vec<Step<'_>>> = BTreeMap::new();
    for (at, row) in effective(&sheets.relations.rows) {
        let step = Step { line: sheets.relations.lines[at], row, span: span(row) };
        up.entry(&row.child).or_default().push(step);
    }
    for steps in up.values() {
        let parts: Vec<_> = steps.iter().filter(|step| step.row.relation.counts()).collect();
        for (at, step) in parts.iter().enumerate() {
            // For an indicator that neither row names, only rows without one hold.
            let both_hold = |other: &Step<'_>| {
                let (a, b) = (&other.row.indicator, &step.row.indicator);
                a.is_none() || b.is_none() || a == b
            };
            let rival = |other: &&&Step<'_>| {
                other.row.parent != step.row.parent && both_hold(other) && overlap(other.span, step.span).is_some()
            };
            if let Some(other) = parts[..at].iter().find(rival) {
                let Step { line, row, .. } = step;
                let what = format!(
                    "{} is part_of {} and, by line {}, of {}",
                    row.child, row.parent, other.line, other.row.parent
                );
                let fix = "end the older relation (valid_to) when the newer begins, or make one of them within";
                problems.add((file, *line), "two_parents", what, "its figures would be counted twice", fix);
            }
        }
    }
    let mut cycles = BTreeSet::new();
    for steps in up.values() {
        for step in steps {
            let mut path = vec![step.row.child.as_str()];
            climb(&up, step, step.span, &mut path, &mut cycles, problems, step.row.relation.counts());
        }
    }
}

fn climb<'a>(
    up: &BTreeMap<&str, Vec<Step<'a>>>,
    step: &Step<'a>,
    holds: Span,
    path: &mut Vec<&'a str>,
    cycles: &mut BTreeSet<Vec<&'a str>>,
    problems: &mut Problems,
    parts_only: bool,
) {
    let parent = step.row.parent.as_str();
    if let Some(start) = path.iter().position(|code| *code == parent) {
        let mut cycle = path[start..].to_vec();
        let shown = format!("{} lies in itself: {} → {parent}", parent, cycle.join(" → "));
        cycle.sort_unstable();
        if cycles.insert(cycle) {
            let why = "its figures would go round for ever";
            let fix = "remove the relation that points downward";
            problems.add(("relations.csv", step.line), "cycle", shown, why, fix);
        }
        return;
    }
    path.push(parent);
    if parts_only && path.len() == MAX_LEVELS + 1 {
        let what = format!("{} lies {MAX_LEVELS} steps below {parent}: {}", path[0], path.join(" → "));
        let why = format!("roll-ups go through at most {MAX_LEVELS} levels, the region's included");
        problems.add(("relations.csv", step.line), "too_deep", what, why, "leave out a level");
    } else {
        for next in up.get(parent).into_iter().flatten() {
            if let Some(both) = overlap(next.span, holds) {
                climb(up, next, both, path, cycles, problems, parts_only && next.row.relation.counts());
            }
        }
    }
    path.pop();
}

fn groups(sheets: &Sheets, places: &Places<'_>, problems: &mut Problems) {
    dated(&sheets.groups, problems);
    dated(&sheets.group_members, problems);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'+');
    let mut listed = HashMap::new();
    for (at, row) in sheets.groups.iter() {
        id(at, "group_id", &row.group_id, allowed, "letters, digits, hyphen, plus, point and underscore", problems);
        listed.insert(row.group_id.as_str(), row.membership);
        if places.is_area(&row.group_id) {
            let what = format!("group_id {:?} is an area's code too", row.group_id);
            let fix = "give the group a name of its own";
            problems.add(at, "duplicate", what, "events and targets name areas and groups in one column", fix);
        }
        let why = "a listed group is the areas that are listed for it";
        match (row.membership, places.has_members(&row.group_id)) {
            (Membership::Listed, false) => {
                let what = format!("group {} is listed, but has no members", row.group_id);
                let fix = "add its members to group_members.csv, or say open";
                problems.add(at, "group_members", what, why, fix);
            }
            (Membership::Open, true) => {
                let what = format!("group {} is open, but has members", row.group_id);
                problems.add(at, "group_members", what, why, "say listed, or remove them from group_members.csv");
            }
            _ => {}
        }
    }
    for (at, row) in sheets.group_members.iter() {
        if !listed.contains_key(row.group_id.as_str()) {
            dangling(at, "group_id", &row.group_id, "groups.csv", problems);
        } else if !places.group_throughout(&row.group_id, span(row)) {
            let what =
                format!("group {} is not there on every day on which {} is its member", row.group_id, row.member);
            let fix = "take valid_from and valid_to from the group's row";
            problems.add(at, "not_there_then", what, "a member belongs to a group only while it is there", fix);
        }
        if !places.is_area(&row.member) {
            dangling(at, "member", &row.member, "areas.csv", problems);
        } else if !places.area_throughout(&row.member, span(row)) {
            let what = format!("member {} is not there on every day on which it belongs to the group", row.member);
            let fix = "take valid_from and valid_to from the area's row";
            problems.add(at, "not_there_then", what, "k of n would count an area that is not there", fix);
        }
    }
}
