//! Log retention gives up what is old and in every table, and nothing that depends on it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use helan_aggregator::{AggregatorConfig, Retained, retain};
use helan_log::{Ends, Log, OpenOptions, TopicPartition, TopicSpec};
use helan_runtime::clock::Clock;
use helan_schemas::tables::Table;
use helan_schemas::topics;

use crate::path::drain;
use crate::world::{event, lake_in, rows, submission};

const SECOND: i64 = 1_000_000;

/// A time of the test, in seconds, as one of today: retention compares the clock with that of the lake's store.
fn at_second(seconds: i64) -> i64 {
    static START: std::sync::OnceLock<i64> = std::sync::OnceLock::new();
    START.get_or_init(|| Clock::system().now() - 100 * SECOND) + seconds * SECOND
}

async fn open(directory: &Path) -> Arc<dyn Log> {
    let url = format!("embedded://{}", directory.join("log").display());
    let log = helan_log::open(&url, OpenOptions::writing()).await.expect("the log opens");
    log.create_topics(&TopicSpec::all(1, 1)).await.expect("topics");
    log
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_is_old_and_in_every_table_is_given_up() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let log = open(directory.path()).await;
    let lake_of = lake_in(&directory.path().join("lake"), &*log).await;
    let at = TopicPartition::new(topics::CITY, 0);
    let aged = |seconds: u64| {
        let (log, lake) = (log.clone(), lake_of.clone());
        async move { retain(&*log, &lake, Duration::from_secs(seconds), at_second(100)).await.expect("retention") }
    };
    let kept = |before, first, wanted| vec![Retained { at: at.clone(), before, first, wanted }];
    for (number, id) in ["a", "b", "c"].into_iter().enumerate() {
        let received = at_second((number as i64 + 1) * 10);
        log.append(submission("s", id, received, &[event("s", id, "1")])).await.expect("append");
    }
    assert_eq!(aged(0).await, kept(0, 0, 3), "old, but in no table");

    let config = AggregatorConfig { flush_bytes: 1, ..AggregatorConfig::new(log.clone(), lake_of.clone()) };
    drain(&config).await;
    assert_eq!(aged(90).await, [], "in the tables, but young");
    assert_eq!(aged(75).await, kept(0, 2, 2), "two are older than 75 s");
    assert_eq!(log.ends(&at).await, Ok(Ends { first: 2, next: 3 }));

    // A crash between the tables: one is ahead.
    log.append(submission("s", "d", at_second(40), &[event("s", "d", "1")])).await.expect("append");
    let refusals = lake_of.snapshot(Table::Refusals).await.expect("snapshot");
    let ahead = vec![(lake_of.offset_app_id(topics::CITY, 0), 4)];
    lake_of.append(&refusals, Vec::new(), ahead).await.expect("commit");
    assert_eq!(aged(0).await, kept(2, 3, 4), "the fourth is not in every table");

    // A restart reads on, a retry of what is gone from the log is a repeat, and the log's numbers go on.
    drop((config, log));
    let log = open(directory.path()).await;
    let again = log.append(submission("s", "a", at_second(50), &[event("s", "a", "1")])).await.expect("append");
    assert_eq!(again.offset, 4);
    let config = AggregatorConfig { flush_bytes: 1, ..AggregatorConfig::new(log.clone(), lake_of.clone()) };
    drain(&config).await;
    config.status.follows().expect("nothing is missing");
    assert_eq!(rows(&lake_of, Table::Events, &["id"]).await, ["a", "b", "c", "d"]);
    let outcomes = rows(&lake_of, Table::Submissions, &["submission", "outcome", "offset"]).await;
    assert_eq!(outcomes, ["a|accepted|0", "a|repeat|4", "b|accepted|1", "c|accepted|2", "d|accepted|3"]);

    // Everything old and everywhere: the log is empty and goes on where it was.
    let retained = retain(&*log, &lake_of, Duration::ZERO, at_second(100)).await.expect("retention");
    assert_eq!(retained, kept(3, 5, 5));

    // Where the clock is a year ahead of the store's, what is old is not known.
    let ahead = at_second(365 * 24 * 3600);
    log.append(submission("s", "e", at_second(60), &[event("s", "e", "1")])).await.expect("append");
    let refused = retain(&*log, &lake_of, Duration::from_secs(90 * 24 * 3600), ahead).await.expect_err("another clock");
    assert!(refused.to_string().contains("ahead of"), "{refused}");

    // A lake restored from before finds the gap, says which records are missing, and takes in nothing.
    let older = lake_in(&directory.path().join("older"), &*log).await;
    let config = AggregatorConfig { flush_bytes: 1, ..AggregatorConfig::new(log.clone(), older.clone()) };
    drain(&config).await;
    let why = config.status.follows().expect_err("a gap");
    assert!(why.starts_with("helan.city.v1/0: ") && why.contains("0..5"), "{why}");

    // Of another log nothing is given up.
    let stranger = crate::world::log(1).await;
    let refused = retain(&*stranger, &lake_of, Duration::ZERO, at_second(100)).await.expect_err("another log");
    assert!(refused.to_string().contains("memory/test"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_old_as_a_whole_is_kept_until_somebody_reports() {
    const DAY: i64 = 24 * 3600;
    let directory = tempfile::tempdir().expect("temporary directory");
    let log = open(directory.path()).await;
    let lake = lake_in(&directory.path().join("lake"), &*log).await;
    let report = async |id: &str, received: i64| {
        log.append(submission("s", id, received, &[event("s", id, "1")])).await.expect("append");
        let config = AggregatorConfig { flush_bytes: 1, ..AggregatorConfig::new(log.clone(), lake.clone()) };
        drain(&config).await;
    };
    let aged = async |days: i64| {
        let age = Duration::from_secs((days * DAY).unsigned_abs());
        retain(&*log, &lake, age, at_second(100)).await.expect("retention")
    };
    report("a", at_second(-40 * DAY)).await;
    for days in [0, 30] {
        assert_eq!(aged(days).await, [], "the clock may be ahead");
    }
    report("b", at_second(90)).await;
    let at = TopicPartition::new(topics::CITY, 0);
    assert_eq!(aged(30).await, [Retained { at, before: 0, first: 1, wanted: 1 }]);
}
