//! What one question, one credential and all questions together may use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Unanswered;
use crate::guard::scratch::ScratchSpace;

const MIB: usize = 1024 * 1024;

/// The limits. The defaults are the documented ones; tests use smaller ones.
#[derive(Clone, Debug)]
pub struct SqlLimits {
    /// From the request to the last byte of the answer, however slowly it is fetched.
    pub time: Duration,
    /// Bytes that the operators of one query keep.
    pub memory: usize,
    /// Bytes that all queries and what they share keep.
    pub total_memory: usize,
    /// Disk that operators may use where memory does not suffice; none = what needs more is refused.
    pub scratch: Option<ScratchSpace>,
    /// Rows of an answer.
    pub rows: u64,
    /// Bytes of an answer.
    pub bytes: u64,
    /// Queries at a time; above it 503.
    pub queries: usize,
    /// Queries of one credential at a time; above it 429.
    pub queries_each: usize,
}

impl SqlLimits {
    /// Bytes of a query's text. Long enough for any that a person writes; what is planned recursively stays shallow.
    pub const TEXT: usize = 64 * 1024;
    /// Memory of one query unless said otherwise.
    pub const MEMORY: usize = 256 * MIB;
    /// Memory of all queries unless said otherwise.
    pub const TOTAL_MEMORY: usize = 512 * MIB;
    /// Rows of an answer unless said otherwise.
    pub const ROWS: u64 = 1_000_000;
    /// Queries at a time unless said otherwise.
    pub const QUERIES: u16 = 8;

    /// How many of so many queries at a time one credential may have.
    pub fn each_of(queries: u16) -> usize {
        usize::from(queries.div_ceil(2))
    }

    /// Three quarters of the machine's memory and no other limit: for a process that answers only who started it.
    pub(super) fn of_machine() -> Self {
        let memory = machine_memory().map_or(usize::MAX, |bytes| bytes / 4 * 3);
        Self {
            scratch: None,
            time: Duration::MAX,
            memory,
            total_memory: memory,
            rows: u64::MAX,
            bytes: u64::MAX,
            queries: Semaphore::MAX_PERMITS,
            queries_each: usize::MAX,
        }
    }
}

impl Default for SqlLimits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(60),
            memory: Self::MEMORY,
            total_memory: Self::TOTAL_MEMORY,
            scratch: None,
            rows: Self::ROWS,
            bytes: 256 * MIB as u64,
            queries: usize::from(Self::QUERIES),
            queries_each: Self::each_of(Self::QUERIES),
        }
    }
}

/// Bytes of memory that this process could have: the machine's, or its container's where that is less.
fn machine_memory() -> Option<usize> {
    let machine = std::fs::read_to_string("/proc/meminfo").ok();
    let machine = machine.as_deref().and_then(|text| text.lines().find_map(|line| line.strip_prefix("MemTotal:")));
    let machine = machine.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<usize>().ok());
    let container = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let container = container.and_then(|text| text.trim().parse::<usize>().ok());
    [machine.map(|kilobytes| kilobytes * 1024), container].into_iter().flatten().min()
}

/// Places for questions: of each credential, and in all.
#[derive(Debug)]
pub(super) struct Room {
    all: Arc<Semaphore>,
    each: Arc<Mutex<HashMap<Arc<str>, usize>>>,
    limit_each: usize,
    /// Places reserved for credentials with no running question.
    for_others: usize,
}

/// A query's place; given back when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    _all: OwnedSemaphorePermit,
    each: Arc<Mutex<HashMap<Arc<str>, usize>>>,
    credential: Arc<str>,
}

impl Room {
    pub(super) fn new(limits: &SqlLimits) -> Self {
        let all = Arc::new(Semaphore::new(limits.queries));
        Self { all, each: Arc::default(), limit_each: limits.queries_each, for_others: limits.queries / 4 }
    }

    /// Takes a place, or refuses at once.
    pub(super) fn seat(&self, credential: &Arc<str>) -> Result<Seat, Unanswered> {
        let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        let own = each.get(credential).copied().unwrap_or(0);
        // Two credentials together cannot keep out a third.
        if own >= self.limit_each || (own > 0 && self.all.available_permits() <= self.for_others && self.for_others > 0)
        {
            return Err(Unanswered::TooMany);
        }
        let all = self.all.clone().try_acquire_owned().map_err(|_| Unanswered::Busy)?;
        each.insert(credential.clone(), own + 1);
        Ok(Seat { _all: all, each: self.each.clone(), credential: credential.clone() })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        match each.get_mut(&self.credential) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(each.remove(&self.credential)),
        }
    }
}

#[cfg(test)]
mod tests {
    use helan_schemas::refusal::Code;

    use super::*;

    fn refused(seat: Result<Seat, Unanswered>) -> Code {
        seat.expect_err("no place").code()
    }

    #[test]
    fn one_credential_cannot_take_every_place() {
        let room = Room::new(&SqlLimits { queries: 3, queries_each: 2, ..SqlLimits::default() });
        let (one, two): (Arc<str>, Arc<str>) = ("one".into(), "two".into());
        let first = room.seat(&one).expect("free");
        let _second = room.seat(&one).expect("free");
        assert_eq!(refused(room.seat(&one)), Code::SqlTooMany, "its own limit");
        let _third = room.seat(&two).expect("free");
        assert_eq!(refused(room.seat(&two)), Code::SqlBusy, "all places are taken");
        drop(first);
        room.seat(&two).expect("a place was given back");
    }

    #[test]
    fn two_credentials_cannot_keep_out_a_third() {
        let room = Room::new(&SqlLimits::default());
        let (one, two, three): (Arc<str>, Arc<str>, Arc<str>) = ("one".into(), "two".into(), "three".into());
        let mut taken = Vec::new();
        for credential in [&one, &two].into_iter().cycle().take(8) {
            taken.extend(room.seat(credential));
        }
        assert_eq!(taken.len(), 6);
        assert_eq!(refused(room.seat(&one)), Code::SqlTooMany, "what is left is for others");
        let _third = room.seat(&three).expect("a place of its own");
    }
}
