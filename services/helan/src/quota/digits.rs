//! Rounding and percentages of plain decimal texts, without floats.

use helan_schemas::catalog::Rounding;

/// Moves the point of a plain decimal text to the right.
pub(super) fn times(value: &str, places: usize) -> String {
    let (sign, digits) = value.strip_prefix('-').map_or(("", value), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = format!("{fraction:0<places$}");
    let joined = format!("{whole}{}", &fraction[..places]);
    let whole = joined.trim_start_matches('0');
    format!("{sign}{}.{}", if whole.is_empty() { "0" } else { whole }, &fraction[places..])
}

/// Rounds a plain decimal text, in decimal digits only.
pub(crate) fn round(value: &str, decimals: usize, rounding: Rounding) -> String {
    let (sign, digits) = value.strip_prefix('-').map_or(("", value), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let kept = format!("{whole}{:0<decimals$}", fraction.get(..decimals).unwrap_or(fraction));
    let number = kept.parse::<i128>().unwrap_or_default();
    let dropped = fraction.get(decimals..).unwrap_or_default();
    let tie = dropped.starts_with('5') && dropped[1..].bytes().all(|digit| digit == b'0');
    let up = match rounding {
        Rounding::HalfEven if tie => number % 2 != 0,
        _ => dropped.as_bytes().first().is_some_and(|digit| *digit >= b'5'),
    };
    let number = number + i128::from(up);
    let padded = format!("{number:0>width$}", width = decimals + 1);
    let (whole, fraction) = padded.split_at(padded.len() - decimals);
    let sign = if number == 0 { "" } else { sign };
    if decimals == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_only_digits_never_floats() {
        let round = |value: &str, decimals| round(value, decimals, Rounding::HalfUp);
        assert_eq!(round("1.2984801436", 4), "1.2985");
        assert_eq!(round("0.99995", 4), "1.0000");
        assert_eq!(round("-2.5", 0), "-3");
        assert_eq!(round("-0.004", 2), "0.00");
        assert_eq!(round("42", 2), "42.00");
        let even = |value: &str, decimals| super::round(value, decimals, Rounding::HalfEven);
        assert_eq!((even("1.245", 2), even("1.255", 2)), ("1.24".to_owned(), "1.26".to_owned()));
        assert_eq!((even("-2.5", 0), even("2.5001", 0)), ("-2".to_owned(), "3".to_owned()));
        assert_eq!(times("0.9988308797", 2), "99.88308797");
        assert_eq!(times("1.5", 2), "150.");
        assert_eq!(round(&times("1.5", 2), 1), "150.0");
    }
}
