//! Spans of time: `interval '1 day' * n`, parts of a difference of moments, and moments compared with texts.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int32Array, IntervalMonthDayNanoArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Float64Type, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, TimeUnit,
};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::cast as logical_cast;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::times::with_seconds;

pub(super) const TIMES: &str = "interval_times";
pub(super) const PART: &str = "part_of_difference";

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;
/// Parts that a difference of moments has.
const PARTS: &[&str] = &["epoch", "day", "hour", "minute", "second"];

/// Plans what the engine's own arithmetic does not have.
#[derive(Debug)]
pub(super) struct Spans;

impl ExprPlanner for Spans {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, mut left, mut right } = expr;
        let kind = |expr: &Expr| expr.get_type(schema).ok();
        if op == BinaryOperator::Multiply {
            let is_span = |expr: &Expr| matches!(kind(expr), Some(DataType::Interval(_)));
            let is_number = |expr: &Expr| kind(expr).is_some_and(|kind| kind.is_numeric());
            if is_span(&left) && is_number(&right) {
                return Ok(PlannerResult::Planned(times().call(vec![left, right])));
            }
            if is_span(&right) && is_number(&left) {
                return Ok(PlannerResult::Planned(times().call(vec![right, left])));
            }
        } else {
            with_seconds_beside(&left, &mut right, schema);
            with_seconds_beside(&right, &mut left, schema);
        }
        if op == BinaryOperator::Minus
            && let (Some(DataType::Timestamp(one, Some(_))), Some(DataType::Timestamp(other, Some(_)))) =
                (kind(&left), kind(&right))
            && one != other
        {
            // The engine takes no difference of moments in two zones that differ in their unit too.
            for side in [&mut left, &mut right] {
                if let Some(DataType::Timestamp(_, zone)) = kind(side) {
                    *side = logical_cast(std::mem::take(side), DataType::Timestamp(TimeUnit::Microsecond, zone));
                }
            }
        }
        Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }))
    }
}

/// Writes the seconds of a moment that a text says beside one. Says whether it did.
pub(crate) fn with_seconds_beside(moment: &Expr, text: &mut Expr, schema: &DFSchema) -> bool {
    if let Expr::Literal(value, _) = text
        && let Some(text) = value.try_as_str().flatten().and_then(with_seconds)
        && matches!(moment.get_type(schema), Ok(DataType::Timestamp(..)))
    {
        *value = ScalarValue::Utf8(Some(text));
        return true;
    }
    false
}

pub(super) fn times() -> ScalarUDF {
    ScalarUDF::from(Call { name: TIMES, signature: Signature::user_defined(Volatility::Immutable) })
}

pub(super) fn part() -> ScalarUDF {
    ScalarUDF::from(Call { name: PART, signature: Signature::user_defined(Volatility::Immutable) })
}

/// A part of a difference of moments, as `a - b` has days and what is left of one. The engine counts hours and minutes
/// throughout, and drops fractions.
pub(crate) fn parts(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    match expr {
        Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == "date_part" => match args.as_slice() {
            [Expr::Literal(part, _), span]
                if matches!(span.get_type(schema), Ok(DataType::Duration(_)))
                    && part.try_as_str().flatten().is_some_and(is_part) =>
            {
                Transformed::yes(self::part().call(args))
            }
            _ => Transformed::no(Expr::ScalarFunction(ScalarFunction { func, args })),
        },
        other => Transformed::no(other),
    }
}

/// Whether a difference of moments has a part.
pub(crate) fn is_part(part: &str) -> bool {
    PARTS.contains(&part.to_ascii_lowercase().as_str())
}

/// Whether a span that is worked out may have hours, minutes or seconds.
pub(crate) fn takes_hours(expr: &Expr) -> bool {
    match expr {
        Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == TIMES => match args.first() {
            Some(Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(span)), _)) => span.nanoseconds != 0,
            Some(inner) => takes_hours(inner),
            None => false,
        },
        Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(span)), _) => span.nanoseconds != 0,
        _ => false,
    }
}

/// One of the two functions.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Call {
    name: &'static str,
    signature: Signature,
}

fn span_type() -> DataType {
    DataType::Interval(IntervalUnit::MonthDayNano)
}

impl ScalarUDFImpl for Call {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match (self.name, given) {
            (TIMES, [DataType::Interval(_) | DataType::Null, number]) if number.is_numeric() || number.is_null() => {
                let number = if number.is_integer() || number.is_null() { DataType::Int64 } else { DataType::Float64 };
                Ok(vec![span_type(), number])
            }
            (PART, [DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8, DataType::Duration(_)]) => {
                Ok(vec![DataType::Utf8, DataType::Duration(TimeUnit::Nanosecond)])
            }
            _ => plan_err!("{}: an interval times a number", self.name),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        if self.name == TIMES { Ok(span_type()) } else { Ok(DataType::Int32) }
    }

    fn return_field_from_args(
        &self,
        args: datafusion::logical_expr::ReturnFieldArgs,
    ) -> Result<arrow::datatypes::FieldRef> {
        let part = args.scalar_arguments.first().copied().flatten().and_then(|part| part.try_as_str().flatten());
        let kind = match part {
            Some(part) if self.name == PART && part.eq_ignore_ascii_case("epoch") => DataType::Float64,
            _ => self.return_type(&[])?,
        };
        Ok(Arc::new(arrow::datatypes::Field::new(self.name, kind, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let [first, second] = args.args.as_slice() else { return exec_err!("{} takes two values", self.name) };
        if self.name == TIMES {
            return Ok(ColumnarValue::Array(multiplied(&first.to_array(rows)?, &second.to_array(rows)?)?));
        }
        let part = match first {
            ColumnarValue::Scalar(part) => part.try_as_str().flatten().unwrap_or_default().to_ascii_lowercase(),
            ColumnarValue::Array(_) => return exec_err!("the part is a constant"),
        };
        let spans = cast(&second.to_array(rows)?, &DataType::Int64)?;
        let spans = spans.as_primitive::<Int64Type>();
        Ok(ColumnarValue::Array(match part.as_str() {
            "epoch" => {
                let seconds = spans.iter().map(|span| span.map(|span| span as f64 / SECOND as f64));
                Arc::new(seconds.collect::<Float64Array>()) as ArrayRef
            }
            part => {
                let (unit, most) = match part {
                    "day" => (DAY, i64::MAX),
                    "hour" => (3_600 * SECOND, 24),
                    "minute" => (60 * SECOND, 60),
                    _ => (SECOND, 60),
                };
                let counted = spans.iter().map(|span| span.map(|span| (span / unit % most) as i32));
                Arc::new(counted.collect::<Int32Array>())
            }
        }))
    }
}

fn multiplied(spans: &ArrayRef, numbers: &ArrayRef) -> Result<ArrayRef> {
    let spans = spans.as_primitive::<IntervalMonthDayNanoType>();
    let whole = numbers.as_primitive_opt::<Int64Type>();
    let broken = numbers.as_primitive_opt::<Float64Type>();
    let mut worked = Vec::with_capacity(spans.len());
    for row in 0..spans.len() {
        if spans.is_null(row) || numbers.is_null(row) {
            worked.push(None);
            continue;
        }
        let span = spans.value(row);
        let worked_out = match (whole, broken) {
            (Some(whole), _) => by_whole(span, whole.value(row)),
            (_, Some(broken)) => by_broken(span, broken.value(row))?,
            _ => None,
        };
        match worked_out {
            Some(span) => worked.push(Some(span)),
            None => return exec_err!("interval * number: the span is too long"),
        }
    }
    Ok(Arc::new(worked.into_iter().collect::<IntervalMonthDayNanoArray>()))
}

fn by_whole(span: IntervalMonthDayNano, number: i64) -> Option<IntervalMonthDayNano> {
    let small = |count: i32| i32::try_from(i64::from(count).checked_mul(number)?).ok();
    Some(IntervalMonthDayNano {
        months: small(span.months)?,
        days: small(span.days)?,
        nanoseconds: span.nanoseconds.checked_mul(number)?,
    })
}

/// A fraction of a day or month is of another length from day to day, so it is refused.
fn by_broken(span: IntervalMonthDayNano, number: f64) -> Result<Option<IntervalMonthDayNano>> {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        return Ok(by_whole(span, number as i64));
    }
    if span.months != 0 || span.days != 0 {
        return exec_err!(
            "interval * number: days and months times a whole number, or hours (interval '24 hours' * 0.5)"
        );
    }
    let microseconds = (span.nanoseconds as f64 / 1_000.0 * number).round();
    let fits = microseconds.is_finite() && microseconds.abs() < i64::MAX as f64 / 1_000.0;
    let nanoseconds = fits.then_some(microseconds as i64).and_then(|micros| micros.checked_mul(1_000));
    Ok(nanoseconds.map(|nanoseconds| IntervalMonthDayNano { months: 0, days: 0, nanoseconds }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_multiplied_exactly_or_not_at_all() {
        let span = |months, days, nanoseconds| IntervalMonthDayNano { months, days, nanoseconds };
        assert_eq!(by_whole(span(1, 2, 3), -2), Some(span(-2, -4, -6)));
        assert_eq!(by_whole(span(1, 0, 0), i64::from(i32::MAX) + 1), None);
        assert_eq!(by_broken(span(0, 0, SECOND), 1.5).expect("seconds"), Some(span(0, 0, SECOND * 3 / 2)));
        assert_eq!(by_broken(span(0, 1, 0), 2.0).expect("whole"), Some(span(0, 2, 0)));
        assert!(by_broken(span(0, 1, 0), 0.5).is_err());
        assert_eq!(by_broken(span(0, 0, i64::MAX), 1e9 + 0.5).expect("hours"), None);
    }
}
