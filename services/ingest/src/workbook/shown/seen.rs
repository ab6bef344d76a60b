//! Reads a shown text as a person reads it: a number, and what stands beside it.

use super::super::number::Parts;

/// Signs of a negative number; triangles are what ministries print.
const MINUS: [char; 8] = ['-', '−', '－', '–', '△', '▲', '负', '負'];
const SPACES: [char; 7] = [' ', '\u{a0}', '\u{2009}', '\u{202f}', '\u{3000}', '\'', '’'];

/// A number may be shown with fewer digits than it has, but not with fewer than these: 1.2984 shown as 1.3 is another
/// number, which may even lie on the other side of a target.
pub(in crate::workbook) const FEWEST: usize = 3;

/// What a person sees.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// As it is written, without separators of thousands.
    pub(super) digits: String,
    /// What stands before and behind it.
    pub(super) words: Vec<String>,
    /// It has fewer digits than the number.
    pub(super) shorter: bool,
}

/// What a shown text says, if it shows this number, rounded to as many digits as it has.
pub(super) fn seen(text: &str, stored: &Parts) -> Option<Seen> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let start = if text[..start].ends_with('.') { start - 1 } else { start };
    let end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let (before, behind) = (text[..start].trim(), text[end..].trim_start_matches('.').trim());
    let digits = plain(&text[start..end])?;
    let shown = Parts::of(&digits)?;
    let (minus, words) = signs(before, behind);
    if minus > 1 || words.iter().flat_map(|word| word.chars()).any(char::is_numeric) {
        return None;
    }
    if shown.is_zero() != stored.is_zero() || !stored.is_zero() && (minus == 1) != stored.negative {
        return None;
    }
    let shown = Parts { negative: stored.negative, ..shown };
    if !stored.rounded(shown.exponent).compared(&shown).is_eq() {
        return None;
    }
    let shorter = !stored.compared(&shown).is_eq();
    if shorter && shown.digits.len() < FEWEST {
        return None;
    }
    Some(Seen { digits, words, shorter })
}

/// A number's digits without separators, which stand between groups of three.
fn plain(text: &str) -> Option<String> {
    let (mantissa, exponent) = match text.split_once('E') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(whole, rest)| (whole, Some(rest)));
    let separates = |c: char| c == ',' || SPACES.contains(&c);
    let marks: std::collections::BTreeSet<char> = whole.chars().filter(|c| separates(*c)).collect();
    let groups: Vec<_> = whole.split(separates).collect();
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let grouped = groups.len() == 1 || groups[1..].iter().all(|group| group.len() == 3) && groups[0].len() <= 3;
    if marks.len() > 1 || !grouped || !groups.iter().all(|group| all_digits(group)) {
        return None;
    }
    if !fraction.is_none_or(all_digits) || exponent.is_some_and(|text| !all_digits(text.trim_start_matches(['+', '-'])))
    {
        return None;
    }
    let mut out = groups.concat();
    out.extend(fraction.map(|text| format!(".{text}")));
    out.extend(exponent.map(|text| format!("E{}", text.trim_start_matches('+'))));
    Some(out)
}

/// How many signs say that the number is negative, and the words without them.
fn signs(before: &str, behind: &str) -> (usize, Vec<String>) {
    let (mut before, mut behind) = (before.to_owned(), behind.to_owned());
    let mut minus = 0;
    for (open, close) in [('(', ')'), ('（', '）')] {
        if let (Some(start), Some(end)) = (before.find(open), behind.rfind(close)) {
            before.remove(start);
            behind.remove(end);
            minus += 1;
        }
    }
    minus += before.chars().filter(|c| MINUS.contains(c)).count();
    before.retain(|c| !MINUS.contains(&c) && c != '+');
    for c in MINUS {
        if let Some(rest) = behind.strip_suffix(c).or_else(|| behind.strip_prefix(c)) {
            behind = rest.to_owned();
            minus += 1;
        }
    }
    let words = [before, behind].into_iter().map(|word| word.trim().to_owned());
    (minus, words.filter(|word| !word.is_empty()).collect())
}
