//! Which rules made a number: digests over what the SQL means, not over how it is written.
//!
//! A view's rule is its own text and that of every view below it, without comments and without the layout of lines.
//! So a corrected comment renames no publication, and a changed rule renames those that it feeds and no other.

use std::collections::BTreeMap;

use helan_schemas::digest::sha256_hex;

use crate::Query;

/// The rule digest of each view: SHA-256 over names, columns and tokens of the view and of all views that it reads.
pub type Rules = BTreeMap<String, String>;

/// The rules of these views, which come after those that they read.
pub(crate) fn of(queries: &[Query]) -> Rules {
    let mut rules = Rules::new();
    for query in queries {
        let rule = of_view(query, &rules);
        rules.insert(query.name.to_owned(), rule);
    }
    rules
}

/// The rule of a view, by those of the views that it reads.
pub(crate) fn of_view(query: &Query, rules: &Rules) -> String {
    let mut parts = vec![query.name.to_owned()];
    parts.extend(query.columns.iter().map(|column| format!("{} {:?}", column.name, column.data_type)));
    parts.extend(tokens(query.sql).map(str::to_owned));
    let mut inputs: Vec<&str> = query.inputs.clone();
    inputs.sort_unstable();
    // A leaf table has no rule of its own: its name says what it is.
    parts.extend(inputs.iter().map(|input| rules.get(*input).map_or(*input, String::as_str).to_owned()));
    let parts: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
    sha256_hex(&parts)
}

/// The words, numbers, texts and signs of SQL, without white space and comments.
///
/// Our own rather than a parser's: what a publication is named by must not change when a library is upgraded.
pub(crate) fn tokens(sql: &str) -> impl Iterator<Item = &str> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start();
            if rest.starts_with("--") {
                rest = rest.find('\n').map_or("", |end| &rest[end..]);
            } else if rest.starts_with("/*") {
                rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
            } else {
                break;
            }
        }
        let first = rest.chars().next()?;
        let length = match first {
            // A doubled quote inside is two texts side by side, which is as unambiguous.
            '\'' | '"' => rest[1..].find(first).map_or(rest.len(), |end| end + 2),
            _ if is_word(first) => rest.find(|letter| !is_word(letter)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        Some(token)
    })
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '$' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files as they are, one of them changed.
    fn changed(name: &str, change: impl Fn(&str) -> String) -> Rules {
        let mut queries = crate::all().to_vec();
        let query = queries.iter_mut().find(|query| query.name == name).expect(name);
        query.sql = change(query.sql).leak();
        of(&queries)
    }

    /// The views whose rule is another.
    fn differing(rules: &Rules) -> Vec<&str> {
        let now = of(crate::all());
        rules.iter().filter(|(name, digest)| now[*name] != **digest).map(|(name, _)| name.as_str()).collect()
    }

    /// A view and all that read it, directly or through others.
    fn fed_by(name: &str) -> Vec<&'static str> {
        let mut fed = crate::resting_on(&[name]);
        fed.sort_unstable();
        fed
    }

    #[test]
    fn a_comment_or_another_layout_changes_no_rule() {
        for query in crate::all() {
            let more = |sql: &str| {
                let sql = sql.replace(" | ", " | No longer the same remark: ");
                let (head, body) =
                    sql.split_at(sql.lines().take_while(|l| l.starts_with("--")).map(|l| l.len() + 1).sum());
                format!("{head}-- It's why.\n{}\n/* the end */ -- of it", body.replace('\n', "  -- as 'text'\n  "))
            };
            assert_eq!(differing(&changed(query.name, more)), [""; 0], "{}", query.name);
        }
    }

    #[test]
    fn a_changed_rule_changes_what_it_feeds_and_nothing_else() {
        for query in crate::all() {
            let rules = changed(query.name, |sql| format!("{sql} limit 7"));
            assert_eq!(differing(&rules), fed_by(query.name), "{}", query.name);
        }
        assert!(!fed_by("findings").contains(&"quota_fulfilment"), "findings judge nothing");
    }

    #[test]
    fn texts_words_and_signs_are_told_apart() {
        let list = |sql| tokens(sql).collect::<Vec<_>>();
        assert_eq!(list("a<=1.50 -- b\n/* c */||'it''s -- d'"), ["a", "<", "=", "1.50", "|", "|", "'it'", "'s -- d'"]);
        assert_ne!(list("select 'a  b'"), list("select 'a b'"), "white space in a text is a text");
        assert_ne!(list("select a b"), list("select ab"));
        assert_eq!(list("\"week\" = '周'"), ["\"week\"", "=", "'周'"]);
        assert_eq!(list("'open"), ["'open"], "what does not end, ends with the file");
    }
}
