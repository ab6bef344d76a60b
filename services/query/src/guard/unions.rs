//! Unions whose columns have plain names, so that a condition on one stays a condition on it.
//!
//! Where the parts of a union differ in types, the engine puts a projection over its inner unions, whose columns have names
//! without a table; later it moves that projection down into each part, where the columns are those of tables. A condition
//! on such a name is then pushed past the part's own projection, and where the part is a join it lands on the first table
//! that has a column of that name: rows are missing, and nothing says so. So each part gives its columns the plain names
//! from the beginning.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::{Expr, LogicalPlan, Projection, Union};
use datafusion::optimizer::analyzer::AnalyzerRule;

/// Gives the columns of every part of a union plain names. To run once types are settled.
#[derive(Debug)]
pub(crate) struct PlainUnions;

impl AnalyzerRule for PlainUnions {
    fn name(&self) -> &str {
        "helan_plain_unions"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        let plan = plan.transform_up_with_subqueries(|node| match node {
            LogicalPlan::Union(Union { inputs, schema }) => {
                let inputs = inputs.into_iter().map(plain).collect::<Result<_>>()?;
                Ok(Transformed::yes(LogicalPlan::Union(Union { inputs, schema })))
            }
            other => Ok(Transformed::no(other)),
        })?;
        Ok(plan.data)
    }
}

fn plain(part: Arc<LogicalPlan>) -> Result<Arc<LogicalPlan>> {
    let (columns, input): (Vec<Expr>, _) = match part.as_ref() {
        // A union's own columns are plain.
        LogicalPlan::Union(_) => return Ok(part),
        LogicalPlan::Projection(Projection { expr, input, .. }) => (expr.clone(), input.clone()),
        other => (other.schema().iter().map(Expr::from).collect(), part.clone()),
    };
    let named = columns.into_iter().map(|column| match column {
        Expr::Column(column) => {
            let name = column.name.clone();
            Expr::Column(column).alias(name)
        }
        other => other,
    });
    Ok(Arc::new(LogicalPlan::Projection(Projection::try_new(named.collect(), input)?)))
}
