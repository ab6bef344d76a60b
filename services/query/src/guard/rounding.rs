//! `round(x, n)`, whose type the engine changes while it plans: it has as many digits as `n` says where that is a constant, and
//! those of `x` otherwise, and a constant is none any more while it is cast to another type of whole numbers. What was compared
//! by one of both types had the other when it was computed.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{Expr, ExprSchemable, cast};

/// Keeps the type of what is rounded: a constant number of digits is written in the type that the function wants, and of
/// any other the result is cast to what it has now.
#[derive(Debug)]
pub(crate) struct Rounding;

impl FunctionRewrite for Rounding {
    fn name(&self) -> &str {
        "rounding"
    }

    fn rewrite(&self, expr: Expr, schema: &DFSchema, _: &ConfigOptions) -> Result<Transformed<Expr>> {
        let Expr::ScalarFunction(mut call) = expr else { return Ok(Transformed::no(expr)) };
        if let ("ceil" | "floor", [value]) = (call.func.name(), call.args.as_mut_slice()) {
            let roomy = one_before_the_point(&value.get_type(schema)?);
            let changed = roomy.is_some();
            if let Some(roomy) = roomy {
                *value = cast(std::mem::take(value), roomy);
            }
            let call = Expr::ScalarFunction(call);
            return Ok(if changed { Transformed::yes(call) } else { Transformed::no(call) });
        }
        let [_, places] = call.args.as_mut_slice() else { return Ok(Transformed::no(Expr::ScalarFunction(call))) };
        if call.func.name() != "round" {
            return Ok(Transformed::no(Expr::ScalarFunction(call)));
        }
        let Expr::Literal(value, metadata) = places else {
            let round = Expr::ScalarFunction(ScalarFunction { func: call.func, args: call.args });
            let now = round.get_type(schema)?;
            return Ok(Transformed::yes(cast(round, now)));
        };
        if let ScalarValue::Int64(Some(wide)) = value
            && let Ok(narrow) = i32::try_from(*wide)
        {
            *places = Expr::Literal(ScalarValue::Int32(Some(narrow)), metadata.clone());
        }
        Ok(Transformed::yes(Expr::ScalarFunction(call)))
    }
}

/// `ceil(0.5)` is 1, for which the type of `0.5` has no digit.
fn one_before_the_point(kind: &DataType) -> Option<DataType> {
    match *kind {
        DataType::Decimal128(precision, scale)
            if i16::from(precision) == i16::from(scale) && precision < DECIMAL128_MAX_PRECISION =>
        {
            Some(DataType::Decimal128(precision + 1, scale))
        }
        _ => None,
    }
}
