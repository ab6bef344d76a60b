//! Days, moments and spans of time where the engine works out another answer than SQL does: refused, with how to ask.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::{Between, InList, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator};

use crate::dialect;

/// Fails for what would be answered otherwise than it was meant.
pub(crate) fn hold(expr: &Expr, schema: &DFSchema) -> Result<()> {
    let kind = |expr: &Expr| expr.get_type(schema).ok();
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if compares(*op) => {
            compared((left, kind(left)), (right, kind(right)))?;
            compared((right, kind(right)), (left, kind(left)))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Plus | Operator::Minus, right }) => {
            shifted(kind(left), right)?;
            shifted(kind(right), left)
        }
        Expr::InList(InList { expr, list, .. }) => {
            list.iter().try_for_each(|item| compared((expr, kind(expr)), (item, kind(item))))
        }
        Expr::Between(Between { expr, low, high, .. }) => {
            [low, high].into_iter().try_for_each(|end| compared((expr, kind(expr)), (end, kind(end))))
        }
        Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == "date_part" => match args.as_slice() {
            [Expr::Literal(part, _), span]
                if matches!(kind(span), Some(DataType::Duration(_)))
                    && !part.try_as_str().flatten().is_some_and(dialect::is_part) =>
            {
                refuse(
                    "a difference of moments has days, hours, minutes and seconds: extract(epoch from a - b) gives all of it",
                )
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Whether an operator compares two values.
pub(crate) fn compares(op: Operator) -> bool {
    matches!(
        op,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    )
}

type Side<'e> = (&'e Expr, Option<DataType>);

fn compared(one: Side<'_>, other: Side<'_>) -> Result<()> {
    match (one, other) {
        // Read as a count of days since 1970.
        ((_, Some(DataType::Date32 | DataType::Date64)), (number, Some(kind))) if kind.is_numeric() => {
            refuse(&format!("a date is compared with the number {number}: write the day in quotes, '2018-12-31'"))
        }
        // They are ordered by months, then days, then the rest: 30 days would be more than any number of hours.
        ((one, Some(DataType::Interval(_))), (other, Some(DataType::Interval(_) | DataType::Duration(_))))
            if !(is_of_hours(one) || is_of_hours(other)) =>
        {
            refuse(
                "spans of time are compared in days or months: compare moments (a > b + interval '30 days'), or write hours \
                 (interval '720 hours')",
            )
        }
        _ => Ok(()),
    }
}

/// Whether a span is a constant without months and days.
fn is_of_hours(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(span)), _) => span.months == 0 && span.days == 0,
        Expr::Literal(ScalarValue::IntervalDayTime(Some(span)), _) => span.days == 0,
        _ => false,
    }
}

/// Fails for a cast of the engine's own that takes the zone from a moment, because a day or a time without a zone stands beside
/// it: it would count in UTC. Casts that are written go by the zone (`local_times.rs`).
pub(crate) fn keep_zone(from: &DataType, to: &DataType) -> Result<()> {
    match (from, to) {
        (DataType::Timestamp(_, Some(_)), DataType::Timestamp(_, None)) => refuse(
            "a moment stands where a day or a time without a zone stands too: local_date(moment, zone) gives its day, \
             cast(moment as timestamp) its time in the catalog's zone",
        ),
        _ => Ok(()),
    }
}

/// A day has no hours: those of a span would be dropped.
fn shifted(day: Option<DataType>, span: &Expr) -> Result<()> {
    let Some(DataType::Date32 | DataType::Date64) = day else { return Ok(()) };
    if dialect::takes_hours(span) {
        return refuse(
            "a date has no hours, so those of the interval would be dropped: cast(day as timestamp) + interval '36 hours'",
        );
    }
    Ok(())
}

fn refuse<T>(text: &str) -> Result<T> {
    Err(DataFusionError::Plan(text.to_owned()))
}
