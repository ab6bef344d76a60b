//! Decides one submission as a whole by what the tables and the records before it have.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use helan_lake::{KnownEvent, KnownSubmission, KnownWithdrawal};
use helan_schemas::codes;
use helan_schemas::refusal::Code;

use crate::builders::{EventRows, Verdict};

/// Texts by source.
type BySource = BTreeMap<String, BTreeSet<String>>;

/// What a batch has to look up.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Ids of events that may have been accepted before, and ids that are withdrawn.
    pub(crate) ids: BySource,
    /// Ids of submissions that their senders gave and may have used before.
    pub(crate) keys: BySource,
}

impl Wanted {
    pub(super) fn id(&mut self, source: &str, id: &str) {
        add(&mut self.ids, source, id);
    }

    pub(super) fn key(&mut self, source: &str, key: &str) {
        add(&mut self.keys, source, key);
    }

    pub(super) fn count(&self) -> u64 {
        self.ids.values().chain(self.keys.values()).map(|texts| texts.len() as u64).sum()
    }
}

fn add(texts: &mut BySource, source: &str, text: &str) {
    match texts.get_mut(source) {
        Some(texts) => drop(texts.insert(text.to_owned())),
        None => drop(texts.insert(source.to_owned(), [text.to_owned()].into())),
    }
}

/// What the tables have of it.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) events: Vec<KnownEvent>,
    /// Withdrawals of those events.
    pub(crate) withdrawals: Vec<KnownWithdrawal>,
    pub(crate) submissions: Vec<KnownSubmission>,
}

/// What is refused beyond contradictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Whether the lake holds all that its senders ever sent, so that what it does not know cannot be withdrawn.
    pub(crate) withdraws_known: bool,
}

/// Why a submission is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Objection {
    /// An event's id was used before, in this submission or an earlier one, for other content.
    Id { row: usize, within: bool },
    /// An event withdraws what its source never reported.
    Withdraws { row: usize },
    /// The submission's id was used before for other content.
    Key,
}

impl Objection {
    pub(super) fn code(self) -> Code {
        match self {
            Self::Id { within: true, .. } => Code::RepeatedId,
            Self::Id { within: false, .. } => Code::IdConflict,
            Self::Withdraws { .. } => Code::WithdrawsUnknown,
            Self::Key => Code::IdempotencyKeyReused,
        }
    }
}

/// An accepted event.
#[derive(Clone, Copy)]
struct Seen {
    digest: [u8; 16],
    /// A withdrawal, which cannot be withdrawn.
    withdrawal: bool,
    by: By,
    /// What withdrew it.
    withdrawn: Option<By>,
}

/// What brought it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// The record of that offset, whose row is in the table.
    Table(i64),
    /// A record of this batch.
    Batch(usize),
}

impl By {
    /// Whether it came before the record at an offset. What the table has of that record itself, or of later ones, did
    /// not: a power cut can take back a commit of `submissions` and leave the commit of `events` that followed it.
    fn is_before(self, offset: i64) -> bool {
        !matches!(self, Self::Table(at) if at >= offset)
    }
}

/// Where a record stands: in the batch, and in its partition; and what it says of itself.
#[derive(Clone, Copy)]
pub(super) struct RecordAt<'r> {
    pub(super) number: usize,
    pub(super) offset: i64,
    pub(super) source: &'r str,
    pub(super) submission: &'r str,
}

/// What is known of each event and submission that was wanted.
pub(super) struct Slots {
    events: BTreeMap<String, HashMap<String, Option<Seen>>>,
    keys: BTreeMap<String, HashMap<String, Option<By>>>,
    rules: Rules,
}

impl Slots {
    pub(super) fn new(wanted: &Wanted, found: Found, rules: Rules) -> Self {
        let mut events: BTreeMap<_, HashMap<String, Option<Seen>>> = empty(&wanted.ids);
        for event in found.events {
            if let Some(slot) = events.get_mut(&event.source).and_then(|ids| ids.get_mut(&event.id)) {
                let by = By::Table(event.offset);
                *slot =
                    Some(Seen { digest: event.content_digest, withdrawal: event.is_withdrawal, by, withdrawn: None });
            }
        }
        for found in found.withdrawals {
            let slot = events.get_mut(&found.source).and_then(|ids| ids.get_mut(&found.id));
            if let Some(Some(seen)) = slot {
                let earlier = matches!(seen.withdrawn, Some(By::Table(at)) if at <= found.offset);
                if !earlier {
                    seen.withdrawn = Some(By::Table(found.offset));
                }
            }
        }
        let mut keys: BTreeMap<_, HashMap<String, Option<By>>> = empty(&wanted.keys);
        for known in found.submissions {
            if let Some(slot) = keys.get_mut(&known.source).and_then(|keys| keys.get_mut(&known.submission)) {
                // Of several, the first tells most.
                let earlier = matches!(slot, Some(By::Table(at)) if *at <= known.offset);
                if !earlier {
                    *slot = Some(By::Table(known.offset));
                }
            }
        }
        Self { events, keys, rules }
    }

    /// Decides one submission, clearing `kept` for each event that is dropped.
    pub(super) fn decide(
        &mut self,
        record: RecordAt<'_>,
        events: Range<usize>,
        rows: &EventRows,
        kept: &mut [bool],
        object: impl FnMut(Objection),
    ) -> Verdict {
        let RecordAt { number, offset, source, submission } = record;
        let total = events.len();
        let mut objections = Vec::new();
        let (mut repeated, mut withdrawn) = (0, 0);
        let mut taken = Vec::new();
        let mut none = HashMap::new();
        let ids = self.events.get_mut(source).unwrap_or(&mut none);
        for row in events.clone() {
            let Some(slot) = ids.get_mut(rows.id.get(row)) else { continue };
            match slot.filter(|seen| seen.by.is_before(offset)) {
                None => {
                    let digest = rows.content_digest.get(row).try_into().expect("a digest has 16 bytes");
                    let withdrawal = rows.withdraws(row).is_some();
                    let by = By::Batch(number);
                    taken.push((row, slot.replace(Seen { digest, withdrawal, by, withdrawn: None })));
                }
                Some(seen) if seen.digest == rows.content_digest.get(row) => {
                    kept[row] = false;
                    repeated += 1;
                    withdrawn += usize::from(seen.withdrawn.is_some_and(|by| by.is_before(offset)));
                }
                Some(seen) => {
                    kept[row] = false;
                    objections.push(Objection::Id { row, within: seen.by == By::Batch(number) });
                }
            }
        }
        // Only now, since a submission may withdraw what it reports itself, before or after.
        for row in events.clone().filter(|row| self.rules.withdraws_known && kept[*row]) {
            let Some(target) = rows.withdraws(row) else { continue };
            let target = ids.get(target).copied().flatten();
            if target.is_none_or(|seen| seen.withdrawal || !seen.by.is_before(offset)) {
                objections.push(Objection::Withdraws { row });
            }
        }
        let key = self.keys.get_mut(source).and_then(|keys| keys.get_mut(submission));
        let used = key.as_ref().and_then(|slot| **slot).is_some_and(|by| by.is_before(offset));
        if used && (!objections.is_empty() || repeated < total) {
            // Ids that rows get from the key collide as well; that says nothing more.
            objections = vec![Objection::Key];
        }
        if objections.is_empty() {
            let accepted = total - repeated;
            if let Some(slot) = key.filter(|_| accepted > 0) {
                *slot = Some(By::Batch(number));
            }
            for row in events.filter(|row| kept[*row]) {
                let target = rows.withdraws(row).and_then(|id| ids.get_mut(id)?.as_mut());
                if let Some(seen) = target {
                    seen.withdrawn.get_or_insert(By::Batch(number));
                }
            }
            return Verdict {
                outcome: if accepted > 0 { codes::ACCEPTED } else { codes::REPEAT },
                events: total,
                accepted,
                repeated,
                withdrawn,
            };
        }
        for (row, before) in taken {
            ids.insert(rows.id.get(row).to_owned(), before);
        }
        objections.into_iter().for_each(object);
        kept[events].fill(false);
        Verdict { outcome: codes::REFUSED, events: total, accepted: 0, repeated: 0, withdrawn: 0 }
    }
}

fn empty<T>(wanted: &BySource) -> BTreeMap<String, HashMap<String, Option<T>>> {
    let slots = |texts: &BTreeSet<String>| texts.iter().map(|text| (text.clone(), None)).collect();
    wanted.iter().map(|(source, texts)| (source.clone(), slots(texts))).collect()
}
