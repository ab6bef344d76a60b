//! What a target asks, as bounds: a reading meets it exactly when it lies between them.
//!
//! Rounding is turned round: instead of rounding the quotient, the bound is moved by half a unit of the target's last
//! digit, so that SQL compares num × factor with bound × den and never divides.

use helan_schemas::catalog::{Comparator, Rounding, Target};
use helan_schemas::decimal::{Decimal, DecimalError, SCALE};

/// One reading of a target's text: a comparator, with the actual value unrounded or rounded to the target's digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) comparator: Comparator,
    pub(crate) main: bool,
    pub(crate) rounded: bool,
    /// Digits after the point that the text gives its value with.
    pub(crate) digits: u8,
    /// In the indicator's plain unit, units of 10⁻¹⁰.
    pub(crate) lower: Option<i128>,
    pub(crate) lower_inclusive: bool,
    pub(crate) upper: Option<i128>,
    pub(crate) upper_inclusive: bool,
}

/// The target's value in the plain unit; none where the text gives none.
pub(crate) fn amount(target: &Target) -> Result<Option<i128>, DecimalError> {
    target.target_value.as_deref().map(|text| Decimal::parse(text)?.amount(target.unit_mult)).transpose()
}

/// Every reading: the comparators that the text allows, unrounded and rounded. Milestones are not rounded.
pub(crate) fn readings(target: &Target, rounding: Rounding) -> Result<Vec<Bound>, DecimalError> {
    let (Some(text), Some(value)) = (target.target_value.as_deref(), amount(target)?) else { return Ok(Vec::new()) };
    let digits = Decimal::parse(text)?.decimals;
    let unit = scaled(1, i32::from(digits), target.unit_mult);
    let half = unit / 2;
    let tolerance = match target.tolerance.as_deref() {
        Some(text) => Decimal::parse(text)?.amount(target.unit_mult)?,
        None => half,
    };
    let mut out = Vec::new();
    for (comparator, main) in
        [(target.comparator, true), (target.alt_comparator, false)].into_iter().filter_map(|(c, main)| Some((c?, main)))
    {
        let exact = Bound { digits, ..asked(comparator, value, tolerance) };
        let rounds = unit > 1 && !matches!(comparator, Comparator::All | Comparator::Done | Comparator::Started);
        if rounds {
            out.push(Bound { main, ..through_rounding(&exact, unit, rounding) });
        }
        out.push(Bound { main, ..exact });
    }
    Ok(out)
}

fn asked(comparator: Comparator, value: i128, tolerance: i128) -> Bound {
    let none = Bound {
        comparator,
        main: true,
        rounded: false,
        digits: 0,
        lower: None,
        lower_inclusive: true,
        upper: None,
        upper_inclusive: true,
    };
    match comparator {
        Comparator::Ge | Comparator::All | Comparator::Done | Comparator::Started => {
            Bound { lower: Some(value), ..none }
        }
        Comparator::Gt => Bound { lower: Some(value), lower_inclusive: false, ..none },
        Comparator::Le => Bound { upper: Some(value), ..none },
        Comparator::Eq => Bound { lower: Some(value), upper: Some(value), ..none },
        Comparator::About => Bound { lower: Some(value - tolerance), ..none },
    }
}

/// The bounds of x such that x, rounded to multiples of `unit`, lies within the given bounds.
fn through_rounding(exact: &Bound, unit: i128, rounding: Rounding) -> Bound {
    let half = unit / 2;
    let even = |multiple: i128| multiple.rem_euclid(2) == 0;
    let tie_up_to = |multiple: i128| rounding == Rounding::HalfUp || even(multiple);
    let mut out = Bound { rounded: true, ..exact.clone() };
    if let Some(lower) = exact.lower {
        // The smallest multiple that is allowed.
        let mut least = lower.div_euclid(unit) + i128::from(lower.rem_euclid(unit) != 0);
        if least * unit == lower && !exact.lower_inclusive {
            least += 1;
        }
        out.lower = Some(least * unit - half);
        out.lower_inclusive = tie_up_to(least);
    }
    if let Some(upper) = exact.upper {
        // The largest multiple that is allowed; a tie above it must not round up.
        let mut most = upper.div_euclid(unit);
        if most * unit == upper && !exact.upper_inclusive {
            most -= 1;
        }
        out.upper = Some(most * unit + half);
        out.upper_inclusive = !tie_up_to(most + 1);
    }
    out
}

/// 10^-digits × 10^unit_mult in units of 10⁻¹⁰; 1 where that is finer than the lake keeps.
fn scaled(factor: i128, digits: i32, unit_mult: i32) -> i128 {
    let exponent = SCALE as i32 - digits + unit_mult;
    u32::try_from(exponent).ok().and_then(|exponent| 10_i128.checked_pow(exponent)).map_or(1, |power| factor * power)
}

/// 10^exponent in units of 10⁻¹⁰.
pub(crate) fn power_of_ten(exponent: i32) -> i128 {
    scaled(1, 0, exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: i128 = 10_i128.pow(SCALE);

    fn through(comparator: Comparator, value: i128, rounding: Rounding) -> Bound {
        through_rounding(&asked(comparator, value, ONE / 20), ONE / 10, rounding)
    }

    #[test]
    fn about_is_half_a_unit_of_the_last_digit_below() {
        assert_eq!(asked(Comparator::About, 13 * ONE / 10, ONE / 20).lower, Some(125 * ONE / 100));
        assert_eq!(through(Comparator::About, 13 * ONE / 10, Rounding::HalfUp).lower, Some(125 * ONE / 100));
    }

    #[test]
    fn rounding_moves_the_bound_by_half_a_unit() {
        let ge = through(Comparator::Ge, 13 * ONE / 10, Rounding::HalfUp);
        assert_eq!((ge.lower, ge.lower_inclusive), (Some(125 * ONE / 100), true));
        let gt = through(Comparator::Gt, 38 * ONE / 10, Rounding::HalfUp);
        assert_eq!((gt.lower, gt.lower_inclusive), (Some(385 * ONE / 100), true));
        let eq = through(Comparator::Eq, 13 * ONE / 10, Rounding::HalfUp);
        assert_eq!((eq.upper, eq.upper_inclusive), (Some(135 * ONE / 100), false));
    }

    #[test]
    fn half_even_sends_ties_to_the_even_digit() {
        // 1.25 rounds to 1.2, 1.35 to 1.4: 1.25 does not reach 1.3 and 1.35 leaves it.
        let eq = through(Comparator::Eq, 13 * ONE / 10, Rounding::HalfEven);
        assert_eq!((eq.lower_inclusive, eq.upper_inclusive), (false, false));
        let eq = through(Comparator::Eq, 14 * ONE / 10, Rounding::HalfEven);
        assert_eq!((eq.lower_inclusive, eq.upper_inclusive), (true, true));
    }
}
