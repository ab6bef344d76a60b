//! Compares what was sent with what a lake holds: a byte for each event and record, whatever the ids are.
//!
//! Ids tell their number in the stream, so that no set of ids is kept: 100 million events take 100 MB.

use std::collections::{BTreeMap, HashMap};

use helan_schemas::codes;
use helan_schemas::digest::ContentDigest;

use crate::ledger::{Line, Outcome};
use crate::submissions::{Kind, Stream};

/// Most places that a finding names.
const EXAMPLES: usize = 5;
/// Rows of an event or record so far, in the low bits of its byte.
const COUNT: u8 = 0b0000_0011;
/// It has to be there.
const MUST: u8 = 0b0000_0100;
/// It may be there: sent, and no answer came.
const MAY: u8 = 0b0000_1000;
/// Records: the outcome must be this; several where a retry may have come first.
const ACCEPTED: u8 = 0b0001_0000;
const REPEAT: u8 = 0b0010_0000;
const REFUSED: u8 = 0b0100_0000;

/// Something that is not as it must be: how often, and where first.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// How often.
    pub count: u64,
    /// Where, a few of them.
    pub examples: Vec<String>,
}

impl Finding {
    fn add(&mut self, place: impl FnOnce() -> String) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(place());
        }
    }
}

/// The comparison's result. All findings are zero where the lake is what was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Verdict {
    /// Submissions with an answer.
    pub submissions: u64,
    /// Of them acknowledged.
    pub acknowledged: u64,
    /// Events that must be in the lake.
    pub expected: u64,
    /// Events of the load in the lake.
    pub found: u64,
    /// Events that may be there: no answer came.
    pub unknown: u64,
    /// Of these found.
    pub unknown_found: u64,
    /// Refusals that must be told of.
    pub refusals: u64,
    /// Events that must be there and are not.
    pub lost: Finding,
    /// Events that are there more than once.
    pub doubled: Finding,
    /// Rows with an id of this load that were never sent, or that had to be refused.
    pub unexpected: Finding,
    /// Events that say something else than what was sent.
    pub altered: Finding,
    /// Acknowledged records without a row in `submissions`, with several, or with another outcome than they must have.
    pub records: Finding,
    /// Refusals of which no row in `refusals` tells.
    pub untold: Finding,
    /// Submissions that were taken though they are wrong, or refused though they are right.
    pub misjudged: Finding,
}

impl Verdict {
    /// The findings by name.
    pub fn findings(&self) -> [(&'static str, &Finding); 7] {
        [
            ("lost", &self.lost),
            ("doubled", &self.doubled),
            ("unexpected", &self.unexpected),
            ("altered", &self.altered),
            ("records", &self.records),
            ("untold", &self.untold),
            ("misjudged", &self.misjudged),
        ]
    }

    /// Whether the lake is what was sent.
    pub fn is_clean(&self) -> bool {
        self.findings().iter().all(|(_, finding)| finding.count == 0)
    }
}

/// Why a ledger does not belong to these streams.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stream {stream}, submission {submission}: {what}")]
pub struct Mismatch {
    stream: u64,
    submission: u64,
    what: &'static str,
}

/// Takes in the ledger's lines, then the lake's rows; gives the verdict.
pub struct Tally {
    streams: Vec<Stream>,
    by_source: HashMap<String, usize>,
    /// By stream: a byte for each event.
    events: Vec<Vec<u8>>,
    /// By stream: the first submission without a line.
    next: Vec<u64>,
    /// Whether the last line says that nothing more was sent.
    ended: bool,
    /// By topic and partition: a byte for each acknowledged offset.
    records: BTreeMap<(&'static str, i32), HashMap<i64, u8>>,
    /// Submission and code, for refusals that must be told of; told or not.
    refusals: HashMap<(String, String), bool>,
    verdict: Verdict,
    bytes: Vec<u8>,
    digest: ContentDigest,
}

impl Tally {
    /// A comparison for the streams of a ledger's recipe.
    pub fn new(streams: Vec<Stream>) -> Self {
        let by_source = streams.iter().enumerate().map(|(at, stream)| (stream.feed().source.clone(), at)).collect();
        let (events, next) = (vec![Vec::new(); streams.len()], vec![0; streams.len()]);
        Self {
            streams,
            by_source,
            events,
            next,
            ended: false,
            records: BTreeMap::new(),
            refusals: HashMap::new(),
            verdict: Verdict::default(),
            bytes: Vec::new(),
            digest: ContentDigest::default(),
        }
    }

    /// Takes in a line of the ledger.
    ///
    /// # Errors
    /// [`Mismatch`] where the recipe's submission is not the one of the line.
    pub fn line(&mut self, line: &Line) -> Result<(), Mismatch> {
        let Line { stream, submission, hash, outcome } = line;
        self.ended = *outcome == Outcome::Ended;
        if self.ended {
            return Ok(());
        }
        let wrong = |what| Mismatch { stream: *stream, submission: *submission, what };
        let at = usize::try_from(*stream).ok().filter(|at| *at < self.streams.len());
        let at = at.ok_or_else(|| wrong("the catalog has no such stream; name the catalog of the load"))?;
        if *submission < self.next[at] {
            return Err(wrong("it stands in the ledger twice or out of order"));
        }
        let sent = self.streams[at].submission(*submission);
        if sent.hash != *hash {
            return Err(wrong("its bytes are not those that were sent; the ledger was altered or belongs elsewhere"));
        }
        if *outcome == Outcome::Unknown {
            // It comes again when the load goes on; else it counts as what was sent last and has no line.
            self.next[at] = *submission;
            return Ok(());
        }
        self.next[at] = *submission + 1;
        self.verdict.submissions += 1;
        let stream = &self.streams[at];
        match outcome {
            Outcome::Acknowledged { partition, offset } => {
                self.verdict.acknowledged += 1;
                let topic = stream.feed().topic;
                let (outcomes, told) = match sent.kind {
                    Kind::Plain | Kind::Overlap { .. } => (ACCEPTED | REPEAT, None),
                    Kind::Repeat { .. } => (REPEAT, None),
                    Kind::Conflict { .. } => (REFUSED, Some("id_conflict")),
                    Kind::Mistake { mistake, .. } if mistake.code().status() == 0 => {
                        (REFUSED, Some(mistake.code().code()))
                    }
                    Kind::Mistake { mistake, .. } => {
                        let code = mistake.code().code();
                        self.verdict.misjudged.add(|| format!("{} was taken, not refused for {code}", sent.id));
                        (ACCEPTED | REPEAT | REFUSED, None)
                    }
                };
                if let Some(code) = told {
                    self.refusals.insert((sent.id, code.to_owned()), false);
                }
                self.records.entry((topic, *partition)).or_default().insert(*offset, MUST | outcomes);
                self.expect(at, *submission, MUST);
            }
            Outcome::Refused { code, kept } => {
                let right = matches!(sent.kind, Kind::Mistake { mistake, .. } if mistake.code().code() == code);
                if !right {
                    self.verdict.misjudged.add(|| format!("{} was refused for {code}", sent.id));
                }
                if *kept {
                    self.refusals.insert((sent.id, code.clone()), false);
                }
                self.expect(at, *submission, 0);
            }
            Outcome::Unknown | Outcome::Ended => {}
        }
        Ok(())
    }

    /// After the last line: of each stream the submission after its last line may have been sent, unless the sender ended.
    pub fn lines_end(&mut self) {
        let unsure = if self.ended { 0 } else { self.streams.len() };
        for at in 0..unsure {
            self.expect(at, self.next[at], MAY);
        }
        self.verdict.refusals = self.refusals.len() as u64;
    }

    fn expect(&mut self, at: usize, submission: u64, mark: u8) {
        let (stream, events) = (&self.streams[at], &mut self.events[at]);
        let serials = submission * stream.batch()..(submission + 1) * stream.batch();
        events.resize(events.len().max(serials.end as usize), 0);
        for serial in serials {
            if stream.brings(serial) {
                events[serial as usize] |= mark;
                match mark {
                    MUST => self.verdict.expected += 1,
                    MAY => self.verdict.unknown += 1,
                    _ => {}
                }
            }
        }
    }

    /// The next offset of each topic and partition once everything acknowledged is in the lake.
    pub fn ends(&self) -> Vec<(&'static str, i32, i64)> {
        let end = |records: &HashMap<i64, u8>| records.keys().max().map_or(0, |offset| offset + 1);
        self.records.iter().map(|((topic, partition), records)| (*topic, *partition, end(records))).collect()
    }

    /// Takes in a row of `events` whose id begins as this load's do.
    pub fn event(&mut self, source: &str, id: &str, content_digest: &[u8]) {
        self.verdict.found += 1;
        let place = || format!("{source} {id}");
        let numbered = self.by_source.get(source).and_then(|at| Some((*at, self.streams[*at].writer().serial(id)?)));
        let Some((at, serial)) = numbered else { return self.verdict.unexpected.add(place) };
        let Some(mark) = self.events[at].get_mut(serial as usize).filter(|mark| **mark & (MUST | MAY) != 0) else {
            return self.verdict.unexpected.add(place);
        };
        if *mark & COUNT < COUNT {
            *mark += 1;
        }
        match *mark & COUNT {
            1 if *mark & MAY != 0 => self.verdict.unknown_found += 1,
            1 => {}
            2 => self.verdict.doubled.add(place),
            _ => {}
        }
        match self.streams[at].digest(serial, &mut self.bytes, &mut self.digest) {
            Ok(digest) if digest == *content_digest => {}
            _ => self.verdict.altered.add(place),
        }
    }

    /// Takes in a row of `submissions` whose id begins as this load's do.
    pub fn record(&mut self, topic: &str, partition: i32, offset: i64, submission: &str, outcome: &str) {
        let records = self.records.iter_mut().find(|((t, p), _)| *t == topic && *p == partition);
        // A record without a line is a try whose answer was lost.
        let Some(mark) = records.and_then(|(_, records)| records.get_mut(&offset)) else { return };
        let right = match outcome {
            codes::ACCEPTED => ACCEPTED,
            codes::REPEAT => REPEAT,
            _ => REFUSED,
        };
        let place = || format!("{submission} at {topic}/{partition}/{offset}: {outcome}");
        if *mark & COUNT != 0 {
            self.verdict.records.add(|| format!("{}, a second row", place()));
        } else {
            *mark += 1;
            if *mark & right == 0 {
                self.verdict.records.add(place);
            }
        }
    }

    /// Takes in a row of `refusals` whose submission begins as this load's do.
    pub fn refusal(&mut self, submission: &str, code: &str) {
        if let Some(told) = self.refusals.get_mut(&(submission.to_owned(), code.to_owned())) {
            *told = true;
        }
    }

    /// What all of it amounts to.
    pub fn verdict(mut self) -> Verdict {
        for (stream, events) in self.streams.iter().zip(&self.events) {
            for (serial, _) in (0..).zip(events).filter(|(_, mark)| **mark & MUST != 0 && **mark & COUNT == 0) {
                self.verdict.lost.add(|| format!("{} {}", stream.feed().source, stream.writer().id(serial)));
            }
        }
        for ((topic, partition), records) in &self.records {
            for offset in records.iter().filter(|(_, mark)| **mark & COUNT == 0).map(|(offset, _)| offset) {
                self.verdict.records.add(|| format!("{topic}/{partition}/{offset}: no row"));
            }
        }
        for ((submission, code), _) in self.refusals.iter().filter(|(_, told)| !**told) {
            self.verdict.untold.add(|| format!("{submission}: {code}"));
        }
        self.verdict
    }
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
