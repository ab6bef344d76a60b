//! What each kind of record becomes, on a real directory.

use std::time::Duration;

use helan_aggregator::{Aggregator, AggregatorConfig};
use helan_log::{Log, LogError, Message, RetryReason};
use helan_runtime::shutdown::Shutdown;
use helan_schemas::refused::{Refused, RefusedError};
use helan_schemas::tables::Table;
use helan_schemas::topics;

use crate::world::{event, log_and_lake, record, rows, submission};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_record_becomes_what_it_should() {
    let (_directory, log, lake) = log_and_lake().await;
    let second = 1_000_000;
    for new in [
        submission("s", "one", 10 * second, &[event("s", "a1", "1.5"), event("s", "a2", "2")]),
        // The clock of ingest went back; the same events again, one in another writing, and a new one.
        submission("s", "two", 5 * second, &[event("s", "a1", "1.50"), event("s", "a3", "3")]),
        submission("s", "three", 11 * second, &[event("s", "a2", "2")]),
        // An id with other content refuses its whole submission, also what would have been new.
        submission("s", "four", 12 * second, &[event("s", "a0", "0"), event("s", "a1", "7")]),
        submission("s", "five", 13 * second, &[event("s", "a0", "0")]),
        submission("s", "six", 14 * second, &[event("s", "b1", "1"), event("s", "b1", "1"), event("s", "b2", "1")]),
        submission("s", "seven", 15 * second, &[event("s", "c1", "1"), event("s", "c1", "2")]),
        submission("s", "foreign", 16 * second, &[event("s", "d1", "1"), event("r", "d2", "2")]),
        record(topics::PARK, "p", "torn", 17 * second, "[{\"specversion\":".to_owned()),
        record(topics::CITY, "s", "nan", 18 * second, format!("[{}]", event("s", "e1", "NaN"))),
    ] {
        log.append(new).await.expect("append");
    }
    let withdrawal = r#"[{"specversion":"1.0","id":"w1","source":"s","type":"helan.observation.withdrawn.v1","data":{"withdraws":"a1","note":"wrong"}}]"#;
    log.append(record(topics::CITY, "s", "eight", 19 * second, withdrawal.to_owned())).await.expect("append");
    let refused = Refused {
        reporter: "reporter".into(),
        source: Some("s".into()),
        received_at: 20 * second,
        status: 422,
        errors: vec![RefusedError { code: "unknown_area".into(), index: Some(3), ..RefusedError::default() }],
        more: 2,
        ..Refused::default()
    };
    let refused = String::from_utf8(refused.encode()).expect("JSON");
    log.append(record(topics::REFUSED, "reporter", "", 20 * second, refused)).await.expect("append");

    let shutdown = Shutdown::new();
    let config =
        AggregatorConfig { flush_age: Duration::from_millis(50), ..AggregatorConfig::new(log.clone(), lake.clone()) };
    let (counters, status) = (config.counters.clone(), config.status.clone());
    let running = tokio::spawn(helan_aggregator::run(config, shutdown.clone()));
    for _ in 0..200 {
        if counters.records.get() >= 12 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    shutdown.trigger();
    running.await.expect("task").expect("aggregator");
    status.follows().expect("ready");

    let events =
        rows(&lake, Table::Events, &["source", "id", "submission", "offset", "index", "decimals", "amount"]).await;
    let expected = [
        "s|a0|five|4|0|0|0.0000000000",
        "s|a1|one|0|0|1|15000.0000000000",
        "s|a2|one|0|1|0|20000.0000000000",
        "s|a3|two|1|1|0|30000.0000000000",
        "s|b1|six|5|0|0|10000.0000000000",
        "s|b2|six|5|2|0|10000.0000000000",
        "s|w1|eight|9|0|-|-",
    ];
    assert_eq!(events, expected);
    let submissions =
        rows(&lake, Table::Submissions, &["submission", "outcome", "events", "accepted", "repeated", "recorded_at"])
            .await;
    let expected = [
        "eight|accepted|1|1|0|1970-01-01T00:00:19Z",
        "five|accepted|1|1|0|1970-01-01T00:00:13Z",
        "foreign|refused|0|0|0|1970-01-01T00:00:16Z",
        "four|refused|2|0|0|1970-01-01T00:00:12Z",
        "nan|refused|0|0|0|1970-01-01T00:00:18Z",
        "one|accepted|2|2|0|1970-01-01T00:00:10Z",
        "seven|refused|2|0|0|1970-01-01T00:00:15Z",
        "six|accepted|3|2|1|1970-01-01T00:00:14Z",
        "three|repeat|1|0|1|1970-01-01T00:00:11Z",
        "torn|refused|0|0|0|1970-01-01T00:00:17Z",
        "two|accepted|2|1|1|1970-01-01T00:00:10Z",
    ];
    assert_eq!(submissions, expected);
    let refusals = rows(&lake, Table::Refusals, &["submission", "code", "stage", "id", "index"]).await;
    let expected = [
        "-|unknown_area|ingest|-|-",
        "-|unknown_area|ingest|-|3",
        "foreign|undecodable_record|aggregator|-|-",
        "four|id_conflict|aggregator|a1|1",
        "nan|undecodable_record|aggregator|-|-",
        "seven|repeated_id|aggregator|c1|1",
        "torn|undecodable_record|aggregator|-|-",
    ];
    assert_eq!(refusals, expected);
}

/// A clock that was ahead dates its own reports, and no other's; the same log gives the same times, however it is cut.
#[tokio::test]
async fn a_report_that_a_clock_ahead_received_does_not_date_later_ones() {
    const DAY: i64 = 86_400_000_000;
    let second = 1_000_000;
    let now = 1_500_000_000 * second;
    let expected = [
        ("a", now, "2017-07-14T02:40:00Z"),
        ("ahead", now + DAY, "2017-07-15T02:40:00Z"),
        ("b", now + 2 * second, "2017-07-14T02:40:02Z"),
        // Clocks may differ a little, and what came later is not known earlier.
        ("c", now + second, "2017-07-14T02:40:02Z"),
        ("2106", 4_294_967_295 * second, "2106-02-07T06:28:15Z"),
        ("d", now + 3 * second, "2017-07-14T02:40:03Z"),
        ("none", 0, "2017-07-14T02:40:03Z"),
        ("e", now - 60 * second, "2017-07-14T02:40:03Z"),
    ];
    for step in [1, expected.len()] {
        let (_directory, log, lake) = log_and_lake().await;
        let clock = helan_runtime::clock::Clock::manual(now);
        let config = AggregatorConfig { clock, ..AggregatorConfig::new(log.clone(), lake.clone()) };
        for part in expected.chunks(step) {
            for (id, received, _) in part {
                log.append(submission("s", id, *received, &[event("s", id, "1")])).await.expect("append");
            }
            // A new process each time.
            drain(&config).await;
        }
        let mut recorded = rows(&lake, Table::Submissions, &["offset", "submission", "recorded_at"]).await;
        recorded.sort();
        let wanted: Vec<_> =
            expected.iter().zip(0..).map(|((id, _, at), offset)| format!("{offset}|{id}|{at}")).collect();
        assert_eq!(recorded, wanted);
        assert_eq!(config.counters.clock_ahead.get(), 2, "and it is counted");
    }
}

#[tokio::test]
async fn another_log_is_refused_and_gaps_stop_their_partition_alone() {
    let (_directory, log, lake) = log_and_lake().await;
    let config = AggregatorConfig { flush_bytes: 1, ..AggregatorConfig::new(log.clone(), lake.clone()) };
    for id in ["a", "b"] {
        log.append(submission("s", id, 0, &[event("s", id, "1")])).await.expect("append");
        let park = record(topics::PARK, "p", id, 0, format!("[{}]", event("p", id, "1")));
        log.append(park).await.expect("append");
        let refused =
            record(topics::REFUSED, "r", id, 0, r#"{"reporter":"r","received_at":0,"status":422,"errors":[]}"#.into());
        log.append(refused).await.expect("append");
    }
    let at = |topic: &str| helan_log::TopicPartition::new(topic, 0);
    log.expire(&at(topics::CITY), 1);
    log.expire(&at(topics::REFUSED), 1);
    drain(&config).await;
    let why = config.status.follows().expect_err("a gap");
    assert!(why.starts_with("helan.city.v1/0: ") && why.contains("0..1") && why.lines().count() == 1, "{why}");
    assert_eq!(rows(&lake, Table::Events, &["source", "id"]).await, ["p|a", "p|b"]);
    assert_eq!(rows(&lake, Table::Refusals, &["offset"]).await, ["1"], "the refused topic forgets by design");

    log.truncate(&at(topics::PARK), 1);
    drain(&config).await;
    let why = config.status.follows().expect_err("truncated");
    assert!(why.lines().count() == 2 && why.contains("helan.park.v1/0: ") && why.contains("end 1"), "{why}");

    log.set_id("another");
    let error = Aggregator::start(config).await.err().expect("another log").to_string();
    assert!(error.contains("memory/another") && error.contains("memory/test"), "{error}");
}

#[tokio::test]
async fn a_log_that_is_away_for_a_moment_stops_no_partition() {
    let (_directory, log, lake) = log_and_lake().await;
    let config = AggregatorConfig::new(log.clone(), lake.clone());
    log.append(submission("s", "a", 0, &[event("s", "a", "1")])).await.expect("append");
    let mut aggregator = Aggregator::start(config.clone()).await.expect("start");
    while config.counters.pending_bytes.get() == 0 {
        let message = aggregator.subscription().next().await.expect("message");
        aggregator.receive(message).await.expect("receive");
    }
    let at = helan_log::TopicPartition::new(topics::CITY, 0);
    let error = LogError::Retry { reason: RetryReason::LogDown, detail: "away".to_owned() };
    aggregator.receive(Message::Failed { at, error }).await.expect("receive");
    assert_eq!(config.counters.pending_bytes.get(), 0, "what was pending is read again");
    while rows(&lake, Table::Events, &["id"]).await.is_empty() {
        match tokio::time::timeout(Duration::from_millis(50), aggregator.subscription().next()).await {
            Ok(message) => aggregator.receive(message.expect("message")).await.expect("receive"),
            Err(_) => aggregator.tick().await.expect("tick"),
        }
    }
    assert_eq!(rows(&lake, Table::Events, &["id"]).await, ["a"]);
    config.status.follows().expect("all partitions are read");
}

/// Lets an aggregator take in everything there is.
pub(crate) async fn drain(config: &AggregatorConfig) {
    let mut aggregator = Aggregator::start(config.clone()).await.expect("start");
    while let Ok(message) = tokio::time::timeout(Duration::from_millis(100), aggregator.subscription().next()).await {
        aggregator.receive(message.expect("message")).await.expect("receive");
    }
    aggregator.stop().await.expect("stop");
}
