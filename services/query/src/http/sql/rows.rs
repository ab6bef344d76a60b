//! The rows of a question that the service asks for somebody: in their place, on the threads of queries and within the
//! same limits as a question of their own.

use std::sync::Arc;
use std::time::Duration;

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

/// Time that a question has, after its limit, to notice by itself.
const GRACE: Duration = Duration::from_secs(1);

/// All rows, and the T of the session that gave them.
pub(in crate::http) async fn rows(
    desk: &Arc<Desk>,
    credential: &Arc<str>,
    text: String,
) -> Result<(Vec<RecordBatch>, i64), Refusal> {
    let answer = asked(desk, credential, text).await;
    if let Err(refusal) = &answer {
        desk.counters.count(refusal.code.code());
    }
    answer
}

async fn asked(desk: &Arc<Desk>, credential: &Arc<str>, text: String) -> Result<(Vec<RecordBatch>, i64), Refusal> {
    let started = Instant::now();
    let mut running = Running::new(desk.clone(), desk.room.seat(credential)?, started);
    let session = desk.sessions.current().await.map_err(Refusal::unavailable)?.session.clone();
    let as_of = session.now();
    let (watch, deadline) = (Arc::<Watch>::default(), started + desk.limits.time);
    let too_slow = Refusal::found(Code::SqlTimeLimit, format!("{:?}", desk.limits.time));
    let (sender, receiver) = oneshot::channel();
    let (work, late) = (collected(desk.clone(), session, text, watch.clone(), running.place()), too_slow.clone());
    let work = async move {
        let rows = timeout_at(deadline, work).await.unwrap_or(Err(late));
        running.ended(rows.is_ok());
        // Nobody may listen any more.
        let _ = sender.send(rows);
    };
    let _task = Cancelled(desk.threads.spawn(work), watch);
    // A question that works without a pause never looks at the clock: so it is also looked at from here.
    match timeout_at(deadline + GRACE, receiver).await {
        Ok(Ok(rows)) => Ok((rows?, as_of)),
        Ok(Err(_)) => Err(Refusal::unavailable("a question ended without a word")),
        Err(_) => Err(too_slow),
    }
}

/// Runs a question to its end. Its memory is counted by a pool that holds its place.
async fn collected<P: Send + Sync + 'static>(
    desk: Arc<Desk>,
    session: Session,
    text: String,
    watch: Arc<Watch>,
    place: P,
) -> Result<Vec<RecordBatch>, Refusal> {
    let pool = BoundedPool::of_one_query_with(desk.limits.memory, &desk.pool, place);
    let memory = pool.runtime().map_err(|error| desk.place.engine(&error))?;
    let question = Question { text, as_of: None, recorded: None };
    let frame = session.ask(&question, Terms { memory, watch, stranger: false }).await;
    let frame = frame.map_err(|error| desk.place.refusal(error))?;
    frame.collect().await.map_err(|error| desk.place.engine(&error))
}
