//! `GET /v1/findings`: what validation has to say of accepted values, and what to do about it.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use helan_http::ErrorBody;
use helan_schemas::refusal::Code;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::advice::{ANOTHER_REPORTER, Advice, Compared, YOURS_COUNTS};
use super::{Asked, MOST, Row, condition, known, literal, period, rows};
use crate::http::Served;
use crate::http::refuse::Refusal;

/// What the query of a request may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Parameters {
    reporter: Option<String>,
    period: Option<String>,
    finding: Option<String>,
    open: Option<bool>,
    limit: Option<usize>,
}

/// What validation has to say, as of now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FindingList {
    /// When this was so, RFC 3339.
    pub as_of: String,
    /// How many of those that were asked for there are in all.
    pub found: u64,
    /// Of these: ask for an explanation and have none yet.
    pub unexplained: u64,
    /// Each of them; findings without an explanation come first.
    pub findings: Vec<FindingEntry>,
    /// Whether there are more than are listed; ask by period or kind.
    pub more: bool,
}

/// What was found of one value.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FindingEntry {
    /// Kind, as in the view `findings`: `jump`, `parts_differ`, `two_reporters` …
    #[schema(example = "jump")]
    pub finding: String,
    /// `soft` (asks for an explanation) or `info`; `two_reporters` is `info` for the reporter whose value counts.
    pub severity: String,
    /// Whose value it is about, for a reporter itself; absent where it is about a sum.
    pub reporter: Option<String>,
    /// Area.
    pub ref_area: String,
    /// Its name in Chinese.
    pub area_zh: String,
    /// Its name in English.
    pub area_en: String,
    /// Indicator.
    pub indicator: String,
    /// Its name in Chinese.
    pub indicator_zh: String,
    /// Its name in English.
    pub indicator_en: String,
    /// Period.
    pub time_period: String,
    /// Source of the event that it is about.
    pub source: Option<String>,
    /// Id of that event.
    pub id: Option<String>,
    /// The value, exact, in the plain unit; absent for a reporter where it may be another's.
    pub amount: Option<String>,
    /// What it is compared with; absent for a reporter where it may be made of others' figures.
    pub other_amount: Option<String>,
    /// `amount` less `other_amount`.
    pub difference: Option<String>,
    /// The plain unit of these.
    pub unit: Option<String>,
    /// Rule of the catalog; absent for a check that always runs.
    pub rule: Option<String>,
    /// Whether it asks for an explanation and the value carries one.
    pub explained: bool,
    /// The explanation: the note of the value.
    pub explanation: Option<String>,
    /// What was found, in Chinese.
    pub message_zh: String,
    /// What was found, in English.
    pub message_en: String,
    /// What to do, in Chinese.
    pub hint_zh: String,
    /// What to do, in English.
    pub hint_en: String,
}

/// What validation found in accepted values, and what to do: of a reporter's own values, or of everybody's for others.
///
/// Values of other reporters are not shown to a reporter. A cell that two reporters sent (`two_reporters`) is listed for
/// both: each sees its own event and amount and whether its value counts, and never the name, the event, the amount or the
/// note of the other. The one whose value does not count is asked for an explanation; for the other it is `info`, once a
/// cell. Analysts and operators see the finding whole, whichever of the two they ask for.
#[utoipa::path(
    get, path = "/v1/findings", tag = "query", operation_id = "list_findings", security(("bearer" = [])),
    params(
        ("period" = Option<String>, Query, description = "2018, 2018-Q2 …; every period without it."),
        ("finding" = Option<String>, Query, description = "Only this kind."),
        ("open" = Option<bool>, Query, description = "true: only what asks for an explanation and has none."),
        ("reporter" = Option<String>, Query, description = "Analysts and operators: only this reporter's. A reporter always sees its own."),
        ("limit" = Option<u32>, Query, description = "How many are listed; 1000 at most."),
    ),
    responses(
        (status = 200, description = "What was found.", body = FindingList),
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
) -> Result<Json<FindingList>, Refusal> {
    let parameters = &asked.parameters;
    let reporter = asked.reporter(parameters.reporter.as_deref())?;
    let finding = parameters.finding.as_deref().filter(|finding| Advice::of(finding).is_none());
    if let Some(finding) = finding {
        return Err(Refusal::found(Code::QueryInvalid, format!("finding={finding:?}")));
    }
    let period = period(parameters.period.as_deref())?;
    let question = question(reporter, asked.own.is_some(), period.as_deref(), parameters);
    let (batches, as_of) = rows(&served, &asked, question).await?;
    known(&served, reporter, &batches).await?;
    let own = asked.own.as_deref();
    let mut findings = Row::all(&batches).map(|row| entry(&row, own)).collect::<Result<Vec<_>, _>>()?;
    if own.is_some() {
        once_a_cell(&mut findings);
    }
    Ok(Json(listed(findings, as_of, parameters.limit)))
}

/// With every finding goes who else has reported, the same series or anything; and with a cell of two reporters the value
/// that counts. That finding is about the other value, whose reporter alone can explain it.
fn question(reporter: Option<&str>, is_own: bool, period: Option<&str>, parameters: &Parameters) -> String {
    let mut wanted = condition(&[("found.time_period", period), ("found.finding", parameters.finding.as_deref())]);
    let counts = match reporter {
        Some(reporter) => format!("coalesce(counting.reporter = {}, false)", literal(reporter)),
        None => "false".to_owned(),
    };
    if let Some(reporter) = reporter {
        wanted.push_str(&format!(" and (found.reporter = {} or {counts})", literal(reporter)));
    }
    let is_open = match is_own {
        true => format!("(found.severity = 'soft' and not found.explained and not {counts})"),
        false => "(found.severity = 'soft' and not found.explained)".to_owned(),
    };
    match parameters.open {
        Some(true) => wanted.push_str(&format!(" and {is_open}")),
        Some(false) => wanted.push_str(&format!(" and not {is_open}")),
        None => {}
    }
    let others = reporter.map_or_else(|| "true".to_owned(), |reporter| format!("reporter <> {}", literal(reporter)));
    format!(
        "with others as (select distinct ref_area, indicator from standing where {others}), \
         any_other as (select count(*) as series from others) \
         select found.*, area_names.name_zh as area_zh, area_names.name_en as area_en, \
         indicators.name_zh as indicator_zh, indicators.name_en as indicator_en, indicators.unit, \
         others.indicator is not null as series_shared, any_other.series > 0 as lake_shared, \
         {counts} as counts, counting.source as counting_source, counting.id as counting_id \
         from findings as found cross join any_other \
         left join others on others.ref_area = found.ref_area and others.indicator = found.indicator \
         left join area_names on area_names.ref_area = found.ref_area \
         left join indicators on indicators.indicator = found.indicator \
         left join current_values as counting on found.finding = 'two_reporters' \
         and counting.ref_area = found.ref_area and counting.indicator = found.indicator \
         and counting.time_period = found.time_period \
         where {wanted} \
         order by {is_open} desc, found.time_period desc, found.ref_area, \
         found.indicator, found.finding, found.source, found.id"
    )
}

fn entry(row: &Row<'_>, own: Option<&str>) -> Result<FindingEntry, Refusal> {
    let (finding, mut severity, mut explained) = (row.word("finding")?, row.word("severity")?, row.flag("explained")?);
    let (mut reporter, mut explanation) = (row.text("reporter")?, row.text("explanation")?);
    let (mut source, mut id) = (row.text("source")?, row.text("id")?);
    let (mut message_zh, mut message_en) = (row.word("message_zh")?, row.word("message_en")?);
    let mut figures = (row.exact("amount")?, row.exact("other_amount")?, row.exact("difference")?);
    let advice = Advice::of(&finding);
    // A kind that is not known here may compare with anything.
    let compared = advice.map_or(Compared::Anything, |advice| advice.compared);
    if own.is_some() && row.flag("counts")? {
        // The finding is about the other's value: its event and its note are not for this reporter.
        (severity, explained, explanation) = ("info".to_owned(), false, None);
        (reporter, source, id) = (own.map(str::to_owned), row.text("counting_source")?, row.text("counting_id")?);
        figures = (figures.0, None, None);
        (message_zh, message_en) = (YOURS_COUNTS.0.to_owned(), YOURS_COUNTS.1.to_owned());
    } else if own.is_some() {
        figures = shown(compared, row.flag("series_shared")?, row.flag("lake_shared")?, figures);
        if compared == Compared::Another {
            (message_zh, message_en) = (ANOTHER_REPORTER.0.to_owned(), ANOTHER_REPORTER.1.to_owned());
        }
    }
    let (hint_zh, hint_en) = match advice {
        _ if explained => ("已有说明，无需处理", "it is explained: nothing to do"),
        Some(advice) => (advice.zh, advice.en),
        None => ("核对该数值", "check the value"),
    };
    let (amount, other_amount, difference) = figures;
    Ok(FindingEntry {
        finding,
        severity,
        reporter,
        ref_area: row.word("ref_area")?,
        area_zh: row.word("area_zh")?,
        area_en: row.word("area_en")?,
        indicator: row.word("indicator")?,
        indicator_zh: row.word("indicator_zh")?,
        indicator_en: row.word("indicator_en")?,
        time_period: row.word("time_period")?,
        source,
        id,
        amount,
        other_amount,
        difference,
        unit: row.text("unit")?,
        rule: row.text("rule")?,
        explained,
        explanation,
        message_zh,
        message_en,
        hint_zh: hint_zh.to_owned(),
        hint_en: hint_en.to_owned(),
    })
}

/// Lists a cell once to the reporter whose value counts there, however many others sent it.
fn once_a_cell(findings: &mut Vec<FindingEntry>) {
    let mut seen = HashSet::new();
    findings.retain(|found| found.finding != "two_reporters" || seen.insert((found.source.clone(), found.id.clone())));
}

/// A value, what it is compared with, and the difference.
type Figures = (Option<String>, Option<String>, Option<String>);

/// What of a finding's figures its reporter may see: none that may be another's, or be made of another's. Others may have
/// sent figures of the series, or any figures.
fn shown(compared: Compared, series_shared: bool, lake_shared: bool, figures: Figures) -> Figures {
    let own = match compared {
        Compared::Own => true,
        Compared::Series => !series_shared,
        Compared::Anything => !lake_shared,
        // The value that counts is the other's.
        Compared::Another => return (figures.1, None, None),
    };
    if own { figures } else { (None, None, None) }
}

fn listed(mut findings: Vec<FindingEntry>, as_of: String, limit: Option<usize>) -> FindingList {
    let unexplained = findings.iter().filter(|finding| finding.severity == "soft" && !finding.explained).count() as u64;
    let found = findings.len() as u64;
    let most = limit.unwrap_or(MOST).min(MOST);
    let more = findings.len() > most;
    findings.truncate(most);
    FindingList { as_of, found, unexplained, findings, more }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reporter_sees_no_figure_that_may_be_anothers() {
        let figures = || (Some("own".to_owned()), Some("other".to_owned()), Some("difference".to_owned()));
        let (all, none) = (figures(), (None, None, None));
        for (compared, series_shared, lake_shared, expected) in [
            (Compared::Own, true, true, &all),
            (Compared::Series, false, true, &all),
            (Compared::Series, true, true, &none),
            (Compared::Anything, false, false, &all),
            (Compared::Anything, false, true, &none),
            (Compared::Another, true, true, &(Some("other".to_owned()), None, None)),
        ] {
            assert_eq!(&shown(compared, series_shared, lake_shared, figures()), expected, "{compared:?}");
        }
    }
}
