//! From a CSV file's text to rows: strict headings, lenient about what spreadsheets do to a file (a byte order mark,
//! CRLF, `TRUE`, `2018/1/1`, blank lines), and every wrong cell named.

mod cell;

use std::collections::HashMap;

use self::cell::Cell;
use super::codes::Language;
use super::problem::Problems;
use super::rows::*;

/// The rows of one file, each with its line.
pub(super) struct Sheet<T> {
    pub(super) rows: Vec<T>,
    pub(super) lines: Vec<u64>,
}

impl<T: Row> Sheet<T> {
    /// The rows with their places, for problems.
    pub(super) fn iter(&self) -> impl Iterator<Item = ((&'static str, u64), &T)> {
        self.lines.iter().map(|line| (T::FILE, *line)).zip(&self.rows)
    }
}

/// A row type: its file and its columns.
pub(super) trait Row: Sized {
    const FILE: &'static str;
    /// Whether a catalog can do without the file.
    const MAY_LACK_FILE: bool;
    /// Columns that the heading must have.
    const COLUMNS: &'static [&'static str];
    /// Columns that may be left out.
    const OPTIONAL: &'static [&'static str];
    /// Reads one line; a cell that is wrong becomes a problem and the row none.
    fn read(cells: &mut Cells<'_>) -> Option<Self>;
}

macro_rules! row {
    ($type:ident, $file:literal, $lack:literal, [$($field:ident),+ $(,)?], [$($optional:ident),* $(,)?]) => {
        impl Row for $type {
            const FILE: &'static str = $file;
            const MAY_LACK_FILE: bool = $lack;
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),+];
            const OPTIONAL: &'static [&'static str] = &[$(stringify!($optional)),*];
            fn read(cells: &mut Cells<'_>) -> Option<Self> {
                $(let $field = cells.take(stringify!($field), false);)+
                $(let $optional = cells.take(stringify!($optional), true);)*
                Some(Self { $($field: $field?,)+ $($optional: $optional?),* })
            }
        }
    };
}

row!(Area, "areas.csv", false, [code, scheme, level, name_zh, name_en, valid_from, valid_to, known_from], [note]);
row!(
    AreaRelation,
    "relations.csv",
    true,
    [child, parent, relation, valid_from, valid_to, known_from],
    [note, indicator]
);
row!(
    Group,
    "groups.csv",
    true,
    [group_id, name_zh, name_en, membership, overlap, valid_from, valid_to, known_from],
    [note]
);
row!(GroupMember, "group_members.csv", true, [group_id, member, valid_from, valid_to, known_from], [indicator]);
row!(
    Indicator,
    "indicators.csv",
    false,
    [indicator, name_zh, name_en, kind, unit, unit_zh, unit_en, over_areas, over_time, decimals, attribution],
    [
        numerator,
        denominator,
        factor,
        denominator_date,
        min,
        max,
        coverage_by,
        member_of,
        note,
        known_from,
        rounding,
        answer
    ]
);
row!(
    Basis,
    "bases.csv",
    true,
    [basis, indicator, name_zh, name_en, period_from, period_to, known_from, known_to],
    [note, linked_to, linked_known_from, ref_area]
);
row!(Edition, "editions.csv", true, [edition, series, published], [name_zh, name_en, note]);
row!(
    Target,
    "targets.csv",
    true,
    [
        target_id,
        kind,
        name_zh,
        name_en,
        ref_area,
        indicator,
        unit_text,
        target_value,
        unit_mult,
        comparator,
        strength,
        time_period,
        section,
        phrase,
        verb,
        valid_from,
        valid_to,
        known_from
    ],
    [alt_comparator, tolerance, parent, same_as, note]
);
row!(
    Reporter,
    "reporters.csv",
    true,
    [reporter, name_zh, name_en, kind, precedence, may_back_date, may_estimate, valid_from, valid_to],
    [note, known_from, charset, topic]
);
row!(Source, "sources.csv", true, [source, reporter, demo], [note]);
row!(Scope, "scopes.csv", true, [reporter, ref_area, indicator], []);
row!(
    Obligation,
    "obligations.csv",
    true,
    [obligation, reporter, ref_area, indicator, frequency, due_after],
    [first_period, last_period, known_from]
);
row!(Bound, "bounds.csv", true, [indicator, ref_area], [min, max, note]);
row!(
    Rule,
    "rules.csv",
    true,
    [rule, check, indicator, severity],
    [ref_area, parts, low, high, tolerance, message_zh, message_en, known_from, note, places]
);

row!(
    Move,
    "moves.csv",
    true,
    [part, from_area, to_area, day],
    [indicator, time_period, share, value, known_from, name_zh, name_en, note]
);

/// Every file with its columns, for the guide's test.
#[cfg(test)]
pub(super) fn columns() -> Vec<(&'static str, Vec<&'static str>)> {
    fn of<T: Row>() -> (&'static str, Vec<&'static str>) {
        (T::FILE, [T::COLUMNS, T::OPTIONAL].concat())
    }
    vec![
        of::<Area>(),
        of::<AreaRelation>(),
        of::<Group>(),
        of::<GroupMember>(),
        of::<Indicator>(),
        of::<Basis>(),
        of::<Edition>(),
        of::<Target>(),
        of::<Reporter>(),
        of::<Source>(),
        of::<Scope>(),
        of::<Obligation>(),
        of::<Bound>(),
        of::<Rule>(),
        of::<Move>(),
    ]
}

/// One line's cells by column.
pub(super) struct Cells<'a> {
    place: (&'static str, u64),
    columns: &'a HashMap<&'static str, usize>,
    record: &'a csv::StringRecord,
    language: Option<Language>,
    problems: &'a mut Problems,
}

/// The column that stands for one which the catalog's language leaves out: names in the one language are those in both.
fn other_language(column: &str, language: Option<Language>) -> Option<String> {
    match language? {
        Language::En => column.strip_suffix("_zh").map(|name| format!("{name}_en")),
        Language::Zh => column.strip_suffix("_en").map(|name| format!("{name}_zh")),
    }
}

impl Cells<'_> {
    fn take<C: Cell>(&mut self, column: &'static str, may_be_empty: bool) -> Option<C> {
        let cell = |column: &str| self.columns.get(column).and_then(|at| self.record.get(*at)).unwrap_or("").trim();
        let other = other_language(column, self.language);
        let text = match (cell(column), &other) {
            ("", Some(other)) => cell(other),
            (text, _) => text,
        };
        if text.is_empty() && !may_be_empty && !C::EMPTY {
            // It is said once, of the column in the catalog's language.
            if other.is_some() {
                return None;
            }
            self.problems.add(
                self.place,
                "empty_cell",
                format!("{column} is empty"),
                "the row says nothing without it",
                format!("write {}", C::expected()),
            );
            return None;
        }
        let cell = C::parse(text);
        if cell.is_none() {
            self.problems.add(
                self.place,
                "bad_cell",
                format!("{column} is {text:?}"),
                format!("it must be {}", C::expected()),
                format!("write {}", C::expected()),
            );
        }
        cell
    }
}

/// Reads one file's text. A heading that is wrong ends it; a row that is wrong does not.
pub(super) fn read<T: Row>(text: &str, language: Option<Language>, problems: &mut Problems) -> Sheet<T> {
    let mut sheet = Sheet { rows: Vec::new(), lines: Vec::new() };
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.records();
    let columns = match records.next() {
        Some(Ok(heading)) => read_heading::<T>(&heading, language, problems),
        _ => read_heading::<T>(&csv::StringRecord::new(), language, problems),
    };
    let Some((columns, width)) = columns else { return sheet };
    for record in records {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                let fix = "save the file again as CSV in UTF-8";
                problems.add((T::FILE, line), "bad_csv", error.to_string(), "the line cannot be read", fix);
                continue;
            }
        };
        let place = (T::FILE, record.position().map_or(0, csv::Position::line));
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if record.len() < width || record.iter().skip(width).any(|cell| !cell.trim().is_empty()) {
            problems.add(
                place,
                "row_length",
                format!("the row has {} cells, the heading {width}", record.len()),
                "cells can then stand under the wrong heading",
                "look for a comma or a line break in a cell without quotes, or a quote that is never closed",
            );
            continue;
        }
        if let Some(row) = T::read(&mut Cells { place, columns: &columns, record: &record, language, problems }) {
            sheet.rows.push(row);
            sheet.lines.push(place.1);
        }
    }
    sheet
}

/// Where each known column stands, and how many cells a row has.
fn read_heading<T: Row>(
    heading: &csv::StringRecord,
    language: Option<Language>,
    problems: &mut Problems,
) -> Option<(HashMap<&'static str, usize>, usize)> {
    let (place, before) = ((T::FILE, 1), problems.0.len());
    let names: Vec<&str> = heading.iter().map(str::trim).collect();
    if names.len() == 1 && names[0].contains([';', '\t']) {
        let fix = "save it as CSV with commas, not as text with semicolons or tabs";
        problems.add(place, "heading", "the columns are not separated by commas", "the file has one column", fix);
        return None;
    }
    let width = names.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
    let mut columns = HashMap::new();
    for (at, name) in names[..width].iter().enumerate() {
        match T::COLUMNS.iter().chain(T::OPTIONAL).find(|column| *column == name) {
            None => problems.add(
                place,
                "heading",
                format!("column {name:?} is not known"),
                "what stands in it would be ignored",
                format!("remove it, or take one of {}", [T::COLUMNS, T::OPTIONAL].concat().join(", ")),
            ),
            Some(column) => {
                if columns.insert(*column, at).is_some() {
                    let why = "two cells of one row would contradict each other";
                    problems.add(place, "heading", format!("column {name:?} stands twice"), why, "remove one");
                }
            }
        }
    }
    let may_lack = |column: &str| other_language(column, language).is_some();
    for column in T::COLUMNS.iter().filter(|column| !columns.contains_key(*column) && !may_lack(column)) {
        let why = "every row needs it";
        problems.add(place, "heading", format!("column {column:?} is missing"), why, "add the column");
    }
    (problems.0.len() == before).then_some((columns, width))
}
