//! One version of every table for several questions: what a roll-up, an explanation or a transaction reads.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use helan_lake::Lake;
use helan_schemas::catalog::Catalog;

use super::{Answer, Desk, Moment, Question, Unanswered};
use crate::session::Session;
use crate::session::reuse::Current;

/// One version of every table, and the desk that is asked. Clones share what its views have computed.
#[derive(Clone)]
pub struct Pinned {
    desk: Desk,
    current: Arc<Current>,
}

impl Desk {
    /// The newest version of every table, for several questions.
    ///
    /// # Errors
    /// [`Unanswered::Unavailable`].
    pub async fn pin(&self) -> Result<Pinned, Unanswered> {
        Ok(Pinned { desk: self.clone(), current: self.current().await? })
    }

    /// A session that was opened otherwise, for several questions.
    pub fn over(&self, session: Session) -> Pinned {
        let since = session.now();
        let current = Arc::new(Current { session, snapshots: BTreeMap::new(), since, looked_at: 0 });
        Pinned { desk: self.clone(), current }
    }
}

impl Pinned {
    /// The newest version of every table of a lake, for the person who started the process.
    ///
    /// # Errors
    /// [`Unanswered::Unavailable`].
    pub async fn open(lake: &Lake, catalog: Option<Arc<Catalog>>) -> Result<Self, Unanswered> {
        Desk::own(lake, catalog).map_err(|error| Unanswered::Unavailable(Arc::new(error)))?.pin().await
    }

    /// The desk that is asked.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Answers a question of a credential from these versions.
    ///
    /// # Errors
    /// As [`Desk::ask`].
    pub async fn ask(&self, credential: &Arc<str>, question: Question) -> Result<Answer, Unanswered> {
        let mut seat = self.desk.seat(credential)?;
        seat.over = Some(self.current.clone());
        seat.ask(question).await
    }

    /// The rows of a question of the service's own.
    ///
    /// # Errors
    /// As [`Desk::ask`].
    pub async fn rows(&self, text: &str) -> Result<Vec<RecordBatch>, Unanswered> {
        self.collected(text, None, None).await
    }

    /// As [`Pinned::rows`], as of a pair of moments, microseconds since the epoch.
    ///
    /// # Errors
    /// As [`Desk::ask`].
    pub async fn rows_as_of(
        &self,
        text: &str,
        as_of: i64,
        recorded: Option<i64>,
    ) -> Result<Vec<RecordBatch>, Unanswered> {
        self.collected(text, Some(as_of), recorded).await
    }

    async fn collected(
        &self,
        text: &str,
        as_of: Option<i64>,
        recorded: Option<i64>,
    ) -> Result<Vec<RecordBatch>, Unanswered> {
        let (as_of, recorded) = (as_of.map(Moment::At), recorded.map(Moment::At));
        let question = Question { text: text.to_owned(), as_of, recorded, is_ours: true, ..Question::default() };
        self.ask(&"".into(), question).await?.rows.collect().await
    }
}

impl Deref for Pinned {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.current.session
    }
}
