//! What a request asks, and in which format it wants the answer.

use axum::extract::Query;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use helan_schemas::refusal::Code;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::refuse::Refusal;

/// A question in SQL.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlRequest {
    /// One statement that reads.
    #[schema(example = "select value from rd_intensity where ref_area = '640000'")]
    pub query: String,
    /// T: names without `_as_of` mean the views as of then; a date is its end in the catalog's time zone.
    #[schema(example = "2019-08-30")]
    pub as_of: Option<String>,
    /// R: only what was recorded by then.
    pub recorded: Option<String>,
    /// CSV with texts as they are; otherwise one that a spreadsheet would run as a formula has an apostrophe before it.
    pub raw: Option<bool>,
}

/// T and R of a question whose body is the text itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Moments {
    as_of: Option<String>,
    recorded: Option<String>,
    raw: Option<bool>,
}

/// Format of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Arrow,
    Lines,
    Csv,
}

impl Format {
    const ALL: [Self; 3] = [Self::Lines, Self::Arrow, Self::Csv];

    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Arrow => "application/vnd.apache.arrow.stream",
            Self::Lines => "application/x-ndjson",
            Self::Csv => "text/csv",
        }
    }

    /// The value of `Content-Type`.
    pub(super) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            other => other.media_type(),
        })
    }

    /// The format that `Accept` likes best; lines of JSON where it does not care.
    pub(super) fn accepted(headers: &HeaderMap) -> Result<Self, Refusal> {
        let values: Vec<_> = headers.get_all(header::ACCEPT).iter().map(|value| value.to_str().unwrap_or("")).collect();
        let text = values.join(",");
        if text.trim().is_empty() {
            return Ok(Self::Lines);
        }
        let mut best: Option<(f32, Self)> = None;
        for range in text.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            let quality = parts.find_map(|part| part.strip_prefix("q=")).and_then(|q| q.parse().ok()).unwrap_or(1.0);
            let Some(format) = Self::ALL.into_iter().find(|format| format.matches(&name)) else { continue };
            if quality > 0.0 && best.is_none_or(|(found, _)| quality > found) {
                best = Some((quality, format));
            }
        }
        best.map(|(_, format)| format).ok_or_else(|| Refusal::found(Code::AcceptUnsupported, text))
    }

    fn matches(self, range: &str) -> bool {
        let media_type = self.media_type();
        match range.split_once('/') {
            Some(("*", "*")) => true,
            Some((kind, "*")) => media_type.starts_with(kind),
            _ => range == media_type,
        }
    }
}

/// Reads the body: the text itself, with T and R in the query string, or a JSON object.
pub(super) fn read(headers: &HeaderMap, uri: &Uri, body: &[u8]) -> Result<SqlRequest, Refusal> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let invalid = |what: String| Refusal::found(Code::SqlRequestInvalid, what);
    let request = match media_type.as_str() {
        "application/json" => serde_json::from_slice(body).map_err(|error| invalid(error.to_string()))?,
        "application/sql" | "text/plain" => {
            let moments = Query::<Moments>::try_from_uri(uri).map_err(|error| invalid(error.body_text()))?.0;
            let query = std::str::from_utf8(body).map_err(|error| invalid(error.to_string()))?.to_owned();
            SqlRequest { query, as_of: moments.as_of, recorded: moments.recorded, raw: moments.raw }
        }
        other => return Err(invalid(format!("Content-Type {other:?}"))),
    };
    if request.query.is_empty() { Err(invalid("\"\"".to_owned())) } else { Ok(request) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(text: &'static str) -> Option<Format> {
        let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(text))]);
        Format::accepted(&headers).ok()
    }

    #[test]
    fn the_format_is_the_one_that_is_liked_best() {
        assert_eq!(accepted("text/csv"), Some(Format::Csv));
        assert_eq!(accepted("*/*"), Some(Format::Lines));
        assert_eq!(accepted("text/html, application/xhtml+xml, */*;q=0.8"), Some(Format::Lines));
        assert_eq!(accepted("text/csv;q=0.5, application/vnd.apache.arrow.stream"), Some(Format::Arrow));
        assert_eq!(accepted("text/*"), Some(Format::Csv));
        assert_eq!(accepted("application/pdf"), None);
        assert_eq!(accepted("text/csv;q=0"), None);
        assert_eq!(Format::accepted(&HeaderMap::new()).ok(), Some(Format::Lines));
    }

    #[test]
    fn a_question_is_a_text_or_an_object() {
        let ask = |content_type: &'static str, uri: &'static str, body: &str| {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))]);
            read(&headers, &Uri::from_static(uri), body.as_bytes()).map_err(|refusal| refusal.code)
        };
        let plain = SqlRequest { query: "select 1".to_owned(), as_of: None, recorded: None, raw: None };
        assert_eq!(ask("application/sql; charset=utf-8", "/v1/sql", "select 1"), Ok(plain.clone()));
        let dated = SqlRequest { as_of: Some("2019-08-30".to_owned()), ..plain.clone() };
        assert_eq!(ask("text/plain", "/v1/sql?as_of=2019-08-30", "select 1"), Ok(dated.clone()));
        assert_eq!(ask("application/json", "/v1/sql", r#"{"query": "select 1", "as_of": "2019-08-30"}"#), Ok(dated));
        for (content_type, uri, body) in [
            ("application/json", "/v1/sql", "select 1"),
            ("application/json", "/v1/sql", r#"{"query": "select 1", "asof": "2019"}"#),
            ("text/plain", "/v1/sql?asof=1", "select 1"),
            ("text/plain", "/v1/sql", ""),
            ("application/x-www-form-urlencoded", "/v1/sql", "select 1"),
        ] {
            assert_eq!(ask(content_type, uri, body), Err(Code::SqlRequestInvalid), "{content_type} {uri} {body}");
        }
    }
}
