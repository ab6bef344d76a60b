//! How the aggregator stands, for `/v1/status` and `/readyz`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use helan_log::TopicPartition;

use crate::machine::{Machine, Partition, Phase};

/// How each partition stands; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Status(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    partitions: BTreeMap<TopicPartition, Partition>,
    /// Since when the lake or the log fails, by the steady clock, and what was said last.
    failing: Option<(i64, String)>,
}

/// What fails for so long is told, microseconds: a pause of the store ends sooner.
const PATIENCE: i64 = 30_000_000;

impl Status {
    pub(crate) fn update(&self, machine: &Machine) {
        self.lock().partitions.clone_from(machine.partitions());
    }

    /// A step of the way from log to lake failed, and is tried again.
    pub(crate) fn failed(&self, now: i64, error: impl std::fmt::Display) {
        let mut inner = self.lock();
        let since = inner.failing.as_ref().map_or(now, |(since, _)| *since);
        inner.failing = Some((since, error.to_string()));
    }

    /// A batch was committed, or the tables were read.
    pub(crate) fn works(&self) {
        self.lock().failing = None;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The partitions that this process reads.
    pub fn partitions(&self) -> BTreeMap<TopicPartition, Partition> {
        self.lock().partitions.clone()
    }

    /// Whether it has partitions, and has read of each how far the tables are.
    pub fn has_looked(&self) -> bool {
        let partitions = self.partitions();
        !partitions.is_empty() && partitions.values().all(|partition| partition.phase != Phase::Unread)
    }

    /// Why this process cannot do its work now: partitions that stopped, and what has failed for a while by the steady
    /// clock.
    ///
    /// # Errors
    /// The lines.
    pub fn ready(&self, now: i64) -> Result<(), String> {
        self.follows()?;
        match &self.lock().failing {
            Some((since, error)) if now - since >= PATIENCE => {
                Err(format!("nothing was committed for {} s: {error}", (now - since) / 1_000_000))
            }
            _ => Ok(()),
        }
    }

    /// Whether every partition is read on: a line for each that stopped.
    ///
    /// # Errors
    /// The lines.
    pub fn follows(&self) -> Result<(), String> {
        let partitions = self.partitions();
        let stopped: Vec<_> = partitions
            .iter()
            .filter_map(|(at, partition)| match &partition.phase {
                Phase::Stopped(why) => Some(format!("{at}: {why}")),
                _ => None,
            })
            .collect();
        if stopped.is_empty() { Ok(()) } else { Err(stopped.join("\n")) }
    }
}
