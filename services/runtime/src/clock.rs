//! The one place from which wall clock and random ids come, so that a simulation can own them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

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

    /// A new ULID in its canonical text, which grows with time.
    pub fn new_id(&self) -> String {
        ulid::Ulid::generate().to_string()
    }
}
