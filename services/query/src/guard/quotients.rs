//! Digits that the engine would drop: of quotients and means of decimals, and of casts within comparisons.
//!
//! It gives a quotient four digits more than its numerator has behind the point: `1 / 1000000.0` would be 0. Here numerators
//! have ten, as every column of figures does, so that fourteen digits stand behind the point. And it takes a cast
//! out of a comparison: `cast(x as int) = 70` would be `x = 70`. And it cuts off what is behind the point where a cast makes an
//! integer: `cast(1.9 as int)` would be 1.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, FieldRef, TimeUnit};
use datafusion::common::{DFSchema, Result};
use datafusion::functions::expr_fn::round;
use datafusion::logical_expr::expr::{Cast, TryCast};
use datafusion::logical_expr::type_coercion::binary::BinaryTypeCoercer;
use datafusion::logical_expr::{Expr, ExprSchemable, Operator, cast};

/// Digits behind the point that figures have.
const SCALE: i8 = 10;

/// The two sides of a division, and the type of the quotient where they are wider than it needs.
pub(crate) fn sides(left: Expr, right: Expr, schema: &DFSchema) -> Result<(Vec<Expr>, Option<DataType>)> {
    let (mut left, mut right) = (left, right);
    if let Some(wide) = wider(&left.get_type(schema)?) {
        if let (DataType::Decimal256(..), DataType::Decimal128(precision, scale)) = (&wide, right.get_type(schema)?) {
            right = cast(right, DataType::Decimal256(precision, scale));
        }
        left = cast(left, wide);
    }
    let (above, below) = (left.get_type(schema)?, right.get_type(schema)?);
    let Some((wide_above, wide_below)) = roomy(&above, &below) else { return Ok((vec![left, right], None)) };
    let quotient = BinaryTypeCoercer::new(&above, &Operator::Divide, &below).get_result_type()?;
    Ok((vec![cast(left, wide_above), cast(right, wide_below)], Some(quotient)))
}

/// Types with room for the digits that the denominator and the quotient have behind the point: the engine multiplies the
/// numerator by them first, and refuses what does not fit.
fn roomy(above: &DataType, below: &DataType) -> Option<(DataType, DataType)> {
    let (&DataType::Decimal128(precision, scale), &DataType::Decimal128(digits, behind)) = (above, below) else {
        return None;
    };
    let needed = i16::from(precision) + i16::from(behind) + 4;
    let wide = needed > i16::from(DECIMAL128_MAX_PRECISION);
    wide.then_some((DataType::Decimal256(precision, scale), DataType::Decimal256(digits, behind)))
}

/// Gives the argument of a mean the digits of figures; says whether it lacked them.
pub(crate) fn widen_mean(args: &mut [Expr], schema: &DFSchema) -> Result<bool> {
    let [arg] = args else { return Ok(false) };
    let wide = wider(&arg.get_type(schema)?);
    let lacked = wide.is_some();
    if let Some(wide) = wide {
        *arg = cast(arg.clone(), wide);
    }
    Ok(lacked)
}

/// A decimal type with as many digits behind the point as figures have; none where it has them, or no room.
fn wider(kind: &DataType) -> Option<DataType> {
    let (DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale)) = *kind else { return None };
    if scale >= SCALE {
        return None;
    }
    let digits = u8::try_from(i16::from(precision) + i16::from(SCALE) - i16::from(scale)).ok()?;
    match digits {
        ..=DECIMAL128_MAX_PRECISION if matches!(kind, DataType::Decimal128(..)) => {
            Some(DataType::Decimal128(digits, SCALE))
        }
        ..=DECIMAL256_MAX_PRECISION => Some(DataType::Decimal256(digits, SCALE)),
        _ => None,
    }
}

/// Whether a cast makes one value of several.
pub(crate) fn narrows(inner: &Expr, to: &DataType, schema: &DFSchema) -> bool {
    let scale = |kind: &DataType| match kind {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => Some(*scale),
        kind if kind.is_integer() => Some(0),
        _ => None,
    };
    let Ok(from) = inner.get_type(schema) else { return false };
    match (&from, to) {
        (DataType::Timestamp(one, _), DataType::Timestamp(other, _)) => rank(*other) < rank(*one),
        (from, to) if from.is_floating() => scale(to).is_some(),
        (from, to) => scale(from).zip(scale(to)).is_some_and(|(from, to)| to < from),
    }
}

/// A cast to an integer rounds, as it does in other databases; the engine cuts off what is behind the point.
pub(crate) fn rounded(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let whole = |inner: &Expr, field: &FieldRef| -> Result<bool> {
        let from = inner.get_type(schema)?;
        Ok(field.data_type().is_integer() && (from.is_floating() || from.is_decimal()))
    };
    Ok(match expr {
        Expr::Cast(Cast { expr, field }) if whole(&expr, &field)? => {
            Expr::Cast(Cast { expr: Box::new(round(vec![*expr])), field })
        }
        Expr::TryCast(TryCast { expr, field }) if whole(&expr, &field)? => {
            Expr::TryCast(TryCast { expr: Box::new(round(vec![*expr])), field })
        }
        other => other,
    })
}

fn rank(unit: TimeUnit) -> u8 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 1,
        TimeUnit::Microsecond => 2,
        TimeUnit::Nanosecond => 3,
    }
}
