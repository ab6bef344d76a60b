//! A log in memory: deterministic, for simulations and tests.
//!
//! Handles share one log: a simulated process crashes by dropping its subscription and goes on with another handle.
//! Nothing here reads a clock or draws a random number, so the same calls give the same messages.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use tokio::sync::watch;

use crate::{
    Address, Ends, Log, LogError, LogIdentity, NewRecord, Result, StopReason, Subscription, Summary, TopicPartition,
    TopicSpec, partition_of,
};

mod group;
mod subscription;
#[cfg(test)]
mod tests;

use group::Group;
use subscription::MemorySubscription;

/// A log in memory, with hooks that make it fail as real ones do. Clones are handles on the same log.
#[derive(Clone, Debug)]
pub struct MemoryLog {
    state: Arc<Mutex<State>>,
    changed: Arc<watch::Sender<u64>>,
}

#[derive(Debug)]
struct State {
    id: String,
    partitions: BTreeMap<TopicPartition, Partition>,
    counts: BTreeMap<String, i32>,
    groups: BTreeMap<String, Group>,
    batch_records: usize,
    append_faults: VecDeque<Fault>,
}

#[derive(Clone, Debug, Default)]
struct Partition {
    first: i64,
    records: VecDeque<Arc<NewRecord>>,
}

impl Partition {
    fn ends(&self) -> Ends {
        Ends { first: self.first, next: self.first + self.records.len() as i64 }
    }
}

/// How a coming append fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written, and the caller learns the error.
    Lost(LogError),
    /// The record is written, and the caller still learns the error: as when the acknowledgement is lost.
    Written(LogError),
}

impl MemoryLog {
    /// An empty log of this identity, without topics.
    pub fn new(id: &str) -> Self {
        let state = State {
            id: id.to_owned(),
            partitions: BTreeMap::new(),
            counts: BTreeMap::new(),
            groups: BTreeMap::new(),
            batch_records: 1000,
            append_faults: VecDeque::new(),
        };
        Self { state: Arc::new(Mutex::new(state)), changed: Arc::new(watch::Sender::new(0)) }
    }

    /// Hands over at most so many records at once.
    pub fn set_batch_records(&self, records: usize) {
        self.lock().batch_records = records.max(1);
    }

    /// A copy that goes its own way from now on: the same records and identity, no subscribers.
    pub fn fork(&self) -> Self {
        let copy = {
            let state = self.lock();
            State {
                id: state.id.clone(),
                partitions: state.partitions.clone(),
                counts: state.counts.clone(),
                groups: BTreeMap::new(),
                batch_records: state.batch_records,
                append_faults: VecDeque::new(),
            }
        };
        Self { state: Arc::new(Mutex::new(copy)), changed: Arc::new(watch::Sender::new(0)) }
    }

    /// Fault: acknowledged records from this offset on vanish, as after a restore from an older copy.
    pub fn truncate(&self, at: &TopicPartition, next: i64) {
        self.change(|state| {
            if let Some(partition) = state.partitions.get_mut(at) {
                partition.records.truncate((next - partition.first).max(0) as usize);
            }
        });
    }

    /// Fault: retention deletes the records below this offset, read or not.
    pub fn expire(&self, at: &TopicPartition, first: i64) {
        self.change(|state| {
            if let Some(partition) = state.partitions.get_mut(at) {
                let gone = (first - partition.first).clamp(0, partition.records.len() as i64);
                partition.records.drain(..gone as usize);
                partition.first += gone;
            }
        });
    }

    /// Fault: another log answers at this address, with the same topics and records.
    pub fn set_id(&self, id: &str) {
        self.change(|state| id.clone_into(&mut state.id));
    }

    /// Fault: the next append that meets no earlier fault fails like this.
    pub fn fail_append(&self, fault: Fault) {
        self.lock().append_faults.push_back(fault);
    }

    /// Fault: every partition of the group changes hands, and is handed out again.
    pub fn rebalance(&self, group: &str) {
        self.change(|state| {
            let State { groups, counts, .. } = state;
            if let Some(group) = groups.get_mut(group) {
                group.shift();
                group.assign(counts);
            }
        });
    }

    /// Fault: the group's oldest member is declared dead without knowing it; it reads on as a zombie while others take
    /// over its partitions. Tells whether there was one.
    pub fn evict_oldest(&self, group: &str) -> bool {
        self.change(|state| {
            let State { groups, counts, .. } = state;
            let Some(group) = groups.get_mut(group) else { return false };
            let evicted = group.leave_oldest();
            group.assign(counts);
            evicted
        })
    }

    /// A record as it was appended, if it is still kept.
    pub fn record(&self, address: &Address) -> Option<Arc<NewRecord>> {
        let state = self.lock();
        let partition = state.partitions.get(&address.at)?;
        partition.records.get(usize::try_from(address.offset - partition.first).ok()?).cloned()
    }

    /// How far a group said it had read a partition.
    pub fn committed(&self, group: &str, at: &TopicPartition) -> Option<i64> {
        self.lock().groups.get(group)?.committed(at)
    }

    fn ends_of(&self, at: &TopicPartition) -> Result<Ends> {
        self.lock().ends(at)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of the lock panics")
    }

    /// Changes the log and wakes its subscribers.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.send_modify(|version| *version += 1);
        result
    }
}

impl State {
    fn append(&mut self, record: NewRecord) -> Result<Address> {
        record.check()?;
        let Some(partitions) = self.counts.get(&*record.topic) else {
            return Err(StopReason::UnknownTopic(record.topic.to_string()).into());
        };
        let fault = self.append_faults.pop_front();
        if let Some(Fault::Lost(error)) = fault {
            return Err(error);
        }
        let at = TopicPartition::new(record.topic.clone(), partition_of(record.key.as_bytes(), *partitions));
        let partition = self.partitions.entry(at.clone()).or_default();
        let offset = partition.ends().next;
        partition.records.push_back(Arc::new(record));
        match fault {
            Some(Fault::Written(error)) => Err(error),
            _ => Ok(Address { at, offset }),
        }
    }

    fn ends(&self, at: &TopicPartition) -> Result<Ends> {
        let partition = self.partitions.get(at).ok_or_else(|| StopReason::UnknownTopic(at.to_string()))?;
        Ok(partition.ends())
    }
}

#[async_trait]
impl Log for MemoryLog {
    async fn append(&self, record: NewRecord) -> Result<Address> {
        self.change(|state| state.append(record))
    }

    async fn create_topics(&self, topics: &[TopicSpec]) -> Result<()> {
        self.change(|state| {
            for topic in topics {
                topic.check_count(state.counts.get(&topic.name).copied())?;
                state.counts.insert(topic.name.clone(), topic.partitions);
                for partition in 0..topic.partitions {
                    state.partitions.entry(TopicPartition::new(topic.name.as_str(), partition)).or_default();
                }
            }
            Ok(())
        })
    }

    async fn subscribe(&self, group: &str, topics: &[&str]) -> Result<Box<dyn Subscription>> {
        let member = self.change(|state| {
            if let Some(unknown) = topics.iter().find(|topic| !state.counts.contains_key(**topic)) {
                return Err(LogError::from(StopReason::UnknownTopic((*unknown).to_owned())));
            }
            let State { groups, counts, .. } = state;
            let group = groups.entry(group.to_owned()).or_default();
            let member = group.join(topics);
            group.assign(counts);
            Ok(member)
        })?;
        Ok(Box::new(MemorySubscription::new(self.clone(), group.to_owned(), member)))
    }

    async fn ends(&self, at: &TopicPartition) -> Result<Ends> {
        self.ends_of(at)
    }

    async fn summaries(&self, wanted: &[(TopicPartition, i64)]) -> Result<Vec<Option<Summary>>> {
        let summary = |(at, offset): &(TopicPartition, i64)| {
            self.ends_of(at)?;
            let record = self.record(&Address { at: at.clone(), offset: *offset });
            Ok(record.map(|it| Summary::of(it.key.as_bytes(), it.envelope.as_ref(), &it.value)))
        };
        wanted.iter().map(summary).collect()
    }

    async fn identity(&self) -> Result<LogIdentity> {
        let state = self.lock();
        Ok(LogIdentity { kind: LogIdentity::MEMORY, id: state.id.clone(), topics: state.counts.clone() })
    }

    async fn offset_for_time(&self, at: &TopicPartition, microseconds: i64) -> Result<Option<i64>> {
        let state = self.lock();
        let partition = state.partitions.get(at).ok_or_else(|| StopReason::UnknownTopic(at.to_string()))?;
        let young = partition.records.iter().position(|record| record.envelope.received_at >= microseconds);
        Ok(young.map(|position| partition.first + position as i64))
    }

    async fn retain(&self, at: &TopicPartition, first: i64) -> Result<()> {
        self.ends(at).await?;
        self.expire(at, first);
        Ok(())
    }
}
