//! `/v1/sql`: one query, one session over one pinned version of every table, within limits.
//!
//! A query runs on threads of its own, so that it cannot keep ingest or a probe waiting, and ends when its client goes
//! away. The head of the answer waits for the first bytes, so that what goes wrong before them has a status of its own.
//! What goes wrong later breaks the body off; `GET /v1/sql/{id}` then says why.

mod counters;
mod encode;
mod limits;
mod paths;
mod request;
mod rows;
mod run;
mod tables;
mod told;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use helan_lake::Lake;
use helan_runtime::clock::Clock;
use helan_runtime::metrics::Metrics;
use tokio::runtime::Runtime;

pub use self::limits::SqlLimits;
pub(super) use self::paths::{__path_ask, __path_broken_off, ask, broken_off};
pub use self::request::SqlRequest;
pub(super) use self::rows::rows;
pub(super) use self::tables::{__path_tables, tables};
pub use self::tables::{ColumnEntry, TableEntry};

use self::counters::Counters;
use self::limits::Room;
use super::ErrorBody;
use crate::pool::BoundedPool;
use crate::reuse::Sessions;

/// Answers that broke off whose reason is remembered, oldest forgotten first.
const REMEMBERED: usize = 256;

/// What queries share.
pub(super) struct Desk {
    pub(super) limits: SqlLimits,
    pub(super) sessions: Sessions,
    room: Room,
    place: told::Place,
    pool: Arc<BoundedPool>,
    counters: Counters,
    threads: Threads,
    /// By the query's id, with the credential that asked it.
    broken_off: Mutex<VecDeque<(String, Arc<str>, ErrorBody)>>,
}

/// The threads that queries run on. Ending them does not wait for a query that does not listen.
struct Threads(Option<Runtime>);

impl Desk {
    /// Registers its metrics: one a process.
    pub(super) fn new(lake: &Lake, clock: &Clock, metrics: &Metrics, limits: SqlLimits) -> std::io::Result<Self> {
        let pool = BoundedPool::whole(limits.total_memory);
        let memory = pool.runtime().map_err(std::io::Error::other)?;
        let threads = tokio::runtime::Builder::new_multi_thread()
            // A query that keeps a thread for itself must not keep the others waiting.
            .worker_threads(2 * limits.queries + 2)
            .thread_name("helan-sql")
            // Planning nested views recurses deeply, and more so in builds that are not optimised.
            .thread_stack_size(16 * 1024 * 1024)
            .enable_all()
            .build()?;
        Ok(Self {
            sessions: Sessions::new(lake.clone(), None, clock.clone(), memory),
            room: Room::new(&limits),
            place: told::Place::of(lake.url()),
            pool,
            counters: Counters::register(metrics),
            threads: Threads(Some(threads)),
            broken_off: Mutex::default(),
            limits,
        })
    }

    fn reason(&self, id: &str) -> Option<ErrorBody> {
        let remembered = self.broken_off.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.iter().find(|(known, _, _)| known == id).map(|(_, _, error)| error.clone())
    }

    fn remember(&self, id: &str, credential: &Arc<str>, error: ErrorBody) {
        let mut remembered = self.broken_off.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.push_back((id.to_owned(), credential.clone(), error));
        if remembered.len() > REMEMBERED {
            remembered.pop_front();
        }
    }
}

impl Threads {
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> tokio::task::AbortHandle {
        self.0.as_ref().expect("the threads end with the desk").spawn(work).abort_handle()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}
