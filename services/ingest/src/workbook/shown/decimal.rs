//! Exact decimals as formats need them: moved, rounded, compared.

use std::cmp::Ordering;

use super::super::number::Parts;

impl Parts {
    pub(in crate::workbook) fn is_zero(&self) -> bool {
        self.digits.bytes().all(|digit| digit == b'0')
    }

    /// Times a power of ten.
    pub(super) fn moved(&self, by: i32) -> Self {
        Self { exponent: self.exponent.saturating_add(by), ..self.clone() }
    }

    /// The power of ten of its first digit.
    pub(super) fn magnitude(&self) -> i32 {
        self.exponent.saturating_add(self.digits.len() as i32 - 1)
    }

    /// Its whole digits, none for zero, and those behind the point.
    pub(super) fn split(&self) -> Option<(String, String)> {
        let plain = Self { negative: false, ..self.clone() }.plain()?;
        let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        Some((whole.trim_start_matches('0').to_owned(), fraction.to_owned()))
    }

    /// Compared by value, signs included.
    pub(in crate::workbook) fn compared(&self, other: &Self) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return if other.negative { Ordering::Greater } else { Ordering::Less },
            (false, true) => return if self.negative { Ordering::Less } else { Ordering::Greater },
            (false, false) => {}
        }
        if self.negative != other.negative {
            return if self.negative { Ordering::Less } else { Ordering::Greater };
        }
        let by_size = self.magnitude().cmp(&other.magnitude()).then_with(|| {
            let length = self.digits.len().max(other.digits.len());
            let padded = |parts: &Self| format!("{:0<length$}", parts.digits);
            padded(self).cmp(&padded(other))
        });
        if self.negative { by_size.reverse() } else { by_size }
    }
}
