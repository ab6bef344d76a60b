//! Memory that queries may use: a bound for each, and one for all together.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};

use crate::guard::scratch::Scratch;

/// Bytes of the footers of files that are kept from question to question. No pool counts them, and under load most are of
/// files that were put together since; the engine's own bound is 50 MiB.
const FOOTERS: usize = 8 << 20;

/// A bounded pool, within another one if there is one above it.
#[derive(Debug)]
pub struct BoundedPool {
    name: &'static str,
    limit: usize,
    used: AtomicUsize,
    /// Shares a third of a query's memory among its operators that can go to disk; what is left is for those that
    /// cannot, and for what a sort makes of its rows before it writes them: as much again, and more where there are many keys.
    shares: Option<FairSpillPool>,
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
        Arc::new(Self { name: "all queries", limit, used: AtomicUsize::new(0), shares: None, above: None, _kept: None })
    }

    /// A pool for one query, within one for all.
    pub fn of_one_query(limit: usize, above: &Arc<Self>) -> Arc<Self> {
        Self::shared(limit, above, None)
    }

    /// As [`BoundedPool::of_one_query`], keeping something until the last operator has let go of the pool: work goes on
    /// for a while after its answer was given up.
    pub fn of_one_query_with<T: Send + Sync + 'static>(limit: usize, above: &Arc<Self>, kept: T) -> Arc<Self> {
        Self::shared(limit, above, Some(Kept(Box::new(kept))))
    }

    fn shared(limit: usize, above: &Arc<Self>, kept: Option<Kept>) -> Arc<Self> {
        let (shares, above) = (Some(FairSpillPool::new(limit / 3)), Some(above.clone()));
        Arc::new(Self { name: "this query", limit, used: AtomicUsize::new(0), shares, above, _kept: kept })
    }

    /// Bytes in use.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// What operators run with: this memory, and no disk.
    ///
    /// # Errors
    /// If the engine's caches cannot be made.
    pub fn runtime(self: &Arc<Self>) -> Result<Arc<RuntimeEnv>> {
        self.runtime_on(&Scratch::none()?)
    }

    /// As [`BoundedPool::runtime`], with disk where memory does not suffice.
    pub(crate) fn runtime_on(self: &Arc<Self>, scratch: &Scratch) -> Result<Arc<RuntimeEnv>> {
        let no_disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(self.clone()).with_disk_manager_builder(no_disk);
        let runtime = runtime.with_metadata_cache_limit(FOOTERS).build()?;
        Ok(Arc::new(RuntimeEnv { disk_manager: scratch.disk(), ..runtime }))
    }

    fn take(&self, bytes: usize) -> Result<()> {
        let fits = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.limit);
        if self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_err() {
            return Err(self.exhausted(bytes));
        }
        let Some(above) = &self.above else { return Ok(()) };
        above.take(bytes).inspect_err(|_| {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
        })
    }

    fn shares_of(&self, consumer: &MemoryConsumer) -> Option<&FairSpillPool> {
        self.shares.as_ref().filter(|_| consumer.can_spill())
    }

    fn exhausted(&self, bytes: usize) -> DataFusionError {
        let (limit, name) = (self.limit, self.name);
        DataFusionError::ResourcesExhausted(format!(
            "{bytes} bytes more would exceed the {limit} bytes that {name} may use"
        ))
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

    fn register(&self, consumer: &MemoryConsumer) {
        if let Some(shares) = self.shares_of(consumer) {
            shares.register(consumer);
        }
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        if let Some(shares) = self.shares_of(consumer) {
            shares.unregister(consumer);
        }
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        if let Some(shares) = self.shares_of(reservation.consumer()) {
            shares.grow(reservation, additional);
        }
        self.force(additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        if let Some(shares) = self.shares_of(reservation.consumer()) {
            shares.shrink(reservation, shrink);
        }
        self.give_back(shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let Some(shares) = self.shares_of(reservation.consumer()) else { return self.take(additional) };
        shares.try_grow(reservation, additional).map_err(|_| self.exhausted(additional))?;
        self.take(additional).inspect_err(|_| shares.shrink(reservation, additional))
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
