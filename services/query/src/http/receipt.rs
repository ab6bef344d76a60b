//! `GET /v1/submissions/{id}`: what became of a submission, from the lake, at once or as soon as it is known.

pub(super) mod list;
pub(super) mod outcomes;
pub(super) mod read;
mod wait;
mod withdrawals;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use helan_http::ErrorBody;
use helan_lake::{Lake, TableSnapshot};
use helan_runtime::clock::CLOCKS_DIFFER;
use helan_runtime::credentials::Role;
use helan_schemas::refusal::Code;
use helan_schemas::tables::Table;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::read::{Address, places, published_in, reasons};
pub(super) use self::wait::MOST_WAITING;
use self::wait::Wait;
use self::withdrawals::Withdrawals;
use super::refuse::{Refusal, asker};
use super::{Http, PartitionEnd, Served};

/// What became of a submission.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Receipt {
    /// The submission's id.
    pub submission: String,
    /// `pending` (not in the lake yet), `accepted`, `repeat` (nothing of it was new), `refused`. Where the same id was sent
    /// several times: what became of the last.
    #[schema(example = "accepted")]
    pub state: String,
    /// The state in a sentence, in Chinese.
    pub message_zh: String,
    /// The state in a sentence, in English.
    pub message_en: String,
    /// Events in it.
    pub events: i64,
    /// Events that were new.
    pub accepted: i64,
    /// Events that repeat accepted ones and were dropped.
    pub repeated: i64,
    /// Of the repeats, those that were withdrawn before: they stay withdrawn.
    pub withdrawn: i64,
    /// Of the new events, those that withdraw an earlier one.
    pub withdrawals: i64,
    /// Version of the table `submissions` that was read.
    pub table_version: u64,
    /// Where it lies in the log; several places if it was sent several times.
    pub places: Vec<Place>,
    /// Why it was refused.
    pub reasons: Vec<Reason>,
    /// Publications that count events of it.
    pub publications: Vec<String>,
}

/// One record of the log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Place {
    /// CloudEvents source.
    pub source: String,
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i64,
    /// Offset.
    pub offset: i64,
    /// When it was received, RFC 3339.
    pub received_at: String,
    /// When Helan recorded it, RFC 3339.
    pub recorded_at: String,
    /// accepted, repeat or refused.
    pub outcome: String,
    /// Events in it.
    pub events: i64,
    /// Events that were new.
    pub accepted: i64,
    /// Events that repeat accepted ones.
    pub repeated: i64,
    /// Of the repeats, those that were withdrawn before; none where an older build recorded it.
    pub withdrawn: Option<i64>,
    /// Digest of its content: tells submissions of one id apart; none where an older build recorded it.
    pub content: Option<String>,
}

/// One reason of a refusal.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Reason {
    /// Code; see ERRORS.md.
    pub code: String,
    /// Who refused: `ingest` or `aggregator`.
    pub stage: String,
    /// Event or row at fault, from 1.
    pub row: Option<i64>,
    /// The event's id.
    pub id: Option<String>,
    /// Field at fault.
    pub field: Option<String>,
    /// What is wrong, in Chinese.
    pub message_zh: String,
    /// What is wrong, in English.
    pub message_en: String,
    /// What to do, in Chinese.
    pub hint_zh: String,
    /// What to do, in English.
    pub hint_en: String,
}

/// What the query of a request may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    wait: Option<String>,
    content: Option<String>,
}

/// Which submission is asked for.
#[derive(Clone, Copy, Debug)]
struct Asked<'a> {
    id: &'a str,
    /// A reporter sees its own submissions only; of others it hears what it would hear of an id never used.
    reporter: Option<&'a str>,
    content: Option<&'a str>,
}

/// What became of a submission: whether it is in the lake yet, as what, in which publications, or why it was refused.
///
/// With `Prefer: wait=5` or `?wait=5s` the answer waits until that is known, thirty seconds at most.
#[utoipa::path(
    get, path = "/v1/submissions/{id}", tag = "query", security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The submission's id, as the answer to sending it names it."),
        ("wait" = Option<String>, Query, description = "How long to wait for the outcome: 5, 5s or 500ms; 30s at most."),
        ("content" = Option<String>, Query, description = "Digest of its content, as in status_url: only that of several contents sent under one id."),
        ("Prefer" = Option<String>, Header, description = "wait=5 (RFC 7240), the same in seconds; Preference-Applied says for how long."),
    ),
    responses(
        (status = 200, description = "What became of it.", body = Receipt),
        (status = 400, description = "A query parameter is wrong.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 404, description = "This credential has no submission with this id: all that the log had when this was asked is in the lake.", body = ErrorBody, content_type = "application/problem+json"),
        (status = 503, description = "The lake cannot be read now.", body = ErrorBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn receipt(
    State(served): State<Served>,
    Path(id): Path<String>,
    parameters: Result<Query<Parameters>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let identity = asker(&served.http, &headers)?;
    let Query(parameters) = parameters.map_err(|error| Refusal::of_query(&error.body_text()))?;
    let reporter = match (identity.role, identity.reporter) {
        (Role::Reporter, Some(reporter)) => Some(reporter.to_string()),
        _ => None,
    };
    let asked = Asked { id: &id, reporter: reporter.as_deref(), content: parameters.content.as_deref() };
    let wait = Wait::of(parameters.wait.as_deref(), &headers, &served.waiting)?;
    let mut receipt = outcome(&served.http, asked, &wait).await?;
    tell_of_clock(&mut receipt, served.http.clock.now());
    Ok((wait.applied(), Json(receipt)).into_response())
}

/// Looks until there is an outcome, until it is certain that there is nothing to have one, or until the time is over.
async fn outcome(http: &Http, asked: Asked<'_>, wait: &Wait) -> Result<Receipt, Refusal> {
    let receipt = look(&http.lake, asked, None).await?;
    if receipt.state != PENDING {
        return Ok(receipt);
    }
    // Read before the tables: what was in the log by now is in them once they have come so far.
    let ends = http.log.ends().await.map_err(Refusal::unavailable)?;
    loop {
        let passed = passed(http, &ends).await?;
        let receipt = look(&http.lake, asked, None).await?;
        match receipt.state.as_str() {
            PENDING if passed => return Err(Code::SubmissionUnknown.into()),
            PENDING if wait.goes_on().await => {}
            _ => return Ok(receipt),
        }
    }
}

/// Whether the tables have everything that was in the log when these were its ends.
async fn passed(http: &Http, ends: &[PartitionEnd]) -> Result<bool, Refusal> {
    let mut tables = BTreeMap::new();
    for table in Table::FED {
        tables.insert(table, http.lake.newest(table).await.map_err(Refusal::unavailable)?);
    }
    for end in ends {
        let app_id = http.lake.offset_app_id(&end.topic, end.partition);
        for snapshot in Table::fed_by(&end.topic).iter().filter_map(|table| tables.get(table)) {
            let next = snapshot.txn(&app_id).await.map_err(Refusal::unavailable)?;
            // What the log has forgotten is not waited for.
            if next.unwrap_or(end.first).max(end.first) < end.next {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// What the tables have now; of one record of the log, if one is asked for.
async fn look(lake: &Lake, asked: Asked<'_>, record: Option<(&str, i64, i64)>) -> Result<Receipt, Refusal> {
    let submissions = lake.newest(Table::Submissions).await.map_err(Refusal::unavailable)?;
    let refusals: TableSnapshot = lake.newest(Table::Refusals).await.map_err(Refusal::unavailable)?;
    let places = places(&submissions, asked).await?;
    // Events are committed last. What is not among them yet is not settled: who asks for it now would not find it.
    let events = lake.newest(Table::Events).await.map_err(Refusal::unavailable)?;
    let mut settled = Vec::new();
    for place in places {
        let partition = i32::try_from(place.partition).map_err(Refusal::unavailable)?;
        let next = events.txn(&lake.offset_app_id(&place.topic, partition)).await.map_err(Refusal::unavailable)?;
        if next.is_none_or(|next| next > place.offset) {
            settled.push(place);
        }
    }
    let mut places = settled;
    if let Some(record) = record {
        let is_it = |place: &Place| (place.topic.as_str(), place.partition, place.offset) == record;
        places.truncate(places.iter().position(is_it).map_or(0, |at| at + 1));
    }
    let reasons = reasons(&refusals, asked).await?;
    let mut publications = Vec::new();
    if places.iter().any(|place| place.accepted > 0) {
        let published = lake.newest(Table::Publications).await.map_err(Refusal::unavailable)?;
        let inputs = lake.newest(Table::PublicationInputs).await.map_err(Refusal::unavailable)?;
        publications = published_in(&published, &inputs, asked.id).await?;
    }
    let withdrawals = match places.last().filter(|place| place.accepted > 0) {
        Some(place) => withdrawals::of(&events, place).await?,
        None => Withdrawals::default(),
    };
    Ok(summed_up(asked.id.to_owned(), submissions.version(), places, reasons, publications, withdrawals))
}

/// Says of a submission that was received by a clock far ahead from when on it counts.
fn tell_of_clock(receipt: &mut Receipt, now: i64) {
    let Some(recorded) = receipt.places.last().and_then(|place| place.recorded_at.parse::<Timestamp>().ok()) else {
        return;
    };
    if receipt.state == "accepted" && recorded.as_microsecond() - now > CLOCKS_DIFFER {
        receipt.message_zh += &format!("；接收服务的时钟偏快，自 {recorded} 起才计入，请联系运维人员");
        receipt.message_en +=
            &format!("; the receiving service's clock ran ahead, so it counts from {recorded} on: tell the operator");
    }
}

/// What is said behind a repeat, in Chinese and English: a correction is not undone by it.
pub const STILL_CORRECTED: (&str, &str) = (
    "；此后如有更正，更正仍然有效：要改回这些数，请用新编号（id）报送",
    ". What corrected them since still counts: to go back to these values, send them under new ids",
);

/// What is said behind a count of repeats of which some had been withdrawn, in Chinese and English; empty if none had.
pub fn still_withdrawn(count: u64) -> (String, String) {
    if count == 0 {
        return (String::new(), String::new());
    }
    (
        format!("；其中 {count} 条此前已撤回，仍为撤回状态：如需恢复，请用新编号（id）重新报送"),
        format!(
            "; {count} of the repeats were withdrawn before and stay withdrawn: to report them again, send them under new ids"
        ),
    )
}

/// The state of what is not in the lake yet.
const PENDING: &str = "pending";

fn summed_up(
    submission: String,
    table_version: u64,
    places: Vec<Place>,
    reasons: Vec<(Address, Reason)>,
    publications: Vec<String>,
    withdrawals: Withdrawals,
) -> Receipt {
    let last = places.last();
    let (events, accepted, repeated) = last.map_or((0, 0, 0), |place| (place.events, place.accepted, place.repeated));
    let withdrawn = last.and_then(|place| place.withdrawn).unwrap_or_default();
    let refused = |reason: &(Address, Reason)| match last {
        // Of a record of the log, its own reasons; of what never came so far, those of ingest.
        Some(Place { topic, partition, offset, .. }) => reason.0 == (topic.clone(), *partition, *offset),
        None => reason.1.stage == "ingest",
    };
    let reasons: Vec<_> = reasons.into_iter().filter(refused).map(|(_, reason)| reason).collect();
    let state = match last.map(|place| place.outcome.as_str()) {
        Some(outcome) => outcome,
        None if reasons.is_empty() => PENDING,
        None => "refused",
    };
    let before = places.iter().rev().skip(1).find(|place| place.accepted > 0);
    let (mut message_zh, mut message_en) = match (state, before) {
        (PENDING, _) => (
            "尚未入库，仍在处理；可用 ?wait=5s 等待结果".to_owned(),
            "not in the lake yet: it is being processed; ask with ?wait=5s to wait for the outcome".to_owned(),
        ),
        ("accepted", _) => (
            format!("已入库：{events} 条中 {accepted} 条为新数据，{repeated} 条重复"),
            match (events, repeated) {
                (1, _) => "in the lake: 1 event, which is new".to_owned(),
                (_, 0) => format!("in the lake: {events} events, all new"),
                _ => format!("in the lake: {accepted} of {events} events are new, {repeated} repeated"),
            },
        ),
        ("repeat", _) => (
            format!("重复提交：{events} 条此前均已入库，未作更改{}", STILL_CORRECTED.0),
            format!("a repeat: all {events} events were in the lake before; nothing was changed{}", STILL_CORRECTED.1),
        ),
        (_, None) => (
            format!("本次报送未通过，共 {} 处问题，未入库", reasons.len()),
            format!("refused as a whole for {}; nothing of it is in the lake", counted(reasons.len(), "reason")),
        ),
        (_, Some(before)) => (
            format!(
                "最近一次报送未通过，共 {} 处问题；此前以该编号接收的 {} 条（{}）仍在库中",
                reasons.len(),
                before.accepted,
                before.received_at
            ),
            format!(
                "what was sent last under this id was refused for {}; {} accepted under it before, received {}, still in \
                 the lake",
                counted(reasons.len(), "reason"),
                counted(usize::try_from(before.accepted).unwrap_or_default(), "event"),
                before.received_at
            ),
        ),
    };
    let told = withdrawals.told();
    message_zh += &told.0;
    message_en += &told.1;
    let (zh, en) = still_withdrawn(withdrawn.unsigned_abs());
    message_zh += &zh;
    message_en += &en;
    let state = state.to_owned();
    let reasons = if state == "refused" { reasons } else { Vec::new() };
    Receipt {
        submission,
        state,
        message_zh,
        message_en,
        events,
        accepted,
        repeated,
        withdrawn,
        withdrawals: withdrawals.all as i64,
        table_version,
        places,
        reasons,
        publications,
    }
}

/// A number of things, in English.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(outcome: &str, accepted: i64, repeated: i64) -> Place {
        Place {
            source: "/nx/yinchuan".to_owned(),
            topic: "helan.city.v1".to_owned(),
            partition: 0,
            offset: 0,
            received_at: String::new(),
            recorded_at: String::new(),
            outcome: outcome.to_owned(),
            events: accepted + repeated,
            accepted,
            repeated,
            withdrawn: None,
            content: None,
        }
    }

    #[test]
    fn the_last_time_it_was_sent_says_what_it_is() {
        let receipt = |places| summed_up("s".to_owned(), 1, places, Vec::new(), Vec::new(), Withdrawals::default());
        assert_eq!(receipt(Vec::new()).state, "pending");
        assert_eq!(receipt(vec![place("accepted", 3, 0)]).state, "accepted");
        let again = receipt(vec![place("accepted", 3, 0), place("repeat", 0, 3)]);
        assert_eq!((again.state.as_str(), again.accepted, again.repeated, again.places.len()), ("repeat", 0, 3, 2));
    }

    #[test]
    fn what_was_accepted_before_a_refusal_is_not_denied() {
        let reason = |offset: i64, code: &str| {
            let [message_zh, message_en, hint_zh, hint_en] = [(); 4].map(|()| String::new());
            let (code, stage) = (code.to_owned(), "aggregator".to_owned());
            let reason =
                Reason { code, stage, row: None, id: None, field: None, message_zh, message_en, hint_zh, hint_en };
            (("helan.city.v1".to_owned(), 0, offset), reason)
        };
        let reasons = vec![reason(7, "id_conflict"), reason(3, "idempotency_key_reused")];
        let refused = Place { offset: 3, events: 1, ..place("refused", 0, 0) };
        let receipt =
            |places| summed_up("s".to_owned(), 1, places, reasons.clone(), Vec::new(), Withdrawals::default());
        let again = receipt(vec![place("accepted", 2, 0), refused.clone()]);
        assert_eq!((again.state.as_str(), again.reasons.len()), ("refused", 1));
        assert_eq!(again.reasons[0].code, "idempotency_key_reused");
        assert!(again.message_en.contains("2 events accepted") && again.message_en.contains("still in the lake"));
        assert!(again.message_en.contains("refused for 1 reason;"), "{}", again.message_en);
        let alone = receipt(vec![refused]);
        assert!(alone.message_en.ends_with("nothing of it is in the lake"), "{}", alone.message_en);
        assert_eq!(receipt(Vec::new()).state, "pending", "reasons of other contents are not its own");
    }

    #[test]
    fn a_receipt_names_a_clock_that_ran_ahead() {
        let said = |recorded_at: &str| {
            let place = Place { recorded_at: recorded_at.to_owned(), ..place("accepted", 1, 0) };
            let mut receipt = summed_up("s".to_owned(), 1, vec![place], Vec::new(), Vec::new(), Withdrawals::default());
            tell_of_clock(&mut receipt, 1_500_000_000_000_000);
            (receipt.message_zh, receipt.message_en)
        };
        let (zh, en) = said("2017-07-15T02:40:00Z");
        assert!(zh.contains("2017-07-15T02:40:00Z") && en.contains("counts from 2017-07-15T02:40:00Z on"), "{zh} {en}");
        for right in ["2017-07-14T02:40:00Z", "2017-07-14T02:49:00Z", ""] {
            assert!(!said(right).1.contains("clock"), "{right}");
        }
    }
}
