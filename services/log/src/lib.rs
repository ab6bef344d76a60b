//! The log: the source of truth, behind one small port.
//!
//! Three adapters: [`kafka`] (production and reference), [`embedded`] (SQLite, one machine), [`memory`] (simulation).
//! Nothing above [`Log`] knows which it speaks to; one conformance suite runs against all three.

use std::sync::Arc;

use async_trait::async_trait;

pub mod conformance;
pub mod embedded;
mod error;
mod followed;
mod identity;
pub mod kafka;
pub mod memory;
mod options;
mod partitioner;
mod records;
mod url;

pub use error::{LogError, Refusal, Result, RetryReason, StopReason};
pub use followed::{FollowedLog, Gate, Shifts};
pub use identity::LogIdentity;
pub use options::{OpenOptions, TopicSpec, open};
pub use partitioner::{murmur2, partition_of};
pub use records::{EnvelopeRef, RecordRef, Records, Summary, digest};
pub use url::LogUrl;

/// Appends records, tells where a partition starts and ends, and hands out subscriptions.
#[async_trait]
pub trait Log: Send + Sync {
    /// Appends one record and waits until it is durable (embedded: synced to disk; Kafka: `acks=all`).
    ///
    /// Many at once share a commit, so concurrency gives throughput. After [`LogError::Retry`], or when the future is
    /// dropped, the record may or may not be in the log; sending it again is harmless to what reads it.
    async fn append(&self, record: NewRecord) -> Result<Address>;

    /// Creates the topics that are missing and checks those that exist: another partition count is
    /// [`StopReason::Partitions`].
    async fn create_topics(&self, topics: &[TopicSpec]) -> Result<()>;

    /// Starts to read topics as a member of a group, which settles who reads which partition.
    async fn subscribe(&self, group: &str, topics: &[&str]) -> Result<Box<dyn Subscription>>;

    /// First offset still kept and next offset to be written, as of now.
    async fn ends(&self, at: &TopicPartition) -> Result<Ends>;

    /// What the record at each offset is; none where there is no such record, or no longer. By its digest a lake knows
    /// the log that it was filled from, see [`StopReason::Diverged`].
    async fn summaries(&self, wanted: &[(TopicPartition, i64)]) -> Result<Vec<Option<Summary>>>;

    /// Whether records can be appended now, as far as that shows without appending one; opened for reading, whether the
    /// log answers.
    async fn ready(&self) -> Result<()> {
        self.identity().await.map(drop)
    }

    /// Which log this is, asked of the log itself.
    async fn identity(&self) -> Result<LogIdentity>;

    /// The first offset whose record was received (embedded, memory) or produced (Kafka) at a time or later, of those
    /// still kept; microseconds since the Unix epoch. None if all are older.
    async fn offset_for_time(&self, at: &TopicPartition, microseconds: i64) -> Result<Option<i64>>;

    /// Deletes the records below an offset. Only what every table has synced may be given up.
    async fn retain(&self, at: &TopicPartition, first: i64) -> Result<()>;
}

/// A member of a group that reads partitions in order, from where it is told to.
#[async_trait]
pub trait Subscription: Send {
    /// Waits for the next message. Dropping the future loses nothing.
    ///
    /// [`LogError::Retry`] means that the log cannot be read now; call again, it goes on by itself.
    async fn next(&mut self) -> Result<Message>;

    /// Reads an assigned partition from an offset on. Of a newly assigned partition nothing is delivered before this;
    /// afterwards nothing of an earlier position is.
    ///
    /// An offset that retention has passed is [`StopReason::RetentionGap`], one beyond the end
    /// [`StopReason::Truncated`]; then nothing is delivered until a seek succeeds. A partition that is no longer ours
    /// is left alone: [`Message::Revoked`] is on its way.
    async fn seek(&mut self, at: &TopicPartition, offset: i64) -> Result<()>;

    /// Tells the group how far partitions are read: for tools that show lag; nothing is ever decided by it.
    async fn commit(&mut self, next: &[(TopicPartition, i64)]) -> Result<()>;
}

/// What a subscription says.
#[derive(Clone, Debug)]
pub enum Message {
    /// These partitions are ours now, beside those we had; each waits for a [`Subscription::seek`].
    Assigned(Vec<TopicPartition>),
    /// These are ours no longer; nothing more of them is delivered.
    Revoked(Vec<TopicPartition>),
    /// Records of one partition, which follow on those before.
    Records(Records),
    /// One partition cannot be read on (gap, truncated); the others go on. It delivers nothing until a seek succeeds.
    Failed {
        /// Which partition.
        at: TopicPartition,
        /// Why.
        error: LogError,
    },
}

/// One partition of one topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// Topic name.
    pub topic: Arc<str>,
    /// Partition number, from 0.
    pub partition: i32,
}

impl TopicPartition {
    /// A partition of a topic.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }
}

impl std::fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.topic, self.partition)
    }
}

/// What ingest adds to a submission; stands in the record's headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Media type of the value.
    pub content_type: String,
    /// Reporter whose credential sent it.
    pub reporter: String,
    /// The submission's id.
    pub submission: String,
    /// When ingest received it, microseconds since the Unix epoch.
    pub received_at: i64,
    /// Digest of the catalog by which it was judged.
    pub catalog: String,
}

/// A record to append.
#[derive(Clone, Debug)]
pub struct NewRecord {
    /// Topic.
    pub topic: Arc<str>,
    /// Key: the source; decides the partition by murmur2, as Java's default partitioner does.
    pub key: String,
    /// Headers.
    pub envelope: Envelope,
    /// Value.
    pub value: bytes::Bytes,
}

impl NewRecord {
    /// Refuses what no adapter takes: a record without key or larger than
    /// [`MAX_RECORD_BYTES`](helan_schemas::topics::MAX_RECORD_BYTES).
    pub fn check(&self) -> Result<(), Refusal> {
        /// Names of headers and the protocol's own framing.
        const FRAMING: usize = 1024;
        let limit = helan_schemas::topics::MAX_RECORD_BYTES;
        let Envelope { content_type, reporter, submission, catalog, .. } = &self.envelope;
        let texts = content_type.len() + reporter.len() + submission.len() + catalog.len();
        let bytes = self.key.len() + self.value.len() + texts + FRAMING;
        if self.key.is_empty() {
            Err(Refusal::NoKey)
        } else if bytes > limit {
            Err(Refusal::TooLarge { bytes, limit })
        } else {
            Ok(())
        }
    }
}

/// Where a record lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Topic and partition.
    pub at: TopicPartition,
    /// Offset.
    pub offset: i64,
}

/// First offset still kept and next offset to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// First offset still kept.
    pub first: i64,
    /// Next offset to be written.
    pub next: i64,
}

impl Ends {
    /// Checks that reading can start at an offset: nothing before it is missing, and it does not lie beyond the end.
    pub fn check(self, at: &TopicPartition, wanted: i64) -> Result<(), StopReason> {
        if wanted < self.first {
            Err(StopReason::RetentionGap { at: at.clone(), wanted, first: self.first })
        } else if wanted > self.next {
            Err(StopReason::Truncated { at: at.clone(), wanted, next: self.next })
        } else {
            Ok(())
        }
    }
}
