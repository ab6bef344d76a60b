//! Records to append, and what is in the lake.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type};
use helan_lake::Lake;
use helan_log::memory::MemoryLog;
use helan_log::{Envelope, Log, NewRecord, TopicSpec};
use helan_schemas::tables::Table;
use helan_schemas::topics;
use url::Url;

/// A log with every topic in so many partitions.
pub(crate) async fn log(partitions: i32) -> Arc<MemoryLog> {
    let log = MemoryLog::new("test");
    log.create_topics(&TopicSpec::all(partitions, 1)).await.expect("topics");
    Arc::new(log)
}

/// A lake of a log.
pub(crate) async fn lake_in(directory: &Path, log: &dyn Log) -> Lake {
    let url = Url::from_directory_path(directory).expect("URL");
    Lake::create_or_open(&url, &log.identity().await.expect("identity").to_string()).await.expect("lake")
}

/// A log with every topic in one partition, and its lake in a directory of its own.
pub(crate) async fn log_and_lake() -> (tempfile::TempDir, Arc<MemoryLog>, Lake) {
    let directory = tempfile::tempdir().expect("temporary directory");
    let log = log(1).await;
    let lake = lake_in(directory.path(), log.as_ref()).await;
    (directory, log, lake)
}

/// One reported event.
pub(crate) fn event(source: &str, id: &str, value: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"{source}","type":"helan.observation.reported.v1","data":{{"ref_area":"640100","indicator":"rd_expenditure","time_period":"2018","value":"{value}","unit":"CNY","unit_mult":4}}}}"#
    )
}

/// A withdrawal of an event.
pub(crate) fn withdrawal(source: &str, id: &str, withdraws: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"{source}","type":"helan.observation.withdrawn.v1","data":{{"withdraws":"{withdraws}"}}}}"#
    )
}

/// A submission of these events.
pub(crate) fn submission(source: &str, id: &str, received_at: i64, events: &[String]) -> NewRecord {
    record(topics::CITY, source, id, received_at, format!("[{}]", events.join(",")))
}

pub(crate) fn record(topic: &str, key: &str, id: &str, received_at: i64, value: String) -> NewRecord {
    NewRecord {
        topic: topic.into(),
        key: key.to_owned(),
        envelope: Envelope {
            content_type: topics::CONTENT_TYPE_BATCH.to_owned(),
            reporter: "reporter".to_owned(),
            submission: id.to_owned(),
            received_at,
            catalog: "catalog".to_owned(),
        },
        value: value.into(),
    }
}

/// The rows of a table, as one text a row: the named columns joined by `|`, sorted.
pub(crate) async fn rows(lake: &Lake, table: Table, columns: &[&str]) -> Vec<String> {
    let snapshot = lake.snapshot(table).await.expect("snapshot");
    let batches = snapshot.read(columns, None).expect("plan").collect().await.expect("rows");
    let mut rows: Vec<String> =
        batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| text(batch, row))).collect();
    rows.sort();
    rows
}

fn text(batch: &RecordBatch, row: usize) -> String {
    let cell = |column: &Arc<dyn Array>| {
        if column.is_null(row) {
            return "-".to_owned();
        }
        if let Some(texts) = column.as_string_view_opt() {
            return texts.value(row).to_owned();
        }
        if let Some(numbers) = column.as_primitive_opt::<Int32Type>() {
            return numbers.value(row).to_string();
        }
        if let Some(numbers) = column.as_primitive_opt::<Int64Type>() {
            return numbers.value(row).to_string();
        }
        arrow::util::display::array_value_to_string(column, row).expect("a cell")
    };
    batch.columns().iter().map(cell).collect::<Vec<_>>().join("|")
}
