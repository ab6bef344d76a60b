//! What concerns a reporter of its own: what it owes, and what validation found in what it sent.

mod advice;
pub(super) mod findings;
pub(super) mod reports;

use arrow::record_batch::RecordBatch;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use helan_runtime::clock::rfc_3339;
use helan_runtime::credentials::Role;
use helan_schemas::period::{Period, PeriodError};
use helan_schemas::refusal::Code;
use serde::de::DeserializeOwned;

use super::Served;
use super::receipt::read::{moment, number, text};
use super::refuse::{Refusal, asker};
use crate::desk::Question;
use crate::{literal, without_zeros};

/// Rows of one answer, unless fewer are asked for.
const MOST: usize = 1_000;

/// Who asks for a list, and for which part of it.
pub(super) struct Asked<P> {
    credential: std::sync::Arc<str>,
    /// The reporter that asks: it sees its own rows.
    pub(super) own: Option<String>,
    pub(super) parameters: P,
}

impl<P: DeserializeOwned> FromRequestParts<Served> for Asked<P> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, served: &Served) -> Result<Self, Refusal> {
        let identity = asker(&served.http, &parts.headers)?;
        let parameters = Query::try_from_uri(&parts.uri);
        let Query(parameters) = parameters.map_err(|error| Refusal::of_query(&error.body_text()))?;
        let is_own = identity.role == Role::Reporter;
        let own = is_own.then(|| identity.reporter.as_deref().unwrap_or_default().to_owned());
        Ok(Self { credential: identity.credential, own, parameters })
    }
}

impl<P> Asked<P> {
    /// The reporter whose rows are asked for, where others name one; none = everybody's.
    ///
    /// # Errors
    /// A reporter names another one.
    fn reporter<'a>(&'a self, named: Option<&'a str>) -> Result<Option<&'a str>, Refusal> {
        match (self.own.as_deref(), named) {
            (Some(own), Some(named)) if own != named => Err(Refusal::found(
                Code::QueryInvalid,
                format!("reporter={named:?}: this token sees the rows of {own} alone; leave the parameter out"),
            )),
            (own, named) => Ok(own.or(named)),
        }
    }
}

/// A period that is asked for, as the views write it.
fn period(text: Option<&str>) -> Result<Option<String>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let refuse = |error: PeriodError| Refusal::found(error.code(), format!("period={text:?}"));
    Period::parse(text).map(|period| Some(period.to_string())).map_err(refuse)
}

/// Refuses a reporter of whom there is nothing because the catalog does not have it.
async fn known(served: &Served, reporter: Option<&str>, batches: &[RecordBatch]) -> Result<(), Refusal> {
    let Some(reporter) = reporter.filter(|_| batches.iter().all(|batch| batch.num_rows() == 0)) else { return Ok(()) };
    match served.desk.catalog().await?.reporter(reporter) {
        Some(_) => Ok(()),
        None => Err(Refusal::found(Code::QueryInvalid, format!("reporter={reporter:?}"))),
    }
}

/// The condition of a question: columns that must have these texts.
fn condition(columns: &[(&str, Option<&str>)]) -> String {
    let equal = columns.iter().filter_map(|(column, value)| Some(format!("{column} = {}", literal((*value)?))));
    let equal: Vec<_> = equal.collect();
    if equal.is_empty() { "true".to_owned() } else { equal.join(" and ") }
}

/// One row of an answer.
struct Row<'a> {
    batch: &'a RecordBatch,
    row: usize,
}

impl Row<'_> {
    fn all(batches: &[RecordBatch]) -> impl Iterator<Item = Row<'_>> {
        batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |row| Row { batch, row }))
    }

    fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        text(self.batch, self.at(name)?, self.row)
    }

    /// A text that is never null.
    fn word(&self, name: &str) -> Result<String, Refusal> {
        Ok(self.text(name)?.unwrap_or_default())
    }

    fn number(&self, name: &str) -> Result<i64, Refusal> {
        Ok(number(self.batch, self.at(name)?, self.row)?.unwrap_or_default())
    }

    fn flag(&self, name: &str) -> Result<bool, Refusal> {
        Ok(self.text(name)?.as_deref() == Some("true"))
    }

    /// An exact decimal without the zeros that say nothing.
    fn exact(&self, name: &str) -> Result<Option<String>, Refusal> {
        Ok(self.text(name)?.map(|text| without_zeros(&text).to_owned()))
    }

    fn instant(&self, name: &str) -> Result<Option<String>, Refusal> {
        let at = self.at(name)?;
        if self.batch.column(at).is_null(self.row) {
            return Ok(None);
        }
        moment(self.batch, at, self.row).map(Some)
    }

    fn at(&self, name: &str) -> Result<usize, Refusal> {
        self.batch.schema_ref().index_of(name).map_err(Refusal::unavailable)
    }
}

/// Rows for an asker, and T in RFC 3339.
async fn rows<P>(served: &Served, asked: &Asked<P>, text: String) -> Result<(Vec<RecordBatch>, String), Refusal> {
    let question = Question { text, is_ours: true, ..Question::default() };
    let answer = served.desk.ask(&asked.credential, question).await?;
    Ok((answer.rows.collect().await?, rfc_3339(answer.provenance.as_of)))
}
