//! Who may ask, and the answer to others.

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use helan_http::ErrorBody;
use helan_runtime::chinese::in_chinese;
use helan_runtime::credentials::Identity;
use helan_schemas::refusal::Code;

use super::Http;
use crate::desk::Unanswered;

/// An error answer: one of the documented codes, and what was found.
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
        Self { code, found_zh: in_chinese(&found), found_en: found }
    }

    /// Logs a cause and answers that reading fails now.
    pub(super) fn unavailable(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "the lake or the log cannot be read");
        Code::LakeUnavailable.into()
    }

    /// As the sender reads it.
    pub(super) fn body(&self) -> ErrorBody {
        ErrorBody::found(self.code, &self.found_zh, &self.found_en)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        helan_http::respond(self.code, self.body())
    }
}

/// Who asks; any role may.
pub(super) fn asker(http: &Http, headers: &HeaderMap) -> Result<Identity, Refusal> {
    Ok(helan_http::identity(&http.credentials, headers, http.clock.now()).map_err(Code::from)?)
}
