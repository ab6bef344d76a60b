//! The lake as its users see it, on a real directory.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{
    ArrayRef, AsArray, BinaryArray, Decimal128Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::{DataType, Decimal128Type};
use deltalake_core::datafusion::logical_expr::{col, lit};
use deltalake_core::datafusion::prelude::SessionContext;
use helan_runtime::clock::Clock;
use helan_schemas::tables::Table;
use object_store::path::Path;
use url::Url;

use crate::commit::{Stored, store};
use crate::encode::encode;
use crate::maintain::{self, Options};
use crate::simulated::{Fault, SimulatedStore};
use crate::tip::Operation;
use crate::vacuum::{delete, orphans};
use crate::{Advance, CommitError, Lake, LakeError, TableTip};

/// Events of one source with the given ids; all other columns hold something plausible.
pub(crate) fn events(source: &str, ids: &[&str], offset: i64) -> RecordBatch {
    let rows = ids.len();
    let schema = Table::Events.schema();
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        match (field.name().as_str(), field.data_type()) {
            ("id", _) => Arc::new(StringArray::from(ids.to_vec())),
            ("source", _) => Arc::new(StringArray::from(vec![source; rows])),
            ("topic", _) => Arc::new(StringArray::from(vec!["t"; rows])),
            ("offset", _) => Arc::new(Int64Array::from(vec![offset; rows])),
            ("recorded_year", _) => Arc::new(Int32Array::from(vec![2019; rows])),
            ("value", _) => Arc::new(
                Decimal128Array::from(vec![13_000_000_000_i128; rows]).with_precision_and_scale(28, 10).expect("type"),
            ),
            (_, data_type) if field.is_nullable() => new_null_array(data_type, rows),
            (_, DataType::Utf8) => Arc::new(StringArray::from(vec!["x"; rows])),
            (_, DataType::Int32) => Arc::new(Int32Array::from(vec![0; rows])),
            (_, DataType::Int64) => Arc::new(Int64Array::from(vec![0; rows])),
            (_, DataType::Binary) => Arc::new(BinaryArray::from(vec![&[7_u8; 16][..]; rows])),
            (_, DataType::Timestamp(..)) => Arc::new(
                TimestampMicrosecondArray::from(vec![1_560_000_000_123_456 + offset; rows]).with_timezone("UTC"),
            ),
            (name, other) => panic!("{name}: {other}"),
        }
    });
    RecordBatch::try_new(schema.clone(), columns.collect()).expect("events")
}

pub(crate) fn txn(version: i64) -> Vec<(String, i64)> {
    vec![("app".to_owned(), version)]
}

async fn lake() -> (tempfile::TempDir, Url, Lake) {
    let directory = tempfile::tempdir().expect("temporary directory");
    let url = Url::from_directory_path(directory.path().join("lake")).expect("URL");
    let lake = Lake::create_or_open(&url, "the log").await.expect("create");
    (directory, url, lake)
}

#[tokio::test]
async fn says_where_no_lake_is_and_reopens_what_it_created() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let url = Url::from_directory_path(directory.path().join("nothing")).expect("URL");
    assert!(matches!(Lake::open(&url).await, Err(LakeError::NoLake(_))));
    assert!(!directory.path().join("nothing").exists());

    let (_directory, url, lake) = lake().await;
    let (again, other) = tokio::join!(Lake::open(&url), Lake::create_or_open(&url, "another log"));
    for reopened in [again.expect("open"), other.expect("create or open")] {
        assert_eq!((reopened.id(), reopened.log_identity()), (lake.id(), "the log"));
    }
    for table in Table::ALL {
        let snapshot = lake.snapshot(table).await.expect("snapshot");
        assert_eq!((snapshot.version(), snapshot.row_count()), (0, Some(0)), "{}", table.name());
    }
}

#[tokio::test]
async fn rows_come_back_with_their_types_and_files_are_skipped() {
    let (_directory, _, lake) = lake().await;
    let empty = lake.snapshot(Table::Events).await.expect("snapshot");
    let first = lake.append(&empty, vec![events("s", &["b", "a"], 0)], txn(1)).await.expect("append");
    let second =
        lake.append(&first, vec![events("s", &["c"], 1), events("r", &["z"], 1)], txn(2)).await.expect("append");
    assert_eq!((empty.row_count(), first.row_count(), second.row_count()), (Some(0), Some(2), Some(4)));
    assert_eq!(second.txn("app").await.expect("txn"), Some(2));
    let files = second.files();
    assert_eq!(files.len(), 2);
    assert!(files.iter().all(|file| file.path.starts_with("recorded_year=2019/") && file.rows.is_some()));

    let provider = second.provider().expect("provider");
    for (ours, theirs) in Table::Events.schema().fields().iter().zip(provider.schema().fields()) {
        let expected = match ours.data_type() {
            DataType::Utf8 => &DataType::Utf8View,
            DataType::Binary => &DataType::BinaryView,
            other => other,
        };
        assert_eq!((ours.name(), expected), (theirs.name(), theirs.data_type()));
        assert_eq!(ours.is_nullable(), theirs.is_nullable(), "{}", ours.name());
        assert_eq!(theirs.metadata().get("comment"), ours.metadata().get("comment"));
    }
    let context = SessionContext::new();
    context.register_table("events", provider).expect("register");
    let sql = "select source, id, value, recorded_at, recorded_year from events where id >= 'b' order by source, id";
    let rows = context.sql(sql).await.expect("plan").collect().await.expect("rows");
    let text = arrow::util::pretty::pretty_format_batches(&rows).expect("text").to_string();
    assert!(text.contains("| r      | z  | 1.3000000000 | 2019-06-08T13:20:00.123457Z | 2019          |"), "{text}");
    assert_eq!(text.lines().count(), 7, "{text}");

    let wanted = |source: &str, ids: &[&str]| (source.to_owned(), ids.iter().map(|id| (*id).to_owned()).collect());
    let wanted = [wanted("s", &["a", "b", "x"]), wanted("r", &["a"])].into_iter().collect();
    let found = second.known_events(&wanted).await.expect("known");
    assert_eq!(found.iter().map(|event| event.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(second.known_events(&Default::default()).await.expect("none").is_empty());
    assert_eq!(found[0].content_digest, [7; 16]);
    let largest = second.largest_ids("t", 0).await.expect("largest");
    assert_eq!((largest["s"][&1].as_str(), largest["r"][&1].as_str()), ("c", "z"));
    assert!(second.largest_ids("t", 1).await.expect("largest").is_empty());
    assert_eq!(second.last_recorded("t", 0, 1).await.expect("last"), Some(1_560_000_000_123_456));

    let filter = col("source").eq(lit("s")).and(col("id").eq(lit("c")));
    let plan = second.read(&["value"], Some(filter)).expect("plan").create_physical_plan().await.expect("plan");
    let shown = deltalake_core::datafusion::physical_plan::displayable(plan.as_ref()).indent(true).to_string();
    let skipped = first.files().iter().all(|file| !shown.contains(file.path.trim_start_matches("recorded_year=2019/")));
    assert!(skipped, "the file without source s, id c is read: {shown}");
    let rows = second.read(&["value"], Some(col("id").eq(lit("c")))).expect("plan").collect().await.expect("rows");
    assert_eq!(rows[0].column(0).as_primitive::<Decimal128Type>().value(0), 13_000_000_000);
}

#[tokio::test]
async fn a_stale_snapshot_is_fenced_and_versions_only_move_forward() {
    let (_directory, _, lake) = lake().await;
    let stale = lake.snapshot(Table::Events).await.expect("snapshot");
    let other = vec![("other".to_owned(), 7)];
    lake.append(&stale, vec![events("s", &["o"], 0)], other).await.expect("another id does not conflict");
    let now = lake.append(&stale, vec![events("s", &["a"], 0)], txn(5)).await.expect("append");
    assert_eq!(now.version(), 2);
    for (snapshot, version) in [(&stale, 6), (&now, 5), (&now, 3)] {
        match lake.append(snapshot, vec![events("s", &["b"], 1)], txn(version)).await {
            Err(CommitError::Fenced(moved)) => {
                assert_eq!((moved[0].app_id.as_str(), moved[0].stored), ("app", Some(5)))
            }
            other => panic!("{version}: {other:?}"),
        }
    }
    let now = lake.append(&now, Vec::new(), txn(9)).await.expect("offsets without rows");
    assert_eq!((now.row_count(), now.txn("other").await.expect("txn")), (Some(2), Some(7)));
    let wrong = RecordBatch::try_from_iter([("a", Arc::new(Int32Array::from(vec![1])) as ArrayRef)]).expect("batch");
    assert!(matches!(lake.append(&now, vec![wrong], txn(10)).await, Err(CommitError::Stop(LakeError::Rows { .. }))));
}

fn now(days: i64) -> Clock {
    Clock::manual(Clock::system().now() + days * 24 * 3600 * 1_000_000)
}

#[tokio::test]
async fn compaction_keeps_every_row_and_clean_up_what_is_needed() {
    let store = SimulatedStore::new(true);
    let url = Url::parse("memory://lake/a").expect("URL");
    let lake = Lake::create_or_open_in(&url, Arc::new(store.process()), "log", Clock::system()).await.expect("lake");
    let mut snapshot = lake.snapshot(Table::Events).await.expect("snapshot");
    for number in 0..20 {
        let id = format!("{number:02}");
        snapshot = lake.append(&snapshot, vec![events("s", &[&id], number)], txn(number + 1)).await.expect("append");
    }
    let old = snapshot.clone();
    let options = Options { checkpoint_commits: 10, ..Options::default() };
    let report = maintain::run_table(&lake, Table::Events, &options).await.expect("maintain");
    assert_eq!((report.files_before, report.files_after, report.rows), (20, 1, 20));
    assert_eq!((report.checkpoint, report.logs_deleted, report.orphans_deleted), (Some(21), 0, 0));
    let snapshot = lake.append(&old, vec![events("s", &["20"], 20)], txn(21)).await.expect("an appender goes on");
    assert_eq!((snapshot.files().len(), snapshot.row_count()), (2, Some(21)));
    assert_eq!(lake.snapshot(Table::Events).await.expect("snapshot").txn("app").await.expect("txn"), Some(21));
    assert_eq!(old.read(&["id"], None).expect("plan").count().await.expect("an old version is still read"), 20);

    // A day later the replaced files go, and the log before the checkpoint, but nothing that is needed.
    // It is the store's day: a machine whose clock is two days ahead or behind deletes as much as any other.
    for days in [2, -2] {
        let wrong = Lake::open_in(&url, Arc::new(store.process()), now(days)).await.expect("open");
        let report = maintain::run_table(&wrong, Table::Events, &options).await.expect("maintain");
        assert_eq!((report.logs_deleted, report.orphans_deleted), (0, 0), "{days}");
    }
    store.pass(Duration::from_secs(2 * 24 * 3600));
    let later = Lake::open_in(&url, Arc::new(store.process()), now(-2)).await.expect("open");
    let report = maintain::run_table(&later, Table::Events, &options).await.expect("maintain");
    assert_eq!((report.files_before, report.checkpoint, report.orphans_deleted), (0, None, 20));
    assert!(report.logs_deleted >= 20, "{report:?}");
    let snapshot = later.snapshot(Table::Events).await.expect("snapshot");
    assert_eq!(snapshot.read(&["id"], None).expect("plan").count().await.expect("rows"), 21);
    assert_eq!(snapshot.txn("app").await.expect("txn"), Some(21));
}

#[tokio::test]
async fn files_are_put_together_in_order_and_over_other_writers_commits() {
    let store = SimulatedStore::new(true);
    let url = Url::parse("memory://lake/d").expect("URL");
    let lake = Lake::create_or_open_in(&url, Arc::new(store.process()), "log", Clock::system()).await.expect("lake");
    let stale = lake.tip(Table::Events).await.expect("tip");
    let mut tip = stale.clone();
    // Ids of every file lie between those of the others, and some files are larger than what is read at once.
    for number in 0..9_i64 {
        let ids: Vec<String> = (0..1 + 2000 * (number % 3)).map(|row| format!("{row:06}-{number}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let advances =
            vec![Advance { app_id: "app".into(), from: (number > 0).then_some(number), to: number + 1, marks: None }];
        tip = lake.advance(&tip, vec![events("s", &ids, number)], advances).await.expect("advance");
    }
    let options = Options { compact_files: 3, ..Options::default() };
    let report = maintain::run_table(&lake, Table::Events, &options).await.expect("maintain");
    assert_eq!((report.files_before, report.files_after, report.rows), (9, 2, 9 + 3 * 6000));
    let snapshot = lake.snapshot(Table::Events).await.expect("snapshot");
    let rows = snapshot.read(&["source", "id"], None).expect("plan").collect().await.expect("rows");
    assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>(), report.rows);
    // A writer whose tip is far behind goes on after all of them, as long as nobody moved its own id.
    let other = vec![Advance { app_id: "other".into(), from: None, to: 1, marks: None }];
    let late = lake.advance(&stale, Vec::new(), other).await.expect("advance");
    assert_eq!(late.version(), snapshot.version() + 1);
    let moved = vec![Advance { app_id: "app".into(), from: None, to: 1, marks: None }];
    assert!(matches!(lake.advance(&stale, Vec::new(), moved).await, Err(CommitError::Fenced(_))));
}

#[tokio::test]
async fn of_two_compactions_one_wins() {
    let store = SimulatedStore::new(true);
    let url = Url::parse("memory://lake/b").expect("URL");
    let lake = Lake::create_or_open_in(&url, Arc::new(store.process()), "log", Clock::system()).await.expect("lake");
    let rival = Lake::open_in(&url, Arc::new(store.process()), Clock::system()).await.expect("open");
    let mut snapshot = lake.snapshot(Table::Events).await.expect("snapshot");
    for round in 0..3_i64 {
        for number in 0..8 {
            let offset = round * 8 + number;
            let id = format!("{offset:02}");
            snapshot =
                lake.append(&snapshot, vec![events("s", &[&id], offset)], txn(offset + 1)).await.expect("append");
        }
        let options = Options { compact_files: 8, ..Options::default() };
        let (one, two) = tokio::join!(
            maintain::run_table(&lake, Table::Events, &options),
            maintain::run_table(&rival, Table::Events, &options)
        );
        let (one, two) = (one.expect("one"), two.expect("two"));
        assert!(one.backed_off as u8 + two.backed_off as u8 <= 1, "{one:?} {two:?}");
        let now = lake.snapshot(Table::Events).await.expect("snapshot");
        assert_eq!(now.row_count(), Some((round as usize + 1) * 8));
        assert_eq!(
            now.read(&["id"], None).expect("plan").distinct().expect("distinct").count().await.expect("rows"),
            (round as usize + 1) * 8
        );
    }
}

#[tokio::test]
async fn a_lost_answer_is_found_to_be_success_and_a_lost_write_is_tried_again() {
    let store = SimulatedStore::new(true);
    let process = store.process();
    let url = Url::parse("memory://lake/c").expect("URL");
    let lake = Lake::create_or_open_in(&url, Arc::new(process.clone()), "log", Clock::system()).await.expect("lake");
    let snapshot = lake.snapshot(Table::Events).await.expect("snapshot");
    // The first write of an append is its data file, the second its commit.
    process.fail_after(1, Fault::Ambiguous);
    let snapshot = lake.append(&snapshot, vec![events("s", &["a"], 0)], txn(1)).await.expect("success after all");
    assert_eq!((snapshot.version(), snapshot.row_count()), (1, Some(1)));
    for fault_at in [0, 1] {
        process.fail_after(fault_at, Fault::Lost);
        let failed = lake.append(&snapshot, vec![events("s", &["b"], 1)], txn(2)).await;
        assert!(matches!(failed, Err(CommitError::Retry(_))), "{failed:?}");
    }
    let snapshot = lake.append(&snapshot, vec![events("s", &["b"], 1)], txn(2)).await.expect("append");
    assert_eq!(snapshot.row_count(), Some(2));
    let advance = |from| vec![Advance { app_id: "app".into(), from, to: 3, marks: None }];
    let tip = lake.tip(Table::Events).await.expect("tip");
    let behind = lake.advance(&tip, Vec::new(), advance(Some(1))).await;
    assert!(matches!(behind, Err(CommitError::Fenced(_))), "rows made from an older offset: {behind:?}");
    let ahead = lake.advance(&tip, Vec::new(), advance(Some(2))).await.expect("advance");
    assert_eq!((ahead.version(), ahead.txn("app").await.expect("txn")), (tip.version() + 1, Some(3)));
    let late = lake.advance(&tip, vec![events("s", &["c"], 2)], advance(Some(2))).await;
    assert!(matches!(late, Err(CommitError::Fenced(_))), "another moved the id after this tip: {late:?}");
    let same = lake.advance(&tip, Vec::new(), advance(Some(2))).await.expect("what was to be said stands there");
    assert_eq!(same.version(), ahead.version());
}

#[tokio::test]
async fn a_listing_that_misses_a_commit_is_made_again() {
    let store = SimulatedStore::new(true);
    let url = Url::parse("memory://lake/d").expect("URL");
    let lake = Lake::create_or_open_in(&url, Arc::new(store.process()), "log", Clock::system()).await.expect("lake");
    let mut snapshot = lake.snapshot(Table::Events).await.expect("snapshot");
    for (offset, id) in ["a", "b", "c"].into_iter().enumerate() {
        let offset = offset as i64;
        snapshot = lake.append(&snapshot, vec![events("s", &[id], offset)], txn(offset + 1)).await.expect("append");
    }
    let reading = store.process();
    let reader = Lake::open_in(&url, Arc::new(reading.clone()), Clock::system()).await.expect("open");
    let missed = || Path::from("d/events/_delta_log/00000000000000000002.json");
    reading.unlisted_in(2, missed());
    let seen = reader.snapshot(Table::Events).await.expect("the listing is made again");
    assert_eq!((seen.version(), seen.row_count()), (3, Some(3)));
    // What never comes back is no race: half the table must not pass for the whole.
    reading.unlisted_in(usize::MAX, missed());
    let error = reader.snapshot(Table::Events).await.expect_err("the commit is gone");
    assert!(error.to_string().contains("contiguous"), "{error}");
}

/// Some files of one event, stored but not committed.
async fn in_flight(lake: &Lake, tip: &TableTip, id: &str) -> Stored {
    let (clock, batch) = (lake.clock().clone(), events("s", &[id], 0));
    let files = encode(Table::Events, &[batch], true, clock.now() / 1000, || clock.new_id()).expect("a file");
    store(lake.clock(), tip.log_store(), files).await.expect("stored")
}

#[tokio::test]
async fn what_a_commit_on_the_way_names_is_not_deleted() {
    const HOUR: Duration = Duration::from_secs(3600);
    let disk = SimulatedStore::new(true);
    let url = Url::parse("memory://lake/e").expect("URL");
    let clock = Clock::manual(Clock::system().now());
    let lake = Lake::create_or_open_in(&url, Arc::new(disk.process()), "log", clock.clone()).await.expect("lake");
    let tip = lake.tip(Table::Events).await.expect("tip");
    let eager = Options { orphan_age_ms: 0, ..Options::default() };

    // However short the age is: a file of just now stays.
    let stored = in_flight(&lake, &tip, "a").await;
    assert_eq!(maintain::run_table(&lake, Table::Events, &eager).await.expect("maintain").orphans_deleted, 0);
    let tip = lake.commit_after(&tip, Operation::Append, stored, &txn(1)).await.expect("committed");

    // A commit that comes between the look and the deletion saves its file.
    let stored = in_flight(&lake, &tip, "b").await;
    disk.pass(2 * HOUR);
    let before = lake.snapshot(Table::Events).await.expect("snapshot");
    let now_ms = Clock::system().now() / 1000 + 3600 * 1000;
    let found = orphans(&before, now_ms).await.expect("found");
    assert_eq!(found.len(), 1);
    let tip = lake.commit_after(&tip, Operation::Append, stored, &txn(2)).await.expect("committed");
    assert_eq!(delete(&lake, Table::Events, &found, now_ms).await.expect("deleted"), 0);

    // A writer that slept for longer than a file is safe does not commit it, whichever way its clock was set.
    for set in [40 * 60, -40 * 60] {
        let stored = in_flight(&lake, &tip, "c").await;
        disk.pass(2 * HOUR);
        assert_eq!(maintain::run_table(&lake, Table::Events, &eager).await.expect("maintain").orphans_deleted, 1);
        clock.set(clock.now() + set * 1_000_000);
        let late = lake.commit_after(&tip, Operation::Append, stored, &txn(3)).await;
        assert!(matches!(late, Err(CommitError::Retry(_))), "{late:?}");
    }
    let snapshot = lake.snapshot(Table::Events).await.expect("snapshot");
    assert_eq!(snapshot.read(&["id"], None).expect("plan").count().await.expect("every file is there"), 2);
}

#[tokio::test]
async fn clocks_that_disagree_are_told_apart() {
    let (_directory, _, lake) = lake().await;
    let now = Clock::system().now();
    lake.check_clock(now).await.expect("they agree");
    for (days, how) in [(365, "ahead of"), (-1, "behind")] {
        let said = lake.check_clock(now + days * 24 * 3_600_000_000).await.expect_err("they do not").to_string();
        assert!(said.contains(how), "{said}");
    }
}

#[tokio::test]
async fn a_damaged_file_of_a_tables_log_is_named() {
    let (_directory, url, lake) = lake().await;
    let mut tip = lake.tip(Table::Events).await.expect("tip");
    let stale = tip.clone();
    for number in 0..3_i64 {
        let advances =
            vec![Advance { app_id: "app".into(), from: (number > 0).then_some(number), to: number + 1, marks: None }];
        tip = lake.advance(&tip, vec![events("s", &["a"], number)], advances).await.expect("advance");
    }
    let log = lake.table_url(Table::Events).to_file_path().expect("a path").join("_delta_log");
    let told = async |name: &str, content: &[u8]| {
        let whole = std::fs::read(log.join(name)).expect("readable");
        std::fs::write(log.join(name), content).expect("written");
        let mut said = vec![lake.snapshot(Table::Events).await.expect_err(name).to_string()];
        said.push(Lake::open(&url).await.expect_err(name).to_string());
        for text in &said {
            assert!(text.contains(&format!("events/_delta_log/{name}")) && text.contains("backup"), "{text}");
            assert!(text.lines().count() == 1, "no backtrace: {text}");
        }
        std::fs::write(log.join(name), whole).expect("written");
    };
    let name = "00000000000000000002.json";
    let whole = std::fs::read(log.join(name)).expect("readable");
    let mut flipped = whole.clone();
    flipped[2] ^= 0x80;
    told(name, &whole[..whole.len() / 2]).await;
    told(name, &flipped).await;
    // A writer that comes upon it says so too.
    let other = vec![Advance { app_id: "other".into(), from: None, to: 1, marks: None }];
    for content in [&whole[..whole.len() / 2], b""] {
        std::fs::write(log.join(name), content).expect("written");
        let said = lake.advance(&stale, Vec::new(), other.clone()).await.expect_err("damaged").to_string();
        assert!(said.contains(name), "{said}");
    }
    std::fs::write(log.join(name), &whole).expect("written");

    let options = Options { checkpoint_commits: 1, ..Options::default() };
    let checkpoint = maintain::run_table(&lake, Table::Events, &options).await.expect("maintain").checkpoint;
    let name = format!("{:020}.checkpoint.parquet", checkpoint.expect("a checkpoint"));
    let whole = std::fs::read(log.join(&name)).expect("readable");
    told(&name, &whole[..whole.len() / 2]).await;
}
