//! Memory that queries may use: a bound for each, and one for all together.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{MemoryLimit, MemoryPool, MemoryReservation};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};

/// Bytes of the footers of files that are kept from question to question. No pool counts them, and under load most are of
/// files that were put together since; the engine's own bound is 50 MiB.
const FOOTERS: usize = 8 << 20;

/// A bounded pool, within another one if there is one above it.
#[derive(Debug)]
pub struct BoundedPool {
    name: &'static str,
    limit: usize,
    used: AtomicUsize,
    above: Option<Arc<BoundedPool>>,
    _kept: Option<Kept>,
}

/// What is given back once nothing uses the pool any more.
struct Kept(#[expect(dead_code, reason = "it is dropped")] Box<dyn Any + Send + Sync>);

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

impl BoundedPool {
    /// A pool for everything.
    pub fn whole(limit: usize) -> Arc<Self> {
        Arc::new(Self { name: "all queries", limit, used: AtomicUsize::new(0), above: None, _kept: None })
    }

    /// A pool for one query, within one for all.
    pub fn of_one_query(limit: usize, above: &Arc<Self>) -> Arc<Self> {
        Arc::new(Self { name: "this query", limit, used: AtomicUsize::new(0), above: Some(above.clone()), _kept: None })
    }

    /// As [`BoundedPool::of_one_query`], keeping something until the last operator has let go of the pool: work goes on
    /// for a while after its answer was given up.
    pub fn of_one_query_with<T: Send + Sync + 'static>(limit: usize, above: &Arc<Self>, kept: T) -> Arc<Self> {
        let kept = Some(Kept(Box::new(kept)));
        Arc::new(Self { name: "this query", limit, used: AtomicUsize::new(0), above: Some(above.clone()), _kept: kept })
    }

    /// Bytes in use.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// What operators run with: this memory, and no disk to spill to, which a query could fill.
    ///
    /// # Errors
    /// If the engine's caches cannot be made.
    pub fn runtime(self: &Arc<Self>) -> Result<Arc<RuntimeEnv>> {
        let no_disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(self.clone()).with_disk_manager_builder(no_disk);
        runtime.with_metadata_cache_limit(FOOTERS).build_arc()
    }

    fn take(&self, bytes: usize) -> Result<()> {
        let fits = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.limit);
        if self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_err() {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "{bytes} bytes more would exceed the {} bytes that {} may use",
                self.limit, self.name
            )));
        }
        let Some(above) = &self.above else { return Ok(()) };
        above.take(bytes).inspect_err(|_| {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
        })
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(above) = &self.above {
            above.give_back(bytes);
        }
    }

    fn force(&self, bytes: usize) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
        if let Some(above) = &self.above {
            above.force(bytes);
        }
    }
}

impl fmt::Display for BoundedPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} of {} bytes", self.name, self.used(), self.limit)
    }
}

impl MemoryPool for BoundedPool {
    fn name(&self) -> &str {
        self.name
    }

    fn grow(&self, _reservation: &MemoryReservation, additional: usize) {
        self.force(additional);
    }

    fn shrink(&self, _reservation: &MemoryReservation, shrink: usize) {
        self.give_back(shrink);
    }

    fn try_grow(&self, _reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.take(additional)
    }

    fn reserved(&self) -> usize {
        self.used()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn footers_are_kept_within_a_bound_that_no_default_widens() {
        let runtime = BoundedPool::whole(100).runtime().expect("a runtime");
        assert_eq!(runtime.cache_manager.get_metadata_cache_limit(), FOOTERS);
    }

    #[test]
    fn a_query_stays_within_its_own_bound_and_that_of_all() {
        let whole = BoundedPool::whole(100);
        let (one, two) = (BoundedPool::of_one_query(70, &whole), BoundedPool::of_one_query(70, &whole));
        assert!(one.take(71).is_err());
        assert!(one.take(60).is_ok());
        assert!(two.take(50).is_err(), "both together would exceed the whole");
        assert_eq!((one.used(), two.used(), whole.used()), (60, 0, 60));
        one.give_back(60);
        assert!(two.take(50).is_ok());
        assert_eq!(whole.used(), 50);
    }
}
