//! The embedded log: the suite that all adapters pass, and what holds of files.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use crate::conformance::{self, Subject, create, numbered};
use crate::{Address, Log, LogError, Message, OpenOptions, Refusal, RetryReason, StopReason, TopicPartition, open};
use async_trait::async_trait;

struct Embedded(PathBuf);

async fn writing(directory: &Path) -> Arc<dyn Log> {
    open(&format!("embedded://{}", directory.display()), OpenOptions::writing()).await.expect("the log opens")
}

/// A new log in a directory of its own, with the topic `t` of one partition.
async fn with_topic() -> (tempfile::TempDir, Arc<dyn Log>) {
    let directory = tempfile::tempdir().expect("a directory");
    let log = writing(directory.path()).await;
    create(&*log, "t", 1).await;
    (directory, log)
}

/// The file of the log in `directory`, past the log.
fn opened(directory: &tempfile::TempDir) -> rusqlite::Connection {
    rusqlite::Connection::open(directory.path().join("log.sqlite")).expect("a database")
}

#[async_trait]
impl Subject for Embedded {
    async fn open(&self) -> Arc<dyn Log> {
        writing(&self.0).await
    }

    async fn other(&self) -> Option<Arc<dyn Log>> {
        let other = writing(&self.0.join("other")).await;
        create(&*other, "identity", 2).await;
        Some(other)
    }

    async fn append_until_killed(&self, topic: &str) -> Option<Vec<(u64, Address)>> {
        let mut acknowledged = Vec::new();
        for round in 0..3 {
            let mut child = Command::new(std::env::current_exe().expect("the test's own program"))
                .args(["--ignored", "--exact", "embedded::tests::child_appends_until_killed", "--nocapture"])
                .env("LOG_DIRECTORY", &self.0)
                .env("LOG_TOPIC", topic)
                .env("LOG_FIRST", (round * 1_000_000).to_string())
                .stdout(Stdio::piped())
                .spawn()
                .expect("the child starts");
            let lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
            let mut here = 0;
            for line in lines.map_while(Result::ok) {
                let mut words = line.split_whitespace().skip_while(|word| *word != "acknowledged").skip(1);
                let Some(number) = words.next() else { continue };
                let mut word = || words.next().expect("a whole line");
                let at = TopicPartition::new(topic, word().parse().expect("a partition"));
                let offset = word().parse().expect("an offset");
                acknowledged.push((number.parse().expect("a number"), Address { at, offset }));
                here += 1;
                if here == 2000 + 700 * round {
                    child.kill().expect("the child can be killed");
                }
            }
            child.wait().expect("the child ends");
        }
        Some(acknowledged)
    }

    fn splits_groups(&self) -> bool {
        false
    }
}

/// Not a test: the process that the durability test kills.
#[tokio::test]
#[ignore = "runs as a child of the durability test"]
async fn child_appends_until_killed() {
    let Ok(directory) = std::env::var("LOG_DIRECTORY") else { return };
    let topic = std::env::var("LOG_TOPIC").expect("a topic");
    let first: u64 = std::env::var("LOG_FIRST").expect("a number").parse().expect("a number");
    let log = writing(Path::new(&directory)).await;
    for from in (first..).step_by(64) {
        let appends = (from..from + 64).map(|number| {
            let append = log.append(numbered(&topic, number));
            async move {
                let Address { at, offset } = append.await.expect("appended");
                println!("acknowledged {number} {} {offset}", at.partition);
            }
        });
        futures::future::join_all(appends).await;
    }
}

#[tokio::test]
async fn passes_the_suite() {
    let directory = tempfile::tempdir().expect("a directory");
    conformance::run(&Embedded(directory.path().to_owned())).await;
}

#[tokio::test]
async fn one_process_writes_and_others_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let url = format!("embedded://{}", directory.path().display());
    let none = open(&url, OpenOptions::default()).await.map(drop);
    assert!(matches!(none, Err(LogError::Retry { .. })), "nothing to read yet: {none:?}");
    let writer = writing(directory.path()).await;
    create(&*writer, "t", 1).await;
    let second = open(&url, OpenOptions::writing()).await.map(drop);
    assert!(matches!(second, Err(LogError::Stop(StopReason::Misconfigured(_)))), "{second:?}");

    let reader = open(&url, OpenOptions::default()).await.expect("readers take no lock");
    assert_eq!(reader.append(numbered("t", 0)).await, Err(Refusal::ReadOnly.into()));
    let mut subscription = reader.subscribe("g", &["t"]).await.expect("subscribed");
    assert!(matches!(subscription.next().await, Ok(Message::Assigned(_))));
    subscription.seek(&TopicPartition::new("t", 0), 0).await.expect("the start can be read");
    let (message, address) = tokio::join!(subscription.next(), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        writer.append(numbered("t", 1)).await
    });
    assert!(matches!(message, Ok(Message::Records(records)) if records.len() == 1));
    assert_eq!(address.expect("appended").offset, 0);
    assert_eq!(reader.identity().await, writer.identity().await);
}

#[tokio::test]
async fn files_are_private_and_of_a_known_version() {
    let (directory, log) = with_topic().await;
    for file in std::fs::read_dir(directory.path()).expect("a directory") {
        let file = file.expect("an entry");
        let mode = file.metadata().expect("metadata").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.path());
    }
    drop(log);
    let database = opened(&directory);
    database.pragma_update(None, "user_version", 3).expect("the version can be set");
    drop(database);
    let url = format!("embedded://{}", directory.path().display());
    let newer = open(&url, OpenOptions::writing()).await.map(drop);
    assert!(matches!(newer, Err(LogError::Stop(StopReason::Misconfigured(_)))), "{newer:?}");
}

/// Offsets are dense: a record that is missing in the middle is told, and nothing behind it is read.
#[tokio::test]
async fn a_hole_stops_the_reader_at_what_is_missing() {
    let (directory, log) = with_topic().await;
    for number in 0..5 {
        log.append(numbered("t", number)).await.expect("appended");
    }
    let database = opened(&directory);
    let gone = database.execute("delete from records where address & 140737488355327 = 2", []).expect("deleted");
    assert_eq!(gone, 1);
    let mut subscription = log.subscribe("g", &["t"]).await.expect("subscribed");
    assert!(matches!(subscription.next().await, Ok(Message::Assigned(_))));
    let at = TopicPartition::new("t", 0);
    subscription.seek(&at, 0).await.expect("the start can be read");
    let before = subscription.next().await;
    assert!(matches!(&before, Ok(Message::Records(records)) if records.next_offset() == Some(2)), "{before:?}");
    let error = match subscription.next().await {
        Ok(Message::Failed { error, .. }) | Err(error) => error,
        other => panic!("nothing behind the hole is read: {other:?}"),
    };
    assert!(matches!(&error, LogError::Stop(_)) && error.to_string().contains("offset 2 is missing"), "{error}");
}

/// Each record has a digest: one that is not as it was written stops its partition, and the others go on.
#[tokio::test]
async fn a_record_that_was_changed_on_disk_stops_its_partition_alone() {
    for change in [
        "value = cast(replace(cast(value as text), '2', '9') as blob)",
        "submission = 's-9'",
        "received_at = received_at + 1",
        "catalog = 'sha256:1'",
    ] {
        let (directory, log) = with_topic().await;
        create(&*log, "u", 1).await;
        for number in 0..5 {
            log.append(numbered("t", number)).await.expect("appended");
        }
        let at = TopicPartition::new("t", 0);
        let before = log.summaries(&[(at.clone(), 2)]).await.expect("a digest");
        let database = opened(&directory);
        let sql = format!("update records set {change} where address & 140737488355327 = 2");
        assert_eq!(database.execute(&sql, []).expect("changed"), 1);
        assert_ne!(log.summaries(&[(at.clone(), 2)]).await.expect("a digest"), before, "it is of what is there");
        let mut subscription = log.subscribe("g", &["t", "u"]).await.expect("subscribed");
        assert!(matches!(subscription.next().await, Ok(Message::Assigned(_))));
        for at in [at.clone(), TopicPartition::new("u", 0)] {
            subscription.seek(&at, 0).await.expect("the start can be read");
        }
        let first = subscription.next().await;
        assert!(matches!(&first, Ok(Message::Records(records)) if records.next_offset() == Some(2)), "{first:?}");
        let failed = subscription.next().await;
        let Ok(Message::Failed { at: stopped, error: LogError::Stop(StopReason::Damaged { offset: 2, .. }) }) = failed
        else {
            panic!("{change}: {failed:?}")
        };
        assert_eq!(stopped, at);
        log.append(numbered("u", 7)).await.expect("appended");
        let other = subscription.next().await;
        assert!(matches!(&other, Ok(Message::Records(records)) if &*records.at().topic == "u"), "{other:?}");
    }
}

/// A log of the format before digests is read as it is, and gains them when it is opened for writing.
#[tokio::test]
async fn a_log_of_the_first_format_is_read_and_goes_on() {
    let (directory, log) = with_topic().await;
    for number in 0..3 {
        log.append(numbered("t", number)).await.expect("appended");
    }
    let at = TopicPartition::new("t", 0);
    let digests = log.summaries(&[(at.clone(), 1)]).await.expect("digests");
    drop(log);
    let database = opened(&directory);
    database
        .execute_batch("alter table records drop column digest; pragma user_version = 1")
        .expect("the first format");
    drop(database);
    let url = format!("embedded://{}", directory.path().display());
    for options in [OpenOptions::default(), OpenOptions::writing()] {
        let log = open(&url, options).await.expect("it opens");
        let mut subscription = log.subscribe("g", &["t"]).await.expect("subscribed");
        let read = conformance::read(&mut *subscription, &Default::default(), 3).await;
        assert_eq!(read[&at], [0, 1, 2]);
        assert_eq!(log.summaries(&[(at.clone(), 1)]).await, Ok(digests.clone()), "of what is there");
    }
    writing(directory.path()).await.append(numbered("t", 3)).await.expect("it goes on");
    let database = opened(&directory);
    let with: i64 =
        database.query_row("select count(digest) from records", [], |row| row.get(0)).expect("digests are counted");
    assert_eq!(with, 1);
}

/// A file that was removed under the writer: what goes into it has no name, so nothing of it is acknowledged.
#[tokio::test]
async fn a_log_that_was_removed_or_replaced_takes_nothing_and_is_not_ready() {
    for name in ["log.sqlite", "log.sqlite-wal"] {
        let (directory, log) = with_topic().await;
        log.append(numbered("t", 0)).await.expect("appended");
        log.ready().await.expect("ready");
        let (path, away) = (directory.path().join(name), directory.path().join("away"));
        std::fs::rename(&path, &away).expect("moved");
        let refused = log.append(numbered("t", 1)).await.expect_err("nobody would find it");
        assert!(matches!(&refused, LogError::Stop(_)) && refused.to_string().contains(name), "{refused}");
        log.ready().await.expect_err("not ready");
        std::fs::write(&path, "another file").expect("written");
        log.append(numbered("t", 2)).await.expect_err("another file is not the log");
        log.ready().await.expect_err("not ready");
        std::fs::rename(&away, &path).expect("put back");
        log.ready().await.expect("ready again");
        let address = log.append(numbered("t", 3)).await.expect("appended");
        assert_eq!(address.offset, 1, "nothing was lost, and nothing taken that was refused");
    }
}

#[tokio::test]
async fn a_full_disk_is_no_loss_and_ends_when_there_is_room_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let url = format!("embedded://{}", directory.path().display());
    let options = OpenOptions { max_bytes: Some(1 << 20), ..OpenOptions::writing() };
    let log = open(&url, options).await.expect("the log opens");
    create(&*log, "t", 1).await;
    let mut written = 0;
    let error = loop {
        match log.append(numbered("t", written)).await {
            Ok(address) => assert_eq!(address.offset as u64, written),
            Err(error) => break error,
        }
        written += 1;
    };
    assert!(matches!(error, LogError::Retry { reason: RetryReason::DiskFull, .. }), "{error}");
    let at = TopicPartition::new("t", 0);
    assert_eq!(log.ends(&at).await.expect("ends").next as u64, written);
    let again = log.append(numbered("t", written)).await;
    assert!(matches!(again, Err(LogError::Retry { .. })), "closed until reopened: {again:?}");
    log.ready().await.expect_err("not ready");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    log.ready().await.expect_err("it opens, and there is still no room");

    tokio::time::sleep(Duration::from_millis(1100)).await;
    log.retain(&at, written as i64 / 2).await.expect("room can be made");
    log.ready().await.expect("ready again");
    let address = log.append(numbered("t", written)).await.expect("written again");
    assert_eq!(address.offset as u64, written);
}

#[tokio::test]
async fn a_burst_beyond_the_queue_is_put_off() {
    let (_directory, log) = with_topic().await;
    let value: bytes::Bytes = vec![b'7'; 8 << 20].into();
    let appends = (0..16).map(|number| log.append(crate::NewRecord { value: value.clone(), ..numbered("t", number) }));
    let results = futures::future::join_all(appends).await;
    let put_off =
        results.iter().filter(|it| matches!(it, Err(LogError::Retry { reason: RetryReason::QueueFull, .. }))).count();
    let written = results.iter().filter(|it| it.is_ok()).count();
    assert!(put_off > 0 && written > 0 && put_off + written == 16, "{results:?}");
}
