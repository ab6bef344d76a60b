//! What becomes of each record: decoded and checked when it arrives, decided when the batch is committed.
//!
//! Arrival tells certainly new ids (larger than any accepted id of their source and length) from *suspects*. Only
//! suspects are looked up in `events`, once per batch. The decision looks at the table and at earlier records of the
//! batch, never at later ones: judging a record again gives the same result.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::error::ArrowError;
use helan_lake::KnownEvent;
use helan_log::{RecordRef, Records, TopicPartition, partition_of};
use helan_runtime::clock::CLOCKS_DIFFER;
use helan_schemas::digest::ContentDigest;
use helan_schemas::event::{EventRef, Malformed, decode_batch};
use helan_schemas::refusal::Code;
use helan_schemas::refused::Refused;
use helan_schemas::topics;

use crate::builders::{EventRows, Origin, Reason, RefusalRows, SubmissionRows, Verdict};
use crate::state::{EVENTS, PartitionState, REFUSALS, SUBMISSIONS, TABLES};

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
    suspects: BTreeMap<String, BTreeSet<String>>,
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
    /// Submissions refused because an id was used for other content.
    pub refused: u64,
    /// Records that could not be decoded.
    pub undecodable: u64,
    /// Ids that had to be looked up.
    pub suspects: u64,
}

impl Batch {
    /// Ids to look up before [`Batch::judge`], by source.
    pub(crate) fn suspects(&self) -> &BTreeMap<String, BTreeSet<String>> {
        &self.suspects
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
            let read = if *state.at.topic == *topics::REFUSED {
                match Refused::decode(record.value) {
                    Ok(refused) => Read::Refused(Box::new(refused)),
                    Err(Malformed(why)) => Read::Undecodable(why),
                }
            } else {
                let origin = Origin { topic: &state.at.topic, partition: state.at.partition, record, recorded_at };
                match self.decode(origin, state.partitions, &mut state.largest) {
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
        largest: &mut HashMap<String, Vec<(usize, String)>>,
    ) -> Result<(), Malformed> {
        let record = origin.record;
        let source =
            std::str::from_utf8(record.key).map_err(|_| Malformed("the record's key is not UTF-8".to_owned()))?;
        if partition_of(record.key, partitions) != origin.partition {
            // Elsewhere a second aggregator judges this source: once would not be once.
            return Err(Malformed("the record lies in a partition to which its key does not belong".to_owned()));
        }
        if !largest.contains_key(source) {
            largest.insert(source.to_owned(), Vec::new());
        }
        let by_length = largest.entry(source.to_owned()).or_default();
        let year = year_of(origin.recorded_at);
        let (rows, suspects, digest) = (&mut self.rows, &mut self.suspects, &mut self.digest.0);
        decode_batch(record.value, |index, event: EventRef<'_>| {
            if &*event.source != source {
                return Err(Malformed(format!("event {index}: its source is not the record's key")));
            }
            let statement = event.check().map_err(|Malformed(why)| Malformed(format!("event {index}: {why}")))?;
            let content_digest = event.content_digest(&statement, digest);
            if !is_new(by_length, &event.id) {
                match suspects.get_mut(source) {
                    Some(ids) => drop(ids.insert(event.id.to_string())),
                    None => drop(suspects.insert(source.to_owned(), [event.id.to_string()].into())),
                }
            }
            rows.push(origin, year, index, &event, &statement, &content_digest);
            Ok(())
        })?;
        Ok(())
    }

    /// Drops what came from a partition.
    pub(crate) fn discard(&mut self, at: &TopicPartition) {
        for record in self.records.iter_mut().filter(|record| self.batches[record.batch].at() == at) {
            record.read = Read::Discarded;
        }
    }

    /// Decides, given what `events` holds of the suspects.
    pub(crate) fn judge(self, known: Vec<KnownEvent>) -> Result<Judged, ArrowError> {
        let mut counts = Counts::default();
        let mut slots = Slots::new(&self.suspects, known);
        counts.suspects = self.suspects.values().map(|ids| ids.len() as u64).sum();
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
                    Verdict { outcome: "refused", events: 0, accepted: 0, repeated: 0 }
                }
                Read::Events => slots.decide(
                    RecordAt { number, offset: record.offset },
                    &source,
                    pending.rows.clone(),
                    &self.rows,
                    &mut kept,
                    |row, code| {
                        reasons.conflict(about, row - pending.rows.start, self.rows.id.get(row), code);
                    },
                ),
            };
            counts.records += 1;
            counts.accepted += verdict.accepted as u64;
            counts.repeated += verdict.repeated as u64;
            counts.refused += u64::from(verdict.outcome == "refused" && !matches!(pending.read, Read::Undecodable(_)));
            // The refused topic's undecodable records are no submissions.
            if pending.wanted[SUBMISSIONS] && *records.at().topic != *topics::REFUSED {
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

/// An accepted content, and what brought it.
#[derive(Clone, Copy)]
struct Seen {
    digest: [u8; 16],
    by: By,
}

/// What brought an accepted event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// The record of that offset, whose row is in the table.
    Table(i64),
    /// A record of this batch.
    Batch(usize),
}

/// Where a record stands: in the batch, and in its partition.
#[derive(Clone, Copy)]
struct RecordAt {
    number: usize,
    offset: i64,
}

/// What is known of each suspect.
struct Slots(BTreeMap<String, HashMap<String, Option<Seen>>>);

impl Slots {
    fn new(suspects: &BTreeMap<String, BTreeSet<String>>, known: Vec<KnownEvent>) -> Self {
        let mut slots: BTreeMap<String, HashMap<String, Option<Seen>>> = suspects
            .iter()
            .map(|(source, ids)| (source.clone(), ids.iter().map(|id| (id.clone(), None)).collect()))
            .collect();
        for event in known {
            if let Some(slot) = slots.get_mut(&event.source).and_then(|ids| ids.get_mut(&event.id)) {
                *slot = Some(Seen { digest: event.content_digest, by: By::Table(event.offset) });
            }
        }
        Self(slots)
    }

    /// Decides one submission as a whole, clearing `kept` for each event that is dropped. What the table has of this
    /// record itself, or of later ones, is no repeat: a power cut can take back a commit of `submissions` and leave the
    /// commit of `events` that followed it.
    fn decide(
        &mut self,
        RecordAt { number: record, offset }: RecordAt,
        source: &str,
        events: Range<usize>,
        rows: &EventRows,
        kept: &mut [bool],
        mut conflict: impl FnMut(usize, Code),
    ) -> Verdict {
        let total = events.len();
        let (mut repeated, mut conflicts) = (0, 0);
        let mut taken = Vec::new();
        if let Some(ids) = self.0.get_mut(source) {
            for row in events.clone() {
                let Some(slot) = ids.get_mut(rows.id.get(row)) else { continue };
                match slot.filter(|seen| !matches!(seen.by, By::Table(at) if at >= offset)) {
                    None => {
                        let digest = rows.content_digest.get(row).try_into().expect("a digest has 16 bytes");
                        taken.push((row, slot.replace(Seen { digest, by: By::Batch(record) })));
                    }
                    Some(seen) if seen.digest == rows.content_digest.get(row) => {
                        kept[row] = false;
                        repeated += 1;
                    }
                    Some(seen) => {
                        conflicts += 1;
                        let within = seen.by == By::Batch(record);
                        conflict(row, if within { Code::RepeatedId } else { Code::IdConflict });
                    }
                }
            }
            if conflicts > 0 {
                for (row, before) in taken {
                    ids.insert(rows.id.get(row).to_owned(), before);
                }
            }
        }
        if conflicts > 0 {
            kept[events].fill(false);
            return Verdict { outcome: "refused", events: total, accepted: 0, repeated: 0 };
        }
        let accepted = total - repeated;
        Verdict { outcome: if accepted > 0 { "accepted" } else { "repeat" }, events: total, accepted, repeated }
    }
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

    fn conflict(&mut self, about: Reason<'_>, index: usize, id: &str, code: Code) {
        self.push(Reason {
            code: code.code(),
            id: Some(id),
            index: Some(index),
            field: Some("id"),
            message_zh: &format!("{}：{id}", code.meaning_zh()),
            message_en: &format!("{}: {id}", code.meaning_en()),
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
