//! Every decision of the aggregator, without I/O, clock or randomness: events in, actions out.
//!
//! The loop in [`crate::run`] carries the actions out in order and reports back. Whatever fails, the answer is the
//! same: forget what is not committed, read from the tables how far they are, go on from there.

use std::collections::BTreeMap;
use std::ops::Range;

use helan_log::TopicPartition;
use helan_schemas::topics;

use crate::state::{Stored, start_of, tables_of};

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The log handed partitions to us.
    Assigned(Vec<TopicPartition>),
    /// The log took partitions from us.
    Revoked(Vec<TopicPartition>),
    /// The tables were pinned anew and say how far they are, for every partition of ours.
    Pinned(Vec<(TopicPartition, Stored)>),
    /// The tables could not be pinned.
    PinFailed {
        /// Now, by the steady clock.
        now: i64,
    },
    /// Records of one partition arrived.
    Arrived {
        /// Partition.
        at: TopicPartition,
        /// Offset of the first.
        first: i64,
        /// Offset after the last.
        next: i64,
        /// Digest of the last.
        digest: i64,
        /// Their bytes.
        bytes: usize,
        /// Now, by the steady clock.
        now: i64,
    },
    /// The log cannot deliver a partition any more: a gap, a truncation.
    Broken {
        /// Partition.
        at: TopicPartition,
        /// Why, for the operator.
        why: String,
        /// First offset that the log still keeps, if the wanted one is gone.
        first: Option<i64>,
    },
    /// The log is no longer the one that a partition's rows came from.
    Diverged {
        /// Partition.
        at: TopicPartition,
        /// Why, for the operator.
        why: String,
    },
    /// The log could not be told where to read on; it can be tried again.
    SeekFailed {
        /// Partition.
        at: TopicPartition,
        /// Now, by the steady clock.
        now: i64,
    },
    /// Time passes.
    Tick {
        /// Now, by the steady clock.
        now: i64,
    },
    /// The pending batch is in all its tables.
    Committed,
    /// The pending batch is not in all its tables; which of them have it shows only by reading them.
    Failed {
        /// Whether another writer owns some partition now.
        fenced: bool,
        /// Now.
        now: i64,
    },
    /// The process was asked to end.
    Stopping,
}

/// What to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Pin the tables, read the offsets of all partitions of ours, rebuild what judging knows of the listed ones.
    Pin {
        /// Partitions whose state is to be rebuilt.
        rebuild: Vec<TopicPartition>,
    },
    /// Read a partition from an offset on.
    Seek {
        /// Partition.
        at: TopicPartition,
        /// Offset.
        offset: i64,
    },
    /// Add the arrived records to the pending batch.
    Take,
    /// Forget everything pending of a partition.
    Discard(TopicPartition),
    /// Commit the pending batch: each table from its stored offset to `next`.
    Flush(Vec<Step>),
    /// Tell the group how far partitions are.
    Report(Vec<(TopicPartition, i64)>),
}

/// How far a commit moves one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Partition.
    pub at: TopicPartition,
    /// What the tables have stored.
    pub stored: Stored,
    /// The offset after the last pending record.
    pub next: i64,
    /// Digest of the last pending record.
    pub digest: i64,
}

/// When to flush, and how long to wait after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of records from which on the batch is committed.
    pub flush_bytes: usize,
    /// Age of the oldest pending record from which on the batch is committed, microseconds.
    pub flush_age: i64,
    /// Pause after a failure of the store, microseconds.
    pub pause: i64,
}

/// A partition's standing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Assigned; its offset has not been read from the tables yet.
    Unread,
    /// Being read.
    Reading,
    /// Stopped for good: someone has to look.
    Stopped(String),
}

/// One partition of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its standing.
    pub phase: Phase,
    /// What the tables have stored, as far as known.
    pub stored: Stored,
    /// Next offset to arrive.
    pub next: i64,
    /// Digest of the record that arrived last.
    pub digest: i64,
    /// Whether records of it are pending.
    pub pending: bool,
}

/// The aggregator's decision state.
#[derive(Debug)]
pub struct Machine {
    limits: Limits,
    partitions: BTreeMap<TopicPartition, Partition>,
    pending_bytes: usize,
    pending_since: Option<i64>,
    pin_at: Option<i64>,
}

impl Machine {
    /// Without partitions.
    pub fn new(limits: Limits) -> Self {
        Self { limits, partitions: BTreeMap::new(), pending_bytes: 0, pending_since: None, pin_at: None }
    }

    /// The partitions of ours.
    pub fn partitions(&self) -> &BTreeMap<TopicPartition, Partition> {
        &self.partitions
    }

    /// When [`Event::Tick`] is next of use, by the steady clock.
    pub fn deadline(&self) -> Option<i64> {
        let flush = self.pending_since.map(|since| since + self.limits.flush_age);
        [flush, self.pin_at].into_iter().flatten().min()
    }

    /// Takes an event and says what to do.
    pub fn handle(&mut self, event: Event) -> Vec<Action> {
        match event {
            Event::Assigned(partitions) => self.assigned(partitions),
            Event::Revoked(partitions) => self.revoked(&partitions),
            Event::Pinned(stored) => self.pinned(stored),
            Event::PinFailed { now } => {
                self.pin_at = Some(now + self.limits.pause);
                Vec::new()
            }
            Event::Arrived { at, first, next, digest, bytes, now } => {
                self.arrived(&at, first..next, digest, bytes, now)
            }
            Event::Broken { at, why, first } => self.broken(at, why, first),
            Event::Diverged { at, why } => self.diverged(&at, why),
            Event::SeekFailed { at, now } => self.seek_failed(&at, now),
            Event::Tick { now } => self.tick(now),
            Event::Committed => self.committed(),
            Event::Failed { fenced, now } => self.failed(fenced, now),
            Event::Stopping => self.flush(),
        }
    }

    fn assigned(&mut self, partitions: Vec<TopicPartition>) -> Vec<Action> {
        let mut actions = Vec::new();
        for at in partitions {
            // The same partition again: what we knew of it may be another's by now.
            if self.partitions.get(&at).is_some_and(|known| known.pending) {
                actions.push(Action::Discard(at.clone()));
            }
            let fresh =
                Partition { phase: Phase::Unread, stored: Stored::default(), next: 0, digest: 0, pending: false };
            self.partitions.insert(at, fresh);
        }
        self.forget_empty_batch();
        actions.extend(self.pin());
        actions
    }

    fn revoked(&mut self, partitions: &[TopicPartition]) -> Vec<Action> {
        let gone = partitions.iter().filter(|at| self.partitions.remove(at).is_some_and(|known| known.pending));
        let actions = gone.cloned().map(Action::Discard).collect();
        self.forget_empty_batch();
        actions
    }

    fn pin(&mut self) -> Vec<Action> {
        self.pin_at = None;
        let unread = self.partitions.iter().filter(|(_, partition)| partition.phase == Phase::Unread);
        let rebuild: Vec<_> = unread.map(|(at, _)| at.clone()).collect();
        if rebuild.is_empty() { Vec::new() } else { vec![Action::Pin { rebuild }] }
    }

    fn pinned(&mut self, stored: Vec<(TopicPartition, Stored)>) -> Vec<Action> {
        let mut actions = Vec::new();
        let mut moved = false;
        for (at, stored) in stored {
            let Some(partition) = self.partitions.get_mut(&at) else { continue };
            match partition.phase {
                Phase::Stopped(_) => {}
                Phase::Unread => {
                    let offset = start_of(&at, &stored);
                    *partition = Partition { phase: Phase::Reading, stored, next: offset, digest: 0, pending: false };
                    actions.push(Action::Seek { at, offset });
                }
                Phase::Reading if partition.stored == stored => {}
                Phase::Reading => {
                    // Another writer has been here: the newly pinned tables would hide it from the commit.
                    if std::mem::take(&mut partition.pending) {
                        actions.push(Action::Discard(at));
                    }
                    partition.phase = Phase::Unread;
                    moved = true;
                }
            }
        }
        self.forget_empty_batch();
        if moved {
            actions.extend(self.pin());
        }
        actions
    }

    fn arrived(
        &mut self,
        at: &TopicPartition,
        Range { start: first, end: next }: Range<i64>,
        digest: i64,
        bytes: usize,
        now: i64,
    ) -> Vec<Action> {
        let Some(partition) = self.partitions.get_mut(at) else { return Vec::new() };
        if partition.phase != Phase::Reading || next <= partition.next {
            return Vec::new();
        }
        if first < partition.next {
            return vec![Action::Seek { at: at.clone(), offset: partition.next }];
        }
        (partition.next, partition.digest) = (next, digest);
        partition.pending = true;
        self.pending_bytes += bytes;
        self.pending_since.get_or_insert(now);
        let mut actions = vec![Action::Take];
        if self.pending_bytes >= self.limits.flush_bytes {
            actions.extend(self.flush());
        }
        actions
    }

    fn broken(&mut self, at: TopicPartition, why: String, first: Option<i64>) -> Vec<Action> {
        let Some(partition) = self.partitions.get_mut(&at) else { return Vec::new() };
        if let Some(first) = first.filter(|_| topics::holds_refusals(&at.topic)) {
            // This topic keeps a month by design; what is older is gone on purpose.
            if first > partition.next && partition.phase == Phase::Reading {
                partition.next = first;
                return vec![Action::Seek { at, offset: first }];
            }
        }
        // What arrived before the break is sound and is committed with the batch.
        partition.phase = Phase::Stopped(why);
        Vec::new()
    }

    fn diverged(&mut self, at: &TopicPartition, why: String) -> Vec<Action> {
        let Some(partition) = self.partitions.get_mut(at) else { return Vec::new() };
        partition.phase = Phase::Stopped(why);
        // What has arrived may be of the other log.
        let discarded = std::mem::take(&mut partition.pending);
        self.forget_empty_batch();
        if discarded { vec![Action::Discard(at.clone())] } else { Vec::new() }
    }

    fn seek_failed(&mut self, at: &TopicPartition, now: i64) -> Vec<Action> {
        let Some(partition) = self.partitions.get_mut(at) else { return Vec::new() };
        let discarded = std::mem::take(&mut partition.pending);
        if partition.phase == Phase::Reading {
            partition.phase = Phase::Unread;
        }
        self.pin_at = Some(now + self.limits.pause);
        self.forget_empty_batch();
        if discarded { vec![Action::Discard(at.clone())] } else { Vec::new() }
    }

    fn tick(&mut self, now: i64) -> Vec<Action> {
        if self.pin_at.is_some_and(|at| now >= at) {
            return self.pin();
        }
        match self.pending_since {
            Some(since) if now - since >= self.limits.flush_age => self.flush(),
            _ => Vec::new(),
        }
    }

    fn flush(&mut self) -> Vec<Action> {
        let pending = self.partitions.iter().filter(|(_, partition)| partition.pending);
        let steps: Vec<_> = pending
            .map(|(at, &Partition { stored, next, digest, .. })| Step { at: at.clone(), stored, next, digest })
            .collect();
        if steps.is_empty() { Vec::new() } else { vec![Action::Flush(steps)] }
    }

    fn committed(&mut self) -> Vec<Action> {
        let mut report = Vec::new();
        for (at, partition) in &mut self.partitions {
            if std::mem::take(&mut partition.pending) {
                for table in tables_of(&at.topic) {
                    partition.stored[table] = partition.stored[table].max(Some(partition.next));
                }
                report.push((at.clone(), partition.next));
            }
        }
        self.forget_empty_batch();
        if report.is_empty() { Vec::new() } else { vec![Action::Report(report)] }
    }

    fn failed(&mut self, fenced: bool, now: i64) -> Vec<Action> {
        let mut actions = Vec::new();
        for (at, partition) in &mut self.partitions {
            if std::mem::take(&mut partition.pending) {
                actions.push(Action::Discard(at.clone()));
                if partition.phase == Phase::Reading {
                    partition.phase = Phase::Unread;
                }
            }
        }
        self.forget_empty_batch();
        if fenced {
            actions.extend(self.pin());
        } else {
            self.pin_at = Some(now + self.limits.pause);
        }
        actions
    }

    fn forget_empty_batch(&mut self) {
        if !self.partitions.values().any(|partition| partition.pending) {
            self.pending_bytes = 0;
            self.pending_since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { flush_bytes: 100, flush_age: 1000, pause: 500 };

    fn at(partition: i32) -> TopicPartition {
        TopicPartition::new(topics::CITY, partition)
    }

    fn arrived(partition: i32, first: i64, next: i64, bytes: usize) -> Event {
        Event::Arrived { at: at(partition), first, next, digest: next, bytes, now: 0 }
    }

    /// Two partitions, read from offsets 5 and 0.
    fn reading() -> Machine {
        let mut machine = Machine::new(LIMITS);
        machine.handle(Event::Assigned(vec![at(0), at(1)]));
        let actions =
            machine.handle(Event::Pinned(vec![(at(0), [Some(9), Some(7), Some(5)]), (at(1), Stored::default())]));
        let seek = |partition, offset| Action::Seek { at: at(partition), offset };
        assert_eq!(actions, [seek(0, 5), seek(1, 0)], "reading starts at the smallest of the tables' offsets");
        machine
    }

    #[test]
    fn flushes_by_bytes_and_by_age_and_moves_each_table_forward() {
        let mut machine = reading();
        assert_eq!(machine.handle(arrived(0, 5, 8, 10)), [Action::Take]);
        assert_eq!(machine.handle(Event::Tick { now: 999 }), []);
        let step = Step { at: at(0), stored: [Some(9), Some(7), Some(5)], next: 8, digest: 8 };
        assert_eq!(machine.handle(Event::Tick { now: 1000 }), [Action::Flush(vec![step])]);
        assert_eq!(machine.handle(Event::Committed), [Action::Report(vec![(at(0), 8)])]);
        assert_eq!(machine.partitions()[&at(0)].stored, [Some(9), Some(8), Some(8)], "no table goes back");
        let actions = machine.handle(arrived(1, 0, 2, 100));
        assert!(matches!(actions.as_slice(), [Action::Take, Action::Flush(_)]), "{actions:?}");
    }

    #[test]
    fn what_failed_is_forgotten_and_read_again() {
        let mut machine = reading();
        machine.handle(arrived(0, 5, 8, 10));
        let pin = Action::Pin { rebuild: vec![at(0)] };
        let fenced = machine.handle(Event::Failed { fenced: true, now: 0 });
        assert_eq!(fenced, [Action::Discard(at(0)), pin.clone()]);
        assert_eq!(machine.handle(Event::PinFailed { now: 0 }), []);
        assert_eq!(machine.handle(arrived(0, 8, 9, 10)), [], "nothing is taken before the tables were read");
        assert_eq!(machine.handle(Event::Tick { now: 499 }), []);
        assert_eq!(machine.handle(Event::Tick { now: 500 }), [pin]);
    }

    #[test]
    fn newly_pinned_tables_hide_no_rival() {
        let mut machine = reading();
        machine.handle(arrived(0, 5, 8, 10));
        machine.handle(Event::Assigned(vec![at(2)]));
        let actions = machine.handle(Event::Pinned(vec![
            (at(0), [Some(9), Some(9), Some(9)]),
            (at(1), Stored::default()),
            (at(2), Stored::default()),
        ]));
        let expected =
            [Action::Discard(at(0)), Action::Seek { at: at(2), offset: 0 }, Action::Pin { rebuild: vec![at(0)] }];
        assert_eq!(actions, expected);
    }

    #[test]
    fn records_of_an_earlier_position_are_left_alone() {
        let mut machine = reading();
        assert_eq!(machine.handle(arrived(0, 2, 5, 10)), []);
        assert_eq!(machine.handle(arrived(0, 4, 6, 10)), [Action::Seek { at: at(0), offset: 5 }]);
        assert_eq!(machine.handle(Event::Revoked(vec![at(0)])), []);
        assert_eq!(machine.handle(arrived(0, 5, 6, 10)), []);
    }
}
