//! Another log under a lake: an older copy that has grown, topics that were made anew, before a start and while it reads.

use std::sync::Arc;
use std::time::Duration;

use helan_aggregator::{Aggregator, AggregatorConfig, Status, differences, follow, plan_adoption};
use helan_lake::Lake;
use helan_log::memory::MemoryLog;
use helan_log::{Gate, Log, StopReason, TopicPartition};
use helan_runtime::clock::Clock;
use helan_schemas::tables::Table;
use helan_schemas::topics;
use url::Url;

use crate::path::drain;
use crate::world::{event, log, log_and_lake, rows, submission};

const SECOND: i64 = 1_000_000;

async fn append(log: &MemoryLog, ids: std::ops::Range<u32>, value: &str) {
    for id in ids {
        let id = format!("{id:04}");
        log.append(submission("s", &id, SECOND, &[event("s", &id, value)])).await.expect("append");
    }
}

fn city() -> TopicPartition {
    TopicPartition::new(topics::CITY, 0)
}

fn config(log: &Arc<MemoryLog>, lake: &Lake) -> AggregatorConfig {
    AggregatorConfig { flush_bytes: 1, ..AggregatorConfig::new(log.clone(), lake.clone()) }
}

/// Reads all there is in a new process that has every partition; says why it is not ready.
async fn restart(log: &Arc<MemoryLog>, lake: &Lake) -> Result<(), String> {
    let config = AggregatorConfig { status: Status::default(), group: "new".to_owned(), ..config(log, lake) };
    drain(&config).await;
    config.status.follows()
}

#[tokio::test]
async fn an_older_copy_that_has_grown_past_the_lake_is_not_read_on() {
    let (_directory, original, lake) = log_and_lake().await;
    append(&original, 0..5, "1").await;
    let copy = Arc::new(original.fork());
    append(&original, 5..8, "1").await;
    restart(&original, &lake).await.expect("the log that the lake was filled from");

    // The copy ends before the lake; then it has grown to its offset, and past it.
    for grown in [5..6, 6..8, 8..12] {
        let before = copy.ends(&city()).await.expect("ends").next;
        let reasons = differences(copy.as_ref(), &lake).await.expect("compared");
        assert_eq!(reasons.len(), 1, "at {before}: {reasons:?}");
        let why = restart(&copy, &lake).await.expect_err("another log");
        assert!(why.starts_with("helan.city.v1/0: "), "{why}");
        append(&copy, grown, "2").await;
    }
    let reasons = differences(copy.as_ref(), &lake).await.expect("compared");
    assert_eq!(reasons, [StopReason::Diverged { at: city(), offset: 7 }]);
    restart(&copy, &lake).await.expect_err("a restart clears nothing");
    assert_eq!(rows(&lake, Table::Events, &["id"]).await.len(), 8, "nothing of the copy came in");

    // The log that belongs to it.
    append(&original, 8..9, "1").await;
    restart(&original, &lake).await.expect("reads on");
    assert_eq!(differences(original.as_ref(), &lake).await.expect("compared"), []);
    assert_eq!(rows(&lake, Table::Events, &["id"]).await.len(), 9);
}

#[tokio::test]
async fn topics_made_anew_under_a_reader_are_noticed_and_a_restart_does_not_forget_it() {
    let (_directory, log, lake) = log_and_lake().await;
    let clock = Clock::manual(1_500_000_000 * SECOND);
    let config = AggregatorConfig { clock: clock.clone(), ..config(&log, &lake) };
    let mut aggregator = Aggregator::start(config.clone()).await.expect("start");
    append(&log, 0..5, "1").await;
    read(&mut aggregator).await;
    // Deleted, made anew and filled again, faster than the reader looks.
    log.truncate(&city(), 0);
    append(&log, 100..107, "1").await;
    read(&mut aggregator).await;
    config.status.follows().expect("it could not know");
    assert_eq!(rows(&lake, Table::Events, &["id"]).await.len(), 7, "two of seven came in: five are behind its back");
    // A crash before it looks: what it committed last is of the new log, and the anchor of the old one.
    assert!(restart(&log, &lake).await.expect_err("found by the anchor").contains("offset 4"));
    // It looks.
    clock.set(clock.now() + 11 * SECOND);
    aggregator.tick().await.expect("tick");
    let why = config.status.follows().expect_err("it is told");
    assert!(why.contains("helan.city.v1/0: the record at offset 4"), "{why}");
    append(&log, 107..109, "1").await;
    read(&mut aggregator).await;
    aggregator.stop().await.expect("stop");
    assert_eq!(rows(&lake, Table::Events, &["id"]).await.len(), 7, "nothing more comes in");
    restart(&log, &lake).await.expect_err("a restart clears nothing");
    let reasons = differences(log.as_ref(), &lake).await.expect("compared");
    assert_eq!(reasons, [StopReason::Diverged { at: city(), offset: 4 }]);
}

/// An idle partition has no news that would show it.
#[tokio::test]
async fn topics_made_anew_are_noticed_while_nothing_comes() {
    let (_directory, log, lake) = log_and_lake().await;
    append(&log, 0..5, "1").await;
    restart(&log, &lake).await.expect("ready");
    let clock = Clock::manual(1_500_000_000 * SECOND);
    let config = AggregatorConfig { clock: clock.clone(), ..config(&log, &lake) };
    let mut aggregator = Aggregator::start(config.clone()).await.expect("start");
    read(&mut aggregator).await;
    config.status.follows().expect("ready");
    log.truncate(&city(), 0);
    append(&log, 0..5, "2").await;
    clock.set(clock.now() + 11 * SECOND);
    aggregator.tick().await.expect("tick");
    config.status.follows().expect_err("it is told");
}

/// What retention has given up says nothing, and is no reason to stop.
#[tokio::test]
async fn a_log_that_has_given_up_what_the_lake_has_is_read_on() {
    let (_directory, log, lake) = log_and_lake().await;
    append(&log, 0..5, "1").await;
    restart(&log, &lake).await.expect("ready");
    log.expire(&city(), 5);
    assert_eq!(differences(log.as_ref(), &lake).await.expect("compared"), []);
    restart(&log, &lake).await.expect("ready");
    append(&log, 5..6, "1").await;
    restart(&log, &lake).await.expect("ready");
    assert_eq!(rows(&lake, Table::Events, &["id"]).await.len(), 6);
    append(&log, 6..8, "1").await;
    log.expire(&city(), 7);
    let reasons = differences(log.as_ref(), &lake).await.expect("compared");
    assert_eq!(reasons, [StopReason::RetentionGap { at: city(), wanted: 6, first: 7 }]);
}

async fn read(aggregator: &mut Aggregator) {
    while let Ok(message) = tokio::time::timeout(Duration::from_millis(100), aggregator.subscription().next()).await {
        aggregator.receive(message.expect("message")).await.expect("receive");
    }
}

/// The way out: the lake goes on with the log that is there, from a stated offset, and counts its offsets on.
#[tokio::test]
async fn a_lake_goes_on_with_another_log_without_loss_or_doubles() {
    let (directory, original, lake) = log_and_lake().await;
    append(&original, 0..5, "1").await;
    let copy = Arc::new(original.fork());
    append(&original, 5..8, "1").await;
    restart(&original, &lake).await.expect("ready");
    // Two of these the lake has, one it has with another value, two are new.
    append(&copy, 5..7, "1").await;
    append(&copy, 7..8, "2").await;
    append(&copy, 8..10, "1").await;
    restart(&copy, &lake).await.expect_err("another log");
    for (name, from) in [("from its beginning", None), ("from where they part", Some(5))] {
        let adopted = {
            let copied = tempfile::tempdir().expect("a directory");
            copy_dir(directory.path(), copied.path());
            let url = Url::from_directory_path(copied.path()).expect("URL");
            let lake = Lake::open(&url).await.expect("lake");
            let from = from.map(|offset| (city(), offset)).into_iter().collect();
            let plan = plan_adoption(copy.as_ref(), &lake, &from).await.expect("a plan");
            assert!(plan.unread.is_empty(), "{:?}", plan.unread);
            // Done twice, as after a crash.
            for _ in 0..2 {
                lake.adopt_log(&plan.log.to_string(), &plan.starts).await.expect("adopted");
            }
            (copied, Lake::open(&url).await.expect("lake"))
        };
        let lake = adopted.1;
        let followed = follow(copy.clone(), &lake, Gate::default());
        assert_eq!(differences(followed.as_ref(), &lake).await.expect("compared"), [], "{name}");
        for _ in 0..2 {
            let config =
                AggregatorConfig { group: name.to_owned(), ..AggregatorConfig::new(followed.clone(), lake.clone()) };
            drain(&config).await;
            config.status.follows().expect("it reads on, and again after a restart");
        }
        let events = rows(&lake, Table::Events, &["id"]).await;
        assert_eq!(events, ["0000", "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009"], "{name}");
        let conflicts = rows(&lake, Table::Refusals, &["id", "code"]).await;
        assert_eq!(conflicts, ["0007|id_conflict"], "{name}: and it is told");
        let addresses = rows(&lake, Table::Submissions, &["partition", "offset"]).await;
        let distinct: std::collections::BTreeSet<_> = addresses.iter().collect();
        assert_eq!(distinct.len(), addresses.len(), "{name}: an address is one record for ever");
        assert_eq!(lake.earlier_logs().len(), 1);
        assert_eq!(lake.earlier_logs()[0].next["helan.city.v1/0"], 8);
        // And a second time, with a log of another identity.
        let other = log(1).await;
        other.set_id("another");
        append(&other, 10..12, "1").await;
        let plan = plan_adoption(other.as_ref(), &lake, &Default::default()).await.expect("a plan");
        lake.adopt_log(&plan.log.to_string(), &plan.starts).await.expect("adopted");
        let lake = Lake::create_or_open(lake.url(), &plan.log.to_string()).await.expect("lake");
        let followed = follow(other, &lake, Gate::default());
        let config = AggregatorConfig { group: name.to_owned(), ..AggregatorConfig::new(followed, lake.clone()) };
        drain(&config).await;
        config.status.follows().expect("it reads on");
        assert_eq!(rows(&lake, Table::Events, &["id"]).await.len(), 12, "{name}");
        assert_eq!(lake.earlier_logs().len(), 2);
    }
    let sources_would_move = log(2).await;
    let plan = plan_adoption(sources_would_move.as_ref(), &lake, &Default::default()).await;
    assert!(plan.expect_err("refused").to_string().contains("partitions"));
}

fn copy_dir(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("readable") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        match entry.file_type().expect("a type").is_dir() {
            true => copy_dir(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).expect("copied")),
        }
    }
}
