//! Figures that stand as texts, so that each published digit is seen: put in an order, and compared with numbers, as the
//! numbers that they are. As texts, 9.5 would come after 10.2.

use arrow::datatypes::{DataType, Field};
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::{AggregateFunction, Between, InList, Sort, WindowFunction};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{BinaryExpr, Distinct, Expr, ExprSchemable, LogicalPlan, Operator, try_cast};
use helan_schemas::decimal::Decimal;

/// Columns of views that hold the digits of a figure.
const WRITTEN: [&str; 3] = ["actual", "shown", "printed"];

/// Their values as numbers: what `exact` columns hold.
const NUMBER: DataType = DataType::Decimal128(38, 10);

/// The plan with written figures as numbers wherever they are ordered or compared with numbers.
///
/// # Errors
/// Where the largest or smallest of them is asked for, which is a number and no text: the engine's plan error.
pub(crate) fn as_numbers(plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut any = false;
    plan.apply_with_subqueries(|node| {
        any |=
            matches!(node, LogicalPlan::TableScan(_)) && node.schema().fields().iter().any(|field| holds_digits(field));
        Ok(if any { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    if !any {
        return Ok(plan);
    }
    let plan = plan.transform_up_with_subqueries(|node| {
        let inputs: Vec<LogicalPlan> = node.inputs().into_iter().cloned().collect();
        let is_written = |expr: &Expr| is_written(expr, &inputs);
        let node = match node {
            LogicalPlan::Sort(mut sort) => {
                let changed = keys(&mut sort.expr, &is_written);
                let node = LogicalPlan::Sort(sort);
                return Ok(if changed { Transformed::yes(node) } else { Transformed::no(node) });
            }
            // Which row is the first of its kind.
            LogicalPlan::Distinct(Distinct::On(mut on)) => {
                let changed = on.sort_expr.as_mut().is_some_and(|order| keys(order, &is_written));
                let node = LogicalPlan::Distinct(Distinct::On(on));
                return Ok(if changed { Transformed::yes(node) } else { Transformed::no(node) });
            }
            other => other,
        };
        let schema = merge_schema(&node.inputs());
        super::each_part(node, |expr| ordered(expr, &is_written, &schema))
    })?;
    Ok(plan.data)
}

/// Whether an expression is a written figure, or one of several of which one is written.
fn is_written(expr: &Expr, inputs: &[LogicalPlan]) -> bool {
    match expr {
        Expr::Column(column) => inputs.iter().any(|input| comes_from(column, input, &holds_digits)),
        Expr::ScalarFunction(call) if matches!(call.func.name(), "coalesce" | "nvl" | "nullif") => {
            call.args.iter().any(|arg| is_written(arg, inputs))
        }
        _ => false,
    }
}

/// Whether a column of a plan is one of a table's that is `meant`, under whatever name the question gave it.
pub(crate) fn comes_from(column: &Column, plan: &LogicalPlan, meant: &impl Fn(&Field) -> bool) -> bool {
    let at = |schema: &DFSchema| schema.maybe_index_of_column(column);
    let passed_on = |input: &LogicalPlan, at: usize| {
        let (table, field) = input.schema().qualified_field(at);
        comes_from(&Column::from((table, field)), input, meant)
    };
    match plan {
        LogicalPlan::Projection(projection) => at(&projection.schema).is_some_and(|at| {
            let mut expr = &projection.expr[at];
            while let Expr::Alias(alias) = expr {
                expr = &alias.expr;
            }
            matches!(expr, Expr::Column(inner) if comes_from(inner, &projection.input, meant))
        }),
        LogicalPlan::SubqueryAlias(alias) => at(&alias.schema).is_some_and(|at| passed_on(&alias.input, at)),
        LogicalPlan::Union(union) => {
            at(&union.schema).is_some_and(|at| union.inputs.iter().any(|input| passed_on(input, at)))
        }
        LogicalPlan::TableScan(_) => at(plan.schema()).is_some_and(|at| meant(plan.schema().field(at))),
        // What joins, groups, filters or orders has the columns of what it stands on.
        other => {
            other.inputs().iter().any(|input| input.schema().has_column(column) && comes_from(column, input, meant))
        }
    }
}

fn holds_digits(field: &Field) -> bool {
    WRITTEN.contains(&field.name().as_str()) && field.data_type().is_string()
}

/// Puts numbers in the place of written figures in an order; says whether there were such.
fn keys(order: &mut [Sort], is_written: &impl Fn(&Expr) -> bool) -> bool {
    let mut changed = false;
    for key in order.iter_mut().filter(|key| is_written(&key.expr)) {
        key.expr = try_cast(key.expr.clone(), NUMBER);
        changed = true;
    }
    changed
}

fn ordered(expr: Expr, is_written: &impl Fn(&Expr) -> bool, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let is_figure = |expr: &Expr| is_figure(expr, is_written, schema);
    let number = |expr: &mut Expr| *expr = try_cast(expr.clone(), NUMBER);
    Ok(match expr {
        Expr::BinaryExpr(BinaryExpr { mut left, op, mut right })
            if compares(op)
                && (is_written(&left) && (is_number(&right, op) || is_figure(&right))
                    || is_written(&right) && (is_number(&left, op) || is_figure(&left))) =>
        {
            number(&mut left);
            number(&mut right);
            Transformed::yes(Expr::BinaryExpr(BinaryExpr { left, op, right }))
        }
        Expr::Between(Between { mut expr, negated, mut low, mut high })
            if is_written(&expr) && is_number(&low, Operator::Lt) && is_number(&high, Operator::Lt) =>
        {
            [&mut expr, &mut low, &mut high].into_iter().for_each(|side| number(side));
            Transformed::yes(Expr::Between(Between { expr, negated, low, high }))
        }
        Expr::InList(InList { mut expr, mut list, negated })
            if is_written(&expr) && list.iter().all(|item| is_number(item, Operator::Eq)) =>
        {
            number(&mut expr);
            list.iter_mut().for_each(number);
            Transformed::yes(Expr::InList(InList { expr, list, negated }))
        }
        Expr::WindowFunction(mut window) => {
            largest(window.fun.name(), &window.params.args, is_written)?;
            let WindowFunction { params, .. } = window.as_mut();
            let changed = keys(&mut params.order_by, is_written);
            let expr = Expr::WindowFunction(window);
            if changed { Transformed::yes(expr) } else { Transformed::no(expr) }
        }
        Expr::AggregateFunction(AggregateFunction { func, mut params }) => {
            largest(func.name(), &params.args, is_written)?;
            let changed = keys(&mut params.order_by, is_written);
            let expr = Expr::AggregateFunction(AggregateFunction { func, params });
            if changed { Transformed::yes(expr) } else { Transformed::no(expr) }
        }
        Expr::ScalarFunction(function) => {
            largest(function.func.name(), &function.args, is_written)?;
            Transformed::no(Expr::ScalarFunction(function))
        }
        other => Transformed::no(other),
    })
}

/// Whether what a written figure is compared with is a figure too: written, a number, or the result of a query of one value.
fn is_figure(expr: &Expr, is_written: &impl Fn(&Expr) -> bool, schema: &DFSchema) -> bool {
    let is_constant = matches!(expr, Expr::Literal(..));
    is_written(expr)
        || matches!(expr, Expr::ScalarSubquery(_))
        || !is_constant && expr.get_type(schema).is_ok_and(|kind| kind.is_numeric())
}

/// Fails for the largest or smallest of written figures.
fn largest(function: &str, args: &[Expr], is_written: &impl Fn(&Expr) -> bool) -> Result<()> {
    let compares = matches!(function, "min" | "max" | "greatest" | "least");
    match args.iter().find(|of| compares && is_written(of)) {
        Some(of) => Err(DataFusionError::Plan(format!(
            "{} holds digits as they are published, which are a text: ask for the {function} of value",
            of.schema_name()
        ))),
        None => Ok(()),
    }
}

fn compares(op: Operator) -> bool {
    use Operator::*;
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

/// Whether a constant is a number; in quotes it is one where an order is asked for, and a text where it has to be equal.
fn is_number(expr: &Expr, op: Operator) -> bool {
    let Expr::Literal(value, _) = expr else { return false };
    let is_in_order = matches!(op, Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq);
    match value {
        ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) => {
            is_in_order && Decimal::parse(text).is_ok()
        }
        value => !value.is_null() && value.data_type().is_numeric(),
    }
}
