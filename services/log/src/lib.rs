//! The log: the source of truth, behind one small port.
//!
//! Three adapters: `kafka` (production and reference), `embedded` (SQLite, one machine), `memory` (simulation).
//! Nothing above [`Log`] knows which it speaks to; one conformance suite runs against all three.

use async_trait::async_trait;

/// One partition of one topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// Topic name.
    pub topic: std::sync::Arc<str>,
    /// Partition number, from 0.
    pub partition: i32,
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
    pub topic: std::sync::Arc<str>,
    /// Key: the source; decides the partition by murmur2, as Java's default partitioner does.
    pub key: String,
    /// Headers.
    pub envelope: Envelope,
    /// Value.
    pub value: bytes::Bytes,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// First offset still kept.
    pub first: i64,
    /// Next offset to be written.
    pub next: i64,
}

/// Which log this is: kind, cluster or log id, and its topics with their partition counts (and topic ids, where the
/// log has them). Stored with the lake's tables; another identity stops the aggregator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogIdentity {
    /// `kafka`, `embedded` or `memory`.
    pub kind: &'static str,
    /// Cluster id, or the embedded log's UUID.
    pub id: String,
    /// Topic → partition count.
    pub topics: std::collections::BTreeMap<String, i32>,
}
