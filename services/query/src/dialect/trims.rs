//! `trim(both from x)`: the parser wants to be told what is trimmed.

use std::borrow::Cow;

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer, Whitespace};

/// The text with the blank written that `trim` takes away where it says nothing else.
pub(crate) fn with_what(text: &str) -> Cow<'_, str> {
    let lower = text.to_ascii_lowercase();
    if !["both", "leading", "trailing"].iter().any(|side| lower.contains(side)) {
        return Cow::Borrowed(text);
    }
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, text).tokenize_with_location() else {
        return Cow::Borrowed(text);
    };
    let tokens: Vec<_> = tokens.into_iter().filter(|token| !is_space(&token.token)).collect();
    let lines: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let mut out = String::with_capacity(text.len() + 8);
    let mut done = 0;
    for window in tokens.windows(4) {
        let [trim, open, side, from] = window else { continue };
        let is_side = ["both", "leading", "trailing"].iter().any(|word| is(&side.token, word));
        if !(is(&trim.token, "trim") && open.token == Token::LParen && is_side && is(&from.token, "from")) {
            continue;
        }
        let (line, column) = (from.span.start.line, from.span.start.column);
        let Some(begins) = usize::try_from(line).ok().and_then(|line| lines.get(line.checked_sub(1)?)) else {
            continue;
        };
        let rest = &text[*begins..];
        let Some((at, _)) = rest.char_indices().nth(usize::try_from(column).unwrap_or(1).saturating_sub(1)) else {
            continue;
        };
        out.push_str(&text[done..begins + at]);
        out.push_str("' ' ");
        done = begins + at;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

fn is(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(found) if found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word))
}

fn is_space(token: &Token) -> bool {
    matches!(
        token,
        Token::Whitespace(
            Whitespace::Space
                | Whitespace::Newline
                | Whitespace::Tab
                | Whitespace::SingleLineComment { .. }
                | Whitespace::MultiLineComment(_)
        )
    )
}

#[cfg(test)]
mod tests {
    use super::with_what;

    #[test]
    fn what_is_trimmed_is_written() {
        for (text, expected) in [
            (
                "select '江',\n trim(both from x), TRIM( leading FROM y)",
                "select '江',\n trim(both ' ' from x), TRIM( leading ' ' FROM y)",
            ),
            ("select trim(both 'x' from y)", "select trim(both 'x' from y)"),
            ("select 'trim(both from x)', both from t", "select 'trim(both from x)', both from t"),
            ("select 'both", "select 'both"),
        ] {
            assert_eq!(with_what(text), expected);
        }
    }
}
