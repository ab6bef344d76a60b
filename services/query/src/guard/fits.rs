//! Values that the engine cuts to a type of others: parameters in `values`, which have that of the other rows before a value is known,
//! and what `lag` and `lead` give where there is no row.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};

/// Fails where the value beside `lag` or `lead` is none of the column's.
pub(crate) fn beside(plan: &LogicalPlan) -> Result<()> {
    plan.apply_with_subqueries(|node| {
        let LogicalPlan::Window(window) = node else { return Ok(TreeNodeRecursion::Continue) };
        for expr in &window.window_expr {
            expr.apply(|expr| {
                if let Expr::WindowFunction(call) = expr
                    && let WindowFunction { fun, params } = call.as_ref()
                    && matches!(fun.name(), "lag" | "lead")
                    && let [column, _, Expr::Literal(value, _)] = params.args.as_slice()
                {
                    let kind = column.get_type(window.input.schema())?;
                    if !is_of(value, &kind) {
                        return Err(DataFusionError::Plan(format!(
                            "{} gives {value} where there is no row, which its column has no room for: write the column's type, as \
                             in cast({} as numeric)",
                            fun.name(),
                            column.human_display()
                        )));
                    }
                }
                Ok(TreeNodeRecursion::Continue)
            })?;
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(())
}

/// Whether a type holds a number as it is. What a text says is no matter of room.
fn is_of(value: &ScalarValue, kind: &DataType) -> bool {
    if !value.data_type().is_numeric() || !kind.is_numeric() {
        return true;
    }
    let there = value.cast_to(kind).and_then(|there| there.cast_to(&value.data_type()));
    value.is_null() || there.is_ok_and(|there| there == *value)
}

/// Fails where a parameter stands in a column of `values` that cannot hold it.
pub(crate) fn hold(plan: &LogicalPlan, parameters: &[ScalarValue]) -> Result<()> {
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::Values(values) = node {
            for row in &values.values {
                for (expr, field) in row.iter().zip(values.schema.fields()) {
                    stands(expr, field.data_type(), parameters)?;
                }
            }
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(())
}

fn stands(expr: &Expr, kind: &DataType, parameters: &[ScalarValue]) -> Result<()> {
    expr.apply(|expr| {
        let Expr::Placeholder(placeholder) = expr else { return Ok(TreeNodeRecursion::Continue) };
        let number = placeholder.id.strip_prefix('$').and_then(|number| number.parse::<usize>().ok());
        let Some(value) = number.and_then(|number| parameters.get(number.checked_sub(1)?)) else {
            return Ok(TreeNodeRecursion::Continue);
        };
        if is_of(value, kind) {
            return Ok(TreeNodeRecursion::Continue);
        }
        Err(DataFusionError::Plan(format!(
            "in values, {} is {value}, which the other rows have no room for: write its type, as in {}::numeric",
            placeholder.id, placeholder.id
        )))
    })?;
    Ok(())
}
