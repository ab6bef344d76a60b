//! Questions within conditions that the engine answers otherwise than SQL does: refused, with how to ask.
//!
//! To `any`, `some` and `all (select …)` it gives the column of the inner table where both tables have one of that name. And
//! `in (select …)` is false to it where SQL says null: that shows as soon as it is not alone in the condition.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, JoinConstraint, JoinOperator, Query, Select, SelectItem, UnaryOperator, Visit, Visitor,
};

const NOT_ALONE: &str =
    "in (select …) within other conditions: a null would count as false; write exists (select … where …)";

/// Looks at the conditions and results of one `select`.
pub(crate) fn hold(select: &Select) -> ControlFlow<&'static str> {
    let conditions = [&select.selection, &select.having, &select.qualify].into_iter().flatten();
    let joins = select.from.iter().flat_map(|table| &table.joins);
    conditions.chain(joins.filter_map(|join| on(&join.join_operator))).try_for_each(|one| alone(one, Place::Top))?;
    select.projection.iter().try_for_each(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => nowhere(expr),
        _ => ControlFlow::Continue(()),
    })
}

/// The condition of a join.
fn on(operator: &JoinOperator) -> Option<&Expr> {
    match operator {
        JoinOperator::Join(JoinConstraint::On(on))
        | JoinOperator::Inner(JoinConstraint::On(on))
        | JoinOperator::Left(JoinConstraint::On(on))
        | JoinOperator::LeftOuter(JoinConstraint::On(on))
        | JoinOperator::Right(JoinConstraint::On(on))
        | JoinOperator::RightOuter(JoinConstraint::On(on))
        | JoinOperator::FullOuter(JoinConstraint::On(on)) => Some(on),
        _ => None,
    }
}

/// Where in a condition an expression stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing but `and` is above it: null and false come to the same, also behind `not`.
    Top,
    /// Only `and` and `or` are above it: null and false come to the same.
    Either,
}

fn alone(expr: &Expr, place: Place) -> ControlFlow<&'static str> {
    match expr {
        Expr::Nested(inner) => alone(inner, place),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            alone(left, place)?;
            alone(right, place)
        }
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
            alone(left, Place::Either)?;
            alone(right, Place::Either)
        }
        Expr::UnaryOp { op: UnaryOperator::Not, expr } if place == Place::Top && is_in(expr) => inside(expr),
        Expr::InSubquery { negated, .. } if !*negated || place == Place::Top => inside(expr),
        other => nowhere(other),
    }
}

fn is_in(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_in(inner),
        Expr::InSubquery { negated, .. } => !negated,
        _ => false,
    }
}

/// What is looked for in a subquery holds none itself.
fn inside(expr: &Expr) -> ControlFlow<&'static str> {
    match expr {
        Expr::Nested(inner) => inside(inner),
        Expr::InSubquery { expr, .. } => nowhere(expr),
        _ => ControlFlow::Continue(()),
    }
}

/// None stands in an expression; what stands in a query within it is looked at with that query.
fn nowhere(expr: &Expr) -> ControlFlow<&'static str> {
    expr.visit(&mut Nowhere(0))
}

/// How many queries are around what is looked at.
struct Nowhere(usize);

impl Visitor for Nowhere {
    type Break = &'static str;

    fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<Self::Break> {
        self.0 += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<Self::Break> {
        self.0 -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        match expr {
            Expr::InSubquery { .. } if self.0 == 0 => ControlFlow::Break(NOT_ALONE),
            _ => ControlFlow::Continue(()),
        }
    }
}
