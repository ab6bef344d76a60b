//! What every process answers an operator, whatever its roles: `/healthz`, `/readyz`, `/metrics`, `/openapi.json`.
//!
//! On the address that takes requests nothing is told without a credential but one word: whether it runs, and whether
//! it is ready. Reasons and metrics name partitions, paths and rates, so they are an operator's; the description of the
//! interface is for whoever has a credential. On the operator's own address, if there is one, metrics and reasons are
//! open: whoever opens it decides who reaches it.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::future::BoxFuture;
use helan_http::ErrorBody;
use helan_runtime::clock::Clock;
use helan_runtime::credentials::{AuthError, Credentials, Role};
use helan_runtime::metrics::Metrics;
use helan_schemas::refusal::Code;

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
    /// Who may ask for more than a word.
    pub(crate) credentials: Credentials,
    pub(crate) clock: Clock,
}

impl Operate {
    /// Adds what a role says of its readiness.
    pub(crate) fn probe<F>(&mut self, role: &'static str, probe: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.probes.push((role, Arc::new(move || Box::pin(probe()))));
    }

    /// The paths beside those that take requests.
    pub(crate) fn router(mut self) -> Router {
        say_binary(&mut self.document);
        let guarded = Router::new()
            .route("/metrics", get(metrics).layer(from_fn_with_state(self.clone(), operators)))
            .route("/openapi.json", get(document).layer(from_fn_with_state(self.clone(), anyone)));
        Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz)).merge(guarded).with_state(self)
    }

    /// The paths of the operator's own address: no credential is asked for.
    pub(crate) fn open_router(self) -> Router {
        Router::new()
            .route("/healthz", get(healthz))
            .route("/readyz", get(reasons))
            .route("/metrics", get(metrics))
            .fallback(helan_http::not_found)
            .method_not_allowed_fallback(helan_http::method_not_allowed)
            .with_state(self)
    }

    /// What hinders the roles, a line each.
    async fn troubles(&self) -> String {
        let mut troubles = String::new();
        for (role, probe) in &self.probes {
            if let Err(trouble) = probe().await {
                tracing::warn!(role, %trouble, "not ready");
                troubles.push_str(&format!("{role}: {trouble}\n"));
            }
        }
        troubles
    }

    fn role_of(&self, request: &Request) -> Result<Role, AuthError> {
        Ok(helan_http::identity(&self.credentials, request.headers(), self.clock.now())?.role)
    }
}

async fn healthz() -> &'static str {
    "ok\n"
}

/// A word for everyone; the reasons for an operator.
async fn readyz(State(operate): State<Operate>, request: Request) -> Response {
    let troubles = operate.troubles().await;
    if troubles.is_empty() {
        return "ready\n".into_response();
    }
    let told = matches!(operate.role_of(&request), Ok(Role::Operator));
    (StatusCode::SERVICE_UNAVAILABLE, if told { troubles } else { "not ready\n".to_owned() }).into_response()
}

async fn reasons(State(operate): State<Operate>) -> Response {
    let troubles = operate.troubles().await;
    if troubles.is_empty() {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, troubles).into_response()
}

async fn metrics(State(operate): State<Operate>) -> Response {
    ([(header::CONTENT_TYPE, Metrics::CONTENT_TYPE)], operate.metrics.encode()).into_response()
}

async fn document(State(operate): State<Operate>) -> Json<serde_json::Value> {
    Json(operate.document)
}

async fn operators(State(operate): State<Operate>, request: Request, next: Next) -> Response {
    match operate.role_of(&request) {
        Ok(Role::Operator) => next.run(request).await,
        Ok(_) => {
            let body = ErrorBody {
                message_zh: "运行指标只供运维查看".to_owned(),
                message_en: "metrics are for operators".to_owned(),
                hint_zh: "用 helan credential add --role operator 的令牌，或 --metrics-listen 的地址".to_owned(),
                hint_en: "use a token of helan credential add --role operator, or the address of --metrics-listen"
                    .to_owned(),
                ..ErrorBody::from(Code::RoleNotAllowed)
            };
            helan_http::respond(Code::RoleNotAllowed, body)
        }
        Err(error) => unknown(error),
    }
}

async fn anyone(State(operate): State<Operate>, request: Request, next: Next) -> Response {
    match operate.role_of(&request) {
        Ok(_) => next.run(request).await,
        Err(error) => unknown(error),
    }
}

fn unknown(error: AuthError) -> Response {
    let code = Code::from(error);
    helan_http::respond(code, ErrorBody::from(code))
}

/// Describes bodies of bytes as what they are: a derived description calls them arrays of numbers.
fn say_binary(value: &mut serde_json::Value) {
    let derived =
        serde_json::json!({ "type": "array", "items": { "type": "integer", "format": "int32", "minimum": 0 } });
    if *value == derived {
        *value = serde_json::json!({ "type": "string", "format": "binary" });
    }
    match value {
        serde_json::Value::Object(members) => members.values_mut().for_each(say_binary),
        serde_json::Value::Array(items) => items.iter_mut().for_each(say_binary),
        _ => {}
    }
}

/// Puts the paths and schemas of one OpenAPI document into another.
pub(crate) fn join(mut one: serde_json::Value, other: serde_json::Value) -> serde_json::Value {
    for place in ["/paths", "/components/schemas"] {
        let Some(theirs) = other.pointer(place).and_then(|value| value.as_object()) else { continue };
        if let Some(ours) = one.pointer_mut(place).and_then(|value| value.as_object_mut()) {
            for (name, theirs) in theirs {
                // A path may have a method of either.
                match (ours.get_mut(name).and_then(|value| value.as_object_mut()), theirs.as_object()) {
                    (Some(ours), Some(theirs)) if place == "/paths" => ours.extend(theirs.clone()),
                    _ => drop(ours.insert(name.clone(), theirs.clone())),
                }
            }
        }
    }
    one
}
