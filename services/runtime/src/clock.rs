//! The one place from which wall clock and random ids come, so that a simulation can own them.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// Largest difference of clocks that is tolerated, microseconds. A report's body may take five minutes from its receive time
/// to the log.
pub const CLOCKS_DIFFER: i64 = 10 * 60 * 1_000_000;

/// A moment of this process, by the wall clock and by the steady one.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    wall: i64,
    steady: Instant,
}

/// Tells the time: the system's, or one that is set. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    /// Stands still at a moment.
    Still(Arc<AtomicI64>),
    /// Runs as the system's, so many microseconds ahead of it.
    Ahead(Arc<AtomicI64>),
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until it is set.
    pub fn manual(microseconds: i64) -> Self {
        Self(Source::Still(Arc::new(AtomicI64::new(microseconds))))
    }

    /// A clock that is set and runs on from there, such as one that lives through past years in some seconds.
    pub fn running_from(microseconds: i64) -> Self {
        let clock = Self(Source::Ahead(Arc::default()));
        clock.set(microseconds);
        clock
    }

    /// Sets a clock; the system's cannot be set.
    pub fn set(&self, microseconds: i64) {
        match &self.0 {
            Source::System => {}
            Source::Still(time) => time.store(microseconds, Ordering::SeqCst),
            Source::Ahead(by) => by.store(microseconds - system(), Ordering::SeqCst),
        }
    }

    /// Microseconds since the Unix epoch.
    pub fn now(&self) -> i64 {
        match &self.0 {
            Source::System => system(),
            Source::Still(time) => time.load(Ordering::SeqCst),
            Source::Ahead(by) => system() + by.load(Ordering::SeqCst),
        }
    }

    /// Microseconds that only grow, from any beginning: for waiting and for measuring how long something takes. The wall
    /// clock may be set back meanwhile, and what waits for a moment of it then waits for as long again.
    pub fn steady(&self) -> i64 {
        static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);
        match &self.0 {
            Source::System => BEGINNING.elapsed().as_micros() as i64,
            // A clock that is set moves on by what it is set to.
            Source::Still(_) | Source::Ahead(_) => self.now(),
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

fn system() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// A moment as RFC 3339; empty for one that no calendar has. Microseconds since the epoch.
pub fn rfc_3339(microseconds: i64) -> String {
    jiff::Timestamp::from_microsecond(microseconds).map_or_else(|_| String::new(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_runs_on_from_where_it_was_set() {
        let clock = Clock::running_from(1_000_000_000);
        let shared = clock.clone();
        let before = shared.now();
        assert!(before >= 1_000_000_000);
        clock.set(5_000_000_000);
        let after = shared.now();
        assert!((5_000_000_000..6_000_000_000).contains(&after), "{after}");
        std::thread::sleep(Duration::from_millis(2));
        assert!(shared.now() > after);
    }

    #[test]
    fn steady_time_only_grows() {
        let clock = Clock::system();
        let before = clock.steady();
        std::thread::sleep(Duration::from_millis(2));
        assert!((before + 2000..before + 60_000_000).contains(&clock.steady()));
        let manual = Clock::manual(7);
        manual.set(9);
        assert_eq!(manual.steady(), 9);
    }

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
