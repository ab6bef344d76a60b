//! What became of a submission, for senders who wait for it. Ingest knows no lake: who runs both connects them.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use helan_http::{ErrorAnswer, ErrorLine};
use helan_runtime::wait::Asked;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::Accepted;

const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// What became of a submission that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutcomeAnswer {
    /// `accepted`, or `repeat` (nothing of it was new).
    #[schema(example = "accepted")]
    pub state: String,
    /// That in a sentence, in Chinese.
    pub message_zh: String,
    /// That in a sentence, in English.
    pub message_en: String,
    /// Events that were new.
    pub accepted: u64,
    /// Events that repeat accepted ones and were dropped.
    pub repeated: u64,
    /// Of the repeats, those that were withdrawn before: they stay withdrawn.
    #[serde(default)]
    pub withdrawn: u64,
}

/// What became of a submission.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is in the lake.
    Taken(OutcomeAnswer),
    /// Judging refused it as a whole.
    Refused {
        /// That in a sentence, in Chinese.
        message_zh: String,
        /// That in a sentence, in English.
        message_en: String,
        /// Why.
        errors: Vec<ErrorLine>,
    },
}

/// Where that is asked.
pub trait Outcomes: Send + Sync {
    /// The outcome of what the log has just acknowledged, as soon as it is known. The outer option is none where it is not
    /// waited for, because too many wait already; the inner one where it was not known in time.
    fn of<'a>(
        &'a self,
        reporter: &'a str,
        accepted: &'a Accepted,
        time: Duration,
    ) -> BoxFuture<'a, Option<Option<Outcome>>>;
}

/// The answer to what the log has, with its outcome if that was asked for and is known in time.
pub(crate) async fn answer(
    outcomes: Option<&dyn Outcomes>,
    reporter: &str,
    mut accepted: Accepted,
    asked: Option<Asked>,
) -> Response {
    let (Some(outcomes), Some(asked)) = (outcomes, asked) else { return accepted.into_response() };
    let Some(outcome) = outcomes.of(reporter, &accepted, asked.time).await else { return accepted.into_response() };
    let mut response = match outcome {
        None => accepted.into_response(),
        Some(Outcome::Taken(outcome)) => {
            accepted.outcome = Some(outcome);
            accepted.into_response()
        }
        Some(Outcome::Refused { message_zh, message_en, errors }) => {
            refused(accepted, errors, (message_zh, message_en))
        }
    };
    let applied = asked.applied().and_then(|applied| HeaderValue::try_from(applied).ok());
    response.headers_mut().extend(applied.map(|applied| (PREFERENCE_APPLIED, applied)));
    response
}

/// The answer to what the log has and judging refused.
fn refused(accepted: Accepted, errors: Vec<ErrorLine>, message: (String, String)) -> Response {
    let (message_zh, message_en) = message;
    let code = errors.first().map(|error| error.code.clone()).unwrap_or_default();
    let status = StatusCode::CONFLICT;
    let submission = Some(accepted.submission);
    let answer = ErrorAnswer { status: status.as_u16(), code, message_zh, message_en, submission, errors, more: 0 };
    let mut response = (status, Json(answer)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(helan_http::PROBLEM));
    headers.extend(HeaderValue::try_from(accepted.status_url).map(|url| (header::LOCATION, url)));
    response
}
