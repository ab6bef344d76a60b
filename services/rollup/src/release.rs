//! The release workflow as a record of events: draft → reviewed → approved → embargoed → released → superseded; a
//! period closed and reopened. Who, when, why.
//!
//! [`state`] decides, purely; [`record`] reads what was recorded of a period, asks whether the next event may follow,
//! and commits it with the period's sequence number, so that of two people who act at once one comes second and is
//! judged by what the first did.

pub mod state;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use helan_lake::{Advance, CommitError, Lake, TableSnapshot};
use helan_query::desk::Pinned;
use helan_runtime::clock::Clock;
use helan_schemas::period::Period;
use helan_schemas::tables::Table;

use crate::error::RollupError;
use crate::release::state::{Act, Actor, Event, Record, Standing, State};
use crate::rows::{self, Texts};

/// Attempts of a commit that conflicts with others.
const TRIES: usize = 5;

/// What came of an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The event, new or found again.
    pub event: Event,
    /// Whether it was recorded now; false = the same person had done the same before, and nothing has changed since.
    pub fresh: bool,
}

/// Does something to a publication: its id, the beginning of it, or `latest`.
///
/// # Errors
/// [`RollupError::Asked`] where there is no such publication, or the state or the person does not allow it: the text
/// says why and what to do.
pub async fn act_on_publication(
    lake: &Lake,
    clock: &Clock,
    word: &str,
    act: Act,
    actor: &Actor,
    why: &str,
) -> Result<Recorded, RollupError> {
    let session = Pinned::open(lake, None).await?;
    let id = crate::current::resolve(&session, word).await?;
    let made = crate::reproduce::find(&session, &id).await?;
    record(lake, clock, &made.period.to_string(), Some(id), act, actor, why).await
}

/// Closes or reopens a period.
///
/// # Errors
/// As [`act_on_publication`].
pub async fn act_on_period(
    lake: &Lake,
    clock: &Clock,
    period: &str,
    act: Act,
    actor: &Actor,
    why: &str,
) -> Result<Recorded, RollupError> {
    let parsed = Period::parse(period)
        .map_err(|error| RollupError::Asked(format!("period {period:?} {error}; write 2018, 2018-Q2, 2018-06")))?;
    record(lake, clock, &parsed.to_string(), None, act, actor, why).await
}

async fn record(
    lake: &Lake,
    clock: &Clock,
    period: &str,
    publication: Option<String>,
    act: Act,
    actor: &Actor,
    why: &str,
) -> Result<Recorded, RollupError> {
    if why.trim().is_empty() {
        return Err(RollupError::Asked("say why: --why must not be empty".to_owned()));
    }
    let app_id = format!("helan/release/{period}");
    let id = clock.new_id();
    let mut tries = 0;
    loop {
        let tip = lake.tip(Table::ReleaseEvents).await?;
        let stored = tip.txn(&app_id).await?;
        let events = read(tip.pinned(), period).await?;
        let next = Event {
            id: id.clone(),
            act: act.clone(),
            publication: publication.clone(),
            time_period: period.to_owned(),
            at: clock.now(),
            actor: actor.clone(),
            why: why.trim().to_owned(),
            sequence: stored.unwrap_or(0) + 1,
        };
        let mut record = Record::default();
        for event in &events {
            record.apply(event);
        }
        if let Some(done) = record.repeats(&next) {
            return Ok(Recorded { event: done.clone(), fresh: false });
        }
        record.allows(&next).map_err(|refusal| RollupError::Asked(refusal.to_string()))?;
        let advance = Advance { app_id: app_id.clone(), from: stored, to: next.sequence, marks: None };
        match lake.advance(&tip, vec![row(&next)?], vec![advance]).await {
            Ok(_) => return Ok(Recorded { event: next, fresh: true }),
            // Somebody else came first: what they did decides whether this may still follow.
            Err(CommitError::Fenced(_) | CommitError::Retry(_)) if tries < TRIES => tries += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// How every publication and period stands, from the lake's record.
///
/// # Errors
/// If the lake cannot be read.
pub async fn standings(lake: &Lake) -> Result<BTreeMap<String, Standing>, RollupError> {
    standings_in(&Pinned::open(lake, None).await?).await
}

/// Where a publication stands; one of which nothing was recorded is a draft.
pub(crate) async fn state_of(session: &Pinned, publication: &str) -> Result<State, RollupError> {
    Ok(standings_in(session).await?.remove(publication).unwrap_or_default().state)
}

async fn standings_in(session: &Pinned) -> Result<BTreeMap<String, Standing>, RollupError> {
    let batches = session.rows("select * from release_events order by time_period, sequence").await?;
    let mut records: BTreeMap<String, Record> = BTreeMap::new();
    for event in events(&batches)? {
        records.entry(event.time_period.clone()).or_default().apply(&event);
    }
    Ok(records.into_values().flat_map(|record| record.publications).collect())
}

async fn read(snapshot: &TableSnapshot, period: &str) -> Result<Vec<Event>, RollupError> {
    use datafusion::prelude::{col, lit};
    let columns = Table::ReleaseEvents.columns();
    let names: Vec<_> = columns.iter().map(|column| column.name).collect();
    let frame = snapshot.read(&names, Some(col("time_period").eq(lit(period))))?;
    let mut found = events(&frame.collect().await?)?;
    found.sort_by_key(|event| event.sequence);
    Ok(found)
}

const TEXTS: [&str; 7] = ["id", "type", "publication", "time_period", "actor", "role", "why"];

fn events(batches: &[RecordBatch]) -> Result<Vec<Event>, RollupError> {
    let mut out = Vec::new();
    for batch in batches {
        let texts = Texts::of(batch, &TEXTS)?;
        let (at, until) = (instants(batch, "recorded_at")?, instants(batch, "embargo_until")?);
        let sequence = rows::integers(batch, "sequence")?;
        for row in 0..batch.num_rows() {
            let Some(act) = Act::parse(&texts.must("type", row), until[row]) else { continue };
            out.push(Event {
                id: texts.must("id", row),
                act,
                publication: texts.get("publication", row),
                time_period: texts.must("time_period", row),
                at: at[row].unwrap_or_default(),
                actor: Actor { credential: texts.must("actor", row), role: texts.must("role", row) },
                why: texts.must("why", row),
                sequence: sequence[row].unwrap_or_default(),
            });
        }
    }
    Ok(out)
}

fn instants(batch: &RecordBatch, name: &str) -> Result<Vec<Option<i64>>, RollupError> {
    let utc = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, Some("UTC".into()));
    let column = arrow::compute::cast(rows::column(batch, name)?, &utc)?;
    Ok(column.as_primitive::<arrow::datatypes::TimestampMicrosecondType>().iter().collect())
}

fn row(event: &Event) -> Result<RecordBatch, RollupError> {
    let text = |value: &str| Arc::new(StringArray::from(vec![value])) as ArrayRef;
    let instant =
        |time: Option<i64>| Arc::new(TimestampMicrosecondArray::from(vec![time]).with_timezone("UTC")) as ArrayRef;
    let columns = [
        ("id", text(&event.id)),
        ("type", text(event.act.event_type())),
        ("publication", Arc::new(StringArray::from(vec![event.publication.as_deref()]))),
        ("time_period", text(&event.time_period)),
        ("recorded_at", instant(Some(event.at))),
        ("actor", text(&event.actor.credential)),
        ("role", text(&event.actor.role)),
        ("why", text(&event.why)),
        ("embargo_until", instant(event.act.until())),
        ("sequence", Arc::new(Int64Array::from(vec![event.sequence]))),
    ];
    Ok(Table::ReleaseEvents.rows(columns)?)
}
