//! Plans of views, made once and kept without their tables. Each question puts its own tables below them.
//!
//! A question about one area and year reads few rows: planning its views would take longer than computing them.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::logical_plan::LogicalTableSource;
use datafusion::logical_expr::{LogicalPlan, TableSource};
use futures::future::BoxFuture;
use helan_queries::Query;
use tokio::sync::OnceCell;

use crate::session::scope::Scope;
use crate::views::standing;

/// The plans that were made so far, shared by clones. They hold no table and no moment.
#[derive(Clone, Default)]
pub struct Plans(Arc<Mutex<Held>>);

type Held = HashMap<Key, Arc<OnceCell<Option<LogicalPlan>>>>;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    sql: &'static str,
    stage: Stage,
}

/// How far a plan has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    /// As it was written.
    Written,
    /// Optimised, by the rules for few rows or for many.
    Optimised { small: bool },
}

impl Plans {
    /// The plan of a view's text over a scope's tables, made by `make` if nobody has asked for it yet.
    pub(crate) async fn plan<'a>(
        &self,
        query: &'static Query,
        stage: Stage,
        scope: &Arc<Scope>,
        make: impl Fn() -> BoxFuture<'a, Result<LogicalPlan>>,
    ) -> Result<LogicalPlan> {
        let key = Key { sql: query.sql, stage };
        let cell = self.held().entry(key).or_default().clone();
        let mut made = None;
        let (making, first) = (make(), &mut made);
        let kept = cell.get_or_try_init(|| async move {
            let plan = making.await?;
            without_tables(first.insert(plan).clone(), scope)
        });
        let kept = kept.await?;
        if let Some(plan) = made {
            return Ok(plan);
        }
        if let Some(plan) = kept
            && let Some(plan) = over(plan.clone(), scope)?
        {
            return Ok(plan);
        }
        // A table has got other columns.
        let plan = make().await?;
        let kept = OnceCell::new_with(Some(without_tables(plan.clone(), scope)?));
        self.held().insert(key, Arc::new(kept));
        Ok(plan)
    }

    /// Whether the plan of a view was made.
    fn has(&self, query: &Query, stage: Stage) -> bool {
        self.held().get(&Key { sql: query.sql, stage }).is_some_and(|cell| cell.initialized())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

/// A plan that reads nothing; none if it reads what a scope does not name.
fn without_tables(plan: LogicalPlan, scope: &Arc<Scope>) -> Result<Option<LogicalPlan>> {
    reading(plan, |name, source| {
        scope.table(name).map(|_| -> Arc<dyn TableSource> { Arc::new(LogicalTableSource::new(source.schema())) })
    })
}

/// A plan over a scope's tables; none if they have other columns than those that it was made for.
fn over(plan: LogicalPlan, scope: &Arc<Scope>) -> Result<Option<LogicalPlan>> {
    reading(plan, |name, source| {
        let table = scope.table(name)?;
        (table.schema() == source.schema()).then(|| provider_as_source(table))
    })
}

/// A plan with other sources for the names that it reads; none if there is none for one of them.
fn reading(
    plan: LogicalPlan,
    mut source: impl FnMut(&str, &dyn TableSource) -> Option<Arc<dyn TableSource>>,
) -> Result<Option<LogicalPlan>> {
    let mut lacks = false;
    let plan = plan.transform_up_with_subqueries(|node| {
        let LogicalPlan::TableScan(mut scan) = node else { return Ok(Transformed::no(node)) };
        match source(scan.table_name.table(), scan.source.as_ref()) {
            Some(found) => scan.source = found,
            None => lacks = true,
        }
        Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
    })?;
    Ok((!lacks).then_some(plan.data))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use arrow::record_batch::RecordBatch;
    use datafusion::catalog::TableProvider;
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
        let small = Stage::Optimised { small: true };
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
            let plan = kept.get().cloned().flatten().expect("a plan that holds no table");
            assert!(over(plan, session.scope()).expect("a plan").is_some(), "{:?}", events.schema());
        }
    }
}
