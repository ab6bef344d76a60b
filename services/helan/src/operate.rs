//! What every process answers an operator, whatever its roles: `/healthz`, `/readyz`, `/metrics`, `/openapi.json`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::future::BoxFuture;
use helan_runtime::metrics::Metrics;

/// Says why a role cannot do its work now, or nothing.
pub(crate) type Probe = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// What the answers come from.
#[derive(Clone)]
pub(crate) struct Operate {
    pub(crate) metrics: Metrics,
    /// One for each role.
    pub(crate) probes: Vec<(&'static str, Probe)>,
    /// The process's interface.
    pub(crate) document: serde_json::Value,
}

impl Operate {
    /// Adds what a role says of its readiness.
    pub(crate) fn probe<F>(&mut self, role: &'static str, probe: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.probes.push((role, Arc::new(move || Box::pin(probe()))));
    }

    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/healthz", get(async || "ok\n"))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics))
            .route("/openapi.json", get(async |State(operate): State<Self>| Json(operate.document)))
            .with_state(self)
    }
}

/// 200 when every role can do its work, else 503 with a line for each that cannot.
async fn ready(State(operate): State<Operate>) -> Response {
    let mut troubles = String::new();
    for (role, probe) in &operate.probes {
        if let Err(trouble) = probe().await {
            troubles.push_str(&format!("{role}: {trouble}\n"));
        }
    }
    if troubles.is_empty() {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, troubles).into_response()
}

async fn metrics(State(operate): State<Operate>) -> Response {
    ([(header::CONTENT_TYPE, Metrics::CONTENT_TYPE)], operate.metrics.encode()).into_response()
}

/// Puts the paths and schemas of one OpenAPI document into another.
pub(crate) fn join(mut one: serde_json::Value, other: serde_json::Value) -> serde_json::Value {
    for place in ["/paths", "/components/schemas"] {
        let Some(theirs) = other.pointer(place).and_then(|value| value.as_object()) else { continue };
        if let Some(ours) = one.pointer_mut(place).and_then(|value| value.as_object_mut()) {
            ours.extend(theirs.clone());
        }
    }
    one
}
