//! Runs one query: plans it, streams its rows into bytes, and stops at every limit.

use std::sync::Arc;

use axum::body::Bytes;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use helan_schemas::refusal::Code;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::Desk;
use super::counters::{ANSWERED, CANCELLED};
use super::encode::Encoder;
use super::limits::Seat;
use super::request::Format;
use crate::http::refuse::Refusal;
use crate::pool::BoundedPool;
use crate::session::{QueryError, Question, Session, Terms};
use crate::watch::Watch;

/// Bytes that are sent on together.
const PIECE: usize = 64 * 1024;

/// What a query tells the side that answers.
pub(super) enum Message {
    /// Bytes of the answer.
    Piece(Bytes),
    /// The answer is complete.
    End,
    /// There is none. Comes first or never.
    Refused(Refusal),
}

/// A query to run.
pub(super) struct Work {
    pub(super) desk: Arc<Desk>,
    pub(super) session: Session,
    pub(super) question: Question,
    pub(super) format: Format,
    pub(super) raw: bool,
    pub(super) deadline: Instant,
    pub(super) id: String,
    pub(super) credential: Arc<str>,
    pub(super) watch: Arc<Watch>,
}

/// A query's place: it is free once all work for the query has ended, also what a thread still does after the answer
/// was given up.
pub(super) struct Place {
    desk: Arc<Desk>,
    _seat: Seat,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.desk.counters.running.dec();
    }
}

/// A query's entry in the counters; it ends as cancelled unless it says otherwise.
pub(super) struct Running {
    place: Arc<Place>,
    started: Instant,
    outcome: &'static str,
}

impl Running {
    pub(super) fn new(desk: Arc<Desk>, seat: Seat, started: Instant) -> Self {
        desk.counters.running.inc();
        desk.counters.memory.set(desk.pool.used() as i64);
        Self { place: Arc::new(Place { desk, _seat: seat }), started, outcome: CANCELLED }
    }

    /// The place, which is free once nothing of the query runs any more.
    pub(super) fn place(&self) -> Arc<Place> {
        self.place.clone()
    }

    /// Notes that the whole answer was made, or that its refusal is counted where it is answered.
    pub(super) fn ended(&mut self, answered: bool) {
        self.outcome = if answered { ANSWERED } else { "" };
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let desk = &self.place.desk;
        let counters = &desk.counters;
        counters.seconds.observe(self.started.elapsed().as_secs_f64());
        counters.memory.set(desk.pool.used() as i64);
        // A refusal before the first byte is counted where it is answered.
        if !self.outcome.is_empty() {
            counters.count(self.outcome);
        }
    }
}

/// Runs a query to its end; dropping this ends it.
pub(super) async fn answer(work: Work, mut running: Running, sender: Sender<Message>) {
    let mut sent = false;
    let ended = timeout_at(work.deadline, stream(&work, &running.place, &sender, &mut sent)).await;
    let outcome = match ended {
        Ok(Ok(())) => {
            running.outcome = ANSWERED;
            return;
        }
        Ok(Err(None)) => return,
        Ok(Err(Some(refusal))) => refusal,
        Err(_) => Refusal::found(Code::SqlTimeLimit, format!("{:?}", work.desk.limits.time)),
    };
    running.outcome = if sent { outcome.code.code() } else { "" };
    tracing::debug!(query = %work.id, code = %outcome.code, "not answered");
    if sent {
        // Found there by whoever fetches the rest, however long the pieces before it take.
        work.desk.remember(&work.id, &work.credential, outcome.body());
        return;
    }
    let _ = sender.try_send(Message::Refused(outcome));
}

/// Streams the rows. An error of none means that nobody listens any more.
async fn stream(
    work: &Work,
    place: &Arc<Place>,
    sender: &Sender<Message>,
    sent: &mut bool,
) -> Result<(), Option<Refusal>> {
    let (limits, told) = (&work.desk.limits, &work.desk.place);
    let engine = |error: DataFusionError| Some(told.engine(&error));
    let pool = BoundedPool::of_one_query_with(limits.memory, &work.desk.pool, place.clone());
    let mut batches = rows(work, &pool).await.map_err(|error| Some(told.refusal(error)))?;
    let mut encoder = Encoder::new(work.format, &batches.schema(), work.raw).map_err(|error| engine(error.into()))?;
    let (mut rows, mut bytes, mut waiting) = (0, 0, encoder.take());
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(engine)?;
        let batch = told.shorten_plan(batch).map_err(|error| engine(error.into()))?;
        rows += batch.num_rows() as u64;
        if rows > limits.rows {
            return Err(Some(Refusal::found(Code::SqlResultLimit, format!("> {} rows", limits.rows))));
        }
        encoder.write(&batch).map_err(|error| engine(error.into()))?;
        waiting.extend(encoder.take());
        if waiting.len() < PIECE {
            continue;
        }
        bytes += waiting.len() as u64;
        if bytes > limits.bytes {
            return Err(Some(Refusal::found(Code::SqlResultLimit, format!("> {} bytes", limits.bytes))));
        }
        send(sender, Message::Piece(std::mem::take(&mut waiting).into())).await?;
        *sent = true;
    }
    encoder.finish().map_err(|error| engine(error.into()))?;
    waiting.extend(encoder.take());
    bytes += waiting.len() as u64;
    work.desk.counters.rows.inc_by(rows);
    work.desk.counters.bytes.inc_by(bytes);
    if !waiting.is_empty() {
        send(sender, Message::Piece(waiting.into())).await?;
    }
    send(sender, Message::End).await
}

async fn rows(work: &Work, pool: &Arc<BoundedPool>) -> Result<SendableRecordBatchStream, QueryError> {
    let terms = Terms { memory: pool.runtime()?, watch: work.watch.clone(), stranger: true };
    let frame = work.session.ask(&work.question, terms).instrument(tracing::debug_span!("plan")).await?;
    Ok(frame.execute_stream().await?)
}

async fn send(sender: &Sender<Message>, message: Message) -> Result<(), Option<Refusal>> {
    sender.send(message).await.map_err(|_| None)
}
