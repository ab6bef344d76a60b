//! How large a column becomes once the columns it reads stand for what they mean.
//!
//! The optimiser moves a condition down through projections and puts in what each column is made of, so that levels of
//! `select x + x as x` under one `where` double it each time. That is counted on the plan as it was written, before
//! any rule sees it.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, JoinType};
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan};

use crate::guard::expansion::{Beyond, Bound};

/// Refuses a plan with a column or condition that becomes too large, or whose nodes carry too many columns: a hundred
/// joins of wide tables carry the square of that.
pub(crate) fn hold(plan: &LogicalPlan) -> Result<(), Beyond> {
    let mut carried = 0_u64;
    // The visitor itself never fails.
    let _ = plan.apply_with_subqueries(|node| {
        carried += node.schema().fields().len() as u64;
        let enough = carried > Bound::Carried.most();
        Ok(if enough { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    Bound::Carried.hold(carried)?;
    columns(plan).map(|_| ())
}

/// Expressions that each column of a node becomes at most.
fn columns(plan: &LogicalPlan) -> Result<Vec<u64>, Beyond> {
    let inputs = plan.inputs().into_iter().map(columns).collect::<Result<Vec<_>, _>>()?;
    let schemas: Vec<_> = plan.inputs().into_iter().map(LogicalPlan::schema).collect();
    let below = Below { schemas: schemas.iter().map(|schema| schema.as_ref()).collect(), columns: &inputs };
    let expressions = plan.expressions();
    let sizes = expressions.iter().map(|expr| below.size(expr)).collect::<Result<Vec<_>, _>>()?;
    let width = plan.schema().fields().len();
    let largest = |columns: &[u64]| columns.iter().copied().max().unwrap_or(1);
    let mut columns = match plan {
        LogicalPlan::Projection(_) => sizes,
        LogicalPlan::Filter(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Subquery(_)
        | LogicalPlan::Repartition(_)
        | LogicalPlan::Distinct(Distinct::All(_)) => inputs.into_iter().next().unwrap_or_default(),
        LogicalPlan::Distinct(Distinct::On(on)) => sizes.into_iter().skip(on.on_expr.len()).collect(),
        LogicalPlan::Join(join) => {
            let mut sides = inputs.into_iter();
            let (left, right) = (sides.next().unwrap_or_default(), sides.next().unwrap_or_default());
            match join.join_type {
                JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => right,
                JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => left,
                _ => [left, right].concat(),
            }
        }
        LogicalPlan::Union(_) => {
            let of = |at: usize| inputs.iter().filter_map(|columns| columns.get(at)).copied().max().unwrap_or(1);
            (0..width).map(of).collect()
        }
        // What is computed over rows is not put in elsewhere, what rows are grouped by is.
        LogicalPlan::Aggregate(aggregate) => sizes.into_iter().take(aggregate.group_expr.len()).collect(),
        LogicalPlan::Window(_) => inputs.into_iter().next().unwrap_or_default(),
        LogicalPlan::TableScan(_) | LogicalPlan::Values(_) | LogicalPlan::EmptyRelation(_) => Vec::new(),
        _ => vec![inputs.iter().map(|columns| largest(columns)).max().unwrap_or(1); width],
    };
    columns.resize(width, 1);
    Ok(columns)
}

/// What a node's expressions read.
struct Below<'a> {
    schemas: Vec<&'a DFSchema>,
    columns: &'a [Vec<u64>],
}

impl Below<'_> {
    /// Expressions that one comes to.
    fn size(&self, expr: &Expr) -> Result<u64, Beyond> {
        let mut size = match expr {
            Expr::Alias(_) | Expr::Literal(..) => 0,
            Expr::Column(column) => {
                let at = |schema: &DFSchema| schema.maybe_index_of_column(column);
                let found = self.schemas.iter().zip(self.columns);
                found.filter_map(|(schema, columns)| columns.get(at(schema)?).copied()).max().unwrap_or(1)
            }
            _ => 1,
        };
        if let Some(plan) = within(expr) {
            columns(plan)?;
        }
        let (mut failed, mut parts) = (Ok(()), Vec::new());
        // The visitor itself never fails.
        let _ = expr.apply_children(|part| {
            match self.size(part) {
                Ok(part) => parts.push(part),
                Err(beyond) => failed = Err(beyond),
            }
            Ok(if failed.is_ok() { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
        });
        failed?;
        for (at, part) in parts.into_iter().enumerate() {
            size = size.saturating_add(part.saturating_mul(times(expr, at)));
        }
        Bound::Column.hold(size)?;
        Ok(size)
    }
}

/// How often the optimiser writes a part of an expression at most: `x between a and b` becomes `x >= a and x <= b`,
/// `x in (a, b)` two comparisons, `coalesce` a `case`, and a short `case` of conditions a chain of `or`.
fn times(expr: &Expr, part: usize) -> u64 {
    match expr {
        Expr::Between(_) if part == 0 => 2,
        Expr::InList(list) if part == 0 && list.list.len() <= INLINED => list.list.len() as u64,
        Expr::ScalarFunction(call) if matches!(call.func.name(), "coalesce" | "nvl" | "nvl2" | "nullif") => 2,
        Expr::Case(case) if case.expr.is_none() && case.when_then_expr.len() < 3 => {
            let is_condition = part.is_multiple_of(2) && part < 2 * case.when_then_expr.len();
            if is_condition { 4 } else { 1 }
        }
        _ => 1,
    }
}

/// Items of an `in` that the optimiser still writes as comparisons.
const INLINED: usize = 3;

/// The query within an expression.
fn within(expr: &Expr) -> Option<&LogicalPlan> {
    let subquery = match expr {
        Expr::ScalarSubquery(subquery) => subquery,
        Expr::InSubquery(within) => &within.subquery,
        Expr::Exists(exists) => &exists.subquery,
        Expr::SetComparison(comparison) => &comparison.subquery,
        _ => return None,
    };
    Some(&subquery.subquery)
}
