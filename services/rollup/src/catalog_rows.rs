//! Rows of a catalog's files as of a moment: what of the catalog a publication used.

use std::collections::BTreeSet;

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

/// The rows of one file that are known on a day, each as one text with its fields in the file's order.
pub(crate) fn known(catalog: &Catalog, file: &str, day: Date) -> BTreeSet<Vec<String>> {
    let Some(content) = catalog.files.get(file) else { return BTreeSet::new() };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(content.as_bytes());
    let known_from = reader.headers().ok().and_then(|names| names.iter().position(|name| name == "known_from"));
    let rows = reader.records().filter_map(Result::ok);
    let is_known = |row: &csv::StringRecord| {
        // In bases.csv the column bounds what the values were known by; rows of it hold from the first day.
        let stated = known_from.filter(|_| file != "bases.csv").and_then(|at| row.get(at));
        let from = stated.and_then(|text| text.trim().parse::<Date>().ok());
        from.is_none_or(|from| from <= day)
    };
    rows.filter(is_known).map(|row| row.iter().map(|field| field.trim().to_owned()).collect()).collect()
}

/// SHA-256 over the rows that are known on a day, and over the catalog's head.
pub(crate) fn digest(catalog: &Catalog, day: Date) -> String {
    let mut parts: Vec<Vec<u8>> =
        vec![catalog.files.get("catalog.toml").map_or(Vec::new(), |text| text.clone().into())];
    for file in USED {
        parts.push(file.into());
        parts.extend(known(catalog, file, day).into_iter().map(|row| row.join("\u{1f}").into_bytes()));
    }
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    sha256_hex(&parts)
}

/// The rows of a file in which some field of the given places has one of the values.
pub(crate) fn about(rows: &BTreeSet<Vec<String>>, places: &[usize], values: &[&str]) -> BTreeSet<Vec<String>> {
    let concerns = |row: &&Vec<String>| {
        places.iter().any(|place| row.get(*place).is_some_and(|field| values.contains(&field.as_str())))
    };
    rows.iter().filter(concerns).cloned().collect()
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
}
