//! Asking the desk, and sending what it answers. Whatever is waited for, a cancel request and the end of the connection
//! are noticed.

use std::time::Duration;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::scalar::ScalarValue;
use helan_query::desk::{Description, Moment, Question, Rows, Unanswered};
use helan_schemas::refusal::Code;
use pgwire::messages::data::RowDescription;
use tokio::time::{Instant, sleep_until, timeout};

use super::{Described, LAST_WORDS, Session, Step, Stop};
use crate::catalog::rewrite;
use crate::decode;
use crate::encode;
use crate::problem::{Own, Problem};
use crate::settings::{AS_OF, RECORDED};
use crate::types::{self, Column, TEXT};
use crate::wire::{Broken, PIECE};

/// Time that a question has, after its limit, to notice by itself.
const GRACE: Duration = Duration::from_secs(1);

/// An answer, of which some rows may have been sent.
pub(super) struct Open {
    pub(super) schema: SchemaRef,
    pub(super) columns: Vec<Column>,
    /// None = all that comes is in `batch`.
    rows: Option<Rows>,
    batch: Option<RecordBatch>,
    pub(super) sent: u64,
    pub(super) until: Option<Instant>,
    /// The time that the connection has set itself, where that is what ends the answer.
    own_time: Option<Duration>,
}

impl Open {
    /// Rows that the front end itself has made.
    pub(super) fn of(batch: RecordBatch) -> Step<Self> {
        let schema = batch.schema();
        let columns = encode::columns(&schema)?;
        Ok(Self { schema, columns, rows: None, batch: Some(batch), sent: 0, until: None, own_time: None })
    }

    pub(super) fn described(&self, binary: &[bool]) -> RowDescription {
        encode::describe(&self.schema, &self.columns, binary)
    }

    /// That its time is over.
    pub(super) fn too_late(&self) -> Problem {
        match (self.own_time, &self.rows) {
            (Some(time), _) => Unanswered::Time(time).into(),
            (None, Some(rows)) => rows.too_late().into(),
            (None, None) => Code::SqlTimeLimit.into(),
        }
    }
}

/// What ended first.
enum First<T> {
    Done(T),
    Cancelled,
    Late,
    Gone(Broken),
}

impl Session {
    /// Waits for the desk, unless the client cancels, goes away, or its own time is over.
    async fn first<T>(&mut self, work: impl Future<Output = T>, until: Option<Instant>) -> First<T> {
        let late = async {
            match until {
                Some(until) => sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // Work that is always ready must not keep the others from being seen.
            biased;
            _ = self.place.cancels.changed() => First::Cancelled,
            () = late => First::Late,
            done = work => First::Done(done),
            broken = self.wire.gone() => First::Gone(broken),
        }
    }

    fn gone(&self, broken: Broken) -> Stop {
        self.front.parts.counters.vanished.inc();
        broken.into()
    }

    /// Whether the token is still taken. Asked before each question, because connections live long.
    pub(super) fn still_known(&mut self) -> Step<()> {
        let held = self.front.parts.credentials.holds(&self.proven, self.front.parts.clock.now());
        self.identity = held.map_err(|error| Problem::from(Code::from(error)).fatal())?;
        Ok(())
    }

    async fn question(&mut self, text: &str, parameters: Vec<ScalarValue>) -> Step<Question> {
        let moment = |name| self.settings.moment(name).map(|text| Moment::Written(text.to_owned()));
        let (as_of, recorded) = (moment(AS_OF), moment(RECORDED));
        let front = self.front.clone();
        let beside = front.catalogs.beside(&front.parts.desk, &self.settings, self.place.number).await?;
        let text = rewrite(text.to_owned()).await;
        Ok(Question { text, as_of, recorded, parameters, beside: Some(beside), ..Question::default() })
    }

    /// Asks; the answer's columns are there when this returns.
    pub(super) async fn open(&mut self, text: &str, parameters: Vec<ScalarValue>) -> Step<Open> {
        self.still_known()?;
        // First of all a place: who has none costs nothing more.
        let seat = self.front.parts.desk.seat(&self.identity.credential)?;
        let question = self.question(text, parameters).await?;
        let own_time = self.settings.time();
        let own = own_time.map(|time| Instant::now() + time);
        let id = seat.id.clone();
        let answer = match self.first(seat.ask(question), own).await {
            First::Done(answer) => answer?,
            First::Cancelled => return Err(Own::Cancelled.into()),
            First::Late => return Err(Unanswered::Time(own_time.unwrap_or_default()).into()),
            First::Gone(broken) => return Err(self.gone(broken)),
        };
        self.settings.note("helan.table_versions", answer.provenance.table_versions());
        self.settings.note("helan.catalog", answer.provenance.catalog().to_owned());
        self.settings.note("helan.query", id);
        let limit = answer.rows.deadline();
        self.wire.wait_until(limit);
        let own_time = own_time.filter(|_| limit.is_none_or(|limit| own.is_some_and(|own| own < limit)));
        let until = if own_time.is_some() { own } else { limit };
        let columns = encode::columns(&answer.schema)?;
        Ok(Open { schema: answer.schema, columns, rows: Some(answer.rows), batch: None, sent: 0, until, own_time })
    }

    /// Sends rows, all or so many; whether all were sent. Without formats they are passed over.
    pub(super) async fn rows(&mut self, open: &mut Open, binary: Option<&[bool]>, most: Option<usize>) -> Step<bool> {
        let mut left = most.unwrap_or(usize::MAX);
        loop {
            while let Some(batch) = open.batch.take().filter(|batch| batch.num_rows() > 0) {
                if left == 0 {
                    open.batch = Some(batch);
                    return Ok(false);
                }
                let count = batch.num_rows().min(left);
                if let Some(binary) = binary {
                    let part = encode::Rows::new(&batch.slice(0, count), &open.columns, binary, self.settings.zone())?;
                    for row in 0..part.len() {
                        part.write(row, self.wire.output())?;
                        if self.wire.output().len() >= PIECE {
                            self.send(open).await?;
                        }
                    }
                }
                left -= count;
                open.sent += count as u64;
                open.batch = Some(batch.slice(count, batch.num_rows() - count));
            }
            let Some(mut rows) = open.rows.take() else { return Ok(true) };
            // So that a client that asked for a few rows has them, not when the next batch comes.
            if left == 0 {
                open.rows = Some(rows);
                return Ok(false);
            }
            let until = open.until.filter(|_| open.own_time.is_some());
            match self.first(rows.next(), until).await {
                First::Done(next) => match next? {
                    Some(batch) => {
                        open.batch = Some(batch);
                        open.rows = Some(rows);
                    }
                    None => {
                        self.send_counted(&mut rows)?;
                        return Ok(true);
                    }
                },
                First::Cancelled => return Err(Own::Cancelled.into()),
                First::Late => return Err(open.too_late().into()),
                First::Gone(broken) => return Err(self.gone(broken)),
            }
        }
    }

    fn send_counted(&mut self, rows: &mut Rows) -> Step<()> {
        Ok(rows.sent(self.wire.output().len())?)
    }

    /// Sends what waits. A client that does not take it in time loses the rest, and its place is given back.
    async fn send(&mut self, open: &mut Open) -> Step<()> {
        if let Some(rows) = &mut open.rows {
            rows.sent(self.wire.output().len())?;
        }
        let late = async {
            match open.until {
                Some(until) => sleep_until(until + GRACE).await,
                None => std::future::pending().await,
            }
        };
        let problem: Problem = tokio::select! {
            sent = self.wire.flush() => return Ok(sent?),
            () = late => open.too_late(),
            _ = self.place.cancels.changed() => Own::Cancelled.into(),
        };
        open.rows = None;
        match timeout(LAST_WORDS, self.wire.flush()).await {
            Ok(sent) => sent?,
            Err(_) => return Err(Stop::Broken(Broken::Ended)),
        }
        Err(problem.into())
    }

    async fn would_answer(
        &mut self,
        text: &str,
        parameters: Vec<ScalarValue>,
    ) -> Step<Result<Description, Unanswered>> {
        let seat = self.front.parts.desk.seat(&self.identity.credential)?;
        let question = self.question(text, parameters).await?;
        match self.first(seat.describe(question), None).await {
            First::Done(described) => Ok(described),
            First::Cancelled | First::Late => Err(Own::Cancelled.into()),
            First::Gone(broken) => Err(self.gone(broken)),
        }
    }

    /// What a statement would answer, and its parameters.
    pub(super) async fn described(&mut self, text: &str, oids: &[u32]) -> Step<Described> {
        self.still_known()?;
        let nulls = decode::nulls(text, oids);
        let described = match self.would_answer(text, Vec::new()).await? {
            Ok(described) => described,
            Err(why) if nulls.is_empty() => return Err(why.into()),
            // The text does not tell the types of its parameters; the client may have named them.
            Err(why) => match self.would_answer(text, nulls.clone()).await? {
                Ok(described) => described,
                Err(_) => return Err(why.into()),
            },
        };
        let number =
            |name: &str| name.trim_start_matches('$').parse::<usize>().ok().filter(|at| (1..=65_535).contains(at));
        let count = described.parameters.keys().filter_map(|name| number(name)).max().unwrap_or(0);
        let parameters = (1..=count.max(oids.len())).map(|at| {
            let found = described.parameters.get(&format!("${at}")).cloned().flatten();
            let found = found.or_else(|| nulls.get(at - 1).map(ScalarValue::data_type));
            let known = found.as_ref().and_then(types::of_type).map_or(TEXT.oid, types::oid_of);
            let named = oids.get(at - 1).copied().filter(|oid| *oid != 0);
            (named.unwrap_or(known), found)
        });
        let columns = encode::columns(&described.schema)?;
        Ok(Described { columns, parameters: parameters.collect(), schema: described.schema })
    }
}
