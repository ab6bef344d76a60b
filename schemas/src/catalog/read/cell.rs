//! What a cell of a file can hold, and what is said of one that cannot be read.

use jiff::civil::Date;

use crate::catalog::codes::*;

/// What a cell can hold.
pub(super) trait Cell: Sized {
    /// Whether an empty cell is a value of it.
    const EMPTY: bool = false;
    fn parse(text: &str) -> Option<Self>;
    fn expected() -> String;
}

impl Cell for String {
    fn parse(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
    fn expected() -> String {
        "a text".to_owned()
    }
}

impl Cell for bool {
    fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }
    fn expected() -> String {
        "true or false".to_owned()
    }
}

impl Cell for Date {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(if text.contains('/') { '/' } else { '-' });
        let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
        let (month, day) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        if parts.next().is_some() { None } else { Self::new(year, month, day).ok() }
    }
    fn expected() -> String {
        "a day as 2018-12-31".to_owned()
    }
}

impl<C: Cell> Cell for Option<C> {
    const EMPTY: bool = true;
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() { Some(None) } else { C::parse(text).map(Some) }
    }
    fn expected() -> String {
        format!("{}, or nothing", C::expected())
    }
}

macro_rules! whole_numbers {
    ($($type:ty),+) => {$(
        impl Cell for $type {
            fn parse(text: &str) -> Option<Self> {
                text.parse().ok()
            }
            fn expected() -> String {
                format!("a whole number from {} to {}", Self::MIN, Self::MAX)
            }
        }
    )+};
}
whole_numbers!(u8, u32, i32);

macro_rules! coded {
    ($($type:ty),+) => {$(
        impl Cell for $type {
            fn parse(text: &str) -> Option<Self> {
                Self::parse(text)
            }
            fn expected() -> String {
                format!("one of {}", Self::CODES.join(", "))
            }
        }
    )+};
}
coded!(
    Relation,
    Membership,
    Overlap,
    IndicatorKind,
    OverAreas,
    OverTime,
    CoverageBy,
    DenominatorDate,
    Attribution,
    TargetKind,
    Comparator,
    Strength,
    ReporterKind,
    Rounding,
    RuleCheck,
    RulePlaces,
    Severity
);
