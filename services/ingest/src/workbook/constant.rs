//! Formulas that name no cell and no function: what they come to, so that a result that a program only left as a place
//! holder can be told.

/// What a formula of numbers alone comes to; none for any other.
pub(super) fn number(formula: &str) -> Option<f64> {
    let formula = formula.trim().trim_start_matches('=');
    let bytes: Vec<u8> = formula.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let mut reader = Reader { bytes: &bytes, at: 0, depth: 0 };
    let value = reader.sum()?;
    (reader.at == bytes.len()).then_some(value)
}

/// Whether a saved result is what a formula of numbers alone comes to; true for any other formula.
pub(super) fn agrees(formula: &str, result: &str) -> bool {
    let Some(value) = number(formula) else { return true };
    let Ok(saved) = result.trim().parse::<f64>() else { return false };
    (value - saved).abs() <= value.abs().max(saved.abs()) * 1e-12
}

/// Parentheses within each other.
const DEEPEST: usize = 50;

struct Reader<'f> {
    bytes: &'f [u8],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn next_is(&mut self, byte: u8) -> bool {
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn sum(&mut self) -> Option<f64> {
        let mut value = self.product()?;
        loop {
            if self.next_is(b'+') {
                value += self.product()?;
            } else if self.next_is(b'-') {
                value -= self.product()?;
            } else {
                return Some(value);
            }
        }
    }

    fn product(&mut self) -> Option<f64> {
        let mut value = self.power()?;
        loop {
            if self.next_is(b'*') {
                value *= self.power()?;
            } else if self.next_is(b'/') {
                value /= self.power()?;
            } else {
                return Some(value).filter(|value| value.is_finite());
            }
        }
    }

    fn power(&mut self) -> Option<f64> {
        let mut value = self.signed()?;
        while self.next_is(b'^') {
            value = value.powf(self.signed()?);
        }
        Some(value)
    }

    /// In spreadsheets a sign binds closer than a power.
    fn signed(&mut self) -> Option<f64> {
        let mut negative = false;
        loop {
            if self.next_is(b'-') {
                negative = !negative;
            } else if !self.next_is(b'+') {
                break;
            }
        }
        let mut value = self.single()?;
        while self.next_is(b'%') {
            value /= 100.0;
        }
        Some(if negative { -value } else { value })
    }

    fn single(&mut self) -> Option<f64> {
        if self.next_is(b'(') {
            self.depth += 1;
            let value = if self.depth <= DEEPEST { self.sum() } else { None }?;
            self.depth -= 1;
            return self.next_is(b')').then_some(value);
        }
        let start = self.at;
        while let Some(byte) = self.bytes.get(self.at) {
            let sign = matches!(byte, b'+' | b'-') && self.at > start && matches!(self.bytes[self.at - 1], b'e' | b'E');
            if !byte.is_ascii_digit() && !matches!(byte, b'.' | b'e' | b'E') && !sign {
                break;
            }
            self.at += 1;
        }
        std::str::from_utf8(&self.bytes[start..self.at]).ok()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_results_that_were_never_computed() {
        for (formula, result, agreed) in [
            ("62694.66", "0.0", false),
            ("62694.66", "62694.66", true),
            ("1+2*3", "7", true),
            ("1+2*3", "9", false),
            ("(1+2)*3", "9", true),
            ("-2^2", "4", true),
            ("50%", "0.5", true),
            ("0.1+0.2", "0.30000000000000004", true),
            ("1E+3/4", "250", true),
            ("= 41 + 1", "42", true),
            ("7", "", false),
            ("1/0", "0", true),
            ("B2*2", "0", true),
            ("SUM(1,2)", "0", true),
            ("E3", "0", true),
            ("\"7\"", "0", true),
        ] {
            assert_eq!(agrees(formula, result), agreed, "{formula} {result}");
        }
        assert_eq!(number(&"(".repeat(10_000)), None);
    }
}
