//! The thread that owns a consumer: rebalances and errors become messages, records are copied into batches.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Message as _, Offset, TopicPartitionList};
use tokio::sync::{mpsc, oneshot};

use super::errors::failed;
use super::{ASK_TIMEOUT, config, headers};
use crate::{Ends, LogError, Records, Result, RetryReason, TopicPartition};

/// A batch is handed over at about this size …
const BATCH_BYTES: usize = 1 << 20;
/// … or this many records …
const BATCH_RECORDS: usize = 16_384;
/// … or when nothing has followed for so long …
const BATCH_IDLE: Duration = Duration::from_millis(2);
/// … or at this age.
const BATCH_AGE: Duration = Duration::from_millis(20);
/// Wait for records when there is nothing to do, and so the longest wait of a command.
const POLL: Duration = Duration::from_millis(20);
/// Wait for room when the reader is slow.
const ROOM: Duration = Duration::from_millis(1);
/// A seek is tried again so long while a partition is still being started.
const SEEK_PATIENCE: Duration = Duration::from_secs(2);

/// What the reader asks for.
pub(super) enum Command {
    Seek { at: TopicPartition, offset: i64, seek: u64, reply: oneshot::Sender<Result<()>> },
    Commit { next: Vec<(TopicPartition, i64)>, reply: oneshot::Sender<Result<()>> },
}

/// What the reader is told; `seek` names the seek that it follows from.
pub(super) enum Event {
    Assigned(Vec<TopicPartition>),
    Revoked(Vec<TopicPartition>),
    Records { records: Records, seek: u64 },
    Failed { at: TopicPartition, error: LogError, seek: u64 },
    Error(LogError),
}

/// Collects what the group decides while the consumer is polled.
#[derive(Default)]
pub(super) struct Context {
    changes: Mutex<Vec<Event>>,
}

impl Context {
    fn push(&self, change: Event) {
        self.changes.lock().expect("no holder of the lock panics").push(change);
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        config::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "kafka consumer");
    }
}

impl ConsumerContext for Context {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, code: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let partitions = |list: &TopicPartitionList| {
            list.elements().iter().map(|it| TopicPartition::new(it.topic(), it.partition())).collect::<Vec<_>>()
        };
        let result = if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            // Neither the group's offsets nor a reset decide where to read: nothing is fetched until a seek. The offset
            // is a number: where "the end" is would be asked of the broker, and an answer that a seek has overtaken is
            // asked for again half a second later, which then moves the partition to its end behind our back.
            let assigned = list
                .set_all_offsets(Offset::Offset(0))
                .and_then(|()| consumer.incremental_assign(list))
                .and_then(|()| consumer.pause(list));
            self.push(Event::Assigned(partitions(list)));
            assigned
        } else {
            self.push(Event::Revoked(partitions(list)));
            consumer.incremental_unassign(list)
        };
        if let Err(error) = result {
            self.push(Event::Error(failed(&error)));
        }
    }
}

/// One assigned partition.
struct Reading {
    at: TopicPartition,
    /// Number of the seek that is in force; none: nothing is delivered.
    seek: Option<u64>,
    /// Offset expected next.
    next: i64,
    /// Offset of a record that came instead of the expected one, until reading again has confirmed it.
    leap: Option<i64>,
    batch: Records,
}

pub(super) struct Pump {
    consumer: BaseConsumer<Context>,
    commands: Receiver<Command>,
    events: mpsc::Sender<Event>,
    outbox: VecDeque<Event>,
    readings: Vec<Reading>,
    /// The reading of the last message: the next message is most likely of the same.
    current: usize,
    /// When the oldest record that waits in a batch came.
    waiting_since: Option<Instant>,
}

impl Pump {
    pub(super) fn new(
        consumer: BaseConsumer<Context>,
        commands: Receiver<Command>,
        events: mpsc::Sender<Event>,
    ) -> Self {
        let (outbox, readings) = (VecDeque::new(), Vec::new());
        Self { consumer, commands, events, outbox, readings, current: 0, waiting_since: None }
    }

    /// Works until the reader is gone.
    pub(super) fn run(mut self) {
        loop {
            match self.commands.try_recv() {
                Ok(command) => self.command(command),
                Err(TryRecvError::Disconnected) => return,
                Err(TryRecvError::Empty) => {}
            }
            if !self.send() {
                return;
            }
            if !self.outbox.is_empty() {
                match self.commands.recv_timeout(ROOM) {
                    Ok(command) => self.command(command),
                    Err(RecvTimeoutError::Disconnected) => return,
                    Err(RecvTimeoutError::Timeout) => {}
                }
                continue;
            }
            self.poll();
        }
    }

    /// Hands over what there is room for; false when nobody listens any more.
    fn send(&mut self) -> bool {
        while let Some(event) = self.outbox.pop_front() {
            match self.events.try_send(event) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(event)) => {
                    self.outbox.push_front(event);
                    return true;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => return false,
            }
        }
        true
    }

    /// Takes messages until something is to be handed over, or for a moment.
    fn poll(&mut self) {
        for turn in 0_u32.. {
            let wait = if self.waiting_since.is_some() { BATCH_IDLE } else { POLL };
            let mut leapt = None;
            let polled = match self.consumer.poll(wait) {
                None => None,
                Some(Ok(message)) => {
                    leapt = take(&mut self.readings, &mut self.current, &message, &mut self.outbox);
                    Some(Ok(()))
                }
                Some(Err(error)) => Some(Err(error)),
            };
            if let Some(place) = leapt {
                self.read_again(place);
            }
            match polled {
                Some(Ok(())) => {
                    let since = *self.waiting_since.get_or_insert_with(Instant::now);
                    if self.outbox.is_empty() && (turn % 64 != 63 || since.elapsed() < BATCH_AGE) {
                        continue;
                    }
                    if since.elapsed() >= BATCH_AGE {
                        self.flush();
                    }
                }
                Some(Err(error)) => {
                    self.flush();
                    self.error(&error);
                }
                None => self.flush(),
            }
            break;
        }
        self.rebalanced();
    }

    fn flush(&mut self) {
        self.waiting_since = None;
        self.readings.iter_mut().for_each(|reading| reading.flush(&mut self.outbox));
    }

    /// Takes over what the group has decided meanwhile.
    fn rebalanced(&mut self) {
        let changes = std::mem::take(&mut *self.consumer.context().changes.lock().expect("no holder panics"));
        for change in changes {
            match &change {
                Event::Assigned(partitions) => self.readings.extend(partitions.iter().cloned().map(Reading::new)),
                Event::Revoked(partitions) => self.readings.retain(|reading| !partitions.contains(&reading.at)),
                _ => {}
            }
            self.outbox.push_back(change);
        }
    }

    fn error(&mut self, error: &KafkaError) {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => self.out_of_range(),
            Some(RDKafkaErrorCode::AllBrokersDown) => self.outbox.push_back(Event::Error(failed(error))),
            // Single connections come and go; the client mends that by itself.
            Some(
                RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::Resolve
                | RDKafkaErrorCode::MessageTimedOut,
            ) => tracing::debug!(%error, "kafka consumer"),
            _ => {
                tracing::warn!(%error, "kafka consumer");
                self.outbox.push_back(Event::Error(failed(error)));
            }
        }
    }

    /// Reads a partition again from where it was expected to go on. Offsets are left out for transactions' markers and
    /// by compaction; then the same record comes again, and is taken.
    fn read_again(&mut self, place: usize) {
        let (at, next) = (self.readings[place].at.clone(), self.readings[place].next);
        tracing::warn!(%at, log.offset = next, "offsets are left out from here on; reading again");
        if let Err(error) = self.start(&at, next)
            && let Some(seek) = self.readings[place].seek.take()
        {
            self.outbox.push_back(Event::Failed { at, error, seek });
        }
    }

    /// Some partition cannot be read on. The client does not say which, so each is compared with its ends.
    fn out_of_range(&mut self) {
        for place in 0..self.readings.len() {
            let Reading { at, seek: Some(seek), next, .. } = &self.readings[place] else { continue };
            let (at, seek, next) = (at.clone(), *seek, *next);
            if let Err(error) = self.start(&at, next) {
                self.readings[place].seek = None;
                let event = match error {
                    LogError::Retry { .. } => Event::Failed {
                        at,
                        error: LogError::retry(RetryReason::LogDown, "reading stopped and its cause is not known"),
                        seek,
                    },
                    error => Event::Failed { at, error, seek },
                };
                self.outbox.push_back(event);
            }
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Seek { at, offset, seek, reply } => {
                let result = match self.readings.iter().position(|reading| reading.at == at) {
                    // Revoked meanwhile; the message is on its way.
                    None => Ok(()),
                    Some(place) => {
                        self.readings[place].begin(None, offset);
                        let result = self.start(&at, offset);
                        if result.is_ok() {
                            self.readings[place].begin(Some(seek), offset);
                        }
                        result
                    }
                };
                drop(reply.send(result));
            }
            Command::Commit { next, reply } => {
                drop(reply.send(self.commit(&next).map_err(|e| failed(&e))));
            }
        }
    }

    /// Makes the consumer fetch a partition from an offset that the log still has.
    fn start(&self, at: &TopicPartition, offset: i64) -> Result<()> {
        let ends = self.consumer.fetch_watermarks(&at.topic, at.partition, ASK_TIMEOUT).map_err(|e| failed(&e))?;
        let ends = Ends { first: ends.0, next: ends.1 };
        if let Err(error) = ends.check(at, offset) {
            drop(self.consumer.pause(&list(&[(at.clone(), offset)]).map_err(|e| failed(&e))?));
            return Err(error.into());
        }
        let start = || -> KafkaResult<()> {
            let list = list(&[(at.clone(), offset)])?;
            self.consumer.resume(&list)?;
            let deadline = Instant::now() + SEEK_PATIENCE;
            loop {
                let sought = self.consumer.seek_partitions(list.clone(), ASK_TIMEOUT)?;
                if sought.elements().iter().all(|element| element.error().is_ok()) {
                    return Ok(());
                }
                if Instant::now() > deadline {
                    // A partition that stopped at an error starts only when it is assigned anew.
                    self.consumer.incremental_unassign(&list)?;
                    return self.consumer.incremental_assign(&list);
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        start().map_err(|e| failed(&e))
    }

    fn commit(&self, next: &[(TopicPartition, i64)]) -> KafkaResult<()> {
        self.consumer.commit(&list(next)?, CommitMode::Async)
    }
}

fn list(offsets: &[(TopicPartition, i64)]) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for (at, offset) in offsets {
        list.add_partition_offset(&at.topic, at.partition, Offset::Offset(*offset))?;
    }
    Ok(list)
}

/// Copies a message into its partition's batch, and hands the batch over when it is full. Returns the reading that
/// must be read again, because the message is not the one that was expected.
fn take(
    readings: &mut [Reading],
    current: &mut usize,
    message: &BorrowedMessage<'_>,
    outbox: &mut VecDeque<Event>,
) -> Option<usize> {
    let (topic, partition) = (message.topic(), message.partition());
    let is = |reading: &Reading| reading.at.partition == partition && &*reading.at.topic == topic;
    if !readings.get(*current).is_some_and(is) {
        *current = readings.iter().position(is)?;
    }
    let reading = &mut readings[*current];
    if reading.seek.is_none() || message.offset() < reading.next {
        return None;
    }
    if message.offset() > reading.next && reading.leap != Some(message.offset()) {
        reading.leap = Some(message.offset());
        return Some(*current);
    }
    let envelope = headers::read(message.headers());
    let (key, value) = (message.key().unwrap_or_default(), message.payload().unwrap_or_default());
    reading.batch.push(message.offset(), key, envelope, value);
    reading.next = message.offset() + 1;
    if reading.batch.bytes() >= BATCH_BYTES || reading.batch.len() >= BATCH_RECORDS {
        reading.flush(outbox);
    }
    None
}

impl Reading {
    fn new(at: TopicPartition) -> Self {
        Self { batch: Records::new(at.clone()), at, seek: None, next: 0, leap: None }
    }

    fn begin(&mut self, seek: Option<u64>, next: i64) {
        self.batch = Records::new(self.at.clone());
        self.seek = seek;
        self.next = next;
        self.leap = None;
    }

    fn flush(&mut self, outbox: &mut VecDeque<Event>) {
        let Some(seek) = self.seek.filter(|_| !self.batch.is_empty()) else { return };
        // The next batch will be much like this one.
        let next = self.batch.next_batch();
        let records = std::mem::replace(&mut self.batch, next);
        outbox.push_back(Event::Records { records, seek });
    }
}
