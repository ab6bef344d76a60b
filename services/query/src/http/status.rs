//! `GET /v1/status`: how far the lake is behind the log, and up to when answers are reproducible.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use helan_http::ErrorBody;
use helan_lake::{Lake, TableSnapshot};
use helan_runtime::clock::rfc_3339;
use helan_runtime::credentials::Role;
use helan_schemas::tables::Table;
use serde::Serialize;
use utoipa::ToSchema;

use super::refuse::{Refusal, asker};
use super::{PartitionEnd, Served};
use crate::session::pin::pin;

/// How long after a record was received its log may still take to hold it: the watermark stays that far behind.
const GRACE: i64 = 60 * 1_000_000;
/// Ends of the log that are remembered, oldest dropped first.
const REMEMBERED: usize = 256;

/// Ends of the log at a moment.
pub(super) struct Seen {
    at: i64,
    ends: Vec<PartitionEnd>,
}

/// The state of the lake.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Status {
    /// Now, RFC 3339.
    pub now: String,
    /// Id of the lake.
    pub lake: String,
    /// Records in the log that are not yet in every table.
    pub lag: i64,
    /// Up to this moment everything that was recorded is in the lake: answers as of (T, R) with R up to here never
    /// change. RFC 3339; none = not known since this process runs.
    pub watermark: Option<String>,
    /// Each partition of the log; empty for a reporter, whom only what became of its own submissions concerns.
    pub partitions: Vec<PartitionStatus>,
    /// Each table; empty for a reporter.
    pub tables: Vec<TableStatus>,
    /// The schedule of this process; none = it has none.
    pub schedule: Option<ScheduleStatus>,
}

/// The schedule by which a process publishes, and how it goes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScheduleStatus {
    /// Cron pattern.
    #[schema(example = "0 6 * * *")]
    pub pattern: String,
    /// Time zone of the pattern.
    pub time_zone: String,
    /// Periods that are rolled up.
    pub periods: Vec<String>,
    /// When it runs next, RFC 3339; the time of another try after a failure.
    pub next_run: Option<String>,
    /// The last run of this process; earlier ones stand in the table `publication_runs`.
    pub last_run: Option<LastRun>,
}

/// How a scheduled run went.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LastRun {
    /// The moment for which it ran, RFC 3339.
    pub due: String,
    /// When it ended, RFC 3339.
    pub finished_at: String,
    /// published, unchanged, done_elsewhere (another process was first) or failed.
    pub outcome: String,
    /// Which try it was.
    pub attempts: u32,
    /// What went wrong.
    pub message: Option<String>,
}

/// The state of a schedule, as whoever runs it keeps it.
pub type Scheduled = Arc<Mutex<ScheduleStatus>>;

/// How far the lake is in one partition.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PartitionStatus {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Next offset to be written to the log.
    pub log_next: i64,
    /// Next offset to be read into the lake: everything below is in every table.
    pub lake_next: i64,
    /// Records between them.
    pub lag: i64,
}

/// One table.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TableStatus {
    /// Its name.
    pub table: String,
    /// Its version.
    pub version: u64,
    /// Its rows.
    pub rows: Option<u64>,
}

/// How far the lake is behind the log, up to when answers are reproducible, and the version of each table.
#[utoipa::path(
    get, path = "/v1/status", tag = "query", security(("bearer" = [])),
    responses(
        (status = 200, description = "The state of the lake.", body = Status),
        (status = 401, description = "No valid token.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 503, description = "The lake or the log cannot be read now.", body = ErrorBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn status(State(served): State<Served>, headers: HeaderMap) -> Result<Json<Status>, Refusal> {
    let http = &served.http;
    let identity = asker(http, &headers)?;
    let now = http.clock.now();
    let ends = http.log.ends().await.map_err(Refusal::unavailable)?;
    let snapshots = pin(&http.lake).await.map_err(Refusal::unavailable)?;
    let partitions = partitions(&http.lake, &snapshots, &ends).await?;
    let watermark = watermark(&served, Seen { at: now, ends }, &partitions);
    let tables = snapshots.iter().map(|(table, snapshot)| TableStatus {
        table: table.name().to_owned(),
        version: snapshot.version(),
        rows: snapshot.row_count().and_then(|rows| u64::try_from(rows).ok()),
    });
    let lag = partitions.iter().map(|partition| partition.lag).sum();
    let tables: Vec<_> = tables.collect();
    let concerns = identity.role != Role::Reporter;
    Ok(Json(Status {
        now: rfc_3339(now),
        lake: http.lake.id().to_owned(),
        lag,
        watermark: watermark.map(rfc_3339),
        partitions: if concerns { partitions } else { Vec::new() },
        tables: if concerns { tables } else { Vec::new() },
        schedule: http.schedule.as_ref().map(|kept| kept.lock().unwrap_or_else(PoisonError::into_inner).clone()),
    }))
}

/// Up to when everything recorded is in these versions, where it is known.
pub(super) async fn watermark_of(
    served: &Served,
    snapshots: &BTreeMap<Table, TableSnapshot>,
) -> Result<Option<i64>, Refusal> {
    let at = served.http.clock.now();
    let ends = served.http.log.ends().await.map_err(Refusal::unavailable)?;
    let partitions = partitions(&served.http.lake, snapshots, &ends).await?;
    Ok(watermark(served, Seen { at, ends }, &partitions))
}

async fn partitions(
    lake: &Lake,
    snapshots: &BTreeMap<Table, TableSnapshot>,
    ends: &[PartitionEnd],
) -> Result<Vec<PartitionStatus>, Refusal> {
    let mut partitions = Vec::new();
    for end in ends {
        let lake_next = lake_next(lake, snapshots, end).await?;
        partitions.push(PartitionStatus {
            topic: end.topic.clone(),
            partition: end.partition,
            log_next: end.next,
            lake_next,
            lag: (end.next - lake_next).max(0),
        });
    }
    Ok(partitions)
}

/// The smallest next offset of the tables that a partition feeds.
async fn lake_next(
    lake: &Lake,
    snapshots: &BTreeMap<Table, TableSnapshot>,
    end: &PartitionEnd,
) -> Result<i64, Refusal> {
    let app_id = lake.offset_app_id(&end.topic, end.partition);
    let mut least = None;
    for snapshot in Table::fed_by(&end.topic).iter().filter_map(|table| snapshots.get(table)) {
        let next = snapshot.txn(&app_id).await.map_err(Refusal::unavailable)?.unwrap_or(end.first);
        least = Some(least.map_or(next, |least: i64| least.min(next)));
    }
    Ok(least.unwrap_or(end.first))
}

/// The latest remembered moment whose ends every table has reached, less the grace.
fn watermark(served: &Served, seen: Seen, partitions: &[PartitionStatus]) -> Option<i64> {
    let mut remembered = served.seen.lock().unwrap_or_else(PoisonError::into_inner);
    remembered.push_back(seen);
    if remembered.len() > REMEMBERED {
        remembered.pop_front();
    }
    remembered.iter().rev().find(|seen| reached(&seen.ends, partitions)).map(|seen| seen.at - GRACE)
}

fn reached(ends: &[PartitionEnd], partitions: &[PartitionStatus]) -> bool {
    ends.iter().all(|end| {
        let here = |status: &&PartitionStatus| status.topic == end.topic && status.partition == end.partition;
        partitions.iter().find(here).is_some_and(|status| status.lake_next >= end.next)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_reached_when_every_partition_is_past_them() {
        let end = |partition, next| PartitionEnd { topic: "t".to_owned(), partition, first: 0, next };
        let status = |partition, lake_next| PartitionStatus {
            topic: "t".to_owned(),
            partition,
            log_next: 9,
            lake_next,
            lag: 9 - lake_next,
        };
        assert!(reached(&[end(0, 4), end(1, 0)], &[status(0, 4), status(1, 0)]));
        assert!(!reached(&[end(0, 5), end(1, 0)], &[status(0, 4), status(1, 0)]));
        assert!(!reached(&[end(2, 0)], &[status(0, 4)]));
    }
}
