//! Plans of views' texts, made once and put over the tables of whoever asks: of a part of the statements there are few rows,
//! and to plan its views takes longer than to compute them.

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

/// The views whose rows a view's follow from and whose plans are still to be made, itself included, those first that are asked for first. Left
/// out is what may turn out to be empty, and what was computed.
pub(crate) fn to_plan(query: &'static Query, scope: &Scope) -> Vec<&'static Query> {
    let (mut found, mut seen) = (vec![query], BTreeSet::from([query.name]));
    let mut at = 0;
    while let Some(query) = found.get(at) {
        at += 1;
        let inputs = query.inputs.iter().filter_map(|input| scope.pinned.views.get(input));
        let is_planned = |view: &&'static Query| {
            let is_computed = scope.rows(view.name).is_some_and(OnceCell::initialized);
            !is_computed && view.empty_without.is_none() && view.name != standing::NAME
        };
        let inputs: Vec<_> = inputs.filter(is_planned).collect();
        found.extend(inputs.into_iter().filter(|view| seen.insert(view.name)));
    }
    let plans = &scope.pinned.plans;
    found.retain(|query| !plans.has(query, scope.stage(query)));
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
