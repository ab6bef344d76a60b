//! The rows of a question that the service asks for somebody: in their place, on the threads of queries and within the
//! same limits as a question of their own.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use helan_schemas::refusal::Code;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::Desk;
use super::paths::Cancelled;
use super::run::Running;
use crate::http::refuse::Refusal;
use crate::pool::BoundedPool;
use crate::session::{Question, Session, Terms};
use crate::watch::Watch;

/// All rows, and the T of the session that gave them.
pub(in crate::http) async fn rows(
    desk: &Arc<Desk>,
    credential: &Arc<str>,
    text: String,
) -> Result<(Vec<RecordBatch>, i64), Refusal> {
    let started = Instant::now();
    let running = Running::new(desk.clone(), desk.room.seat(credential)?, started);
    let session = desk.sessions.current().await.map_err(Refusal::unavailable)?.session.clone();
    let as_of = session.now();
    let (watch, deadline) = (Arc::<Watch>::default(), started + desk.limits.time);
    let (sender, receiver) = oneshot::channel();
    let work = collected(desk.clone(), session, text, watch.clone(), running);
    let work = async move {
        // Nobody may listen any more.
        let _ = sender.send(work.await);
    };
    let _task = Cancelled(desk.threads.spawn(work), watch);
    match timeout_at(deadline, receiver).await {
        Ok(Ok(rows)) => Ok((rows?, as_of)),
        Ok(Err(_)) => Err(Refusal::unavailable("a question ended without a word")),
        Err(_) => Err(Refusal::found(Code::SqlTimeLimit, format!("{:?}", desk.limits.time))),
    }
}

async fn collected(
    desk: Arc<Desk>,
    session: Session,
    text: String,
    watch: Arc<Watch>,
    mut running: Running,
) -> Result<Vec<RecordBatch>, Refusal> {
    let asked = async {
        let pool = BoundedPool::of_one_query_with(desk.limits.memory, &desk.pool, running.place());
        let memory = pool.runtime().map_err(|error| desk.place.engine(&error))?;
        let question = Question { text, as_of: None, recorded: None };
        let frame = session.ask(&question, Terms { memory, watch, stranger: false }).await;
        let frame = frame.map_err(|error| desk.place.refusal(error))?;
        frame.collect().await.map_err(|error| desk.place.engine(&error))
    };
    let rows = asked.await;
    running.ended(rows.is_ok());
    if let Err(refusal) = &rows {
        desk.counters.count(refusal.code.code());
    }
    rows
}
