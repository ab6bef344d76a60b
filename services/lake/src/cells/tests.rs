//! Folding as a process does it, beside others, and what becomes of it when files are lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::Int64Type;
use deltalake_core::datafusion::prelude::SessionContext;
use helan_runtime::clock::Clock;
use helan_schemas::tables::Table;
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use url::Url;

use super::folder::Folder;
use super::state::State;
use super::statements::text;
use super::{Terms, audit, difference, fold, standing};
use crate::Lake;
use crate::digests::{UNSET, sealed};
use crate::tests::events;

pub(crate) const NOW: i64 = 1_560_000_000_000_000;
const HOUR: i64 = 3_600_000_000;

/// A lake in memory, whose clock says [`NOW`].
pub(crate) async fn lake() -> (Lake, Clock) {
    let clock = Clock::manual(NOW);
    let url = Url::parse("memory:///lake/").expect("a URL");
    let lake =
        Lake::create_or_open_in(&url, Arc::new(InMemory::new()), "the log", clock.clone()).await.expect("a lake");
    (lake, clock)
}

/// Reports of as many areas as there are ids, known and recorded at a time.
pub(crate) fn reports(ids: &[&str], offset: i64, time: i64) -> RecordBatch {
    let batch = events("feed", ids, offset);
    let columns = batch.schema_ref().fields().iter().zip(batch.columns()).map(|(field, column)| -> ArrayRef {
        let text = |text: &str| Arc::new(StringArray::from(vec![text; ids.len()]));
        match field.name().as_str() {
            "type" => text("helan.observation.reported.v1"),
            "ref_area" => text("A"),
            "indicator" => text("gdp"),
            "time_period" => text("2018"),
            "known_at" | "recorded_at" => {
                Arc::new(TimestampMicrosecondArray::from(vec![time; ids.len()]).with_timezone("UTC"))
            }
            _ => column.clone(),
        }
    });
    RecordBatch::try_new(batch.schema(), columns.collect()).expect("reports")
}

pub(crate) async fn append(lake: &Lake, batch: RecordBatch) {
    let snapshot = lake.snapshot(Table::Events).await.expect("a snapshot");
    lake.append(&snapshot, vec![batch], Vec::new()).await.expect("appended");
}

/// How many statements there are of the one cell, the id of the newest, and whether what was folded was used.
async fn asked(lake: &Lake) -> (i64, String, bool) {
    let sources = lake.snapshot(Table::Events).await.expect("a snapshot").statement_sources().await.expect("sources");
    let terms = Terms { as_of: NOW + HOUR, recorded: NOW + HOUR, edges: Arc::default() };
    let context = SessionContext::new();
    let found = standing(&context, &sources, &terms, &[], &[], &mut |_| Ok(())).await.expect("an answer");
    let batches: Vec<_> = found.statements.iter().filter(|batch| batch.num_rows() > 0).collect();
    let [batch] = batches[..] else { panic!("{} batches", batches.len()) };
    assert_eq!(batch.num_rows(), 1);
    let count = batch.column_by_name("statements").expect("counts").as_primitive::<Int64Type>().value(0);
    let id = text(batch, "id").expect("ids").value(0).to_owned();
    (count, id, found.by_folded)
}

async fn entries(lake: &Lake) -> usize {
    let folder = Folder::beside(&lake.snapshot(Table::Events).await.expect("a snapshot")).expect("a folder");
    folder.numbers().await.expect("numbers").len()
}

#[tokio::test]
async fn only_what_came_since_is_folded_and_only_if_it_is_worth_it() {
    let (lake, _) = lake().await;
    let edges = Arc::default();
    append(&lake, reports(&["a", "b"], 1, NOW - 3)).await;
    assert_eq!(fold(&lake, &edges, 3, None).await.expect("folded").events, 0);
    assert_eq!(asked(&lake).await, (2, "a".to_owned(), false));
    assert_eq!(fold(&lake, &edges, 2, None).await.expect("folded").events, 2);
    assert_eq!(asked(&lake).await, (2, "a".to_owned(), true));
    append(&lake, reports(&["c"], 2, NOW - 2)).await;
    assert_eq!(asked(&lake).await, (3, "c".to_owned(), true));
    assert_eq!(fold(&lake, &edges, 1, None).await.expect("folded").events, 1);
    assert_eq!(fold(&lake, &edges, 1, None).await.expect("folded").events, 0);
    assert_eq!((asked(&lake).await, entries(&lake).await), ((3, "c".to_owned(), true), 2));
    // Another reading of the catalog's benchmarks: everything is folded anew.
    let edges = Arc::new(BTreeMap::from([("gdp".to_owned(), vec![NOW - HOUR])]));
    assert_eq!(fold(&lake, &edges, 1, None).await.expect("folded").events, 3);
    assert_eq!(asked(&lake).await, (3, "c".to_owned(), false));
}

#[tokio::test]
async fn two_that_fold_at_once_leave_one_answer() {
    let (lake, _) = lake().await;
    append(&lake, reports(&["a", "b"], 1, NOW - 3)).await;
    let edges = Arc::default();
    let (one, other) = tokio::join!(fold(&lake, &edges, 1, None), fold(&lake, &edges, 1, None));
    // The one that comes second finds nothing left, or writes what is there already.
    assert!(one.expect("folded").events.max(other.expect("folded").events) == 2);
    assert_eq!(asked(&lake).await, (2, "a".to_owned(), true));
}

#[tokio::test]
async fn a_row_from_the_future_waits_for_its_day_with_what_came_after_it() {
    let (lake, clock) = lake().await;
    let edges = Arc::default();
    append(&lake, reports(&["a"], 1, NOW - 3)).await;
    append(&lake, reports(&["b"], 2, NOW + HOUR / 2)).await;
    append(&lake, reports(&["c"], 3, NOW - 1)).await;
    assert_eq!(fold(&lake, &edges, 1, None).await.expect("folded").events, 1);
    assert_eq!(asked(&lake).await, (3, "b".to_owned(), true));
    clock.set(NOW + HOUR);
    assert_eq!(fold(&lake, &edges, 1, None).await.expect("folded").events, 2);
    assert_eq!(asked(&lake).await, (3, "b".to_owned(), true));
}

#[tokio::test]
async fn what_was_folded_wrongly_is_found_and_used_no_more() {
    let (lake, _) = lake().await;
    append(&lake, reports(&["a", "b"], 1, NOW - 3)).await;
    let edges = Arc::default();
    fold(&lake, &edges, 1, None).await.expect("folded");
    let sound = audit(&lake, &edges, None).await.expect("compared");
    assert_eq!((sound.indicators, sound.statements, sound.differing), (1, 1, Vec::new()));
    // An entry as a faulty build might write it: the rows were folded, and nothing stands.
    let snapshot = lake.snapshot(Table::Events).await.expect("a snapshot");
    let state = State::newest(&snapshot).await.expect("read").expect("folded");
    let mut entry = state.entry.as_ref().clone();
    entry.digest = UNSET.to_owned();
    let [run] = entry.runs.as_mut_slice() else { panic!("{entry:?}") };
    run.files.clear();
    let folder = &state.folder;
    let sealed = sealed(serde_json::to_string(&entry).expect("a text"));
    folder.store.put(&folder.entry(7), sealed.into()).await.expect("written");
    let stopped = async || difference(&lake).await.expect("read").map(|found| (found.cells, !found.is_settled));
    assert_eq!(stopped().await, None);
    let found = audit(&lake, &edges, Some(3)).await.expect("compared");
    assert_eq!(found.differing, [("A".to_owned(), "gdp".to_owned(), "2018".to_owned())]);
    assert!(found.stops_publishing);
    assert_eq!(stopped().await, Some((1, true)));
    assert_eq!((asked(&lake).await, entries(&lake).await), ((2, "a".to_owned(), false), 0));
    let nothing = audit(&lake, &edges, None).await.expect("compared");
    assert_eq!((nothing.indicators, nothing.stops_publishing), (0, true), "there is nothing to compare");
    assert_eq!(fold(&lake, &edges, 1, None).await.expect("folded").events, 2);
    assert_eq!(asked(&lake).await, (2, "a".to_owned(), true));
    assert_eq!(stopped().await, Some((1, true)), "what was folded anew has not been compared yet");
    let again = audit(&lake, &edges, Some(3)).await.expect("compared");
    assert_eq!((again.indicators, again.differing, again.stops_publishing), (1, Vec::new(), false));
    assert_eq!(stopped().await, Some((1, false)));
    // A file that was damaged says nothing of what it was: it stops as well.
    let file = state.folder.file(difference::FILE);
    state.folder.store.put(&file, "{\"helan.digest\":\"".into()).await.expect("written");
    assert_eq!(stopped().await, Some((0, true)));
    assert!(!audit(&lake, &edges, None).await.expect("compared").stops_publishing);
    assert_eq!(stopped().await, Some((0, false)));
}

#[tokio::test]
async fn a_statement_that_was_not_folded_is_found_although_it_does_not_stand() {
    let (lake, _) = lake().await;
    append(&lake, reports(&["a"], 1, NOW - 3)).await;
    let edges = Arc::default();
    fold(&lake, &edges, 1, None).await.expect("folded");
    append(&lake, reports(&["b"], 2, NOW - 2)).await;
    fold(&lake, &edges, 1, None).await.expect("folded");
    assert_eq!(audit(&lake, &edges, None).await.expect("compared").differing, []);
    let snapshot = lake.snapshot(Table::Events).await.expect("a snapshot");
    let state = State::newest(&snapshot).await.expect("read").expect("folded");
    let mut entry = state.entry.as_ref().clone();
    entry.digest = UNSET.to_owned();
    entry.history.remove(0);
    let sealed = sealed(serde_json::to_string(&entry).expect("a text"));
    state.folder.store.put(&state.folder.entry(7), sealed.into()).await.expect("written");
    assert_eq!(asked(&lake).await, (2, "b".to_owned(), true), "what stands is right");
    let found = audit(&lake, &edges, Some(3)).await.expect("compared");
    assert_eq!(found.differing, [("A".to_owned(), "gdp".to_owned(), "2018".to_owned())]);
    assert!(found.stops_publishing);
}

#[tokio::test]
async fn what_is_lost_of_it_is_done_without_and_folded_again() {
    let (lake, _) = lake().await;
    append(&lake, reports(&["a", "b"], 1, NOW - 3)).await;
    let edges = Arc::default();
    fold(&lake, &edges, 1, None).await.expect("folded");
    let snapshot = lake.snapshot(Table::Events).await.expect("a snapshot");
    let state = State::newest(&snapshot).await.expect("read").expect("folded");
    for (path, _) in state.files() {
        state.folder.store.delete(&path).await.expect("deleted");
    }
    assert_eq!(asked(&lake).await, (2, "a".to_owned(), false));
    assert_eq!(fold(&lake, &edges, 1, None).await.expect("folded").events, 2);
    assert_eq!(asked(&lake).await, (2, "a".to_owned(), true));
    // An entry that was half written.
    let entry = state.folder.entry(1);
    state.folder.store.put(&entry, "{\"format\":1".into()).await.expect("written");
    assert_eq!(asked(&lake).await, (2, "a".to_owned(), false));
    assert_eq!(fold(&lake, &edges, 1, None).await.expect("folded").events, 2);
    assert_eq!(asked(&lake).await, (2, "a".to_owned(), true));
}
