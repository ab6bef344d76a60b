//! Arguments of table functions are constants.
//!
//! The engine works them out before any rule of ours sees them, with integers that wrap. So none is calculated here:
//! `generate_series(1, 9223372036854775807 + 1)` would be a short list of wrong numbers.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, ObjectName, TableFactor, UnaryOperator, Visit, Visitor};

use crate::session::QueryError;

/// Refuses a statement that calculates an argument of a table function.
pub(crate) fn hold(statement: &Statement) -> Result<(), QueryError> {
    let walked = match statement {
        Statement::Statement(statement) => statement.visit(&mut Tables),
        Statement::Explain(explain) => return hold(&explain.statement),
        _ => ControlFlow::Continue(()),
    };
    match walked {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(name) => Err(QueryError::Asked(format!(
            "the arguments of {name} in from are not calculated: write each as a number, a date or a text"
        ))),
    }
}

struct Tables;

impl Visitor for Tables {
    type Break = ObjectName;

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<ObjectName> {
        let (name, walked) = match factor {
            TableFactor::Table { name, args: Some(args), .. } => (name, args.visit(&mut Calculated)),
            TableFactor::Function { name, args, .. } => (name, args.visit(&mut Calculated)),
            _ => return ControlFlow::Continue(()),
        };
        walked.map_break(|()| name.clone())
    }
}

struct Calculated;

impl Visitor for Calculated {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let calculates = match expr {
            // A day before or after another is checked by the engine.
            Expr::BinaryOp { left, right, .. } => {
                ![left, right].into_iter().any(|side| matches!(side.as_ref(), Expr::Interval(_)))
            }
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => !matches!(expr.as_ref(), Expr::Value(_)),
            _ => false,
        };
        if calculates { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
