//! The log on Apache Kafka: the suite that all adapters pass, and what only a broker can show.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use helan_log::conformance::{self, Subject, create, numbered};
use helan_log::kafka::KafkaLog;
use helan_log::{
    Address, Log, LogError, Message, OpenOptions, StopReason, Subscription, TopicPartition, TopicSpec, open,
};
use helan_tests::kafka::Broker;

struct Kafka(Mutex<Broker>);

async fn connect(bootstrap: &str) -> Arc<dyn Log> {
    let topics = vec!["identity".to_owned()];
    open(&format!("kafka://{bootstrap}"), OpenOptions { topics, ..OpenOptions::writing() }).await.expect("it opens")
}

impl Kafka {
    fn bootstrap(&self) -> String {
        self.0.lock().expect("no test panicked with the broker").bootstrap()
    }
}

#[async_trait]
impl Subject for Kafka {
    async fn open(&self) -> Arc<dyn Log> {
        connect(&self.bootstrap()).await
    }

    /// The broker comes back with its data but another cluster's id is not to be had without a second broker.
    async fn other(&self) -> Option<Arc<dyn Log>> {
        None
    }

    async fn append_until_killed(&self, topic: &str) -> Option<Vec<(u64, Address)>> {
        let log = self.open().await;
        let mut acknowledged = Vec::new();
        let mut first = 0;
        for _ in 0..2 {
            let appender = {
                let (log, topic) = (log.clone(), topic.to_owned());
                tokio::spawn(async move { append_for_a_while(&*log, &topic, first).await })
            };
            tokio::time::sleep(Duration::from_millis(700)).await;
            tokio::task::block_in_place(|| {
                let mut broker = self.0.lock().expect("no test panicked with the broker");
                broker.kill9();
                broker.restart().expect("the broker starts again");
            });
            acknowledged.extend(appender.await.expect("the appender ends"));
            first += 10_000_000;
        }
        Some(acknowledged)
    }

    fn splits_groups(&self) -> bool {
        true
    }
}

/// Appends across the broker's death; what is not acknowledged is not counted.
async fn append_for_a_while(log: &dyn Log, topic: &str, first: u64) -> Vec<(u64, Address)> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(2);
    let mut acknowledged = Vec::new();
    for from in (first..).step_by(100) {
        if tokio::time::Instant::now() > deadline {
            break;
        }
        let appends =
            (from..from + 100).map(|number| async move { (number, log.append(numbered(topic, number)).await) });
        for (number, result) in futures::future::join_all(appends).await {
            match result {
                Ok(address) => acknowledged.push((number, address)),
                Err(error) => assert!(error.is_retry(), "{error}"),
            }
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread")]
async fn passes_the_suite() {
    conformance::run(&Kafka(Mutex::new(Broker::start().expect("a broker")))).await;
}

/// Waits for the first assignment and reads the partition from its start.
async fn from_start(log: &dyn Log, topic: &str) -> Box<dyn Subscription> {
    let mut subscription = log.subscribe("reader", &[topic]).await.expect("subscribed");
    let Ok(Message::Assigned(partitions)) = subscription.next().await else { panic!("assigned first") };
    for at in partitions {
        subscription.seek(&at, 0).await.expect("the start can be read");
    }
    subscription
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_shows_what_only_a_broker_can() {
    let broker = Broker::start().expect("a broker");
    let log = connect(&broker.bootstrap()).await;
    records_of_other_programs_are_delivered(&*log, &broker.bootstrap()).await;
    a_reader_learns_of_retention(&*log).await;
    unsafe_topics_are_refused(&*log, &broker.bootstrap()).await;
    wrong_properties_are_refused(&broker.bootstrap());
    another_cluster_has_another_identity(&*log).await;
}

/// Records without our headers, key or value come with an empty envelope, for the aggregator to refuse.
async fn records_of_other_programs_are_delivered(log: &dyn Log, bootstrap: &str) {
    use rdkafka::producer::{FutureProducer, FutureRecord};
    create(log, "foreign", 1).await;
    let producer: FutureProducer =
        rdkafka::ClientConfig::new().set("bootstrap.servers", bootstrap).create().expect("a producer");
    let bare: FutureRecord<'_, (), [u8]> = FutureRecord::to("foreign").payload(b"\xff");
    producer.send(bare, Duration::from_secs(10)).await.expect("sent");
    let empty: FutureRecord<'_, (), ()> = FutureRecord::to("foreign");
    producer.send(empty, Duration::from_secs(10)).await.expect("sent");
    log.append(numbered("foreign", 2)).await.expect("appended");
    let mut subscription = from_start(log, "foreign").await;
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let Ok(Message::Records(records)) = subscription.next().await else { panic!("records follow") };
        seen.extend(records.iter().map(|it| (it.offset, it.submission.to_owned(), it.value.len(), it.received_at > 0)));
    }
    let ours = numbered("foreign", 2).value.len();
    let expected = [(0, String::new(), 1, false), (1, String::new(), 0, false), (2, "s-2".to_owned(), ours, true)];
    assert_eq!(seen, expected);
}

/// Retention that passes a reader which stands still is told as a gap, with the offsets that are gone.
async fn a_reader_learns_of_retention(log: &dyn Log) {
    create(log, "gap", 1).await;
    let at = TopicPartition::new("gap", 0);
    let mut subscription = from_start(log, "gap").await;
    let many = (0..200).map(|number| {
        let large = bytes::Bytes::from(vec![b'7'; 1 << 20]);
        log.append(helan_log::NewRecord { value: large, ..numbered("gap", number) })
    });
    for append in many {
        append.await.expect("appended");
    }
    // Far more than is fetched ahead lies in the log; nobody reads, and its start moves to the end.
    log.retain(&at, 199).await.expect("the start can be moved");
    let mut next = 0;
    let error = loop {
        match tokio::time::timeout(Duration::from_secs(30), subscription.next()).await.expect("a message comes") {
            Ok(Message::Records(records)) => {
                assert_eq!(records.first_offset(), Some(next), "nothing is skipped");
                next = records.next_offset().expect("no batch is empty");
            }
            Ok(Message::Failed { at: failed, error }) => {
                assert_eq!(failed, at);
                break error;
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(error, StopReason::RetentionGap { at: at.clone(), wanted: next, first: 199 }.into());
    subscription.seek(&at, 199).await.expect("what is left can be read");
    let last = tokio::time::timeout(Duration::from_secs(30), subscription.next()).await.expect("a message comes");
    assert!(matches!(last, Ok(Message::Records(records)) if records.first_offset() == Some(199)));
}

/// A topic that is compacted, or lets only small records through, would lose submissions.
async fn unsafe_topics_are_refused(log: &dyn Log, bootstrap: &str) {
    use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
    let admin: AdminClient<_> =
        rdkafka::ClientConfig::new().set("bootstrap.servers", bootstrap).create().expect("a client");
    for (name, setting, value) in
        [("compacted", "cleanup.policy", "compact"), ("narrow", "max.message.bytes", "1000000")]
    {
        let topic = NewTopic::new(name, 1, TopicReplication::Fixed(1)).set(setting, value);
        admin.create_topics([&topic], &AdminOptions::new()).await.expect("created");
        tokio::time::sleep(Duration::from_millis(300)).await;
        let error = log.create_topics(&[TopicSpec::new(name, 1, 1)]).await.expect_err(name);
        assert!(matches!(error, LogError::Stop(_)) && error.to_string().contains(setting), "{error}");
    }
}

fn wrong_properties_are_refused(bootstrap: &str) {
    for (name, value) in [("acks", "0"), ("ssl.no-such-property", "x"), ("security.protocol", "secret")] {
        let options = OpenOptions { kafka: [(name.into(), value.into())].into(), ..OpenOptions::writing() };
        let error = KafkaLog::open(bootstrap, &options).map(drop).expect_err(name);
        assert!(matches!(error, LogError::Stop(_)) && error.to_string().contains(name), "{error}");
        assert!(!format!("{options:?}").contains("secret"));
    }
}

async fn another_cluster_has_another_identity(log: &dyn Log) {
    let other = Broker::start().expect("a second broker");
    let other = connect(&other.bootstrap()).await.identity().await.expect("an identity");
    let error = other.continues(&log.identity().await.expect("an identity")).expect_err("another log");
    assert!(matches!(error, LogError::Stop(StopReason::OtherIdentity { .. })), "{error}");
}
