//! A question that names areas, indicators or periods, against the rows of the whole view: on the same random histories.

use std::collections::{BTreeMap, BTreeSet};

use helan_queries::{Narrows, Query};
use helan_query::{Budget, Plans, Session};
use helan_schemas::tables::Table;
use proptest::prelude::any;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::asking::{Row, compare_rows, rows};
use crate::history::{Case, DAY, START, cases};

/// Histories of a test run; a tenth of HELAN_CASES, where it is set: each is asked many questions.
const CASES: usize = 3;
const NOW: i64 = START + 2000 * DAY;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_gives_the_same_rows_out_of_what_it_needs_as_out_of_everything() {
    let asked = std::env::var("HELAN_CASES")
        .ok()
        .and_then(|text| text.parse().ok())
        .map_or(CASES, |cases: usize| cases.div_ceil(10));
    // Always the same histories in the short form, others each time in the long one.
    let mut runner = if asked == CASES { TestRunner::deterministic() } else { TestRunner::default() };
    let mut compared = BTreeMap::new();
    // What was planned for one history serves the next.
    let plans = Plans::default();
    for _ in 0..asked {
        let (case, picks) = (cases(), any::<[[usize; 4]; 2]>()).new_tree(&mut runner).expect("a case").current();
        questions(&case, picks, &plans, &mut compared).await;
    }
    println!("{asked} random histories, rows by view: {compared:?}");
    let silent: Vec<_> =
        narrowing().filter(|query| !compared.contains_key(query.name)).map(|query| query.name).collect();
    assert_eq!(silent, [""; 0], "no row of these was compared: {compared:?}");
}

fn narrowing() -> impl Iterator<Item = &'static Query> {
    helan_queries::all().iter().filter(|query| !query.narrows.is_empty())
}

async fn questions(case: &Case, picks: [[usize; 4]; 2], plans: &Plans, compared: &mut BTreeMap<&'static str, usize>) {
    let open = |few, plans| {
        let tables = BTreeMap::from([(Table::Events, vec![crate::support::events(&case.csv(&case.events()))])]);
        let budget = Budget { few, plans, ..Budget::default() };
        Session::in_memory_within(case.variant.catalog(), tables, NOW, budget).expect("a session")
    };
    // With few events everything is computed at once.
    let (whole, narrow) = (open(usize::MAX, Plans::default()), open(0, plans.clone()));
    let (as_of, recorded) = case.moments();
    let mut all = BTreeMap::new();
    for query in narrowing() {
        // A filter does not get below the numbering of rows.
        let text = format!("select * from (select *, row_number() over () as row_place from {})", query.name);
        let mut found = rows(&whole, &text, as_of, recorded).await;
        found.iter_mut().for_each(|row| drop(row.remove("row_place")));
        all.insert(query.name, found);
    }
    let mut differences = Vec::new();
    for picks in picks {
        let question = Question::picked(&all, picks);
        for query in narrowing() {
            let Some(named) = question.of(query) else { continue };
            let is_asked = |row: &&Row| named.iter().all(|(column, texts)| texts.contains(&row[column]));
            let want: Vec<Row> = all[query.name].iter().filter(is_asked).cloned().collect();
            *compared.entry(query.name).or_default() += want.len();
            let filters: Vec<String> = named.iter().map(|(column, texts)| filter(column, texts)).collect();
            let text = format!("select * from {} where {}", query.name, filters.join(" and "));
            compare_rows(&text, rows(&narrow, &text, as_of, recorded).await, want, &mut differences);
        }
    }
    assert_eq!(differences, [""; 0], "{case:?}");
}

fn filter(column: &str, texts: &[String]) -> String {
    match texts {
        [one] => format!("{column} = '{one}'"),
        several => {
            format!("{column} in ({})", several.iter().map(|text| format!("'{text}'")).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Constants for some of the columns by which views are narrowed.
struct Question {
    areas: Option<Vec<String>>,
    indicators: Option<Vec<String>>,
    periods: Option<Vec<String>>,
    targets: Option<Vec<String>>,
    owners: Option<Vec<String>>,
    years: Option<Vec<String>>,
}

impl Question {
    /// About one or two rows that there are: some of their columns, at least one.
    fn picked(all: &BTreeMap<&str, Vec<Row>>, [view, first, second, columns]: [usize; 4]) -> Self {
        let of_view = |view: &str, picks: &[usize]| -> Vec<Row> {
            let rows = &all[view];
            picks.iter().filter_map(|pick| rows.get(pick % rows.len().max(1))).cloned().collect()
        };
        let picks = if second % 2 == 0 { vec![first] } else { vec![first, second] };
        let figures = of_view(["place_values", "ratios", "period_values", "year_parts"][view % 4], &picks);
        let targets = of_view("quota_fulfilment", &picks);
        let texts = |rows: &[Row], column: &str, bit: usize| -> Option<Vec<String>> {
            let texts: BTreeSet<String> = rows.iter().map(|row| row[column].clone()).collect();
            ((columns % 7 + 1) >> bit & 1 == 1 && !texts.is_empty()).then(|| texts.into_iter().collect())
        };
        Self {
            areas: texts(&figures, "ref_area", 0),
            indicators: texts(&figures, "indicator", 1),
            periods: texts(&figures, "time_period", 2),
            targets: texts(&targets, "target_id", 0),
            owners: texts(&targets, "ref_area", 1),
            years: texts(&targets, "time_period", 2),
        }
    }

    /// The columns of a view that it names, with their constants; none if the question does not narrow the view.
    fn of(&self, query: &Query) -> Option<Vec<(String, Vec<String>)>> {
        let named = [
            ("ref_area", Narrows::Area, &self.areas),
            ("indicator", Narrows::Indicator, &self.indicators),
            ("indicator", Narrows::IndicatorWithRules, &self.indicators),
            ("time_period", Narrows::Period, &self.periods),
            ("time_period", Narrows::PeriodAlone, &self.periods),
            ("from_period", Narrows::PairOfPeriods, &self.periods),
            ("to_period", Narrows::PairOfPeriods, &self.periods),
            ("target_id", Narrows::Targets, &self.targets),
            ("ref_area", Narrows::Targets, &self.owners),
            ("time_period", Narrows::Targets, &self.years),
        ];
        let has = |name: &str| query.columns.iter().any(|column| column.name == name);
        let named = named.into_iter().filter(|(column, narrows, _)| query.narrows.contains(narrows) && has(column));
        let named: Vec<_> = named.filter_map(|(column, _, texts)| Some((column.to_owned(), texts.clone()?))).collect();
        (!named.is_empty()).then_some(named)
    }
}
