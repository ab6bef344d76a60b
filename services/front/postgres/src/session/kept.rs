//! What connections keep, prepared statements and portals: within the bounds of one, and of all of them together.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::{Own, Problem};

/// Bytes of prepared statements, and of portals, that a connection keeps, each; answers under way are the desk's.
const EACH_CONNECTION: usize = 4 * 1024 * 1024;
/// Bytes that all connections keep.
const ALL: usize = 64 * 1024 * 1024;
/// Prepared statements, and portals, of a connection.
const MOST: usize = 512;

/// Bytes that are kept; given back with the last copy.
#[derive(Clone)]
pub(super) struct Kept {
    bytes: usize,
    _all: Arc<OwnedSemaphorePermit>,
}

/// Room for what all connections keep.
pub(crate) struct KeptByAll(Arc<Semaphore>);

impl KeptByAll {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(ALL)))
    }

    /// Takes room for another one beside those that the connection has.
    pub(super) fn room<'a>(&self, has: impl ExactSizeIterator<Item = &'a Kept>, more: usize) -> Result<Kept, Problem> {
        let (count, bytes) = (has.len(), has.map(|kept| kept.bytes).sum::<usize>());
        if count >= MOST || bytes + more > EACH_CONNECTION {
            return Err(Own::TooMuchKept.into());
        }
        // It fits a number of permits: it is less than a connection may keep.
        let permits = u32::try_from(more).map_err(|_| Own::TooMuchKept)?;
        let all = self.0.clone().try_acquire_many_owned(permits).map_err(|_| Own::TooMuchKeptByAll)?;
        Ok(Kept { bytes: more, _all: Arc::new(all) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(taken: Result<Kept, Problem>) -> &'static str {
        taken.err().map_or("taken", |problem| problem.code)
    }

    #[test]
    fn what_a_connection_keeps_is_bounded_by_number_and_bytes() {
        let all = KeptByAll::new();
        let room = |has: &[Kept], more| all.room(has.iter(), more);
        let half = [room(&[], EACH_CONNECTION / 2).expect("room")];
        assert_eq!(code(room(&half, EACH_CONNECTION / 2)), "taken");
        assert_eq!(code(room(&half, EACH_CONNECTION / 2 + 1)), "too_much_kept");
        let none = room(&[], 0).expect("room");
        assert_eq!(code(room(&vec![none; MOST], 0)), "too_much_kept");
    }

    #[test]
    fn what_all_connections_keep_is_bounded_and_given_back() {
        let all = KeptByAll::new();
        let one = |_| all.room([].into_iter(), EACH_CONNECTION).expect("room");
        let mut others: Vec<_> = (0..ALL / EACH_CONNECTION).map(one).collect();
        assert_eq!(code(all.room([].into_iter(), 1)), "too_much_kept_by_all");
        let copy = others[0].clone();
        others.clear();
        assert_eq!(all.0.available_permits(), ALL - copy.bytes);
    }
}
