//! Numbers with an exponent, written out.
//!
//! The engine gives `1e3` a type whose digits end before the point (`decimal(1, -3)`), and then divides by zero, or refuses
//! to add to it. So `1e3` is read as `1000.0`, and `1.5e-3` as `0.0015`.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Value, ValueWithSpan, VisitMut, VisitorMut};

/// Digits of a decimal: larger powers are left to the engine, which says that they do not fit.
const MOST: i64 = 76;

/// Writes out the numbers of a statement.
pub(crate) fn write_out(statement: &mut Statement) {
    match statement {
        Statement::Explain(explain) => write_out(&mut explain.statement),
        Statement::Statement(statement) => {
            let _ = statement.visit(&mut Numbers);
        }
        _ => {}
    }
}

struct Numbers;

impl VisitorMut for Numbers {
    type Break = ();

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<()> {
        if let Value::Number(text, _) = &mut value.value
            && let Some(plain) = plain(text)
        {
            *text = plain;
        }
        ControlFlow::Continue(())
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
                // With a point: it is no integer, whose division would drop the rest.
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
