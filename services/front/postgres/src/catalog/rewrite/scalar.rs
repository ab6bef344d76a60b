//! Queries for one value.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Query, SelectItem, SetExpr, TableFactor,
};

use super::{call, last, null};
use crate::catalog::system::is_empty;

/// A query for one value, whose condition names other tables: our planner wants to see that it gives one row.
pub(super) fn one_row(expr: &mut Expr) {
    match expr {
        Expr::Subquery(query) => {
            // Recursive ones ask for what types rest on: none here rests on another.
            if of_empty_tables(query) || query.with.as_ref().is_some_and(|with| with.recursive) {
                *expr = null();
            } else if let Some(item) = only_value(query)
                && !matches!(item, Expr::Function(function) if is_aggregate(function))
            {
                let inner = std::mem::replace(item, null());
                *item = call("max", vec![inner]);
                query.order_by = None;
                query.limit_clause = None;
            }
        }
        Expr::Nested(inner) => one_row(inner),
        Expr::Cast { expr, .. } => one_row(expr),
        Expr::BinaryOp { left, right, .. } => {
            one_row(left);
            one_row(right);
        }
        Expr::IsNull(inner) | Expr::IsNotNull(inner) => one_row(inner),
        Expr::Case { conditions, else_result, .. } => {
            for branch in conditions {
                one_row(&mut branch.condition);
                one_row(&mut branch.result);
            }
            if let Some(inner) = else_result {
                one_row(inner);
            }
        }
        Expr::Function(function) => {
            if let FunctionArguments::List(list) = &mut function.args {
                for argument in &mut list.args {
                    if let FunctionArg::Unnamed(FunctionArgExpr::Expr(inner)) = argument {
                        one_row(inner);
                    }
                }
            }
        }
        _ => {}
    }
}

pub(super) fn is_aggregate(function: &Function) -> bool {
    matches!(last(&function.name).as_str(), "max" | "min" | "count" | "sum" | "avg" | "string_agg" | "array_agg")
}

fn only_value(query: &mut Query) -> Option<&mut Expr> {
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    match select.projection.as_mut_slice() {
        [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] => Some(expr),
        _ => None,
    }
}

fn of_empty_tables(query: &Query) -> bool {
    let SetExpr::Select(select) = query.body.as_ref() else { return false };
    let first = select.from.first().map(|from| &from.relation);
    matches!(first, Some(TableFactor::Table { name, args: None, .. }) if is_empty(&last(name)))
}
