//! What was folded, with what came since, against the text of `standing`: on the same random histories, written into a
//! lake in pieces.

use std::sync::Arc;

use datafusion::prelude::SessionContext;
use helan_lake::cells;
use helan_lake::maintain::{Options, run};
use helan_queries::Narrows;
use helan_query::{Budget, Session, basis_edges, fold, pin};
use helan_schemas::tables::Table;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::asking::{compare_rows, rows};
use crate::history::{Case, DAY, START, cases};
use crate::support::{self, empty_lake};

/// Histories of a test run; HELAN_CASES asks for more.
const CASES: usize = 8;
const NOW: i64 = START + 2000 * DAY;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_folded_and_what_came_since_stand_for_everything() {
    let asked = std::env::var("HELAN_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(CASES);
    // Always the same histories in the short form, others each time in the long one.
    let mut runner = if asked == CASES { TestRunner::deterministic() } else { TestRunner::default() };
    let (mut folded, mut news, mut again) = (0, 0, 0);
    for at in 0..asked {
        let case = cases().new_tree(&mut runner).expect("a case").current();
        // Each piece plans each view again: fewer of them in the short form.
        let at_once = (at % 12 == 6).then(|| if asked == CASES { case.events().len() as u64 / 2 } else { 5 });
        let seen = compared(&case, at_once, at % 2 == 1).await;
        folded += usize::from(seen.folded);
        news += usize::from(seen.folded && seen.news);
        again += usize::from(seen.folded && seen.withdrawn);
    }
    println!(
        "{asked} random histories: {folded} answered by what was folded, {news} with news, {again} with withdrawals"
    );
    assert!(
        2 * folded > asked && 4 * news > asked && again > 0,
        "{folded} {news} {again}: the histories say too little"
    );
}

struct Seen {
    folded: bool,
    news: bool,
    withdrawn: bool,
}

/// `at_once`: the views are compared as well, computed at once and in pieces of so many statements. `leaves_news`: what comes
/// last is not folded.
async fn compared(case: &Case, at_once: Option<u64>, leaves_news: bool) -> Seen {
    let (_directory, lake) = empty_lake().await;
    let catalog = case.variant.catalog();
    let events = case.events();
    // Up to four pieces, folded or not after each, now and then with files put together.
    let pieces = 1 + (case.order >> 8) as usize % 4;
    let mut seen = Seen { folded: false, news: false, withdrawn: false };
    let chunks: Vec<_> = events.chunks(events.len().div_ceil(pieces).max(1)).collect();
    for (at, piece) in chunks.iter().enumerate() {
        let batch = support::events(&case.csv(piece));
        let snapshot = lake.snapshot(Table::Events).await.expect("a snapshot");
        lake.append(&snapshot, vec![batch], Vec::new()).await.expect("appended");
        (seen.news, seen.withdrawn) = (true, piece.iter().any(|event| !event.withdraws.is_empty()));
        if case.order >> (16 + at) & 1 == 0 {
            run(&lake, &Options { compact_files: 2, delete: false, ..Options::default() }).await.expect("maintained");
        }
        let is_left = leaves_news && at + 1 == chunks.len();
        if at == 0 || (!is_left && case.order >> (24 + at) & 1 == 0) {
            fold(&lake, Some(catalog.clone()), 1, None).await.expect("folded");
            (seen.folded, seen.news) = (true, false);
        }
    }
    let snapshots = pin(&lake).await.expect("pinned");
    let session = Session::over_snapshots(&snapshots, Some(catalog.clone()), NOW).await.expect("a session");
    let text = helan_queries::get("standing").expect("the view").sql;
    let mut found = Vec::new();
    let (as_of, recorded) = case.moments();
    for (as_of, recorded) in [(as_of, recorded), (NOW, None)] {
        let have = rows(&session, "select * from standing", as_of, recorded).await;
        compare_rows("standing", have, rows(&session, text, as_of, recorded).await, &mut found);
        // Other columns than those that views ask for are not kept, and may be asked for by cell.
        let one = "select * from standing where ref_area = 'A' and indicator = 'gdp'";
        let of_text = format!("select * from ({text}) where ref_area = 'A' and indicator = 'gdp'");
        compare_rows(
            "standing",
            rows(&session, one, as_of, recorded).await,
            rows(&session, &of_text, as_of, recorded).await,
            &mut found,
        );
    }
    if let Some(at_once) = at_once {
        // Now and then on one thread, one part of a piece after another.
        let budget = Budget { at_once, few: 0, in_one: case.order & 1 == 0, ..Budget::default() };
        let other = Session::over_snapshots_within(&snapshots, Some(catalog), NOW, budget).await.expect("a session");
        for query in helan_queries::all().iter().filter(|query| query.narrows.contains(&Narrows::Indicator)) {
            let text = format!("select * from {}", query.name);
            for (as_of, recorded) in [(NOW, None), (as_of, recorded)] {
                // What is read of the history depends on the moments, not on the view.
                if as_of != NOW && !["observations", "observation_history", "ratios"].contains(&query.name) {
                    continue;
                }
                let have = rows(&other, &text, as_of, recorded).await;
                compare_rows(query.name, have, rows(&session, &text, as_of, recorded).await, &mut found);
            }
        }
    }
    assert_eq!(found, [""; 0], "{case:?}");
    if seen.folded {
        let sources =
            lake.snapshot(Table::Events).await.expect("a snapshot").statement_sources().await.expect("sources");
        let edges = Arc::new(basis_edges(&case.variant.catalog()).expect("a zone"));
        let terms = cells::Terms { as_of: NOW, recorded: NOW, edges };
        let context = SessionContext::new();
        let stands =
            cells::standing(&context, &sources, &terms, &["id"], &[], &mut |_| Ok(())).await.expect("answered");
        assert!(stands.by_folded, "what was folded was of no use: {case:?}");
    }
    seen
}
