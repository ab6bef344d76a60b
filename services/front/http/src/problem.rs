//! Answers that say what is wrong: their bodies, and the status and headers that belong to each documented code.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use helan_schemas::refusal::Code;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The media type of these bodies.
pub const PROBLEM: &str = "application/problem+json";

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

impl From<Code> for ErrorBody {
    fn from(code: Code) -> Self {
        Self::found(code, "", "")
    }
}

impl ErrorBody {
    /// A code, with what was found, in Chinese and in English.
    pub fn found(code: Code, zh: &str, en: &str) -> Self {
        let message = |meaning: &str, colon: &str, found: &str| match found {
            "" => meaning.to_owned(),
            found => format!("{meaning}{colon}{found}"),
        };
        Self {
            status: code.status(),
            code: code.code().to_owned(),
            message_zh: message(code.meaning_zh(), "：", zh),
            message_en: message(code.meaning_en(), ": ", en),
            hint_zh: code.hint_zh().to_owned(),
            hint_en: code.hint_en().to_owned(),
        }
    }
}

/// The request was refused as a whole; nothing of it was published.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ErrorAnswer {
    /// HTTP status, that of the first error.
    pub status: u16,
    /// Code of the first error; see ERRORS.md.
    #[schema(example = "foreign_area")]
    pub code: String,
    /// The first error, in Chinese.
    pub message_zh: String,
    /// The first error, in English.
    pub message_en: String,
    /// Id under which the refusal is kept, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submission: Option<String>,
    /// Every error of every row, up to a limit.
    pub errors: Vec<ErrorLine>,
    /// How many more there are.
    pub more: u64,
}

/// One error.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ErrorLine {
    /// Event or row at fault, from 1, without the header row; absent = the whole request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u32>,
    /// Line of the text, from 1, in tables and lines of JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The event's id, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Field, column or header at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "data.ref_area")]
    pub field: Option<String>,
    /// Workbooks: sheet and cell at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "数据!G12")]
    pub cell: Option<String>,
    /// Workbooks: what stands around the cell, as a reader sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "银川市 · 地区生产总值 · 数值")]
    pub label: Option<String>,
    /// Code; see ERRORS.md.
    #[schema(example = "foreign_area")]
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

impl From<Code> for ErrorAnswer {
    fn from(code: Code) -> Self {
        let ErrorBody { status, code, message_zh, message_en, hint_zh, hint_en } = code.into();
        let error = ErrorLine {
            row: None,
            line: None,
            id: None,
            field: None,
            cell: None,
            label: None,
            code: code.clone(),
            message_zh: message_zh.clone(),
            message_en: message_en.clone(),
            hint_zh,
            hint_en,
        };
        Self { status, code, message_zh, message_en, submission: None, errors: vec![error], more: 0 }
    }
}

/// An answer of a code: its status, a body, and the headers that tell a client when, how or with what to come again.
pub fn respond(code: Code, body: impl Serialize) -> Response {
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
    if let Some((name, value)) = header_of(code) {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Answers requests with a method that a path does not take.
pub async fn method_not_allowed() -> Response {
    respond(Code::MethodNotAllowed, ErrorAnswer::from(Code::MethodNotAllowed))
}

/// Answers requests for paths that do not exist.
pub async fn not_found() -> Response {
    respond(Code::NotFound, ErrorAnswer::from(Code::NotFound))
}

fn header_of(code: Code) -> Option<(HeaderName, &'static str)> {
    Some(match code {
        Code::TokenMissing => (header::WWW_AUTHENTICATE, "Bearer realm=\"helan\""),
        Code::TooManyWrongTokens => (header::RETRY_AFTER, "60"),
        // Places are given back when the sender's own requests end, or others' questions do.
        Code::TooManyRequests => (header::RETRY_AFTER, "1"),
        Code::ContentEncodingUnsupported => (header::ACCEPT_ENCODING, "gzip, identity"),
        _ => match code.status() {
            401 => (header::WWW_AUTHENTICATE, "Bearer realm=\"helan\", error=\"invalid_token\""),
            // The rest of the body is not read: the connection cannot be used again.
            408 => (header::CONNECTION, "close"),
            429 | 503 => (header::RETRY_AFTER, "5"),
            _ => return None,
        },
    })
}
