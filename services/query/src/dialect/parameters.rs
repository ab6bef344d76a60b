//! What depends on the value of a parameter: lists that are looked through, and formats of dates.

use arrow::array::Array;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::{Expr, LogicalPlan, lit};

use super::patterns;
use crate::guard::{self, code_texts, passed_over};

/// The plan with its parameters' values, said as it would be if they were written in the text.
pub(crate) fn written(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.transform_up_with_subqueries(|node| guard::each_part(node, said))?;
    // A number beside a text is a code, however it came.
    code_texts::compared(plan.data)
}

fn said(expr: Expr) -> Result<Transformed<Expr>> {
    let Expr::ScalarFunction(ScalarFunction { func, mut args }) = expr else { return Ok(Transformed::no(expr)) };
    match (func.name(), args.as_mut_slice()) {
        // The engine wants items of the very type of what is looked for, and takes an unknown one for no match.
        ("array_has", [Expr::Literal(ScalarValue::List(list), _), of]) => {
            if list.is_null(0) {
                return Ok(Transformed::yes(lit(ScalarValue::Boolean(None))));
            }
            let items = list.value(0);
            let items = (0..items.len()).map(|at| Ok(lit(ScalarValue::try_from_array(&items, at)?)));
            let items: Vec<Expr> = items.collect::<Result<_>>()?;
            if items.is_empty() {
                return Ok(Transformed::yes(lit(false)));
            }
            let list = InList { expr: Box::new(std::mem::take(of)), list: items, negated: false };
            Ok(Transformed::yes(Expr::InList(list)))
        }
        ("to_char", [_, Expr::Literal(format, _)]) => {
            let text = format.try_as_str().flatten().filter(|text| !text.contains('%'));
            let changed = text.is_some();
            if let Some(text) = text {
                let Some(pattern) = patterns::words(text) else { return plan_err!("{}", passed_over::TO_CHAR) };
                *format = ScalarValue::Utf8(Some(pattern.concat()));
            }
            let call = Expr::ScalarFunction(ScalarFunction { func, args });
            Ok(if changed { Transformed::yes(call) } else { Transformed::no(call) })
        }
        _ => Ok(Transformed::no(Expr::ScalarFunction(ScalarFunction { func, args }))),
    }
}
