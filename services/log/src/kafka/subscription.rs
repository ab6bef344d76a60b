//! A member of a Kafka consumer group, as the reader sees it.

use std::collections::BTreeMap;
use std::sync::mpsc::{Sender, channel};

use async_trait::async_trait;
use rdkafka::ClientConfig;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use tokio::sync::{mpsc, oneshot};

use super::errors::failed;
use super::pump::{Command, Context, Event, Pump};
use crate::{LogError, Message, Result, RetryReason, Subscription, TopicPartition};

/// Batches that wait for the reader, beside one in work for each partition.
const QUEUED_EVENTS: usize = 4;

pub(super) struct KafkaSubscription {
    commands: Sender<Command>,
    events: mpsc::Receiver<Event>,
    /// Assigned partitions and the seek in force: what follows from an earlier one is dropped.
    seeks: BTreeMap<TopicPartition, u64>,
    last_seek: u64,
}

impl KafkaSubscription {
    pub(super) fn start(config: &ClientConfig, topics: &[&str]) -> Result<Self> {
        let consumer = BaseConsumer::from_config_and_context(config, Context::default()).map_err(|e| failed(&e))?;
        consumer.subscribe(topics).map_err(|e| failed(&e))?;
        let (commands, receiver) = channel();
        let (sender, events) = mpsc::channel(QUEUED_EVENTS);
        let pump = Pump::new(consumer, receiver, sender);
        std::thread::Builder::new()
            .name("log-reader".into())
            .spawn(move || pump.run())
            .map_err(|e| LogError::retry(RetryReason::Io, e))?;
        Ok(Self { commands, events, seeks: BTreeMap::new(), last_seek: 0 })
    }

    async fn command(&self, command: impl FnOnce(oneshot::Sender<Result<()>>) -> Command) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        let gone = || LogError::retry(RetryReason::LogDown, "the consumer has ended");
        self.commands.send(command(reply)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    fn current(&self, at: &TopicPartition, seek: u64) -> bool {
        self.seeks.get(at) == Some(&seek)
    }
}

#[async_trait]
impl Subscription for KafkaSubscription {
    async fn next(&mut self) -> Result<Message> {
        loop {
            let gone = || LogError::retry(RetryReason::LogDown, "the consumer has ended");
            match self.events.recv().await.ok_or_else(gone)? {
                Event::Assigned(partitions) => return Ok(Message::Assigned(partitions)),
                Event::Revoked(partitions) => {
                    self.seeks.retain(|at, _| !partitions.contains(at));
                    return Ok(Message::Revoked(partitions));
                }
                Event::Records { records, seek } if self.current(records.at(), seek) => {
                    return Ok(Message::Records(records));
                }
                Event::Failed { at, error, seek } if self.current(&at, seek) => {
                    self.seeks.remove(&at);
                    return Ok(Message::Failed { at, error });
                }
                Event::Records { .. } | Event::Failed { .. } => {}
                Event::Error(error) => return Err(error),
            }
        }
    }

    async fn seek(&mut self, at: &TopicPartition, offset: i64) -> Result<()> {
        self.last_seek += 1;
        let seek = self.last_seek;
        self.seeks.insert(at.clone(), seek);
        let at = at.clone();
        self.command(|reply| Command::Seek { at, offset, seek, reply }).await
    }

    async fn commit(&mut self, next: &[(TopicPartition, i64)]) -> Result<()> {
        if next.is_empty() {
            return Ok(());
        }
        let next = next.to_vec();
        self.command(|reply| Command::Commit { next, reply }).await
    }
}
