//! A lake and its log: how the lake counts the log's offsets, and how it goes on with another log.

use std::collections::BTreeMap;
use std::sync::Arc;

use helan_lake::{Lake, Start};
use helan_log::{FollowedLog, Gate, Log, LogIdentity, Shifts, StopReason, TopicPartition};
use helan_schemas::tables::Table;
use helan_schemas::topics;

use crate::run::AggregatorError;
use crate::state::{EVENTS, Stored, tables_of};

/// The log as a lake follows it: offsets are the lake's, and nothing is appended while the gate is closed.
pub fn follow(log: Arc<dyn Log>, lake: &Lake, gate: Gate) -> Arc<dyn Log> {
    let shift = |(name, shift): (&String, &i64)| {
        let (topic, partition) = name.rsplit_once('/')?;
        Some((TopicPartition::new(topic, partition.parse().ok()?), *shift))
    };
    let shifts: Shifts = lake.log_shifts().iter().filter_map(shift).collect();
    Arc::new(FollowedLog::new(log, shifts, gate))
}

/// What it would mean for a lake to go on with another log.
#[derive(Clone, Debug)]
pub struct Adoption {
    /// The log's identity.
    pub log: LogIdentity,
    /// From where on each partition is read.
    pub starts: Vec<Start>,
    /// Records of the former log that some table has and `events` has not, by partition: unless they stand in the new
    /// log too, their events are lost.
    pub unread: Vec<(TopicPartition, std::ops::Range<i64>)>,
}

/// Plans that a lake goes on with a log, each partition from the first record that the log still has, or from where
/// `from` says, in the log's own offsets. Events that the lake has already are repeats by their ids, so an earlier start
/// than needed costs time alone.
///
/// # Errors
/// If an offset lies outside the log, or a topic has another number of partitions: then sources would change
/// partitions, and be judged without what came before.
pub async fn plan_adoption(
    log: &dyn Log,
    lake: &Lake,
    from: &BTreeMap<TopicPartition, i64>,
) -> Result<Adoption, AggregatorError> {
    let (identity, before) = (log.identity().await?, lake.log_identity().parse::<LogIdentity>()?);
    let [first, second, third] = Table::FED;
    let tables = [lake.snapshot(first).await?, lake.snapshot(second).await?, lake.snapshot(third).await?];
    let (mut starts, mut unread) = (Vec::new(), Vec::new());
    for topic in topics::ALL {
        let found = identity.topics.get(topic).copied().unwrap_or(0);
        let expected = before.topics.get(topic).copied().unwrap_or(found);
        if found != expected || found == 0 {
            return Err(log_error(StopReason::Partitions { topic: topic.to_owned(), expected, found }));
        }
        for partition in 0..found {
            let at = TopicPartition::new(topic, partition);
            let app_id = lake.offset_app_id(topic, partition);
            let mut stored = Stored::default();
            for table in tables_of(topic) {
                stored[table] = tables[table].txn(&app_id).await?;
            }
            let next = stored.iter().flatten().copied().max().unwrap_or(0);
            let ends = log.ends(&at).await?;
            let offset = from.get(&at).copied().unwrap_or(ends.first);
            ends.check(&at, offset).map_err(log_error)?;
            let read = stored[EVENTS].unwrap_or(0);
            if !topics::holds_refusals(topic) && read < next {
                unread.push((at, read..next));
            }
            starts.push(Start { topic: topic.to_owned(), partition, offset, next });
        }
    }
    Ok(Adoption { log: identity, starts, unread })
}

fn log_error(reason: StopReason) -> AggregatorError {
    AggregatorError::Log(reason.into())
}
