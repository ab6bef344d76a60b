//! The cells that a submission reports: area, indicator, period, vintage, edition, basis, role and time of
//! publication. If two
//! rows report one cell with different values, the submission is refused; with equal values, the answer lists the rows.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use helan_schemas::codes;
use helan_schemas::digest::ContentDigest;
use helan_schemas::event::{EventRef, Statement};
use helan_schemas::period::days_since_epoch;
use helan_schemas::refusal::Code;

use crate::answer::{RepeatedCell, RepeatedCells, RowAt};
use crate::check::{Judge, plain};
use crate::problems::{Place, Problems};

/// Repeated cells that an answer lists; a count tells of the others.
const LISTED: usize = 20;

/// What a row says of its cell. Rows that differ in nothing of this say the same, however they write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Said {
    amount: Option<i128>,
    /// Places in the lists of codes; an absent status is the first.
    obs_status: usize,
    conf_status: usize,
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.amount.map_or_else(|| "–".to_owned(), plain))?;
        if self.obs_status > 0 {
            write!(f, " {}", codes::OBS_STATUSES[self.obs_status])?;
        }
        if self.conf_status > 0 {
            write!(f, " {}", codes::CONF_STATUSES[self.conf_status])?;
        }
        Ok(())
    }
}

/// A row of a cell.
#[derive(Clone, Copy, Debug)]
struct Row {
    said: Said,
    at: RowAt,
}

/// A further row of a cell that has one.
#[derive(Debug)]
struct Again {
    key: [u8; 16],
    row: Row,
    /// Area, indicator and period, for a reader.
    cell: String,
}

/// The cells of one submission so far.
#[derive(Default)]
pub(super) struct Cells {
    first: HashMap<[u8; 16], Row>,
    again: Vec<Again>,
    /// Ids that the submission itself voids: their rows contradict nothing.
    withdrawn: BTreeSet<String>,
    scratch: ContentDigest,
}

impl Cells {
    /// Takes an event that was found right; says whether the first row of its cell says something else.
    pub(super) fn take(&mut self, event: &EventRef<'_>, statement: &Statement, judge: &Judge<'_>, at: RowAt) -> bool {
        let data = &event.data;
        let Statement::Reported { period, amount, published_at, .. } = statement else {
            self.withdrawn.extend(data.withdraws.as_deref().map(str::to_owned));
            return false;
        };
        let (area, indicator) = (data.ref_area.as_deref(), data.indicator.as_deref());
        // A basis that is left out is the one that the catalog derives.
        let place = area.unwrap_or_default();
        let derived = || judge.basis_of(indicator.unwrap_or_default(), place, period.end, *published_at);
        let basis = data.basis.as_deref().or_else(derived);
        let key = &mut self.scratch;
        key.reset();
        let later = [data.edition.as_deref(), data.role.as_deref()];
        for text in [area, indicator, data.vintage.as_deref(), basis].into_iter().chain(later) {
            key.field(text.map(str::as_bytes));
        }
        key.field(Some(period.kind.code().as_bytes()));
        key.field(Some(&days_since_epoch(period.start).to_le_bytes()));
        key.field(Some(&days_since_epoch(period.end).to_le_bytes()));
        key.field(published_at.map(i64::to_le_bytes).as_ref().map(<[u8; 8]>::as_slice));
        let key = key.finish();
        let place = |list: &[&str], code: Option<&str>| {
            code.and_then(|code| list.iter().position(|known| *known == code)).unwrap_or_default()
        };
        let said = Said {
            amount: *amount,
            obs_status: place(&codes::OBS_STATUSES, data.obs_status.as_deref()),
            conf_status: place(&codes::CONF_STATUSES, data.conf_status.as_deref()),
        };
        let row = Row { said, at };
        match self.first.entry(key) {
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(row);
                false
            }
            std::collections::hash_map::Entry::Occupied(first) => {
                let cell = format!("{} {} {period}", area.unwrap_or_default(), indicator.unwrap_or_default());
                self.again.push(Again { key, row, cell });
                first.get().said != row.said
            }
        }
    }

    /// Reports every contradiction at both of its rows, and tells what was only repeated. `ids` has the row of every id
    /// that the sender gave; `field` is the name under which the value is at fault.
    pub(super) fn finish(
        self,
        ids: &HashMap<Cow<'_, str>, u32>,
        field: &str,
        problems: &mut Problems,
    ) -> Option<RepeatedCells> {
        if self.again.is_empty() {
            return None;
        }
        let void: BTreeSet<u32> = self.withdrawn.iter().filter_map(|id| ids.get(id.as_str()).copied()).collect();
        let stands = |row: &Row| !void.contains(&row.at.row);
        let names: HashMap<u32, &str> = ids.iter().map(|(id, row)| (*row, id.as_ref())).collect();
        let mut standing: HashMap<[u8; 16], Row> = HashMap::new();
        let mut contradicted: BTreeSet<u32> = BTreeSet::new();
        let mut repeated = RepeatedCells::default();
        let mut contradict = |here: Row, other: Row, cell: &str| {
            let place = Place { row: Some(here.at.row), line: here.at.line, id: names.get(&here.at.row).copied() };
            let found = format!("{cell}: {} ({}) ≠ {} ({})", here.said, here.at.shown(), other.said, other.at.shown());
            problems.add(place, Some(field), Code::CellContradicted, found);
        };
        for Again { key, row, cell } in self.again.iter().filter(|again| stands(&again.row)) {
            let first = match standing.get(key).or_else(|| self.first.get(key).filter(|first| stands(first))) {
                Some(first) => *first,
                // The rows before it are void.
                None => {
                    standing.insert(*key, *row);
                    continue;
                }
            };
            if first.said == row.said {
                repeated.count += 1;
                if repeated.cells.len() < LISTED {
                    repeated.cells.push(RepeatedCell { cell: cell.clone(), first: first.at, again: row.at });
                }
                continue;
            }
            if contradicted.insert(first.at.row) {
                contradict(first, *row, cell);
            }
            contradict(*row, first, cell);
        }
        (repeated.count > 0).then(|| repeated.told())
    }
}
