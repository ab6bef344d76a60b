//! Functions by the names that other engines have for them.

use datafusion::sql::sqlparser::ast::{Function, FunctionArg, FunctionArgExpr, FunctionArguments};

/// The same in the engine's terms; none where it is another function.
pub(super) fn said(call: &Function) -> Option<String> {
    let FunctionArguments::List(list) = &call.args else { return None };
    let plain =
        call.over.is_none() && call.filter.is_none() && list.clauses.is_empty() && list.duplicate_treatment.is_none();
    let args: Option<Vec<String>> = list.args.iter().map(text).collect();
    let args = args.filter(|_| plain)?;
    let name = call.name.to_string().to_ascii_lowercase();
    match (name.as_str(), args.as_slice()) {
        ("year" | "quarter" | "month" | "week" | "day" | "hour" | "minute" | "second", [of]) => {
            Some(format!("extract({name} from {of})"))
        }
        ("mod", [of, by]) => Some(format!("(({of}) % ({by}))")),
        ("div", [of, by]) => Some(format!("trunc(({of}) / ({by}))")),
        _ => None,
    }
}

fn text(arg: &FunctionArg) -> Option<String> {
    match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.to_string()),
        _ => None,
    }
}
