//! A service on a memory log, with Ningxia's catalog and a few credentials.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use helan_ingest::{Ingest, Limits};
use helan_log::memory::MemoryLog;
use helan_log::{Address, Log, TopicPartition, TopicSpec};
use helan_runtime::clock::Clock;
use helan_runtime::credentials::{CredentialFile, Credentials, NewCredential, Role};
use helan_runtime::metrics::Metrics;
use helan_schemas::catalog::{Catalog, ReporterKind};
use helan_schemas::refused::Refused;
use helan_schemas::topics;
use serde_json::{Value, json};
use tower::ServiceExt;

/// 2019-10-01T08:00:00+08:00.
pub(crate) const NOW: i64 = 1_569_888_000_000_000;

pub(crate) struct World {
    pub(crate) log: MemoryLog,
    pub(crate) clock: Clock,
    pub(crate) router: Router,
    pub(crate) file: CredentialFile,
    folder: tempfile::TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
    pub(crate) text: String,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    /// Code and field of every error.
    pub(crate) fn errors(&self) -> Vec<(String, String)> {
        let errors = self.json["errors"].as_array().expect("a list of errors");
        let text = |error: &Value, name: &str| error[name].as_str().unwrap_or_default().to_owned();
        errors.iter().map(|error| (text(error, "code"), text(error, "field"))).collect()
    }
}

/// A request that is built step by step.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl Call {
    pub(crate) fn events(body: impl ToString) -> Self {
        Self::bytes("/v1/events", "application/json", body.to_string())
    }

    pub(crate) fn csv(body: impl Into<Vec<u8>>) -> Self {
        Self::bytes("/v1/submissions", "text/csv", body)
    }

    pub(crate) fn bytes(path: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.into())];
        Self { path: path.to_owned(), headers, body: body.into() }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn path(mut self, path: &str) -> Self {
        self.path = path.to_owned();
        self
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Limits::default(), vec![ReporterKind::City, ReporterKind::Park]).await
    }

    pub(crate) async fn with(limits: Limits, kinds: Vec<ReporterKind>) -> Self {
        Self::of(Catalog::embedded(), limits, kinds).await
    }

    /// By Ningxia's catalog with one of its files edited.
    pub(crate) async fn by_catalog(file: &str, edit: impl FnOnce(&mut String)) -> Self {
        Self::by_files(|files| edit(files.get_mut(file).expect("a file of the catalog"))).await
    }

    /// By Ningxia's catalog with its files edited.
    pub(crate) async fn by_files(edit: impl FnOnce(&mut BTreeMap<String, String>)) -> Self {
        let mut files = Catalog::embedded().files;
        edit(&mut files);
        let catalog = Catalog::from_files(files).unwrap_or_else(|problems| panic!("{problems:#?}"));
        Self::of(catalog, Limits::default(), vec![ReporterKind::City, ReporterKind::Park]).await
    }

    async fn of(catalog: Catalog, limits: Limits, kinds: Vec<ReporterKind>) -> Self {
        let log = MemoryLog::new("test");
        log.create_topics(&TopicSpec::all(1, 1)).await.expect("topics");
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("credentials.jsonl");
        let (file, clock) = (CredentialFile::new(&path), Clock::manual(NOW));
        let router = helan_ingest::router(Ingest {
            log: Arc::new(log.clone()),
            catalog: Arc::new(catalog),
            credentials: Credentials::open(&path),
            kinds,
            clock: clock.clone(),
            limits,
            metrics: Metrics::default(),
            own: Some(Arc::new(crate::templates::Sent)),
            outcomes: None,
            status_base: String::new(),
        });
        Self { log, clock, router, file, folder }
    }

    /// Requests under way.
    pub(crate) async fn in_flight(&self) -> u64 {
        let text = self.get("/metrics").await.text;
        let line = text.lines().find_map(|line| line.strip_prefix("helan_ingest_in_flight "));
        line.and_then(|value| value.parse().ok()).expect("a count")
    }

    /// What the service asks who may send.
    pub(crate) fn credentials(&self) -> Credentials {
        Credentials::open(self.path().join("credentials.jsonl"))
    }

    /// The folder with the credentials file.
    pub(crate) fn path(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The token of a reporter; its credential is made when it is first asked for.
    pub(crate) fn token(&self, reporter: &str) -> String {
        let remembered = self.folder.path().join(reporter);
        if let Ok(token) = std::fs::read_to_string(&remembered) {
            return token;
        }
        let token = self.credential(reporter, Role::Reporter, Some(reporter));
        std::fs::write(remembered, &token).expect("remembered");
        token
    }

    pub(crate) fn credential(&self, id: &str, role: Role, reporter: Option<&str>) -> String {
        let now = jiff::Timestamp::from_microsecond(NOW).expect("in range");
        let new = NewCredential { id: Some(id), role, reporter, expires: None };
        let token = self.file.add(&new, now).expect("added").reveal().to_owned();
        // The service looks at the file once a second.
        self.clock.set(self.clock.now() + 1_000_000);
        token
    }

    /// Sends as a reporter.
    pub(crate) async fn send(&self, reporter: &str, call: Call) -> Answer {
        let token = self.token(reporter);
        self.raw(call.header("authorization", format!("Bearer {token}"))).await
    }

    pub(crate) async fn raw(&self, call: Call) -> Answer {
        let mut request = Request::post(&call.path);
        for (name, value) in &call.headers {
            request = request.header(name, value.as_slice());
        }
        self.request(request.body(call.body.into()).expect("request")).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request(Request::get(path).body(Body::empty()).expect("request")).await
    }

    pub(crate) async fn request(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("body");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status, headers, json, text, bytes: bytes.to_vec() }
    }

    /// Asks as a reporter.
    pub(crate) async fn get_as(&self, reporter: &str, path: &str) -> Answer {
        let token = self.token(reporter);
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        self.request(request.body(Body::empty()).expect("request")).await
    }

    /// Records of a topic so far.
    pub(crate) async fn count(&self, topic: &str) -> i64 {
        self.log.ends(&TopicPartition::new(topic, 0)).await.expect("ends").next
    }

    /// Records of submissions so far.
    pub(crate) async fn submissions(&self) -> i64 {
        self.count(topics::CITY).await + self.count(topics::PARK).await
    }

    /// A record as it was appended.
    pub(crate) fn record(&self, topic: &str, offset: i64) -> Arc<helan_log::NewRecord> {
        self.log.record(&Address { at: TopicPartition::new(topic, 0), offset }).expect("record")
    }

    /// The events of a record.
    pub(crate) fn events(&self, topic: &str, offset: i64) -> Vec<Value> {
        serde_json::from_slice(&self.record(topic, offset).value).expect("json")
    }

    /// The last refusal that was kept.
    pub(crate) async fn last_refusal(&self) -> Refused {
        let offset = self.count(topics::REFUSED).await - 1;
        Refused::decode(&self.record(topics::REFUSED, offset).value).expect("refusal")
    }

    /// Sends as a reporter, and expects one or more errors (code and field) and that nothing was published.
    pub(crate) async fn refused(&self, reporter: &str, call: Call, expected: &[(&str, &str)]) -> Answer {
        let before = (self.submissions().await, self.count(topics::REFUSED).await);
        let shown = format!("{call:?}").chars().take(600).collect::<String>();
        let answer = self.send(reporter, call).await;
        assert!(answer.json.is_object(), "{} {} {shown}", answer.status, answer.text);
        let errors = answer.errors();
        let errors: Vec<_> = errors.iter().map(|(code, field)| (code.as_str(), field.as_str())).collect();
        assert_eq!(errors, expected, "{} {shown}", answer.text);
        let code = helan_schemas::refusal::Code::ALL.iter().find(|code| code.code() == expected[0].0).expect("a code");
        assert_eq!(answer.status, code.status(), "{}", answer.text);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(self.submissions().await, before.0, "nothing is published");
        if !matches!(answer.status, 429 | 503) {
            assert_eq!(self.count(topics::REFUSED).await, before.1 + 1, "the refusal is kept");
            let refusal = self.last_refusal().await;
            assert_eq!((refusal.reporter.as_str(), refusal.status), (reporter, answer.status));
            assert_eq!(refusal.errors[0].code, expected[0].0);
        }
        answer
    }
}

/// A good event of Yinchuan's.
pub(crate) fn event(id: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/nx/yinchuan", "type": "helan.observation.reported.v1",
        "data": {
            "ref_area": "640100", "indicator": "rd_expenditure", "time_period": "2018", "value": "250000.50",
            "unit": "CNY", "unit_mult": 4
        }
    })
}

/// A good event of the statistics bureau's, which may back-date and estimate.
pub(crate) fn bureau_event(id: &str) -> Value {
    let mut event = event(id);
    event["source"] = "/nx/nx-stats".into();
    event
}

/// The event with one member of its payload replaced, or removed by `null`.
pub(crate) fn with(mut event: Value, field: &str, value: Value) -> Value {
    let data = event["data"].as_object_mut().expect("payload");
    if value.is_null() {
        data.remove(field);
    } else {
        data.insert(field.to_owned(), value);
    }
    event
}

/// The values of a record's events.
pub(crate) fn values(world: &World, offset: i64) -> Vec<String> {
    let text = |event: &Value| event["data"]["value"].as_str().unwrap_or_default().to_owned();
    world.events(topics::CITY, offset).iter().map(text).collect()
}
