//! Whether the log is still the one that the tables were filled from, by the digests of records that were read.
//!
//! Three times it is asked: before a partition is read on, now and then while it is read, and by a process that takes
//! reports, before it does and while it does (see [`differences`]).

use std::collections::HashMap;

use helan_lake::{Lake, Mark, Marks};
use helan_log::{Log, LogError, StopReason, TopicPartition};
use helan_schemas::tables::Table;
use helan_schemas::topics;

use crate::machine::Step;
use crate::run::AggregatorError;

/// How often the log is compared while it is read, microseconds.
const EVERY: i64 = 5_000_000;

/// The records by which each partition of ours is known again.
#[derive(Debug, Default)]
pub(crate) struct Known {
    partitions: HashMap<TopicPartition, Marks>,
    compared_at: i64,
}

impl Known {
    /// The marks of a commit.
    pub(crate) fn marks(&self, step: &Step) -> Marks {
        let anchor = self.partitions.get(&step.at).map(|marks| marks.anchor);
        Marks::new(Mark::new(step.next - 1, step.digest), anchor)
    }

    /// A step is in all its tables.
    pub(crate) fn committed(&mut self, step: &Step) {
        let marks = self.marks(step);
        self.partitions.insert(step.at.clone(), marks);
    }

    /// The log was found to have this record.
    pub(crate) fn found(&mut self, at: &TopicPartition, mark: Mark) {
        self.partitions.insert(at.clone(), Marks::new(mark, None));
    }

    pub(crate) fn forget(&mut self, at: &TopicPartition) {
        self.partitions.remove(at);
    }

    /// The anchors, if it is time to compare them.
    pub(crate) fn due(&mut self, now: i64) -> Vec<(TopicPartition, Mark)> {
        if now - self.compared_at < EVERY {
            return Vec::new();
        }
        self.compared_at = now;
        self.partitions.iter().map(|(at, marks)| (at.clone(), marks.anchor)).collect()
    }

    /// The log still has the anchor: what came after it is the next one.
    pub(crate) fn holds(&mut self, at: &TopicPartition) {
        if let Some(marks) = self.partitions.get_mut(at) {
            marks.anchor = marks.last;
        }
    }
}

/// Compares records with those that the log has at their offsets now: for each whether it is another one. One that the
/// log no longer keeps says nothing.
pub(crate) async fn differ(log: &dyn Log, marks: &[(TopicPartition, Mark)]) -> Result<Vec<bool>, LogError> {
    if marks.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: Vec<_> = marks.iter().map(|(at, mark)| (at.clone(), mark.offset)).collect();
    let found = log.summaries(&wanted).await?;
    Ok(found
        .into_iter()
        .zip(marks)
        .map(|(record, (_, mark))| record.is_some_and(|record| !mark.fits(record.digest)))
        .collect())
}

/// Why the lake cannot follow the log, a reason for each partition; empty if it can. Reads no events and no records but
/// those that are compared.
///
/// # Errors
/// If the log or the lake cannot be asked.
pub async fn differences(log: &dyn Log, lake: &Lake) -> Result<Vec<StopReason>, AggregatorError> {
    let identity = log.identity().await?;
    if let Err(LogError::Stop(reason)) = identity.continues(&lake.log_identity().parse()?) {
        return Ok(vec![reason]);
    }
    // What is committed last of each topic; what was committed before it in the other tables is at least as far.
    let (events, refusals) = (lake.snapshot(Table::Events).await?, lake.snapshot(Table::Refusals).await?);
    let (mut reasons, mut marks) = (Vec::new(), Vec::new());
    for (topic, count) in identity.topics.iter().filter(|(topic, _)| topics::ALL.contains(&topic.as_str())) {
        let refused = topics::holds_refusals(topic);
        let table = if refused { &refusals } else { &events };
        for partition in 0..*count {
            let (at, app_id) = (TopicPartition::new(topic.as_str(), partition), lake.offset_app_id(topic, partition));
            let Some(next) = table.txn(&app_id).await? else { continue };
            match log.ends(&at).await?.check(&at, next) {
                // This topic keeps a month by design.
                Err(StopReason::RetentionGap { .. }) if refused => {}
                Err(reason) => reasons.push(reason),
                Ok(()) => {
                    let known = table.marks(&app_id, next).await?;
                    marks.extend(known.into_iter().flat_map(|it| [it.last, it.anchor]).map(|mark| (at.clone(), mark)));
                }
            }
        }
    }
    marks.dedup();
    let others = differ(log, &marks).await?;
    for ((at, mark), _) in marks.into_iter().zip(others).filter(|(_, other)| *other) {
        reasons.push(StopReason::Diverged { at, offset: mark.offset });
    }
    Ok(reasons)
}
