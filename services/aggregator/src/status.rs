//! How the aggregator stands, for `/v1/status` and `/readyz`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use helan_log::TopicPartition;

use crate::machine::{Machine, Partition, Phase};

/// How each partition stands; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Status(Arc<Mutex<BTreeMap<TopicPartition, Partition>>>);

impl Status {
    pub(crate) fn update(&self, machine: &Machine) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone_from(machine.partitions());
    }

    /// The partitions that this process reads.
    pub fn partitions(&self) -> BTreeMap<TopicPartition, Partition> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it has partitions, and has read of each how far the tables are.
    pub fn has_looked(&self) -> bool {
        let partitions = self.partitions();
        !partitions.is_empty() && partitions.values().all(|partition| partition.phase != Phase::Unread)
    }

    /// Why this process is not ready: a line for each partition that stopped.
    ///
    /// # Errors
    /// The lines.
    pub fn ready(&self) -> Result<(), String> {
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
