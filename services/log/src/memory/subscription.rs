//! A member of a group that reads the log in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tokio::sync::watch;

use super::{MemoryLog, State};
use crate::{LogError, Message, Records, Result, RetryReason, Subscription, TopicPartition};

#[derive(Debug)]
pub(super) struct MemorySubscription {
    log: MemoryLog,
    group: String,
    member: u64,
    changed: watch::Receiver<u64>,
    /// Offset to read next; none until a seek.
    positions: BTreeMap<TopicPartition, Option<i64>>,
    /// The partition read last: the next one is read first.
    last: Option<TopicPartition>,
}

impl MemorySubscription {
    pub(super) fn new(log: MemoryLog, group: String, member: u64) -> Self {
        let changed = log.changed.subscribe();
        Self { log, group, member, changed, positions: BTreeMap::new(), last: None }
    }

    fn poll(&mut self) -> Option<Message> {
        let log = self.log.clone();
        let mut state = log.lock();
        let message = state.groups.get_mut(&self.group).and_then(|group| group.message(self.member));
        match &message {
            Some(Message::Assigned(partitions)) => {
                self.positions.extend(partitions.iter().map(|at| (at.clone(), None)));
            }
            Some(Message::Revoked(partitions)) => partitions.iter().for_each(|at| {
                self.positions.remove(at);
            }),
            _ => return self.read(&state),
        }
        message
    }

    /// The next batch, taking the partitions in turn.
    fn read(&mut self, state: &State) -> Option<Message> {
        let after = |at: &&TopicPartition| self.last.as_ref().is_none_or(|last| *at > last);
        let turns: Vec<_> = self.positions.keys().filter(after).chain(self.positions.keys()).cloned().collect();
        for at in turns {
            let Some(Some(position)) = self.positions.get(&at).copied() else { continue };
            let Some(partition) = state.partitions.get(&at) else { continue };
            if let Err(error) = partition.ends().check(&at, position) {
                self.positions.insert(at.clone(), None);
                return Some(Message::Failed { at, error: error.into() });
            }
            let from = (position - partition.first) as usize;
            let mut records = Records::new(at.clone());
            for (offset, record) in (position..).zip(partition.records.range(from..)).take(state.batch_records) {
                records.push(offset, record.key.as_bytes(), record.envelope.as_ref(), &record.value);
            }
            if let Some(next) = records.next_offset() {
                self.positions.insert(at.clone(), Some(next));
                self.last = Some(at);
                return Some(Message::Records(records));
            }
        }
        None
    }
}

#[async_trait]
impl Subscription for MemorySubscription {
    async fn next(&mut self) -> Result<Message> {
        loop {
            self.changed.borrow_and_update();
            if let Some(message) = self.poll() {
                return Ok(message);
            }
            self.changed.changed().await.map_err(|_| LogError::retry(RetryReason::LogDown, "log is gone"))?;
        }
    }

    async fn seek(&mut self, at: &TopicPartition, offset: i64) -> Result<()> {
        let ends = self.log.lock().ends(at)?;
        let Some(position) = self.positions.get_mut(at) else { return Ok(()) };
        *position = None;
        ends.check(at, offset)?;
        *position = Some(offset);
        Ok(())
    }

    async fn commit(&mut self, next: &[(TopicPartition, i64)]) -> Result<()> {
        if let Some(group) = self.log.lock().groups.get_mut(&self.group) {
            group.commit(next);
        }
        Ok(())
    }
}

impl Drop for MemorySubscription {
    fn drop(&mut self) {
        self.log.change(|state| {
            let State { groups, counts, .. } = state;
            if let Some(group) = groups.get_mut(&self.group) {
                group.leave(self.member);
                group.assign(counts);
            }
        });
    }
}
