//! Lakes of an older and of a newer build, made by taking a column from a table's first commit or adding one to it.

use std::path::PathBuf;

use arrow::array::AsArray;
use deltalake_core::datafusion::prelude::SessionContext;
use helan_schemas::tables::Table;
use serde_json::{Value, json};
use url::Url;

use crate::maintain::{self, Options};
use crate::tests::{events, txn};
use crate::{CommitError, Lake, LakeError};

fn url(directory: &tempfile::TempDir) -> Url {
    Url::from_directory_path(directory.path()).expect("URL")
}

fn commit_path(directory: &tempfile::TempDir, table: Table, version: u64) -> PathBuf {
    directory.path().join(table.name()).join(format!("_delta_log/{version:020}.json"))
}

/// The metadata of a table's first commit, after a change, as lines of a commit.
fn metadata(directory: &tempfile::TempDir, table: Table, change: impl Fn(&mut Value, &mut Vec<Value>)) -> String {
    let text = std::fs::read_to_string(commit_path(directory, table, 0)).expect("a commit");
    let lines = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).expect("JSON");
        if let Some(info) = line.get_mut("commitInfo") {
            // Without the digest of what it was.
            *info = json!({"engineInfo": "helan"});
        }
        if let Some(metadata) = line.get_mut("metaData") {
            let mut schema: Value =
                serde_json::from_str(metadata["schemaString"].as_str().expect("a schema")).expect("JSON");
            let mut fields = schema["fields"].as_array().expect("fields").clone();
            change(metadata, &mut fields);
            schema["fields"] = Value::Array(fields);
            metadata["schemaString"] = schema.to_string().into();
        }
        format!("{line}\n")
    });
    lines.collect()
}

fn column(name: &str, nullable: bool) -> Value {
    json!({"name": name, "type": "string", "nullable": nullable, "metadata": {}})
}

/// A lake whose `publications` lacks its last column, as builds until 28 November 2026 made it.
async fn older() -> (tempfile::TempDir, Lake) {
    let directory = tempfile::tempdir().expect("temporary directory");
    Lake::create_or_open(&url(&directory), "the log").await.expect("create");
    let commit = metadata(&directory, Table::Publications, |_, fields| drop(fields.pop()));
    std::fs::write(commit_path(&directory, Table::Publications, 0), commit).expect("written");
    let lake = Lake::open(&url(&directory)).await.expect("open");
    (directory, lake)
}

/// A newer build adds columns to `events`, or changes something else.
fn change_events(directory: &tempfile::TempDir, version: u64, change: impl Fn(&mut Value, &mut Vec<Value>)) {
    let commit = metadata(directory, Table::Events, change);
    let commit: String = commit.lines().filter(|line| line.contains("metaData")).collect();
    std::fs::write(commit_path(directory, Table::Events, version), format!("{commit}\n")).expect("written");
}

fn publication(id: &str) -> arrow::record_batch::RecordBatch {
    use arrow::array::{Int64Array, StringArray, TimestampMicrosecondArray};
    use arrow::datatypes::DataType;
    let columns = Table::Publications.columns().into_iter().map(|column| -> (&str, arrow::array::ArrayRef) {
        let array: arrow::array::ArrayRef = match column.data_type {
            DataType::Utf8 => std::sync::Arc::new(StringArray::from(vec![id])),
            DataType::Int64 => std::sync::Arc::new(Int64Array::from(vec![1])),
            _ => std::sync::Arc::new(TimestampMicrosecondArray::from(vec![1]).with_timezone("UTC")),
        };
        (column.name, array)
    });
    Table::Publications.rows(columns).expect("rows")
}

async fn rules(lake: &Lake, sql: &str) -> Vec<Option<String>> {
    let context = SessionContext::new();
    let provider = lake.snapshot(Table::Publications).await.expect("snapshot").provider().expect("provider");
    context.register_table("publications", provider).expect("register");
    let batches = context.sql(sql).await.expect("plan").collect().await.expect("rows");
    let texts = batches.iter().map(|batch| arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Utf8));
    let texts: Vec<_> = texts.map(|column| column.expect("a text")).collect();
    let texts = texts.iter().flat_map(|column| column.as_string::<i32>().iter());
    texts.map(|text| text.map(str::to_owned)).collect()
}

#[tokio::test]
async fn an_older_table_is_read_as_it_is_and_gets_its_column_from_whoever_writes_first() {
    let (directory, lake) = older().await;
    assert_eq!(rules(&lake, "select rules from publications").await, [None; 0]);
    assert!(!commit_path(&directory, Table::Publications, 1).exists(), "reading changes nothing");

    let other = Lake::open(&url(&directory)).await.expect("open");
    let snapshot = lake.snapshot(Table::Publications).await.expect("snapshot");
    let (one, two) = tokio::join!(
        lake.append(&snapshot, vec![publication("a")], txn(1)),
        other.append(&snapshot, vec![publication("b")], vec![("other".to_owned(), 1)]),
    );
    assert_eq!((one.is_ok(), two.is_ok()), (true, true), "two writers at once: {one:?} {two:?}");
    let commits = (0..4).map(|version| std::fs::read_to_string(commit_path(&directory, Table::Publications, version)));
    let commits: Vec<String> = commits.map(|text| text.expect("four commits")).collect();
    assert_eq!(commits.iter().filter(|text| text.contains("ADD COLUMNS")).count(), 1, "once");
    let sql = "select rules from publications where rules is not null order by rules";
    assert_eq!(rules(&lake, sql).await, [Some("a".to_owned()), Some("b".to_owned())]);
}

#[tokio::test]
async fn rows_from_before_a_column_have_none_of_it_also_after_compaction() {
    let (directory, lake) = older().await;
    // The older build's row: its file lacks the column, as its table does.
    let before = lake.snapshot(Table::Publications).await.expect("snapshot");
    let row = publication("old");
    let kept: Vec<usize> = (0..row.num_columns() - 1).collect();
    let row = row.project(&kept).expect("a projection");
    let mut file = parquet::arrow::ArrowWriter::try_new(Vec::new(), row.schema(), None).expect("a writer");
    file.write(&row).expect("rows");
    let bytes = file.into_inner().expect("a file");
    let add = json!({"add": {"path": "old.parquet", "size": bytes.len(), "partitionValues": {}, "modificationTime": 1,
        "dataChange": true, "stats": "{\"numRecords\":1}"}});
    std::fs::write(directory.path().join("publications/old.parquet"), bytes).expect("a file");
    std::fs::write(commit_path(&directory, Table::Publications, 1), format!("{add}\n")).expect("a commit");
    let all = "select rules from publications order by publication";
    assert_eq!(rules(&lake, all).await, [None]);
    assert_eq!(rules(&lake, "select rules from publications where rules = 'x' or time_period = 'old'").await, [None]);
    assert_eq!(
        rules(&lake, "select publication from publications where rules is null").await,
        [Some("old".to_owned())]
    );

    lake.append(&before, vec![publication("new")], txn(1)).await.expect("append");
    assert_eq!(rules(&lake, all).await, [Some("new".to_owned()), None]);
    let options = Options { compact_files: 2, delete: false, ..Options::default() };
    let report = maintain::run_table(&lake, Table::Publications, &options).await.expect("maintained");
    assert_eq!((report.files_before, report.rows), (2, 2));
    assert_eq!(rules(&lake, all).await, [Some("new".to_owned()), None]);
}

#[tokio::test]
async fn a_running_writer_goes_on_when_columns_are_added_and_stops_at_anything_else() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let lake = Lake::create_or_open(&url(&directory), "the log").await.expect("create");
    let tip = lake.tip(Table::Events).await.expect("tip");
    change_events(&directory, 1, |_, fields| fields.push(column("later", true)));
    let advance = |from: Option<i64>, to| vec![crate::Advance { app_id: "app".to_owned(), from, to, marks: None }];
    let tip = lake.advance(&tip, vec![events("s", &["a"], 0)], advance(None, 1)).await.expect("goes on");
    assert_eq!(tip.version(), 2);
    // What it would put together would lose the new column.
    let tip = lake.advance(&tip, vec![events("s", &["b"], 1)], advance(Some(1), 2)).await.expect("goes on");
    let options = Options { compact_files: 2, ..Options::default() };
    let report = maintain::run_table(&lake, Table::Events, &options).await.expect("maintained");
    assert_eq!(report.files_before, 0, "left to the newer build");

    change_events(&directory, tip.version() + 1, |metadata, fields| {
        fields.push(column("later", true));
        metadata["configuration"]["delta.appendOnly"] = "false".into();
    });
    let stopped = lake.advance(&tip, vec![events("s", &["c"], 2)], advance(Some(2), 3)).await;
    assert!(
        matches!(&stopped, Err(CommitError::Stop(error)) if error.to_string().contains("properties")),
        "{stopped:?}"
    );
}

#[tokio::test]
async fn a_table_of_other_columns_is_refused_by_name() {
    let refused = async |change: &dyn Fn(&mut Vec<Value>)| {
        let directory = tempfile::tempdir().expect("temporary directory");
        Lake::create_or_open(&url(&directory), "the log").await.expect("create");
        change_events(&directory, 1, |_, fields| change(fields));
        let error = Lake::open(&url(&directory)).await.expect_err("refused");
        assert!(matches!(error, LakeError::Unsafe { table: "events", .. }), "{error}");
        error.to_string()
    };
    let error = refused(&|fields| fields.push(column("must", false))).await;
    assert!(error.contains("must") && error.contains("upgrade"), "{error}");
    let error = refused(&|fields| fields[0]["name"] = "subject".into()).await;
    assert!(error.contains("subject") && error.contains("backup"), "{error}");
    let error = refused(&|fields| drop(fields.remove(6))).await;
    assert!(error.contains("type") && error.contains("backup"), "{error}");
}
