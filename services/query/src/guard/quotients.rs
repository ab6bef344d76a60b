//! Digits that the engine would drop: of quotients and means of decimals, and of casts within comparisons.
//!
//! It gives a quotient four digits more than its numerator has behind the point: `1 / 1000000.0` would be 0. Here numerators
//! have ten, as every column of figures does, so that fourteen digits stand behind the point. And it takes a cast
//! out of a comparison: `cast(x as int) = 70` would be `x = 70`. And it cuts off what is behind the point where a cast makes an
//! integer: `cast(1.9 as int)` would be 1.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, FieldRef, TimeUnit};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::functions::expr_fn::round;
use datafusion::logical_expr::expr::{Cast, TryCast};
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::type_coercion::binary::BinaryTypeCoercer;
use datafusion::logical_expr::{BinaryExpr, ColumnarValue, Expr, ExprSchemable, Operator, cast};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use crate::guard::arithmetic::divided;

/// Digits behind the point that figures have.
const SCALE: i8 = 10;

/// Plans every division as a function that knows its types: a rule that widened operands after types are settled would leave
/// what is compared with the quotient, joined by it or united with it in the type that the quotient had before.
#[derive(Debug)]
pub(crate) struct Quotients;

impl ExprPlanner for Quotients {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let has_parameter = |expr: &Expr| expr.exists(|part| Ok(matches!(part, Expr::Placeholder(_))));
        // The type of a parameter follows from the operator beside it.
        if expr.op != BinaryOperator::Divide || has_parameter(&expr.left)? || has_parameter(&expr.right)? {
            return Ok(PlannerResult::Original(expr));
        }
        Ok(PlannerResult::Planned(divided(of_rounded(expr.left, schema), of_rounded(expr.right, schema))))
    }
}

/// A whole number that was rounded is a decimal to SQL: what it is divided by leaves a fraction.
fn of_rounded(side: Expr, schema: &DFSchema) -> Expr {
    let mut inner = &side;
    while let Expr::Alias(alias) = inner {
        inner = &alias.expr;
    }
    let is_rounded = matches!(inner, Expr::ScalarFunction(call) if matches!(call.func.name(), "round" | "trunc"));
    if is_rounded && side.get_type(schema).is_ok_and(|kind| kind.is_integer()) {
        return cast(side, DataType::Decimal128(20, 0));
    }
    side
}

/// Those divisions that have parameters, before any type is settled.
impl FunctionRewrite for Quotients {
    fn name(&self) -> &str {
        "quotients"
    }

    fn rewrite(&self, expr: Expr, _: &DFSchema, _: &ConfigOptions) -> Result<Transformed<Expr>> {
        Ok(match expr {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Divide, right }) => {
                Transformed::yes(divided(*left, *right))
            }
            other => Transformed::no(other),
        })
    }
}

/// The types in which a division is worked out: those of the engine, and a numerator with the digits of figures.
pub(crate) fn operands(above: &DataType, below: &DataType) -> Result<Vec<DataType>> {
    let (above, below) = BinaryTypeCoercer::new(above, &Operator::Divide, below).get_input_types()?;
    let above = wider(&above).unwrap_or(above);
    let below = match (&above, &below) {
        (DataType::Decimal256(..), DataType::Decimal128(precision, scale)) => DataType::Decimal256(*precision, *scale),
        _ => below,
    };
    Ok(vec![above, below])
}

/// Both operands in types with room for the digits that the denominator and the quotient have behind the point: the engine
/// multiplies the numerator by them first, and refuses what does not fit. None where they have it.
pub(crate) fn roomy(above: &ColumnarValue, below: &ColumnarValue) -> Result<Option<(ColumnarValue, ColumnarValue)>> {
    let (DataType::Decimal128(precision, scale), DataType::Decimal128(digits, behind)) =
        (above.data_type(), below.data_type())
    else {
        return Ok(None);
    };
    let needed = i16::from(precision) + i16::from(behind) + 4;
    if needed <= i16::from(DECIMAL128_MAX_PRECISION) {
        return Ok(None);
    }
    let above = above.cast_to(&DataType::Decimal256(precision, scale), None)?;
    Ok(Some((above, below.cast_to(&DataType::Decimal256(digits, behind), None)?)))
}

/// A decimal type with as many digits behind the point as figures have; none where it has them, or no room.
pub(crate) fn wider(kind: &DataType) -> Option<DataType> {
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
