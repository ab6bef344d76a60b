//! The text that a section makes of a number.

use super::super::number::Parts;
use super::section::{Section, Token};

/// What a spreadsheet shows of a number in a section, without a sign of its own; none where nobody can say.
pub(super) fn render(section: &Section, value: &Parts) -> Option<String> {
    let tokens = &section.tokens;
    let digits = |token: &Token| matches!(token, Token::Digit(_));
    let first = tokens.iter().position(digits);
    let Some(first) = first else { return general(tokens, value) };
    if section.has(&Token::General) || section.has(&Token::At) {
        return None;
    }
    if let Some(at) = tokens.iter().position(|token| matches!(token, Token::Exponent(_))) {
        return scientific(tokens, first, at, value);
    }
    if let Some(at) = tokens.iter().position(|token| *token == Token::Slash) {
        let near = |at: Option<usize>| at.and_then(|at| tokens.get(at)).is_some_and(digits);
        let behind = tokens.get(at + 1);
        let fixed = matches!(behind, Some(Token::Literal(text)) if is_digits(text));
        if near(at.checked_sub(1)) && (near(Some(at + 1)) || fixed) {
            return fraction(tokens, at, value);
        }
    }
    let percent = tokens.iter().filter(|token| **token == Token::Percent).count() as i32;
    let number = Layout::of(tokens)?;
    number.text(&value.moved(2 * percent - 3 * number.thousands))
}

/// The number as it is, or no number at all.
fn general(tokens: &[Token], value: &Parts) -> Option<String> {
    let mut out = String::new();
    for token in tokens {
        match token {
            Token::General | Token::At => out.push_str(&Parts { negative: false, ..value.clone() }.plain()?),
            Token::Literal(text) => out.push_str(text),
            Token::Percent => out.push('%'),
            Token::Slash => out.push('/'),
            Token::Comma => out.push(','),
            Token::Point => out.push('.'),
            Token::Digit(_) | Token::Exponent(_) => return None,
        }
    }
    Some(out)
}

/// Where a number's digits go.
struct Layout<'t> {
    tokens: &'t [Token],
    /// Of the point; the end without one.
    point: usize,
    /// Places before and behind it.
    whole: usize,
    decimals: usize,
    grouped: bool,
    /// Commas behind the last digit: each divides by a thousand.
    thousands: i32,
}

impl<'t> Layout<'t> {
    fn of(tokens: &'t [Token]) -> Option<Self> {
        let is_digit = |token: &&Token| matches!(token, Token::Digit(_));
        let points = tokens.iter().filter(|token| **token == Token::Point).count();
        if points > 1 {
            return None;
        }
        let point = tokens.iter().position(|token| *token == Token::Point).unwrap_or(tokens.len());
        let (before, behind) = tokens.split_at(point);
        let whole = before.iter().filter(is_digit).count();
        let decimals = behind.iter().filter(is_digit).count();
        let (mut grouped, mut thousands) = (false, 0);
        for (at, _) in tokens.iter().enumerate().filter(|(_, token)| **token == Token::Comma) {
            let end = if at < point { point } else { tokens.len() };
            let any = |tokens: &[Token]| tokens.iter().any(|token| is_digit(&token));
            match (any(&tokens[..at]), any(&tokens[at..end])) {
                (true, false) => thousands += 1,
                (true, true) if at < point => grouped = true,
                _ => return None,
            }
        }
        Some(Self { tokens, point, whole, decimals, grouped, thousands })
    }

    fn text(&self, value: &Parts) -> Option<String> {
        let rounded = value.rounded(-(self.decimals as i32));
        let (whole, fraction) = rounded.split()?;
        let fraction = format!("{fraction:0<width$}", width = self.decimals);
        let mut out = String::new();
        // Digits that have no place stand at the first; the first place stands for `whole - 1` from the point.
        let mut place = self.whole;
        let mut shown = false;
        let mut at_fraction = 0;
        for (at, token) in self.tokens.iter().enumerate() {
            match token {
                Token::Digit(kind) if at < self.point => {
                    let from = if place == self.whole { whole.len().max(place) } else { place };
                    for position in (place - 1..from).rev() {
                        let digit = whole.len().checked_sub(position + 1).map(|at| char::from(whole.as_bytes()[at]));
                        match digit.or(match kind {
                            '0' => Some('0'),
                            '?' => Some(' '),
                            _ => None,
                        }) {
                            Some(c) => {
                                out.push(c);
                                shown |= c != ' ';
                            }
                            None => continue,
                        }
                        if self.grouped && shown && position > 0 && position.is_multiple_of(3) {
                            out.push(',');
                        }
                    }
                    place -= 1;
                }
                Token::Digit(kind) => {
                    let rest = &fraction[at_fraction..];
                    let blank = rest.bytes().all(|digit| digit == b'0');
                    match (kind, blank) {
                        ('#', true) => {}
                        ('?', true) => out.push(' '),
                        _ => out.push_str(&rest[..1]),
                    }
                    at_fraction += 1;
                }
                Token::Point => {
                    if self.whole == 0 {
                        out.push_str(&whole);
                    }
                    out.push('.');
                }
                Token::Literal(text) => out.push_str(text),
                Token::Percent => out.push('%'),
                Token::Slash => out.push('/'),
                Token::Comma => {}
                Token::Exponent(_) | Token::General | Token::At => return None,
            }
        }
        Some(out)
    }
}

/// `0.0E+0`: the exponent is a multiple of the places before the point.
fn scientific(tokens: &[Token], first: usize, at: usize, value: &Parts) -> Option<String> {
    let end = at + 1 + tokens[at + 1..].iter().take_while(|token| matches!(token, Token::Digit(_))).count();
    let (mantissa, exponent) = (&tokens[first..at], &tokens[at + 1..end]);
    let around = |tokens: &[Token]| -> Option<String> {
        let texts = tokens.iter().map(|token| match token {
            Token::Literal(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    };
    let layout = Layout::of(mantissa)?;
    if layout.thousands > 0 || exponent.is_empty() || layout.whole == 0 {
        return None;
    }
    let step = layout.whole as i32;
    let power = |value: &Parts| if value.is_zero() { 0 } else { value.magnitude().div_euclid(step) * step };
    let mut by = power(value);
    // 9.96 in 0.0E+0 is 1.0E+1.
    let rounded = value.moved(-by).rounded(-(layout.decimals as i32));
    if rounded.magnitude() >= step {
        by += step;
    }
    let digits = layout.text(&value.moved(-by))?;
    let sign = match (by < 0, &tokens[at]) {
        (true, _) => "-",
        (false, Token::Exponent(true)) => "+",
        _ => "",
    };
    let shown = format!("{:0>width$}", by.unsigned_abs(), width = exponent.len());
    Some(format!("{}{digits}E{sign}{shown}{}", around(&tokens[..first])?, around(&tokens[end..])?))
}

/// `# ?/?`: only a number that its fraction gives exactly; any other is shown as one that is near.
fn fraction(tokens: &[Token], slash: usize, value: &Parts) -> Option<String> {
    let is_digit = |token: &&Token| matches!(token, Token::Digit(_));
    let above = tokens[..slash].iter().rev().take_while(is_digit).count();
    // Behind a digit that the format writes, a 0 is one too: hundredths are /100.
    let mut is_written = false;
    let below: Vec<_> = tokens[slash + 1..]
        .iter()
        .map_while(|token| match token {
            Token::Digit('0') if is_written => Some("0".to_owned()),
            Token::Digit(_) => Some(String::new()),
            Token::Literal(text) if is_digits(text) => {
                is_written = true;
                Some(text.clone())
            }
            _ => None,
        })
        .collect();
    let rest = tokens[..slash - above].iter().chain(&tokens[slash + 1 + below.len()..]);
    let blank = |token: &Token| matches!(token, Token::Literal(text) if text.trim().is_empty());
    if !rest.into_iter().all(|token| blank(token) || is_digit(&token)) {
        return None;
    }
    let (whole, decimals) = value.split()?;
    let base = 10_u128.checked_pow(u32::try_from(decimals.len()).ok()?)?;
    let part: u128 = if decimals.is_empty() { 0 } else { decimals.parse().ok()? };
    let common = gcd(part, base);
    let fixed: u128 = below.concat().parse().unwrap_or(0);
    let fits = match fixed {
        0 => base / common < 10_u128.pow(below.len().min(9) as u32),
        fixed => fixed.is_multiple_of(base / common),
    };
    // The same number, whatever the way it is drawn.
    fits.then(|| if decimals.is_empty() { format!("{whole:0>1}") } else { format!("{whole:0>1}.{decimals}") })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}
