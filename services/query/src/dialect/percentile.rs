//! `percentile_cont(p) within group (order by x)`, exact. The engine works it out in floating point, with six digits of the
//! way between two values.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Decimal256Array, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Decimal256Type, Field, FieldRef, Float64Type, i256,
};
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, OrderByExpr, Value, ValueWithSpan,
};

pub(super) const NAME: &str = "exact_percentile";
/// Digits of the share.
const DIGITS: i8 = 9;

/// Whether a call is one whose share is written as a number.
pub(super) fn is_one(call: &Function) -> bool {
    share(call, "percentile_cont").or_else(|| share(call, "percentile_disc")).is_some()
}

fn share<'c>(call: &'c Function, name: &str) -> Option<&'c str> {
    let FunctionArguments::List(list) = &call.args else { return None };
    let is_called = call.name.to_string().eq_ignore_ascii_case(name);
    match list.args.as_slice() {
        [
            FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(ValueWithSpan {
                value: Value::Number(share, _),
                ..
            }))),
        ] if is_called && call.within_group.len() == 1 && call.over.is_none() => Some(share),
        _ => None,
    }
}

/// The call, of all values as a list.
pub(super) fn said(call: &Function) -> Option<String> {
    let by = call.within_group.first()?;
    if let Some(share) = share(call, "percentile_disc") {
        return Some(one_of_them(share, by, call.filter.as_deref()));
    }
    let share = share(call, "percentile_cont")?;
    let filter = call.filter.as_ref().map(|filter| format!(" filter (where {filter})")).unwrap_or_default();
    let descends = by.options.asc == Some(false);
    Some(format!("{NAME}(array_agg({}){filter}, {share}, {descends})", by.expr))
}

/// `percentile_disc` is one of the values: the first that has so many up to it.
fn one_of_them(share: &str, by: &OrderByExpr, filter: Option<&Expr>) -> String {
    let filter = filter.map(|filter| format!(" AND ({filter})")).unwrap_or_default();
    let list = format!("array_agg({} ORDER BY {by}) FILTER (WHERE ({}) IS NOT NULL{filter})", by.expr, by.expr);
    let place = format!("CAST(ceil({share} * CAST(cardinality({list}) AS BIGINT)) AS BIGINT)");
    format!("array_element({list}, greatest({place}, 1))")
}

pub(super) fn function() -> ScalarUDF {
    ScalarUDF::from(Percentile { signature: Signature::any(3, Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Percentile {
    signature: Signature,
}

/// The share as a whole number, and its digits.
fn read(share: Option<&ScalarValue>) -> Result<(i64, i8)> {
    let read = match share {
        Some(ScalarValue::Decimal128(Some(share), _, scale)) => i64::try_from(*share).ok().map(|share| (share, *scale)),
        Some(ScalarValue::Int64(Some(share))) => Some((*share, 0)),
        _ => None,
    };
    match read {
        Some((share, digits))
            if (0..=DIGITS).contains(&digits) && (0..=10_i64.pow(digits.unsigned_abs().into())).contains(&share) =>
        {
            Ok((share, digits))
        }
        _ => plan_err!("percentile_cont takes a number from 0 to 1 with at most {DIGITS} digits"),
    }
}

/// What is worked out for values of a type: of whole numbers and decimals a decimal with the digits of the share behind
/// its own.
fn kind_of(values: &DataType, digits: i8) -> Result<DataType> {
    let (whole, scale) = match values {
        DataType::Null => return Ok(DataType::Float64),
        kind if kind.is_floating() => return Ok(DataType::Float64),
        kind if kind.is_integer() => (20, 0),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale)
            if *scale >= 0 =>
        {
            (precision.saturating_sub(scale.unsigned_abs()), *scale)
        }
        other => return plan_err!("percentile_cont is of numbers, not of {other}"),
    };
    let scale = scale + digits;
    match whole + scale.unsigned_abs() {
        digits if digits <= DECIMAL128_MAX_PRECISION => Ok(DataType::Decimal128(DECIMAL128_MAX_PRECISION, scale)),
        digits if digits <= DECIMAL256_MAX_PRECISION => Ok(DataType::Decimal256(DECIMAL256_MAX_PRECISION, scale)),
        _ => plan_err!("percentile_cont: the values have too many digits; cast them to double, or to fewer"),
    }
}

impl ScalarUDFImpl for Percentile {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        plan_err!("the share decides")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let Some(DataType::List(values)) = args.arg_fields.first().map(|field| field.data_type()) else {
            return plan_err!("percentile_cont is of a list");
        };
        let (_, digits) = read(args.scalar_arguments.get(1).copied().flatten())?;
        Ok(Arc::new(Field::new(NAME, kind_of(values.data_type(), digits)?, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [values, ColumnarValue::Scalar(share), ColumnarValue::Scalar(ScalarValue::Boolean(Some(descends)))] =
            args.args.as_slice()
        else {
            return plan_err!("percentile_cont takes its share as a constant");
        };
        let (share, digits) = read(Some(share))?;
        let whole = 10_i64.pow(digits.unsigned_abs().into());
        let way = Way { share: if *descends { whole - share } else { share }, whole };
        let values = values.to_array(args.number_rows)?;
        let values = values.as_list::<i32>();
        let lists = (0..values.len()).map(|row| values.is_valid(row).then(|| values.value(row)));
        let kind = args.return_field.data_type();
        Ok(ColumnarValue::Array(match *kind {
            DataType::Float64 => {
                let found = lists.map(|list| list.map(|list| way.of_floats(&list)).transpose().map(Option::flatten));
                Arc::new(found.collect::<Result<Float64Array>>()?) as ArrayRef
            }
            DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
                let found = lists.map(|list| list.map(|list| way.of_decimals(&list, scale - digits)).transpose());
                let found = found.map(|found| found.map(Option::flatten)).collect::<Result<Vec<_>>>()?;
                match kind {
                    DataType::Decimal128(..) => {
                        let small = |value: i256| value.to_i128().ok_or_else(too_large);
                        let found = found.into_iter().map(|value| value.map(small).transpose());
                        let found = found.collect::<Result<Decimal128Array>>()?;
                        Arc::new(found.with_precision_and_scale(precision, scale)?)
                    }
                    _ => {
                        let found = found.into_iter().collect::<Decimal256Array>();
                        Arc::new(found.with_precision_and_scale(precision, scale)?)
                    }
                }
            }
            _ => return plan_err!("percentile_cont is of numbers"),
        }))
    }
}

fn too_large() -> DataFusionError {
    DataFusionError::Execution("percentile_cont: the values have too many digits; cast them to fewer".to_owned())
}

/// How far from the first value to the last: `share` of `whole`.
struct Way {
    share: i64,
    whole: i64,
}

impl Way {
    /// The place before, and how much of `whole` lies between it and the next.
    fn place(&self, values: usize) -> (usize, i128) {
        let way = i128::from(self.share) * (values as i128 - 1);
        ((way / i128::from(self.whole)) as usize, way % i128::from(self.whole))
    }

    fn of_floats(&self, list: &ArrayRef) -> Result<Option<f64>> {
        let list = cast(list, &DataType::Float64)?;
        let mut values: Vec<f64> = list.as_primitive::<Float64Type>().iter().flatten().collect();
        if values.is_empty() {
            return Ok(None);
        }
        let (at, between) = self.place(values.len());
        values.sort_unstable_by(f64::total_cmp);
        let (low, high) = (values[at], values[(at + 1).min(values.len() - 1)]);
        Ok(Some(if between == 0 { low } else { low + (high - low) * (between as f64 / self.whole as f64) }))
    }

    /// With the digits of the share behind those of the values.
    fn of_decimals(&self, list: &ArrayRef, scale: i8) -> Result<Option<i256>> {
        let list = cast(list, &DataType::Decimal256(DECIMAL256_MAX_PRECISION, scale))?;
        let mut values: Vec<i256> = list.as_primitive::<Decimal256Type>().iter().flatten().collect();
        if values.is_empty() {
            return Ok(None);
        }
        let (at, between) = self.place(values.len());
        values.sort_unstable();
        let (low, high) = (values[at], values[(at + 1).min(values.len() - 1)]);
        let worked = || {
            let way = high.checked_sub(low)?.checked_mul(i256::from_i128(between))?;
            low.checked_mul(i256::from_i128(self.whole.into()))?.checked_add(way)
        };
        worked().map(Some).ok_or_else(too_large)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_between_two_values_is_exact() {
        let list = |values: Vec<i128>| {
            Arc::new(Decimal128Array::from(values).with_precision_and_scale(38, 10).expect("fits")) as ArrayRef
        };
        // In floating point 0.29 of 100 would be just below the 29th.
        let hundred = list((0..=100).collect());
        let way = Way { share: 29, whole: 100 };
        assert_eq!(way.of_decimals(&hundred, 10).expect("numbers"), Some(i256::from_i128(2900)));
        let two = list(vec![10_000_000_002, 10_000_000_001]);
        let way = Way { share: 5, whole: 10 };
        assert_eq!(way.of_decimals(&two, 10).expect("numbers"), Some(i256::from_i128(100_000_000_015)));
        assert_eq!(way.of_decimals(&list(vec![]), 10).expect("numbers"), None);
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![Some(2.0), None, Some(1.0)]));
        assert_eq!(way.of_floats(&floats).expect("numbers"), Some(1.5));
    }
}
