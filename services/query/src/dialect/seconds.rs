//! `extract(second from x)` with its fraction, and milliseconds with theirs: the engine counts whole ones.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, IntervalMonthDayNanoType, IntervalUnit, TimeUnit};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr as Planned, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::sql::sqlparser::ast::{DateTimeField, Expr};

/// The two parts, each with its function, digits behind the point, and names.
const PARTS: &[Part] = &[
    Part { function: "exact_seconds", digits: 6, names: &["second", "seconds", "sec", "secs"] },
    Part { function: "exact_milliseconds", digits: 3, names: &["millisecond", "milliseconds", "msec", "msecs"] },
];
pub(super) const NAMES: [&str; 2] = [PARTS[0].function, PARTS[1].function];

const MINUTE: i64 = 60_000_000;

#[derive(Debug, PartialEq, Eq, Hash)]
struct Part {
    function: &'static str,
    digits: i8,
    names: &'static [&'static str],
}

fn part(name: &str) -> Option<&'static Part> {
    PARTS.iter().find(|part| part.names.contains(&name))
}

/// Whether a part of a moment has a fraction.
pub(super) fn is_one(name: &str) -> bool {
    part(name).is_some()
}

/// The part in the engine's terms.
pub(super) fn said(name: &str, of: &str) -> String {
    let function = part(name).map_or(name, |part| part.function);
    format!("{function}({of})")
}

/// `extract(second from x)`; none where it is another part.
pub(super) fn extracted(expr: &Expr) -> Option<String> {
    let Expr::Extract { field, expr, .. } = expr else { return None };
    let field = match field {
        DateTimeField::Custom(name) => name.value.to_ascii_lowercase(),
        other => other.to_string().to_ascii_lowercase(),
    };
    is_one(&field).then(|| said(&field, &expr.to_string()))
}

pub(super) fn functions() -> impl Iterator<Item = ScalarUDF> {
    PARTS
        .iter()
        .map(|part| ScalarUDF::from(Seconds { part, signature: Signature::user_defined(Volatility::Immutable) }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Seconds {
    part: &'static Part,
    signature: Signature,
}

impl ScalarUDFImpl for Seconds {
    fn name(&self) -> &str {
        self.part.function
    }

    /// As the engine calls its own.
    fn schema_name(&self, args: &[Planned]) -> Result<String> {
        let of: String = args.iter().map(|arg| arg.schema_name().to_string()).collect();
        Ok(format!("date_part(Utf8(\"{}\"),{of})", self.part.names[0].to_ascii_uppercase()))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        Ok(vec![match given {
            [DataType::Timestamp(_, zone)] => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
            [
                DataType::Date32
                | DataType::Date64
                | DataType::Utf8
                | DataType::Utf8View
                | DataType::LargeUtf8
                | DataType::Null,
            ] => DataType::Timestamp(TimeUnit::Microsecond, None),
            [DataType::Time32(_) | DataType::Time64(_)] => DataType::Time64(TimeUnit::Microsecond),
            [DataType::Duration(_)] => DataType::Duration(TimeUnit::Microsecond),
            [DataType::Interval(_)] => DataType::Interval(IntervalUnit::MonthDayNano),
            _ => return plan_err!("seconds are of a moment, a time or a span"),
        }])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Decimal128(18, self.part.digits))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value] = args.args.as_slice() else { return plan_err!("seconds are of one value") };
        let (is_one, array) = match value {
            ColumnarValue::Scalar(value) => (true, value.to_array()?),
            ColumnarValue::Array(array) => (false, array.clone()),
        };
        let seconds: Decimal128Array = match array.data_type() {
            DataType::Interval(_) => {
                let spans = array.as_primitive::<IntervalMonthDayNanoType>();
                spans.iter().map(|span| span.map(|span| i128::from(span.nanoseconds / 1_000 % MINUTE))).collect()
            }
            DataType::Duration(_) => counted(&array, |micros| micros % MINUTE)?,
            _ => counted(&array, |micros| micros.rem_euclid(MINUTE))?,
        };
        let seconds: ArrayRef = Arc::new(seconds.with_precision_and_scale(18, self.part.digits)?);
        Ok(if is_one {
            ColumnarValue::Scalar(ScalarValue::try_from_array(&seconds, 0)?)
        } else {
            ColumnarValue::Array(seconds)
        })
    }
}

/// What is left of a minute, of microseconds.
fn counted(array: &ArrayRef, left: impl Fn(i64) -> i64) -> Result<Decimal128Array> {
    let micros = cast(array, &DataType::Int64)?;
    let micros = micros.as_primitive::<Int64Type>();
    Ok(micros.iter().map(|micros| micros.map(|micros| i128::from(left(micros)))).collect())
}
