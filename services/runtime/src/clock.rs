//! The one place from which wall clock and random ids come, so that a simulation can own them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

/// Clocks that differ by more are not all right, microseconds. A report's body may take five minutes from its receive time
/// to the log.
pub const CLOCKS_DIFFER: i64 = 10 * 60 * 1_000_000;

/// A moment of this process, by the wall clock and by the steady one.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    wall: i64,
    steady: Instant,
}

/// Tells the time: the system's, or one that a test sets.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still until it is set.
    pub fn manual(microseconds: i64) -> Self {
        Self(Some(Arc::new(AtomicI64::new(microseconds))))
    }

    /// Sets a manual clock; the system's cannot be set.
    pub fn set(&self, microseconds: i64) {
        if let Some(time) = &self.0 {
            time.store(microseconds, Ordering::SeqCst);
        }
    }

    /// Microseconds since the Unix epoch.
    pub fn now(&self) -> i64 {
        match &self.0 {
            Some(time) => time.load(Ordering::SeqCst),
            None => jiff::Timestamp::now().as_microsecond(),
        }
    }

    /// This moment, to be asked later how long ago it was.
    pub fn moment(&self) -> Moment {
        Moment { wall: self.now(), steady: Instant::now() }
    }

    /// How long ago a moment was, at least: the wall clock may be set meanwhile, forward or back, and the steady one stands
    /// still while the machine sleeps, so the longer of the two counts.
    pub fn since(&self, moment: &Moment) -> Duration {
        Duration::from_micros(self.now().abs_diff(moment.wall)).max(moment.steady.elapsed())
    }

    /// A new ULID in its canonical text, which grows with time.
    pub fn new_id(&self) -> String {
        ulid::Ulid::generate().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_makes_a_moment_older_and_never_younger() {
        let clock = Clock::manual(1_000_000_000);
        let moment = clock.moment();
        assert!(clock.since(&moment) < Duration::from_secs(60));
        for set in [1_000_000_000 + 3_600_000_000, 1_000_000_000 - 3_600_000_000] {
            clock.set(set);
            assert!(clock.since(&moment) >= Duration::from_secs(3600));
        }
    }
}
