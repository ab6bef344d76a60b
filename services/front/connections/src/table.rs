//! The connections that are open: how many, which of them idle, and which one a cancel request means.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rand::TryRngCore;
use rand::rngs::OsRng;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// The table of connections. Clones share it.
#[derive(Clone)]
pub struct Connections(Arc<Table>);

struct Table {
    most: usize,
    each: usize,
    next: AtomicI32,
    entries: Mutex<HashMap<i32, Entry>>,
}

struct Entry {
    secret: i32,
    credential: Option<Arc<str>>,
    idle_since: Option<Instant>,
    cancels: watch::Sender<u64>,
    close: Arc<Notify>,
}

/// A connection's entry; taken out when dropped.
pub struct Place {
    table: Arc<Table>,
    /// Its number, which a cancel request names.
    pub number: i32,
    /// What a cancel request must know.
    pub secret: i32,
    /// Told when the connection has to make room.
    pub close: Arc<Notify>,
    /// Changes with each cancel request.
    pub cancels: watch::Receiver<u64>,
    /// Whether another connection was closed for it.
    pub made_room: bool,
}

impl Connections {
    /// A table with so many places, of which one credential has some at most.
    pub fn new(most: usize, each: usize) -> Self {
        let entries = Mutex::default();
        Self(Arc::new(Table { most, each, next: AtomicI32::new(1), entries }))
    }

    /// Takes a place; if all are taken, the connection that has been idle for longest is closed. None if no connection is
    /// idle.
    pub fn admit(&self) -> Option<Place> {
        let mut entries = self.0.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let mut made_room = false;
        if entries.len() >= self.0.most {
            // Unauthenticated connections go first.
            let idle = entries
                .iter()
                .filter_map(|(number, entry)| Some((entry.credential.is_some(), entry.idle_since?, *number)));
            let (_, _, number) = idle.min()?;
            if let Some(entry) = entries.remove(&number) {
                entry.close.notify_one();
            }
            made_room = true;
        }
        // A guess at a secret can only end a question; the chance is one of four billion for each connection's number.
        let secret = OsRng.try_next_u32().ok()? as i32;
        let number = self.0.next.fetch_add(1, Ordering::Relaxed) & i32::MAX;
        let (sender, cancels) = watch::channel(0);
        let close = Arc::new(Notify::new());
        let idle_since = Some(Instant::now());
        let entry = Entry { secret, credential: None, idle_since, cancels: sender, close: close.clone() };
        entries.insert(number, entry);
        Some(Place { table: self.0.clone(), number, secret, close, cancels, made_room })
    }

    /// Ends the question of a connection; false where there is no such one.
    pub fn cancel(&self, number: i32, secret: i32) -> bool {
        let entries = self.0.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(&number).filter(|entry| entry.secret == secret);
        entry.is_some_and(|entry| {
            entry.cancels.send_modify(|count| *count += 1);
            true
        })
    }
}

impl Place {
    /// Notes whose it is; false where that credential has as many as it may have.
    pub fn belongs_to(&self, credential: &Arc<str>) -> bool {
        let mut entries = self.table.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let own = entries.values().filter(|entry| entry.credential.as_ref() == Some(credential)).count();
        if own >= self.table.each {
            return false;
        }
        if let Some(entry) = entries.get_mut(&self.number) {
            entry.credential = Some(credential.clone());
            entry.idle_since = None;
        }
        true
    }

    /// Notes whether it may be closed to make room.
    pub fn idle(&self, is_idle: bool) {
        let mut entries = self.table.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get_mut(&self.number) {
            entry.idle_since = is_idle.then(Instant::now);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.table.entries.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_longest_idle_makes_room_and_only_the_secret_cancels() {
        let connections = Connections::new(2, 1);
        let (one, two) = (connections.admit().expect("room"), connections.admit().expect("room"));
        let (bi, other): (Arc<str>, Arc<str>) = ("bi".into(), "other".into());
        assert!(one.belongs_to(&bi) && !two.belongs_to(&bi) && two.belongs_to(&other));
        assert!(connections.admit().is_none(), "all are at work");
        one.idle(true);
        let stranger = connections.admit().expect("an idle one makes room");
        assert!(stranger.made_room);
        one.close.notified().await;
        two.idle(true);
        let three = connections.admit().expect("a stranger makes room before an idle one that is known");
        stranger.close.notified().await;
        drop((one, stranger));
        assert!(
            !connections.cancel(two.number, two.secret.wrapping_add(1)) && !two.cancels.has_changed().expect("open")
        );
        assert!(connections.cancel(two.number, two.secret) && two.cancels.has_changed().expect("open"));
        drop((two, three));
        assert!(connections.admit().is_some_and(|place| !place.made_room));
    }
}
