//! What a server's session has computed of a part of the statements, or as of a past day, or has answered of a piece, handed on
//! when others have come: the same rows as from the beginning, on random histories that come into a lake little by little.

use helan_query::{Budget, Session, Sessions, fold, pin};
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
/// Of all statements, in pieces.
const OF_ALL: [&str; 2] = ["select * from findings", "select * from observations"];
/// Of one piece of these at most.
const STATEMENTS: u64 = 6;
/// As many as a session keeps: one by which little is known, and one by which most of what comes is.
const PAST: [i64; 2] = [START + 200 * DAY, START + 900 * DAY];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_still_holds_is_handed_on_and_nothing_else() {
    let asked = std::env::var("HELAN_CASES").ok().and_then(|text| text.parse().ok());
    let asked = asked.map_or(CASES, |cases: usize| cases.div_ceil(10));
    // Always the same histories in the short form, others each time in the long one.
    let mut runner = if asked == CASES { TestRunner::deterministic() } else { TestRunner::default() };
    let mut seen = [Seen::default(); 3];
    for at in 0..asked {
        let case = cases().new_tree(&mut runner).expect("a case").current();
        let [parts, past, _] = compared(&case, &QUESTIONS, &PAST, None).await;
        // Each of many pieces is planned: half of the histories show it.
        let [_, _, pieces] = match at % 2 {
            0 => compared(&case, &OF_ALL, &[], Some(STATEMENTS)).await,
            _ => [Seen::default(); 3],
        };
        for (seen, of_case) in seen.iter_mut().zip([parts, past, pieces]) {
            seen.before += of_case.before;
            seen.handed_on += of_case.handed_on;
        }
    }
    for (of, Seen { before, handed_on }) in ["parts", "past days", "pieces"].into_iter().zip(seen) {
        println!("{asked} random histories: of {before} computed {of} {handed_on} were handed on");
        assert!(handed_on > 0 && handed_on < before, "{handed_on} of {before} {of}: the histories say too little");
    }
}

/// How many were computed when something came, and how many of these were handed on.
#[derive(Clone, Copy, Default)]
struct Seen {
    before: usize,
    handed_on: usize,
}

/// Parts, past days, and pieces of so many statements, which are counted where they are folded.
async fn compared(case: &Case, questions: &[&str], past: &[i64], of_piece: Option<u64>) -> [Seen; 3] {
    let (_directory, lake) = empty_lake().await;
    let (catalog, events) = (case.variant.catalog(), case.events());
    let budget = || Budget { few: 0, ..Budget::default() };
    let in_pieces = Budget { at_once: of_piece.unwrap_or(budget().at_once), ..budget() };
    let sessions = Sessions::new(lake.clone(), Some(catalog.clone()), Clock::manual(NOW), in_pieces);
    let (mut found, mut seen) = (Vec::new(), [Seen::default(); 3]);
    // Most at once, then one after another.
    let (first, rest) = events.split_at(events.len().saturating_sub(2));
    for (at, piece) in std::iter::once(first).chain(rest.chunks(1)).enumerate() {
        let snapshot = lake.snapshot(Table::Events).await.expect("a snapshot");
        let batch = support::events(&case.csv(piece));
        lake.append(&snapshot, vec![batch], Vec::new()).await.expect("appended");
        if at == 0 && of_piece.is_some() {
            fold(&lake, Some(catalog.clone()), 1, None).await.expect("folded");
        }
        let current = sessions.current().await.expect("a session");
        seen[0].handed_on += current.session.parts();
        seen[1].handed_on += current.session.moments();
        seen[2].handed_on += current.session.pieces();
        let snapshots = pin(&lake).await.expect("pinned");
        let fresh = Session::over_snapshots_within(&snapshots, Some(catalog.clone()), NOW, budget());
        let fresh = fresh.await.expect("a session");
        let of_now = questions.iter().map(|question| (*question, NOW));
        for (question, as_of) in of_now.chain(past.iter().map(|day| ("select * from ratios", *day))) {
            let have = rows(&current.session, question, as_of, None).await;
            if at > 0 {
                compare_rows(question, have, rows(&fresh, question, as_of, None).await, &mut found);
            }
        }
        if at < rest.len() {
            seen[0].before += current.session.parts();
            seen[1].before += current.session.moments();
            seen[2].before += current.session.pieces();
        }
    }
    assert_eq!(found, [""; 0], "{case:?}");
    seen
}
