//! The one thread that writes. Records that wait together are committed together, with one sync.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};

use super::disk::Files;
use super::schema::{self, Partition, address, failed};
use crate::{
    Address, LogError, NewRecord, Result, RetryReason, StopReason, TopicPartition, TopicSpec, digest, partition_of,
};

/// One commit takes at most so many records …
const COMMIT_RECORDS: usize = 4096;
/// … and about so many bytes, so that nobody waits long for others' records.
const COMMIT_BYTES: usize = 16 << 20;
/// After a failure the database is reopened at most this often.
const REOPEN_EVERY: Duration = Duration::from_secs(1);
/// Retention deletes so many records in one commit.
const RETAIN_RECORDS: i64 = 1000;

pub(super) type Reply<T> = oneshot::Sender<Result<T>>;

/// What the thread is asked to do.
pub(super) enum Command {
    /// Append a record; the permit frees its room in the queue.
    Append {
        record: NewRecord,
        reply: Reply<Address>,
        room: OwnedSemaphorePermit,
    },
    CreateTopics {
        topics: Vec<TopicSpec>,
        reply: Reply<()>,
    },
    /// Say whether records can be appended now.
    Check {
        reply: Reply<()>,
    },
    Retain {
        at: TopicPartition,
        first: i64,
        reply: Reply<()>,
    },
}

pub(super) struct Writer {
    pub(super) path: PathBuf,
    pub(super) max_bytes: Option<u64>,
    /// Woken after each commit.
    pub(super) changed: Arc<watch::Sender<u64>>,
    /// None after a failure, until reopened.
    database: Option<Database>,
    failure: Option<(Instant, LogError)>,
    /// Whether the last change failed: then a check writes something.
    doubtful: bool,
    /// Held as long as the thread lives, and so longer than the connection.
    _lock: File,
}

struct Database {
    connection: Connection,
    files: Files,
    /// Whether more was written than the partitions know: into a file that had no name by then.
    stale: bool,
    partitions: BTreeMap<TopicPartition, Partition>,
    counts: BTreeMap<String, i32>,
}

struct Waiting {
    record: NewRecord,
    reply: Reply<Address>,
    _room: OwnedSemaphorePermit,
}

impl Writer {
    pub(super) fn open(
        path: PathBuf,
        max_bytes: Option<u64>,
        changed: Arc<watch::Sender<u64>>,
        lock: File,
    ) -> Result<Self> {
        let database = Some(Database::open(&path, max_bytes)?);
        Ok(Self { path, max_bytes, changed, database, failure: None, doubtful: false, _lock: lock })
    }

    /// Works until every sender is gone.
    pub(super) fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        let mut next = None;
        while let Some(command) = next.take().or_else(|| commands.blocking_recv()) {
            match command {
                Command::Append { record, reply, room } => {
                    let mut batch = vec![Waiting { record, reply, _room: room }];
                    next = gather(&mut commands, &mut batch);
                    self.append(batch);
                }
                Command::CreateTopics { topics, reply } => {
                    let result = self.with(|database| database.create_topics(&topics));
                    drop(reply.send(result));
                }
                Command::Check { reply } => {
                    let doubtful = self.doubtful;
                    drop(reply.send(self.with(|database| database.check(doubtful))));
                }
                Command::Retain { at, first, reply } => {
                    let result = self.with(|database| database.retain(&at, first));
                    drop(reply.send(result));
                }
            }
            self.changed.send_modify(|version| *version += 1);
        }
    }

    fn append(&mut self, batch: Vec<Waiting>) {
        let records: Vec<&NewRecord> = batch.iter().map(|waiting| &waiting.record).collect();
        let result = self.with(|database| database.append(&records));
        match result {
            Ok(addresses) => {
                for (waiting, address) in batch.into_iter().zip(addresses) {
                    drop(waiting.reply.send(address));
                }
            }
            Err(error) => batch.into_iter().for_each(|waiting| drop(waiting.reply.send(Err(error.clone())))),
        }
    }

    /// Runs one change, on a reopened database if the last one failed. A failure of the database closes it.
    fn with<T>(&mut self, change: impl FnOnce(&mut Database) -> Result<T>) -> Result<T> {
        let database = match self.database.take() {
            Some(database) => Ok(database),
            None => self.reopen(),
        };
        let result = database.and_then(|mut database| {
            let result = change(&mut database);
            if !matches!(result, Err(LogError::Retry { .. })) {
                self.database = Some(database);
                self.failure = None;
            }
            result
        });
        self.doubtful = matches!(result, Err(LogError::Retry { .. }));
        if let Err(error @ LogError::Retry { .. }) = &result
            && self.failure.is_none()
        {
            tracing::error!(%error, "embedded log is closed until it can be reopened");
            self.failure = Some((Instant::now(), error.clone()));
        }
        result
    }

    fn reopen(&mut self) -> Result<Database> {
        if let Some((at, error)) = &self.failure
            && at.elapsed() < REOPEN_EVERY
        {
            return Err(error.clone());
        }
        self.failure = None;
        Database::open(&self.path, self.max_bytes)
    }
}

/// Takes what waits already, up to one commit's size; returns the first command that is no append.
fn gather(commands: &mut mpsc::UnboundedReceiver<Command>, batch: &mut Vec<Waiting>) -> Option<Command> {
    let mut bytes: usize = batch.iter().map(|waiting| waiting.record.value.len()).sum();
    while batch.len() < COMMIT_RECORDS && bytes < COMMIT_BYTES {
        match commands.try_recv().ok()? {
            Command::Append { record, reply, room } => {
                bytes += record.value.len();
                batch.push(Waiting { record, reply, _room: room });
            }
            other => return Some(other),
        }
    }
    None
}

impl Database {
    fn open(path: &std::path::Path, max_bytes: Option<u64>) -> Result<Self> {
        let connection = schema::open_writer(path, &uuid::Uuid::new_v4().to_string(), max_bytes)?;
        let partitions = schema::partitions(&connection).map_err(|e| failed(&e))?;
        let files = Files::of(path)?;
        let mut database = Self { connection, files, stale: false, partitions, counts: BTreeMap::new() };
        database.count();
        Ok(database)
    }

    fn count(&mut self) {
        self.counts.clear();
        for at in self.partitions.keys() {
            *self.counts.entry(at.topic.to_string()).or_default() += 1;
        }
    }

    /// Appends all in one transaction; only a record of an unknown topic fails alone.
    fn append(&mut self, records: &[&NewRecord]) -> Result<Vec<Result<Address>>> {
        const INSERT: &str = "insert into records
            (address, key, content_type, reporter, submission, received_at, catalog, value, digest)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let Self { connection, files, stale, partitions, counts } = self;
        files.check()?;
        if *stale {
            *partitions = schema::partitions(connection).map_err(|e| failed(&e))?;
            *stale = false;
        }
        let mut next: BTreeMap<TopicPartition, Partition> = BTreeMap::new();
        let mut addresses = Vec::with_capacity(records.len());
        let mut write = || -> rusqlite::Result<()> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            {
                let mut insert = transaction.prepare_cached(INSERT)?;
                for NewRecord { topic, key, envelope, value } in records {
                    let Some(count) = counts.get(&**topic) else {
                        addresses.push(Err(StopReason::UnknownTopic(topic.to_string()).into()));
                        continue;
                    };
                    let at = TopicPartition::new(topic.clone(), partition_of(key.as_bytes(), *count));
                    let partition = next.entry(at.clone()).or_insert_with(|| partitions[&at]);
                    let offset = partition.ends.next;
                    insert.execute((
                        address(partition.number, offset),
                        key.as_bytes(),
                        &envelope.content_type,
                        &envelope.reporter,
                        &envelope.submission,
                        envelope.received_at,
                        &envelope.catalog,
                        &value[..],
                        digest(key.as_bytes(), envelope.as_ref(), value),
                    ))?;
                    partition.ends.next += 1;
                    addresses.push(Ok(Address { at, offset }));
                }
                let mut update =
                    transaction.prepare_cached("update partitions set next_offset = ? where number = ?")?;
                for partition in next.values() {
                    update.execute((partition.ends.next, partition.number))?;
                }
            }
            transaction.commit()
        };
        write().map_err(|e| failed(&e))?;
        // What went into a file without a name is not acknowledged.
        *stale = true;
        files.check()?;
        *stale = false;
        partitions.extend(next);
        Ok(addresses)
    }

    /// Whether records can be appended: the files are there, and, where that is in doubt, something can be written.
    fn check(&mut self, doubtful: bool) -> Result<()> {
        self.files.check()?;
        if doubtful {
            self.probe().map_err(|e| failed(&e))?;
        }
        Ok(())
    }

    /// Takes room for a record and gives it back, and has the disk write something.
    fn probe(&mut self) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let sql = "insert into records (address, key, content_type, reporter, submission, received_at, catalog, value)
            values (-1, x'', '', '', '', 0, '', zeroblob(65536))";
        transaction.execute(sql, [])?;
        transaction.rollback()?;
        self.connection.execute("update log set id = id", []).map(drop)
    }

    fn create_topics(&mut self, topics: &[TopicSpec]) -> Result<()> {
        for topic in topics {
            topic.check_count(self.counts.get(&topic.name).copied())?;
        }
        let create = |connection: &mut Connection| -> rusqlite::Result<_> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for topic in topics {
                for partition in 0..topic.partitions {
                    let sql = "insert into partitions (topic, partition) values (?, ?) on conflict do nothing";
                    transaction.execute(sql, (&topic.name, partition))?;
                }
            }
            transaction.commit()?;
            schema::partitions(connection)
        };
        self.partitions = create(&mut self.connection).map_err(|e| failed(&e))?;
        self.count();
        Ok(())
    }

    fn retain(&mut self, at: &TopicPartition, first: i64) -> Result<()> {
        let Some(partition) = self.partitions.get_mut(at) else {
            return Err(StopReason::UnknownTopic(at.to_string()).into());
        };
        let first = first.min(partition.ends.next);
        while partition.ends.first < first {
            let to = first.min(partition.ends.first + RETAIN_RECORDS);
            let delete = |connection: &mut Connection| -> rusqlite::Result<()> {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let rows = (address(partition.number, 0), address(partition.number, to));
                transaction.execute("delete from records where address >= ? and address < ?", rows)?;
                let sql = "update partitions set first_offset = ? where number = ?";
                transaction.execute(sql, (to, partition.number))?;
                transaction.commit()
            };
            delete(&mut self.connection).map_err(|e| failed(&e))?;
            partition.ends.first = to;
        }
        Ok(())
    }
}

impl LogError {
    pub(super) fn writer_gone() -> Self {
        Self::retry(RetryReason::LogDown, "the log is closing")
    }
}
