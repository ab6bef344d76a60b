//! Functions by the names that other engines have for them.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, Value,
};

use super::seconds;

/// Names of PostgreSQL's, and the engine's of the same.
const NAMES: &[(&str, &str)] = &[
    ("sign", "signum"),
    ("variance", "var"),
    ("every", "bool_and"),
    // The engine's own takes away the first only.
    ("array_remove", "array_remove_all"),
    // The engine makes a text of what `nvl` is of, whatever it is.
    ("nvl", "coalesce"),
    ("ifnull", "coalesce"),
];

/// Functions that count: the engine's numbers of these have no sign, and divided by a whole number they would be decimals.
const COUNTS: &[&str] = &[
    "approx_distinct",
    "array_length",
    "array_ndims",
    "array_position",
    "cardinality",
    "dense_rank",
    "ntile",
    "rank",
    "row_number",
];

/// Gives a function the engine's name.
pub(super) fn rename(call: &mut Function) {
    let name = call.name.to_string();
    if let Some((_, known)) = NAMES.iter().find(|(theirs, _)| name.eq_ignore_ascii_case(theirs)) {
        call.name = ObjectName::from(vec![Ident::new(*known)]);
    }
    if name.eq_ignore_ascii_case("encode")
        && let FunctionArguments::List(list) = &mut call.args
        && let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(form)))) = list.args.get_mut(1)
        && let Value::SingleQuotedString(form) = &mut form.value
        && form.eq_ignore_ascii_case("base64")
    {
        *form = "base64pad".to_owned();
    }
}

/// Whether a function counts.
pub(super) fn counts(call: &Function) -> bool {
    let name = call.name.to_string();
    COUNTS.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The same in the engine's terms; none where it is another function.
pub(super) fn said(call: &Function) -> Option<String> {
    let FunctionArguments::List(list) = &call.args else { return None };
    let plain =
        call.over.is_none() && call.filter.is_none() && list.clauses.is_empty() && list.duplicate_treatment.is_none();
    let args: Option<Vec<String>> = list.args.iter().map(text).collect();
    let args = args.filter(|_| plain)?;
    let name = call.name.to_string().to_ascii_lowercase();
    match (name.as_str(), args.as_slice()) {
        ("second", [of]) => Some(seconds::said("second", of)),
        ("date_part", [part, of]) => {
            let part = part.trim_matches('\'').to_ascii_lowercase();
            seconds::is_one(&part).then(|| seconds::said(&part, of))
        }
        ("year" | "quarter" | "month" | "week" | "day" | "hour" | "minute", [of]) => {
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
