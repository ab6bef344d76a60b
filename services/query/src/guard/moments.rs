//! Days, moments and spans of time where the engine works out another answer than SQL does: refused, with how to ask.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::{Between, Cast, InList, ScalarFunction};
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
        // The engine counts from UTC again once the zone is left away.
        Expr::Cast(Cast { expr, field }) => match (kind(expr), field.data_type()) {
            (Some(DataType::Timestamp(_, Some(zone))), DataType::Timestamp(_, None)) if !is_utc(&zone) => refuse(
                "a moment in a time zone loses the zone in this cast: local_date(moment, zone) gives its day, date_trunc and \
                 date_part go by the zone",
            ),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

fn compares(op: Operator) -> bool {
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
        ((_, Some(DataType::Timestamp(_, Some(zone)))), (_, Some(DataType::Date32))) if !is_utc(&zone) => refuse(
            "a moment in a time zone is compared with a day, which would begin in UTC: compare local_date(moment, zone)",
        ),
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

fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "Z" | "+00:00" | "Etc/UTC")
}

fn refuse<T>(text: &str) -> Result<T> {
    Err(DataFusionError::Plan(text.to_owned()))
}
