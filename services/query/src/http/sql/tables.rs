//! `GET /v1/tables`: what there is to ask.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use helan_http::ErrorBody;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::paths::analyst;
use crate::http::Served;
use crate::http::refuse::Refusal;
use crate::session::describe::TableDoc;

/// A name that SQL may read.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TableEntry {
    /// The name; for a table function without its arguments.
    #[schema(example = "rd_intensity")]
    pub name: String,
    /// `view`, `function` (a view at other moments), `table` (of the lake) or `catalog` (a file of it as it stands).
    pub kind: String,
    /// What it is, in Chinese where there is a text, else in English.
    pub doc_zh: String,
    /// What it is, in English.
    pub doc_en: String,
    /// What one row is; empty where nothing is said.
    pub grain: String,
    /// The SQL text of a view.
    pub sql: Option<String>,
    /// Its columns in order.
    pub columns: Vec<ColumnEntry>,
}

/// A column.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ColumnEntry {
    /// Its name.
    pub name: String,
    /// Its Arrow type.
    pub data_type: String,
    /// What it holds, in Chinese where there is a text, else in English.
    pub doc_zh: String,
    /// What it holds, in English.
    pub doc_en: String,
}

impl From<TableDoc> for TableEntry {
    fn from(doc: TableDoc) -> Self {
        let columns = doc.columns.into_iter().map(|column| ColumnEntry {
            name: column.name,
            data_type: column.data_type,
            doc_zh: column.doc_zh,
            doc_en: column.doc,
        });
        Self {
            name: doc.name,
            kind: doc.kind.to_owned(),
            doc_zh: doc.doc_zh,
            doc_en: doc.doc_en,
            grain: doc.grain,
            sql: doc.sql.map(str::to_owned),
            columns: columns.collect(),
        }
    }
}

/// Every table, view and table function, with a line on each column.
#[utoipa::path(
    get, path = "/v1/tables", tag = "query", security(("bearer" = [])),
    responses(
        (status = 200, description = "All tables, views and table functions.", body = Vec<TableEntry>),
        (status = 401, description = "No valid token.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 403, description = "Not an analyst's or operator's token.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 503, description = "The lake cannot be read now.", body = ErrorBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn tables(State(served): State<Served>, headers: HeaderMap) -> Result<Json<Vec<TableEntry>>, Refusal> {
    analyst(&served, &headers)?;
    Ok(Json(served.desk.tables().await?.into_iter().map(TableEntry::from).collect()))
}
