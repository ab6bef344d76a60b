//! Patterns of PostgreSQL: of dates, as `to_char`, `to_date` and `to_timestamp` take them, and regular ones in `substring`.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value, ValueWithSpan,
};

/// Words of a pattern and the engine's, the longest of one beginning first. Those that PostgreSQL fills up with blanks
/// (`Month`, `Day`) have no counterpart.
const WORDS: &[(&str, &str)] = &[
    ("FMMonth", "%B"),
    ("FMDay", "%A"),
    ("IYYY", "%G"),
    ("YYYY", "%Y"),
    ("HH24", "%H"),
    ("HH12", "%I"),
    ("DDD", "%j"),
    ("Mon", "%b"),
    ("MM", "%m"),
    ("MI", "%M"),
    ("MS", "%3f"),
    ("DD", "%d"),
    ("HH", "%I"),
    ("SS", "%S"),
    ("US", "%6f"),
    ("IW", "%V"),
    ("ID", "%u"),
    ("Dy", "%a"),
    ("AM", "%p"),
    ("PM", "%p"),
    ("Q", "%q"),
];
/// Patterns that can be parsed as a timestamp.
const READ: &[&str] = &["%Y", "%m", "%d", "%j", "%H", "%I", "%M", "%S", "%3f", "%6f", "%p", "%b"];

/// A call with its pattern in the engine's words; none where there is nothing to say otherwise.
pub(super) fn said(call: &Function) -> Option<String> {
    let name = call.name.to_string().to_ascii_lowercase();
    if !matches!(name.as_str(), "to_char" | "to_date" | "to_timestamp") {
        return None;
    }
    let FunctionArguments::List(list) = &call.args else { return None };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(value)), FunctionArg::Unnamed(FunctionArgExpr::Expr(pattern))] =
        list.args.as_slice()
    else {
        return None;
    };
    let pattern = words(written(pattern)?)?;
    if name == "to_char" {
        return Some(format!("to_char({value}, '{}')", joined(&pattern).replace('\'', "''")));
    }
    let is_read = |part: &String| !part.starts_with('%') || READ.contains(&part.as_str());
    if !pattern.iter().all(is_read) {
        return None;
    }
    let has = |word: &str| pattern.iter().any(|part| part == word);
    // What is not written is the first: of the year, of the month, of the hour.
    let missing = match (has("%Y"), has("%m") || has("%b"), has("%d"), has("%j"), has("%H"), has("%M")) {
        (true, true, true, false, false, _)
        | (true, true, true, false, true, true)
        | (true, false, false, true, false, _) => None,
        (true, true, true, false, true, false) => Some((":00", ":%M")),
        (true, true, false, false, false, false) => Some(("-01", "-%d")),
        (true, false, false, false, false, false) => Some(("-01-01", "-%m-%d")),
        _ => return None,
    };
    let mut pattern = joined(&pattern).replace(".%6f", "%.f").replace(".%3f", "%.f");
    // Digits that follow at once are read by their number.
    if pattern.ends_with("%6f") || pattern.ends_with("%3f") {
        return None;
    }
    let value = match missing {
        Some((text, part)) => {
            pattern.push_str(part);
            format!("concat({value}, '{text}')")
        }
        None => value.to_string(),
    };
    Some(format!("{name}({value}, '{}')", pattern.replace('\'', "''")))
}

/// `substring(x from 'pattern')` is what of `x` the pattern matches.
pub(super) fn matched(expr: &Expr) -> Option<String> {
    let Expr::Substring { expr, substring_from: Some(pattern), substring_for: None, .. } = expr else { return None };
    written(pattern)?;
    Some(format!("regexp_match({expr}, {pattern})[1]"))
}

fn written(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => Some(text),
        _ => None,
    }
}

fn joined(parts: &[String]) -> String {
    parts.concat()
}

/// A pattern in the engine's words; none where it has others, or is in these already.
pub(super) fn words(pattern: &str) -> Option<Vec<String>> {
    let (mut parts, mut rest) = (Vec::new(), pattern);
    while let Some(sign) = rest.chars().next() {
        if sign == '"' {
            let (text, after) = rest[1..].split_once('"')?;
            parts.push(text.replace('%', "%%"));
            rest = after;
        } else if sign.is_ascii_alphabetic() {
            // Numbers are the same in any case of letters, names are not.
            let is_word = |word: &str| match rest.get(..word.len()) {
                Some(found) if word.chars().any(|letter| letter.is_ascii_lowercase()) => found == word,
                Some(found) => found == word || found == word.to_ascii_lowercase() && !matches!(word, "AM" | "PM"),
                None => false,
            };
            // Seconds of the day.
            if rest.get(..4).is_some_and(|found| found.eq_ignore_ascii_case("SSSS")) {
                return None;
            }
            let (word, said) = WORDS.iter().find(|(word, _)| is_word(word))?;
            parts.push((*said).to_owned());
            rest = &rest[word.len()..];
        } else if sign == '%' || sign == '\\' || !sign.is_ascii() && sign.is_alphabetic() && !is_han(sign) {
            return None;
        } else {
            parts.push(sign.to_string());
            rest = &rest[sign.len_utf8()..];
        }
    }
    parts.iter().any(|part| part.starts_with('%')).then_some(parts)
}

/// As between the parts of a Chinese date, 2019年08月30日.
fn is_han(sign: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_word_by_word() {
        let said = |pattern: &str| words(pattern).map(|parts| joined(&parts));
        for (pattern, expected) in [
            ("YYYY-MM-DD HH24:MI:SS", "%Y-%m-%d %H:%M:%S"),
            ("yyyymmdd", "%Y%m%d"),
            ("YYYY\"年\"MM\"月\"", "%Y年%m月"),
            ("YYYY年MM月DD日", "%Y年%m月%d日"),
            ("IYYY-IW", "%G-%V"),
            ("YYYY-\"Q\"Q", "%Y-Q%q"),
            ("DD Mon YYYY HH12:MI AM", "%d %b %Y %I:%M %p"),
            ("SS.MS", "%S.%3f"),
        ] {
            assert_eq!(said(pattern).as_deref(), Some(expected));
        }
        for pattern in ["Month", "999.99", "%Y-%m", "YYYY-MM-DD TZ", "MON", "-", "J", "SSSS"] {
            assert_eq!(said(pattern), None, "{pattern}");
        }
    }
}
