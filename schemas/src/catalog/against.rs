//! Whether a catalog still says what an earlier one said: numbers that were published by a row must stay explainable
//! by it, so a row that was known is never edited; a correction is a new row with a `known_from` of its own.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::Catalog;
use super::load::HEAD;
use super::problem::{Problem, Problems};

/// Files whose rows numbers depend on, and whether a row can say from when on it is known. What ingest asks at the door
/// (scopes, bounds) is judged once, when a report comes, and may be edited.
const KEPT: [(&str, bool); 13] = [
    ("areas.csv", true),
    (BASES, true),
    ("editions.csv", false),
    ("group_members.csv", true),
    ("groups.csv", true),
    ("indicators.csv", true),
    ("moves.csv", true),
    ("obligations.csv", true),
    ("relations.csv", true),
    ("reporters.csv", true),
    ("rules.csv", true),
    ("sources.csv", false),
    ("targets.csv", true),
];
/// In this file `known_from` and `known_to` bound the values that a row is about.
const BASES: &str = "bases.csv";
const KNOWN_FROM: &str = "known_from";
const KNOWN_TO: &str = "known_to";
const LINK: &str = "linked_to";
const LINK_KNOWN_FROM: &str = "linked_known_from";
/// Columns that no number depends on: remarks, and by which name a ratio is asked.
const ASIDE: [&str; 2] = ["note", "answer"];

/// A row's cells by column; empty ones left out, so that a new optional column changes nothing.
type Cells = BTreeMap<String, String>;

impl Catalog {
    /// What this catalog changes of an earlier one that it must not change; `since` is the day on which the earlier
    /// one was first used.
    pub fn edits_of(&self, earlier: &Self, since: Option<Date>) -> Vec<Problem> {
        let mut problems = Problems::default();
        if self.head.id != earlier.head.id {
            problems.add(
                (HEAD, 0),
                "other_catalog",
                format!("this is catalog {}, the earlier one is {}", self.head.id, earlier.head.id),
                "one lake holds one region's numbers under one catalog",
                "compare with an edition of the same catalog",
            );
            return problems.sorted();
        }
        for (file, correctable) in KEPT {
            let (new, old) = (rows(self, file), rows(earlier, file));
            let kept: BTreeSet<&Cells> = new.iter().map(|(_, cells)| cells).collect();
            let known: BTreeSet<&Cells> = old.iter().map(|(_, cells)| cells).collect();
            let gone = old.iter().filter(|(_, cells)| !kept.contains(cells));
            let edited: BTreeSet<u64> = gone
                .filter_map(|(line, cells)| removed((file, correctable), *line, cells, &new, since, &mut problems))
                .collect();
            if correctable {
                let fresh = new.iter().filter(|(line, cells)| !known.contains(cells) && !edited.contains(line));
                fresh.for_each(|(line, cells)| added(file, *line, cells, since, &mut problems));
            }
        }
        problems.sorted()
    }
}

/// A row of the earlier catalog that is no longer there as it was; returns the line of what it was edited into.
fn removed(
    (file, correctable): (&str, bool),
    line: u64,
    cells: &Cells,
    new: &[(u64, Cells)],
    since: Option<Date>,
    problems: &mut Problems,
) -> Option<u64> {
    let differing = |other: &Cells| {
        let names: BTreeSet<_> = cells.keys().chain(other.keys()).collect();
        names.into_iter().filter(|name| cells.get(*name) != other.get(*name)).cloned().collect::<Vec<_>>()
    };
    // The row it has most in common with is what it was edited into, if more than half is the same.
    let edited = new.iter().map(|(at, other)| (differing(other), *at)).min_by_key(|(names, _)| names.len());
    let edited = edited.filter(|(names, _)| names.len() * 2 < cells.len());
    if let Some((names, at)) = &edited
        && file == BASES
        && follows(names, cells, new.iter().find(|(line, _)| line == at).map(|(_, cells)| cells), since)
    {
        return Some(*at);
    }
    let what = match &edited {
        Some((names, _)) => format!("line {line} of the earlier catalog was edited in {}", names.join(", ")),
        None => format!("line {line} of the earlier catalog is gone: {}", shown(cells)),
    };
    let fix = if correctable {
        "put the row back as it was, and add the correction as a new row with its own known_from (a column that may be added)"
    } else {
        "put the row back as it was, and add a row with a name of its own for what is new"
    };
    let why = "numbers were computed by it; asked as of an earlier day they would no longer be the same";
    let at = edited.map(|(_, at)| at);
    problems.add((file, at.unwrap_or(0)), "known_row_changed", what, why, fix);
    at
}

/// Whether a benchmark's row was only ended, or linked, from a day on that has not been computed yet.
fn follows(names: &[String], earlier: &Cells, edited: Option<&Cells>, since: Option<Date>) -> bool {
    let may = |name: &String| [KNOWN_TO, LINK, LINK_KNOWN_FROM].contains(&name.as_str());
    let has = |name: &str| names.iter().any(|other| other == name);
    let known = edited.and_then(|cells| cells.get(LINK_KNOWN_FROM)).and_then(|text| text.parse::<Date>().ok());
    let is_new = !earlier.contains_key(LINK) && known.is_some_and(|day| since.is_none_or(|since| since <= day));
    names.iter().all(may)
        && (!has(KNOWN_TO) || closed(earlier, edited, since))
        && (!(has(LINK) || has(LINK_KNOWN_FROM)) || is_new)
}

/// Whether a benchmark that was open ends by now, for values that nobody knew while the earlier catalog was in use.
fn closed(earlier: &Cells, edited: Option<&Cells>, since: Option<Date>) -> bool {
    let until = edited.and_then(|cells| cells.get(KNOWN_TO)).and_then(|text| text.parse::<Date>().ok());
    !earlier.contains_key(KNOWN_TO) && until.is_some_and(|day| since.is_none_or(|since| since <= day))
}

/// A row that the earlier catalog did not have, in a file whose rows say when they were known.
fn added(file: &str, line: u64, cells: &Cells, since: Option<Date>, problems: &mut Problems) {
    let day = |name: &str| cells.get(name).and_then(|text| text.parse::<Date>().ok());
    let has_link = file == BASES && cells.contains_key(LINK);
    let what = match (day(KNOWN_FROM), since, day(LINK_KNOWN_FROM)) {
        (None, ..) => format!("the new row has no known_from: {}", shown(cells)),
        (Some(day), Some(since), _) if day < since => {
            format!("the new row says it was known from {day}, but the lake was computed without it since {since}")
        }
        (_, _, None) if has_link => format!("the new row has a link and no linked_known_from: {}", shown(cells)),
        (_, Some(since), Some(day)) if has_link && day < since => {
            format!("the new link says it was known from {day}, but the lake was computed without it since {since}")
        }
        _ => return,
    };
    let why = "answers as of a day before the row was written would change";
    let fix = "give it the known_from of the day from which on it is to count";
    problems.add((file, line), "known_from_too_early", what, why, fix);
}

/// The row's first cells, enough to recognise it by.
fn shown(cells: &Cells) -> String {
    cells.iter().take(4).map(|(name, cell)| format!("{name}={cell}")).collect::<Vec<_>>().join(", ")
}

fn heading(catalog: &Catalog, file: &str) -> Vec<String> {
    let text = catalog.files.get(file).map_or("", String::as_str);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    reader.headers().map(|names| names.iter().map(|name| name.trim().to_owned()).collect()).unwrap_or_default()
}

/// A file's rows with their lines.
fn rows(catalog: &Catalog, file: &str) -> Vec<(u64, Cells)> {
    let names = heading(catalog, file);
    let text = catalog.files.get(file).map_or("", String::as_str);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let rows = reader.records().filter_map(Result::ok).map(|record| {
        let cells = names
            .iter()
            .zip(record.iter())
            .filter(|(name, cell)| !ASIDE.contains(&name.as_str()) && !cell.trim().is_empty());
        let cells: Cells = cells.map(|(name, cell)| (name.clone(), cell.trim().to_owned())).collect();
        (record.position().map_or(0, csv::Position::line), cells)
    });
    rows.filter(|(_, cells)| !cells.is_empty()).collect()
}
