//! `x::numeric`: a number with all its digits. The engine reads it as `decimal(38, 10)`, and rounds to ten.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr as Planned, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::sql::sqlparser::ast::{CastKind, DataType as Written, ExactNumberInfo, Expr};

pub(super) const NAME: &str = "exact_numeric";
/// Digits behind the point, where what is cast does not say how many it has.
const SCALE: i8 = 10;

/// A cast to a number of any digits.
pub(super) fn said(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Cast {
            kind: CastKind::Cast | CastKind::DoubleColon,
            expr,
            data_type:
                Written::Numeric(ExactNumberInfo::None)
                | Written::Decimal(ExactNumberInfo::None)
                | Written::Dec(ExactNumberInfo::None),
            array: false,
            format: None,
        } => Some(format!("{NAME}({expr})")),
        _ => None,
    }
}

pub(super) fn function() -> ScalarUDF {
    ScalarUDF::from(Exact { signature: Signature::any(1, Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Exact {
    signature: Signature,
}

/// Digits behind the point of a number that is written as a text.
fn digits(text: &str) -> Option<i8> {
    let text = text.trim().trim_start_matches(['+', '-']);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_plain = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    let fraction = i8::try_from(fraction.trim_end_matches('0').len()).ok()?;
    (is_plain && whole.len() + fraction.unsigned_abs() as usize <= DECIMAL256_MAX_PRECISION.into()).then_some(fraction)
}

impl ScalarUDFImpl for Exact {
    fn name(&self) -> &str {
        NAME
    }

    /// As a cast is called: by what it casts.
    fn schema_name(&self, args: &[Planned]) -> Result<String> {
        Ok(args.iter().map(|arg| arg.schema_name().to_string()).collect())
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        Ok(match given {
            [kind] if kind.is_decimal() => kind.clone(),
            _ => DataType::Decimal128(DECIMAL128_MAX_PRECISION, SCALE),
        })
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let kinds: Vec<_> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let written = args.scalar_arguments.first().copied().flatten();
        let scale = written.and_then(|value| value.try_as_str().flatten()).and_then(digits);
        let kind = match scale.filter(|scale| *scale > SCALE) {
            Some(scale) => DataType::Decimal256(DECIMAL256_MAX_PRECISION, scale),
            None => self.return_type(&kinds)?,
        };
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(NAME, kind, nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let kind = args.return_field.data_type().clone();
        let [value] = args.args.as_slice() else { return exec_err!("numeric casts one value") };
        match value {
            value if value.data_type() == kind => Ok(value.clone()),
            ColumnarValue::Array(array) => Ok(ColumnarValue::Array(exact(array, &kind)?)),
            ColumnarValue::Scalar(scalar) => {
                let array = exact(&scalar.to_array()?, &kind)?;
                Ok(ColumnarValue::Scalar(datafusion::common::ScalarValue::try_from_array(&array, 0)?))
            }
        }
    }
}

fn exact(array: &ArrayRef, kind: &DataType) -> Result<ArrayRef> {
    let cast = |array: &ArrayRef, kind: &DataType| {
        cast_with_options(array, kind, &CastOptions { safe: false, ..CastOptions::default() })
            .map_err(DataFusionError::from)
    };
    let narrow = cast(array, kind)?;
    if matches!(array.data_type(), DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8) {
        let wide = DataType::Decimal256(DECIMAL256_MAX_PRECISION, 38);
        let lost = distinct(&cast(array, &wide)?, &cast(&narrow, &wide)?)?;
        if lost.true_count() > 0 {
            return exec_err!(
                "a number has more than {SCALE} digits behind the point: say how many are kept, cast(x as decimal(38, 20))"
            );
        }
    }
    Ok(narrow)
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn digits_of_a_text_are_counted() {
        assert_eq!((digits("1.50"), digits("-0.123456789012"), digits("7")), (Some(1), Some(12), Some(0)));
        assert_eq!((digits("1e-12"), digits("x"), digits(&"9".repeat(80))), (None, None, None));
    }
}
