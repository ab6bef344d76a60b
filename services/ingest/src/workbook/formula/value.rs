//! What a formula, or a part of one, comes to.

use std::cmp::Ordering;

/// A value. Where programs differ in what they make of one, the methods say `None`.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Value {
    /// A finite number.
    Number(f64),
    Text(String),
    Truth(bool),
    Blank,
    /// `#DIV/0!` and the like.
    Error,
}

/// Whole numbers below this are written without an exponent, and are exact.
const EXACT: f64 = 1e15;

impl Value {
    /// A number; one that is too large, or none at all, is an error.
    pub(super) fn of(number: f64) -> Self {
        if number.is_finite() { Self::Number(number) } else { Self::Error }
    }

    /// As the operand of a calculation; NaN for an error, which is all that is made of it.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Truth(truth) => Some(f64::from(u8::from(*truth))),
            Self::Blank => Some(0.0),
            Self::Error => Some(f64::NAN),
            // Which texts are numbers depends on the program's country; these are numbers everywhere.
            Self::Text(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
            Self::Text(_) => None,
        }
    }

    /// As a condition: true, false, or an error.
    pub(super) fn truth(&self) -> Option<Result<bool, Self>> {
        match self {
            Self::Number(number) => Some(Ok(*number != 0.0)),
            Self::Truth(truth) => Some(Ok(*truth)),
            Self::Blank => Some(Ok(false)),
            Self::Error => Some(Err(Self::Error)),
            Self::Text(_) => None,
        }
    }

    /// As a piece of a text; an error stays one.
    pub(super) fn text(&self) -> Option<Result<String, Self>> {
        Some(Ok(match self {
            Self::Error => return Some(Err(Self::Error)),
            Self::Text(text) => text.clone(),
            Self::Blank => String::new(),
            Self::Truth(truth) => if *truth { "TRUE" } else { "FALSE" }.to_owned(),
            Self::Number(number) if number.trunc() == *number && number.abs() < EXACT => format!("{number:.0}"),
            // How many digits a fraction has there depends on the program.
            Self::Number(_) => return None,
        }))
    }

    /// The order of two values, neither of them an error. Numbers come before texts, and texts before truth values; the case
    /// of letters does not count.
    pub(super) fn compared(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) if one.is_ascii() && other.is_ascii() => {
                Some(one.to_ascii_lowercase().cmp(&other.to_ascii_lowercase()))
            }
            // Only whether they are the same is the same everywhere.
            (Self::Text(one), Self::Text(other)) => (one == other).then_some(Ordering::Equal),
            (Self::Blank, Self::Text(text)) => Some("".cmp(text)),
            (Self::Text(text), Self::Blank) => Some(text.as_str().cmp("")),
            (Self::Text(_), Self::Truth(_)) => Some(Ordering::Less),
            (Self::Truth(_), Self::Text(_)) => Some(Ordering::Greater),
            (Self::Text(_), _) => Some(Ordering::Greater),
            (_, Self::Text(_)) => Some(Ordering::Less),
            (Self::Truth(one), Self::Truth(other)) => Some(one.cmp(other)),
            (Self::Truth(one), Self::Blank) => Some(one.cmp(&false)),
            (Self::Blank, Self::Truth(other)) => Some(false.cmp(other)),
            (Self::Truth(_), _) => Some(Ordering::Greater),
            (_, Self::Truth(_)) => Some(Ordering::Less),
            (one, other) => {
                let (one, other) = (one.number()?, other.number()?);
                // Spreadsheets take numbers that differ in the last of their binary digits for equal, here and there.
                let near = one != other && (one - other).abs() <= one.abs().max(other.abs()) * 1e-14;
                if near { None } else { one.partial_cmp(&other) }
            }
        }
    }
}
