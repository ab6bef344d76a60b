//! What one publication changes against another, cell by cell, and why.

use std::collections::{BTreeMap, BTreeSet};

use helan_schemas::catalog::Catalog;
use jiff::civil::Date;

use crate::answers::{Key, Value};
use crate::catalog_rows;
use crate::lineage::{Input, Link};
use crate::rules::Rules;
use crate::same::LaterColumns;

/// Why a cell changed. A closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// An event stands behind it that was not known before.
    NewReport,
    /// An event replaced another for the same area, indicator and period.
    RevisedReport,
    /// An event no longer stands: it was withdrawn, or another reporter's counts.
    WithdrawnReport,
    /// The area lies elsewhere, or a group has other members.
    MovedArea,
    /// The target's row in the catalog is another.
    ChangedTarget,
    /// The SQL behind the answer, or the indicator's row in the catalog, is another.
    ChangedRule,
    /// Something else of the catalog changed, such as a name, a basis, a precedence or a due date.
    ChangedCatalog,
    /// Only time has passed: a period ended or a report fell due.
    PassedTime,
}

impl Cause {
    /// Its name in `publication_changes`.
    pub fn code(self) -> &'static str {
        match self {
            Self::NewReport => "new_report",
            Self::RevisedReport => "revised_report",
            Self::WithdrawnReport => "withdrawn_report",
            Self::MovedArea => "moved_area",
            Self::ChangedTarget => "changed_target",
            Self::ChangedRule => "changed_rule",
            Self::ChangedCatalog => "changed_catalog",
            Self::PassedTime => "passed_time",
        }
    }

    /// What it says to a reader: Chinese, English.
    pub fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::NewReport => ("新报送", "a new report"),
            Self::RevisedReport => ("修订报送", "a revised report"),
            Self::WithdrawnReport => ("报送撤销或不再采用", "a report was withdrawn or no longer counts"),
            Self::MovedArea => ("地区归属或组成员变动", "an area moved, or a group has other members"),
            Self::ChangedTarget => ("目标变动", "the target changed"),
            Self::ChangedRule => ("口径或规则变动", "a rule changed"),
            Self::ChangedCatalog => ("目录其他变动", "something else of the catalog changed"),
            Self::PassedTime => ("时间推移", "time passed"),
        }
    }
}

/// One cell that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub(crate) key: Key,
    /// In units of 10⁻¹⁰.
    pub value_before: Option<i128>,
    /// In units of 10⁻¹⁰.
    pub value_after: Option<i128>,
    /// Status or verdict; none where the cell was not there.
    pub status_before: Option<String>,
    /// Status or verdict; none where the cell is gone.
    pub status_after: Option<String>,
    /// Why, in the order of the list; never empty.
    pub causes: Vec<Cause>,
    /// Events behind it before and no longer: source and id.
    pub events_before: Vec<(String, String)>,
    /// Events behind it now and not before: source and id.
    pub events_after: Vec<(String, String)>,
}

impl Change {
    /// changed, added or removed.
    pub fn kind(&self) -> &'static str {
        match (&self.status_before, &self.status_after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        }
    }

    /// Which view: that of a ratio which the catalog names, ratios (every other), quota_fulfilment, area_values.
    pub fn answer(&self) -> &str {
        &self.key.answer
    }

    /// The target, in quota_fulfilment.
    pub fn target_id(&self) -> Option<&str> {
        self.key.target_id.as_deref()
    }

    /// Area or group, indicator, time period.
    pub fn cell(&self) -> (&str, &str, &str) {
        (&self.key.ref_area, &self.key.indicator, &self.key.time_period)
    }
}

/// One side of a comparison: what is frozen, and by what it was computed.
#[derive(Clone)]
pub(crate) struct Side<'s> {
    pub(crate) values: &'s [Value],
    pub(crate) inputs: &'s [Input],
    pub(crate) links: &'s [Link],
    pub(crate) catalog: &'s Catalog,
    /// The day of T in the catalog's time zone.
    pub(crate) day: Date,
    pub(crate) rules: &'s Rules,
}

/// Every cell whose value, status or detail differs, in the order of the keys.
pub(crate) fn compare(before: &Side<'_>, after: &Side<'_>) -> Vec<Change> {
    let by_key = |side: &Side<'_>| -> BTreeMap<Key, Value> {
        side.values.iter().map(|value| (value.key.clone(), value.clone())).collect()
    };
    let (old, new) = (by_key(before), by_key(after));
    let why = Why::new(before, after);
    let keys: BTreeSet<&Key> = old.keys().chain(new.keys()).collect();
    let later = if before.rules == after.rules {
        LaterColumns::none()
    } else {
        LaterColumns::between(before.values, after.values)
    };
    let mut changes = Vec::new();
    for key in keys {
        let (was, is) = (old.get(key), new.get(key));
        let agree = was.zip(is).is_some_and(|(was, is)| later.agree(was, is));
        if agree {
            continue;
        }
        let (causes, events_before, events_after) = why.of(key);
        changes.push(Change {
            key: key.clone(),
            value_before: was.and_then(|value| value.value),
            value_after: is.and_then(|value| value.value),
            status_before: was.map(|value| value.status.clone()),
            status_after: is.map(|value| value.status.clone()),
            causes,
            events_before,
            events_after,
        });
    }
    changes
}

type Id = (String, String);

/// An event behind a cell: what it is about, and the ways by which it got there.
#[derive(Default)]
struct Behind {
    about: (String, String, String),
    ways: BTreeSet<String>,
}

struct Why<'s> {
    before: &'s Side<'s>,
    after: &'s Side<'s>,
    links_before: BTreeMap<&'s Key, BTreeMap<Id, Behind>>,
    links_after: BTreeMap<&'s Key, BTreeMap<Id, Behind>>,
    ids_before: BTreeSet<(&'s str, &'s str)>,
    ids_after: BTreeSet<(&'s str, &'s str)>,
    /// Rows of a catalog file that stand on one side only.
    differing: BTreeMap<&'static str, BTreeSet<catalog_rows::Cells>>,
    /// Who sent an event: by source and id, on either side.
    reporters: BTreeMap<(&'s str, &'s str), &'s str>,
}

impl<'s> Why<'s> {
    fn new(before: &'s Side<'s>, after: &'s Side<'s>) -> Self {
        let links = |side: &'s Side<'s>| {
            let mut out: BTreeMap<&Key, BTreeMap<Id, Behind>> = BTreeMap::new();
            for link in side.links {
                let id = (link.source.clone(), link.id.clone());
                let behind = out.entry(&link.key).or_default().entry(id).or_default();
                behind.about = (link.input_area.clone(), link.input_indicator.clone(), link.input_period.clone());
                behind.ways.insert(link.via.clone());
            }
            out
        };
        let ids = |side: &'s Side<'s>| side.inputs.iter().map(|input| (&*input.source, &*input.id)).collect();
        let files =
            ["relations.csv", "group_members.csv", "groups.csv", "targets.csv", "indicators.csv", "reporters.csv"];
        let differing = files.map(|file| {
            let (old, new) = (
                catalog_rows::known(before.catalog, file, before.day),
                catalog_rows::known(after.catalog, file, after.day),
            );
            (file, old.symmetric_difference(&new).cloned().collect())
        });
        Self {
            links_before: links(before),
            links_after: links(after),
            ids_before: ids(before),
            ids_after: ids(after),
            differing: differing.into(),
            reporters: before
                .inputs
                .iter()
                .chain(after.inputs)
                .map(|it| ((&*it.source, &*it.id), &*it.reporter))
                .collect(),
            before,
            after,
        }
    }

    fn of(&self, key: &Key) -> (Vec<Cause>, Vec<Id>, Vec<Id>) {
        let nothing = BTreeMap::new();
        let old = self.links_before.get(key).unwrap_or(&nothing);
        let new = self.links_after.get(key).unwrap_or(&nothing);
        let gone: Vec<&Id> = old.keys().filter(|id| !new.contains_key(*id)).collect();
        let come: Vec<&Id> = new.keys().filter(|id| !old.contains_key(*id)).collect();
        let mut causes = BTreeSet::new();
        for id in &come {
            let replaced = gone.iter().find(|other| old[**other].about == new[*id].about);
            let moved = self.ids_before.contains(&(&*id.0, &*id.1)) && replaced.is_none();
            causes.insert(match (moved, replaced) {
                (true, _) => Cause::MovedArea,
                (_, Some(other)) if self.precedence_changed(id, other) => Cause::ChangedCatalog,
                (_, Some(_)) => Cause::RevisedReport,
                _ => Cause::NewReport,
            });
        }
        for id in &gone {
            let replaced = come.iter().any(|other| new[*other].about == old[*id].about);
            if !replaced {
                let moved = self.ids_after.contains(&(&*id.0, &*id.1));
                causes.insert(if moved { Cause::MovedArea } else { Cause::WithdrawnReport });
            }
        }
        // An event counted elsewhere is a move only if the catalog moved something; else reports shifted it.
        if !self.places_moved() && causes.remove(&Cause::MovedArea) {
            causes.insert(Cause::RevisedReport);
        }
        if self.places_moved()
            && (self.moved(key) || old.iter().any(|(id, was)| new.get(id).is_some_and(|is| is.ways != was.ways)))
        {
            causes.insert(Cause::MovedArea);
        }
        if let Some(target) = &key.target_id
            && self.differs("targets.csv", &["target_id"], &[target])
        {
            causes.insert(Cause::ChangedTarget);
        }
        let rule = |side: &'s Side<'s>| side.rules.get(&key.answer);
        if rule(self.before) != rule(self.after) || self.differs("indicators.csv", &["indicator"], &[&key.indicator]) {
            causes.insert(Cause::ChangedRule);
        }
        if causes.is_empty() {
            let catalog = |side: &Side<'_>| catalog_rows::digest(side.catalog, side.day);
            causes.insert(if catalog(self.before) == catalog(self.after) {
                Cause::PassedTime
            } else {
                Cause::ChangedCatalog
            });
        }
        let list = |ids: Vec<&Id>| ids.into_iter().cloned().collect();
        (causes.into_iter().collect(), list(gone), list(come))
    }

    fn places_moved(&self) -> bool {
        ["relations.csv", "group_members.csv", "groups.csv"].iter().any(|file| !self.differing[file].is_empty())
    }

    /// Whether a relation or a membership of the cell's own area or group differs.
    fn moved(&self, key: &Key) -> bool {
        let area = [&*key.ref_area];
        self.differs("relations.csv", &["child", "parent"], &area)
            || self.differs("group_members.csv", &["group_id", "member"], &area)
            || self.differs("groups.csv", &["group_id"], &area)
    }

    /// Whether another reporter's event counts now because the catalog says something else of either reporter.
    fn precedence_changed(&self, now: &Id, before: &Id) -> bool {
        let of = |id: &Id| self.reporters.get(&(&*id.0, &*id.1)).copied();
        match (of(now), of(before)) {
            (Some(now), Some(before)) => now != before && self.differs("reporters.csv", &["reporter"], &[now, before]),
            _ => false,
        }
    }

    fn differs(&self, file: &str, columns: &[&str], values: &[&str]) -> bool {
        catalog_rows::concerns(&self.differing[file], columns, values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_rule_is_blamed_for_its_own_answer_only() {
        let value = |answer: &str, value: i128| Value {
            key: Key {
                answer: answer.to_owned(),
                target_id: None,
                ref_area: "640000".to_owned(),
                indicator: "gdp".to_owned(),
                time_period: "2018".to_owned(),
            },
            value: Some(value),
            status: "reported".to_owned(),
            detail: value.to_string(),
        };
        let catalog = Catalog::embedded();
        let (old, new) = (Rules::of(&catalog), Rules::of(&catalog).with("ratios", "another rule"));
        let values = |digit| [value("area_values", digit), value("ratios", digit)];
        let (one, two) = (values(1), values(2));
        let day = jiff::civil::date(2026, 11, 28);
        let side = Side { values: &one, inputs: &[], links: &[], catalog: &catalog, day, rules: &old };
        let (before, after) = (side.clone(), Side { values: &two, rules: &new, ..side });
        let changes = compare(&before, &after);
        let causes: Vec<_> = changes.iter().map(|change| (change.answer(), change.causes.clone())).collect();
        assert_eq!(causes, [("area_values", vec![Cause::PassedTime]), ("ratios", vec![Cause::ChangedRule])]);
    }
}
