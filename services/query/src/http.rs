//! What the query role answers over HTTP: SQL, receipts and the state of the lake. Every request needs a credential.

mod own;
mod receipt;
mod refuse;
mod sql;
mod status;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::routing::{get, post};
use helan_http::ErrorBody;
use helan_lake::Lake;
use helan_runtime::clock::Clock;
use helan_runtime::credentials::Credentials;
use helan_runtime::metrics::Metrics;
use utoipa::OpenApi;

use crate::desk::Desk;

pub use crate::desk::{ScratchSpace, SqlLimits};
pub use own::findings::{FindingEntry, FindingList};
pub use own::reports::{ReportEntry, ReportList};
pub use receipt::list::{SubmissionEntry, SubmissionList};
pub use receipt::outcomes::{Outcomes, Sent};
pub use receipt::{Place, Reason, Receipt, STILL_CORRECTED, still_withdrawn};
pub use sql::{ColumnEntry, SqlRequest, TableEntry};
pub use status::{LastRun, PartitionStatus, ScheduleStatus, Scheduled, Status, TableStatus};

/// The next offset of one partition of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionEnd {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// First offset that the log still keeps.
    pub first: i64,
    /// Next offset to be written.
    pub next: i64,
}

/// Where the log ends, asked without knowing what kind of log it is.
#[async_trait]
pub trait LogEnds: Send + Sync {
    /// The ends of every partition now; an error's text is for an operator.
    async fn ends(&self) -> Result<Vec<PartitionEnd>, String>;
}

/// What the answers come from.
#[derive(Clone)]
pub struct Http {
    /// The lake.
    pub lake: Lake,
    /// Who may ask.
    pub credentials: Credentials,
    /// The time.
    pub clock: Clock,
    /// Where the log ends.
    pub log: Arc<dyn LogEnds>,
    /// What SQL may use.
    pub limits: SqlLimits,
    /// Where it counts; register it with one query role a process.
    pub metrics: Metrics,
    /// The schedule of this process, if it has one.
    pub schedule: Option<Scheduled>,
}

#[derive(Clone)]
struct Served {
    http: Http,
    /// Ends of the log seen by earlier requests, from which the watermark follows.
    seen: Arc<Mutex<VecDeque<status::Seen>>>,
    desk: Desk,
    broken_off: Arc<sql::BrokenOff>,
    /// Places for requests that wait for an outcome.
    waiting: Arc<tokio::sync::Semaphore>,
}

/// `/v1/sql`, `GET /v1/tables`, `/v1/submissions`, `/v1/reports`, `/v1/findings` and `/v1/status`.
///
/// # Errors
/// If the threads that queries run on cannot be started.
pub fn router(http: Http) -> std::io::Result<Router> {
    let desk = Desk::for_strangers(&http.lake, &http.clock, &http.metrics, http.limits.clone())?;
    Ok(router_of(http, desk))
}

/// The same paths of a desk that other front ends ask as well.
pub fn router_of(http: Http, desk: Desk) -> Router {
    let waiting = Arc::new(tokio::sync::Semaphore::new(receipt::MOST_WAITING));
    let served = Served { http, seen: Arc::default(), desk, broken_off: Arc::default(), waiting };
    Router::new()
        .route("/v1/sql", post(sql::ask))
        .route("/v1/sql/{id}", get(sql::broken_off))
        .route("/v1/tables", get(sql::tables))
        .route("/v1/submissions", get(receipt::list::list))
        .route("/v1/submissions/{id}", get(receipt::receipt))
        .route("/v1/reports", get(own::reports::list))
        .route("/v1/findings", get(own::findings::list))
        .route("/v1/status", get(status::status))
        .with_state(served)
}

#[derive(OpenApi)]
#[openapi(
    paths(
        sql::ask,
        sql::broken_off,
        sql::tables,
        receipt::list::list,
        receipt::receipt,
        own::reports::list,
        own::findings::list,
        status::status
    ),
    components(schemas(
        SqlRequest,
        TableEntry,
        ColumnEntry,
        SubmissionList,
        SubmissionEntry,
        ReportList,
        ReportEntry,
        FindingList,
        FindingEntry,
        Receipt,
        Place,
        Reason,
        Status,
        PartitionStatus,
        TableStatus,
        ErrorBody
    ))
)]
struct Api;

/// The description of these paths, as a part of an OpenAPI document.
pub fn document() -> serde_json::Value {
    serde_json::to_value(Api::openapi()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use helan_runtime::wait::LONGEST;

    /// A text of the document cannot be made of a constant, so it is compared with it.
    #[test]
    fn the_document_says_how_long_an_answer_may_wait() {
        let longest = format!("{}s at most", LONGEST.as_secs());
        let document = super::document();
        let paths = document["paths"].as_object().expect("paths").values();
        let operations = paths.flat_map(|path| path.as_object().expect("operations").values());
        let parameters = operations.flat_map(|operation| operation["parameters"].as_array().into_iter().flatten());
        let told: Vec<_> = parameters.filter(|parameter| parameter["name"] == "wait").collect();
        assert!(!told.is_empty());
        for parameter in told {
            assert!(parameter["description"].as_str().is_some_and(|text| text.contains(&longest)), "{parameter:#}");
        }
    }
}
