//! An answer: its columns, where it comes from, and its rows, which come until it ends, breaks off, or is dropped.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use futures::Stream;
use tokio::sync::mpsc::Receiver;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::running::Running;
use super::{GRACE, Unanswered, within};
use crate::guard::watch::Watch;
use crate::session::Version;
use crate::session::reuse::Current;

/// The answer to a question. Dropping its rows ends the plan.
pub struct Answer {
    /// Its columns.
    pub schema: SchemaRef,
    /// Table versions, catalog, T and R.
    pub provenance: Provenance,
    /// Its rows.
    pub rows: Rows,
}

/// Where an answer comes from: table versions, catalog, T and R.
#[derive(Clone)]
pub struct Provenance {
    /// T, microseconds since the epoch.
    pub as_of: i64,
    /// R, microseconds since the epoch; none = everything in these versions.
    pub recorded: Option<i64>,
    pub(crate) current: Arc<Current>,
}

impl Provenance {
    /// Which version of each table was read.
    pub fn versions(&self) -> &[Version] {
        self.current.session.versions()
    }

    /// The same as one text: `events=12, submissions=9, …`.
    pub fn table_versions(&self) -> String {
        let versions = self.versions().iter().map(|version| format!("{}={}", version.table, version.version));
        versions.collect::<Vec<_>>().join(", ")
    }

    /// The catalog's time zone, in which dates are meant.
    pub fn zone(&self) -> &jiff::tz::TimeZone {
        self.current.session.zone()
    }

    /// Digest of the catalog.
    pub fn catalog(&self) -> &str {
        &self.current.session.catalog().digest
    }
}

/// What the work for a question tells the side that waits for it.
pub(super) enum Message {
    /// The columns. Comes first.
    Schema(SchemaRef),
    Rows(RecordBatch),
    /// That was all.
    End,
}

/// The rows of an answer.
pub struct Rows {
    pub(super) receiver: Receiver<Result<Message, Unanswered>>,
    pub(super) running: Running,
    pub(super) deadline: Option<Instant>,
    pub(super) task: Ending,
}

/// Ends the work for a question when dropped.
pub(crate) struct Ending(pub(crate) AbortHandle, pub(crate) Arc<Watch>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.1.end();
        self.0.abort();
    }
}

impl Rows {
    /// The next rows; none after the last. After an error nothing comes.
    ///
    /// # Errors
    /// [`Unanswered`] where the answer breaks off.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>, Unanswered> {
        match self.receive().await? {
            Message::Rows(rows) => {
                self.running.rows += rows.num_rows() as u64;
                Ok(Some(rows))
            }
            Message::Schema(_) | Message::End => {
                self.running.answered();
                Ok(None)
            }
        }
    }

    /// As a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<RecordBatch, Unanswered>> + Send {
        futures::stream::try_unfold(self, |mut rows| async move { Ok(rows.next().await?.map(|batch| (batch, rows))) })
    }

    /// All that are still to come.
    ///
    /// # Errors
    /// As [`Rows::next`].
    pub async fn collect(mut self) -> Result<Vec<RecordBatch>, Unanswered> {
        let mut all = Vec::new();
        while let Some(rows) = self.next().await? {
            all.push(rows);
        }
        Ok(all)
    }

    /// Ends the answer from elsewhere, such as another connection: what comes next is [`Unanswered::Ended`].
    pub fn watch(&self) -> Arc<Watch> {
        self.task.1.clone()
    }

    /// Until when all rows can be fetched.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Counts bytes that were made of the rows.
    ///
    /// # Errors
    /// [`Unanswered::Bytes`] beyond the limit of an answer.
    pub fn sent(&mut self, bytes: usize) -> Result<(), Unanswered> {
        self.running.sent(bytes)
    }

    /// Ends the answer as timed out.
    pub fn too_late(&self) -> Unanswered {
        self.running.too_late()
    }

    /// Notes why an answer broke off after its rows had left the desk.
    pub fn broke_off(&mut self, why: &Unanswered) {
        self.running.refused(why);
    }

    /// The next message, or why none comes.
    pub(super) async fn receive(&mut self) -> Result<Message, Unanswered> {
        // Work that never pauses never looks at the clock: so it is also looked at from here.
        let until = self.deadline.map(|deadline| deadline + GRACE);
        let received = match within(until, self.receiver.recv()).await {
            Some(Some(received)) => received,
            Some(None) if !self.is_late() => Err(Unanswered::Ended),
            _ => Err(self.running.too_late()),
        };
        received.inspect_err(|why| self.running.refused(why))
    }

    fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}
