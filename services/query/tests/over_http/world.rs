//! A query role on a lake of its own, listening.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use helan_lake::Lake;
use helan_query::http::{Http, LogEnds, PartitionEnd, SqlLimits, router};
use helan_runtime::clock::Clock;
use helan_runtime::credentials::{CredentialFile, Credentials, NewCredential, Role};
use helan_runtime::metrics::Metrics;
use reqwest::{Client, Response};
use serde_json::Value;

/// A log of one partition that is empty.
struct Empty;

#[async_trait]
impl LogEnds for Empty {
    async fn ends(&self) -> Result<Vec<PartitionEnd>, String> {
        Ok(vec![PartitionEnd { topic: "helan.city.v1".to_owned(), partition: 0, first: 0, next: 0 }])
    }
}

pub(crate) struct World {
    dir: tempfile::TempDir,
    pub(crate) base: String,
    pub(crate) metrics: Metrics,
    pub(crate) client: Client,
    pub(crate) analyst: String,
    pub(crate) operator: String,
    pub(crate) reporter: String,
}

impl World {
    pub(crate) async fn new(limits: SqlLimits) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let url = url::Url::from_directory_path(dir.path().join("lake")).expect("an absolute path");
        let lake = Lake::create_or_open(&url, "memory:1;").await.expect("a lake");
        let (clock, metrics) = (Clock::system(), Metrics::default());
        let path = dir.path().join("credentials.jsonl");
        let file = CredentialFile::new(&path);
        let add = |role, reporter| {
            let new = NewCredential { id: None, role, reporter, expires: None };
            file.add(&new, jiff::Timestamp::now()).expect("a credential").reveal().to_owned()
        };
        let (analyst, operator) = (add(Role::Analyst, None), add(Role::Operator, None));
        let reporter = add(Role::Reporter, Some("nx-stats"));
        let http = Http {
            lake,
            credentials: Credentials::open(&path),
            clock,
            log: Arc::new(Empty),
            limits,
            metrics: metrics.clone(),
            schedule: None,
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let router = router(http).expect("threads");
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = Client::builder().timeout(Duration::from_secs(120)).build().expect("a client");
        Self { dir, base, metrics, client, analyst, operator, reporter }
    }

    /// The token of another analyst.
    pub(crate) fn another_analyst(&self) -> String {
        let file = CredentialFile::new(self.dir.path().join("credentials.jsonl"));
        let new = NewCredential { id: None, role: Role::Analyst, reporter: None, expires: None };
        file.add(&new, jiff::Timestamp::now()).expect("a credential").reveal().to_owned()
    }

    /// Asks as an analyst.
    pub(crate) async fn ask(&self, query: &str) -> Response {
        self.ask_as(&self.analyst, query).await
    }

    pub(crate) async fn ask_as(&self, token: &str, query: &str) -> Response {
        let request = self.client.post(format!("{}/v1/sql", self.base)).bearer_auth(token);
        request.header("content-type", "application/sql").body(query.to_owned()).send().await.expect("an answer")
    }

    /// Status and code of a refusal; an answer has no code.
    pub(crate) async fn refusal(&self, query: &str) -> (u16, String) {
        refusal(self.ask(query).await).await
    }

    /// The value of a metric, by the beginning of its line.
    pub(crate) fn metric(&self, name: &str) -> Option<u64> {
        let text = self.metrics.encode();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
        line.map(|value| value.parse().expect("a count"))
    }

    /// Waits for a condition that must come.
    pub(crate) async fn until(&self, what: &str, condition: impl Fn() -> bool) {
        for _ in 0..1200 {
            if condition() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("waited in vain: {what}\n{}", self.metrics.encode());
    }
}

pub(crate) async fn refusal(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap_or_else(|error| format!("broken off: {error}"));
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let code = body["code"].as_str().unwrap_or_default().to_owned();
    if !code.is_empty() {
        for field in ["message_zh", "message_en", "hint_zh", "hint_en"] {
            assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {text}");
        }
    }
    (status, code)
}
