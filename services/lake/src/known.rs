//! What the aggregator asks of tables that exist: which ids are known, and how far a partition's times have come.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use deltalake_core::datafusion::logical_expr::{Expr, col, lit};
use futures::StreamExt;
use helan_schemas::codes::{ACCEPTED, TYPE_WITHDRAWN};

use crate::error::LakeError;
use crate::snapshot::TableSnapshot;

/// Most ranges of ids in one query; beyond it whole sources are looked through.
const MOST_RANGES: usize = 64;

/// An accepted event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownEvent {
    /// Its source.
    pub source: String,
    /// Its id.
    pub id: String,
    /// Its content digest.
    pub content_digest: [u8; 16],
    /// Offset of its record; all records of a source lie in one partition.
    pub offset: i64,
    /// It voids another event and reports nothing.
    pub is_withdrawal: bool,
}

/// An accepted withdrawal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownWithdrawal {
    /// Its source, which is that of the event that it voids.
    pub source: String,
    /// Id of the event that it voids.
    pub id: String,
    /// Offset of its record.
    pub offset: i64,
}

/// An accepted submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSubmission {
    /// Its source.
    pub source: String,
    /// Its id.
    pub submission: String,
    /// Offset of its record.
    pub offset: i64,
}

impl TableSnapshot {
    /// Of `events`: those of the wanted ids, by source, that were accepted. Files, row groups and pages that cannot
    /// hold them are not read.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn known_events(
        &self,
        wanted: &BTreeMap<String, BTreeSet<String>>,
    ) -> Result<Vec<KnownEvent>, LakeError> {
        let Some(filter) = ranges("id", wanted) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        self.each_batch(&["source", "id", "content_digest", "offset", "type"], filter, |batch| {
            let (sources, ids) = (batch.column(0).as_string_view(), batch.column(1).as_string_view());
            let digests = batch.column(2).as_binary_view();
            let offsets = batch.column(3).as_primitive::<Int64Type>();
            let types = batch.column(4).as_string_view();
            for row in 0..batch.num_rows() {
                let (source, id) = (sources.value(row), ids.value(row));
                if wanted.get(source).is_some_and(|ids| ids.contains(id)) {
                    let content_digest = digests.value(row).try_into().unwrap_or_default();
                    found.push(KnownEvent {
                        source: source.to_owned(),
                        id: id.to_owned(),
                        content_digest,
                        offset: offsets.value(row),
                        is_withdrawal: types.value(row) == TYPE_WITHDRAWN,
                    });
                }
            }
        })
        .await?;
        Ok(found)
    }

    /// Of `events`: the withdrawals of the wanted ids, by source.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn known_withdrawals(
        &self,
        wanted: &BTreeMap<String, BTreeSet<String>>,
    ) -> Result<Vec<KnownWithdrawal>, LakeError> {
        let found = self.wanted("withdraws", wanted, col("type").eq(lit(TYPE_WITHDRAWN))).await?;
        Ok(found.into_iter().map(|(source, id, offset)| KnownWithdrawal { source, id, offset }).collect())
    }

    /// Of `submissions`: those of the wanted ids, by source, of which something was accepted.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn known_submissions(
        &self,
        wanted: &BTreeMap<String, BTreeSet<String>>,
    ) -> Result<Vec<KnownSubmission>, LakeError> {
        let found = self.wanted("submission", wanted, col("outcome").eq(lit(ACCEPTED))).await?;
        let known = |(source, submission, offset)| KnownSubmission { source, submission, offset };
        Ok(found.into_iter().map(known).collect())
    }

    /// Source, id and offset of the rows that `also` keeps and whose `column` holds a wanted id of their source.
    async fn wanted(
        &self,
        column: &str,
        wanted: &BTreeMap<String, BTreeSet<String>>,
        also: Expr,
    ) -> Result<Vec<(String, String, i64)>, LakeError> {
        let Some(filter) = ranges(column, wanted) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        self.each_batch(&["source", column, "offset"], filter.and(also), |batch| {
            let (sources, ids) = (batch.column(0).as_string_view(), batch.column(1).as_string_view());
            let offsets = batch.column(2).as_primitive::<Int64Type>();
            for row in 0..batch.num_rows() {
                let (source, id) = (sources.value(row), ids.value(row));
                if wanted.get(source).is_some_and(|ids| ids.contains(id)) {
                    found.push((source.to_owned(), id.to_owned(), offsets.value(row)));
                }
            }
        })
        .await?;
        Ok(found)
    }

    /// Of `events`: the largest accepted id for each source and length of id, in one partition of the log.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn largest_ids(
        &self,
        topic: &str,
        partition: i32,
    ) -> Result<BTreeMap<String, BTreeMap<usize, String>>, LakeError> {
        self.largest("id", topic, partition).await
    }

    /// Of `submissions`: the largest id for each source and length of id, in one partition of the log.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn largest_submissions(
        &self,
        topic: &str,
        partition: i32,
    ) -> Result<BTreeMap<String, BTreeMap<usize, String>>, LakeError> {
        self.largest("submission", topic, partition).await
    }

    async fn largest(
        &self,
        column: &str,
        topic: &str,
        partition: i32,
    ) -> Result<BTreeMap<String, BTreeMap<usize, String>>, LakeError> {
        let mut largest: BTreeMap<String, BTreeMap<usize, String>> = BTreeMap::new();
        self.each_batch(&["source", column], of_partition(topic, partition), |batch| {
            let (sources, ids) = (batch.column(0).as_string_view(), batch.column(1).as_string_view());
            for row in 0..batch.num_rows() {
                let (source, id) = (sources.value(row), ids.value(row));
                if !largest.contains_key(source) {
                    largest.insert(source.to_owned(), BTreeMap::new());
                }
                let Some(by_length) = largest.get_mut(source) else { continue };
                match by_length.get_mut(&id.len()) {
                    Some(known) if known.as_str() < id => id.clone_into(known),
                    Some(_) => {}
                    None => drop(by_length.insert(id.len(), id.to_owned())),
                }
            }
        })
        .await?;
        Ok(largest)
    }

    /// `recorded_at` of the last row of a partition below an offset, microseconds since the epoch.
    ///
    /// # Errors
    /// If the table cannot be read, or has no such columns.
    pub async fn last_recorded(&self, topic: &str, partition: i32, below: i64) -> Result<Option<i64>, LakeError> {
        let filter = of_partition(topic, partition).and(col("offset").lt(lit(below)));
        let mut last = None;
        self.each_batch(&["offset", "recorded_at"], filter, |batch| {
            let offsets = batch.column(0).as_primitive::<Int64Type>();
            let times = batch.column(1).as_primitive::<TimestampMicrosecondType>();
            last = offsets.values().iter().zip(times.values()).map(|(offset, time)| (*offset, *time)).chain(last).max();
        })
        .await?;
        Ok(last.map(|(_, time)| time))
    }

    async fn each_batch(
        &self,
        columns: &[&str],
        filter: Expr,
        mut each: impl FnMut(&RecordBatch),
    ) -> Result<(), LakeError> {
        let mut batches = self.read(columns, Some(filter))?.execute_stream().await?;
        while let Some(batch) = batches.next().await {
            each(&batch?);
        }
        Ok(())
    }
}

fn of_partition(topic: &str, partition: i32) -> Expr {
    col("topic").eq(lit(topic)).and(col("partition").eq(lit(partition)))
}

/// A filter that keeps the wanted ids and few others: ids that share all up to their last `/` (rows of one file) are
/// one range.
pub(crate) fn ranges(column: &str, wanted: &BTreeMap<String, BTreeSet<String>>) -> Option<Expr> {
    let mut ranges: Vec<(&str, &str, &str)> = Vec::new();
    for (source, ids) in wanted {
        let stem = |id: &str| id.rfind('/').map_or(0, |at| at);
        for id in ids {
            match ranges.last_mut() {
                Some((s, low, high)) if s == source && low[..stem(low)] == id[..stem(id)] => *high = id,
                _ => ranges.push((source, id, id)),
            }
        }
    }
    if ranges.len() > MOST_RANGES {
        ranges.clear();
        for (source, ids) in wanted {
            if let (Some(low), Some(high)) = (ids.first(), ids.last()) {
                ranges.push((source, low, high));
            }
        }
    }
    if ranges.len() > MOST_RANGES {
        let (first, last) = (ranges.first()?.0, ranges.last()?.0);
        return Some(col("source").gt_eq(lit(first)).and(col("source").lt_eq(lit(last))));
    }
    let range = |(source, low, high): (&str, &str, &str)| {
        col("source").eq(lit(source)).and(col(column).gt_eq(lit(low))).and(col(column).lt_eq(lit(high)))
    };
    ranges.into_iter().map(range).reduce(Expr::or)
}
