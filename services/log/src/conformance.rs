//! What every adapter promises, as one suite of tests. Each adapter's tests run it with a [`Subject`] of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::{join_all, try_join_all};

use crate::{
    Address, Ends, Envelope, Log, LogError, LogIdentity, Message, NewRecord, Refusal, StopReason, Subscription,
    Summary, TopicPartition, TopicSpec, partition_of,
};

/// How the suite reaches one adapter.
#[async_trait]
pub trait Subject: Send + Sync {
    /// Another handle on the same log, as another role would open it; the one before may be closed first.
    async fn open(&self) -> Arc<dyn Log>;

    /// A log of the same adapter that is another one; none where a test cannot have two.
    async fn other(&self) -> Option<Arc<dyn Log>>;

    /// Appends [`numbered`] records, kills with SIGKILL what makes them durable while it does so, brings it back, and
    /// returns those that were acknowledged, with their numbers. None where nothing can be killed.
    async fn append_until_killed(&self, topic: &str) -> Option<Vec<(u64, Address)>>;

    /// Whether members of a group split the partitions.
    fn splits_groups(&self) -> bool;
}

/// Longest wait for a message that must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the whole suite.
pub async fn run(subject: &dyn Subject) {
    topics_are_checked(&*subject.open().await).await;
    order_and_content(&*subject.open().await).await;
    concurrent_appends(&*subject.open().await).await;
    bad_records_are_refused(&*subject.open().await).await;
    seeks(&*subject.open().await).await;
    summaries_are_of_what_is_there(&*subject.open().await).await;
    retention_gap(&*subject.open().await).await;
    groups(&*subject.open().await, subject.splits_groups()).await;
    identity(subject).await;
    durability(subject).await;
}

/// The record of a number: its key and value follow from it, so that it can be told again.
pub fn numbered(topic: &str, number: u64) -> NewRecord {
    NewRecord {
        topic: topic.into(),
        key: format!("urn:example:{}", number % 16),
        envelope: Envelope {
            content_type: "application/cloudevents-batch+json".into(),
            reporter: "银川".into(),
            submission: format!("s-{number}"),
            received_at: 1_500_000_000_000_000 + number as i64,
            catalog: "sha256:0".into(),
        },
        value: format!("[{number:0300}]").into(),
    }
}

/// Creates topics of a suite, and panics with the reason if that fails.
pub async fn create(log: &dyn Log, topic: &str, partitions: i32) {
    log.create_topics(&[TopicSpec::new(topic, partitions, 1)]).await.expect("topics can be created");
}

/// Reads partitions from offsets on until so many records came; returns the numbers by partition, in order, having
/// checked that offsets follow on each other and that every field is as [`numbered`] made it.
pub async fn read(
    subscription: &mut dyn Subscription,
    from: &BTreeMap<TopicPartition, i64>,
    count: usize,
) -> BTreeMap<TopicPartition, Vec<u64>> {
    let mut expected: BTreeMap<TopicPartition, i64> = BTreeMap::new();
    let mut numbers: BTreeMap<TopicPartition, Vec<u64>> = BTreeMap::new();
    let mut seen = 0;
    while seen < count {
        match next(subscription).await {
            Message::Assigned(partitions) => {
                for at in partitions {
                    let offset = from.get(&at).copied().unwrap_or(0);
                    subscription.seek(&at, offset).await.expect("the offset can be read");
                    expected.insert(at, offset);
                }
            }
            Message::Revoked(partitions) => partitions.iter().for_each(|at| _ = expected.remove(at)),
            Message::Records(records) => {
                let at = records.at().clone();
                for record in records.iter() {
                    let due = expected.get_mut(&at).expect("records only of assigned partitions");
                    assert_eq!(record.offset, *due, "{at}: offsets follow on each other");
                    *due += 1;
                    let number: u64 = record.submission.trim_start_matches("s-").parse().expect("a number");
                    let sent = numbered(&at.topic, number);
                    assert_eq!(record.key, sent.key.as_bytes());
                    assert_eq!(record.value, &sent.value[..]);
                    assert_eq!(record.content_type, sent.envelope.content_type);
                    assert_eq!(record.reporter, sent.envelope.reporter);
                    assert_eq!(record.received_at, sent.envelope.received_at);
                    assert_eq!(record.catalog, sent.envelope.catalog);
                    numbers.entry(at.clone()).or_default().push(number);
                    seen += 1;
                }
            }
            Message::Failed { at, error } => panic!("{at}: {error}"),
        }
    }
    numbers
}

/// The next message, past the log's own passing troubles.
async fn next(subscription: &mut dyn Subscription) -> Message {
    let wait = async {
        loop {
            match subscription.next().await {
                Ok(message) => return message,
                Err(LogError::Retry { .. }) => tokio::time::sleep(Duration::from_millis(50)).await,
                Err(error) => panic!("{error}"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("a message comes in time")
}

/// Waits until partitions are assigned.
async fn assigned(subscription: &mut dyn Subscription, count: usize) -> BTreeSet<TopicPartition> {
    let mut assigned = BTreeSet::new();
    while assigned.len() < count {
        match next(subscription).await {
            Message::Assigned(partitions) => assigned.extend(partitions),
            Message::Revoked(partitions) => partitions.iter().for_each(|at| _ = assigned.remove(at)),
            other => panic!("{other:?} before any seek"),
        }
    }
    assigned
}

async fn append(log: &dyn Log, topic: &str, numbers: std::ops::Range<u64>) -> Vec<Address> {
    try_join_all(numbers.map(|number| log.append(numbered(topic, number)))).await.expect("appends succeed")
}

/// Topics are created once, and another partition count is told.
pub async fn topics_are_checked(log: &dyn Log) {
    create(log, "checked", 3).await;
    create(log, "checked", 3).await;
    let wrong = log.create_topics(&[TopicSpec::new("checked", 4, 1)]).await;
    let expected = StopReason::Partitions { topic: "checked".into(), expected: 4, found: 3 };
    assert_eq!(wrong, Err(expected.into()));
    assert!(matches!(log.create_topics(&[TopicSpec::new("none", 0, 1)]).await, Err(LogError::Stop(_))));
    let none = log.ends(&TopicPartition::new("checked", 3)).await;
    assert!(matches!(none, Err(LogError::Stop(StopReason::UnknownTopic(_)))), "{none:?}");
}

/// Records of one key lie in one partition, as Java would choose it, in the order of their appends, with every field.
pub async fn order_and_content(log: &dyn Log) {
    create(log, "order", 4).await;
    let mut next_offset = BTreeMap::new();
    for number in 0..60 {
        let record = numbered("order", number);
        let partition = partition_of(record.key.as_bytes(), 4);
        let address = log.append(record).await.expect("appended");
        assert_eq!(address.at, TopicPartition::new("order", partition));
        let due = next_offset.entry(address.at.clone()).or_insert(0);
        assert_eq!(address.offset, *due, "{}", address.at);
        *due += 1;
    }
    for (at, next) in &next_offset {
        assert_eq!(log.ends(at).await, Ok(Ends { first: 0, next: *next }));
    }
    let mut subscription = log.subscribe("order", &["order"]).await.expect("subscribed");
    let numbers = read(&mut *subscription, &BTreeMap::new(), 60).await;
    assert!(numbers.values().all(|numbers| numbers.is_sorted()), "{numbers:?}");
    let waiting = tokio::time::timeout(Duration::from_millis(300), subscription.next()).await;
    assert!(waiting.is_err(), "nothing follows the end: {waiting:?}");
    append(log, "order", 60..61).await;
    let woken = next(&mut *subscription).await;
    assert!(matches!(&woken, Message::Records(records) if records.len() == 1), "{woken:?}");
}

/// Many appends at once each get an address of their own, without holes, and come back once.
pub async fn concurrent_appends(log: &dyn Log) {
    const COUNT: u64 = 2000;
    create(log, "concurrent", 3).await;
    let addresses = append(log, "concurrent", 0..COUNT).await;
    let distinct: BTreeSet<_> = addresses.iter().map(|it| (it.at.clone(), it.offset)).collect();
    assert_eq!(distinct.len() as u64, COUNT);
    let mut subscription = log.subscribe("concurrent", &["concurrent"]).await.expect("subscribed");
    let numbers = read(&mut *subscription, &BTreeMap::new(), COUNT as usize).await;
    for (number, address) in (0..COUNT).zip(&addresses) {
        assert_eq!(numbers[&address.at][address.offset as usize], number);
    }
}

/// A record that can never be written is refused, and those beside it are not.
pub async fn bad_records_are_refused(log: &dyn Log) {
    create(log, "refused", 1).await;
    let largest = helan_schemas::topics::MAX_RECORD_BYTES;
    let large = NewRecord { value: vec![b'7'; largest].into(), ..numbered("refused", 1) };
    let keyless = NewRecord { key: String::new(), ..numbered("refused", 2) };
    let unknown = numbered("no-such-topic", 3);
    let submission = vec![b'7'; helan_schemas::topics::MAX_SUBMISSION_BYTES];
    let fits = NewRecord { value: submission.into(), ..numbered("refused", 4) };
    let results = join_all([large, keyless, unknown, fits].map(|record| log.append(record))).await;
    assert!(matches!(results[0], Err(LogError::Refuse(Refusal::TooLarge { .. }))), "{:?}", results[0]);
    assert_eq!(results[1], Err(Refusal::NoKey.into()));
    assert!(matches!(results[2], Err(LogError::Stop(StopReason::UnknownTopic(_)))), "{:?}", results[2]);
    assert!(results[3].is_ok(), "{:?}", results[3]);
    let mut subscription = log.subscribe("refused", &["refused"]).await.expect("subscribed");
    for at in assigned(&mut *subscription, 1).await {
        subscription.seek(&at, 0).await.expect("the start can be read");
    }
    match next(&mut *subscription).await {
        Message::Records(records) => assert_eq!(records.get(0).map(|it| it.value.len()), Some(8 << 20)),
        other => panic!("{other:?}"),
    }
    let none = log.subscribe("refused", &["no-such-topic"]).await.map(drop);
    assert!(matches!(none, Err(LogError::Stop(StopReason::UnknownTopic(_)))), "{none:?}");
}

/// Nothing is delivered before a seek; a seek reads from there, back and forth; one beyond the end is told.
pub async fn seeks(log: &dyn Log) {
    create(log, "seeks", 1).await;
    append(log, "seeks", 0..5000).await;
    let at = TopicPartition::new("seeks", 0);
    let mut subscription = log.subscribe("seeks", &["seeks"]).await.expect("subscribed");
    assigned(&mut *subscription, 1).await;
    let unsought = tokio::time::timeout(Duration::from_millis(300), subscription.next()).await;
    assert!(unsought.is_err(), "{unsought:?}");
    for offset in [4990, 17, 2500, 0, 4999, 0] {
        subscription.seek(&at, offset).await.expect("the offset can be read");
        let Message::Records(records) = next(&mut *subscription).await else { panic!("records follow a seek") };
        assert_eq!(records.first_offset(), Some(offset));
    }
    let beyond = subscription.seek(&at, 5001).await;
    assert_eq!(beyond, Err(StopReason::Truncated { at: at.clone(), wanted: 5001, next: 5000 }.into()));
    let stopped = tokio::time::timeout(Duration::from_millis(300), subscription.next()).await;
    assert!(stopped.is_err(), "{stopped:?}");
    subscription.seek(&at, 5000).await.expect("the end can be read from");
    append(log, "seeks", 5000..5001).await;
    let Message::Records(records) = next(&mut *subscription).await else { panic!("a record follows") };
    assert_eq!((records.first_offset(), records.len()), (Some(5000), 1));
    subscription.commit(&[(at, 5001)]).await.expect("progress can be told");
}

/// A record's summary is the same however it is requested, and None if there is no record.
pub async fn summaries_are_of_what_is_there(log: &dyn Log) {
    create(log, "digests", 2).await;
    let addresses = append(log, "digests", 0..200).await;
    log.retain(&addresses[0].at, addresses[0].offset + 1).await.expect("the start can be moved");
    let mut wanted: Vec<_> = addresses.iter().map(|it| (it.at.clone(), it.offset)).collect();
    let end = log.ends(&addresses[0].at).await.expect("ends").next;
    wanted.extend([(addresses[0].at.clone(), end), (addresses[0].at.clone(), end + 7)]);
    // Some of each partition, in any order.
    let asked: Vec<_> = [0, 199, 1, 57, 200, 201, 56].map(|number| wanted[number].clone()).to_vec();
    let found = log.summaries(&asked).await.expect("summaries");
    let expected = |number: u64| {
        let NewRecord { key, envelope, value, .. } = numbered("digests", number);
        Some(Summary::of(key.as_bytes(), envelope.as_ref(), &value))
    };
    assert_eq!(found, [None, expected(199), expected(1), expected(57), None, None, expected(56)]);
    let unknown = log.summaries(&[(TopicPartition::new("digests", 2), 0)]).await;
    assert!(matches!(unknown, Err(LogError::Stop(StopReason::UnknownTopic(_)))), "{unknown:?}");
}

/// Retention moves the start, never the end; whoever still wanted what is gone is told which offsets.
pub async fn retention_gap(log: &dyn Log) {
    create(log, "retained", 1).await;
    append(log, "retained", 0..3000).await;
    let at = TopicPartition::new("retained", 0);
    log.retain(&at, 1200).await.expect("the start can be moved");
    assert_eq!(log.ends(&at).await, Ok(Ends { first: 1200, next: 3000 }));
    assert_eq!(log.offset_for_time(&at, 0).await, Ok(Some(1200)), "all that is kept is younger");
    assert_eq!(log.offset_for_time(&at, i64::MAX / 4).await, Ok(None), "nothing is from the far future");
    let mut subscription = log.subscribe("retained", &["retained"]).await.expect("subscribed");
    assigned(&mut *subscription, 1).await;
    let gap = subscription.seek(&at, 1199).await;
    assert_eq!(gap, Err(StopReason::RetentionGap { at: at.clone(), wanted: 1199, first: 1200 }.into()));
    subscription.seek(&at, 1200).await.expect("the start can be read");
    let Message::Records(records) = next(&mut *subscription).await else { panic!("records follow") };
    assert_eq!(records.first_offset(), Some(1200));
    log.retain(&at, 3000).await.expect("all can be given up");
    let address = log.append(numbered("retained", 3000)).await.expect("appended");
    assert_eq!(address.offset, 3000, "an emptied log goes on where it was");
}

/// A subscriber alone has every partition. A second one in its group shares them, where the adapter splits groups.
pub async fn groups(log: &dyn Log, splits: bool) {
    create(log, "groups", 4).await;
    append(log, "groups", 0..400).await;
    let mut first = log.subscribe("groups", &["groups"]).await.expect("subscribed");
    assert_eq!(assigned(&mut *first, 4).await.len(), 4);
    if !splits {
        return;
    }
    let mut second = log.subscribe("groups", &["groups"]).await.expect("subscribed");
    let (mut of_first, mut of_second) = (4_usize, BTreeSet::new());
    let split = async {
        while of_first != 2 || of_second.len() != 2 {
            tokio::select! {
                message = first.next() => match message.expect("no failure") {
                    Message::Assigned(partitions) => of_first += partitions.len(),
                    Message::Revoked(partitions) => of_first -= partitions.len(),
                    other => panic!("{other:?}"),
                },
                message = second.next() => match message.expect("no failure") {
                    Message::Assigned(partitions) => of_second.extend(partitions),
                    Message::Revoked(partitions) => partitions.iter().for_each(|at| _ = of_second.remove(at)),
                    other => panic!("{other:?}"),
                },
            }
        }
    };
    tokio::time::timeout(PATIENCE, split).await.expect("the group comes to rest");
    let mut expected = 0;
    for at in &of_second {
        second.seek(at, 0).await.expect("the start can be read");
        expected += log.ends(at).await.expect("ends").next;
    }
    let mut seen = 0;
    while seen < expected {
        match next(&mut *second).await {
            Message::Records(records) => {
                assert!(of_second.contains(records.at()), "{}", records.at());
                seen += records.len() as i64;
            }
            other => panic!("{other:?}"),
        }
    }
    drop(first);
    assert_eq!(assigned(&mut *second, 2).await.len(), 2, "the last member takes over the rest");
}

/// A log keeps its identity when it is opened again, knows its topics, and differs from any other log.
pub async fn identity(subject: &dyn Subject) {
    let first = {
        let log = subject.open().await;
        create(&*log, "identity", 2).await;
        log.identity().await.expect("an identity")
    };
    let log = subject.open().await;
    let again = log.identity().await.expect("an identity");
    assert_eq!(first, again);
    assert_eq!(again.topics.get("identity"), Some(&2));
    assert!(!again.id.is_empty());
    let stored = again.to_string();
    assert_eq!(stored.parse::<LogIdentity>().expect("a lake reads what it stored of a log"), again);
    again.continues(&first).expect("the same log");
    if let Some(other) = subject.other().await {
        let other = other.identity().await.expect("an identity");
        assert!(matches!(other.continues(&first), Err(LogError::Stop(StopReason::OtherIdentity { .. }))));
    }
}

/// What was acknowledged before a SIGKILL is there afterwards, at its address.
pub async fn durability(subject: &dyn Subject) {
    create(&*subject.open().await, "durable", 3).await;
    let Some(acknowledged) = subject.append_until_killed("durable").await else { return };
    assert!(acknowledged.len() > 100, "enough was acknowledged to tell: {}", acknowledged.len());
    let log = subject.open().await;
    let mut count = 0;
    for partition in 0..3 {
        let at = TopicPartition::new("durable", partition);
        count += log.ends(&at).await.expect("ends").next as usize;
    }
    assert!(count >= acknowledged.len(), "{count} records, {} acknowledged", acknowledged.len());
    let mut subscription = log.subscribe("durable", &["durable"]).await.expect("subscribed");
    let numbers = read(&mut *subscription, &BTreeMap::new(), count).await;
    for (number, address) in acknowledged {
        assert_eq!(numbers[&address.at][address.offset as usize], number, "{address:?}");
    }
}
