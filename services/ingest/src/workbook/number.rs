//! Numbers as spreadsheets keep them, turned into the decimal that they mean. No float is involved.

/// Digits that Excel shows and guarantees. It stores up to 17, so that 0.1 + 0.2 lies in the file as
/// 0.30000000000000004 and 3705.18 may lie there as 3705.1799999999998: what the clerk sees has 15.
const DIGITS: usize = 15;

/// What a number cell means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// These digits.
    Exact(String),
    /// These digits, after rounding to the 15 that spreadsheets show.
    Rounded(String),
    /// A whole number of more than 15 digits: nobody can tell which digits were typed.
    TooLong,
    /// No number at all.
    Unreadable,
}

/// Reads the text that a file keeps for a number cell, exponent included.
///
/// Up to 15 significant digits are taken as they are. A fraction with more is rounded, half up, to the 15 that the
/// program shows. A whole number with more is refused: its last digits are not what was typed.
pub(super) fn stored(text: &str) -> Stored {
    let Some(number) = Parts::of(text) else { return Stored::Unreadable };
    let significant = number.digits.trim_end_matches('0').len();
    if significant <= DIGITS {
        // Zeros at the end of a fraction are the program's, not the clerk's: a number cell keeps none.
        return number.without_zeros().plain().map_or(Stored::Unreadable, Stored::Exact);
    }
    if number.digits.len() as i64 + i64::from(number.exponent) > DIGITS as i64 {
        return Stored::TooLong;
    }
    let to = number.exponent.saturating_add((number.digits.len() - DIGITS) as i32);
    let rounded = number.rounded(to).without_zeros();
    rounded.plain().map_or(Stored::Unreadable, Stored::Rounded)
}

/// ± digits × 10^exponent, without leading zeros.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    pub(super) negative: bool,
    pub(super) digits: String,
    pub(super) exponent: i32,
}

impl Parts {
    pub(super) fn of(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() && fraction.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        let exponent = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        if digits.is_empty() {
            return Some(Self { negative: false, digits: "0".to_owned(), exponent: exponent.clamp(-10, 0) });
        }
        Some(Self { negative, digits: digits.to_owned(), exponent })
    }

    /// Rounded half up, away from zero, to a multiple of a power of ten.
    pub(super) fn rounded(&self, to: i32) -> Self {
        let drop = i64::from(to) - i64::from(self.exponent);
        if drop <= 0 {
            return self.clone();
        }
        let Some(keep) = self.digits.len().checked_sub(usize::try_from(drop).unwrap_or(usize::MAX)) else {
            return Self { digits: "0".to_owned(), exponent: to, negative: self.negative };
        };
        let up = self.digits.as_bytes()[keep] >= b'5';
        let mut digits: Vec<u8> = self.digits.as_bytes()[..keep].to_vec();
        if up {
            let nines = digits.iter().rev().take_while(|digit| **digit == b'9').count();
            let kept = digits.len() - nines;
            digits[kept..].fill(b'0');
            match kept.checked_sub(1) {
                Some(at) => digits[at] += 1,
                None => digits.insert(0, b'1'),
            }
        }
        if digits.is_empty() {
            digits.push(b'0');
        }
        Self { digits: String::from_utf8(digits).unwrap_or_default(), exponent: to, negative: self.negative }
    }

    /// Without zeros at the end of its fraction.
    fn without_zeros(mut self) -> Self {
        while self.exponent < 0 && self.digits.len() > 1 && self.digits.ends_with('0') {
            self.digits.pop();
            self.exponent += 1;
        }
        if self.digits == "0" { Self { exponent: 0, ..self } } else { self }
    }

    /// Without exponent; none where that would take absurdly many digits.
    pub(super) fn plain(&self) -> Option<String> {
        let sign = if self.negative { "-" } else { "" };
        if self.exponent.unsigned_abs() > 400 {
            return None;
        }
        if self.exponent >= 0 {
            let zeros = if self.digits == "0" { 0 } else { self.exponent as usize };
            return Some(format!("{sign}{}{}", self.digits, "0".repeat(zeros)));
        }
        let places = self.exponent.unsigned_abs() as usize;
        let padded = format!("{:0>width$}", self.digits, width = places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - places);
        Some(format!("{sign}{whole}.{fraction}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use helan_schemas::decimal::Decimal;
    use proptest::prelude::*;

    fn exact(text: &str) -> Stored {
        Stored::Exact(text.to_owned())
    }

    fn rounded(text: &str) -> Stored {
        Stored::Rounded(text.to_owned())
    }

    #[test]
    fn takes_what_the_program_shows() {
        for (text, meaning) in [
            ("2018", exact("2018")),
            ("1234.50", exact("1234.5")),
            ("-0.5", exact("-0.5")),
            ("3.7051800000000001E3", rounded("3705.18")),
            ("0.30000000000000004", rounded("0.3")),
            ("3705.1799999999998", rounded("3705.18")),
            ("1.1000000000000001", rounded("1.1")),
            ("99999999999999.995", rounded("100000000000000")),
            ("0.99999999999999995", rounded("1")),
            ("1E+2", exact("100")),
            ("1.5E-3", exact("0.0015")),
            ("123456789012345", exact("123456789012345")),
            ("123456789012345000", exact("123456789012345000")),
            ("1.23456789012345E+17", exact("123456789012345000")),
            ("1234567890123456", Stored::TooLong),
            ("12345678901234567E3", Stored::TooLong),
            ("12345678901234567.0", Stored::TooLong),
            ("123456789012345.67", rounded("123456789012346")),
            ("0", exact("0")),
            ("0.00", exact("0")),
            ("-0", exact("0")),
            ("0E0", exact("0")),
            ("1E999999999", Stored::Unreadable),
            ("", Stored::Unreadable),
            ("NaN", Stored::Unreadable),
            ("1,5", Stored::Unreadable),
        ] {
            assert_eq!(stored(text), meaning, "{text}");
        }
    }

    proptest! {
        /// Any decimal of up to 15 digits comes back from the float that a spreadsheet stores, as the same number.
        #[test]
        fn a_float_of_fifteen_digits_comes_back(digits in 0_u64..1_000_000_000_000_000, places in 0_u32..10) {
            let typed = Decimal { unscaled: i128::from(digits) * 10_i128.pow(10 - places), decimals: places as u8 };
            let float: f64 = typed.to_string().parse().expect("a float");
            for kept in [format!("{float}"), format!("{float:.16e}"), format!("{float:e}")] {
                let text = match stored(&kept) {
                    Stored::Exact(text) | Stored::Rounded(text) => text,
                    other => panic!("{kept}: {other:?}"),
                };
                prop_assert_eq!(Decimal::parse(&text).expect("a decimal").unscaled, typed.unscaled, "{}", kept);
            }
        }
    }
}
