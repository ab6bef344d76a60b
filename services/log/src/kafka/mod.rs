//! Apache Kafka: production and reference.
//!
//! The producer is idempotent and waits for all in-sync replicas. A consumer group settles who reads which partition;
//! where reading starts is the caller's, and offsets committed to the group are for display.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::{
    Address, Ends, Log, LogError, LogIdentity, NewRecord, OpenOptions, Refusal, Result, RetryReason, StopReason,
    Subscription, Summary, TopicPartition, TopicSpec,
};

mod config;
mod errors;
mod headers;
mod pump;
mod single;
mod subscription;
mod topics;

pub use config::read_properties;

use config::Tracing;
use errors::failed;
use subscription::KafkaSubscription;

/// Longest wait for an answer of the cluster to a question.
const ASK_TIMEOUT: Duration = Duration::from_secs(10);

type Admin = Arc<AdminClient<Tracing>>;

/// A Kafka cluster's topics as a log. Opening it needs no broker; the first question does.
pub struct KafkaLog {
    base: ClientConfig,
    admin: Admin,
    /// None if opened for reading. Replaced after an error that ends a producer for good.
    producer: Option<RwLock<FutureProducer<Tracing>>>,
    topics: Vec<String>,
    /// Partition counts seen, so that no question makes a broker create a topic by itself.
    known: RwLock<BTreeMap<String, i32>>,
}

impl KafkaLog {
    /// Prepares clients for a list of brokers, `HOST:PORT[,HOST:PORT]`.
    pub fn open(brokers: &str, options: &OpenOptions) -> Result<Self> {
        let base = config::base(brokers, &options.kafka)?;
        let admin = AdminClient::from_config_and_context(&base, Tracing).map_err(|e| failed(&e))?;
        let producer = if options.write { Some(RwLock::new(new_producer(&base)?)) } else { None };
        let topics = options.topics.clone();
        Ok(Self { base, admin: Arc::new(admin), producer, topics, known: RwLock::default() })
    }

    /// The partition count of a topic, asked again if it was not there.
    async fn count(&self, topic: &str) -> Result<i32> {
        let seen = |known: &RwLock<BTreeMap<String, i32>>| {
            known.read().expect("no holder of the lock panics").get(topic).copied()
        };
        if let Some(count) = seen(&self.known) {
            return Ok(count);
        }
        let counts = counts(&self.admin, &[topic]).await?;
        *self.known.write().expect("no holder of the lock panics") = counts;
        seen(&self.known).ok_or_else(|| StopReason::UnknownTopic(topic.to_owned()).into())
    }

    async fn check_partition(&self, at: &TopicPartition) -> Result<()> {
        if (0..self.count(&at.topic).await?).contains(&at.partition) {
            return Ok(());
        }
        Err(StopReason::UnknownTopic(at.to_string()).into())
    }

    fn producer(&self) -> Result<FutureProducer<Tracing>> {
        let producer = self.producer.as_ref().ok_or(Refusal::ReadOnly)?;
        Ok(producer.read().expect("no holder of the lock panics").clone())
    }

    /// An idempotent producer that met a fatal error never writes again: another takes its place.
    fn replace_if_fatal(&self, failed: &FutureProducer<Tracing>) {
        let Some((code, reason)) = failed.client().fatal_error() else { return };
        let Some(slot) = &self.producer else { return };
        let mut slot = slot.write().expect("no holder of the lock panics");
        if slot.client().fatal_error().is_none() {
            return;
        }
        tracing::error!(%code, reason, "kafka producer is replaced");
        match new_producer(&self.base) {
            Ok(producer) => {
                let old = std::mem::replace(&mut *slot, producer);
                tokio::task::spawn_blocking(move || drop(old));
            }
            Err(error) => tracing::error!(%error, "no new kafka producer"),
        }
    }
}

fn new_producer(base: &ClientConfig) -> Result<FutureProducer<Tracing>> {
    FutureProducer::from_config_and_context(&config::producer(base), Tracing).map_err(|e| failed(&e))
}

/// Partition counts of all topics that these credentials may see. Of the topics that matter none may be missing because
/// a broker is just starting: that is no other log, but one to ask again.
async fn counts(admin: &Admin, matter: &[&str]) -> Result<BTreeMap<String, i32>> {
    let admin = admin.clone();
    let metadata = blocking(move || admin.inner().fetch_metadata(None, ASK_TIMEOUT).map_err(|e| failed(&e))).await?;
    let mut counts = BTreeMap::new();
    for topic in metadata.topics() {
        match topic.error() {
            None => _ = counts.insert(topic.name().to_owned(), topic.partitions().len() as i32),
            Some(code) if matter.contains(&topic.name()) => {
                return Err(failed(&KafkaError::MetadataFetch(code.into())));
            }
            Some(_) => {}
        }
    }
    Ok(counts)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|e| LogError::retry(RetryReason::LogDown, e))?
}

#[async_trait]
impl Log for KafkaLog {
    async fn append(&self, record: NewRecord) -> Result<Address> {
        record.check()?;
        let producer = self.producer()?;
        self.count(&record.topic).await?;
        let delivery = {
            let NewRecord { topic, key, envelope, value } = &record;
            let message = FutureRecord::to(topic).key(key).payload(&value[..]).headers(headers::write(envelope));
            producer.send_result(message).map_err(|(error, _)| error)
        };
        let result = match delivery {
            Ok(delivery) => match delivery.await {
                Ok(result) => result.map_err(|(error, _)| error),
                Err(_) => return Err(LogError::retry(RetryReason::LogDown, "the producer was closed")),
            },
            Err(error) => Err(error),
        };
        match result {
            Ok(delivery) => {
                let at = TopicPartition::new(record.topic, delivery.partition);
                Ok(Address { at, offset: delivery.offset })
            }
            Err(error) => {
                self.replace_if_fatal(&producer);
                Err(failed(&error))
            }
        }
    }

    async fn create_topics(&self, topics: &[TopicSpec]) -> Result<()> {
        let counts = topics::create(&self.admin, topics).await?;
        *self.known.write().expect("no holder of the lock panics") = counts;
        Ok(())
    }

    async fn subscribe(&self, group: &str, topics: &[&str]) -> Result<Box<dyn Subscription>> {
        for topic in topics {
            self.count(topic).await?;
        }
        let config = config::consumer(&self.base, group);
        Ok(Box::new(KafkaSubscription::start(&config, topics)?))
    }

    async fn ends(&self, at: &TopicPartition) -> Result<Ends> {
        self.check_partition(at).await?;
        let (admin, at) = (self.admin.clone(), at.clone());
        blocking(move || {
            let ends = admin.inner().fetch_watermarks(&at.topic, at.partition, ASK_TIMEOUT);
            ends.map(|(first, next)| Ends { first, next }).map_err(|e| failed(&e))
        })
        .await
    }

    async fn summaries(&self, wanted: &[(TopicPartition, i64)]) -> Result<Vec<Option<Summary>>> {
        for (at, _) in wanted {
            self.check_partition(at).await?;
        }
        let (config, wanted) = (config::consumer(&self.base, "helan-continuity"), wanted.to_vec());
        blocking(move || single::summaries(&config, &wanted)).await
    }

    async fn identity(&self) -> Result<LogIdentity> {
        let admin = self.admin.clone();
        let id = blocking(move || {
            let id = admin.inner().fetch_cluster_id(ASK_TIMEOUT);
            id.ok_or_else(|| LogError::retry(RetryReason::LogDown, "no broker told the cluster's id"))
        })
        .await?;
        let ours: Vec<&str> = self.topics.iter().map(String::as_str).collect();
        let mut topics = counts(&self.admin, &ours).await?;
        topics.retain(|topic, _| self.topics.contains(topic));
        Ok(LogIdentity { kind: LogIdentity::KAFKA, id, topics })
    }

    async fn offset_for_time(&self, at: &TopicPartition, microseconds: i64) -> Result<Option<i64>> {
        self.check_partition(at).await?;
        let (config, at) = (config::consumer(&self.base, "helan-retention"), at.clone());
        blocking(move || {
            // Only a consumer may ask this; it joins no group, for it subscribes to nothing.
            let consumer: BaseConsumer<Tracing> =
                BaseConsumer::from_config_and_context(&config, Tracing).map_err(|e| failed(&e))?;
            let mut wanted = TopicPartitionList::new();
            let time = Offset::Offset(microseconds / 1000);
            wanted.add_partition_offset(&at.topic, at.partition, time).map_err(|e| failed(&e))?;
            let found = consumer.offsets_for_times(wanted, ASK_TIMEOUT).map_err(|e| failed(&e))?;
            match found.find_partition(&at.topic, at.partition) {
                Some(element) => {
                    element.error().map_err(|e| failed(&e))?;
                    Ok(element.offset().to_raw().filter(|offset| *offset >= 0))
                }
                None => Ok(None),
            }
        })
        .await
    }

    async fn retain(&self, at: &TopicPartition, first: i64) -> Result<()> {
        self.check_partition(at).await?;
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(&at.topic, at.partition, Offset::Offset(first)).map_err(|e| failed(&e))?;
        let options = AdminOptions::new().request_timeout(Some(ASK_TIMEOUT));
        let deleted = self.admin.delete_records(&offsets, &options).await.map_err(|e| failed(&e))?;
        let errors: Result<Vec<()>, _> = deleted.elements().iter().map(|element| element.error()).collect();
        errors.map(drop).map_err(|e| failed(&e))
    }
}
