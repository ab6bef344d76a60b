//! Moments written as texts: without seconds, or as `epoch`.

use datafusion::sql::sqlparser::ast::{DataType, Expr, Function, FunctionArguments, TimezoneInfo, Value};

/// Writes out the moment that is cast. One that says its zone is one with a zone, where SQL would leave it away.
pub(super) fn complete(expr: &mut Expr) {
    let is_moment = |kind: &DataType| matches!(kind, DataType::Timestamp(..) | DataType::Datetime(_));
    let (value, kind) = match expr {
        Expr::TypedString(typed) if is_moment(&typed.data_type) => (&mut typed.value.value, &mut typed.data_type),
        Expr::Cast { expr, data_type, .. } if is_moment(data_type) => match expr.as_mut() {
            Expr::Value(value) => (&mut value.value, data_type),
            _ => return,
        },
        _ => return,
    };
    if let Value::SingleQuotedString(text) = value {
        if let DataType::Timestamp(_, zone @ TimezoneInfo::None) = kind
            && says_zone(text)
        {
            *zone = TimezoneInfo::WithTimeZone;
        }
        if text.trim().eq_ignore_ascii_case("epoch") {
            let zone = if matches!(kind, DataType::Timestamp(_, TimezoneInfo::None) | DataType::Datetime(_)) {
                ""
            } else {
                "Z"
            };
            *text = format!("1970-01-01 00:00:00{zone}");
        } else if let Some(whole) = with_seconds(text) {
            *text = whole;
        }
    }
}

/// `from_unixtime(x)`, which the engine makes a time without a zone: seconds since 1970 are a moment.
pub(super) fn counted(call: &Function) -> Option<String> {
    let FunctionArguments::List(list) = &call.args else { return None };
    let is_one = call.name.to_string().eq_ignore_ascii_case("from_unixtime");
    (is_one && list.args.len() == 1).then(|| format!("to_timestamp_seconds({})", list.args[0]))
}

/// Whether something stands after the hours, minutes and seconds of a moment: `Z`, `+08:00`, ` Asia/Shanghai`.
pub fn says_zone(text: &str) -> bool {
    let Some((_, time)) = text.trim().split_once(['T', 't', ' ']) else { return false };
    time.contains(|sign: char| !(sign.is_ascii_digit() || matches!(sign, ':' | '.')))
}

/// `2019-08-30 10:20` and the same with a zone, with seconds; none where it has them, or is something else.
pub(super) fn with_seconds(text: &str) -> Option<String> {
    let text = text.trim();
    let (minutes, zone) = (text.get(..16)?, text.get(16..)?);
    let like = |sign: u8, found: u8| match sign {
        b'0' => found.is_ascii_digit(),
        b'T' => matches!(found, b'T' | b't' | b' '),
        sign => sign == found,
    };
    let is_minutes = b"0000-00-00T00:00".iter().zip(minutes.bytes()).all(|(sign, found)| like(*sign, found));
    let is_zone = zone.is_empty() || zone.starts_with(['Z', 'z', '+', '-', ' ']);
    (is_minutes && is_zone).then(|| format!("{minutes}:00{zone}"))
}

#[cfg(test)]
mod tests {
    use super::with_seconds;

    #[test]
    fn seconds_are_written_where_they_are_missing() {
        assert_eq!(with_seconds("2019-08-30 10:20").as_deref(), Some("2019-08-30 10:20:00"));
        assert_eq!(with_seconds("2019-08-30T10:20+08:00").as_deref(), Some("2019-08-30T10:20:00+08:00"));
        for whole in ["2019-08-30 10:20:30", "2019-08-30", "10:20", "江2019-08-30 10:2", "2019-08-30 10-20"] {
            assert_eq!(with_seconds(whole), None, "{whole}");
        }
    }
}
