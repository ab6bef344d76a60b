//! `GET /v1/catalog`: what a sender needs to check its reports before it sends them.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problems::Problems;
use crate::{Ingest, Limits, accept};

/// The catalog by which submissions are judged, and the limits of one submission.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CatalogAnswer {
    /// Id of the catalog.
    #[schema(example = "ningxia-2018")]
    pub id: String,
    /// SHA-256 over its files; the same stands in `ETag`.
    pub digest: String,
    /// The reporter whose credential asked; absent for other roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reporter: Option<String>,
    /// What one submission may be.
    pub limits: LimitsAnswer,
    /// The files' texts by name: `catalog.toml` and CSV files.
    pub files: BTreeMap<String, String>,
}

/// What one submission may be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LimitsAnswer {
    /// Bytes of the body as it is sent.
    pub body_bytes: u64,
    /// Bytes of its events in canonical JSON.
    pub canonical_bytes: u64,
    /// Events or rows.
    pub events: u64,
}

impl From<&Limits> for LimitsAnswer {
    fn from(limits: &Limits) -> Self {
        Self {
            body_bytes: limits.wire_bytes as u64,
            canonical_bytes: limits.canonical_bytes as u64,
            events: limits.rows as u64,
        }
    }
}

impl Default for LimitsAnswer {
    fn default() -> Self {
        Self::from(&Limits::default())
    }
}

/// Answers with the catalog, or says that the asker has it already.
pub(crate) fn answer(ingest: &Ingest, headers: &HeaderMap) -> Result<Response, Problems> {
    let identity = accept::identity(ingest, headers, ingest.clock.now())?;
    let catalog = &ingest.catalog;
    let tag = format!("\"{}\"", catalog.digest);
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let known = known.flat_map(|text| text.split(',')).any(|entry| {
        let entry = entry.trim();
        entry == "*" || entry.trim_start_matches("W/") == tag
    });
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Json(CatalogAnswer {
            id: catalog.head.id.clone(),
            digest: catalog.digest.clone(),
            reporter: identity.reporter.map(|id| id.to_string()),
            limits: LimitsAnswer::from(&ingest.limits),
            files: catalog.files.clone(),
        })
        .into_response()
    };
    let headers = response.headers_mut();
    headers.extend(HeaderValue::try_from(tag).map(|tag| (header::ETAG, tag)));
    // The answer names the asker, and the catalog may change with a restart.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}
