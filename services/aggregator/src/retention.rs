//! Log retention: gives up records that are old, and that every table has.
//!
//! The lake answers for what is given up: receipts, and what a retry of an old submission repeats, come from its tables.
//! A reader that still wanted such a record finds a gap and stops, see [`helan_log::StopReason::RetentionGap`].
//!
//! What is old is a question of clocks. If those of this machine and of the lake's store disagree, nothing is deleted.
//! Nothing is deleted either if no record is younger than the age or than a day: nobody has reported, or the clock is
//! ahead, and the whole log would be lost.

use std::time::Duration;

use helan_lake::{Lake, TableSnapshot};
use helan_log::{Log, TopicPartition};
use helan_schemas::tables::Table;
use helan_schemas::topics;

use crate::run::AggregatorError;
use crate::state::{Stored, TABLES, start_of, tables_of};

/// A log whose newest record is older than this and than the age is kept as it is.
const IDLE: Duration = Duration::from_secs(24 * 3600);

/// What was given up of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retained {
    /// Partition.
    pub at: TopicPartition,
    /// First offset that was kept before.
    pub before: i64,
    /// First offset that is kept now.
    pub first: i64,
    /// First offset that is not older than wanted; beyond `first` where a table still lacks rows.
    pub wanted: i64,
}

/// Deletes the log's records that are older than `age`, if younger ones have come since, and below the smallest offset that any table fed by their topic
/// has stored. Returns the partitions that have such old records; `now` in microseconds since the Unix epoch.
///
/// # Errors
/// If the log is not the lake's, the clock is not that of the lake's store, or one of them fails; what was deleted by then stays deleted, and was free to go.
pub async fn retain(log: &dyn Log, lake: &Lake, age: Duration, now: i64) -> Result<Vec<Retained>, AggregatorError> {
    let identity = log.identity().await?;
    identity.continues(&lake.log_identity().parse()?)?;
    let before = |age: Duration| now.saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX));
    let (cutoff, idle_since) = (before(age), before(age.max(IDLE)));
    let (mut old, mut is_idle) = (Vec::new(), true);
    for (topic, partitions) in identity.topics.iter().filter(|(topic, _)| topics::ALL.contains(&topic.as_str())) {
        for partition in 0..*partitions {
            let at = TopicPartition::new(topic.as_str(), partition);
            let ends = log.ends(&at).await?;
            let wanted = log.offset_for_time(&at, cutoff).await?.unwrap_or(ends.next);
            is_idle = is_idle && log.offset_for_time(&at, idle_since).await?.is_none();
            if wanted > ends.first {
                old.push((at, ends, wanted));
            }
        }
    }
    if old.is_empty() {
        return Ok(Vec::new());
    }
    lake.check_clock(now).await?;
    if is_idle {
        tracing::info!(
            "every record of the log is old: nobody has reported for so long, or the clock is ahead; all are kept"
        );
        return Ok(Vec::new());
    }
    let [first, second, third] = Table::FED;
    let tables = [lake.snapshot(first).await?, lake.snapshot(second).await?, lake.snapshot(third).await?];
    // A commit that another process has just made visible may not be durable yet.
    lake.sync().await?;
    let mut report = Vec::new();
    for (at, ends, wanted) in old {
        let first = wanted.min(start_of(&at, &stored(lake, &tables, &at).await?));
        let mut retained = Retained { at, before: ends.first, first: ends.first, wanted };
        if (ends.first + 1..=ends.next).contains(&first) {
            log.retain(&retained.at, first).await?;
            retained.first = first;
            tracing::info!(at = %retained.at, log.offset = first, "old records are given up");
        }
        report.push(retained);
    }
    Ok(report)
}

async fn stored(lake: &Lake, tables: &[TableSnapshot; TABLES], at: &TopicPartition) -> Result<Stored, AggregatorError> {
    let app_id = lake.offset_app_id(&at.topic, at.partition);
    let mut stored = Stored::default();
    for table in tables_of(&at.topic) {
        stored[table] = tables[table].txn(&app_id).await?;
    }
    Ok(stored)
}
