//! One event as bytes: a function of the recipe's seed, the feed and the event's number in it.

use std::io::Write;

use crate::chance::{Chance, mix, unmix};
use crate::feeds::{Cell, Feed, Form, json};
use crate::recipe::Ids;

/// How far back a revision looks for the cell that it revises, in events.
const REVISED_WITHIN: u64 = 20_000;
/// Offices that fill in and check, as JSON writes them.
const OFFICES: [&str; 6] =
    [r#""统计科""#, r#""发展规划科""#, r#""科技局综合科""#, r#""工业科""#, r#""知识产权科""#, r#""园区经济发展局""#];
/// Notes, as JSON writes them; every fourth event has one.
const NOTES: [&str; 4] = [
    r#""据年报汇总""#,
    r#""较上期口径一致；企业填报率 96%""#,
    r#""compiled from the units' returns""#,
    r#""含新增规模以上单位""#,
];

/// Writes the events of one feed.
#[derive(Clone, Debug)]
pub struct Writer {
    feed: Feed,
    seed: u64,
    stream: u64,
    run: String,
    ids: Ids,
    /// Of events: revisions, withdrawals.
    shares: (f64, f64),
}

/// What is changed of an event to make a mistake; each text as JSON writes it.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Another source.
    pub source: Option<String>,
    /// Another area.
    pub area: Option<String>,
    /// Another indicator.
    pub indicator: Option<String>,
    /// Another period.
    pub period: Option<String>,
    /// Another value.
    pub value: Option<String>,
    /// Another unit.
    pub unit: Option<String>,
    /// Another vintage.
    pub vintage: Option<String>,
    /// Another note: how a conflict differs.
    pub note: Option<String>,
    /// Whether the event must be a report: a withdrawal has no value in which to be wrong.
    pub report: bool,
    /// Members that no event has, beginning with a comma.
    pub extra: &'static str,
}

impl Writer {
    /// A writer of a feed; `run` begins every id.
    pub fn new(feed: Feed, stream: u64, seed: u64, run: String, ids: Ids, shares: (f64, f64)) -> Self {
        Self { feed, seed, stream, run, ids, shares }
    }

    /// The feed.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// The id of an event.
    pub fn id(&self, serial: u64) -> String {
        match self.ids {
            Ids::Growing => format!("{}-{serial:012}", self.run),
            Ids::Random => format!("{}-{:016x}", self.run, mix(serial ^ self.scatter())),
        }
    }

    /// The number of the event that has an id; none if no event of this stream can have it.
    pub fn serial(&self, id: &str) -> Option<u64> {
        let rest = id.strip_prefix(self.run.as_str())?.strip_prefix('-')?;
        let serial = match self.ids {
            Ids::Growing => rest.parse().ok()?,
            Ids::Random => unmix(u64::from_str_radix(rest, 16).ok()?) ^ self.scatter(),
        };
        (self.id(serial) == id).then_some(serial)
    }

    fn scatter(&self) -> u64 {
        mix(self.seed ^ mix(self.stream + 1))
    }

    /// Appends an event in canonical form; `brings` says which earlier events become part of the table: others cannot be
    /// withdrawn.
    pub fn write(&self, serial: u64, brings: &dyn Fn(u64) -> bool, out: &mut Vec<u8>) {
        self.write_changed(serial, &Change::default(), brings, out);
    }

    /// Whether an event would be a withdrawal if there is something to withdraw; one cannot be withdrawn.
    fn is_withdrawal(&self, serial: u64) -> bool {
        Chance::at(self.seed, &[1, self.stream, serial]).hits(self.shares.1)
    }

    /// Appends an event that is changed.
    pub fn write_changed(&self, serial: u64, change: &Change, brings: &dyn Fn(u64) -> bool, out: &mut Vec<u8>) {
        let mut chance = Chance::at(self.seed, &[1, self.stream, serial]);
        let source = change.source.as_deref().unwrap_or(&self.feed.source_json);
        put(out, format_args!(r#"{{"specversion":"1.0","id":"{}","source":{source},"#, self.id(serial)));
        let withdrawn = chance.hits(self.shares.1);
        let earlier = chance.draw();
        let target = serial.checked_sub(1).map(|before| before - earlier % serial.min(REVISED_WITHIN));
        let target = target.filter(|_| withdrawn && !change.report);
        if let Some(target) = target.filter(|target| !self.is_withdrawal(*target) && brings(*target)) {
            let target = self.id(target);
            let note = change.note.as_deref().unwrap_or(r#""误报，撤回""#);
            put(
                out,
                format_args!(
                    r#""type":"helan.observation.withdrawn.v1","data":{{"prepared_by":{},"note":{note},"withdraws":"{target}"}}}}"#,
                    OFFICES[0]
                ),
            );
            return;
        }
        let revises = chance.hits(self.shares.0) && serial > 0;
        let place = if revises { serial - 1 - earlier % serial.min(REVISED_WITHIN) } else { serial };
        let cells = self.feed.cells.len() as u64;
        let cell = &self.feed.cells[(place % cells) as usize];
        self.report(cell, revises || place >= cells, place % cells, change, &mut chance, out);
    }

    fn report(&self, cell: &Cell, again: bool, place: u64, change: &Change, chance: &mut Chance, out: &mut Vec<u8>) {
        let or = |changed: &Option<String>, own: &str| changed.clone().unwrap_or_else(|| own.to_owned());
        put(
            out,
            format_args!(
                r#""type":"helan.observation.reported.v1","data":{{"ref_area":{},"indicator":{},"time_period":"{}""#,
                or(&change.area, &cell.area),
                or(&change.indicator, &cell.indicator),
                or(&change.period, &cell.period)
            ),
        );
        let vintages = if again { [r#""revised""#, r#""final""#] } else { [r#""preliminary""#; 2] };
        let vintage = vintages[chance.below(2) as usize];
        let published = if self.feed.may_back_date && chance.below(4) == 0 { cell.release } else { None };
        // What a release of a cell says is the same whenever it is said: a submission may have a cell twice, but ingest
        // refuses one that contradicts itself.
        let release = vintages.iter().position(|other| *other == vintage).unwrap_or_default() as u64;
        let release = release + 2 * u64::from(again) + 4 * u64::from(published.is_some());
        let mut said = Chance::at(self.seed, &[4, self.stream, place, release]);
        let missing = change.value.is_none() && said.below(100) == 0;
        let (value, unit_mult) = self.value(cell, place, &mut said);
        if !missing {
            put(out, format_args!(r#","value":{}"#, change.value.as_deref().unwrap_or(&value)));
        }
        put(out, format_args!(r#","unit":{},"unit_mult":{unit_mult}"#, or(&change.unit, &cell.unit)));
        if missing {
            put(out, format_args!(r#","obs_status":"M""#));
        }
        put(out, format_args!(r#","vintage":{}"#, change.vintage.as_deref().unwrap_or(vintage)));
        if let Some(day) = published {
            put(out, format_args!(r#","published_at":"{day}T01:00:00Z""#));
        }
        let [prepared, reviewed] = [0; 2].map(|_| OFFICES[chance.below(OFFICES.len() as u64) as usize]);
        put(out, format_args!(r#","prepared_by":{prepared},"reviewed_by":{reviewed},"evidence":"helan load""#));
        let note = NOTES[chance.below(NOTES.len() as u64) as usize];
        let noted = chance.below(4) == 0;
        if let Some(note) = change.note.as_deref().or(noted.then_some(note)) {
            put(out, format_args!(r#","note":{note}"#));
        }
        put(out, format_args!("{}}}}}", change.extra));
    }

    /// A value as JSON writes it, and its power of ten: the cell's own level, a few per cent up or down each time.
    fn value(&self, cell: &Cell, place: u64, chance: &mut Chance) -> (String, i32) {
        if cell.form == Form::Done {
            return (format!(r#""{}""#, chance.below(2)), 0);
        }
        let room = cell.high - cell.low;
        let level = Chance::at(self.seed, &[2, self.stream, place]).below(room / 8 + 1);
        let change = chance.below(level / 16 + 2);
        let amount = cell.low + (level + change).min(room);
        match cell.form {
            Form::TenThousands => (format!(r#""{}.{:02}""#, amount / 10_000, amount / 100 % 100), 4),
            _ => (format!(r#""{amount}""#), 0),
        }
    }
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a vector takes all bytes");
}

/// A text that is no JSON yet, for a [`Change`].
pub fn text(text: &str) -> Option<String> {
    Some(json(text))
}

#[cfg(test)]
mod tests {
    use helan_schemas::catalog::Catalog;
    use helan_schemas::event::EventRef;

    use super::*;
    use crate::feeds::feeds;

    fn writers(ids: Ids) -> Vec<Writer> {
        let all = feeds(&Catalog::embedded(), &[], &[], None).into_iter().enumerate();
        all.map(|(at, feed)| Writer::new(feed, at as u64, 42, "l0123456789".into(), ids, (0.2, 0.02))).collect()
    }

    #[test]
    fn events_are_in_canonical_form() {
        let mut kinds = std::collections::BTreeSet::new();
        for writer in writers(Ids::Growing) {
            for serial in (0..2_000).chain([1 << 33]) {
                let mut bytes = Vec::new();
                writer.write(serial, &|_| true, &mut bytes);
                let event: EventRef<'_> = serde_json::from_slice(&bytes).expect("an event");
                let statement = event.check().expect("a statement");
                kinds.insert(event.event_type.to_string());
                let mut canonical = Vec::new();
                event.write_canonical(&statement, &mut canonical);
                assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&canonical));
            }
        }
        assert_eq!(kinds.len(), 2);
    }

    #[test]
    fn ids_tell_their_number() {
        for ids in [Ids::Growing, Ids::Random] {
            let writers = writers(ids);
            let mut seen = std::collections::BTreeSet::new();
            for serial in 0..5_000 {
                let id = writers[3].id(serial);
                assert_eq!(writers[3].serial(&id), Some(serial));
                seen.insert(id);
            }
            assert_eq!(seen.len(), 5_000);
            for alien in
                ["", "l0123456789", "l0123456789-x", "l0123456789-0012", "n-1", "l0123456789-00000000000000001"]
            {
                assert_eq!(writers[3].serial(alien), None, "{alien}");
            }
        }
        let [growing, random] = [Ids::Growing, Ids::Random].map(|ids| {
            let writer = writers(ids).swap_remove(0);
            (0..100).map(|serial| writer.id(serial)).collect::<Vec<_>>()
        });
        assert!(growing.is_sorted() && !random.is_sorted());
    }
}
