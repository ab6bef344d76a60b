//! Where questions are answered: one desk for HTTP, the shell and every other front end, which only write down what it
//! answers.
//!
//! A desk enforces the limits: how many questions at a time, time, memory, rows; and it counts. A question is planned
//! and run on threads of its own, so that it cannot keep others waiting, and ends when its answer is dropped. What a front end needs beside
//! [`Desk::ask`]: [`Desk::seat`] refuses before a question has been read, [`Desk::describe`] gives the columns and
//! parameters of a question that is not asked yet, [`Rows::watch`] ends an answer from elsewhere.

mod address;
mod answer;
mod counters;
mod limits;
mod pinned;
mod running;
mod unanswered;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::error::DataFusionError;
use datafusion::scalar::ScalarValue;
use futures::future::BoxFuture;
use futures::{FutureExt, TryFutureExt};
use helan_lake::Lake;
use helan_runtime::clock::Clock;
use helan_runtime::metrics::Metrics;
use helan_schemas::catalog::Catalog;
use helan_schemas::refusal::Code;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

pub use self::answer::{Answer, Provenance, Rows};
pub use self::limits::SqlLimits;
pub use self::pinned::Pinned;
pub use self::unanswered::Unanswered;
pub use crate::guard::scratch::ScratchSpace;

use self::address::Address;
pub(crate) use self::answer::Ending;
use self::answer::Message;
use self::counters::Counters;
use self::limits::Room;
use self::running::{Running, Work};
use crate::guard::memory::BoundedPool;
use crate::guard::scratch::Scratch;
use crate::session::describe::TableDoc;
use crate::session::moment;
use crate::session::offered::Beside;
use crate::session::pinned::Budget;
use crate::session::reuse::{Current, Sessions};
use crate::session::{self, QueryError};

/// Time that a question has, after its limit, to notice by itself.
pub(crate) const GRACE: Duration = Duration::from_secs(1);
/// Batches of an answer that wait for whoever fetches them.
const WAITING: usize = 2;

/// Answers questions over the newest version of a lake. Clones share everything.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    limits: SqlLimits,
    is_for_strangers: bool,
    sessions: Sessions,
    clock: Clock,
    room: Room,
    address: Address,
    pool: Arc<BoundedPool>,
    scratch: Scratch,
    counters: Counters,
    threads: Threads,
}

/// A question.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// One SQL statement.
    pub text: String,
    /// T, the moment as of which names without `_as_of` are read; none = now.
    pub as_of: Option<Moment>,
    /// R, the moment until which reports were recorded that count; none = everything pinned.
    pub recorded: Option<Moment>,
    /// What stands for `$1`, `$2` …
    pub parameters: Vec<ScalarValue>,
    /// Whether the text is the service's own: limits on text and answer do not apply.
    pub is_ours: bool,
    /// Further schemas and functions, of the front end.
    pub beside: Option<Arc<Beside>>,
}

/// A moment of a question.
#[derive(Clone, Debug)]
pub enum Moment {
    /// As an analyst writes it: RFC 3339, or a date = the end of that day in the catalog's time zone.
    Written(String),
    /// Microseconds since the epoch.
    At(i64),
}

/// What a question would answer.
#[derive(Clone, Debug)]
pub struct Description {
    /// Columns of the answer.
    pub schema: SchemaRef,
    /// Its parameters by name, `$1` …; none where the text does not tell the type.
    pub parameters: BTreeMap<String, Option<DataType>>,
}

/// A place taken. A question that is asked in it has it until all work for it has ended.
pub struct Seat {
    /// Id of the question to come.
    pub id: String,
    credential: Arc<str>,
    running: Running,
    /// The versions that are asked; none = the newest.
    over: Option<Arc<Current>>,
}

/// How many steps of niceness the threads of questions have: beside other work each gets a third of a usual thread's time.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 5;

/// Lets the threads that take in reports go first. Elsewhere than on Linux niceness belongs to a whole process.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%error, "questions run at the priority of everything else");
    }
}

/// The threads that questions run on; none = the caller's.
struct Threads(Option<Runtime>);

impl Desk {
    /// A desk for remote clients, identified by credential. Registers its metrics: one desk a process.
    ///
    /// # Errors
    /// If its threads cannot be started.
    pub fn for_strangers(lake: &Lake, clock: &Clock, metrics: &Metrics, limits: SqlLimits) -> std::io::Result<Self> {
        let threads = tokio::runtime::Builder::new_multi_thread()
            // A question that keeps a thread for itself must not keep the others waiting.
            .worker_threads(2 * limits.queries + 2)
            .thread_name("helan-sql")
            // Planning nested views recurses deeply, and more so in builds that are not optimised.
            .thread_stack_size(16 * 1024 * 1024)
            .on_thread_start(give_way)
            .enable_all()
            .build()?;
        let scratch = match limits.scratch.as_ref().map(Scratch::new) {
            Some(Ok(scratch)) => scratch,
            Some(Err(error)) => {
                tracing::warn!(%error, "no scratch files: queries that need more than their memory are refused");
                Scratch::none()?
            }
            None => Scratch::none()?,
        };
        Self::new(lake, None, clock, limits, scratch, Some((metrics, threads))).map_err(std::io::Error::other)
    }

    /// A desk for the local user: within the machine's memory, on the caller's threads.
    ///
    /// # Errors
    /// If the engine's caches cannot be made.
    pub fn own(lake: &Lake, catalog: Option<Arc<Catalog>>) -> Result<Self, QueryError> {
        let scratch = Scratch::of_system().map_err(DataFusionError::from)?;
        Self::new(lake, catalog, &Clock::system(), SqlLimits::of_machine(), scratch, None)
    }

    fn new(
        lake: &Lake,
        catalog: Option<Arc<Catalog>>,
        clock: &Clock,
        limits: SqlLimits,
        scratch: Scratch,
        strangers: Option<(&Metrics, Runtime)>,
    ) -> Result<Self, QueryError> {
        let pool = BoundedPool::whole(limits.total_memory);
        let is_for_strangers = strangers.is_some();
        let budget = Budget { memory: pool.runtime_on(&scratch)?, in_one: is_for_strangers, ..Budget::default() };
        let (metrics, threads) = strangers.unzip();
        Ok(Self(Arc::new(Inner {
            is_for_strangers,
            sessions: Sessions::new(lake.clone(), catalog, clock.clone(), budget),
            clock: clock.clone(),
            room: Room::new(&limits),
            address: if is_for_strangers { Address::of(lake.url()) } else { Address::default() },
            pool,
            scratch,
            counters: Counters::register(metrics),
            threads: Threads(threads),
            limits,
        })))
    }

    /// Takes a place, or refuses at once.
    ///
    /// # Errors
    /// [`Unanswered::TooMany`] and [`Unanswered::Busy`].
    pub fn seat(&self, credential: &Arc<str>) -> Result<Seat, Unanswered> {
        let seat = self.0.room.seat(credential).inspect_err(|why| self.refused(why.code()))?;
        let id = self.0.clock.new_id();
        Ok(Seat { id, credential: credential.clone(), running: Running::new(self.clone(), seat), over: None })
    }

    /// Answers a question of a credential.
    ///
    /// # Errors
    /// [`Unanswered`] for whatever is found before the first row.
    pub async fn ask(&self, credential: &Arc<str>, question: Question) -> Result<Answer, Unanswered> {
        self.seat(credential)?.ask(question).await
    }

    /// Columns and parameters of a question, without running it. Parameters need no values; of given values only the
    /// types are used.
    ///
    /// # Errors
    /// As [`Desk::ask`].
    pub async fn describe(&self, credential: &Arc<str>, question: Question) -> Result<Description, Unanswered> {
        self.seat(credential)?.describe(question).await
    }

    /// Every table, view and table function.
    ///
    /// # Errors
    /// [`Unanswered::Unavailable`].
    pub async fn tables(&self) -> Result<Vec<TableDoc>, Unanswered> {
        Ok(self.current().await?.session.tables())
    }

    /// A moment as questions have it, in microseconds since the epoch; it takes no place.
    ///
    /// # Errors
    /// [`Unanswered::Moment`] where the text is none, [`Unanswered::Unavailable`].
    pub async fn moment(&self, text: &str) -> Result<i64, Unanswered> {
        let current = self.current().await?;
        moment::parse(text, current.session.zone()).map_err(Unanswered::Moment)
    }

    /// The catalog by which questions are answered now.
    pub(crate) async fn catalog(&self) -> Result<Arc<Catalog>, Unanswered> {
        Ok(self.current().await?.session.catalog().clone())
    }

    /// Counts a request for an answer that was refused before it came to the desk.
    pub(crate) fn refused(&self, code: Code) {
        self.0.counters.count(code.code());
    }

    /// Does work on the threads of questions. It is large, and the asker's stack may be small: from here on it is moved by its
    /// address.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let work = Box::pin(work);
        match &self.0.threads.0 {
            Some(threads) => threads.spawn(work),
            None => tokio::spawn(work),
        }
        .abort_handle()
    }

    /// Opened on the threads of questions: the caller's take reports as well.
    ///
    /// Its type is erased: whoever asks would otherwise have all futures below it looked through by the compiler, which takes
    /// minutes for a front end.
    fn current(&self) -> BoxFuture<'static, Result<Arc<Current>, Unanswered>> {
        let desk = self.clone();
        let current = async move { desk.0.sessions.current().await };
        let current = current.map_err(|error| Unanswered::Unavailable(Arc::new(error))).boxed();
        match &self.0.threads.0 {
            Some(threads) => {
                threads.spawn(current).map(|opened| opened.unwrap_or_else(|_| Err(Unanswered::fault()))).boxed()
            }
            None => current,
        }
    }
}

impl Seat {
    /// Answers a question.
    ///
    /// # Errors
    /// [`Unanswered`] for whatever is found before the first row.
    pub async fn ask(mut self, question: Question) -> Result<Answer, Unanswered> {
        let (work, provenance) = self.work(question).await.inspect_err(|why| self.running.refused(why))?;
        let (sender, receiver) = mpsc::channel(WAITING);
        let watch = work.watch.clone();
        let deadline = work.deadline;
        tracing::debug!(query = %self.id, credential = %self.credential, "asked");
        let span = tracing::debug_span!("query", query = %self.id, credential = %self.credential);
        let told = sender.clone();
        let work = async move {
            if AssertUnwindSafe(work.answer(sender)).catch_unwind().await.is_err() {
                tracing::error!("a question met a fault of this program");
                let _ = told.try_send(Err(Unanswered::fault()));
            }
        };
        let task = self.running.desk().spawn(work.instrument(span));
        let mut rows = Rows { receiver, running: self.running, deadline, task: Ending(task, watch) };
        match rows.receive().await? {
            Message::Schema(schema) => Ok(Answer { schema, provenance, rows }),
            Message::Rows(_) | Message::End => Err(Unanswered::Ended),
        }
    }

    /// What a question would answer.
    ///
    /// # Errors
    /// As [`Seat::ask`].
    pub async fn describe(mut self, question: Question) -> Result<Description, Unanswered> {
        let described = self.described(question).await;
        match &described {
            Ok(_) => self.running.answered(),
            Err(why) => self.running.refused(why),
        }
        described
    }

    async fn described(&mut self, question: Question) -> Result<Description, Unanswered> {
        let (work, _) = self.work(question).await?;
        let (watch, until) = (work.watch.clone(), work.deadline.map(|deadline| deadline + GRACE));
        let (sender, receiver) = oneshot::channel();
        let work = async move {
            let described = AssertUnwindSafe(work.describe()).catch_unwind().await;
            // Nobody may listen any more.
            let _ = sender.send(described.unwrap_or_else(|_| Err(Unanswered::fault())));
        };
        let _task = Ending(self.running.desk().spawn(work), watch);
        match within(until, receiver).await {
            Some(described) => described.unwrap_or(Err(Unanswered::Ended)),
            None => Err(self.running.too_late()),
        }
    }

    /// The work for a question over the newest versions, and the answer's provenance.
    async fn work(&self, question: Question) -> Result<(Work, Provenance), Unanswered> {
        let desk = self.running.desk();
        if desk.0.is_for_strangers && !question.is_ours && question.text.len() > SqlLimits::TEXT {
            return Err(Unanswered::TooLong(question.text.len()));
        }
        let current = match &self.over {
            Some(current) => current.clone(),
            None => desk.current().await?,
        };
        let session = current.session.clone();
        let parsed = |moment: &Option<Moment>| match moment {
            Some(Moment::Written(text)) => moment::parse(text, session.zone()).map(Some).map_err(Unanswered::Moment),
            Some(Moment::At(moment)) => Ok(Some(*moment)),
            None => Ok(None),
        };
        let (as_of, recorded) = (parsed(&question.as_of)?, parsed(&question.recorded)?);
        let moments = session::Question { text: question.text.clone(), as_of, recorded };
        let provenance = Provenance { as_of: as_of.unwrap_or(session.now()), recorded, current };
        let (place, deadline) = (self.running.place(), self.running.deadline());
        Ok((Work { place, session, question, moments, watch: Arc::default(), deadline }, provenance))
    }
}

impl From<String> for Question {
    fn from(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Ending them does not wait for a question that does not listen.
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}

/// Waits until a moment, if there is one.
pub(crate) async fn within<T>(until: Option<Instant>, work: impl Future<Output = T>) -> Option<T> {
    match until {
        Some(until) => timeout_at(until, work).await.ok(),
        None => Some(work.await),
    }
}
