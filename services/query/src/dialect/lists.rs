//! Rows that are compared as wholes, and lists that are written as arrays: the engine makes structures and arrays of them, of
//! one type, and so a text beside a number a number. Said column by column, and as a list.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr};

/// The same in the engine's terms; none where it is something else.
pub(super) fn said(expr: &Expr) -> Option<String> {
    match expr {
        Expr::BinaryOp { left, op: op @ (BinaryOperator::Eq | BinaryOperator::NotEq), right } => {
            let equal = equal(left, right)?;
            Some(if *op == BinaryOperator::Eq { format!("({equal})") } else { format!("(NOT ({equal}))") })
        }
        Expr::InList { expr, list, negated } => {
            let rows: Option<Vec<String>> =
                list.iter().map(|row| equal(expr, row).map(|row| format!("({row})"))).collect();
            let any = rows.filter(|rows| !rows.is_empty())?.join(" OR ");
            Some(if *negated { format!("(NOT ({any}))") } else { format!("({any})") })
        }
        Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => {
            Some(format!("({left}) IN ({})", items(right)?))
        }
        Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right } => {
            Some(format!("({left}) NOT IN ({})", items(right)?))
        }
        _ => None,
    }
}

/// Two rows, column by column.
fn equal(one: &Expr, other: &Expr) -> Option<String> {
    let (Expr::Tuple(one), Expr::Tuple(other)) = (one, other) else { return None };
    let pairs: Vec<String> = one.iter().zip(other).map(|(one, other)| format!("({one}) = ({other})")).collect();
    (one.len() == other.len() && !pairs.is_empty()).then(|| pairs.join(" AND "))
}

/// What is listed in an array.
fn items(array: &Expr) -> Option<String> {
    let Expr::Array(array) = array else { return None };
    let items: Vec<String> = array.elem.iter().map(ToString::to_string).collect();
    (!items.is_empty()).then(|| items.join(", "))
}
