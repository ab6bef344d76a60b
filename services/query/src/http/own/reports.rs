//! `GET /v1/reports`: what is owed, until when, what has come, and what is late.

use axum::Json;
use axum::extract::State;
use helan_http::ErrorBody;
use helan_schemas::refusal::Code;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Asked, MOST, Row, condition, known, period, rows};
use crate::http::Served;
use crate::http::refuse::Refusal;

/// How a report stands, as the view writes it.
const STATUSES: [&str; 4] = ["missing", "not_due", "late", "on_time"];

/// What the query of a request may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Parameters {
    reporter: Option<String>,
    period: Option<String>,
    status: Option<String>,
    limit: Option<usize>,
}

/// What is owed, as of now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReportList {
    /// When this was so, RFC 3339.
    pub as_of: String,
    /// How many reports of those that were asked for are owed in all.
    pub owed: u64,
    /// Of these: due and not sent.
    pub missing: u64,
    /// Of these: not sent, and not due yet.
    pub not_due: u64,
    /// Of these: sent after the due date.
    pub late: u64,
    /// Of these: sent in time.
    pub on_time: u64,
    /// Each of them, those that are due first in front.
    pub reports: Vec<ReportEntry>,
    /// Whether there are more than are listed; ask by period or status.
    pub more: bool,
}

/// A report that is owed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReportEntry {
    /// Id of the obligation in the catalog.
    pub obligation: String,
    /// Who owes it.
    pub reporter: String,
    /// For which area.
    pub ref_area: String,
    /// Its name in Chinese.
    pub area_zh: String,
    /// Its name in English.
    pub area_en: String,
    /// Which indicator.
    pub indicator: String,
    /// Its name in Chinese.
    pub indicator_zh: String,
    /// Its name in English.
    pub indicator_en: String,
    /// For which period.
    #[schema(example = "2018")]
    pub time_period: String,
    /// Last day on which it is in time, in the catalog's time zone.
    #[schema(example = "2019-04-30")]
    pub due: String,
    /// `on_time`, `late` (sent after that day), `missing` (due, and not sent) or `not_due` (not sent yet).
    #[schema(example = "missing")]
    pub status: String,
    /// Days after the due date on which it came, or that have begun without it; 0 in time.
    pub days_late: i64,
    /// When the first that counts was received, RFC 3339.
    pub first_received_at: Option<String>,
    /// How many were received and not withdrawn.
    pub standing: i64,
    /// Whether what was sent says that there is no value.
    pub without_value: bool,
    /// How it stands, in Chinese.
    pub message_zh: String,
    /// How it stands, in English.
    pub message_en: String,
    /// Where the form for it is, if it is not sent yet.
    #[schema(example = "/v1/templates/nx-stats?period=2018")]
    pub template: Option<String>,
}

/// What is owed, due, sent and late: a reporter's own reports, or everybody's for others.
#[utoipa::path(
    get, path = "/v1/reports", tag = "query", operation_id = "list_reports", security(("bearer" = [])),
    params(
        ("period" = Option<String>, Query, description = "2018, 2018-Q2 …; every period without it."),
        ("status" = Option<String>, Query, description = "missing, not_due, late or on_time."),
        ("reporter" = Option<String>, Query, description = "Analysts and operators: only this reporter's. A reporter always sees its own."),
        ("limit" = Option<u32>, Query, description = "How many are listed; 1000 at most."),
    ),
    responses(
        (status = 200, description = "What is owed.", body = ReportList),
        (status = 400, description = "A query parameter is wrong.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 422, description = "The period is ill-formed, or the query exceeded the limit on time or memory.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 429, description = "This credential has too many questions running; see Retry-After.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 503, description = "Too many questions are running, or the lake cannot be read; see Retry-After.", body = ErrorBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn list(
    State(served): State<Served>,
    asked: Asked<Parameters>,
) -> Result<Json<ReportList>, Refusal> {
    let parameters = &asked.parameters;
    let reporter = asked.reporter(parameters.reporter.as_deref())?;
    if let Some(status) = parameters.status.as_deref().filter(|status| !STATUSES.contains(status)) {
        return Err(Refusal::found(Code::QueryInvalid, format!("status={status:?}")));
    }
    let question = question(reporter, period(parameters.period.as_deref())?.as_deref(), parameters);
    let (batches, as_of) = rows(&served, &asked, question).await?;
    known(&served, reporter, &batches).await?;
    let reports = Row::all(&batches).map(|row| entry(&row)).collect::<Result<Vec<_>, _>>()?;
    Ok(Json(listed(reports, as_of, parameters.limit)))
}

fn question(reporter: Option<&str>, period: Option<&str>, parameters: &Parameters) -> String {
    let wanted = condition(&[
        ("owed.reporter", reporter),
        ("owed.time_period", period),
        ("owed.status", parameters.status.as_deref()),
    ]);
    format!(
        "select owed.*, indicators.name_zh as indicator_zh, indicators.name_en as indicator_en from completeness as owed \
         left join indicators on indicators.indicator = owed.indicator where {wanted} \
         order by owed.due, owed.time_period, owed.reporter, owed.ref_area, owed.indicator, owed.obligation"
    )
}

fn entry(row: &Row<'_>) -> Result<ReportEntry, Refusal> {
    let (reporter, time_period, due) = (row.word("reporter")?, row.word("time_period")?, row.word("due")?);
    let (status, days_late) = (row.word("status")?, row.number("days_late")?);
    let without_value = row.flag("without_value")?;
    let (mut message_zh, mut message_en) = match status.as_str() {
        "on_time" => ("已按期报送".to_owned(), "sent in time".to_owned()),
        "late" => (format!("已报送，迟报 {days_late} 天"), format!("sent {days_late} day(s) late")),
        "missing" => (
            format!("逾期未报：期限 {due}，已逾期 {days_late} 天"),
            format!("not sent; it was due on {due}, {days_late} day(s) ago"),
        ),
        _ => (format!("尚未报送，期限 {due}"), format!("not sent yet; due on {due}")),
    };
    if without_value {
        message_zh.push_str("（报为无数据）");
        message_en.push_str(", as having no value");
    }
    let sent = matches!(status.as_str(), "on_time" | "late");
    Ok(ReportEntry {
        template: (!sent).then(|| format!("/v1/templates/{reporter}?period={time_period}")),
        obligation: row.word("obligation")?,
        ref_area: row.word("ref_area")?,
        area_zh: row.word("name_zh")?,
        area_en: row.word("name_en")?,
        indicator: row.word("indicator")?,
        indicator_zh: row.word("indicator_zh")?,
        indicator_en: row.word("indicator_en")?,
        first_received_at: row.instant("first_received_at")?,
        standing: row.number("values_standing")?,
        reporter,
        time_period,
        due,
        status,
        days_late,
        without_value,
        message_zh,
        message_en,
    })
}

fn listed(mut reports: Vec<ReportEntry>, as_of: String, limit: Option<usize>) -> ReportList {
    let count = |status: &str| reports.iter().filter(|report| report.status == status).count() as u64;
    let [missing, not_due, late, on_time] = STATUSES.map(count);
    let owed = reports.len() as u64;
    let most = limit.unwrap_or(MOST).min(MOST);
    let more = reports.len() > most;
    reports.truncate(most);
    ReportList { as_of, owed, missing, not_due, late, on_time, reports, more }
}
