//! What judging needs to know of a partition: rebuilt from the tables whenever the partition is taken over.

use std::collections::HashMap;

use helan_lake::{LakeError, TableTip};
use helan_log::TopicPartition;
use helan_schemas::tables::Table;
use helan_schemas::topics;

/// Tables fed from the log, in the order of their commits.
pub(crate) const TABLES: usize = Table::FED.len();
/// Positions in [`Table::FED`].
pub(crate) const REFUSALS: usize = 0;
pub(crate) const SUBMISSIONS: usize = 1;
pub(crate) const EVENTS: usize = 2;

/// The next offset that each table has stored for a partition; none = never committed.
pub type Stored = [Option<i64>; TABLES];

/// From where reading has to start: the smallest offset that some table still needs.
pub fn start_of(at: &TopicPartition, stored: &Stored) -> i64 {
    tables_of(&at.topic).map(|table| stored[table].unwrap_or(0)).min().unwrap_or(0)
}

/// The tables that a topic feeds.
pub(crate) fn tables_of(topic: &str) -> impl Iterator<Item = usize> {
    0..Table::fed_by(topic).len()
}

/// By source: for each length of id one that no accepted id of this length exceeds.
pub(crate) type Largest = HashMap<String, Vec<(usize, String)>>;

/// Memory of one partition: grows with its sources, not with its events.
#[derive(Debug)]
pub(crate) struct PartitionState {
    pub(crate) at: TopicPartition,
    /// Partitions of the topic: a record must lie where its key belongs.
    pub(crate) partitions: i32,
    /// Below these offsets a table has the rows already.
    pub(crate) stored: [i64; TABLES],
    /// `recorded_at` of the record before, microseconds since the epoch.
    pub(crate) last_recorded: i64,
    /// Ids of events.
    pub(crate) largest: Largest,
    /// Ids of submissions.
    pub(crate) largest_keys: Largest,
}

impl PartitionState {
    /// Reads the state as it was when the record at the start offset was next.
    pub(crate) async fn rebuild(
        at: &TopicPartition,
        partitions: i32,
        stored: &Stored,
        tips: &[TableTip; TABLES],
    ) -> Result<Self, LakeError> {
        let start = start_of(at, stored);
        let refused = topics::holds_refusals(&at.topic);
        let times = tips[if refused { REFUSALS } else { SUBMISSIONS }].pinned();
        let last = times.last_recorded(&at.topic, at.partition, start).await?;
        let (mut largest, mut largest_keys) = (Largest::new(), Largest::new());
        if !refused && stored[EVENTS].is_some() {
            let found = tips[EVENTS].pinned().largest_ids(&at.topic, at.partition).await?;
            largest.extend(found.into_iter().map(|(source, ids)| (source, ids.into_iter().collect())));
        }
        if !refused && stored[SUBMISSIONS].is_some() {
            let found = tips[SUBMISSIONS].pinned().largest_submissions(&at.topic, at.partition).await?;
            largest_keys.extend(found.into_iter().map(|(source, ids)| (source, ids.into_iter().collect())));
        }
        let stored = stored.map(|offset| offset.unwrap_or(0));
        let last_recorded = last.unwrap_or(0);
        Ok(Self { at: at.clone(), partitions, stored, last_recorded, largest, largest_keys })
    }
}
