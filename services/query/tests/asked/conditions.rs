//! A condition on a view's column keeps exactly the rows that have it, however deep the engine pushes it.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use helan_queries::Type;
use helan_query::Session;

use crate::support;

async fn rows(session: &Session, text: &str) -> Vec<RecordBatch> {
    let frame = session.sql(text).await.unwrap_or_else(|error| panic!("{text}: {error}"));
    frame.collect().await.unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_condition_keeps_the_rows_that_have_it() {
    let script = support::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../queries/tests/observations.txt"));
    let session = support::session(&script);
    let unions = helan_queries::all().iter().filter(|view| !view.materialise && view.sql.contains("union all"));
    let (mut asked, mut wrong) = (0, Vec::new());
    for view in unions {
        let texts: Vec<_> = view.columns.iter().filter(|column| matches!(column.data_type, Type::Text)).collect();
        let names: Vec<_> = texts.iter().map(|column| format!("\"{}\"", column.name)).collect();
        let all = rows(&session, &format!("select {} from {}", names.join(", "), view.name)).await;
        let mut conditions = Vec::new();
        for (at, column) in names.iter().enumerate() {
            let mut counts = BTreeMap::<&str, i64>::new();
            for value in all.iter().flat_map(|batch| batch.column(at).as_string::<i32>().iter().flatten()) {
                *counts.entry(value).or_default() += 1;
            }
            // The rarest: what most rows have is easily found.
            if let Some((value, count)) = counts.into_iter().min_by_key(|(_, count)| *count) {
                conditions.push((format!("{column} = '{}'", value.replace('\'', "''")), count));
            }
        }
        for (condition, expected) in conditions {
            let text = format!("select count(*) from {} where {condition}", view.name);
            let answer = rows(&session, &text).await;
            let found = answer[0].column(0).as_primitive::<Int64Type>().value(0);
            asked += 1;
            if found != expected {
                wrong.push(format!("{}: {condition}: {found} rows of {expected}", view.name));
            }
        }
    }
    assert!(asked > 20 && wrong.is_empty(), "{asked} asked; {wrong:#?}");
}
