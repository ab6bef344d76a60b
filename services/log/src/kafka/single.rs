//! Reads single records, beside the group and its consumers.

use std::collections::BTreeMap;
use std::time::Instant;

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::{ClientConfig, Message as _, Offset, TopicPartitionList};

use super::config::Tracing;
use super::errors::failed;
use super::{ASK_TIMEOUT, headers};
use crate::{LogError, Result, RetryReason, Summary, TopicPartition};

/// What the record at each offset is; none where the log has no such record.
pub(super) fn summaries(config: &ClientConfig, wanted: &[(TopicPartition, i64)]) -> Result<Vec<Option<Summary>>> {
    // It joins no group, for it subscribes to nothing.
    let consumer: BaseConsumer<Tracing> =
        BaseConsumer::from_config_and_context(config, Tracing).map_err(|e| failed(&e))?;
    let deadline = Instant::now() + ASK_TIMEOUT;
    let mut found = vec![None; wanted.len()];
    let mut open = BTreeMap::new();
    for (place, (at, offset)) in wanted.iter().enumerate() {
        let (first, next) = consumer.fetch_watermarks(&at.topic, at.partition, ASK_TIMEOUT).map_err(|e| failed(&e))?;
        if (first..next).contains(offset) {
            open.entry(at.clone()).or_insert_with(Vec::new).push((place, *offset));
        }
    }
    // A consumer reads a partition from one offset at a time.
    while !open.is_empty() {
        let mut round: BTreeMap<TopicPartition, (usize, i64)> = BTreeMap::new();
        open.retain(|at, offsets| {
            if let Some(next) = offsets.pop() {
                round.insert(at.clone(), next);
            }
            !offsets.is_empty()
        });
        let mut list = TopicPartitionList::new();
        for (at, (_, offset)) in &round {
            let offset = Offset::Offset(*offset);
            list.add_partition_offset(&at.topic, at.partition, offset).map_err(|e| failed(&e))?;
        }
        consumer.assign(&list).map_err(|e| failed(&e))?;
        while !round.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(LogError::retry(RetryReason::TimedOut, "single records could not be read in time"));
            }
            let message = match consumer.poll(left) {
                None => continue,
                // Retention has come first: the record is gone, and what that means is told by its ends.
                Some(Err(error)) if is_out_of_range(&error) => break,
                Some(Err(error)) => return Err(failed(&error)),
                Some(Ok(message)) => message,
            };
            let at = TopicPartition::new(message.topic(), message.partition());
            let Some((place, offset)) = round.remove(&at) else { continue };
            if message.offset() == offset {
                let (key, value) = (message.key().unwrap_or_default(), message.payload().unwrap_or_default());
                found[place] = Some(Summary::of(key, headers::read(message.headers()), value));
            }
        }
    }
    Ok(found)
}

fn is_out_of_range(error: &rdkafka::error::KafkaError) -> bool {
    use RDKafkaErrorCode::{AutoOffsetReset, OffsetOutOfRange};
    matches!(error.rdkafka_error_code(), Some(AutoOffsetReset | OffsetOutOfRange))
}
