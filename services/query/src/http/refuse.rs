//! Who may ask, and what those hear who may not.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use helan_runtime::credentials::Identity;
use helan_schemas::refusal::Code;
use serde::Serialize;
use utoipa::ToSchema;

use super::Http;
use crate::desk::Unanswered;

/// Retry-After, in seconds, when all seats are taken.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// Why there is no answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// HTTP status.
    pub status: u16,
    /// Code; see ERRORS.md.
    #[schema(example = "token_unknown")]
    pub code: String,
    /// What is wrong, in Chinese.
    pub message_zh: String,
    /// What is wrong, in English.
    pub message_en: String,
    /// What to do, in Chinese.
    pub hint_zh: String,
    /// What to do, in English.
    pub hint_en: String,
}

/// An answer that is none: one of the documented codes, and what was found.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(super) code: Code,
    found_zh: String,
    found_en: String,
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self { code, found_zh: String::new(), found_en: String::new() }
    }
}

impl From<Unanswered> for Refusal {
    fn from(why: Unanswered) -> Self {
        if why.code() == Code::LakeUnavailable {
            return Self::unavailable(why);
        }
        let (found_zh, found_en) = why.found();
        Self { code: why.code(), found_zh, found_en }
    }
}

impl Refusal {
    /// A code, with what was found, in no language.
    pub(super) fn found(code: Code, found: impl ToString) -> Self {
        let found = found.to_string();
        Self { code, found_zh: found.clone(), found_en: found }
    }

    /// Logs a cause and answers that reading fails now.
    pub(super) fn unavailable(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "the lake or the log cannot be read");
        Code::LakeUnavailable.into()
    }

    /// As the sender reads it.
    pub(super) fn body(&self) -> ErrorBody {
        let message = |meaning: &str, colon: &str, found: &str| match found {
            "" => meaning.to_owned(),
            found => format!("{meaning}{colon}{found}"),
        };
        ErrorBody {
            status: self.code.status(),
            code: self.code.code().to_owned(),
            message_zh: message(self.code.meaning_zh(), "：", &self.found_zh),
            message_en: message(self.code.meaning_en(), ": ", &self.found_en),
            hint_zh: self.code.hint_zh().to_owned(),
            hint_en: self.code.hint_en().to_owned(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = self.body();
        let status = StatusCode::from_u16(body.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"helan\""));
            }
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(header::RETRY_AFTER, RETRY_AFTER);
            }
            _ => {}
        }
        response
    }
}

/// Who asks; any role may.
pub(super) fn asker(http: &Http, headers: &HeaderMap) -> Result<Identity, Refusal> {
    let authorization = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    Ok(http.credentials.authenticate(authorization, http.clock.now()).map_err(Code::from)?)
}
