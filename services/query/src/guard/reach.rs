//! Comparisons that the parser takes further than SQL does.
//!
//! `a is distinct from b and c` is read as `a is distinct from (b and c)`: of truth values that is another condition, with
//! an answer. It is refused until parentheses say what is meant.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, visit_expressions};

use crate::session::QueryError;

/// Refuses a statement in which what follows a comparison would be read as a part of it.
pub(crate) fn hold(statement: &Statement) -> Result<(), QueryError> {
    let found = match statement {
        Statement::Explain(explain) => return hold(&explain.statement),
        Statement::Statement(statement) => {
            visit_expressions(statement.as_ref(), |expression: &Expr| match too_far(expression) {
                Some(found) => ControlFlow::Break(found),
                None => ControlFlow::Continue(()),
            })
        }
        _ => return Ok(()),
    };
    match found {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break((operator, join)) => Err(QueryError::Asked(format!(
            "'{operator}' would take in the '{join}' that follows it: write parentheses, (a {operator} b) {join} …"
        ))),
    }
}

/// How a comparison is written, and what joins the conditions that it would take in.
fn too_far(expression: &Expr) -> Option<(&'static str, &'static str)> {
    let (operator, right) = match expression {
        Expr::IsDistinctFrom(_, right) => ("is distinct from", right),
        Expr::IsNotDistinctFrom(_, right) => ("is not distinct from", right),
        _ => return None,
    };
    // Conditions within parentheses are an expression of their own.
    let join = match right.as_ref() {
        Expr::BinaryOp { op: BinaryOperator::And, .. } => "and",
        Expr::BinaryOp { op: BinaryOperator::Or, .. } => "or",
        Expr::BinaryOp { op: BinaryOperator::Xor, .. } => "xor",
        _ => return None,
    };
    Some((operator, join))
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::sql::parser::DFParser;

    #[test]
    fn what_follows_a_comparison_is_no_part_of_it() {
        for (condition, holds) in [
            ("a is distinct from 'x' and b <= 'y'", false),
            ("a is not distinct from true or b", false),
            ("not a is distinct from c and b", false),
            ("exists (select 1 from u where a is distinct from 1 and b)", false),
            ("(a is distinct from 'x') and b <= 'y'", true),
            ("b and a is distinct from 'x'", true),
            ("a is distinct from (b and c)", true),
            ("a is not null and b is true", true),
        ] {
            let sql = format!("select * from t where {condition}");
            let statement = DFParser::parse_sql(&sql).expect("SQL").pop_front().expect("a statement");
            assert_eq!(hold(&statement).is_ok(), holds, "{condition}");
        }
    }
}
