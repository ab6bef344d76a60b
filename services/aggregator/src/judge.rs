//! What becomes of each record: decoded and checked when it arrives, decided when the batch is committed.
//!
//! Arrival tells certainly new ids (larger than any accepted id of their source and length) from *suspects*. Only
//! suspects are looked up in `events`, once per batch. The decision looks at the table and at earlier records of the
//! batch, never at later ones: judging a record again gives the same result.

mod decide;

use std::ops::Range;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::error::ArrowError;
use helan_log::{RecordRef, Records, TopicPartition, partition_of};
use helan_runtime::clock::CLOCKS_DIFFER;
use helan_schemas::codes;
use helan_schemas::digest::ContentDigest;
use helan_schemas::event::{EventRef, Malformed, decode_batch};
use helan_schemas::refusal::Code;
use helan_schemas::refused::Refused;
use helan_schemas::topics;

use self::decide::{Objection, RecordAt, Slots};
use crate::builders::{EventRows, Origin, Reason, RefusalRows, SubmissionRows, Verdict};
use crate::state::{EVENTS, Largest, PartitionState, REFUSALS, SUBMISSIONS, TABLES};
pub(crate) use decide::{Found, Rules, Wanted};

/// Stands in the id of a submission whose sender named it, between reporter and `Idempotency-Key`; a digest has none.
const GIVEN: char = ':';
/// Bytes of an undecodable record that are kept.
const KEPT_BYTES: usize = 4096;
/// 9999-12-31, in microseconds: a receive time beyond it is no time.
const LAST_INSTANT: i64 = 253_402_214_400_000_000;

/// Records that wait for a commit.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    batches: Vec<Records>,
    records: Vec<Pending>,
    rows: EventRows,
    wanted: Wanted,
    digest: ContentDigestScratch,
}

#[derive(Default)]
struct ContentDigestScratch(ContentDigest);

impl std::fmt::Debug for ContentDigestScratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

#[derive(Debug)]
struct Pending {
    batch: usize,
    position: usize,
    /// Its events in the columns.
    rows: Range<usize>,
    recorded_at: i64,
    read: Read,
    /// Tables that still need its rows.
    wanted: [bool; TABLES],
}

#[derive(Debug)]
enum Read {
    Events,
    Refused(Box<Refused>),
    Undecodable(String),
    /// Its partition was taken from us.
    Discarded,
}

/// The rows of a batch, and what they came from.
#[derive(Debug)]
pub(crate) struct Judged {
    /// In the order of [`helan_schemas::tables::Table::FED`].
    pub(crate) tables: [RecordBatch; TABLES],
    pub(crate) counts: Counts,
}

/// What a batch amounted to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records read.
    pub records: u64,
    /// Events that were new.
    pub accepted: u64,
    /// Events that repeat accepted ones.
    pub repeated: u64,
    /// Submissions refused because an id or a key was used for other content, or nothing has the id that they withdraw.
    pub refused: u64,
    /// Records that could not be decoded.
    pub undecodable: u64,
    /// Ids and keys that had to be looked up.
    pub suspects: u64,
}

impl Batch {
    /// What to look up before [`Batch::judge`].
    pub(crate) fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Decodes and checks records of one partition.
    pub(crate) fn take(&mut self, records: Records, state: &mut PartitionState) {
        let batch = self.batches.len();
        for (position, record) in records.iter().enumerate() {
            let received = if (0..=LAST_INSTANT).contains(&record.received_at) { record.received_at } else { 0 };
            let recorded_at = recorded_at(received, state.last_recorded);
            state.last_recorded = recorded_at;
            let record = RecordRef { received_at: received, ..record };
            let first = self.rows.len();
            let read = if topics::holds_refusals(&state.at.topic) {
                match Refused::decode(record.value) {
                    Ok(refused) => Read::Refused(Box::new(refused)),
                    Err(Malformed(why)) => Read::Undecodable(why),
                }
            } else {
                let origin = Origin { topic: &state.at.topic, partition: state.at.partition, record, recorded_at };
                let largest = (&mut state.largest, &mut state.largest_keys);
                match self.decode(origin, state.partitions, largest) {
                    Ok(()) => Read::Events,
                    Err(Malformed(why)) => {
                        self.rows.truncate(first);
                        Read::Undecodable(why)
                    }
                }
            };
            let wanted = state.stored.map(|stored| record.offset >= stored);
            self.records.push(Pending { batch, position, rows: first..self.rows.len(), recorded_at, read, wanted });
        }
        self.batches.push(records);
    }

    fn decode(
        &mut self,
        origin: Origin<'_>,
        partitions: i32,
        (largest, largest_keys): (&mut Largest, &mut Largest),
    ) -> Result<(), Malformed> {
        let record = origin.record;
        let source =
            std::str::from_utf8(record.key).map_err(|_| Malformed("the record's key is not UTF-8".to_owned()))?;
        if partition_of(record.key, partitions) != origin.partition {
            // Elsewhere a second aggregator judges this source: once would not be once.
            return Err(Malformed("the record lies in a partition to which its key does not belong".to_owned()));
        }
        let by_length = of_source(largest, source);
        let year = year_of(origin.recorded_at);
        let (rows, wanted, digest) = (&mut self.rows, &mut self.wanted, &mut self.digest.0);
        decode_batch(record.value, |index, event: EventRef<'_>| {
            if &*event.source != source {
                return Err(Malformed(format!("event {index}: its source is not the record's key")));
            }
            let statement = event.check().map_err(|Malformed(why)| Malformed(format!("event {index}: {why}")))?;
            let content_digest = event.content_digest(&statement, digest);
            if !is_new(by_length, &event.id) {
                wanted.id(source, &event.id);
            }
            if let Some(id) = event.data.withdraws.as_deref() {
                wanted.id(source, id);
            }
            rows.push(origin, year, index, &event, &statement, &content_digest);
            Ok(())
        })?;
        if record.submission.contains(GIVEN) && !is_new(of_source(largest_keys, source), record.submission) {
            wanted.key(source, record.submission);
        }
        Ok(())
    }

    /// Drops what came from a partition.
    pub(crate) fn discard(&mut self, at: &TopicPartition) {
        for record in self.records.iter_mut().filter(|record| self.batches[record.batch].at() == at) {
            record.read = Read::Discarded;
        }
    }

    /// Decides, given what the tables hold of what was wanted.
    pub(crate) fn judge(self, found: Found, rules: Rules) -> Result<Judged, ArrowError> {
        let mut counts = Counts { suspects: self.wanted.count(), ..Counts::default() };
        let mut slots = Slots::new(&self.wanted, found, rules);
        let (mut refusals, mut submissions) = (RefusalRows::default(), SubmissionRows::default());
        let mut kept = vec![true; self.rows.len()];
        for (number, pending) in self.records.iter().enumerate() {
            let records = &self.batches[pending.batch];
            let record = records.get(pending.position).expect("a pending record lies in its batch");
            let origin = Origin {
                topic: &records.at().topic,
                partition: records.at().partition,
                record,
                recorded_at: pending.recorded_at,
            };
            let source = String::from_utf8_lossy(record.key);
            let about = Reason {
                stage: "aggregator",
                reporter: Some(record.reporter),
                source: Some(&source),
                submission: Some(record.submission),
                ..Reason::default()
            };
            let mut reasons = Reasons { rows: &mut refusals, origin, wanted: pending.wanted[REFUSALS] };
            let verdict = match &pending.read {
                Read::Discarded => {
                    kept[pending.rows.clone()].fill(false);
                    continue;
                }
                Read::Refused(refused) => {
                    counts.records += 1;
                    reasons.refused(refused);
                    continue;
                }
                Read::Undecodable(why) => {
                    counts.undecodable += 1;
                    reasons.undecodable(about, why);
                    Verdict { outcome: codes::REFUSED, events: 0, accepted: 0, repeated: 0, withdrawn: 0 }
                }
                Read::Events => slots.decide(
                    RecordAt { number, offset: record.offset, source: &source, submission: record.submission },
                    pending.rows.clone(),
                    &self.rows,
                    &mut kept,
                    |objection| reasons.object(about, objection, pending.rows.start, &self.rows),
                ),
            };
            counts.records += 1;
            counts.accepted += verdict.accepted as u64;
            counts.repeated += verdict.repeated as u64;
            counts.refused +=
                u64::from(verdict.outcome == codes::REFUSED && !matches!(pending.read, Read::Undecodable(_)));
            // The refused topic's undecodable records are no submissions.
            if pending.wanted[SUBMISSIONS] && !topics::holds_refusals(&records.at().topic) {
                submissions.push(origin, &source, verdict);
            }
            if !pending.wanted[EVENTS] {
                kept[pending.rows.clone()].fill(false);
            }
        }
        let mut events = self.rows.finish()?;
        if kept.contains(&false) {
            events = filter_record_batch(&events, &BooleanArray::from(kept))?;
        }
        Ok(Judged { tables: [refusals.finish()?, submissions.finish()?, events], counts })
    }
}

/// When a record counts as known: when it was received, but not before the record before it. One that was received by a
/// clock far ahead keeps that time to itself: later ones that were received earlier by more than clocks may differ are not
/// dated by it. Follows from the log alone, so that the same log gives the same times.
fn recorded_at(received: i64, before: i64) -> i64 {
    match received {
        // It does not say.
        0 => before,
        _ if before - received > CLOCKS_DIFFER => received,
        _ => received.max(before),
    }
}

fn of_source<'l>(largest: &'l mut Largest, source: &str) -> &'l mut Vec<(usize, String)> {
    if !largest.contains_key(source) {
        largest.insert(source.to_owned(), Vec::new());
    }
    largest.get_mut(source).expect("it was put there")
}

/// Whether no accepted id of this length is as large; remembers it if so.
fn is_new(by_length: &mut Vec<(usize, String)>, id: &str) -> bool {
    match by_length.iter_mut().find(|(length, _)| *length == id.len()) {
        Some((_, largest)) if id <= largest.as_str() => false,
        Some((_, largest)) => {
            id.clone_into(largest);
            true
        }
        None => {
            by_length.push((id.len(), id.to_owned()));
            true
        }
    }
}

fn year_of(microseconds: i64) -> i32 {
    let instant = jiff::Timestamp::from_microsecond(microseconds).unwrap_or_default();
    jiff::tz::Offset::UTC.to_datetime(instant).year().into()
}

/// Writes reasons, unless the table has them already.
struct Reasons<'r> {
    rows: &'r mut RefusalRows,
    origin: Origin<'r>,
    wanted: bool,
}

impl Reasons<'_> {
    fn push(&mut self, reason: Reason<'_>) {
        if self.wanted {
            self.rows.push(self.origin, reason);
        }
    }

    fn undecodable(&mut self, about: Reason<'_>, why: &str) {
        let code = Code::UndecodableRecord;
        let value = self.origin.record.value;
        self.push(Reason {
            code: code.code(),
            message_zh: &format!("{}：{why}", code.meaning_zh()),
            message_en: &format!("{}: {why}", code.meaning_en()),
            bytes: Some(&value[..value.len().min(KEPT_BYTES)]),
            ..about
        });
    }

    fn object(&mut self, about: Reason<'_>, objection: Objection, first: usize, rows: &EventRows) {
        let about = Reason { code: objection.code().code(), ..about };
        let code = objection.code();
        let told = |what: &str| [format!("{}：{what}", code.meaning_zh()), format!("{}: {what}", code.meaning_en())];
        let (row, field, [zh, en]) = match objection {
            Objection::Id { row, .. } => (Some(row), "id", told(rows.id.get(row))),
            Objection::Withdraws { row } => {
                (Some(row), "data.withdraws", told(rows.withdraws(row).unwrap_or_default()))
            }
            Objection::Key => (None, "Idempotency-Key", told(self.origin.record.submission)),
        };
        self.push(Reason {
            id: row.map(|row| rows.id.get(row)),
            index: row.map(|row| row - first),
            field: Some(field),
            message_zh: &zh,
            message_en: &en,
            ..about
        });
    }

    fn refused(&mut self, refused: &Refused) {
        let about = Reason {
            stage: "ingest",
            reporter: Some(&refused.reporter),
            source: refused.source.as_deref(),
            submission: refused.submission.as_deref(),
            ..Reason::default()
        };
        for error in &refused.errors {
            self.push(Reason {
                code: &error.code,
                id: error.id.as_deref(),
                index: error.index.map(|index| index as usize),
                field: error.field.as_deref(),
                message_zh: &error.message_zh,
                message_en: &error.message_en,
                ..about
            });
        }
        // Each record leaves a row: by the rows a restart finds how far the partition's times have come.
        if refused.more > 0 || refused.errors.is_empty() {
            self.push(Reason {
                code: refused.errors.last().map_or("refused", |error| error.code.as_str()),
                message_zh: &format!("另有 {} 条原因未列出", refused.more),
                message_en: &format!("{} more reasons are not listed", refused.more),
                ..about
            });
        }
    }
}
