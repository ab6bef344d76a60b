//! What is handed out, against the other path: the rows of SDMX, with labels and statuses, of random histories in a lake.

use std::collections::BTreeMap;

use helan_rollup::{Export, ExportRequest};
use helan_schemas::tables::Table;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::agrees::{ByCell, figures, ratio_edition};
use crate::asking::{COMPARED, Row, compare_rows, label, number, row};
use crate::history::{Case, RATIOS, cases};
use crate::labels::Labels;
use crate::model::{Cell, Model, combines};
use crate::places::Figure;
use crate::ratios::Ratio;
use crate::support::{self, empty_lake};

/// Histories of a test run; a tenth of HELAN_CASES, where it is set: each is written into a lake.
const CASES: usize = 2;
const COLUMNS: [&str; 9] =
    ["REF_AREA", "INDICATOR", "OBS_VALUE", "PART_VALUE", "OBS_STATUS", "VALUE_STATUS", "VINTAGE", "BASIS", "EDITION"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_says_of_each_figure_what_was_recomputed() {
    let asked = std::env::var("HELAN_CASES").ok().and_then(|text| text.parse().ok());
    let asked = asked.map_or(CASES, |cases: usize| cases.div_ceil(10));
    // Always the same histories in the short form, others each time in the long one.
    let mut runner = if asked == CASES { TestRunner::deterministic() } else { TestRunner::default() };
    let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..asked {
        let case = cases().new_tree(&mut runner).expect("a case").current();
        compared(&case, &mut statuses).await;
    }
    println!("{asked} random histories, rows by OBS_STATUS: {statuses:?}");
    assert!(["A", "E", "O"].iter().all(|code| statuses.contains_key(*code)), "{statuses:?}");
}

async fn compared(case: &Case, statuses: &mut BTreeMap<String, usize>) {
    let (_directory, lake) = empty_lake().await;
    let events = case.events();
    let snapshot = lake.snapshot(Table::Events).await.expect("a snapshot");
    let batch = support::events(&case.csv(&events));
    lake.append(&snapshot, vec![batch], Vec::new()).await.expect("appended");
    let as_of = case.moments().0;
    let request = ExportRequest {
        publication: None,
        as_of: Some(jiff::Timestamp::from_microsecond(as_of).expect("in range").to_string()),
        period: Some("2018".to_owned()),
        embargoed: false,
    };
    let export = Export::read(&lake, Some(case.variant.catalog()), &request).await.expect("read");
    let text = export.sdmx_csv().expect("written");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.deserialize::<Row>().map(|row| row.expect("a row"));
    let have: Vec<Row> = rows
        .filter(|row| row["TARGET"] == "_Z")
        .map(|row| COLUMNS.map(|name| (name.to_owned(), row[name].clone())).into())
        .collect();
    for row in &have {
        *statuses.entry(row["OBS_STATUS"].clone()).or_default() += 1;
    }
    let today = jiff::civil::date(2017, 1, 1).checked_add(jiff::Span::new().days(case.as_of)).expect("a day");
    let model = Model::new(&case.variant, &events, as_of, i64::MAX, today);
    let (areas, groups, ratios) = figures(&model);
    let of_year = |cell: &Cell| cell.2 == "2018";
    let mut want: Vec<Row> = Vec::new();
    for (cell, figure) in areas.iter().filter(|(cell, _)| of_year(cell)) {
        want.push(of_figure(&model, cell, figure));
        want.extend(left_over(cell, figure, &groups));
    }
    want.extend(ratios.iter().filter(|(cell, _)| of_year(cell)).map(|(cell, ratio)| of_ratio(cell, ratio)));
    let before = COMPARED.load(std::sync::atomic::Ordering::Relaxed);
    let mut found = Vec::new();
    compare_rows("SDMX", have, want, &mut found);
    assert!(COMPARED.load(std::sync::atomic::Ordering::Relaxed) > before || events.len() < 3);
    assert_eq!(found, [""; 0], "{case:?}");
}

fn named(cell: &Cell, cells: [String; 7]) -> Row {
    let [value, part, observed, status, vintage, basis, edition] = cells;
    row([
        ("REF_AREA", cell.0.clone()),
        ("INDICATOR", cell.1.clone()),
        ("OBS_VALUE", value),
        ("PART_VALUE", part),
        ("OBS_STATUS", observed),
        ("VALUE_STATUS", status),
        ("VINTAGE", vintage),
        ("BASIS", basis),
        ("EDITION", edition),
    ])
}

/// An amount of all of it, or of a part.
fn split(value: Option<i128>, status: &str) -> (Option<i128>, Option<i128>) {
    if matches!(status, "partial" | "carried") { (None, value) } else { (value, None) }
}

fn of_figure(model: &Model<'_>, cell: &Cell, figure: &Figure) -> Row {
    let (whole, part) = split(figure.value, figure.status);
    let said = model.own(cell).filter(|own| own.amount.is_none()).map(|own| own.status);
    let observed = match (whole, part) {
        (Some(_), _) => {
            if figure.estimated {
                "E"
            } else {
                "A"
            }
        }
        (None, Some(_)) => "O",
        (None, None) => said.unwrap_or("O"),
    };
    let labels = if figure.value.is_some() { figure.labels.clone() } else { Labels::default() };
    let texts = [labels.vintage(), labels.basis(), labels.edition()].map(label);
    let [vintage, basis, edition] = texts;
    named(cell, [number(whole), number(part), observed.to_owned(), figure.status.to_owned(), vintage, basis, edition])
}

/// What an area or group reported beyond its parts: as much as is left, or why nobody can say.
fn left_over(cell: &Cell, figure: &Figure, groups: &ByCell<Figure>) -> Option<Row> {
    if figure.status != "reported" || combines(&cell.1).0 != "additive" {
        return None;
    }
    // Beside what a group reported stands the sum of its members.
    let beside = groups.get(cell).unwrap_or(figure);
    let compiled = beside.compiled?;
    let about = (format!("{}_X", cell.0), cell.1.clone(), cell.2.clone());
    let [vintage, basis, edition] =
        [figure.labels.vintage(), figure.labels.basis(), figure.labels.edition()].map(label);
    if let Some(reason) = beside.residual_reason {
        return Some(named(&about, [String::new(), String::new(), "O".into(), reason.into(), vintage, basis, edition]));
    }
    let rest = figure.reported? - compiled;
    let observed = if figure.estimated || beside.parts_estimated { "E" } else { "A" };
    (rest != 0).then(|| {
        named(&about, [number(Some(rest)), String::new(), observed.into(), "residual".into(), vintage, basis, edition])
    })
}

fn of_ratio(cell: &Cell, ratio: &Ratio) -> Row {
    assert!(RATIOS.contains(&&*cell.1));
    let (whole, part) = split(ratio.value, ratio.status);
    let observed = match (whole, ratio.status) {
        (Some(_), _) => {
            if ratio.estimated {
                "E"
            } else {
                "A"
            }
        }
        (None, "suppressed") => "Q",
        (None, _) => "O",
    };
    // One label where both parts have it, else both.
    let both = |above: Option<String>, below: Option<String>| match (above, below) {
        (above, below) if above == below => label(above),
        (above, below) => format!("{} / {}", above.as_deref().unwrap_or("-"), below.as_deref().unwrap_or("-")),
    };
    let edition = match ratio_edition(ratio) {
        own if own.is_empty() => both(ratio.above.edition(), ratio.below.edition()),
        own => own,
    };
    let vintage = both(ratio.above.vintage(), ratio.below.vintage());
    let basis = both(ratio.above.basis(), ratio.below.basis());
    named(cell, [number(whole), number(part), observed.to_owned(), ratio.status.to_owned(), vintage, basis, edition])
}
