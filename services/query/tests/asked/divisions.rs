//! The division codes of 1980 to 2019, from a list that is not part of the repository: `HELAN_DIVISION_CODES` names it (tab
//! separated: file, publisher, year and month, code, name). Without it the test says that it was skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use helan_schemas::catalog::Catalog;

use crate::support::{Script, events, session};

/// Codes and names of one year's last list.
type Year = BTreeMap<String, String>;

fn lists() -> Option<BTreeMap<i16, Year>> {
    let Some(path) = std::env::var_os("HELAN_DIVISION_CODES") else {
        // Straight to the terminal: what a passing test prints is not shown.
        let _ = writeln!(
            std::io::stderr(),
            "\nSKIPPED divisions: HELAN_DIVISION_CODES names no file; 40 years of codes were not checked"
        );
        return None;
    };
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("HELAN_DIVISION_CODES={}: {error}", path.display()));
    let mut releases: BTreeMap<&str, Year> = BTreeMap::new();
    for line in text.lines() {
        let [_, _, month, code, name] = line.split('\t').collect::<Vec<_>>()[..] else { continue };
        if month.len() >= 6 && month.bytes().all(|byte| byte.is_ascii_digit()) {
            releases.entry(month).or_default().insert(code.to_owned(), name.to_owned());
        }
    }
    // Later months overwrite: the last list of each year stays.
    let years = releases.into_iter().map(|(month, list)| (month[..4].parse().expect("a year"), list));
    Some(years.collect())
}

#[test]
fn the_catalog_has_every_code_and_name_of_every_year() {
    let Some(lists) = lists() else { return };
    let catalog = Catalog::embedded();
    let codes: BTreeSet<&str> = catalog.areas.iter().map(|area| area.code.as_str()).collect();
    assert!(lists.len() >= 39, "1980 to 2019: {:?}", lists.keys());
    let mut wrong = Vec::new();
    for (year, list) in &lists {
        let day = jiff::civil::date(*year, 12, 31);
        for code in &codes {
            let area = catalog.area_on(code, day).filter(|area| area.scheme == "GB/T 2260");
            let (ours, theirs) = (area.map(|area| area.name_zh.as_str()), list.get(*code).map(String::as_str));
            if ours != theirs {
                wrong.push(format!("{year} {code}: {ours:?} is {theirs:?}"));
            }
        }
        wrong
            .extend(list.keys().filter(|code| !codes.contains(code.as_str())).map(|code| format!("{year}: no {code}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every unit of the lowest level reports 1 in every year: each year the region then counts exactly that year's units, and
/// each city those that lay in it.
#[tokio::test]
async fn forty_years_of_moves_add_up_each_year() {
    let Some(lists) = lists() else { return };
    let mut rows = "source,ref_area,indicator,time_period,value,known\n".to_owned();
    let mut expected = BTreeMap::new();
    for (year, list) in &lists {
        let lowest: Vec<_> = list.keys().filter(|code| !code.ends_with("00")).collect();
        for code in &lowest {
            writeln!(rows, "/nx/nx-ipo,{code},patents_in_force,{year},1,2020-01-01").expect("in memory");
        }
        expected.insert(year.to_string(), lowest.len());
    }
    let script = Script { catalog: Arc::new(Catalog::embedded()), events: events(&rows), questions: Vec::new() };
    let session = session(&script);
    let sql = "select time_period || ' ' || cast(cast(compiled as bigint) as varchar) as line from area_values \
               where ref_area = '640000' and indicator = 'patents_in_force' order by 1";
    let frame = session.sql(sql).await.expect("planned");
    let answered = frame.collect().await.expect("answered");
    let mut lines = Vec::new();
    for batch in &answered {
        let column = batch.column(0);
        lines.extend(
            (0..batch.num_rows()).map(|row| arrow::util::display::array_value_to_string(column, row).expect("a text")),
        );
    }
    let expected: Vec<String> = expected.into_iter().map(|(year, units)| format!("{year} {units}")).collect();
    assert_eq!(lines, expected);
}
