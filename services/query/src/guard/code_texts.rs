//! What a comparison compares. Codes and periods are texts, also where a question writes them without quotes.
//!
//! The engine would read a whole column of texts as numbers to compare it with `640000`, and fail at the first code that
//! is none, in words about a file. Here `ref_area = 640000` compares with `'640000'`, as it was meant. Which of two
//! comes first depends on that, so `time_period > 2017` is refused, with how to write it.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::{Between, Case, InList, ScalarFunction};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, cast};

use crate::dialect;
use crate::guard::arithmetic::DIVIDED;
use crate::guard::moments;

/// The plan with numbers as texts wherever they are compared with texts.
pub(crate) fn compared(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.transform_up_with_subqueries(|node| {
        let node = match node {
            LogicalPlan::Join(mut join) => {
                let (left, right) = (join.left.schema().clone(), join.right.schema().clone());
                for (one, other) in &mut join.on {
                    if let Some(text) = matched(one, &left, other, &right)? {
                        *other = text;
                    } else if let Some(text) = matched(other, &right, one, &left)? {
                        *one = text;
                    }
                }
                LogicalPlan::Join(join)
            }
            LogicalPlan::Values(values) => {
                listed(&values.values)?;
                LogicalPlan::Values(values)
            }
            other => other,
        };
        let mut schema = merge_schema(&node.inputs());
        if let LogicalPlan::TableScan(_) = node {
            schema = node.schema().as_ref().clone();
        }
        super::each_part(node, |expr| as_texts(expr, &schema))
    })?;
    Ok(plan.data)
}

/// Fails where a column of `values` has texts and numbers: the engine has made numbers of the texts.
fn listed(rows: &[Vec<Expr>]) -> Result<()> {
    let text = |expr: &Expr| match expr {
        Expr::Cast(cast) if cast.field.data_type().is_numeric() => match cast.expr.as_ref() {
            Expr::Literal(value, _) => value.try_as_str().flatten().map(str::to_owned),
            _ => None,
        },
        _ => None,
    };
    for at in 0..rows.first().map_or(0, Vec::len) {
        let column = || rows.iter().filter_map(|row| row.get(at));
        if let Some(found) = column().find_map(text)
            && column().any(|expr| text(expr).is_none() && !matches!(expr, Expr::Literal(value, _) if value.is_null()))
        {
            return Err(DataFusionError::Plan(format!(
                "values has the text '{found}' and numbers in one column: put all of them in quotes, or none"
            )));
        }
    }
    Ok(())
}

fn as_texts(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    moments::hold(&expr, schema)?;
    Ok(match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if ordered(op) || equal(op) || op.is_numerical_operators() => {
            let (mut left, mut right) = (left, right);
            let mut changed = true;
            if !equal(op) {
                if ordered(op) {
                    apart(&left, &right, schema)?;
                    apart(&right, &left, schema)?;
                } else {
                    counts(&left, &right, schema)?;
                    counts(&right, &left, schema)?;
                }
                changed = false;
            } else if let Some(text) = matched(&left, schema, &right, schema)? {
                *right = text;
            } else if let Some(text) = matched(&right, schema, &left, schema)? {
                *left = text;
            } else {
                changed = false;
            }
            if equal(op) || ordered(op) {
                changed |= all_as_doubles([left.as_mut(), right.as_mut()].into_iter(), schema);
            }
            let expr = Expr::BinaryExpr(BinaryExpr { left, op, right });
            if changed { Transformed::yes(expr) } else { Transformed::no(expr) }
        }
        Expr::InList(InList { expr, mut list, negated }) => {
            let mut changed = false;
            for item in &mut list {
                changed |= dialect::with_seconds_beside(&expr, item, schema);
                if let Some(text) = matched(&expr, schema, item, schema)? {
                    *item = text;
                    changed = true;
                }
            }
            let mut expr = expr;
            changed |= all_as_doubles(std::iter::once(expr.as_mut()).chain(&mut list), schema);
            let expr = Expr::InList(InList { expr, list, negated });
            if changed { Transformed::yes(expr) } else { Transformed::no(expr) }
        }
        Expr::Between(Between { expr, negated, low, high }) => {
            apart(&expr, &low, schema)?;
            apart(&expr, &high, schema)?;
            let (mut expr, mut low, mut high) = (expr, low, high);
            let mut changed = dialect::with_seconds_beside(&expr, &mut low, schema);
            changed |= dialect::with_seconds_beside(&expr, &mut high, schema);
            changed |= all_as_doubles([expr.as_mut(), low.as_mut(), high.as_mut()].into_iter(), schema);
            let expr = Expr::Between(Between { expr, negated, low, high });
            if changed { Transformed::yes(expr) } else { Transformed::no(expr) }
        }
        Expr::Case(Case { expr: Some(of), when_then_expr: mut whens, else_expr }) => {
            let mut changed = false;
            for (when, _) in &mut whens {
                if let Some(text) = matched(&of, schema, when, schema)? {
                    **when = text;
                    changed = true;
                }
            }
            let expr = Expr::Case(Case { expr: Some(of), when_then_expr: whens, else_expr });
            if changed { Transformed::yes(expr) } else { Transformed::no(expr) }
        }
        Expr::ScalarFunction(ScalarFunction { func, mut args }) => {
            let changed = match func.name() {
                "nullif" | "coalesce" | "nvl" | "make_array" => all_as_texts(&mut args, schema)?,
                DIVIDED => {
                    if let [one, other] = args.as_slice() {
                        counts(one, other, schema)?;
                        counts(other, one, schema)?;
                    }
                    false
                }
                "nvl2" => all_as_texts(args.get_mut(1..).unwrap_or_default(), schema)?,
                // The largest of them depends on how they are read.
                "greatest" | "least" => {
                    for one in &args {
                        args.iter().try_for_each(|other| apart(one, other, schema))?;
                    }
                    false
                }
                _ => false,
            };
            let expr = Expr::ScalarFunction(ScalarFunction { func, args });
            if changed { Transformed::yes(expr) } else { return Ok(dialect::parts(expr, schema)) }
        }
        Expr::InSubquery(inner) => {
            if inner.negated && !inner.subquery.outer_ref_columns.is_empty() {
                // One null of the inner table would be every row's.
                return Err(DataFusionError::Plan(
                    "not in (select …) that looks at the query around it: write not exists (select …)".to_owned(),
                ));
            }
            if let Some(found) = inner.subquery.subquery.schema().fields().first()
                && found.data_type().is_numeric()
                && is_text(&inner.expr, schema)
            {
                return refuse(&inner.expr, "…");
            }
            Transformed::no(Expr::InSubquery(inner))
        }
        other => dialect::parts(other, schema),
    })
}

/// Numbers as texts beside a text of which one value is to be taken. Says whether there were such.
fn all_as_texts(args: &mut [Expr], schema: &DFSchema) -> Result<bool> {
    let Some(text) = args.iter().find(|arg| is_text(arg, schema)).cloned() else { return Ok(false) };
    let mut changed = false;
    for arg in args {
        if let Some(as_text) = matched(&text, schema, arg, schema)? {
            *arg = as_text;
            changed = true;
        }
    }
    Ok(changed)
}

/// Decimals as doubles where they are compared with one: the engine would make a decimal of the double, with the digits of
/// its binary form. Says whether there were such.
fn all_as_doubles<'e>(compared: impl Iterator<Item = &'e mut Expr>, schema: &DFSchema) -> bool {
    let (mut decimals, mut any_double) = (Vec::new(), false);
    for expr in compared {
        let Ok(kind) = expr.get_type(schema) else { continue };
        any_double |= kind.is_floating();
        if kind.is_decimal() {
            decimals.push(expr);
        }
    }
    let changed = any_double && !decimals.is_empty();
    if changed {
        for decimal in decimals {
            *decimal = cast(decimal.clone(), DataType::Float64);
        }
    }
    changed
}

fn equal(op: Operator) -> bool {
    matches!(op, Operator::Eq | Operator::NotEq | Operator::IsDistinctFrom | Operator::IsNotDistinctFrom)
}

fn ordered(op: Operator) -> bool {
    matches!(op, Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq)
}

/// A number as a text, where it is compared with one; none where it is not, or the text is a constant.
fn matched(text: &Expr, of_text: &DFSchema, number: &Expr, of_number: &DFSchema) -> Result<Option<Expr>> {
    if !is_text(text, of_text) {
        return Ok(None);
    }
    let kind = match number.get_type(of_number) {
        Ok(kind) if kind.is_numeric() => kind,
        _ => return Ok(None),
    };
    match number {
        Expr::Literal(value, _) if kind.is_integer() => Ok(Some(literal(value))),
        Expr::Literal(value, _) => refuse(text, &value.to_string()),
        // A number that is worked out or stored: as it is written without a point.
        _ if kind.is_integer() => Ok(Some(cast(number.clone(), DataType::Utf8))),
        _ => refuse(text, "…"),
    }
}

/// Fails where a text and a number are put in an order.
fn apart(text: &Expr, number: &Expr, schema: &DFSchema) -> Result<()> {
    if !is_text(text, schema) || !number.get_type(schema).is_ok_and(|kind| kind.is_numeric()) {
        return Ok(());
    }
    match number {
        Expr::Literal(value, _) => refuse(text, &value.to_string()),
        _ => refuse(text, "…"),
    }
}

/// Fails where something is worked out with a text as with a number.
fn counts(text: &Expr, other: &Expr, schema: &DFSchema) -> Result<()> {
    let is_number = other.get_type(schema).is_ok_and(|kind| kind.is_numeric());
    if is_text(text, schema) && (is_number || is_text(other, schema)) {
        let name = text.schema_name();
        return Err(DataFusionError::Plan(format!(
            "{name} is a text, which nothing is added to or taken from: cast({name} as int) where every value is a number"
        )));
    }
    Ok(())
}

/// Whether it is a text, and no constant: `'5'` beside a column of numbers is a number in quotes.
fn is_text(expr: &Expr, schema: &DFSchema) -> bool {
    !matches!(expr, Expr::Literal(..))
        && expr.get_type(schema).is_ok_and(|kind| match kind {
            DataType::Dictionary(_, value) => value.is_string(),
            kind => kind.is_string(),
        })
}

fn literal(value: &ScalarValue) -> Expr {
    let text = (!value.is_null()).then(|| value.to_string());
    Expr::Literal(ScalarValue::Utf8(text), None)
}

fn refuse<T>(text: &Expr, value: &str) -> Result<T> {
    let name = text.schema_name();
    Err(DataFusionError::Plan(format!(
        "{name} is a text: compare it with '{value}' in quotes, or cast({name} as int) where every value is a number"
    )))
}
