//! The property itself: the views against the model, cell by cell, events included.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use helan_query::Session;
use helan_schemas::tables::Table;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};

use crate::history::{Case, DAY, START, Step, cases};
use crate::model::{Figure, Model};
use crate::targets;
use crate::world::{AREAS, GROUPS, Variant};

/// Cases of a test run; HELAN_CASES asks for more.
const CASES: u32 = 40;
const EVERYTHING: i64 = 253_370_764_800_000_000;

#[test]
fn published_figures_equal_their_recomputation_from_raw_events() {
    let cases_asked = std::env::var("HELAN_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(CASES);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(16 * 1024 * 1024)
        .enable_all()
        .build()
        .expect("a runtime");
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recomputed/seeds.txt");
    let config = Config {
        cases: cases_asked,
        max_shrink_iters: 300,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(kept))),
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&cases(), |case| {
        let task = runtime.spawn(async move { differences(&case, &case.variant).await });
        let found = runtime.block_on(task).expect("no panic");
        proptest::prop_assert!(found.is_empty(), "{}", found.join("\n"));
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let compared = COMPARED.load(Ordering::Relaxed);
    assert!(compared > 50 * cases_asked as usize, "only {compared} rows were compared: the histories say too little");
}

/// Rows of views that were compared in this run.
static COMPARED: AtomicUsize = AtomicUsize::new(0);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_with_another_rule_differs() {
    let report = |area, source, cents| Step::Report {
        area,
        indicator: 0,
        period: 0,
        cents,
        vintage: 0,
        source,
        days: 900,
        back: 0,
        missing: false,
    };
    let variant = Variant { move_a2: 1, raised: false, date: 0, office_first: true, half_even: false, c_joins: false };
    let steps = vec![report(1, 0, 500), report(1, 2, 700), report(5, 2, 100), report(2, 2, 300)];
    let case = Case { variant: variant.clone(), steps, order: 7, as_of: 1400, recorded: None };
    assert_eq!(differences(&case, &variant).await, [""; 0]);
    // Precedence the other way round turns A and R; a county that did not move turns what is compiled beside A and B.
    let precedence = Variant { office_first: false, ..variant.clone() };
    assert!(!differences(&case, &precedence).await.is_empty());
    let place = Variant { move_a2: 0, ..variant };
    assert!(!differences(&case, &place).await.is_empty());
}

type Row = BTreeMap<String, String>;

/// Everything in which the views of a case and the model by a variant differ.
async fn differences(case: &Case, by: &Variant) -> Vec<String> {
    let events = case.events();
    let batch = crate::support::events(&case.csv(&events));
    let catalog = case.variant.catalog();
    let tables = BTreeMap::from([(Table::Events, vec![batch])]);
    let session = Session::in_memory(catalog, tables, START + 2000 * DAY).expect("a session");
    let (as_of, recorded) = case.moments();
    // 2017-01-01T00:00:00Z is eight in the morning of that day in the catalog's zone.
    let today = jiff::civil::date(2017, 1, 1).checked_add(jiff::Span::new().days(case.as_of)).expect("a day");
    let model = Model::new(by, &events, as_of, recorded.unwrap_or(EVERYTHING), today);
    let ask = |text: &'static str| rows(&session, text, as_of, recorded);
    let mut found = Vec::new();

    let areas = keyed(ask("select * from area_values").await);
    let groups = keyed(ask("select * from group_values").await);
    let ratios = keyed(ask("select * from ratios").await);
    let mut expected_areas = BTreeMap::new();
    let mut expected_groups = BTreeMap::new();
    let mut expected_ratios = BTreeMap::new();
    for period in model.periods() {
        for place in AREAS.into_iter().chain(GROUPS) {
            for indicator in ["rd", "gdp", "pop", "pat", "jobs", "law"] {
                let cell = (place.to_owned(), indicator.to_owned(), period.clone());
                if let Some(figure) = model.area(&cell) {
                    expected_areas.insert(cell.clone(), figure);
                }
                if GROUPS.contains(&place)
                    && let Some(figure) = model.group(&cell)
                {
                    expected_groups.insert(cell, figure);
                }
            }
            for indicator in ["rd_intensity", "patent_density"] {
                if let Some(ratio) = model.ratio(place, indicator, &period) {
                    expected_ratios.insert((place.to_owned(), indicator.to_owned(), period.clone()), ratio);
                }
            }
        }
    }
    let figure = |figure: &Figure| {
        Row::from([
            ("value".to_owned(), number(figure.value)),
            ("status".to_owned(), figure.status.to_owned()),
            ("reported".to_owned(), number(figure.reported)),
            ("compiled".to_owned(), number(figure.compiled)),
            ("coverage_reported".to_owned(), figure.coverage.0.to_string()),
            ("coverage_expected".to_owned(), figure.coverage.1.unwrap_or_default().to_string()),
            ("complete".to_owned(), figure.complete.to_string()),
        ])
    };
    compare(
        "area_values",
        &areas,
        &expected_areas.iter().map(|(key, value)| (key.clone(), figure(value))).collect(),
        &mut found,
    );
    compare(
        "group_values",
        &groups,
        &expected_groups.iter().map(|(key, value)| (key.clone(), figure(value))).collect(),
        &mut found,
    );
    let expected: BTreeMap<_, _> = expected_ratios
        .iter()
        .map(|(key, ratio)| {
            let row = Row::from([
                ("value".to_owned(), number(ratio.value)),
                ("status".to_owned(), ratio.status.to_owned()),
                ("numerator".to_owned(), number(ratio.numerator)),
                ("denominator".to_owned(), number(ratio.denominator)),
                ("complete".to_owned(), ratio.complete.to_string()),
            ]);
            (key.clone(), row)
        })
        .collect();
    compare("ratios", &ratios, &expected, &mut found);

    let quota = ask("select *, target_id as indicator, '' as time_period from (select target_id, ref_area, verdict, actual_value, sensitive, coverage_reported, coverage_expected from quota_fulfilment)").await;
    let expected: BTreeMap<_, _> = targets::all(&model, today)
        .into_iter()
        .map(|((target, area), stands)| {
            let row = Row::from([
                ("verdict".to_owned(), stands.verdict.to_owned()),
                ("actual_value".to_owned(), number(stands.actual)),
                ("sensitive".to_owned(), stands.sensitive.to_string()),
                ("coverage_reported".to_owned(), stands.coverage.0.to_string()),
                ("coverage_expected".to_owned(), stands.coverage.1.unwrap_or_default().to_string()),
            ]);
            ((area, target, String::new()), row)
        })
        .collect();
    compare("quota_fulfilment", &keyed(quota), &expected, &mut found);

    // Lineage: exactly the events that are in the number.
    let mut behind: BTreeMap<(String, String, String), BTreeSet<(String, String)>> = BTreeMap::new();
    for row in ask("select * from place_inputs where role = 'value'").await {
        behind.entry(key(&row)).or_default().insert((row["source"].clone(), row["id"].clone()));
    }
    for (cell, figure) in expected_areas.iter().filter(|(cell, _)| !GROUPS.contains(&&*cell.0)).chain(&expected_groups)
    {
        let have = behind.remove(cell).unwrap_or_default();
        let want: BTreeSet<_> = figure.events.clone();
        if have != want {
            found.push(format!("lineage of {cell:?}: {have:?}, recomputed {want:?}"));
        }
    }
    found.extend(behind.keys().map(|cell| format!("lineage of {cell:?}, which has no value")));
    found
}

fn number(value: Option<i128>) -> String {
    value.map_or_else(String::new, helan_rollup::decimal_text)
}

fn key(row: &Row) -> (String, String, String) {
    (row["ref_area"].clone(), row["indicator"].clone(), row["time_period"].clone())
}

fn keyed(rows: Vec<Row>) -> BTreeMap<(String, String, String), Row> {
    rows.into_iter().map(|row| (key(&row), row)).collect()
}

fn compare(
    view: &str,
    have: &BTreeMap<(String, String, String), Row>,
    want: &BTreeMap<(String, String, String), Row>,
    found: &mut Vec<String>,
) {
    COMPARED.fetch_add(want.len(), Ordering::Relaxed);
    for (cell, expected) in want {
        let Some(row) = have.get(cell) else {
            found.push(format!("{view} lacks {cell:?}, recomputed {expected:?}"));
            continue;
        };
        for (column, value) in expected {
            let shown = &row[column];
            let same = shown == value || (column.starts_with("coverage") && shown.is_empty() && value == "0");
            if !same {
                found.push(format!("{view} {cell:?}: {column} is {shown:?}, recomputed {value:?} ({expected:?})"));
            }
        }
    }
    found.extend(
        have.keys()
            .filter(|cell| !want.contains_key(*cell))
            .map(|cell| format!("{view} has {cell:?}: {:?}", have[cell])),
    );
}

async fn rows(session: &Session, text: &str, as_of: i64, recorded: Option<i64>) -> Vec<Row> {
    let batches = session.sql_as_of(text, as_of, recorded).await.expect("planned").collect().await.expect("computed");
    batches.iter().flat_map(texts).collect()
}

fn texts(batch: &RecordBatch) -> Vec<Row> {
    let options = FormatOptions::default();
    let schema = batch.schema();
    let columns: Vec<_> = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| {
            (
                field.name(),
                field.data_type().is_decimal(),
                ArrayFormatter::try_new(column, &options).expect("formatter"),
            )
        })
        .collect();
    (0..batch.num_rows())
        .map(|row| {
            let cells = columns.iter().map(|(name, decimal, values)| {
                let text = values.value(row).to_string();
                let text = if *decimal && text.contains('.') {
                    text.trim_end_matches('0').trim_end_matches('.').to_owned()
                } else {
                    text
                };
                ((*name).clone(), text)
            });
            cells.collect()
        })
        .collect()
}
