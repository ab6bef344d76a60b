//! Plans of views, made once and kept without their tables. Each question has its own tables below them.
//!
//! A question about one area and year reads few rows: planning its views would take longer than computing them.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::{Transformed, TransformedResult};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::logical_plan::LogicalTableSource;
use datafusion::logical_expr::{LogicalPlan, TableScan, TableSource};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use futures::future::BoxFuture;
use helan_queries::Query;
use tokio::sync::OnceCell;

use crate::session::hidden::Hidden;
use crate::session::scope::Scope;
use crate::views::late_bound::LateTable;
use crate::views::standing;

/// The plans that were made so far, shared by clones. They hold no table and no moment.
#[derive(Clone)]
pub struct Plans(Hidden<Mutex<Held>>);

type Held = HashMap<Key, Arc<OnceCell<Plan>>>;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    sql: &'static str,
    stage: Stage,
}

/// How far a view's plan is the same for all scopes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    /// As it was written.
    Written,
    /// Optimised for many rows, on several threads: what is left to decide depends on the rows.
    Optimised,
    /// As it runs, on one thread; by the rules for few rows or for many.
    Physical { small: bool },
}

/// A plan of a view, at its stage.
#[derive(Clone)]
pub(crate) enum Plan {
    Written(LogicalPlan),
    Optimised(LogicalPlan),
    Physical {
        plan: Arc<dyn ExecutionPlan>,
        /// The names that it reads.
        reads: Vec<Arc<LateTable>>,
    },
}

impl Plan {
    /// As it is kept: it reads nothing.
    fn without_tables(self, scope: &Arc<Scope>) -> Result<Self> {
        Ok(match self {
            Self::Written(plan) => Self::Written(without_tables(plan, scope)?),
            Self::Optimised(plan) => Self::Optimised(without_tables(plan, scope)?),
            Self::Physical { .. } => self,
        })
    }

    /// A kept plan over a scope's tables; none if they have other columns than those that it was made for.
    fn over(&self, scope: &Arc<Scope>) -> Result<Option<Self>> {
        match self {
            Self::Written(plan) => Ok(over(plan.clone(), scope)?.map(Self::Written)),
            Self::Optimised(plan) => Ok(over(plan.clone(), scope)?.map(Self::Optimised)),
            Self::Physical { reads, .. } if !reads.iter().all(|table| table.fits(scope)) => Ok(None),
            // Who runs a plan leaves in it what was read.
            Self::Physical { plan, reads } => {
                Ok(Some(Self::Physical { plan: reset_plan_states(plan.clone())?, reads: reads.clone() }))
            }
        }
    }
}

impl Plans {
    /// The plan of a view's text over a scope's tables, made by `make` if nobody has asked for it yet.
    pub(crate) async fn plan<'a>(
        &self,
        query: &'static Query,
        stage: Stage,
        scope: &Arc<Scope>,
        make: impl Fn() -> BoxFuture<'a, Result<Plan>>,
    ) -> Result<Plan> {
        let key = Key { sql: query.sql, stage };
        let cell = self.held().entry(key).or_default().clone();
        let kept = cell.get_or_try_init(|| async { make().await?.without_tables(scope) }).await?;
        if let Some(plan) = kept.over(scope)? {
            return Ok(plan);
        }
        // A table has got other columns.
        let kept = make().await?.without_tables(scope)?;
        let plan = kept.over(scope)?;
        self.held().insert(key, Arc::new(OnceCell::new_with(Some(kept))));
        plan.ok_or_else(|| DataFusionError::Internal(format!("the plan of {} fits no scope", query.name)))
    }

    /// Whether the plan of a view was made.
    fn has(&self, query: &Query, stage: Stage) -> bool {
        self.held().get(&Key { sql: query.sql, stage }).is_some_and(|cell| cell.initialized())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Plans {
    fn default() -> Self {
        Self(Hidden::new(Mutex::default()))
    }
}

impl fmt::Debug for Plans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plans").field("plans", &self.held().len()).finish()
    }
}

/// The views whose plans are still to be made for the rows of one, itself included, each with the scope that has its rows; those
/// first that are asked for first. Left out is what may turn out to be empty, and what was computed.
pub(crate) fn to_plan(query: &'static Query, scope: &Arc<Scope>) -> Vec<(&'static Query, Arc<Scope>)> {
    let (mut found, mut seen) = (vec![(query, scope.holder(query.name))], BTreeSet::from([query.name]));
    let mut at = 0;
    while let Some((query, _)) = found.get(at) {
        at += 1;
        let inputs = query.inputs.iter().filter_map(|input| scope.pinned.views.get(input));
        let inputs = inputs.filter(|view| view.empty_without.is_none() && view.name != standing::NAME);
        let inputs = inputs.map(|view| (view, scope.holder(view.name)));
        let inputs: Vec<_> = inputs
            .filter(|(view, holder)| !holder.rows(view.name).is_some_and(OnceCell::initialized))
            .filter(|(view, _)| seen.insert(view.name))
            .collect();
        found.extend(inputs);
    }
    found.retain(|(query, scope)| !scope.pinned.plans.has(query, scope.stage(query)));
    found
}

/// A plan that reads none of a scope's tables.
fn without_tables(plan: LogicalPlan, scope: &Arc<Scope>) -> Result<LogicalPlan> {
    reading(plan, scope, |_, table| Arc::new(LogicalTableSource::new(table.schema())))
}

/// A plan that reads by name, in whichever scope it runs, and the names.
pub(crate) fn by_name(plan: LogicalPlan, scope: &Arc<Scope>) -> Result<(LogicalPlan, Vec<Arc<LateTable>>)> {
    let mut reads = Vec::new();
    let plan = reading(plan, scope, |scan, table| {
        let table = Arc::new(LateTable { name: scan.table_name.table().to_owned(), schema: table.schema() });
        reads.push(table.clone());
        provider_as_source(table)
    })?;
    Ok((plan, reads))
}

/// A plan over a scope's tables; none if they have other columns than those that it was made for.
fn over(plan: LogicalPlan, scope: &Arc<Scope>) -> Result<Option<LogicalPlan>> {
    let mut fits = true;
    let plan = reading(plan, scope, |scan, table| {
        fits &= table.schema() == scan.source.schema();
        provider_as_source(table)
    })?;
    Ok(fits.then_some(plan))
}

/// A plan with other sources in the places of a scope's tables. What else it reads, as what a recursion has found so far, is its own.
fn reading(
    plan: LogicalPlan,
    scope: &Arc<Scope>,
    mut source: impl FnMut(&TableScan, Arc<dyn TableProvider>) -> Arc<dyn TableSource>,
) -> Result<LogicalPlan> {
    let plan = plan.transform_up_with_subqueries(|node| {
        let LogicalPlan::TableScan(mut scan) = node else { return Ok(Transformed::no(node)) };
        let Some(table) = scope.table(scan.table_name.table()) else {
            return Ok(Transformed::no(LogicalPlan::TableScan(scan)));
        };
        scan.source = source(&scan, table);
        Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
    });
    plan.data()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use arrow::record_batch::RecordBatch;
    use helan_schemas::catalog::Catalog;
    use helan_schemas::tables::Table;

    use super::*;
    use crate::session::Session;
    use crate::session::pinned::Budget;
    use crate::session::scope::in_memory;

    const NOW: i64 = 1_780_000_000_000_000;

    fn session(plans: &Plans, events: RecordBatch) -> Session {
        let budget = Budget { plans: plans.clone(), ..Budget::default() };
        let events: Arc<dyn TableProvider> = Arc::new(in_memory(vec![events]).expect("a table"));
        let tables = BTreeMap::from([(Table::Events, events)]);
        let session = Session::over(Catalog::embedded().into(), tables, None, Vec::new(), true, NOW, budget);
        session.expect("a session")
    }

    async fn ask(session: &Session, text: &str) {
        session.sql(text).await.expect("planned").collect().await.expect("answered");
    }

    #[tokio::test]
    async fn a_plan_serves_other_sessions_and_keeps_none() {
        let (plans, events) = (Plans::default(), RecordBatch::new_empty(Table::Events.schema()));
        let first = session(&plans, events.clone());
        ask(&first, "select * from rd_intensity").await;
        let scope = Arc::downgrade(first.scope());
        drop(first);
        // What plans ahead has the scope until it is done.
        while scope.upgrade().is_some() {
            tokio::task::yield_now().await;
        }
        let made = plans.held().values().filter(|cell| cell.initialized()).count();
        let (ratios, area_values) = (helan_queries::get("ratios"), helan_queries::get("area_values"));
        let small = Stage::Physical { small: true };
        assert!([ratios, area_values].into_iter().flatten().all(|query| plans.has(query, small)), "{made} plans");
        let second = session(&plans, events);
        assert!(to_plan(ratios.expect("a view"), second.scope()).is_empty());
        ask(&second, "select * from rd_intensity").await;
        assert_eq!(plans.held().values().filter(|cell| cell.initialized()).count(), made);
    }

    #[tokio::test]
    async fn a_plan_is_made_anew_where_a_table_has_other_columns() {
        let (plans, events) = (Plans::default(), RecordBatch::new_empty(Table::Events.schema()));
        let turned: Vec<usize> = (0..events.num_columns()).rev().collect();
        let turned = events.project(&turned).expect("all columns");
        for events in [events.clone(), turned, events] {
            let session = session(&plans, events.clone());
            ask(&session, "select * from statements").await;
            let query = helan_queries::get("statements").expect("a view");
            let kept = plans.held().get(&Key { sql: query.sql, stage: Stage::Written }).cloned().expect("a plan");
            let plan = kept.get().expect("a plan").over(session.scope()).expect("a plan");
            assert!(plan.is_some(), "{:?}", events.schema());
        }
    }
}
