//! Arithmetic that fails rather than give a wrong number.
//!
//! The engine's own integers wrap: `9223372036854775807 + 1` is a large negative number there, and a decimal of 39 digits
//! loses its last one when it is shown. So once types are settled, a rule of the analyser puts a checked function in the
//! place of every such operator, before anything is worked out: in questions, in the texts of views, in constants.
//! Sums are in `sums.rs`; arguments of table functions are worked out before any rule and hold no arithmetic
//! (`arguments.rs`). Floats do not wrap, dates and intervals are checked by the engine.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Datum, Int64Array, UInt64Array};
use arrow::compute::kernels::numeric::{add, div, mul, neg, rem, sub};
use arrow::compute::{CastOptions, cast, cast_with_options, try_binary};
use arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, FieldRef, Int64Type, UInt64Type,
};
use arrow::error::ArrowError;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue, plan_err};
use datafusion::logical_expr::expr::{Cast, ScalarFunction, TryCast};
use datafusion::logical_expr::type_coercion::binary::BinaryTypeCoercer;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ReturnFieldArgs, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};
use datafusion::optimizer::analyzer::AnalyzerRule;
use datafusion::physical_expr_common::datum::apply;

use crate::guard::{moments, quotients};

/// Functions of the engine that can make a decimal of more digits than its type has.
const CARRY: [&str; 4] = ["abs", "ceil", "floor", "round"];

/// Puts checked functions in the place of operators that wrap. To be the last rule of the analyser.
#[derive(Debug)]
pub(crate) struct Checked;

impl AnalyzerRule for Checked {
    fn name(&self) -> &str {
        "helan_checked"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        let plan = plan.transform_up_with_subqueries(|node| {
            let schema = merge_schema(&node.inputs());
            // What reads a column by its name, as a window's order has it in its own, still finds it.
            let changed = super::each_part(node, |expr| checked(expr, &schema))?;
            if changed.transformed { Ok(Transformed::yes(changed.data.recompute_schema()?)) } else { Ok(changed) }
        })?;
        Ok(plan.data)
    }
}

fn checked(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    if let Expr::Cast(Cast { expr, field }) = &expr
        && let Ok(from) = expr.get_type(schema)
    {
        moments::keep_zone(&from, field.data_type())?;
    }
    let (what, args) = match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let what = What::of(op).filter(|what| {
                // An operand whose type is not known here is of no table, such as a variable of a lambda.
                let kind = left.get_type(schema).and_then(|kind| Ok((kind, right.get_type(schema)?)));
                kind.is_ok_and(|(left, right)| what.wraps(&left) && what.wraps(&right))
            });
            match what {
                Some(what) => (what, vec![*left, *right]),
                None => return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right }))),
            }
        }
        Expr::Negative(inner) if inner.get_type(schema).is_ok_and(|kind| kind.is_integer()) => {
            (What::Neg, vec![*inner])
        }
        Expr::ScalarFunction(ref rounding)
            if let Some(value) = beyond(rounding)
                && expr.get_type(schema).is_ok_and(|kind| kind.is_integer()) =>
        {
            // What may round up to 10^19 does not fit, twice as it is; the rest is nought.
            let fits = match value.digits {
                -19 => call(What::Mul, vec![value.of.clone(), lit(2_i64)]),
                _ => value.of.clone(),
            };
            (What::Mul, vec![fits, lit(0_i64)])
        }
        Expr::ScalarFunction(ref call)
            if CARRY.contains(&call.func.name()) && expr.get_type(schema).is_ok_and(|kind| kind.is_decimal()) =>
        {
            (What::Digits, vec![expr])
        }
        Expr::Cast(Cast { expr: ref inner, ref field }) | Expr::TryCast(TryCast { expr: ref inner, ref field })
            if quotients::narrows(inner, field.data_type(), schema) =>
        {
            (What::Digits, vec![quotients::rounded(expr, schema)?])
        }
        other => return Ok(Transformed::no(other)),
    };
    Ok(Transformed::yes(call(what, args)))
}

/// An integer that is rounded beyond its largest digits.
struct Beyond<'e> {
    of: &'e Expr,
    digits: i64,
}

/// `round(x, -19)` and further: the engine has nought for it, also where it rounds up.
fn beyond(rounding: &ScalarFunction) -> Option<Beyond<'_>> {
    let ("round", [of, digits]) = (rounding.func.name(), &*rounding.args) else { return None };
    let digits = match digits {
        Expr::Negative(inner) => -whole(inner)?,
        other => whole(other)?,
    };
    (digits <= -19).then_some(Beyond { of, digits })
}

fn whole(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Cast(Cast { expr, .. }) => whole(expr),
        Expr::Literal(value, _) => value.cast_to(&DataType::Int64).ok().and_then(|value| match value {
            ScalarValue::Int64(number) => number,
            _ => None,
        }),
        _ => None,
    }
}

/// A division, as a function from the beginning: its type is settled with those of its operands (`quotients.rs`).
pub(crate) fn divided(left: Expr, right: Expr) -> Expr {
    call(What::Div, vec![left, right])
}

/// What divisions are called.
pub(crate) const DIVIDED: &str = "checked_divide";

fn call(what: What, args: Vec<Expr>) -> Expr {
    let signature = match what {
        What::Div => Signature::user_defined(Volatility::Immutable),
        _ => Signature::any(args.len(), Volatility::Immutable),
    };
    let func = Arc::new(ScalarUDF::from(Call { what, signature }));
    Expr::ScalarFunction(ScalarFunction { func, args })
}

/// What is worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum What {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    ShiftLeft,
    ShiftRight,
    Neg,
    /// Nothing: whether the digits of a decimal are as many as its type has.
    Digits,
}

impl What {
    fn of(op: Operator) -> Option<Self> {
        Some(match op {
            Operator::Plus => Self::Add,
            Operator::Minus => Self::Sub,
            Operator::Multiply => Self::Mul,
            Operator::Modulo => Self::Rem,
            Operator::BitwiseShiftLeft => Self::ShiftLeft,
            Operator::BitwiseShiftRight => Self::ShiftRight,
            _ => return None,
        })
    }

    /// Whether the engine's own operator could give a wrong number for this type.
    fn wraps(self, kind: &DataType) -> bool {
        match self {
            Self::Rem => kind.is_decimal(),
            Self::ShiftLeft | Self::ShiftRight => kind.is_integer(),
            _ => kind.is_integer() || kind.is_decimal(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Add => "checked_add",
            Self::Sub => "checked_subtract",
            Self::Mul => "checked_multiply",
            Self::Div => DIVIDED,
            Self::Rem => "checked_modulo",
            Self::ShiftLeft => "checked_shift_left",
            Self::ShiftRight => "checked_shift_right",
            Self::Neg => "checked_negative",
            Self::Digits => "checked_digits",
        }
    }

    fn operator(self) -> Operator {
        match self {
            Self::Add => Operator::Plus,
            Self::Sub | Self::Neg | Self::Digits => Operator::Minus,
            Self::Mul => Operator::Multiply,
            Self::Div => Operator::Divide,
            Self::Rem => Operator::Modulo,
            Self::ShiftLeft => Operator::BitwiseShiftLeft,
            Self::ShiftRight => Operator::BitwiseShiftRight,
        }
    }

    fn of_two(self, left: &dyn Datum, right: &dyn Datum) -> Result<ArrayRef, ArrowError> {
        let result = match self {
            Self::Add => add(left, right),
            Self::Sub | Self::Neg | Self::Digits => sub(left, right),
            Self::Mul => mul(left, right),
            Self::Div => div(left, right),
            Self::Rem => rem(left, right),
            Self::ShiftLeft | Self::ShiftRight => unreachable!("shifts are worked out on arrays"),
        };
        let result = result.map_err(|error| {
            let (left, right) = (left.get().0.data_type(), right.get().0.data_type());
            let kind = BinaryTypeCoercer::new(left, &self.operator(), right).get_result_type();
            // Where operands are put on one scale first, the engine tells what it multiplied them by.
            let same = self == Self::Mul || matches!(self, Self::Add | Self::Sub) && left == right || left.is_integer();
            let error = match error {
                ArrowError::ArithmeticOverflow(_) if !same => {
                    ArrowError::ArithmeticOverflow(format!("x {} y", self.operator()))
                }
                error => error,
            };
            too_large(error, (left, right), &kind.unwrap_or_else(|_| left.clone()))
        })?;
        digits(&result)?;
        Ok(result)
    }
}

/// An operator that fails where its result is not a number of its type.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Call {
    what: What,
    signature: Signature,
}

impl ScalarUDFImpl for Call {
    fn name(&self) -> &str {
        self.what.name()
    }

    /// As the operator is called: names of columns stay what they are.
    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        Ok(match (self.what, args) {
            (What::Neg, [inner]) => format!("(- {})", inner.schema_name()),
            (_, [left, right]) => format!("{} {} {}", left.schema_name(), self.what.operator(), right.schema_name()),
            _ => args.iter().map(|arg| arg.schema_name().to_string()).collect(),
        })
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [above, below] => quotients::operands(above, below),
            _ => plan_err!("a division has two operands"),
        }
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        match arg_types {
            [left, right] => BinaryTypeCoercer::new(left, &self.what.operator(), right).get_result_type(),
            _ => Ok(arg_types[0].clone()),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let types: Vec<_> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(arrow::datatypes::Field::new(self.name(), self.return_type(&types)?, nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match (self.what, args.args.as_slice()) {
            (What::ShiftLeft | What::ShiftRight, [left, right]) => {
                let (left, right) = (left.to_array(args.number_rows)?, right.to_array(args.number_rows)?);
                Ok(ColumnarValue::Array(shifted(&left, &right, self.what == What::ShiftLeft)?))
            }
            (What::Div, [above, below]) if let Some((above, below)) = quotients::roomy(above, below)? => {
                let quotient = apply(&above, &below, |above, below| What::Div.of_two(above, below))?;
                let quotient = exact(&quotient.to_array(args.number_rows)?, args.return_field.data_type())?;
                digits(&quotient)?;
                Ok(ColumnarValue::Array(quotient))
            }
            (what, [left, right]) => apply(left, right, |left, right| what.of_two(left, right)),
            (what, [ColumnarValue::Array(array)]) => Ok(ColumnarValue::Array(of_one(what, array)?)),
            (what, [ColumnarValue::Scalar(value)]) => {
                let array = of_one(what, &value.to_array()?)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?))
            }
            _ => unreachable!("the signature has one argument or two"),
        }
    }
}

fn of_one(what: What, array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if what == What::Digits {
        digits(array)?;
        return Ok(array.clone());
    }
    neg(array.as_ref()).map_err(|error| too_large(error, (array.data_type(), array.data_type()), array.data_type()))
}

/// Shifts within 64 bits; what does not fit back into the type fails.
fn shifted(left: &ArrayRef, by: &ArrayRef, to_the_left: bool) -> Result<ArrayRef, ArrowError> {
    let kind = left.data_type();
    let bits = kind.primitive_width().map_or(64, |bytes| bytes as i128 * 8);
    let fails = |value: i128, by: i128| {
        let sign = if to_the_left { "<<" } else { ">>" };
        ArrowError::ArithmeticOverflow(format!("{value} {sign} {by} does not fit into {}", plain(kind)))
    };
    let shift = |value: i128, by: i128| {
        if !(0..bits).contains(&by) {
            return Err(fails(value, by));
        }
        Ok(if to_the_left { value << by } else { value >> by })
    };
    let unsigned = kind.is_unsigned_integer();
    let wide = if unsigned { DataType::UInt64 } else { DataType::Int64 };
    let (left, by) = (exact(left, &wide)?, exact(by, &wide)?);
    let result: ArrayRef = if unsigned {
        let (left, by) = (left.as_primitive::<UInt64Type>(), by.as_primitive::<UInt64Type>());
        let result: UInt64Array = try_binary(left, by, |value, by| {
            let (value, by) = (i128::from(value), i128::from(by));
            u64::try_from(shift(value, by)?).map_err(|_| fails(value, by))
        })?;
        Arc::new(result)
    } else {
        let (left, by) = (left.as_primitive::<Int64Type>(), by.as_primitive::<Int64Type>());
        let result: Int64Array = try_binary(left, by, |value, by| {
            let (value, by) = (i128::from(value), i128::from(by));
            i64::try_from(shift(value, by)?).map_err(|_| fails(value, by))
        })?;
        Arc::new(result)
    };
    exact(&result, kind)
}

/// Casts numbers; fails where one does not fit.
pub(crate) fn exact(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    if array.data_type() == to {
        return Ok(array.clone());
    }
    match (array.data_type(), to) {
        // Moments that passed are counted in their unit.
        (DataType::Duration(_), DataType::Int64) | (DataType::Int64, DataType::Duration(_)) => cast(array, to),
        (DataType::Duration(_), _) => exact(&cast(array, &DataType::Int64)?, to),
        (_, DataType::Duration(_)) => exact(&exact(array, &DataType::Int64)?, to),
        _ => cast_with_options(array, to, &CastOptions { safe: false, ..CastOptions::default() }),
    }
}

/// Fails where a decimal has more digits than its type: it would be shown without the last.
fn digits(array: &ArrayRef) -> Result<(), ArrowError> {
    match array.data_type() {
        DataType::Decimal32(precision, _) => {
            array.as_primitive::<Decimal32Type>().validate_decimal_precision(*precision)
        }
        DataType::Decimal64(precision, _) => {
            array.as_primitive::<Decimal64Type>().validate_decimal_precision(*precision)
        }
        DataType::Decimal128(precision, _) => {
            array.as_primitive::<Decimal128Type>().validate_decimal_precision(*precision)
        }
        DataType::Decimal256(precision, _) => {
            array.as_primitive::<Decimal256Type>().validate_decimal_precision(*precision)
        }
        _ => Ok(()),
    }
}

/// Says what to do about a number of a type that is too large, out of operands of two types.
fn too_large(error: ArrowError, (left, right): (&DataType, &DataType), kind: &DataType) -> ArrowError {
    let ArrowError::ArithmeticOverflow(text) = error else { return error };
    let what = text.strip_prefix("Overflow happened on: ").unwrap_or(&text);
    let what = match what.split(' ').collect::<Vec<_>>()[..] {
        [one, sign, other] => format!("{} {sign} {}", with_point(one, left), with_point(other, right)),
        [one] => with_point(one, left),
        _ => what.to_owned(),
    };
    let wider = match kind.is_integer() {
        true => "; cast to decimal(38, 0) first",
        false => "; round before, or cast to double precision",
    };
    ArrowError::ArithmeticOverflow(format!("{what} does not fit into {}{wider}", plain(kind)))
}

/// A decimal that the engine tells by its digits alone.
fn with_point(digits: &str, kind: &DataType) -> String {
    let (DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale)) = kind else { return digits.to_owned() };
    let (sign, digits) = digits.split_at(usize::from(digits.starts_with('-')));
    let Some(scale) = usize::try_from(*scale).ok().filter(|_| digits.bytes().all(|digit| digit.is_ascii_digit()))
    else {
        return format!("{sign}{digits}");
    };
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    format!("{sign}{whole}.{fraction}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A type as SQL calls it.
pub(crate) fn plain(kind: &DataType) -> impl fmt::Display {
    match kind {
        DataType::Int8 => "tinyint".to_owned(),
        DataType::Int16 => "smallint".to_owned(),
        DataType::Int32 => "int".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => format!("decimal({precision}, {scale})"),
        other => other.to_string(),
    }
}
