//! Where a statement ends: at a semicolon that is in no quotes and no comment, or before a line that is a command.

/// One statement or command of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    /// SQL, without its semicolon.
    Statement(&'t str),
    /// A line that begins with a backslash, without it.
    Command(&'t str),
}

/// The pieces of a text; the last statement may lack its semicolon.
pub(crate) fn pieces(mut text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    loop {
        text = text.trim_start();
        if let Some(rest) = text.strip_prefix('\\') {
            let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
            found.push(Piece::Command(line.trim()));
            text = after;
            continue;
        }
        let (statement, after) = match end(text) {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => (text, ""),
        };
        if has_words(statement) {
            found.push(Piece::Statement(statement.trim()));
        }
        if after.is_empty() {
            return found;
        }
        text = after;
    }
}

/// Whether a person who has typed this has said all: a command, a statement with its semicolon, or nothing.
pub(crate) fn is_complete(text: &str) -> bool {
    let text = text.trim_start();
    if text.starts_with('\\') || !has_words(text) {
        return true;
    }
    match end(text) {
        Some(at) => is_complete(&text[at + 1..]),
        None => false,
    }
}

/// The quote or comment that a place in a text lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    /// Plain SQL.
    Code,
    /// A text in single quotes, which begins here.
    Text(usize),
    /// A name in double quotes, which begins here.
    Name(usize),
    /// A comment.
    Comment,
}

/// What the end of a text lies in.
pub(crate) fn within(text: &str) -> Within {
    scan(text, false).1
}

fn end(text: &str) -> Option<usize> {
    scan(text, true).0
}

/// Whether anything but spaces and comments stands there.
fn has_words(text: &str) -> bool {
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
        } else {
            return !rest.trim_matches([';', ' ', '\n', '\t']).is_empty();
        }
    }
}

fn scan(text: &str, stop: bool) -> (Option<usize>, Within) {
    let bytes = text.as_bytes();
    let mut state = Within::Code;
    let mut at = 0;
    while at < bytes.len() {
        let next = bytes.get(at + 1).copied();
        match (state, bytes[at]) {
            (Within::Code, b';') if stop => return (Some(at), state),
            (Within::Code, b'\n') if stop && text[at..].trim_start().starts_with('\\') => return (Some(at), state),
            (Within::Code, b'\'') => state = Within::Text(at),
            (Within::Code, b'"') => state = Within::Name(at),
            (Within::Code, b'-') if next == Some(b'-') => match text[at..].find('\n') {
                Some(length) => at += length,
                None => return (None, Within::Comment),
            },
            (Within::Code, b'/') if next == Some(b'*') => match text[at + 2..].find("*/") {
                Some(length) => at += length + 3,
                None => return (None, Within::Comment),
            },
            // A doubled quote is one character: leaving and entering again comes to the same.
            (Within::Text(_), b'\'') | (Within::Name(_), b'"') => state = Within::Code,
            _ => {}
        }
        at += 1;
    }
    (None, state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_in_quotes_and_comments_end_nothing() {
        let text = "select ';', \"a;b\" -- c;d\n from t /* ; */;\\d events\nselect 'it''s;'";
        assert_eq!(
            pieces(text),
            [
                Piece::Statement("select ';', \"a;b\" -- c;d\n from t /* ; */"),
                Piece::Command("d events"),
                Piece::Statement("select 'it''s;'"),
            ]
        );
        assert_eq!(pieces(" ;; -- nothing\n"), []);
        assert_eq!(pieces("选 1；;select 2").len(), 2);
    }

    #[test]
    fn a_statement_is_complete_with_its_semicolon() {
        for (text, complete) in [
            ("", true),
            ("\\d", true),
            ("select 1", false),
            ("select 1;", true),
            ("select ';", false),
            ("select 1; -- that is all", true),
            ("select 1; select 2", false),
            ("select 1\n\\q", true),
            ("select '\n\\q", false),
            ("-- a comment\n", true),
        ] {
            assert_eq!(is_complete(text), complete, "{text:?}");
        }
    }

    #[test]
    fn the_end_of_a_text_lies_in_quotes_or_not() {
        assert_eq!(within("select '银"), Within::Text(7));
        assert_eq!(within("select 'a' "), Within::Code);
        assert_eq!(within("select \"a"), Within::Name(7));
        assert_eq!(within("select -- '"), Within::Comment);
    }
}
