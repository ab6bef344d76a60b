//! What the tables have of one submission.

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use datafusion::logical_expr::{Expr, col, lit};
use helan_lake::TableSnapshot;
use helan_runtime::clock::rfc_3339;
use helan_schemas::refusal::Code;
use helan_schemas::tables::instant;

use super::{Asked, Place, Reason};
use crate::http::refuse::Refusal;

/// Topic, partition and offset of a record.
pub(super) type Address = (String, i64, i64);

/// The columns of a [`Place`].
pub(super) const PLACE: [&str; 12] = [
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
    "content",
    "withdrawn",
];

/// A row of these columns.
pub(super) fn place(batch: &RecordBatch, row: usize) -> Result<Place, Refusal> {
    Ok(Place {
        source: text(batch, 0, row)?.unwrap_or_default(),
        topic: text(batch, 1, row)?.unwrap_or_default(),
        partition: number(batch, 2, row)?.unwrap_or_default(),
        offset: number(batch, 3, row)?.unwrap_or_default(),
        received_at: moment(batch, 4, row)?,
        recorded_at: moment(batch, 5, row)?,
        outcome: text(batch, 6, row)?.unwrap_or_default(),
        events: number(batch, 7, row)?.unwrap_or_default(),
        accepted: number(batch, 8, row)?.unwrap_or_default(),
        repeated: number(batch, 9, row)?.unwrap_or_default(),
        content: text(batch, 10, row)?,
        withdrawn: number(batch, 11, row)?,
    })
}

/// Where a submission lies in the log, earliest first; of one content, if one is asked for.
pub(super) async fn places(
    table: &TableSnapshot,
    Asked { id, reporter, content }: Asked<'_>,
) -> Result<Vec<Place>, Refusal> {
    let mut places = Vec::new();
    for batch in read(table, &PLACE, of_submission(id, reporter)).await? {
        for row in 0..batch.num_rows() {
            let place = place(&batch, row)?;
            // Rows from before the column have none, and may be of any content.
            if content.zip(place.content.as_deref()).is_none_or(|(asked, found)| asked == found) {
                places.push(place);
            }
        }
    }
    places.sort_by(|a, b| (&a.recorded_at, a.offset).cmp(&(&b.recorded_at, b.offset)));
    Ok(places)
}

/// Why a submission was refused, with the address of the record that says so.
pub(super) async fn reasons(
    table: &TableSnapshot,
    Asked { id, reporter, content }: Asked<'_>,
) -> Result<Vec<(Address, Reason)>, Refusal> {
    let columns = ["code", "stage", "index", "id", "field", "message_zh", "message_en", "topic", "partition", "offset"];
    let mut reasons = Vec::new();
    for batch in read(table, &columns, of_submission(id, reporter)).await? {
        for row in 0..batch.num_rows() {
            let code = text(&batch, 0, row)?.unwrap_or_default();
            let known = Code::ALL.iter().find(|known| known.code() == code);
            let topic = text(&batch, 7, row)?.unwrap_or_default();
            let [partition, offset] = [number(&batch, 8, row)?, number(&batch, 9, row)?].map(Option::unwrap_or_default);
            let reason = Reason {
                stage: text(&batch, 1, row)?.unwrap_or_default(),
                row: number(&batch, 2, row)?.map(|index| index + 1),
                id: text(&batch, 3, row)?,
                field: text(&batch, 4, row)?,
                message_zh: text(&batch, 5, row)?.unwrap_or_default(),
                message_en: text(&batch, 6, row)?.unwrap_or_default(),
                hint_zh: known.map_or("", |code| code.hint_zh()).to_owned(),
                hint_en: known.map_or("", |code| code.hint_en()).to_owned(),
                code,
            };
            // Who names a content had it taken by ingest: what ingest refused was another one of that name.
            if content.is_none() || reason.stage != "ingest" {
                reasons.push(((topic, partition, offset), reason));
            }
        }
    }
    reasons.sort_by_key(|(_, reason): &(_, Reason)| reason.row);
    Ok(reasons)
}

/// The publications that count events of a submission.
pub(super) async fn published_in(
    publications: &TableSnapshot,
    inputs: &TableSnapshot,
    id: &str,
) -> Result<Vec<String>, Refusal> {
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

pub(super) async fn read(table: &TableSnapshot, columns: &[&str], filter: Expr) -> Result<Vec<RecordBatch>, Refusal> {
    let frame = table.read(columns, Some(filter)).map_err(Refusal::unavailable)?;
    frame.collect().await.map_err(Refusal::unavailable)
}

pub(in crate::http) fn text(batch: &RecordBatch, column: usize, row: usize) -> Result<Option<String>, Refusal> {
    let column = cast(batch.column(column), &DataType::Utf8).map_err(Refusal::unavailable)?;
    let column = column.as_string::<i32>();
    Ok((!column.is_null(row)).then(|| column.value(row).to_owned()))
}

pub(in crate::http) fn number(batch: &RecordBatch, column: usize, row: usize) -> Result<Option<i64>, Refusal> {
    let column = cast(batch.column(column), &DataType::Int64).map_err(Refusal::unavailable)?;
    let column = column.as_primitive::<arrow::datatypes::Int64Type>();
    Ok((!column.is_null(row)).then(|| column.value(row)))
}

pub(in crate::http) fn moment(batch: &RecordBatch, column: usize, row: usize) -> Result<String, Refusal> {
    let utc = instant();
    let column = cast(batch.column(column), &utc).map_err(Refusal::unavailable)?;
    let time = column.as_primitive::<TimestampMicrosecondType>().value(row);
    Ok(rfc_3339(time))
}
