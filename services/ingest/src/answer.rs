//! What the service answers: a receipt, or every error.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use helan_http::{ErrorAnswer, ErrorLine};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::outcome::OutcomeAnswer;
use crate::problems::{Problem, Problems};
use crate::workbook::MEDIA_TYPE;

/// The log has acknowledged the submission: it cannot be lost any more.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Accepted {
    /// Id of the submission.
    #[schema(example = "yinchuan.2018-08")]
    pub submission: String,
    /// Digest of its content: tells submissions of one `Idempotency-Key` apart.
    #[serde(default)]
    pub content: String,
    /// How many events it has.
    pub events: u32,
    /// CloudEvents source of all of them.
    pub source: String,
    /// Where to ask what became of it.
    #[schema(example = "/v1/submissions/yinchuan.2018-08")]
    pub status_url: String,
    /// When it was received, RFC 3339.
    pub received_at: String,
    /// Address in the log: topic.
    pub topic: String,
    /// Address in the log: partition.
    pub partition: i32,
    /// Address in the log: offset.
    pub offset: i64,
    /// Digest of the catalog by which it was judged.
    pub catalog: String,
    /// Tables only: the charset that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charset: Option<CharsetUsed>,
    /// Workbooks and templates only: what was read of the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<TableRead>,
    /// Cells that stand in several rows with one value; absent if none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeated_cells: Option<RepeatedCells>,
    /// What became of it, where the request waits for that and it was known in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OutcomeAnswer>,
}

/// Cells that stand in several rows of a submission with one value: harmless, and seldom meant. With different values they
/// are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RepeatedCells {
    /// How many rows only repeat what an earlier one says.
    pub count: u32,
    /// That in a sentence, in Chinese.
    pub message_zh: String,
    /// That in a sentence, in English.
    pub message_en: String,
    /// The first of them.
    pub cells: Vec<RepeatedCell>,
}

/// A cell and two rows that say it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RepeatedCell {
    /// Area, indicator and period.
    #[schema(example = "640100 rd_expenditure 2018")]
    pub cell: String,
    /// The first row that says it.
    pub first: RowAt,
    /// The row that says it again.
    pub again: RowAt,
}

/// Where an event stands in what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowAt {
    /// Event or row, from 1, without the header row.
    pub row: u32,
    /// Line of the text or row of the sheet, from 1, in tables and lines of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

impl RowAt {
    /// The number by which a reader finds it: the line where there are lines, else which event it is.
    pub(crate) fn shown(self) -> u32 {
        self.line.unwrap_or(self.row)
    }
}

impl RepeatedCells {
    /// With its sentences.
    pub(crate) fn told(self) -> Self {
        let shown = self.cells.iter().map(|cell| {
            let RepeatedCell { cell, first, again } = cell;
            format!("{cell} ({} = {})", first.shown(), again.shown())
        });
        let mut list = shown.collect::<Vec<_>>().join(", ");
        if self.cells.len() < self.count as usize {
            list.push_str(" …");
        }
        let message_zh = format!("{} 行重复报送了同一数据项，数值相同（括号内为行号）：{list}", self.count);
        let message_en = format!(
            "{} row(s) report the same cell again with the same value (row numbers in brackets): {list}",
            self.count
        );
        Self { message_zh, message_en, ..self }
    }
}

/// What was read of a workbook or a filled-in template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableRead {
    /// Workbooks: the sheet that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "数据")]
    pub sheet: Option<String>,
    /// Rows that became events.
    pub reported: u32,
    /// Rows whose value was left blank: nothing is reported for them, which is not zero.
    pub not_reported: u32,
    /// Workbooks: values that formulas had computed when the file was saved.
    #[serde(default)]
    pub formulas: u32,
    /// The cells of the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub formula_cells: Vec<String>,
    /// Workbooks: numbers stored with more than the 15 digits that spreadsheets show, and rounded to those.
    #[serde(default)]
    pub rounded: u32,
    /// The cells of the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounded_cells: Vec<String>,
    /// Workbooks: values whose cells show fewer digits than they hold. What they hold was taken.
    #[serde(default)]
    pub shorter: u32,
    /// The cells of the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shorter_cells: Vec<String>,
}

/// The charset in which a table was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CharsetUsed {
    /// Its name in the WHATWG Encoding Standard, in lowercase: `utf-8`, `gb18030`, `windows-1252` …
    pub name: String,
    /// Why this one.
    pub how: HowKnown,
}

/// How a charset is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HowKnown {
    /// `Content-Type` names it.
    Named,
    /// The file begins with a byte order mark.
    ByteOrderMark,
    /// The bytes can be nothing else.
    Detected,
    /// A heading `#charset=` names it.
    Form,
    /// The catalog names it for the reporter.
    Reporter,
}

impl From<&Problem> for ErrorLine {
    fn from(problem: &Problem) -> Self {
        Self {
            row: problem.row,
            line: problem.line,
            id: problem.id.clone(),
            field: problem.field.clone(),
            cell: problem.spot.as_ref().map(ToString::to_string),
            label: problem.spot.as_ref().map(|spot| spot.label.clone()),
            code: problem.code.code().to_owned(),
            message_zh: problem.message_zh(),
            message_en: problem.message_en(),
            hint_zh: problem.hint_zh(),
            hint_en: problem.code.hint_en().to_owned(),
        }
    }
}

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        let location = HeaderValue::try_from(&self.status_url).map(|url| [(header::LOCATION, url)]);
        let status = if self.outcome.is_some() { StatusCode::OK } else { StatusCode::ACCEPTED };
        let answer = (status, Json(self));
        match location {
            Ok(location) => (location, answer).into_response(),
            Err(_) => answer.into_response(),
        }
    }
}

/// Answers with errors; `submission` is the id under which the refusal is kept.
pub(crate) fn refuse(problems: &Problems, submission: Option<String>) -> Response {
    let code = problems.code();
    let errors: Vec<_> = problems.list().iter().map(ErrorLine::from).collect();
    let answer = ErrorAnswer {
        status: code.status(),
        code: code.code().to_owned(),
        message_zh: errors[0].message_zh.clone(),
        message_en: errors[0].message_en.clone(),
        submission,
        errors,
        more: problems.more(),
    };
    helan_http::respond(code, answer)
}

/// Answers with the sender's own workbook, in which the mistakes are marked; the status tells that it is refused.
pub(crate) fn refuse_marked(problems: &Problems, submission: Option<String>, workbook: Vec<u8>) -> Response {
    let mut response = refuse(problems, submission.clone());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"marked.xlsx\""));
    headers.insert("helan-errors", HeaderValue::from(problems.count()));
    if let Some(Ok(id)) = submission.map(HeaderValue::try_from) {
        headers.insert("helan-submission", id);
    }
    *response.body_mut() = workbook.into();
    response
}
