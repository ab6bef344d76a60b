use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::DataType;
use deltalake_core::datafusion::execution::SessionStateBuilder;
use deltalake_core::datafusion::logical_expr::{Expr, cast, col, lit};
use deltalake_core::datafusion::physical_plan::displayable;
use deltalake_core::datafusion::prelude::{DataFrame, SessionContext};
use helan_schemas::codes::{TYPE_REPORTED, TYPE_WITHDRAWN};
use helan_schemas::tables::Table;
use object_store::ObjectStoreExt;

use crate::Lake;
use crate::cells::fold;
use crate::cells::gather::{Sources, reported};
use crate::cells::state::State;
use crate::cells::tests::{NOW, append, lake, reports};
use crate::digests::{UNSET, sealed};

/// Events of one indicator, of a type, printed or not.
fn about(ids: &[&str], indicator: &str, offset: i64, (kind, role): (&str, Option<&str>)) -> RecordBatch {
    let batch = reports(ids, offset, NOW - 100 + offset);
    let columns = batch.schema_ref().fields().iter().zip(batch.columns()).map(|(field, column)| -> ArrayRef {
        match field.name().as_str() {
            "indicator" => Arc::new(StringArray::from(vec![indicator; ids.len()])),
            "type" => Arc::new(StringArray::from(vec![kind; ids.len()])),
            "role" => Arc::new(StringArray::from(vec![role; ids.len()])),
            _ => column.clone(),
        }
    });
    RecordBatch::try_new(batch.schema(), columns.collect()).expect("events")
}

const REPORTED: (&str, Option<&str>) = (TYPE_REPORTED, None);

/// Some were folded, and some came since.
async fn some_folded() -> Lake {
    let (lake, _) = lake().await;
    append(&lake, about(&["a", "b"], "gdp", 1, REPORTED)).await;
    append(&lake, about(&["c"], "jobs", 2, REPORTED)).await;
    append(&lake, about(&["d"], "gdp", 3, (TYPE_REPORTED, Some("printed")))).await;
    append(&lake, about(&["e"], "gdp", 4, (TYPE_WITHDRAWN, None))).await;
    fold(&lake, &Arc::default(), 1, None).await.expect("folded");
    append(&lake, about(&["f"], "gdp", 5, REPORTED)).await;
    append(&lake, about(&["g"], "jobs", 6, REPORTED)).await;
    lake
}

async fn sources(lake: &Lake) -> Sources {
    lake.snapshot(Table::Events).await.expect("a snapshot").statement_sources().await.expect("sources")
}

/// The rows that pass filters, as a table shows them, and whether what was folded was read; compared with those of the events.
async fn asked(sources: &Sources, filters: &[Expr], columns: &[&str]) -> (Vec<String>, bool) {
    let context = SessionContext::new();
    let mut found = Vec::new();
    for table in [sources.by_cell(), sources.events.clone()] {
        let frame = context.read_table(table).expect("a table");
        let frame = filters.iter().try_fold(frame, |frame, filter| frame.filter(filter.clone())).expect("filters");
        let frame = frame.select_columns(columns).expect("columns").sort_by(vec![col("id")]).expect("an order");
        let plan = frame.clone().create_physical_plan().await.expect("planned");
        let rows = frame.collect().await.expect("answered");
        let rows = arrow::util::pretty::pretty_format_batches(&rows).expect("a text").to_string();
        let rows: Vec<String> = rows.lines().filter(|line| line.starts_with("| ")).skip(1).map(str::to_owned).collect();
        found.push((rows, displayable(plan.as_ref()).indent(true).to_string().contains("/cells/")));
    }
    let (events, by_cell) = (found.pop().expect("rows"), found.pop().expect("rows"));
    assert!(!events.1);
    assert_eq!(by_cell.0, events.0, "{filters:?}");
    by_cell
}

fn of(indicator: &str) -> Vec<Expr> {
    vec![reported(), col("indicator").eq(lit(indicator))]
}

#[tokio::test]
async fn what_was_folded_of_an_indicator_is_read_with_what_came_since() {
    let sources = sources(&some_folded().await).await;
    let columns = ["id", "type", "role", "withdraws", "ref_area", "amount", "known_at", "offset", "value"];
    let (rows, by_folded) = asked(&sources, &of("gdp"), &columns).await;
    assert_eq!((rows.len(), by_folded), (3, true), "{rows:?}");
    // As views ask, whose texts are of another type.
    let within = vec![reported(), cast(col("indicator"), DataType::Utf8).eq(lit("gdp"))];
    assert_eq!(asked(&sources, &within, &["id"]).await, asked(&sources, &of("gdp"), &["id"]).await);
    let either = vec![reported(), col("indicator").eq(lit("gdp")).or(col("indicator").eq(lit("jobs")))];
    assert_eq!(asked(&sources, &either, &["id"]).await.0.len(), 5);
    assert_eq!(asked(&sources, &of("none"), &["id"]).await.0.len(), 0);
    let later = [of("gdp"), vec![col("\"offset\"").gt(lit(4_i64)), col("withdraws").is_null()]].concat();
    let (rows, by_folded) = asked(&sources, &later, &["id"]).await;
    assert_eq!((rows.len(), by_folded), (1, true));
}

#[tokio::test]
async fn what_does_not_follow_from_it_is_read_from_the_events() {
    let sources = sources(&some_folded().await).await;
    let indicator = col("indicator").eq(lit("gdp"));
    let mixed = col("withdraws").is_null().or(col("ref_area").eq(lit("A")));
    let cases = [
        (vec![reported()], vec!["id"], 5),
        (vec![indicator.clone()], vec!["id"], 5),
        (vec![indicator.clone(), col("type").eq(lit(TYPE_REPORTED))], vec!["id"], 4),
        (vec![indicator.clone(), col("role").is_null()], vec!["id"], 4),
        (vec![indicator.clone().or(lit(true)), reported()], vec!["id"], 5),
        (vec![indicator, reported(), mixed], vec!["id"], 3),
        (of("gdp"), vec!["id", "content_digest"], 3),
        (of("gdp"), vec!["id", "published_at"], 3),
    ];
    for (filters, columns, count) in cases {
        let (rows, by_folded) = asked(&sources, &filters, &columns).await;
        assert_eq!((rows.len(), by_folded), (count, false), "{filters:?} {columns:?}");
    }
}

#[tokio::test]
async fn files_are_skipped_also_where_who_asks_plans_with_few_rules() {
    let sources = sources(&some_folded().await).await;
    let state = SessionStateBuilder::new().with_default_features().with_physical_optimizer_rules(Vec::new()).build();
    let frame = SessionContext::new_with_state(state).read_table(sources.by_cell()).expect("a table");
    let frame = of("gdp").into_iter().try_fold(frame, DataFrame::filter).expect("filters");
    let frame = frame.select_columns(&["id", "amount"]).expect("columns");
    let plan = frame.create_physical_plan().await.expect("planned");
    let plan = displayable(plan.as_ref()).indent(true).to_string();
    let files = plan.lines().find(|line| line.contains("/cells/")).expect("files");
    assert!(files.contains("predicate=") && files.contains("indicator_min"), "{plan}");
}

#[tokio::test]
async fn what_is_lost_of_it_is_done_without() {
    let lake = some_folded().await;
    let sources = sources(&lake).await;
    let state = &sources.folded.as_ref().expect("folded").state;
    for name in state.entry.history.iter().flat_map(|stretch| stretch.files.keys()) {
        state.folder.store.delete(&state.folder.file(name)).await.expect("deleted");
    }
    let (rows, by_folded) = asked(&sources, &of("gdp"), &["id"]).await;
    assert_eq!((rows.len(), by_folded), (3, false));
    assert!(lake.cells_left() > 0);
}

#[tokio::test]
async fn what_was_folded_of_another_history_of_the_lake_is_not_used() {
    let lake = some_folded().await;
    let state = State::newest(&lake.snapshot(Table::Events).await.expect("a snapshot")).await.expect("read");
    let state = state.expect("folded");
    let mut entry = state.entry.as_ref().clone();
    (entry.digest, entry.rows) = (UNSET.to_owned(), entry.rows - 1);
    let sealed = sealed(serde_json::to_string(&entry).expect("a text"));
    state.folder.store.put(&state.folder.entry(7), sealed.into()).await.expect("written");
    assert!(!asked(&sources(&lake).await, &of("gdp"), &["id"]).await.1);
}

#[tokio::test]
async fn short_files_are_put_together() {
    let (lake, _) = lake().await;
    let names: Vec<String> = (0..20).map(|at| format!("id {at:02}")).collect();
    let (mut longest, mut named) = (0, BTreeSet::new());
    for (at, name) in names.iter().enumerate() {
        let indicator = if at % 2 == 0 { "gdp" } else { "jobs" };
        append(&lake, about(&[name], indicator, at as i64, REPORTED)).await;
        fold(&lake, &Arc::default(), 1, None).await.expect("folded");
        let sources = sources(&lake).await;
        let entry = &sources.folded.as_ref().expect("folded").state.entry;
        assert_eq!(entry.history.iter().map(|stretch| stretch.rows).sum::<usize>(), at + 1);
        longest = longest.max(entry.history.len());
        named.extend(entry.files().map(|(name, _)| name.clone()));
        let (rows, by_folded) = asked(&sources, &of("gdp"), &["id", "amount"]).await;
        assert_eq!((rows.len(), by_folded), (at / 2 + 1, true));
    }
    assert!((7..12).contains(&longest), "{longest}");
    let listed = sources(&lake).await.folded.expect("folded").state.folder.list().await.expect("listed");
    let unnamed = listed.iter().filter_map(|file| file.location.filename()).filter(|name| !name.ends_with(".json"));
    let unnamed: Vec<_> = unnamed.filter(|name| !named.contains(*name)).collect();
    assert_eq!(unnamed, [""; 0], "what was put together before it was named is deleted at once");
}
