//! Exact decimals as the lake stores them: `decimal(28,10)`, an `i128` that counts units of 10⁻¹⁰.
//!
//! Never through a float: the text that a sender wrote is the value. The bounds make any sum of up to 10¹⁰ rows exact
//! in any order.

/// Digits after the point in the lake's `value` and `amount`.
pub const SCALE: u32 = 10;
/// Precision of the lake's `value` and `amount`.
pub const PRECISION: u8 = 28;
/// Exclusive bound of |value| and |amount|, in units of 10⁻¹⁰ (10¹⁸ × 10¹⁰).
pub const BOUND: i128 = 10_i128.pow(18 + SCALE);
/// Largest power of ten, either way, that a number's exponent or a `unit_mult` may name.
pub const MAX_EXPONENT: i32 = 18;

/// A decimal number and the number of digits its sender wrote after the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// Units of 10⁻¹⁰.
    pub unscaled: i128,
    /// Digits after the point as sent, 0 to 10 (`1.30` has 2).
    pub decimals: u8,
}

/// Why a text is no decimal of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Not a decimal number at all: `NaN`, `1,000`, empty.
    #[error("is not a decimal number")]
    Syntax,
    /// More than ten digits after the point.
    #[error("has more than {SCALE} digits after the point")]
    TooManyDecimals,
    /// |value| ≥ 10¹⁸, or an exponent beyond ±18.
    #[error("is outside ±10^18")]
    OutOfRange,
}

impl Decimal {
    /// Parses a JSON number or the text of one, exponent included, exactly.
    ///
    /// # Errors
    /// [`DecimalError`] for anything that `decimal(28,10)` could not keep digit for digit.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let bytes = text.as_bytes();
        let (negative, mut at) = match bytes.first() {
            Some(b'-') => (true, 1),
            Some(b'+') => (false, 1),
            _ => (false, 0),
        };
        let mut unscaled: i128 = 0;
        let mut digits = 0_usize;
        let mut fraction: i32 = 0;
        let mut after_point = false;
        let mut excess_fraction = false;
        let mut excess = false;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'0'..=b'9' => {
                    digits += 1;
                    if after_point {
                        fraction += 1;
                    }
                    match unscaled.checked_mul(10).and_then(|u| u.checked_add(i128::from(byte - b'0'))) {
                        Some(next) if !excess => unscaled = next,
                        _ => {
                            excess = true;
                            excess_fraction |= after_point;
                        }
                    }
                }
                b'.' if !after_point && digits > 0 => after_point = true,
                b'e' | b'E' if digits > 0 => break,
                _ => return Err(DecimalError::Syntax),
            }
            at += 1;
        }
        if digits == 0 || (after_point && fraction == 0) {
            return Err(DecimalError::Syntax);
        }
        let exponent = match bytes.get(at) {
            None => 0,
            Some(_) => parse_exponent(&bytes[at + 1..])?,
        };
        if excess {
            return Err(if excess_fraction { DecimalError::TooManyDecimals } else { DecimalError::OutOfRange });
        }
        let decimals = (fraction - exponent).max(0);
        let shift = SCALE as i32 - fraction + exponent;
        let unscaled = if unscaled == 0 {
            0
        } else if shift >= 0 {
            10_i128
                .checked_pow(shift as u32)
                .and_then(|power| unscaled.checked_mul(power))
                .ok_or(DecimalError::OutOfRange)?
        } else {
            return Err(DecimalError::TooManyDecimals);
        };
        if decimals > SCALE as i32 {
            return Err(DecimalError::TooManyDecimals);
        }
        if unscaled >= BOUND {
            return Err(DecimalError::OutOfRange);
        }
        Ok(Self { unscaled: if negative { -unscaled } else { unscaled }, decimals: decimals as u8 })
    }

    /// The value × 10^`unit_mult`, in units of 10⁻¹⁰.
    ///
    /// # Errors
    /// [`DecimalError`] where the product leaves `decimal(28,10)`.
    pub fn amount(self, unit_mult: i32) -> Result<i128, DecimalError> {
        if !(-MAX_EXPONENT..=MAX_EXPONENT).contains(&unit_mult) {
            return Err(DecimalError::OutOfRange);
        }
        let power = 10_i128.pow(unit_mult.unsigned_abs());
        let amount = if unit_mult >= 0 {
            self.unscaled.checked_mul(power).ok_or(DecimalError::OutOfRange)?
        } else if self.unscaled % power == 0 {
            self.unscaled / power
        } else {
            return Err(DecimalError::TooManyDecimals);
        };
        if amount.abs() >= BOUND { Err(DecimalError::OutOfRange) } else { Ok(amount) }
    }
}

fn parse_exponent(bytes: &[u8]) -> Result<i32, DecimalError> {
    let (negative, digits) = match bytes.first() {
        Some(b'-') => (true, &bytes[1..]),
        Some(b'+') => (false, &bytes[1..]),
        _ => (false, bytes),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(DecimalError::Syntax);
    }
    let mut exponent: i32 = 0;
    for digit in digits {
        exponent = exponent.saturating_mul(10).saturating_add(i32::from(digit - b'0'));
    }
    if exponent > MAX_EXPONENT {
        return Err(DecimalError::OutOfRange);
    }
    Ok(if negative { -exponent } else { exponent })
}

impl std::fmt::Display for Decimal {
    /// Writes the shortest plain form that keeps the digits as sent: `1.30` stays `1.30`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let magnitude = self.unscaled.unsigned_abs();
        let one = 10_u128.pow(SCALE);
        let sign = if self.unscaled < 0 { "-" } else { "" };
        let whole = magnitude / one;
        if self.decimals == 0 {
            return write!(f, "{sign}{whole}");
        }
        let fraction = (magnitude % one) / 10_u128.pow(SCALE - u32::from(self.decimals));
        write!(f, "{sign}{whole}.{fraction:0width$}", width = usize::from(self.decimals))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (i128, u8) {
        let decimal = Decimal::parse(text).expect(text);
        (decimal.unscaled, decimal.decimals)
    }

    #[test]
    fn keeps_every_digit_as_sent() {
        assert_eq!(parsed("1.30"), (13_000_000_000, 2));
        assert_eq!(parsed("-0.0000000001"), (-1, 10));
        assert_eq!(parsed("1.5e3"), (15_000_000_000_000, 0));
        assert_eq!(parsed("15e-1"), (15_000_000_000, 1));
        assert_eq!(parsed("999999999999999999.9999999999"), (BOUND - 1, 10));
        for text in ["1.30", "455792.5", "0", "-12.000", "0.0000000001"] {
            assert_eq!(Decimal::parse(text).expect(text).to_string(), text);
        }
    }

    #[test]
    fn refuses_what_it_could_not_keep() {
        for text in ["", "-", ".5", "5.", "NaN", "1,000", "1.2.3", "1e", "1e+", "0x10", "１２", " 1"] {
            assert_eq!(Decimal::parse(text), Err(DecimalError::Syntax), "{text:?}");
        }
        assert_eq!(Decimal::parse("0.12345678901"), Err(DecimalError::TooManyDecimals));
        assert_eq!(Decimal::parse("1e400"), Err(DecimalError::OutOfRange));
        assert_eq!(Decimal::parse("1e18"), Err(DecimalError::OutOfRange));
        assert_eq!(Decimal::parse(&"9".repeat(300)), Err(DecimalError::OutOfRange));
        assert_eq!(Decimal::parse(&format!("0.{}", "1".repeat(300))), Err(DecimalError::TooManyDecimals));
    }

    #[test]
    fn multiplies_by_the_unit_exactly() {
        assert_eq!(Decimal::parse("455792.5").expect("decimal").amount(4), Ok(4_557_925_000 * 10_i128.pow(SCALE)));
        assert_eq!(Decimal::parse("1").expect("decimal").amount(-11), Err(DecimalError::TooManyDecimals));
        assert_eq!(Decimal::parse("3705.18").expect("decimal").amount(18), Err(DecimalError::OutOfRange));
    }
}
