//! The log of one machine: a SQLite database in a directory of its own.
//!
//! One process writes, any number read. A group does not split partitions here: each subscription reads them all, and
//! the lake's tables fence the one that comes second.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::{
    Address, Ends, Log, LogError, LogIdentity, LogUrl, NewRecord, OpenOptions, Refusal, Result, RetryReason,
    StopReason, Subscription, Summary, TopicPartition, TopicSpec,
};

mod copy;
mod disk;
mod reader;
mod schema;
mod subscription;
#[cfg(test)]
mod tests;
mod writer;

pub use copy::copy_to;
pub use disk::{FileSystem, file_system};

use reader::Reader;
use subscription::EmbeddedSubscription;
use writer::{Command, Reply, Writer};

/// Whether a URL names an embedded log of which there is nothing yet.
pub fn is_missing(url: &str) -> bool {
    LogUrl::directory(url).is_some_and(|directory| !disk::database(&directory).exists())
}

/// Room for records that wait for their commit, in KiB; a record takes at least one.
const QUEUE_KIB: usize = 64 << 10;

/// The embedded log. Dropping it ends its writing thread and frees the directory.
pub struct EmbeddedLog {
    path: PathBuf,
    writer: Option<Sender>,
    changed: Arc<watch::Sender<u64>>,
    /// For questions; subscriptions have their own.
    reader: Arc<Mutex<Option<Reader>>>,
}

struct Sender {
    commands: mpsc::UnboundedSender<Command>,
    room: Arc<Semaphore>,
}

impl EmbeddedLog {
    /// Opens the log in a directory: for writing it is created if missing and locked for this process.
    pub async fn open(directory: PathBuf, options: OpenOptions) -> Result<Self> {
        blocking(move || Self::open_blocking(&directory, &options)).await
    }

    fn open_blocking(directory: &Path, options: &OpenOptions) -> Result<Self> {
        let path = disk::database(directory);
        let changed = Arc::new(watch::Sender::new(0));
        let mut writer = None;
        if options.write {
            disk::prepare(directory)?;
            let lock = disk::lock(directory)?;
            let thread = Writer::open(path.clone(), options.max_bytes, changed.clone(), lock)?;
            let (commands, receiver) = mpsc::unbounded_channel();
            std::thread::Builder::new()
                .name("log-writer".into())
                .spawn(move || thread.run(receiver))
                .map_err(|e| LogError::retry(RetryReason::Io, e))?;
            writer = Some(Sender { commands, room: Arc::new(Semaphore::new(QUEUE_KIB)) });
        }
        let reader = Reader::open(&path)?;
        if !options.write {
            disk::refuse_network(directory)?;
        }
        Ok(Self { path, writer, changed, reader: Arc::new(Mutex::new(Some(reader))) })
    }

    fn writer(&self) -> Result<&Sender> {
        self.writer.as_ref().ok_or(Refusal::ReadOnly.into())
    }

    /// Hands a command to the writing thread and waits for its answer.
    async fn write<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let gone = |_| LogError::writer_gone();
        self.writer()?.commands.send(command(reply)).map_err(|_| LogError::writer_gone())?;
        answer.await.map_err(gone)?
    }

    /// Asks the database something.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reader, path) = (self.reader.clone(), self.path.clone());
        blocking(move || {
            let mut slot = reader.lock().expect("no holder of the lock panics");
            let reader = match slot.take() {
                Some(reader) => reader,
                None => Reader::open(&path)?,
            };
            let answer = question(reader.connection()).map_err(|e| schema::failed(&e))?;
            *slot = Some(reader);
            Ok(answer)
        })
        .await
    }
}

#[async_trait]
impl Log for EmbeddedLog {
    async fn append(&self, record: NewRecord) -> Result<Address> {
        record.check()?;
        let kib = (record.value.len() >> 10) as u32 + 1;
        let room =
            self.writer()?.room.clone().try_acquire_many_owned(kib).map_err(|_| {
                LogError::retry(RetryReason::QueueFull, format_args!("{QUEUE_KIB} KiB wait to be written"))
            })?;
        self.write(|reply| Command::Append { record, reply, room }).await
    }

    async fn create_topics(&self, topics: &[TopicSpec]) -> Result<()> {
        let topics = topics.to_vec();
        self.write(|reply| Command::CreateTopics { topics, reply }).await
    }

    async fn subscribe(&self, _group: &str, topics: &[&str]) -> Result<Box<dyn Subscription>> {
        let mut partitions = Vec::new();
        let known = self.ask(schema::partitions).await?;
        for topic in topics {
            let before = partitions.len();
            partitions.extend(known.keys().filter(|at| *at.topic == **topic).cloned());
            if partitions.len() == before {
                return Err(StopReason::UnknownTopic((*topic).to_owned()).into());
            }
        }
        let own_process = self.writer.is_some();
        Ok(Box::new(EmbeddedSubscription::new(self.path.clone(), partitions, self.changed.subscribe(), own_process)))
    }

    async fn ends(&self, at: &TopicPartition) -> Result<Ends> {
        let wanted = at.clone();
        let partition = self.ask(move |connection| schema::partition(connection, &wanted)).await?;
        Ok(partition.ok_or_else(|| StopReason::UnknownTopic(at.to_string()))?.ends)
    }

    async fn summaries(&self, wanted: &[(TopicPartition, i64)]) -> Result<Vec<Option<Summary>>> {
        let asked = wanted.to_vec();
        let summaries = self.ask(move |connection| {
            asked
                .iter()
                .map(|(at, offset)| reader::summary_at(connection, at, *offset))
                .collect::<rusqlite::Result<Vec<_>>>()
        });
        let unknown = |at: &TopicPartition| LogError::from(StopReason::UnknownTopic(at.to_string()));
        summaries.await?.into_iter().zip(wanted).map(|(found, (at, _))| found.ok_or_else(|| unknown(at))).collect()
    }

    async fn ready(&self) -> Result<()> {
        match &self.writer {
            Some(_) => self.write(|reply| Command::Check { reply }).await,
            None => self.identity().await.map(drop),
        }
    }

    async fn identity(&self) -> Result<LogIdentity> {
        let (id, partitions) =
            self.ask(|connection| Ok((schema::log_id(connection)?, schema::partitions(connection)?))).await?;
        let mut topics = BTreeMap::new();
        for at in partitions.keys() {
            *topics.entry(at.topic.to_string()).or_default() += 1;
        }
        Ok(LogIdentity { kind: LogIdentity::EMBEDDED, id, topics })
    }

    async fn offset_for_time(&self, at: &TopicPartition, microseconds: i64) -> Result<Option<i64>> {
        let wanted = at.clone();
        let found = self.ask(move |connection| {
            let Some(partition) = schema::partition(connection, &wanted)? else { return Ok(None) };
            schema::offset_for_time(connection, partition, microseconds).map(Some)
        });
        Ok(found.await?.ok_or_else(|| StopReason::UnknownTopic(at.to_string()))?)
    }

    async fn retain(&self, at: &TopicPartition, first: i64) -> Result<()> {
        let at = at.clone();
        self.write(|reply| Command::Retain { at, first, reply }).await
    }
}

/// Runs what blocks where it may.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|e| LogError::retry(RetryReason::LogDown, e))?
}
