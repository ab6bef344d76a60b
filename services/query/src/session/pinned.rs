//! What a session has pinned, and what its views may use.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use datafusion::catalog::TableProvider;
use datafusion::common::Result;
use datafusion::execution::memory_pool::MemoryLimit;
use datafusion::execution::runtime_env::RuntimeEnv;
use helan_lake::cells::Sources;
use helan_queries::Views;
use helan_schemas::catalog::Catalog;
use jiff::tz::TimeZone;

use crate::catalog_tables;
use crate::session::scope::{Scope, in_memory};
use crate::views::narrow::{AT_ONCE, Part};
use crate::views::planned::Plans;

/// Below this number of events planning for several threads, or for a part of them, takes longer than it saves.
const FEW: usize = 200_000;
/// As [`FEW`], of a part of the statements: its views are many, and what they read is little.
const FEW_OF_PART: u64 = 50_000;

/// What views may use, of all questions together.
#[derive(Clone)]
pub struct Budget {
    /// Where what they compute and keep is counted.
    pub memory: Arc<RuntimeEnv>,
    /// Out of how many statements a view is computed at once: with more, it is computed in pieces.
    pub at_once: u64,
    /// Below so many events everything is computed at once, on one thread, and kept for the questions that follow.
    pub few: usize,
    /// Each question on one thread, however many events there are: for many askers, and a bounded memory.
    pub in_one: bool,
    /// How views are planned: clones share what was planned.
    pub plans: Plans,
}

impl Default for Budget {
    fn default() -> Self {
        Self { memory: Arc::default(), at_once: AT_ONCE, few: FEW, in_one: false, plans: Plans::default() }
    }
}

/// What a session has pinned: tables that never change while it lives.
pub(crate) struct Pinned {
    pub(crate) tables: BTreeMap<String, Arc<dyn TableProvider>>,
    /// Where the statements of its events come from.
    pub(crate) statements: Sources,
    /// The table `events` in the texts of views.
    pub(crate) by_cell: Arc<dyn TableProvider>,
    pub(crate) catalog: Arc<Catalog>,
    /// Those that every catalog has, and those that this one names.
    pub(crate) views: Views,
    pub(crate) zone: TimeZone,
    /// Whether the events are so few that spreading work over threads costs more than it saves.
    pub(crate) small: bool,
    /// Whether it is never spread.
    pub(crate) in_one: bool,
    /// Where what views compute and keep is counted.
    pub(crate) memory: Arc<RuntimeEnv>,
    /// Statements out of which a view is computed at once.
    pub(crate) at_once: u64,
    /// How its views are planned.
    pub(crate) plans: Plans,
    scopes: Mutex<HashMap<(i64, i64), Weak<Scope>>>,
}

impl Pinned {
    pub(crate) fn new(
        tables: BTreeMap<String, Arc<dyn TableProvider>>,
        statements: Sources,
        catalog: Arc<Catalog>,
        zone: TimeZone,
        small: bool,
        Budget { memory, at_once, in_one, plans, .. }: Budget,
    ) -> Arc<Self> {
        let views = Views::of(&catalog);
        Arc::new(Self {
            tables,
            by_cell: statements.by_cell(),
            statements,
            catalog,
            views,
            zone,
            small,
            in_one,
            memory,
            at_once,
            plans,
            scopes: Mutex::default(),
        })
    }

    /// Whether a part has few statements, as far as that is known without reading them.
    pub(crate) fn is_few(&self, part: &Part) -> bool {
        let Some(folded) = self.statements.folded.as_ref().filter(|_| !part.is_whole()) else { return false };
        part.size(&folded.counts()).saturating_add(folded.unfolded() as u64) < FEW_OF_PART
    }

    /// Whether so much memory is in use that nothing is kept for the questions to come.
    pub(crate) fn is_full(&self) -> bool {
        let pool = &self.memory.memory_pool;
        match pool.memory_limit() {
            MemoryLimit::Finite(limit) => pool.reserved() > limit / 2,
            _ => false,
        }
    }

    /// The scope of a pair of moments; two table functions of one query share it.
    pub(crate) fn scope(self: &Arc<Self>, as_of: i64, recorded: i64) -> Result<Arc<Scope>> {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        scopes.retain(|_, scope| scope.strong_count() > 0);
        if let Some(scope) = scopes.get(&(as_of, recorded)).and_then(Weak::upgrade) {
            return Ok(scope);
        }
        let leaf = catalog_tables::knowledge(as_of, recorded, &self.catalog, &self.zone);
        let knowledge = Arc::new(in_memory(vec![leaf.batch])?);
        let scope = Scope::everything(self.clone(), (as_of, recorded), knowledge);
        scopes.insert((as_of, recorded), Arc::downgrade(&scope));
        Ok(scope)
    }
}

impl fmt::Debug for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pinned").field("tables", &self.tables.keys()).finish_non_exhaustive()
    }
}
