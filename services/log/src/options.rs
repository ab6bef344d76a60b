//! Opening a log by its URL.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use helan_schemas::topics;

use crate::embedded::EmbeddedLog;
use crate::kafka::KafkaLog;
use crate::memory::MemoryLog;
use crate::{Log, LogUrl, Result, StopReason};

/// More than any region needs; the embedded log numbers the partitions of all topics in 16 bits.
const MAX_PARTITIONS: i32 = 1024;

/// A topic as it is created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Name.
    pub name: String,
    /// Number of partitions: fixed at creation.
    pub partitions: i32,
    /// Copies of each partition (Kafka only). From 3 on, two of them have to acknowledge.
    pub replication: i32,
    /// How long the log itself keeps records (Kafka only); none = for ever.
    pub retention: Option<Duration>,
}

impl TopicSpec {
    /// A topic kept for ever.
    pub fn new(name: impl Into<String>, partitions: i32, replication: i32) -> Self {
        Self { name: name.into(), partitions, replication, retention: None }
    }

    /// Checks the count against that of an existing topic.
    pub(crate) fn check_count(&self, found: Option<i32>) -> Result<(), StopReason> {
        if !(1..=MAX_PARTITIONS).contains(&self.partitions) {
            let Self { name, partitions, .. } = self;
            let what = format!("topic {name} cannot have {partitions} partitions; state 1 to {MAX_PARTITIONS}");
            return Err(StopReason::Misconfigured(what));
        }
        match found {
            Some(found) if found != self.partitions => {
                Err(StopReason::Partitions { topic: self.name.clone(), expected: self.partitions, found })
            }
            _ => Ok(()),
        }
    }

    /// Every topic of [`topics::ALL`]: submissions are kept for ever, refusals for 30 days.
    pub fn all(partitions: i32, replication: i32) -> Vec<Self> {
        let mut all: Vec<_> = topics::ALL.iter().map(|name| Self::new(*name, partitions, replication)).collect();
        for topic in all.iter_mut().filter(|topic| topics::holds_refusals(&topic.name)) {
            topic.retention = Some(Duration::from_secs(30 * 24 * 3600));
        }
        all
    }
}

/// How to open a log.
#[derive(Clone)]
pub struct OpenOptions {
    /// Whether records will be appended. The embedded log then locks its directory: one writing process at a time.
    pub write: bool,
    /// Topics that belong to the log's identity (Kafka: a cluster may hold others too).
    pub topics: Vec<String>,
    /// Kafka's client properties for reaching the cluster: `security.protocol`, `sasl.*`, `ssl.*` and a few more.
    /// Secrets: never logged.
    pub kafka: BTreeMap<String, String>,
    /// Largest size of the embedded log's file; beyond it appends fail as on a full disk. None = the disk's size.
    pub max_bytes: Option<u64>,
}

impl Default for OpenOptions {
    fn default() -> Self {
        let topics = topics::ALL.map(String::from).to_vec();
        Self { write: false, topics, kafka: BTreeMap::new(), max_bytes: None }
    }
}

impl OpenOptions {
    /// Options for a role that reads and appends.
    pub fn writing() -> Self {
        Self { write: true, ..Self::default() }
    }
}

impl fmt::Debug for OpenOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenOptions")
            .field("write", &self.write)
            .field("topics", &self.topics)
            .field("kafka", &self.kafka.keys())
            .field("max_bytes", &self.max_bytes)
            .finish()
    }
}

/// Opens the log of a URL, which [`LogUrl`] describes.
pub async fn open(url: &str, options: OpenOptions) -> Result<Arc<dyn Log>> {
    Ok(match LogUrl::parse(url)? {
        LogUrl::Kafka(brokers) => Arc::new(KafkaLog::open(&brokers, &options)?),
        LogUrl::Embedded(path) => Arc::new(EmbeddedLog::open(path, options).await?),
        LogUrl::Memory => Arc::new(MemoryLog::new("memory")),
    })
}
