//! Keeps what was computed for the last pairs of moments (T, R), because questions as of one day often follow each other.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use datafusion::common::Result;
use datafusion::prelude::SessionContext;
use helan_schemas::tables::Table;

use crate::session::news::OfMoments;
use crate::session::pinned::Pinned;
use crate::session::scope::Scope;

/// Pairs of moments that stay computed: a question may compare two.
const PAIRS: usize = 2;

/// A session's scopes by their moments.
pub(crate) struct Past {
    pinned: Arc<Pinned>,
    last: Mutex<VecDeque<Pair>>,
}

/// What was asked as of a pair of moments.
struct Pair {
    scope: Arc<Scope>,
    /// In which names mean the views at these moments, where a question was asked so.
    context: Option<SessionContext>,
}

impl Past {
    pub(crate) fn new(pinned: Arc<Pinned>) -> Arc<Self> {
        Arc::new(Self { pinned, last: Mutex::default() })
    }

    /// The scope of a pair of moments, in microseconds since the epoch.
    pub(crate) fn scope(&self, as_of: i64, recorded: i64) -> Result<Arc<Scope>> {
        Ok(self.asked((as_of, recorded), None)?.0)
    }

    /// The context of a pair of moments, made anew unless it was asked for last.
    pub(crate) fn context(
        &self,
        as_of: i64,
        recorded: i64,
        make: impl FnOnce(&Arc<Scope>) -> SessionContext,
    ) -> Result<SessionContext> {
        let (scope, known) = self.asked((as_of, recorded), None)?;
        if let Some(context) = known {
            return Ok(context);
        }
        let context = make(&scope);
        self.asked((as_of, recorded), Some(context.clone()))?;
        Ok(context)
    }

    /// What was computed for the pairs that were asked for last, the last one first.
    pub(crate) fn computed(&self) -> Vec<OfMoments> {
        self.last().iter().map(|pair| pair.scope.of_moments()).collect()
    }

    /// Takes over what the session before has computed, as far as it does not rest on tables that have changed.
    pub(crate) fn take_over(&self, past: Vec<OfMoments>, changed: &BTreeSet<Table>) -> Result<()> {
        for of in past.into_iter().rev() {
            self.scope(of.as_of, of.recorded)?.take_over_moments(of, changed);
        }
        Ok(())
    }

    /// Gives back what is kept, where the questions to come may need its memory.
    pub(crate) fn make_room(&self) {
        if self.pinned.is_full() {
            self.last().clear();
        }
    }

    fn asked(
        &self,
        (as_of, recorded): (i64, i64),
        context: Option<SessionContext>,
    ) -> Result<(Arc<Scope>, Option<SessionContext>)> {
        let scope = self.pinned.scope(as_of, recorded)?;
        let mut last = self.last();
        let before = last.iter().position(|pair| Arc::ptr_eq(&pair.scope, &scope)).and_then(|at| last.remove(at));
        let context = context.or_else(|| before.and_then(|pair| pair.context));
        // What was asked for last is likely to be asked for again.
        last.truncate(PAIRS - 1);
        last.push_front(Pair { scope: scope.clone(), context: context.clone() });
        Ok((scope, context))
    }

    fn last(&self) -> MutexGuard<'_, VecDeque<Pair>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Past {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Past").field("pairs", &self.last().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryConsumer};
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use helan_schemas::catalog::Catalog;

    use crate::session::Session;
    use crate::session::pinned::Budget;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_computed_as_of_a_day_serves_the_next_question() {
        let now = 1_780_000_000_000_000;
        let pool = Arc::new(GreedyMemoryPool::new(1 << 30));
        let memory = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc().expect("a runtime");
        let budget = Budget { memory: memory.clone(), ..Budget::default() };
        let session = Session::in_memory_within(Catalog::embedded().into(), BTreeMap::new(), now, budget);
        let session = session.expect("a session");
        let ask = async |day: &str| {
            let text = format!("select count(*) from current_values_as_of('{day}')");
            session.sql(&text).await.expect("planned").collect().await.expect("answered");
        };
        let computed = |day: &str| {
            let as_of = session.moment(day).expect("a day");
            let scope = session.0.pinned.scope(as_of, crate::views::as_of::EVERYTHING).expect("a scope");
            scope.computed().into_iter().any(|(view, _)| view == "current_values")
        };
        assert!(!computed("2019-08-30"));
        ask("2019-08-30").await;
        assert!(computed("2019-08-30"));
        ask("2020-08-30").await;
        assert!(computed("2019-08-30") && computed("2020-08-30"), "a question may compare two");
        ask("2021-08-30").await;
        assert!(!computed("2019-08-30"), "what was asked for before them is given back");
        let held = MemoryConsumer::new("another question").register(&memory.memory_pool);
        session.0.past.make_room();
        assert!(computed("2021-08-30"), "there is room");
        held.try_grow(600 << 20).expect("memory");
        session.0.past.make_room();
        assert!(!computed("2021-08-30"), "others need the memory");
    }
}
