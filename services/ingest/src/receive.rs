//! The path of one request: let in, read, decode and judge, append, answer.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::Request;
use axum::http::header;
use axum::response::Response;
use helan_log::{Envelope, LogError, NewRecord, Refusal};
use helan_schemas::catalog::Reporter;
use helan_schemas::digest::{content_of, submission_id};
use helan_schemas::refusal::Code;
use helan_schemas::topics;
use tracing::Instrument;

use crate::Ingest;
use crate::accept::{self, Content, Endpoint, Plan, Room};
use crate::answer::{Accepted, refuse, refuse_marked};
use crate::body;
use crate::judge::{self, Judged};
use crate::memory::{Memory, Share};
use crate::metrics::Metrics;
use crate::outcome;
use crate::problems::Problems;
use crate::refusals::{Refusals, Turned};
use crate::submission::Submission;

/// Bodies above this are decoded on a thread of their own: below it that would cost more than the work itself.
const INLINE_BYTES: usize = 64 * 1024;

/// The service's state, shared by all requests.
pub(crate) struct App {
    pub(crate) ingest: Ingest,
    pub(crate) metrics: Metrics,
    room: Room,
    memory: Memory,
    refusals: Refusals,
}

/// A request that was turned away, and what was known of it by then.
struct Failure {
    problems: Problems,
    source: Option<String>,
    submission: Option<String>,
    /// The sender's workbook with its mistakes marked, if it was asked for.
    workbook: Option<Vec<u8>>,
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self { problems, source: None, submission: None, workbook: None }
    }
}

impl App {
    pub(crate) fn new(ingest: Ingest) -> Self {
        let metrics = Metrics::register(&ingest.metrics);
        let (limits, catalog) = (&ingest.limits, &ingest.catalog);
        let digest = catalog.digest.clone();
        let refusals = Refusals::new(ingest.log.clone(), digest, limits.refusals_per_minute, metrics.clone());
        Self { room: Room::new(catalog, limits), memory: Memory::new(limits.body_memory), refusals, metrics, ingest }
    }

    /// Takes a request from headers to answer.
    pub(crate) async fn receive(self: Arc<Self>, endpoint: Endpoint, request: Request) -> Response {
        let started = Instant::now();
        let _under_way = self.metrics.under_way();
        let received_at = self.ingest.clock.now();
        let response = self.clone().answer(endpoint, request, received_at).await;
        self.metrics.answered(endpoint.path(), response.status().as_u16(), started.elapsed().as_secs_f64());
        response
    }

    /// What the answers come from.
    pub(crate) fn ingest(&self) -> &Ingest {
        &self.ingest
    }

    /// The answer to a question that needs no body; counts it.
    pub(crate) fn tell(&self, path: &'static str, started: Instant, answer: Result<Response, Problems>) -> Response {
        let response = answer.unwrap_or_else(|problems| {
            problems.list().iter().for_each(|problem| self.metrics.error(problem.code));
            refuse(&problems, None)
        });
        self.metrics.answered(path, response.status().as_u16(), started.elapsed().as_secs_f64());
        response
    }

    async fn answer(self: Arc<Self>, endpoint: Endpoint, request: Request, received_at: i64) -> Response {
        let (parts, body) = request.into_parts();
        let admitted = accept::sender(&self.ingest, &parts.headers, received_at);
        let (sender, plan) = match admitted {
            Err(problems) => (None, Err(problems)),
            Ok(sender) => {
                let reporter = sender.reporter;
                let admitted = accept::served(&self.ingest, reporter).and_then(|()| self.room.seat(&reporter.reporter));
                (Some(sender), admitted.and_then(|seat| Ok((seat, Plan::of(&parts, endpoint, reporter)?))))
            }
        };
        let reporter = sender.as_ref().map(|sender| sender.reporter);
        let wait = plan.as_ref().ok().and_then(|(_, plan)| plan.wait);
        let result = match (sender, plan) {
            (Some(sender), Ok((_seat, plan))) => {
                let share = self.memory.share(&sender.credential);
                match body::read(&parts.headers, body, &self.ingest.limits, &share).await {
                    Ok(bytes) => self.clone().take(sender.reporter, plan, (bytes, share), received_at).await,
                    Err(problems) => Err(Failure { submission: plan.given_id, ..problems.into() }),
                }
            }
            (_, Err(problems)) => {
                // A client that waits for `100 Continue` has not sent its body.
                if !parts.headers.contains_key(header::EXPECT) {
                    helan_http::discard(body.into_data_stream(), body::DISCARD_BYTES, body::DISCARD_TIME).await;
                }
                Err(problems.into())
            }
            (None, Ok(_)) => unreachable!("nobody is let in without a name"),
        };
        match result {
            // Its seat and its memory are free by now.
            Ok(accepted) => {
                let reporter = reporter.map(|row| row.reporter.as_str()).unwrap_or_default();
                outcome::answer(self.ingest.outcomes.as_deref(), reporter, accepted, wait).await
            }
            Err(failure) => self.turn_away(reporter, failure, received_at).await,
        }
    }

    async fn take(
        self: Arc<Self>,
        reporter: &Reporter,
        plan: Plan,
        (bytes, share): (Vec<u8>, Share),
        received_at: i64,
    ) -> Result<Accepted, Failure> {
        // What is packed may unpack to something large.
        let is_small = bytes.len() <= INLINE_BYTES
            && !plan.gzip
            && !matches!(plan.content, Content::Workbook(_) | Content::Table(_));
        let span = tracing::debug_span!("judge", reporter = reporter.reporter);
        let (judged, _share) = if is_small {
            (span.in_scope(|| self.judge(&reporter.reporter, plan, (&bytes, &share), received_at))?, share)
        } else {
            let (app, reporter) = (self.clone(), reporter.reporter.clone());
            // The share comes back: the record that was made of the body is held until the log has it.
            let work = move || (span.in_scope(|| app.judge(&reporter, plan, (&bytes, &share), received_at)), share);
            let work = tokio::task::spawn_blocking(work);
            let (judged, share) = work.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
            (judged?, share)
        };
        self.append(&reporter.reporter, judged, received_at).await
    }

    /// Decodes and judges a body: pure work, no waiting.
    fn judge(
        &self,
        reporter: &str,
        plan: Plan,
        (body, share): (&[u8], &Share),
        received_at: i64,
    ) -> Result<Judged, Failure> {
        let Ingest { catalog, limits, .. } = &self.ingest;
        let reporter = catalog.reporter(reporter).expect("it was looked up to let the request in");
        judge::judge((catalog, reporter), (limits, share), &plan, body, received_at).map_err(|turned| {
            let judge::Turned { problems, source, workbook } = turned;
            // What is refused is kept under a name too: the sender's, or a digest of the bytes as they came.
            let name = plan.given_id.clone().unwrap_or_else(|| submission_id(&reporter.reporter, body));
            Failure { problems, source, submission: Some(name), workbook }
        })
    }

    async fn append(&self, reporter: &str, judged: Judged, received_at: i64) -> Result<Accepted, Failure> {
        let Ingest { catalog, log, status_base, .. } = &self.ingest;
        let Judged { submission, charset, table } = judged;
        let Submission { id, is_given, source, events, generation, value, repeated_cells } = submission;
        let topic = catalog.topic(reporter).expect("every reporter has a topic");
        let envelope = Envelope {
            content_type: topics::content_type_batch(generation),
            reporter: reporter.to_owned(),
            submission: id.clone(),
            received_at,
            catalog: catalog.digest.clone(),
        };
        let content = content_of(&value);
        let (bytes, started) = (value.len(), Instant::now());
        let record = NewRecord { topic: topic.into(), key: source.clone(), envelope, value: value.into() };
        let span = tracing::debug_span!("append", submission = id, batch.rows = events, log.topic = topic);
        let address = log.append(record).instrument(span).await.map_err(|error| Failure {
            problems: log_problem(&error),
            source: Some(source.clone()),
            submission: Some(id.clone()),
            workbook: None,
        })?;
        self.metrics.acknowledged(topic, events, bytes, started.elapsed().as_secs_f64());
        tracing::debug!(
            reporter,
            source,
            submission = id,
            batch.rows = events,
            log.topic = topic,
            log.partition = address.at.partition,
            log.offset = address.offset,
            "acknowledged"
        );
        let received_at = jiff::Timestamp::from_microsecond(received_at).unwrap_or_default().to_string();
        // A name that the sender gave may have been given to something else before.
        let which = if is_given { format!("?content={content}") } else { String::new() };
        Ok(Accepted {
            status_url: format!("{status_base}/v1/submissions/{id}{which}"),
            submission: id,
            content,
            events,
            source,
            received_at,
            topic: topic.to_owned(),
            partition: address.at.partition,
            offset: address.offset,
            catalog: catalog.digest.clone(),
            charset,
            table,
            repeated_cells,
            outcome: None,
        })
    }

    async fn turn_away(&self, reporter: Option<&Reporter>, failure: Failure, received_at: i64) -> Response {
        let Failure { problems, source, submission, workbook } = failure;
        for problem in problems.list() {
            self.metrics.error(problem.code);
        }
        let reporter = reporter.map(|row| row.reporter.as_str());
        tracing::info!(reporter, source, submission, code = %problems.code(), errors = problems.count(), "refused");
        let kept = match reporter {
            None => false,
            Some(reporter) => {
                let submission = submission.clone();
                self.refusals.keep(Turned { reporter, source, submission, received_at, problems: &problems }).await
            }
        };
        let submission = submission.filter(|_| kept);
        match workbook {
            Some(workbook) => refuse_marked(&problems, submission, workbook),
            None => refuse(&problems, submission),
        }
    }
}

fn log_problem(error: &LogError) -> Problems {
    match error {
        LogError::Retry { reason, .. } => {
            tracing::warn!(%error, "the log did not acknowledge");
            Problems::one(Code::LogUnavailable, reason.as_str())
        }
        LogError::Refuse(Refusal::TooLarge { bytes, limit }) => {
            Problems::one(Code::SubmissionTooLarge, format!("{bytes} > {limit}"))
        }
        LogError::Refuse(_) | LogError::Stop(_) => {
            tracing::error!(%error, "the log takes no records; an operator has to look");
            Problems::one(Code::LogUnavailable, "")
        }
    }
}
