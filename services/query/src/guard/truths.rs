//! Truth values in quotes, `demo = 'true'`: read beside a truth value as PostgreSQL reads them. The engine would refuse to compare
//! them while it plans, before any rule of the analyser.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable};
use datafusion::sql::sqlparser::ast::BinaryOperator;

/// Puts a truth value in the place of its text.
#[derive(Debug)]
pub(crate) struct Truths;

impl ExprPlanner for Truths {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, mut left, mut right } = expr;
        if matches!(op, BinaryOperator::Eq | BinaryOperator::NotEq) {
            if let Some(said) = truth(&left, &right, schema) {
                right = said;
            } else if let Some(said) = truth(&right, &left, schema) {
                left = said;
            }
        }
        Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }))
    }
}

/// The truth value that a text says beside one.
fn truth(one: &Expr, text: &Expr, schema: &DFSchema) -> Option<Expr> {
    let Expr::Literal(value, _) = text else { return None };
    let text = value.try_as_str().flatten()?.trim().to_ascii_lowercase();
    if one.get_type(schema).ok()? != DataType::Boolean {
        return None;
    }
    let truth = match text.as_str() {
        "t" | "true" | "y" | "yes" | "on" | "1" => true,
        "f" | "false" | "n" | "no" | "off" | "0" => false,
        _ => return None,
    };
    Some(Expr::Literal(ScalarValue::Boolean(Some(truth)), None))
}
