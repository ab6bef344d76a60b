//! What the query role answers over HTTP: receipts and the state of the lake. Every request needs a credential.

mod receipt;
mod refuse;
mod status;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::routing::get;
use helan_lake::Lake;
use helan_runtime::clock::Clock;
use helan_runtime::credentials::Credentials;
use utoipa::OpenApi;

pub use receipt::{Place, Reason, Receipt};
pub use refuse::ErrorBody;
pub use status::{PartitionStatus, Status, TableStatus};

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
}

#[derive(Clone)]
struct Served {
    http: Http,
    /// Ends of the log seen by earlier requests, from which the watermark follows.
    seen: Arc<Mutex<VecDeque<status::Seen>>>,
}

/// `GET /v1/submissions/{id}` and `GET /v1/status`.
pub fn router(http: Http) -> Router {
    let served = Served { http, seen: Arc::default() };
    Router::new()
        .route("/v1/submissions/{id}", get(receipt::receipt))
        .route("/v1/status", get(status::status))
        .with_state(served)
}

#[derive(OpenApi)]
#[openapi(
    paths(receipt::receipt, status::status),
    components(schemas(Receipt, Place, Reason, Status, PartitionStatus, TableStatus, ErrorBody))
)]
struct Api;

/// The description of these paths, as a part of an OpenAPI document.
pub fn document() -> serde_json::Value {
    serde_json::to_value(Api::openapi()).unwrap_or_default()
}
