//! SDMX in other hands: pysdmx reads structure and data, finds the one to fit the other, and has the same values.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::harness::{HELAN, printed_by, python, repository};

/// Area, indicator, target, period.
type Key = [String; 4];

#[test]
fn an_export_is_read_by_its_structure_with_the_same_values() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    helan(&["demo", "--keep", &at("data")]);
    for (format, name) in [("csv", "plain.csv"), ("sdmx-csv", "sdmx.csv")] {
        helan(&["export", "latest", "--data-dir", &at("data"), "-f", format, "-o", &at(name)]);
    }
    let files = [at("sdmx.csv"), at("sdmx.structure.json")];
    let text = printed_by(python().arg(repository().join("tests/readers/sdmx.py")).args(files));
    let theirs: BTreeMap<Key, Option<f64>> = text.lines().map(line).collect();
    assert_eq!(theirs.len(), text.lines().count(), "no key twice");
    // What is not distributed over an area's parts has rows of its own.
    let (residuals, theirs): (BTreeMap<_, _>, BTreeMap<_, _>) =
        theirs.into_iter().partition(|([area, ..], _)| area.ends_with("_X"));
    assert!(!residuals.is_empty() && residuals.values().all(|value| *value != Some(0.0)));
    let (ours, parts) = published(Path::new(&at("plain.csv")));
    assert!(ours.len() > 111, "{} values", ours.len());
    // What is known of a whole that is not complete is no value of it, in either file.
    assert!(!parts.is_empty() && parts.iter().all(|key| theirs[key].is_none() && ours[key].is_none()), "{parts:?}");
    assert_eq!(theirs.keys().collect::<Vec<_>>(), ours.keys().collect::<Vec<_>>());
    for (key, value) in &ours {
        // pysdmx holds values as doubles.
        let same = match (value, theirs[key]) {
            (Some(ours), Some(theirs)) => (ours - theirs).abs() <= ours.abs() * 1e-15,
            (ours, theirs) => *ours == theirs,
        };
        assert!(same, "{key:?}: {value:?}, not {:?}", theirs[key]);
    }
}

fn helan(arguments: &[&str]) {
    printed_by(Command::new(HELAN).args(arguments));
}

fn line(line: &str) -> (Key, Option<f64>) {
    let mut cells = line.split(',').map(str::to_owned);
    let mut next = || cells.next().unwrap_or_default();
    ([next(), next(), next(), next()], next().parse().ok())
}

/// The values of the plain export, under SDMX's ids, and the keys of which only a part is known.
fn published(path: &Path) -> (BTreeMap<Key, Option<f64>>, Vec<Key>) {
    let mut reader = csv::Reader::from_path(path).expect("readable");
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(|row| row.expect("a row")).collect();
    let id = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' }).collect()
    };
    let key = |row: &BTreeMap<String, String>| {
        let target = if row["target_id"].is_empty() { "_Z".to_owned() } else { id(&row["target_id"]) };
        [id(&row["ref_area"]), id(&row["indicator"]), target, row["time_period"].clone()]
    };
    let values = rows.iter().map(|row| (key(row), row["value"].parse().ok())).collect();
    (values, rows.iter().filter(|row| !row["part_value"].is_empty()).map(key).collect())
}
