//! Who may ask, and what those hear who may not.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use helan_runtime::credentials::{AuthError, Identity};
use helan_schemas::refusal::Code;
use serde::Serialize;
use utoipa::ToSchema;

use super::Http;

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

/// An answer that is none.
pub(super) enum Refusal {
    /// One of the documented codes.
    Code(Code),
    /// The lake or the log cannot be read now; the cause is logged, not told.
    Unavailable,
}

impl Refusal {
    /// Logs a cause and answers that reading fails now.
    pub(super) fn unavailable(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "the lake or the log cannot be read");
        Self::Unavailable
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = match self {
            Self::Code(code) => ErrorBody {
                status: code.status(),
                code: code.code().to_owned(),
                message_zh: code.meaning_zh().to_owned(),
                message_en: code.meaning_en().to_owned(),
                hint_zh: code.hint_zh().to_owned(),
                hint_en: code.hint_en().to_owned(),
            },
            Self::Unavailable => ErrorBody {
                status: 503,
                code: "lake_unavailable".to_owned(),
                message_zh: "数据湖或日志暂时无法读取".to_owned(),
                message_en: "the lake or the log cannot be read now".to_owned(),
                hint_zh: "稍后重试".to_owned(),
                hint_en: "ask again later".to_owned(),
            },
        };
        let status = StatusCode::from_u16(body.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"helan\""));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        response
    }
}

/// Who asks; any role may.
pub(super) fn asker(http: &Http, headers: &HeaderMap) -> Result<Identity, Refusal> {
    let authorization = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    http.credentials.authenticate(authorization, http.clock.now()).map_err(|error| {
        Refusal::Code(match error {
            AuthError::Missing => Code::TokenMissing,
            AuthError::Malformed => Code::TokenMalformed,
            AuthError::Unknown => Code::TokenUnknown,
            AuthError::Expired => Code::TokenExpired,
            AuthError::Revoked => Code::TokenRevoked,
            AuthError::Unavailable => Code::CredentialsUnavailable,
        })
    })
}
