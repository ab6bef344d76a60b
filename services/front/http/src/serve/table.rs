//! Who is connected: a bound in all and for each address, idle connections closed first, and room kept for probes.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use helan_runtime::credentials::network;
use tokio::sync::Notify;

/// Connections beyond the bound that are asked for `/healthz` and `/readyz` only.
const FOR_PROBES: usize = 64;
/// Of these one address may hold a quarter.
const FOR_PROBES_EACH: usize = FOR_PROBES / 4;

/// What a connection may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Every path.
    All,
    /// `/healthz` and `/readyz`.
    Probes,
}

/// Why a connection is closed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Its address has as many as it may have, all at work.
    Address,
    /// There are as many as there may be, all at work.
    Full,
}

/// What a connection does now. It is idle until it has sent a whole head, between requests, and while a request is
/// turned away whose sender has not proved who it is.
#[derive(Debug, Default)]
pub(super) struct State {
    at_work: AtomicBool,
    /// An answer was begun, and may not have reached the other side.
    owes_answer: AtomicBool,
    /// Moment, by the table's own count, since which it is idle.
    since: AtomicU64,
    /// Told when the connection has to make room.
    pub(super) close: Notify,
}

impl State {
    pub(super) fn is_at_work(&self) -> bool {
        self.at_work.load(Ordering::Acquire)
    }

    /// Whether an answer to a sender that has proved who it is may still be on its way.
    pub(super) fn owes_answer(&self) -> bool {
        self.owes_answer.load(Ordering::Acquire)
    }
}

#[derive(Debug)]
struct Seat {
    network: IpAddr,
    may: Use,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct Seats {
    next: u64,
    taken: HashMap<u64, Seat>,
    /// Connections for all paths and for probes, of each network.
    of: HashMap<IpAddr, [usize; 2]>,
    /// The same of all.
    all: [usize; 2],
}

/// The connections of one listener; clones share them.
#[derive(Clone, Debug)]
pub(super) struct Table {
    most: usize,
    each: usize,
    seats: Arc<Mutex<Seats>>,
    moments: Arc<AtomicU64>,
}

/// The place of one connection; given up when dropped.
#[derive(Debug)]
pub(super) struct Place {
    id: u64,
    pub(super) may: Use,
    pub(super) state: Arc<State>,
    table: Table,
}

/// A connection that was let in, and whether another one had to go for it.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) place: Place,
    pub(super) made_room: bool,
}

impl Table {
    /// So many connections in all, so many of each address.
    pub(super) fn new(most: usize, each: usize) -> Self {
        Self { most, each: each.min(most), seats: Arc::default(), moments: Arc::default() }
    }

    /// Lets a connection in: as one for all paths if there is room or an idle one can go, else as one for probes.
    pub(super) fn admit(&self, address: IpAddr) -> Result<Admitted, Refused> {
        let network = network(address);
        let mut seats = self.lock();
        let own = seats.count(network, Use::All);
        let room = if own >= self.each {
            seats.close_idle(Use::All, Some(network))
        } else if seats.all[Use::All as usize] >= self.most {
            seats.close_idle(Use::All, None)
        } else {
            return Ok(self.seat(&mut seats, network, Use::All, false));
        };
        if room {
            return Ok(self.seat(&mut seats, network, Use::All, true));
        }
        let why = if own >= self.each { Refused::Address } else { Refused::Full };
        let room = if seats.count(network, Use::Probes) >= FOR_PROBES_EACH {
            seats.close_idle(Use::Probes, Some(network))
        } else if seats.all[Use::Probes as usize] >= FOR_PROBES {
            seats.close_idle(Use::Probes, None)
        } else {
            return Ok(self.seat(&mut seats, network, Use::Probes, false));
        };
        if room { Ok(self.seat(&mut seats, network, Use::Probes, true)) } else { Err(why) }
    }

    /// Closes the connection that can go best, if one can; for a process that is out of file descriptors.
    pub(super) fn make_room(&self) -> bool {
        self.lock().close_idle(Use::All, None)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.lock().taken.len()
    }

    fn seat(&self, seats: &mut Seats, network: IpAddr, may: Use, made_room: bool) -> Admitted {
        let state = Arc::new(State::default());
        state.since.store(self.moment(), Ordering::Release);
        let id = seats.add(Seat { network, may, state: state.clone() });
        Admitted { place: Place { id, may, state, table: self.clone() }, made_room }
    }

    fn moment(&self) -> u64 {
        self.moments.fetch_add(1, Ordering::Relaxed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seats {
    fn count(&self, network: IpAddr, may: Use) -> usize {
        self.of.get(&network).map_or(0, |counts| counts[may as usize])
    }

    fn add(&mut self, seat: Seat) -> u64 {
        self.all[seat.may as usize] += 1;
        self.of.entry(seat.network).or_default()[seat.may as usize] += 1;
        self.next += 1;
        self.taken.insert(self.next, seat);
        self.next
    }

    fn remove(&mut self, id: u64) -> Option<Seat> {
        let seat = self.taken.remove(&id)?;
        self.all[seat.may as usize] -= 1;
        if let Some(counts) = self.of.get_mut(&seat.network) {
            counts[seat.may as usize] -= 1;
            if *counts == [0, 0] {
                self.of.remove(&seat.network);
            }
        }
        Some(seat)
    }

    /// Closes an idle connection, of one network if it is named: of the network that has the most, the one that is idle
    /// longest. Its place is free at once.
    fn close_idle(&mut self, may: Use, network: Option<IpAddr>) -> bool {
        let idle = self.taken.iter().filter(|(_, seat)| {
            seat.may == may && network.is_none_or(|network| network == seat.network) && !seat.state.is_at_work()
        });
        let best = idle.max_by_key(|(_, seat)| {
            let since = seat.state.since.load(Ordering::Acquire);
            (self.count(seat.network, may), std::cmp::Reverse(since))
        });
        let Some(id) = best.map(|(id, _)| *id) else { return false };
        if let Some(seat) = self.remove(id) {
            seat.state.close.notify_one();
        }
        true
    }
}

impl Place {
    /// Marks the connection as at work until the guard is dropped.
    pub(super) fn work(self: &Arc<Self>) -> AtWork {
        self.state.owes_answer.store(true, Ordering::Release);
        self.state.at_work.store(true, Ordering::Release);
        AtWork(self.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.table.lock().remove(self.id);
    }
}

/// A request under way on a connection, until its answer was handed over.
#[derive(Debug)]
pub(super) struct AtWork(Arc<Place>);

impl Drop for AtWork {
    fn drop(&mut self) {
        let Place { state, table, .. } = &*self.0;
        state.since.store(table.moment(), Ordering::Release);
        state.at_work.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    fn admit(table: &Table, last: u8) -> Arc<Place> {
        Arc::new(table.admit(address(last)).expect("room").place)
    }

    async fn is_closed(place: &Place) -> bool {
        tokio::time::timeout(std::time::Duration::ZERO, place.state.close.notified()).await.is_ok()
    }

    #[tokio::test]
    async fn an_address_beyond_its_bound_loses_what_it_used_least() {
        let table = Table::new(100, 3);
        let (one, two, three, other) = (admit(&table, 1), admit(&table, 1), admit(&table, 1), admit(&table, 2));
        // The first was idle longest, but works; the third had a request since.
        let work = one.work();
        drop(three.work());
        let four = admit(&table, 1);
        assert!(is_closed(&two).await && four.may == Use::All);
        for place in [&one, &three, &other] {
            assert!(!is_closed(place).await);
        }
        drop(work);
        assert_eq!(table.len(), 4);
        drop((one, two, three, four, other));
        let seats = table.lock();
        assert!(seats.taken.is_empty() && seats.of.is_empty() && seats.all == [0, 0], "{seats:?}");
    }

    #[tokio::test]
    async fn a_full_table_closes_idle_connections_of_whoever_has_most() {
        let table = Table::new(5, 4);
        let quiet = admit(&table, 9);
        let greedy: Vec<_> = (0..4).map(|_| admit(&table, 1)).collect();
        let new = admit(&table, 2);
        assert_eq!(new.may, Use::All);
        assert!(is_closed(&greedy[0]).await && !is_closed(&quiet).await);
    }

    #[tokio::test]
    async fn there_is_room_for_probes_while_all_are_at_work() {
        let table = Table::new(8, 4);
        let busy: Vec<_> = (0..8).map(|n| admit(&table, n / 4)).collect();
        let work: Vec<_> = busy.iter().map(Place::work).collect();
        // The flood goes on, from those addresses and from others, and takes no more than its part of that room.
        let mut flood = Vec::new();
        for n in 0..40 {
            flood.extend(table.admit(address(n % 2)).map(|admitted| Arc::new(admitted.place)));
        }
        assert!(flood.iter().all(|place| place.may == Use::Probes));
        let probe = admit(&table, 77);
        assert_eq!(probe.may, Use::Probes);
        assert_eq!(table.len(), 8 + 2 * FOR_PROBES_EACH + 1);
        let at_work: Vec<_> = flood.iter().map(Place::work).collect();
        assert_eq!(table.admit(address(1)).map(|_| ()), Err(Refused::Address));
        drop((work, at_work));
        assert_eq!(admit(&table, 1).may, Use::All);
    }
}
