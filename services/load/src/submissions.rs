//! Submissions of one stream: which are plain, which repeat, overlap, contradict or are wrong, and their bytes.
//!
//! Only plain submissions are referred to by later ones: all their events are new, so what must become of a repeat or a
//! conflict is known for certain once the plain one is acknowledged. A stream sends its submissions in order, one at a
//! time.

use helan_schemas::catalog::Catalog;
use helan_schemas::digest::ContentDigest;
use helan_schemas::event::{EventRef, Malformed};
use xxhash_rust::xxh3::xxh3_64;

use crate::chance::Chance;
use crate::events::{Change, Writer, text};
use crate::feeds::{Feed, feeds};
use crate::mistakes::{IN_THE_LOG, Mistake, OVER_HTTP};
use crate::recipe::{Recipe, Shares, Way};

/// How far a repeat or conflict looks back for a plain submission.
const LOOK_BACK: u64 = 64;
/// Half of the repeats follow this soon, as a client's retry does; the others refer to any time before.
const SOON: u64 = 4;

/// What a submission is, and so what must become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only new events.
    Plain,
    /// An earlier submission as it was, under its own id.
    Repeat {
        /// Which.
        of: u64,
    },
    /// Its first events are the last ones of an earlier submission.
    Overlap {
        /// Which.
        of: u64,
        /// How many.
        events: u64,
    },
    /// One event has the id of an earlier one and says something else: all of it must be refused.
    Conflict {
        /// Number of the earlier event.
        with: u64,
        /// Which event of the submission.
        at: u64,
    },
    /// One event, or the whole, is wrong: all of it must be refused.
    Mistake {
        /// Which.
        mistake: Mistake,
        /// Which event of the submission.
        at: u64,
    },
}

/// A submission, ready to be sent.
#[derive(Clone, Debug)]
pub struct Submission {
    /// What it is.
    pub kind: Kind,
    /// Its id as the lake has it, `REPORTER:KEY`: the same for a submission and its repeats.
    pub id: String,
    /// Its events as a JSON array in canonical form, mistakes excepted.
    pub body: Vec<u8>,
    /// XXH3 of the body, for the ledger.
    pub hash: u64,
}

impl Submission {
    /// The `Idempotency-Key` from which ingest makes the id.
    pub fn key(&self) -> &str {
        self.id.split_once(':').map_or(&self.id, |(_, key)| key)
    }
}

/// The submissions of one source.
#[derive(Clone, Debug)]
pub struct Stream {
    number: u64,
    writer: Writer,
    /// Another reporter's source, where there is one.
    foreign: Option<String>,
    run: String,
    seed: u64,
    batch: u64,
    shares: Shares,
    way: Way,
}

impl Stream {
    /// The streams of a recipe, by their numbers. Empty where the named reporters may report nothing.
    pub fn all(recipe: &Recipe, catalog: &Catalog) -> Vec<Self> {
        let foreign = |feed: &Feed| {
            let other = catalog.sources.iter().find(|source| source.reporter != feed.reporter);
            other.and_then(|source| text(&source.source))
        };
        let run = recipe.run();
        let events = (recipe.shares.revisions.0, recipe.shares.withdrawals.0);
        let numbered = (0..).zip(feeds(catalog, &recipe.reporters, &recipe.lengths, recipe.since));
        numbered
            .map(|(number, feed)| Self {
                number,
                foreign: foreign(&feed),
                writer: Writer::new(feed, number, recipe.seed, run.clone(), recipe.ids, events),
                run: run.clone(),
                seed: recipe.seed,
                batch: u64::from(recipe.batch.max(1)),
                shares: recipe.shares,
                way: recipe.way,
            })
            .collect()
    }

    /// Its number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Its feed.
    pub fn feed(&self) -> &Feed {
        self.writer.feed()
    }

    /// Its events.
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Events of each submission.
    pub fn batch(&self) -> u64 {
        self.batch
    }

    /// The submission in which an event is new, or would be.
    pub fn submission_of(&self, serial: u64) -> u64 {
        serial / self.batch
    }

    /// Whether an event becomes part of the table once its submission is in the log: not if the submission must be
    /// refused, repeats another, or has an earlier event in its place.
    pub fn brings(&self, serial: u64) -> bool {
        match self.kind(self.submission_of(serial)) {
            Kind::Plain => true,
            Kind::Overlap { events, .. } => serial % self.batch >= events,
            Kind::Repeat { .. } | Kind::Conflict { .. } | Kind::Mistake { .. } => false,
        }
    }

    fn chance(&self, number: u64) -> Chance {
        Chance::at(self.seed, &[3, self.number, number])
    }

    /// Where on the scale of all kinds a submission lies; the last part is plain.
    fn is_plain(&self, number: u64) -> bool {
        let Shares { repeats, overlaps, conflicts, mistakes, .. } = self.shares;
        !self.chance(number).hits(repeats.0 + overlaps.0 + conflicts.0 + mistakes.0)
    }

    /// What a submission is.
    pub fn kind(&self, number: u64) -> Kind {
        if self.is_plain(number) {
            return Kind::Plain;
        }
        let Shares { overlaps, conflicts, mistakes, .. } = self.shares;
        let mut chance = self.chance(number);
        // The first number said that it lies below all shares together; the same number says below which.
        let below = |share: f64| self.chance(number).hits(share);
        chance.draw();
        let at = chance.below(self.batch);
        if below(mistakes.0) {
            let known: &[Mistake] = if self.way == Way::Http { &OVER_HTTP } else { &IN_THE_LOG };
            let mistake = known[chance.below(known.len() as u64) as usize];
            let mistake = match mistake {
                Mistake::Source if self.foreign.is_none() => Mistake::Area,
                mistake => mistake,
            };
            return Kind::Mistake { mistake, at };
        }
        let Some(of) = self.earlier(number, &mut chance) else { return Kind::Plain };
        if below(mistakes.0 + conflicts.0) {
            return Kind::Conflict { with: of * self.batch + chance.below(self.batch), at };
        }
        if below(mistakes.0 + conflicts.0 + overlaps.0) {
            return Kind::Overlap { of, events: 1 + chance.below(self.batch.div_ceil(2)) };
        }
        Kind::Repeat { of }
    }

    /// An earlier submission that is plain for certain.
    fn earlier(&self, number: u64, chance: &mut Chance) -> Option<u64> {
        let within = if chance.below(2) == 0 { SOON } else { u64::MAX };
        let latest = number.checked_sub(1 + chance.below(number.min(within)))?;
        (latest.saturating_sub(LOOK_BACK)..=latest).rev().find(|earlier| self.is_plain(*earlier))
    }

    /// The id of a submission.
    pub fn id(&self, number: u64) -> String {
        let number = if let Kind::Repeat { of } = self.kind(number) { of } else { number };
        format!("{}:{}-{}-{number}", self.feed().reporter, self.run, self.number)
    }

    /// A submission as bytes.
    pub fn submission(&self, number: u64) -> Submission {
        let kind = self.kind(number);
        let body = match kind {
            Kind::Repeat { of } => self.body(of, Kind::Plain),
            kind => self.body(number, kind),
        };
        Submission { kind, id: self.id(number), hash: xxh3_64(&body), body }
    }

    fn body(&self, number: u64, kind: Kind) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.batch as usize * 420 + 2);
        let first = number * self.batch;
        let brings = |serial| self.brings(serial);
        out.push(b'[');
        for position in 0..self.batch {
            if position > 0 {
                out.push(b',');
            }
            let serial = first + position;
            match kind {
                Kind::Overlap { of, events } if position < events => {
                    self.writer.write((of + 1) * self.batch - events + position, &brings, &mut out);
                }
                Kind::Conflict { with, at } if position == at => {
                    let note = text(&format!("改为其他内容 / contradicts {}", number));
                    self.writer.write_changed(with, &Change { note, ..Change::default() }, &brings, &mut out);
                }
                Kind::Mistake { mistake, at } if position == at => {
                    let change = mistake.change(self.foreign.as_deref());
                    self.writer.write_changed(serial, &change, &brings, &mut out);
                    if mistake == Mistake::Twice {
                        out.push(b',');
                        self.writer.write_changed(serial, &change, &brings, &mut out);
                    }
                }
                Kind::Mistake { mistake: mistake @ Mistake::Source, .. } => {
                    let change = mistake.change(self.foreign.as_deref());
                    self.writer.write_changed(serial, &change, &brings, &mut out);
                }
                _ => self.writer.write(serial, &brings, &mut out),
            }
        }
        out.push(b']');
        if let Kind::Mistake { mistake: Mistake::Cut | Mistake::RecordCut, .. } = kind {
            // Brackets only, so that no letter is halved.
            out.truncate(out.len() - 3);
        }
        out
    }

    /// The content digest with which an event stands in the table.
    ///
    /// # Errors
    /// If the generator wrote no event, which its tests rule out.
    pub fn digest(&self, serial: u64, bytes: &mut Vec<u8>, scratch: &mut ContentDigest) -> Result<[u8; 16], Malformed> {
        bytes.clear();
        self.writer.write(serial, &|serial| self.brings(serial), bytes);
        let event: EventRef<'_> = serde_json::from_slice(bytes).map_err(|error| Malformed(error.to_string()))?;
        Ok(event.content_digest(&event.check()?, scratch))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use helan_schemas::event::decode_batch;

    use super::*;
    use crate::recipe::{GENERATOR, Ids, Share};

    fn recipe(way: Way, batch: u32) -> Recipe {
        let shares = Shares { mistakes: Share(0.1), conflicts: Share(0.1), overlaps: Share(0.1), ..Shares::default() };
        let catalog = Catalog::embedded().digest;
        Recipe {
            generator: GENERATOR,
            seed: 7,
            batch,
            ids: Ids::Growing,
            way,
            shares,
            reporters: Vec::new(),
            lengths: Vec::new(),
            since: None,
            catalog,
        }
    }

    /// Raise GENERATOR when this fails: ledgers of before can then no longer be verified, and say so.
    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let hash = |recipe: &Recipe| {
            let streams = Stream::all(recipe, &Catalog::embedded());
            let hashes = streams.iter().flat_map(|s| (0..30).map(|n| s.submission(n).hash)).collect::<Vec<_>>();
            hashes.iter().fold(0_u64, |sum, hash| sum.rotate_left(5) ^ hash)
        };
        assert_eq!(hash(&recipe(Way::Http, 5)), hash(&recipe(Way::Http, 5)));
        assert_ne!(hash(&recipe(Way::Http, 5)), hash(&Recipe { seed: 8, ..recipe(Way::Http, 5) }));
    }

    /// What ingest and the aggregator refuse a right submission must not do.
    #[test]
    fn what_is_right_contradicts_nothing() {
        let (mut twice, mut withdrawn) = (0, 0);
        for stream in &Stream::all(&recipe(Way::Http, 900), &Catalog::embedded())[..3] {
            let mut reported = BTreeSet::new();
            for number in 0..6 {
                let submission = stream.submission(number);
                if !matches!(submission.kind, Kind::Plain | Kind::Overlap { .. }) {
                    continue;
                }
                let mut cells = std::collections::BTreeMap::new();
                decode_batch(&submission.body, |_, event| {
                    let data = &event.data;
                    if let Some(target) = data.withdraws.as_deref() {
                        assert!(reported.contains(target), "{target} is withdrawn and was not reported");
                        withdrawn += 1;
                        return Ok(());
                    }
                    reported.insert(event.id.to_string());
                    let cell = [&data.ref_area, &data.indicator, &data.time_period, &data.vintage, &data.published_at];
                    let cell = cell.map(|text| text.as_deref().map(str::to_owned));
                    let says = format!("{:?} {:?} {:?}", data.value, data.unit_mult, data.obs_status.as_deref());
                    let before = cells.entry(cell).or_insert_with(|| says.clone());
                    twice += u32::from(*before == says);
                    assert_eq!(*before, says, "{number}");
                    Ok(())
                })
                .expect("a batch");
            }
        }
        assert!(twice > 1_000 && withdrawn > 20, "{twice} {withdrawn}");
    }

    #[test]
    fn every_kind_comes_and_says_what_it_is() {
        for (way, batch) in [(Way::Http, 1), (Way::Http, 7), (Way::Log, 20)] {
            let streams = Stream::all(&recipe(way, batch), &Catalog::embedded());
            let mut kinds = BTreeSet::new();
            for stream in &streams[..5] {
                let mut accepted = BTreeSet::new();
                for number in 0..150 {
                    let submission = stream.submission(number);
                    let mut ids = Vec::new();
                    let decoded = decode_batch(&submission.body, |_, event| {
                        event.check()?;
                        ids.push(event.id.to_string());
                        Ok(())
                    });
                    let own: Vec<_> = (0..stream.batch())
                        .map(|at| number * stream.batch() + at)
                        .filter(|serial| stream.brings(*serial))
                        .map(|serial| stream.writer().id(serial))
                        .collect();
                    match submission.kind {
                        Kind::Plain | Kind::Overlap { .. } => {
                            assert_eq!(decoded.expect("a batch"), batch as usize);
                            let new: Vec<_> = ids.iter().filter(|id| accepted.insert(id.to_string())).collect();
                            assert_eq!(new, own.iter().collect::<Vec<_>>());
                            kinds.insert(if submission.kind == Kind::Plain { "plain" } else { "overlap" });
                        }
                        Kind::Repeat { of } => {
                            assert!(of < number && submission.id == stream.id(of) && own.is_empty());
                            assert_eq!(submission.hash, stream.submission(of).hash);
                            assert!(ids.iter().all(|id| accepted.contains(id)));
                            kinds.insert("repeat");
                        }
                        Kind::Conflict { with, at } => {
                            let known = accepted.contains(&ids[at as usize]) && own.is_empty();
                            assert!(known && ids[at as usize] == stream.writer().id(with));
                            kinds.insert("conflict");
                        }
                        Kind::Mistake { mistake, .. } => {
                            assert!(own.is_empty());
                            kinds.insert(mistake.code().code());
                        }
                    }
                }
            }
            let mistakes = if way == Way::Http { 13 } else { 1 };
            assert_eq!(kinds.len(), 4 + mistakes, "{kinds:?}");
        }
    }
}
