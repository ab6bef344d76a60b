//! What can go wrong with a log, in the three classes that callers act on.

use crate::TopicPartition;

/// A failure of the log. The variant says what a caller does: try again, refuse the record, or stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// Try again later; nothing is known to be wrong with the request. Over HTTP: 503 with `Retry-After`.
    #[error("log: {reason}: {detail}; try again")]
    Retry {
        /// Why now is no good time.
        reason: RetryReason,
        /// What the log said.
        detail: String,
    },
    /// This record can never be written; others can.
    #[error(transparent)]
    Refuse(#[from] Refusal),
    /// Going on would lose or double records: a person has to look.
    #[error(transparent)]
    Stop(#[from] StopReason),
}

/// Why the log cannot answer now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RetryReason {
    /// Not reachable, or closing.
    LogDown,
    /// More records wait than the queue holds.
    QueueFull,
    /// No room on the log's disk.
    DiskFull,
    /// The log's disk failed; it is reopened before it is written again.
    Io,
    /// The lake cannot follow this log: what is taken in now would not come into its tables.
    NotFollowed,
    /// It did not answer in time; an append may still have succeeded.
    TimedOut,
}

impl RetryReason {
    /// The reason as a metric's label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LogDown => "log_down",
            Self::QueueFull => "queue_full",
            Self::DiskFull => "disk_full",
            Self::Io => "io",
            Self::NotFollowed => "not_followed",
            Self::TimedOut => "timed_out",
        }
    }
}

impl std::fmt::Display for RetryReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::LogDown => "not reachable",
            Self::QueueFull => "queue full",
            Self::DiskFull => "disk full",
            Self::Io => "I/O error",
            Self::NotFollowed => "not followed by the lake",
            Self::TimedOut => "timed out",
        })
    }
}

/// Why a record can never be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Larger than a record may be.
    #[error("record of {bytes} bytes is larger than the {limit} a record may have; split the submission")]
    TooLarge {
        /// Size of key, headers and value.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// No key, so no partition that would stay the same.
    #[error("record has no key; the key is the submission's source")]
    NoKey,
    /// Opened without the right to write.
    #[error("log was opened for reading only")]
    ReadOnly,
}

/// Why a partition, or the log as a whole, must not be read or written further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StopReason {
    /// Another log, or other topics, than those of before.
    #[error("log is {found}, expected {expected}; connect the log this lake was filled from, or start a new lake")]
    OtherIdentity {
        /// What was expected.
        expected: String,
        /// What answered.
        found: String,
    },
    /// The wanted offset lies beyond the log's end: it was truncated or restored from an older copy.
    #[error("{at}: offset {wanted} lies beyond the log's end {next}; the log was truncated or restored")]
    Truncated {
        /// Which partition.
        at: TopicPartition,
        /// Offset asked for.
        wanted: i64,
        /// The log's next offset.
        next: i64,
    },
    /// Retention has deleted records that were still wanted.
    #[error("{at}: offsets {wanted}..{first} are gone; retention passed records that were not yet read")]
    RetentionGap {
        /// Which partition.
        at: TopicPartition,
        /// First missing offset.
        wanted: i64,
        /// First offset still kept.
        first: i64,
    },
    /// The log goes on, but not from where the lake has read it: the record before the wanted offset is another one.
    #[error(
        "{at}: the record at offset {offset} is not the one that the lake has read there; the log was restored from an \
         older copy, or its topics were made anew. Nothing is read or taken in until log and lake belong together \
         again: see `helan doctor`"
    )]
    Diverged {
        /// Which partition.
        at: TopicPartition,
        /// Offset of the record that differs.
        offset: i64,
    },
    /// A record in the middle is missing, or is not as it was written.
    #[error(
        "{at}: the record at offset {offset} {what}; the log is damaged: stop every role and restore log and lake from \
         one backup (deploy/README.md)"
    )]
    Damaged {
        /// Which partition.
        at: TopicPartition,
        /// Offset of the record.
        offset: i64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// No such topic or partition.
    #[error("log has no {0}; create the topics first")]
    UnknownTopic(String),
    /// A topic has another number of partitions than stated. Growth is a new topic generation.
    #[error("topic {topic} has {found} partitions, expected {expected}; the count is fixed at creation")]
    Partitions {
        /// Which topic.
        topic: String,
        /// Count asked for.
        expected: i32,
        /// Count found.
        found: i32,
    },
    /// Settings, permissions or files that only a person can mend.
    #[error("log: {0}")]
    Misconfigured(String),
}

impl LogError {
    pub(crate) fn retry(reason: RetryReason, detail: impl std::fmt::Display) -> Self {
        Self::Retry { reason, detail: detail.to_string() }
    }

    pub(crate) fn misconfigured(detail: impl std::fmt::Display) -> Self {
        Self::Stop(StopReason::Misconfigured(detail.to_string()))
    }

    /// Whether trying again later can succeed.
    pub fn is_retry(&self) -> bool {
        matches!(self, Self::Retry { .. })
    }
}

/// Result of a log operation.
pub type Result<T, E = LogError> = std::result::Result<T, E>;
