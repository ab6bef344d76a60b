//! Who reads which partition: a group that splits partitions evenly among its members.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::{Message, TopicPartition};

/// Members by order of joining.
#[derive(Debug, Default)]
pub(super) struct Group {
    members: BTreeMap<u64, Member>,
    next_member: u64,
    /// Added to every partition number, so that a rebalance can hand out all anew.
    shift: usize,
    committed: BTreeMap<TopicPartition, i64>,
}

#[derive(Debug, Default)]
struct Member {
    topics: BTreeSet<String>,
    assigned: BTreeSet<TopicPartition>,
    inbox: VecDeque<Message>,
}

impl Group {
    pub(super) fn join(&mut self, topics: &[&str]) -> u64 {
        let id = self.next_member;
        self.next_member += 1;
        let topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
        self.members.insert(id, Member { topics, ..Member::default() });
        id
    }

    pub(super) fn leave(&mut self, id: u64) {
        self.members.remove(&id);
    }

    pub(super) fn leave_oldest(&mut self) -> bool {
        self.members.pop_first().is_some()
    }

    pub(super) fn shift(&mut self) {
        self.shift += 1;
        for member in self.members.values_mut() {
            let given_up: Vec<_> = std::mem::take(&mut member.assigned).into_iter().collect();
            if !given_up.is_empty() {
                member.inbox.push_back(Message::Revoked(given_up));
            }
        }
    }

    /// Splits all partitions among the members and tells each what changes for it: revoked before assigned.
    pub(super) fn assign(&mut self, counts: &BTreeMap<String, i32>) {
        let mut wanted: BTreeMap<u64, BTreeSet<TopicPartition>> = BTreeMap::new();
        for (topic, count) in counts {
            let takers: Vec<u64> =
                self.members.iter().filter(|(_, member)| member.topics.contains(topic)).map(|(id, _)| *id).collect();
            for partition in 0..if takers.is_empty() { 0 } else { *count } {
                let taker = takers[(partition as usize + self.shift) % takers.len()];
                wanted.entry(taker).or_default().insert(TopicPartition::new(topic.as_str(), partition));
            }
        }
        for (id, member) in &mut self.members {
            let wanted = wanted.remove(id).unwrap_or_default();
            let revoked: Vec<_> = member.assigned.difference(&wanted).cloned().collect();
            let assigned: Vec<_> = wanted.difference(&member.assigned).cloned().collect();
            if !revoked.is_empty() {
                member.inbox.push_back(Message::Revoked(revoked));
            }
            if !assigned.is_empty() {
                member.inbox.push_back(Message::Assigned(assigned));
            }
            member.assigned = wanted;
        }
    }

    pub(super) fn message(&mut self, id: u64) -> Option<Message> {
        self.members.get_mut(&id)?.inbox.pop_front()
    }

    pub(super) fn commit(&mut self, next: &[(TopicPartition, i64)]) {
        self.committed.extend(next.iter().cloned());
    }

    pub(super) fn committed(&self, at: &TopicPartition) -> Option<i64> {
        self.committed.get(at).copied()
    }
}
