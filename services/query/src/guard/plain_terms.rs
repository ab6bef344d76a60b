//! What the engine would read with a meaning of its own, written as it understands it: numbers with an exponent, and casts to
//! texts of some length.
//!
//! The engine gives `1e3` a type whose digits end before the point (`decimal(1, -3)`), and then divides by zero, or refuses
//! to add to it. So `1e3` is read as `1000.0`, and `1.5e-3` as `0.0015`.
//! Of `cast(x as varchar(4))` it drops the 4: it is read as `left(cast(x as varchar), 4)`.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    CharacterLength, DataType, Expr, Select, Value, ValueWithSpan, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

use crate::guard::select_items;

/// Digits of a decimal: larger powers are left to the engine, which says that they do not fit.
const MOST: i64 = 76;

/// Writes out the numbers and casts of a statement.
pub(crate) fn write_out(statement: &mut Statement) {
    match statement {
        Statement::Explain(explain) => write_out(&mut explain.statement),
        Statement::Statement(statement) => {
            let _ = statement.visit(&mut Plain);
        }
        _ => {}
    }
}

struct Plain;

impl VisitorMut for Plain {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        select_items::write_out(select);
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<()> {
        if let Value::Number(text, _) = &mut value.value
            && let Some(plain) = plain(text)
        {
            *text = plain;
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Cast { data_type, .. } = expr
            && let Some(length) = length_of(data_type)
        {
            let text = format!("left({expr}, {length})");
            let parsed = Parser::new(&GenericDialect {}).try_with_sql(&text).and_then(|mut parser| parser.parse_expr());
            if let Ok(parsed) = parsed {
                *expr = parsed;
            }
        }
        ControlFlow::Continue(())
    }
}

/// The length of a text type, which is taken out of it.
fn length_of(kind: &mut DataType) -> Option<u64> {
    let (DataType::Varchar(length)
    | DataType::Nvarchar(length)
    | DataType::CharVarying(length)
    | DataType::CharacterVarying(length)
    | DataType::Char(length)
    | DataType::Character(length)) = kind
    else {
        return None;
    };
    match length.take() {
        Some(CharacterLength::IntegerLength { length, .. }) => Some(length),
        _ => None,
    }
}

/// A number without its exponent; none where it has none, or one that is too large.
fn plain(text: &str) -> Option<String> {
    let (mantissa, exponent) = text.split_once(['e', 'E'])?;
    let exponent: i64 = exponent.parse().ok().filter(|exponent: &i64| exponent.abs() <= MOST)?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let point = whole.len() as i64 + exponent;
    Some(match point {
        ..=0 => format!("0.{}{digits}", "0".repeat(usize::try_from(-point).ok()?)),
        _ => {
            let point = usize::try_from(point).ok()?;
            match digits.get(point..) {
                // With a point, so that it stays a decimal: dividing integers drops the remainder.
                None | Some("") => format!("{digits}{}.0", "0".repeat(point - digits.len())),
                Some(rest) => format!("{}.{rest}", &digits[..point]),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_written_out() {
        for (text, expected) in [
            ("1e3", "1000.0"),
            ("1.5E-3", "0.0015"),
            ("12.34e1", "123.4"),
            ("1.5e+1", "15.0"),
            ("1e0", "1.0"),
            (".5e1", "5.0"),
            ("5e-1", "0.5"),
        ] {
            assert_eq!(plain(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(plain("15"), None);
        assert_eq!(plain("1e99"), None);
    }
}
