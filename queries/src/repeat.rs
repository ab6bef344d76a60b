//! What a SQL file says several times, written once:
//!
//! ```text
//! -- repeat n = 1 to 4
//! level_{n} as (select … from level_{n-1}),
//! -- end
//! ```
//!
//! The lines are repeated for each number, and what stands in braces is computed: numbers, names of repeats around it, `+`,
//! `-`, `^` and parentheses. `-- repeat m = 0 to n-1, between ,` puts a text between the rounds; `-- repeat n = 2 to 4, where
//! level_1 is other` writes another name, as the first round may need it. Headers are repeated too.

use std::borrow::Cow;

const BEGIN: &str = "-- repeat ";
const END: &str = "-- end";

/// The numbers that names stand for, the innermost last.
type Numbers<'t> = Vec<(&'t str, i64)>;

/// A file's text with every repeat written out.
pub(crate) fn written_out(text: &str) -> Result<Cow<'_, str>, String> {
    if !text.lines().any(|line| line.starts_with(BEGIN)) {
        return Ok(Cow::Borrowed(text));
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut out = String::new();
    rounds(&lines, &mut Numbers::new(), &mut out)?;
    Ok(Cow::Owned(out))
}

fn rounds<'t>(lines: &[&'t str], numbers: &mut Numbers<'t>, out: &mut String) -> Result<(), String> {
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        let Some(head) = line.strip_prefix(BEGIN) else {
            if *line == END {
                return Err(format!("line {at} of a repeat ends what did not begin"));
            }
            out.push_str(&filled(line, numbers)?);
            out.push('\n');
            continue;
        };
        let body = &lines[at..at + length(&lines[at..]).ok_or_else(|| format!("{line:?} has no {END:?}"))?];
        at += body.len() + 1;
        let (head, between) = head.split_once(", between ").unwrap_or((head, ""));
        let (range, other) = head.split_once(", where ").unwrap_or((head, ""));
        let parsed = range.split_once(" = ").and_then(|(name, range)| Some((name, range.split_once(" to ")?)));
        let (name, (first, last)) = parsed.ok_or_else(|| format!("{line:?} is no `-- repeat NAME = A to B`"))?;
        let (first, last) = (number(first, numbers)?, number(last, numbers)?);
        for round in first..=last {
            numbers.push((name, round));
            let mut written = String::new();
            rounds(body, numbers, &mut written)?;
            numbers.pop();
            out.push_str(&match other.split_once(" is ") {
                Some((name, other)) => renamed(&written, name, other),
                None => written,
            });
            if round < last && !between.is_empty() {
                out.truncate(out.trim_end().len());
                out.push_str(between);
                out.push('\n');
            }
        }
    }
    Ok(())
}

/// A text in which one name is written for another.
fn renamed(text: &str, name: &str, other: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut out = String::new();
    for piece in text.split_inclusive(|c| !is_word(c)) {
        let (word, sign) = piece.split_at(piece.find(|c| !is_word(c)).unwrap_or(piece.len()));
        out.push_str(if word == name { other } else { word });
        out.push_str(sign);
    }
    out
}

/// How many lines stand before the end of a repeat whose first line is given.
fn length(lines: &[&str]) -> Option<usize> {
    let mut depth = 0_usize;
    lines.iter().position(|line| {
        depth += usize::from(line.starts_with(BEGIN));
        let ends = *line == END && depth == 0;
        depth -= usize::from(*line == END && !ends);
        ends
    })
}

/// A line with its braces computed; outside a repeat they are text.
fn filled<'t>(line: &'t str, numbers: &Numbers<'_>) -> Result<Cow<'t, str>, String> {
    if numbers.is_empty() || !line.contains('{') {
        return Ok(Cow::Borrowed(line));
    }
    let (mut out, mut rest) = (String::new(), line);
    while let Some((before, after)) = rest.split_once('{') {
        let (inner, behind) =
            after.split_once('}').ok_or_else(|| format!("{line:?} has a brace that does not close"))?;
        out.push_str(before);
        out.push_str(&number(inner, numbers)?.to_string());
        rest = behind;
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

fn number(text: &str, numbers: &Numbers<'_>) -> Result<i64, String> {
    let wrong = || format!("a repeat cannot compute the number {text:?}");
    let mut rest = text;
    let value = sum(&mut rest, numbers).ok_or_else(wrong)?;
    if rest.trim().is_empty() { Ok(value) } else { Err(wrong()) }
}

fn sum(rest: &mut &str, numbers: &Numbers<'_>) -> Option<i64> {
    let mut value = power(rest, numbers)?;
    loop {
        value = match next(rest, ['+', '-']) {
            Some('+') => value.checked_add(power(rest, numbers)?)?,
            Some(_) => value.checked_sub(power(rest, numbers)?)?,
            None => return Some(value),
        };
    }
}

fn power(rest: &mut &str, numbers: &Numbers<'_>) -> Option<i64> {
    let base = single(rest, numbers)?;
    match next(rest, ['^', '^']) {
        Some(_) => base.checked_pow(power(rest, numbers)?.try_into().ok()?),
        None => Some(base),
    }
}

fn single(rest: &mut &str, numbers: &Numbers<'_>) -> Option<i64> {
    if next(rest, ['(', '(']).is_some() {
        let value = sum(rest, numbers)?;
        return next(rest, [')', ')']).map(|_| value);
    }
    let length = rest.trim_start().find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.trim_start().len());
    let (word, behind) = rest.trim_start().split_at(length);
    *rest = behind;
    let named = numbers.iter().rev().find(|(name, _)| *name == word).map(|(_, number)| *number);
    named.or_else(|| word.parse().ok())
}

/// Takes one of two signs, if it comes next.
fn next(rest: &mut &str, signs: [char; 2]) -> Option<char> {
    let found = rest.trim_start().chars().next().filter(|c| signs.contains(c))?;
    *rest = &rest.trim_start()[1..];
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_repeated_and_braces_computed() {
        let text = "a\n-- repeat n = 1 to 2\nl_{n} from l_{n-1} {2^(n+3)}\n-- repeat m = 0 to n-1, between ,\n  x{n}_{m}\n-- end\n)\n-- end\nz {n}\n";
        let written = written_out(text).expect("repeats");
        assert_eq!(written, "a\nl_1 from l_0 16\n  x1_0\n)\nl_2 from l_1 32\n  x2_0,\n  x2_1\n)\nz {n}\n");
        assert!(matches!(written_out("plain {n}"), Ok(Cow::Borrowed(_))));
        let text = "-- repeat n = 2 to 3, where l_1 is other, between ,\nl_{n} from l_{n-1}, l_1x\n-- end";
        assert_eq!(written_out(text).expect("repeats"), "l_2 from other, l_1x,\nl_3 from l_2, l_1x\n");
    }

    #[test]
    fn what_is_no_repeat_is_said() {
        for text in [
            "-- repeat n = 1 to 2\nx",
            "-- repeat n 1 2\nx\n-- end",
            "-- repeat n = 1 to k\nx\n-- end",
            "-- repeat n = 1 to 2\n{n*2}\n-- end",
            "-- repeat n = 1 to 2\n{n\n-- end",
            "-- repeat n = 1 to 2\n-- end\n-- end",
        ] {
            assert!(written_out(text).is_err(), "{text}");
        }
    }
}
