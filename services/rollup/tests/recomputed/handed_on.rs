//! What a server's session has computed of a part of the statements, handed on when others have come: the same rows as from the
//! beginning, on random histories that come into a lake in pieces.

use helan_query::{Budget, Session, Sessions, pin};
use helan_runtime::clock::Clock;
use helan_schemas::tables::Table;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::asking::{compare_rows, rows};
use crate::history::{Case, DAY, START, cases};
use crate::support::{self, empty_lake};

/// Histories of a test run; a tenth of HELAN_CASES, where it is set: each is asked many questions.
const CASES: usize = 2;
const NOW: i64 = START + 2000 * DAY;
/// Few, so that the views of each stay computed: of an area and a year, of a city with all that lies in it, of an indicator.
const QUESTIONS: [&str; 3] = [
    "select * from ratios where ref_area = 'B' and time_period = '2018'",
    "select * from quota_fulfilment where ref_area = 'A'",
    "select * from place_values where indicator = 'jobs'",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_still_holds_is_handed_on_and_nothing_else() {
    let asked = std::env::var("HELAN_CASES").ok().and_then(|text| text.parse().ok());
    let asked = asked.map_or(CASES, |cases: usize| cases.div_ceil(10));
    // Always the same histories in the short form, others each time in the long one.
    let mut runner = if asked == CASES { TestRunner::deterministic() } else { TestRunner::default() };
    let (mut before, mut handed_on) = (0, 0);
    for _ in 0..asked {
        let case = cases().new_tree(&mut runner).expect("a case").current();
        let seen = compared(&case).await;
        before += seen.0;
        handed_on += seen.1;
    }
    println!("{asked} random histories: of {before} computed parts {handed_on} were handed on");
    assert!(handed_on > 0 && handed_on < before, "{handed_on} of {before}: the histories say too little");
}

/// How many parts were computed when something came, and how many of these were handed on.
async fn compared(case: &Case) -> (usize, usize) {
    let (_directory, lake) = empty_lake().await;
    let (catalog, events) = (case.variant.catalog(), case.events());
    let budget = || Budget { few: 0, ..Budget::default() };
    let sessions = Sessions::new(lake.clone(), Some(catalog.clone()), Clock::manual(NOW), budget());
    let (mut found, mut before, mut handed_on) = (Vec::new(), 0, 0);
    // Most at once, then one after another.
    let (first, rest) = events.split_at(events.len().saturating_sub(2));
    for (at, piece) in std::iter::once(first).chain(rest.chunks(1)).enumerate() {
        let snapshot = lake.snapshot(Table::Events).await.expect("a snapshot");
        let batch = support::events(&case.csv(piece));
        lake.append(&snapshot, vec![batch], Vec::new()).await.expect("appended");
        let current = sessions.current().await.expect("a session");
        handed_on += current.session.parts();
        let snapshots = pin(&lake).await.expect("pinned");
        let fresh = Session::over_snapshots_within(&snapshots, Some(catalog.clone()), NOW, budget());
        let fresh = fresh.await.expect("a session");
        for question in QUESTIONS {
            let have = rows(&current.session, question, NOW, None).await;
            if at > 0 {
                compare_rows(question, have, rows(&fresh, question, NOW, None).await, &mut found);
            }
        }
        before += if at < rest.len() { current.session.parts() } else { 0 };
    }
    assert_eq!(found, [""; 0], "{case:?}");
    (before, handed_on)
}
