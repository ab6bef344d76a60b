//! A reader of every partition of some topics, one batch ahead of its caller.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};

use super::reader::{Found, Reader};
use super::schema;
use crate::{LogError, Message, Result, RetryReason, StopReason, Subscription, TopicPartition};

/// A process that does not write hears of no commit: it looks this often.
const POLL_EVERY: Duration = Duration::from_millis(50);
/// The writing process is told of each commit, and looks now and then all the same.
const POLL_OWN_EVERY: Duration = Duration::from_secs(1);

pub(super) struct EmbeddedSubscription {
    path: PathBuf,
    /// Not yet announced.
    assigned: Option<Vec<TopicPartition>>,
    positions: BTreeMap<TopicPartition, Position>,
    /// The partition read last: the next one is read first.
    last: Option<TopicPartition>,
    changed: watch::Receiver<u64>,
    poll_every: Duration,
    reader: Option<Reader>,
    reading: Option<Reading>,
}

/// A look for the next batch, which brings its reader back unless that failed.
type Reading = JoinHandle<(Option<Reader>, Result<Option<Read>>)>;

#[derive(Clone, Copy, Default)]
struct Position {
    /// Offset to read next; none until a seek.
    next: Option<i64>,
    /// Counts seeks: what was read for an earlier one is dropped.
    seek: u64,
}

struct Read {
    at: TopicPartition,
    seek: u64,
    found: Found,
}

impl EmbeddedSubscription {
    pub(super) fn new(
        path: PathBuf,
        partitions: Vec<TopicPartition>,
        changed: watch::Receiver<u64>,
        own_process: bool,
    ) -> Self {
        let positions = partitions.iter().map(|at| (at.clone(), Position::default())).collect();
        let poll_every = if own_process { POLL_OWN_EVERY } else { POLL_EVERY };
        Self {
            path,
            assigned: Some(partitions),
            positions,
            last: None,
            changed,
            poll_every,
            reader: None,
            reading: None,
        }
    }

    /// Starts to look for the next batch, taking the partitions in turn.
    fn start(&mut self) -> Reading {
        self.changed.borrow_and_update();
        let after = |(at, _): &(&TopicPartition, &Position)| self.last.as_ref().is_none_or(|last| *at > last);
        let later = self.positions.iter().filter(after);
        let turns: Vec<_> = later.chain(&self.positions).map(|(at, position)| (at.clone(), *position)).collect();
        let (path, reader) = (self.path.clone(), self.reader.take());
        spawn_blocking(move || {
            let mut reader = match reader.map_or_else(|| Reader::open(&path), Ok) {
                Ok(reader) => reader,
                Err(error) => return (None, Err(error)),
            };
            for (at, Position { next, seek }) in turns {
                let Some(next) = next else { continue };
                match reader.read(&at, next) {
                    Ok(Found::Nothing) => {}
                    Ok(found) => return (Some(reader), Ok(Some(Read { at, seek, found }))),
                    Err(error) => return (None, Err(error)),
                }
            }
            (Some(reader), Ok(None))
        })
    }

    /// Takes what was read, unless a seek has made it stale.
    fn take(&mut self, Read { at, seek, found }: Read) -> Option<Message> {
        let position = self.positions.get_mut(&at).filter(|position| position.seek == seek)?;
        match found {
            Found::Nothing => None,
            Found::Failed(error) => {
                position.next = None;
                Some(Message::Failed { at, error: error.into() })
            }
            Found::Records(records) => {
                position.next = records.next_offset();
                self.last = Some(at);
                self.reading = Some(self.start());
                Some(Message::Records(records))
            }
        }
    }
}

#[async_trait]
impl Subscription for EmbeddedSubscription {
    async fn next(&mut self) -> Result<Message> {
        if let Some(partitions) = self.assigned.take() {
            return Ok(Message::Assigned(partitions));
        }
        loop {
            if self.reading.is_none() {
                self.reading = Some(self.start());
            }
            let reading = self.reading.as_mut().expect("just started");
            let finished = reading.await;
            self.reading = None;
            let (reader, read) = finished.map_err(|e| LogError::retry(RetryReason::LogDown, e))?;
            self.reader = reader;
            match read? {
                Some(read) => {
                    if let Some(message) = self.take(read) {
                        return Ok(message);
                    }
                }
                None => drop(tokio::time::timeout(self.poll_every, self.changed.changed()).await),
            }
        }
    }

    async fn seek(&mut self, at: &TopicPartition, offset: i64) -> Result<()> {
        let Some(position) = self.positions.get_mut(at) else { return Ok(()) };
        position.seek += 1;
        position.next = None;
        let (path, wanted) = (self.path.clone(), at.clone());
        let ends = super::blocking(move || {
            let reader = Reader::open(&path)?;
            let partition = schema::partition(reader.connection(), &wanted).map_err(|e| schema::failed(&e))?;
            Ok(partition.ok_or_else(|| StopReason::UnknownTopic(wanted.to_string()))?.ends)
        })
        .await?;
        ends.check(at, offset)?;
        position.next = Some(offset);
        Ok(())
    }

    async fn commit(&mut self, _next: &[(TopicPartition, i64)]) -> Result<()> {
        Ok(())
    }
}
