//! Where submissions go: an ingest service as a client sends them, or a log as ingest writes it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use helan_load::{Stream, Submission};
use helan_log::{Envelope, Log, LogError, NewRecord, OpenOptions, TopicSpec};
use helan_runtime::clock::Clock;
use helan_schemas::catalog::Catalog;
use helan_schemas::topics;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};

use super::tokens::Tokens;
use crate::args::LogPlace;
use crate::https::{Trust, why};

/// How long one request may take before the client sends again.
const REQUEST: Duration = Duration::from_secs(30);

/// An ingest service or a log. Clones share it.
#[derive(Clone)]
pub(super) enum Target {
    /// Over HTTP.
    Http(Arc<Http>),
    /// Straight into a log.
    Log {
        /// The log.
        log: Arc<dyn Log>,
        /// Digest of the catalog, for the records' headers.
        catalog: Arc<str>,
    },
}

/// An ingest service.
pub(super) struct Http {
    pub(super) client: reqwest::Client,
    pub(super) base: String,
    tokens: BTreeMap<String, String>,
}

/// What one try came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is in the log.
    Acknowledged { partition: i32, offset: i64 },
    /// It is not, and never will be as it stands.
    Refused { code: String, kept: bool, message: String },
    /// Send the same again.
    Again { why: String, after: Option<Duration> },
}

impl Target {
    /// A client of an ingest service that answers now. Later it may go and come back, as services do.
    pub(super) async fn http(base: &str, trust: &Trust, tokens: &Tokens, streams: &[Stream]) -> anyhow::Result<Self> {
        let client = trust.client()?.timeout(REQUEST).build().context("no HTTP client")?;
        let answer = client.get(format!("{base}/healthz")).send().await;
        answer.map_err(|error| anyhow::Error::msg(why(&error))).with_context(|| {
            format!("nothing answers at {base}; start `helan up`, or name the service by --to or a log by --log")
        })?;
        let of = |stream: &Stream| {
            let reporter = stream.feed().reporter.clone();
            let token = tokens.of(&reporter).to_owned();
            (reporter, token)
        };
        let tokens = streams.iter().map(of).collect();
        Ok(Self::Http(Arc::new(Http { client, base: base.to_owned(), tokens })))
    }

    /// Opens a log for writing and makes its topics where they are missing.
    pub(super) async fn log(url: &str, place: &LogPlace, catalog: &Catalog) -> anyhow::Result<Self> {
        let options = OpenOptions { kafka: place.at.properties()?, ..OpenOptions::writing() };
        let log = helan_log::open(url, options).await?;
        log.create_topics(&TopicSpec::all(place.partitions, place.replication)).await?;
        Ok(Self::Log { log, catalog: catalog.digest.as_str().into() })
    }

    /// Tries once to send a submission.
    pub(super) async fn send(&self, stream: &Stream, submission: &Submission, body: bytes::Bytes) -> Answer {
        match self {
            Self::Http(http) => http.send(&stream.feed().reporter, submission.key(), body).await,
            Self::Log { log, catalog } => {
                let feed = stream.feed();
                let envelope = Envelope {
                    content_type: topics::CONTENT_TYPE_BATCH.to_owned(),
                    reporter: feed.reporter.clone(),
                    submission: submission.id.clone(),
                    received_at: Clock::system().now(),
                    catalog: catalog.to_string(),
                };
                let record = NewRecord { topic: feed.topic.into(), key: feed.source.clone(), envelope, value: body };
                match log.append(record).await {
                    Ok(address) => Answer::Acknowledged { partition: address.at.partition, offset: address.offset },
                    Err(error @ LogError::Retry { .. }) => Answer::Again { why: error.to_string(), after: None },
                    Err(error) => Answer::Refused { code: "log".to_owned(), kept: false, message: error.to_string() },
                }
            }
        }
    }
}

impl Http {
    /// The token of a reporter that sends.
    pub(super) fn token(&self, reporter: &str) -> &str {
        self.tokens.get(reporter).map_or("", String::as_str)
    }

    async fn send(&self, reporter: &str, key: &str, body: bytes::Bytes) -> Answer {
        let request = self
            .client
            .post(format!("{}/v1/events", self.base))
            .bearer_auth(self.token(reporter))
            .header(CONTENT_TYPE, topics::CONTENT_TYPE_BATCH)
            .header("idempotency-key", key);
        let again = |why: String, after| Answer::Again { why, after };
        let answer = match request.body(body).send().await {
            Ok(answer) => answer,
            Err(error) if error.is_timeout() => return again("no answer in time".to_owned(), None),
            Err(error) => return again(root(&error), None),
        };
        let status = answer.status();
        let after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let said: Result<serde_json::Value, _> = answer.json().await;
        let said = match said {
            Ok(said) => said,
            // Whether it was taken stood in the answer that broke off.
            Err(error) => return again(format!("{status}: {}", root(&error)), after.map(Duration::from_secs)),
        };
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        match status {
            StatusCode::ACCEPTED => {
                let number = |name: &str| said[name].as_i64();
                match (number("partition").and_then(|n| n.try_into().ok()), number("offset")) {
                    (Some(partition), Some(offset)) => Answer::Acknowledged { partition, offset },
                    _ => again(format!("an answer that names no place in the log: {said}"), None),
                }
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                again(text("code"), after.map(Duration::from_secs))
            }
            status if status.is_server_error() => {
                again(format!("{status} {}", text("code")), after.map(Duration::from_secs))
            }
            _ => Answer::Refused {
                code: text("code"),
                kept: said["submission"].is_string(),
                message: format!("{status}: {}", text("message_en")),
            },
        }
    }
}

/// The innermost cause: what the outer ones say is where, not why.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
