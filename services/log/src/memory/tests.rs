//! The log in memory: the suite that all adapters pass, and its hooks.

use std::sync::Arc;

use crate::conformance::{self, Subject, create, numbered};
use crate::memory::{Fault, MemoryLog};
use crate::{Address, Log, LogError, Message, RetryReason, StopReason, TopicPartition};
use async_trait::async_trait;

struct Memory(MemoryLog);

#[async_trait]
impl Subject for Memory {
    async fn open(&self) -> Arc<dyn Log> {
        Arc::new(self.0.clone())
    }

    async fn other(&self) -> Option<Arc<dyn Log>> {
        let other = self.0.fork();
        other.set_id("other");
        Some(Arc::new(other))
    }

    async fn append_until_killed(&self, _: &str) -> Option<Vec<(u64, Address)>> {
        None
    }

    fn splits_groups(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn passes_the_suite() {
    conformance::run(&Memory(MemoryLog::new("a"))).await;
}

#[tokio::test]
async fn a_reader_is_told_of_a_gap_and_of_a_truncation() {
    let log = MemoryLog::new("a");
    log.set_batch_records(3);
    create(&log, "t", 1).await;
    for number in 0..10 {
        log.append(numbered("t", number)).await.expect("appended");
    }
    let at = TopicPartition::new("t", 0);
    let mut subscription = log.subscribe("g", &["t"]).await.expect("subscribed");
    assert!(matches!(subscription.next().await, Ok(Message::Assigned(_))));
    subscription.seek(&at, 0).await.expect("the start can be read");
    assert!(matches!(subscription.next().await, Ok(Message::Records(records)) if records.len() == 3));
    log.expire(&at, 5);
    let gap = StopReason::RetentionGap { at: at.clone(), wanted: 3, first: 5 };
    assert!(matches!(subscription.next().await, Ok(Message::Failed { error, .. }) if error == gap.into()));
    subscription.seek(&at, 8).await.expect("what is kept can be read");
    log.truncate(&at, 6);
    let truncated = StopReason::Truncated { at: at.clone(), wanted: 8, next: 6 };
    assert!(matches!(subscription.next().await, Ok(Message::Failed { error, .. }) if error == truncated.into()));
}

#[tokio::test]
async fn an_append_can_be_lost_or_written_without_an_answer() {
    let log = MemoryLog::new("a");
    create(&log, "t", 1).await;
    let down = LogError::Retry { reason: RetryReason::LogDown, detail: "test".into() };
    log.fail_append(Fault::Lost(down.clone()));
    log.fail_append(Fault::Written(down.clone()));
    assert_eq!(log.append(numbered("t", 0)).await, Err(down.clone()));
    assert_eq!(log.append(numbered("t", 1)).await, Err(down));
    let address = log.append(numbered("t", 2)).await.expect("appended");
    assert_eq!(address.offset, 1);
    let before = Address { offset: 0, ..address };
    assert_eq!(log.record(&before).expect("kept").envelope.submission, "s-1");
}

#[tokio::test]
async fn an_evicted_member_reads_on_beside_its_successor() {
    let log = MemoryLog::new("a");
    create(&log, "t", 1).await;
    log.append(numbered("t", 0)).await.expect("appended");
    let at = TopicPartition::new("t", 0);
    let mut zombie = log.subscribe("g", &["t"]).await.expect("subscribed");
    assert!(matches!(zombie.next().await, Ok(Message::Assigned(_))));
    zombie.seek(&at, 0).await.expect("the start can be read");
    let mut successor = log.subscribe("g", &["t"]).await.expect("subscribed");
    assert!(log.evict_oldest("g"));
    assert!(matches!(successor.next().await, Ok(Message::Assigned(_))));
    successor.seek(&at, 0).await.expect("the start can be read");
    for subscription in [&mut zombie, &mut successor] {
        assert!(matches!(subscription.next().await, Ok(Message::Records(records)) if records.len() == 1));
    }
    log.rebalance("g");
    assert!(matches!(successor.next().await, Ok(Message::Revoked(_))));
    assert!(matches!(successor.next().await, Ok(Message::Assigned(_))));
}
