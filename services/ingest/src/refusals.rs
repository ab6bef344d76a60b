//! Keeps what was refused of known senders, within bounds, in the topic of refusals.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use helan_log::{Envelope, Log, NewRecord};
use helan_schemas::topics;

use crate::metrics::Metrics;
use crate::problems::Problems;

/// How long an answer waits for its refusal to be kept. The sender is refused either way.
const PATIENCE: Duration = Duration::from_secs(2);
const MINUTE: i64 = 60_000_000;

/// Writes refusals to the log: so many a minute and reporter, and never in the way of an answer for long.
pub(crate) struct Refusals {
    log: Arc<dyn Log>,
    catalog: String,
    per_minute: u32,
    metrics: Metrics,
    /// Reporter → start of its minute, refusals in it.
    kept: Mutex<HashMap<String, (i64, u32)>>,
}

/// A refused request of a known sender.
pub(crate) struct Turned<'p> {
    pub(crate) reporter: &'p str,
    pub(crate) source: Option<String>,
    pub(crate) submission: Option<String>,
    pub(crate) received_at: i64,
    pub(crate) problems: &'p Problems,
}

impl Refusals {
    pub(crate) fn new(log: Arc<dyn Log>, catalog: String, per_minute: u32, metrics: Metrics) -> Self {
        Self { log, catalog, per_minute, metrics, kept: Mutex::default() }
    }

    /// Keeps a refusal; says whether it is kept. Refusals that are about the moment rather than the content are not.
    pub(crate) async fn keep(&self, turned: Turned<'_>) -> bool {
        if matches!(turned.problems.code().status(), 429 | 503) {
            return false;
        }
        if !self.has_room(turned.reporter, turned.received_at) {
            self.metrics.refusal_lost();
            return false;
        }
        let record = self.record(turned);
        match tokio::time::timeout(PATIENCE, self.log.append(record)).await {
            Ok(Ok(_)) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "a refusal could not be kept");
                self.metrics.refusal_lost();
                false
            }
            Err(_) => {
                tracing::warn!("a refusal could not be kept in time");
                self.metrics.refusal_lost();
                false
            }
        }
    }

    fn record(&self, turned: Turned<'_>) -> NewRecord {
        let mut refused = turned.problems.to_record();
        refused.reporter = turned.reporter.to_owned();
        refused.source = turned.source;
        refused.submission = turned.submission;
        refused.received_at = turned.received_at;
        let envelope = Envelope {
            content_type: topics::CONTENT_TYPE_REFUSED.to_owned(),
            reporter: turned.reporter.to_owned(),
            submission: refused.submission.clone().unwrap_or_default(),
            received_at: turned.received_at,
            catalog: self.catalog.clone(),
        };
        let value = refused.encode().into();
        NewRecord { topic: topics::REFUSED.into(), key: turned.reporter.to_owned(), envelope, value }
    }

    fn has_room(&self, reporter: &str, now: i64) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (start, count) = kept.entry(reporter.to_owned()).or_insert((now, 0));
        if !(0..MINUTE).contains(&(now - *start)) {
            (*start, *count) = (now, 0);
        }
        *count += 1;
        *count <= self.per_minute
    }
}
