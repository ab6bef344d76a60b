//! Bytes as PostgreSQL writes them: `'\x41'::bytea` is one byte, where the engine would take the four characters.

use datafusion::sql::sqlparser::ast::{CastKind, DataType, Expr, Value};

/// The text of a byte string, in hexadecimal digits.
pub(super) fn said(expr: &Expr) -> Option<String> {
    written(expr).and_then(hexadecimal).map(|digits| format!("X'{digits}'"))
}

/// Whether a text of bytes has a backslash that is not the beginning of hexadecimal digits.
pub(super) fn is_other(expr: &Expr) -> bool {
    written(expr).is_some_and(|text| text.contains('\\') && hexadecimal(text).is_none())
}

/// The text that is read as bytes.
fn written(expr: &Expr) -> Option<&str> {
    let (value, kind) = match expr {
        Expr::TypedString(typed) => (&typed.value.value, &typed.data_type),
        Expr::Cast { kind: CastKind::Cast | CastKind::DoubleColon, expr, data_type, array: false, .. } => {
            let mut inner = expr.as_ref();
            while let Expr::Nested(within) = inner {
                inner = within;
            }
            match inner {
                Expr::Value(value) => (&value.value, data_type),
                _ => return None,
            }
        }
        _ => return None,
    };
    if !matches!(kind, DataType::Bytea) {
        return None;
    }
    match value {
        Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => Some(text),
        Value::DollarQuotedString(quoted) => Some(&quoted.value),
        _ => None,
    }
}

fn hexadecimal(text: &str) -> Option<&str> {
    let digits = text.strip_prefix("\\x")?;
    (digits.len() % 2 == 0 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())).then_some(digits)
}
