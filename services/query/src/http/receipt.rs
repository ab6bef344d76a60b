//! `GET /v1/submissions/{id}`: what became of a submission, from the lake.

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use datafusion::logical_expr::{Expr, col, lit};
use helan_lake::TableSnapshot;
use helan_runtime::clock::CLOCKS_DIFFER;
use helan_runtime::credentials::Role;
use helan_schemas::refusal::Code;
use helan_schemas::tables::Table;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Served;
use super::refuse::{ErrorBody, Refusal, asker};

/// What became of a submission.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Receipt {
    /// The submission's id.
    pub submission: String,
    /// `pending` (not in the lake yet, or never sent), `accepted`, `repeat` (nothing of it was new), `refused`. Where
    /// the same id was sent several times: what became of the last.
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

/// What became of a submission: whether it is in the lake yet, as what, in which publications, or why it was refused.
#[utoipa::path(
    get, path = "/v1/submissions/{id}", tag = "query", security(("bearer" = [])),
    params(("id" = String, Path, description = "The submission's id, as the answer to sending it names it.")),
    responses(
        (status = 200, description = "What became of it.", body = Receipt),
        (status = 401, description = "No valid token.", body = ErrorBody),
        (status = 503, description = "The lake cannot be read now.", body = ErrorBody),
    )
)]
pub(super) async fn receipt(
    State(served): State<Served>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Receipt>, Refusal> {
    let identity = asker(&served.http, &headers)?;
    // A reporter sees its own submissions only; of others it hears what it would hear of an id never used.
    let reporter = match (identity.role, identity.reporter) {
        (Role::Reporter, Some(reporter)) => Some(reporter.to_string()),
        _ => None,
    };
    let lake = &served.http.lake;
    let submissions = lake.snapshot(Table::Submissions).await.map_err(Refusal::unavailable)?;
    let refusals = lake.snapshot(Table::Refusals).await.map_err(Refusal::unavailable)?;
    let places = places(&submissions, &id, reporter.as_deref()).await?;
    let reasons = reasons(&refusals, &id, reporter.as_deref()).await?;
    let mut publications = Vec::new();
    if places.iter().any(|place| place.accepted > 0) {
        let published = lake.snapshot(Table::Publications).await.map_err(Refusal::unavailable)?;
        let inputs = lake.snapshot(Table::PublicationInputs).await.map_err(Refusal::unavailable)?;
        publications = published_in(&published, &inputs, &id).await?;
    }
    let mut receipt = summed_up(id, submissions.version(), places, reasons, publications);
    tell_of_clock(&mut receipt, served.http.clock.now());
    Ok(Json(receipt))
}

/// Says of a submission that was received by a clock far ahead from when on it counts.
fn tell_of_clock(receipt: &mut Receipt, now: i64) {
    let Some(recorded) = receipt.places.last().and_then(|place| place.recorded_at.parse::<Timestamp>().ok()) else {
        return;
    };
    if receipt.state == "accepted" && recorded.as_microsecond() - now > CLOCKS_DIFFER {
        receipt.message_zh += &format!("；接收服务的时钟偏快，自 {recorded} 起才计入，请联系管理员");
        receipt.message_en +=
            &format!("; the receiving service's clock ran ahead, so it counts from {recorded} on: tell the operator");
    }
}

fn summed_up(
    submission: String,
    table_version: u64,
    places: Vec<Place>,
    reasons: Vec<Reason>,
    publications: Vec<String>,
) -> Receipt {
    let last = places.last();
    let (events, accepted, repeated) = last.map_or((0, 0, 0), |place| (place.events, place.accepted, place.repeated));
    let state = match last.map(|place| place.outcome.as_str()) {
        Some(outcome) => outcome,
        None if reasons.is_empty() => "pending",
        None => "refused",
    };
    let (message_zh, message_en) = match state {
        "pending" => (
            "尚未入湖：刚刚接收，或从未收到该编号的提交".to_owned(),
            "not in the lake yet: it was only just received, or nothing was ever sent under this id".to_owned(),
        ),
        "accepted" => (
            format!("已入湖：{events} 条中 {accepted} 条为新数据，{repeated} 条重复"),
            format!("in the lake: of {events} events {accepted} were new, {repeated} repeats"),
        ),
        "repeat" => (
            format!("重复提交：{events} 条此前均已入湖，未作更改"),
            format!("a repeat: all {events} events were in the lake before; nothing was changed"),
        ),
        _ => (
            format!("整个提交被拒收，原因 {} 条，未入湖", reasons.len()),
            format!("refused as a whole for {} reasons; nothing of it is in the lake", reasons.len()),
        ),
    };
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
        table_version,
        places,
        reasons,
        publications,
    }
}

async fn places(table: &TableSnapshot, id: &str, reporter: Option<&str>) -> Result<Vec<Place>, Refusal> {
    let columns = [
        "source",
        "topic",
        "partition",
        "offset",
        "received_at",
        "recorded_at",
        "outcome",
        "events",
        "accepted",
        "repeated",
    ];
    let mut places = Vec::new();
    for batch in read(table, &columns, of_submission(id, reporter)).await? {
        for row in 0..batch.num_rows() {
            places.push(Place {
                source: text(&batch, 0, row)?.unwrap_or_default(),
                topic: text(&batch, 1, row)?.unwrap_or_default(),
                partition: number(&batch, 2, row)?.unwrap_or_default(),
                offset: number(&batch, 3, row)?.unwrap_or_default(),
                received_at: moment(&batch, 4, row)?,
                recorded_at: moment(&batch, 5, row)?,
                outcome: text(&batch, 6, row)?.unwrap_or_default(),
                events: number(&batch, 7, row)?.unwrap_or_default(),
                accepted: number(&batch, 8, row)?.unwrap_or_default(),
                repeated: number(&batch, 9, row)?.unwrap_or_default(),
            });
        }
    }
    places.sort_by(|a, b| (&a.recorded_at, a.offset).cmp(&(&b.recorded_at, b.offset)));
    Ok(places)
}

async fn reasons(table: &TableSnapshot, id: &str, reporter: Option<&str>) -> Result<Vec<Reason>, Refusal> {
    let columns = ["code", "stage", "index", "id", "field", "message_zh", "message_en"];
    let mut reasons = Vec::new();
    for batch in read(table, &columns, of_submission(id, reporter)).await? {
        for row in 0..batch.num_rows() {
            let code = text(&batch, 0, row)?.unwrap_or_default();
            let known = Code::ALL.iter().find(|known| known.code() == code);
            reasons.push(Reason {
                stage: text(&batch, 1, row)?.unwrap_or_default(),
                row: number(&batch, 2, row)?.map(|index| index + 1),
                id: text(&batch, 3, row)?,
                field: text(&batch, 4, row)?,
                message_zh: text(&batch, 5, row)?.unwrap_or_default(),
                message_en: text(&batch, 6, row)?.unwrap_or_default(),
                hint_zh: known.map_or("", |code| code.hint_zh()).to_owned(),
                hint_en: known.map_or("", |code| code.hint_en()).to_owned(),
                code,
            });
        }
    }
    reasons.sort_by_key(|reason| reason.row);
    Ok(reasons)
}

async fn published_in(publications: &TableSnapshot, inputs: &TableSnapshot, id: &str) -> Result<Vec<String>, Refusal> {
    let mut ids = BTreeSet::new();
    for batch in read(inputs, &["publication"], of_submission(id, None)).await? {
        for row in 0..batch.num_rows() {
            ids.extend(text(&batch, 0, row)?);
        }
    }
    let mut published = Vec::new();
    if !ids.is_empty() {
        for batch in read(publications, &["publication"], lit(true)).await? {
            for row in 0..batch.num_rows() {
                published.extend(text(&batch, 0, row)?.filter(|id| ids.contains(id)));
            }
        }
    }
    Ok(published)
}

fn of_submission(id: &str, reporter: Option<&str>) -> Expr {
    let submission = col("submission").eq(lit(id));
    match reporter {
        Some(reporter) => submission.and(col("reporter").eq(lit(reporter))),
        None => submission,
    }
}

async fn read(table: &TableSnapshot, columns: &[&str], filter: Expr) -> Result<Vec<RecordBatch>, Refusal> {
    let frame = table.read(columns, Some(filter)).map_err(Refusal::unavailable)?;
    frame.collect().await.map_err(Refusal::unavailable)
}

fn text(batch: &RecordBatch, column: usize, row: usize) -> Result<Option<String>, Refusal> {
    let column = cast(batch.column(column), &DataType::Utf8).map_err(Refusal::unavailable)?;
    let column = column.as_string::<i32>();
    Ok((!column.is_null(row)).then(|| column.value(row).to_owned()))
}

fn number(batch: &RecordBatch, column: usize, row: usize) -> Result<Option<i64>, Refusal> {
    let column = cast(batch.column(column), &DataType::Int64).map_err(Refusal::unavailable)?;
    let column = column.as_primitive::<arrow::datatypes::Int64Type>();
    Ok((!column.is_null(row)).then(|| column.value(row)))
}

fn moment(batch: &RecordBatch, column: usize, row: usize) -> Result<String, Refusal> {
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let column = cast(batch.column(column), &utc).map_err(Refusal::unavailable)?;
    let time = column.as_primitive::<TimestampMicrosecondType>().value(row);
    Ok(Timestamp::from_microsecond(time).map_or_else(|_| String::new(), |time| time.to_string()))
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
        }
    }

    #[test]
    fn the_last_time_it_was_sent_says_what_it_is() {
        let receipt = |places| summed_up("s".to_owned(), 1, places, Vec::new(), Vec::new());
        assert_eq!(receipt(Vec::new()).state, "pending");
        assert_eq!(receipt(vec![place("accepted", 3, 0)]).state, "accepted");
        let again = receipt(vec![place("accepted", 3, 0), place("repeat", 0, 3)]);
        assert_eq!((again.state.as_str(), again.accepted, again.repeated, again.places.len()), ("repeat", 0, 3, 2));
    }

    #[test]
    fn a_receipt_names_a_clock_that_ran_ahead() {
        let said = |recorded_at: &str| {
            let place = Place { recorded_at: recorded_at.to_owned(), ..place("accepted", 1, 0) };
            let mut receipt = summed_up("s".to_owned(), 1, vec![place], Vec::new(), Vec::new());
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
