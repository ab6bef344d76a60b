//! A question under way: its place, its entry in the counters, and the work for it.

use std::sync::Arc;

use futures::StreamExt;
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;
use tracing::Instrument;

use super::answer::Message;
use super::counters::{ANSWERED, CANCELLED};
use super::limits::Seat;
use super::{Description, Desk, Question, Unanswered, within};
use crate::guard::memory::BoundedPool;
use crate::guard::watch::Watch;
use crate::session::{self, Session, Terms};

/// A question's place: it is free once all work for the question has ended, also what a thread still does after the
/// answer was given up.
pub(super) struct Place {
    desk: Desk,
    _seat: Seat,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.desk.0.counters.running.dec();
    }
}

/// A question's entry in the counters; its outcome is `cancelled` unless set otherwise.
pub(super) struct Running {
    place: Arc<Place>,
    started: Instant,
    outcome: &'static str,
    /// Rows and bytes of the answer, counted once it is complete.
    pub(super) rows: u64,
    bytes: u64,
}

impl Running {
    pub(super) fn new(desk: Desk, seat: Seat) -> Self {
        desk.0.counters.running.inc();
        desk.0.counters.memory.set(desk.0.pool.used() as i64);
        let place = Arc::new(Place { desk, _seat: seat });
        Self { place, started: Instant::now(), outcome: CANCELLED, rows: 0, bytes: 0 }
    }

    pub(super) fn desk(&self) -> &Desk {
        &self.place.desk
    }

    /// The place, which is free once nothing of the question runs any more.
    pub(super) fn place(&self) -> Arc<Place> {
        self.place.clone()
    }

    /// By when the answer must have been fetched to its end.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.started.checked_add(self.desk().0.limits.time)
    }

    pub(super) fn too_late(&self) -> Unanswered {
        Unanswered::Time(self.desk().0.limits.time)
    }

    pub(super) fn answered(&mut self) {
        self.outcome = ANSWERED;
    }

    pub(super) fn refused(&mut self, why: &Unanswered) {
        self.outcome = match why {
            Unanswered::Ended => CANCELLED,
            why => why.code().code(),
        };
    }

    pub(super) fn sent(&mut self, bytes: usize) -> Result<(), Unanswered> {
        self.bytes += bytes as u64;
        match self.desk().0.limits.bytes {
            most if self.bytes > most => Err(Unanswered::Bytes(most)).inspect_err(|why| self.refused(why)),
            _ => Ok(()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let desk = &self.place.desk.0;
        let counters = &desk.counters;
        counters.seconds.observe(self.started.elapsed().as_secs_f64());
        counters.memory.set(desk.pool.used() as i64);
        counters.count(self.outcome);
        // What the service asks for somebody is not sent on as it is.
        if self.outcome == ANSWERED && self.bytes > 0 {
            counters.rows.inc_by(self.rows);
            counters.bytes.inc_by(self.bytes);
        }
    }
}

/// The work for a question.
pub(super) struct Work {
    pub(super) place: Arc<Place>,
    pub(super) session: Session,
    pub(super) question: Question,
    pub(super) moments: session::Question,
    pub(super) watch: Arc<Watch>,
    pub(super) deadline: Option<Instant>,
}

impl Work {
    /// Answers, row by row, until the end of the answer or of its time.
    pub(super) async fn answer(self, sender: Sender<Result<Message, Unanswered>>) {
        let ended = within(self.deadline, self.rows(&sender)).await;
        let why = match ended {
            Some(Ok(())) => return,
            Some(Err(_)) if self.watch.look().is_err() => Unanswered::Ended,
            Some(Err(why)) => why,
            None => Unanswered::Time(self.place.desk.0.limits.time),
        };
        tracing::debug!(code = %why.code(), "not answered");
        match why {
            // Where no place is left for it, the other side finds by itself that the time is over.
            Unanswered::Time(_) => drop(sender.try_send(Err(why))),
            why => drop(within(self.deadline, sender.send(Err(why))).await),
        }
    }

    async fn rows(&self, sender: &Sender<Result<Message, Unanswered>>) -> Result<(), Unanswered> {
        let desk = &self.place.desk.0;
        let engine = |error| Unanswered::of_engine(error, &desk.address);
        let terms = self.terms().map_err(engine)?;
        let plan = self.session.ask_with(&self.moments, terms, &self.question.parameters);
        let frame = plan.instrument(tracing::debug_span!("plan")).await;
        let frame = frame.map_err(|error| Unanswered::of(error, &desk.address))?;
        let mut batches = frame.execute_stream().await.map_err(engine)?;
        let send = async |message| sender.send(Ok(message)).await.map_err(|_| Unanswered::Ended);
        send(Message::Schema(batches.schema())).await?;
        let mut rows = 0;
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(engine)?;
            let batch = desk.address.shorten_plan(batch).map_err(|error| engine(error.into()))?;
            rows += batch.num_rows() as u64;
            if rows > desk.limits.rows && !self.question.is_ours {
                return Err(Unanswered::Rows(desk.limits.rows));
            }
            send(Message::Rows(batch)).await?;
        }
        send(Message::End).await
    }

    /// Memory of its own, which holds its place, and a watch.
    fn terms(&self) -> datafusion::common::Result<Terms> {
        let desk = &self.place.desk.0;
        let pool = BoundedPool::of_one_query_with(desk.limits.memory, &desk.pool, self.place.clone());
        let stranger = desk.is_for_strangers && !self.question.is_ours;
        let beside = self.question.beside.clone();
        Ok(Terms { memory: pool.runtime_on(&desk.scratch)?, watch: self.watch.clone(), stranger, beside })
    }

    /// Plans and does no more.
    pub(super) async fn describe(self) -> Result<Description, Unanswered> {
        let address = &self.place.desk.0.address;
        let terms = self.terms().map_err(|error| Unanswered::of_engine(error, address))?;
        let described = self.session.describe_question(&self.moments, &terms, &self.question.parameters).await;
        described.map_err(|error| Unanswered::of(error, address))
    }
}
