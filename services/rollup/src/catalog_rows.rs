//! Rows of a catalog's files as of a moment: what of the catalog a publication used.

use std::collections::{BTreeMap, BTreeSet};

use helan_schemas::catalog::Catalog;
use helan_schemas::digest::sha256_hex;
use jiff::civil::Date;

/// The files whose rows turn numbers. What senders may send (scopes, sources, bounds) does not.
const USED: [&str; 9] = [
    "areas.csv",
    "bases.csv",
    "group_members.csv",
    "groups.csv",
    "indicators.csv",
    "obligations.csv",
    "relations.csv",
    "reporters.csv",
    "targets.csv",
];

/// Files that came later: a catalog that has no row of them is named as it was before.
const USED_SINCE: [&str; 1] = ["editions.csv"];

/// A row's cells by column; empty ones left out, so that a column that is added, or moved, changes nothing.
pub(crate) type Cells = BTreeMap<String, String>;

/// The rows of one file that are known on a day.
pub(crate) fn known(catalog: &Catalog, file: &str, day: Date) -> BTreeSet<Cells> {
    let Some(content) = catalog.files.get(file) else { return BTreeSet::new() };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(content.as_bytes());
    let names = reader.headers().cloned().unwrap_or_default();
    let cells = |row: csv::StringRecord| -> Cells {
        let cells = names.iter().zip(row.iter()).map(|(name, cell)| (name.trim().to_owned(), cell.trim().to_owned()));
        // How a sender writes its files turns no number; under which name a ratio is published, the values say themselves.
        let aside = |name: &str| ["charset", "answer"].contains(&name);
        cells.filter(|(name, cell)| !cell.is_empty() && !aside(name)).collect()
    };
    let is_known = |row: &Cells| {
        // In bases.csv the column bounds what the values were known by; rows of it hold from the first day.
        let stated = match file {
            // An edition counts from the day on which it came out.
            "editions.csv" => row.get("published"),
            "bases.csv" => None,
            _ => row.get("known_from"),
        };
        stated.and_then(|text| text.parse::<Date>().ok()).is_none_or(|from| from <= day)
    };
    let linked = |mut row: Cells| {
        // A link counts from the day from which on it is known.
        let from = row.get("linked_known_from").and_then(|text| text.parse::<Date>().ok());
        if file == "bases.csv" && from.is_some_and(|from| from > day) {
            row.remove("linked_known_from");
            row.remove("linked_to");
        }
        row
    };
    let rows = reader.records().filter_map(Result::ok).map(cells).map(linked);
    rows.filter(|row| !row.is_empty() && is_known(row)).collect()
}

/// SHA-256 over the rows that are known on a day, and over the catalog's head.
pub(crate) fn digest(catalog: &Catalog, day: Date) -> String {
    let head = catalog.files.get("catalog.toml").map_or("", String::as_str);
    // How offices write numbers decides what ingest takes, not what is computed from it.
    let head: String = head.split_inclusive('\n').filter(|line| !line.starts_with("decimal_mark")).collect();
    let mut parts: Vec<Vec<u8>> = vec![head.into()];
    let of_files = USED.into_iter().map(|file| (file, known(catalog, file, day)));
    let of_later = USED_SINCE.into_iter().map(|file| (file, known(catalog, file, day)));
    for (file, rows) in of_files.chain(of_later.filter(|(_, rows)| !rows.is_empty())) {
        parts.push(file.into());
        parts.extend(rows.into_iter().map(|row| {
            let cells: Vec<String> = row.into_iter().map(|(name, cell)| format!("{name}\u{1f}{cell}")).collect();
            cells.join("\u{1e}").into_bytes()
        }));
    }
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    sha256_hex(&parts)
}

/// Whether some row has one of the values in one of the columns.
pub(crate) fn concerns(rows: &BTreeSet<Cells>, columns: &[&str], values: &[&str]) -> bool {
    let has = |row: &Cells, column: &str| row.get(column).is_some_and(|cell| values.contains(&cell.as_str()));
    rows.iter().any(|row| columns.iter().any(|column| has(row, column)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_not_known_yet_changes_nothing() {
        let before = Catalog::embedded();
        let mut after = Catalog::embedded();
        let relations = after.files.get_mut("relations.csv").expect("the file");
        relations.push_str("NX-ND,640000,within,,,2020-01-01,a correction\n");
        let day = |text: &str| text.parse::<Date>().expect("a day");
        assert_eq!(digest(&before, day("2019-12-31")), digest(&after, day("2019-12-31")));
        assert_ne!(digest(&before, day("2020-01-01")), digest(&after, day("2020-01-01")));
    }

    #[test]
    fn an_edition_counts_from_the_day_on_which_it_came_out() {
        let (before, mut after) = (Catalog::embedded(), Catalog::embedded());
        after
            .files
            .insert("editions.csv".to_owned(), "edition,series,published\n2020,yearbook,2020-01-01\n".to_owned());
        let day = |text: &str| text.parse::<Date>().expect("a day");
        assert_eq!(digest(&before, day("2019-12-31")), digest(&after, day("2019-12-31")));
        assert_ne!(digest(&before, day("2020-01-01")), digest(&after, day("2020-01-01")));
    }

    #[test]
    fn a_link_counts_from_the_day_from_which_on_it_is_known() {
        let (before, mut after) = (Catalog::embedded(), Catalog::embedded());
        let bases = after.files.get_mut("bases.csv").expect("the file");
        let linked = |(at, line): (usize, &str)| match at {
            0 => format!("{line},linked_known_from\n"),
            1 => format!("{line}economic-census-4,2020-01-01\n"),
            _ => format!("{line},\n"),
        };
        *bases = bases.lines().enumerate().map(linked).collect();
        let day = |text: &str| text.parse::<Date>().expect("a day");
        assert_eq!(digest(&before, day("2019-12-31")), digest(&after, day("2019-12-31")));
        assert_ne!(digest(&before, day("2020-01-01")), digest(&after, day("2020-01-01")));
    }

    #[test]
    fn how_senders_write_changes_nothing() {
        let (before, mut after) = (Catalog::embedded(), Catalog::embedded());
        let head = after.files.get_mut("catalog.toml").expect("the file");
        assert!(head.contains("decimal_mark = \".\"\n"));
        *head = head.replace("decimal_mark = \".\"\n", "");
        let reporters = after.files.get_mut("reporters.csv").expect("the file");
        let added = |(at, line): (usize, &str)| format!("{line},{}\n", if at == 0 { "charset" } else { "gb18030" });
        *reporters = reporters.lines().enumerate().map(added).collect();
        let day = "2019-12-31".parse::<Date>().expect("a day");
        assert_eq!(digest(&before, day), digest(&after, day));
    }

    #[test]
    fn an_optional_column_that_is_added_changes_nothing() {
        let (mut before, mut after) = (Catalog::embedded(), Catalog::embedded());
        let reporters = before.files.get_mut("reporters.csv").expect("the file");
        let without_last = |line: &str| line.rsplit_once(',').expect("columns").0.to_owned() + "\n";
        assert!(reporters.lines().next().is_some_and(|heading| heading.ends_with(",known_from")));
        *reporters = reporters.lines().map(without_last).collect();
        let reporters = after.files.get_mut("reporters.csv").expect("the file");
        reporters.push_str("yinchuan,银川市,Yinchuan,city,5,false,false,,,,2020-01-01\n");
        let day = |text: &str| text.parse::<Date>().expect("a day");
        assert_eq!(digest(&before, day("2019-12-31")), digest(&after, day("2019-12-31")));
        assert_ne!(digest(&before, day("2020-01-01")), digest(&after, day("2020-01-01")));
    }
}
