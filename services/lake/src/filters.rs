//! Filters as tables are given them: what they name, and how they read over another table.

use std::collections::BTreeSet;

use arrow::datatypes::DataType;
use deltalake_core::datafusion::common::tree_node::{Transformed, TreeNode};
use deltalake_core::datafusion::common::{Column, Result};
use deltalake_core::datafusion::logical_expr::expr::InList;
use deltalake_core::datafusion::logical_expr::{BinaryExpr, Cast, Expr, Operator};

type Names = BTreeSet<String>;

/// The constants that a text column must equal one of, if the filters, all of which hold, say so.
pub fn constants(filters: &[Expr], column: &str) -> Option<Names> {
    let found = filters.iter().filter_map(|filter| among(filter, column));
    found.reduce(|one, other| &one & &other)
}

/// As [`constants`], of one filter.
pub fn among(filter: &Expr, column: &str) -> Option<Names> {
    let is_it = |expr: &Expr| matches!(bare(expr), Expr::Column(found) if found.name == column);
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            let value = if is_it(left) { right } else { left };
            (is_it(left) || is_it(right)).then(|| constant(value)).flatten().map(|text| Names::from([text]))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            Some(&among(left, column)? | &among(right, column)?)
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            constants(&[left.as_ref().clone(), right.as_ref().clone()], column)
        }
        Expr::InList(InList { expr, list, negated: false }) if is_it(expr) => list.iter().map(constant).collect(),
        _ => None,
    }
}

/// An expression without casts from one type of text to another, which views have around columns of tables.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Cast(Cast { expr, field }) if is_text(field.data_type()) => bare(expr),
        other => other,
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8)
}

/// The text of a literal.
pub fn constant(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Literal(value, _) => value.try_as_str().flatten().map(str::to_owned),
        _ => None,
    }
}

/// A filter whose columns are those of any table.
///
/// # Errors
/// Never: the engine's walk through an expression may fail.
pub fn unqualified(filter: Expr) -> Result<Expr> {
    let filter = filter.transform(|expr| {
        Ok(match expr {
            Expr::Column(column) => Transformed::yes(Expr::Column(Column::from_name(column.name))),
            other => Transformed::no(other),
        })
    });
    Ok(filter?.data)
}
