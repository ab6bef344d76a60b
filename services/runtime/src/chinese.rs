//! Errors in Chinese, for every command and front end.
//!
//! Every crate says what went wrong in English, beside the code that found it. `zh.toml` has the Chinese by the English
//! text with its holes; what a program put into them is found again in the text that is shown. So an error is written
//! once, a chain of causes is told cause by cause, and a text that nobody has translated is shown as it is. A test reads
//! the sources and names the texts that are missing here.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// `chinese/zh.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    /// Texts of this repository.
    ours: BTreeMap<String, String>,
    /// Texts of what it calls, and single words.
    others: BTreeMap<String, String>,
    /// What is wrong with a catalog's files, why that cannot stand, what to do.
    catalog: BTreeMap<String, String>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    // A test reads the same text: a build whose page cannot be read is not made.
    toml::from_str(include_str!("chinese/zh.toml")).expect("zh.toml is sound")
});

static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let all = WORDS.ours.iter().chain(&WORDS.others).chain(&WORDS.catalog);
    let mut patterns: Vec<_> = all.map(|(en, zh)| Pattern { en: pieces(en), zh: pieces(zh) }).collect();
    // The one that says most itself is meant.
    patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.literal()));
    patterns
});

/// How deep texts within texts are translated.
const DEPTH: usize = 4;

/// A piece of a text with holes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// As it is.
    Text(String),
    /// A hole, by its name; one without a name is counted.
    Hole(String),
}

#[derive(Debug)]
struct Pattern {
    en: Vec<Piece>,
    zh: Vec<Piece>,
}

/// Longest text that is looked up, in bytes; a longer one is mostly somebody's own.
const LONGEST: usize = 8 * 1024;

/// What was wrong, in Chinese; a text that nobody has translated as it is.
pub fn in_chinese(text: &str) -> String {
    if text.len() > LONGEST { text.to_owned() } else { translated(text, DEPTH) }
}

fn translated(text: &str, depth: usize) -> String {
    if depth == 0 {
        return text.to_owned();
    }
    let found = PATTERNS.iter().find_map(|pattern| pattern.applied(text, depth));
    if let Some(found) = found {
        return found;
    }
    if text.contains('\n') {
        return text.lines().map(|line| translated(line, depth - 1)).collect::<Vec<_>>().join("\n");
    }
    // A cause that an error says itself.
    match text.split_once(": ").or_else(|| text.split_once('：')) {
        Some((head, cause)) => {
            let (told, why) = (translated(head, depth - 1), translated(cause, depth - 1));
            if told != head || why != cause { format!("{told}：{why}") } else { text.to_owned() }
        }
        None => text.to_owned(),
    }
}

impl Pattern {
    /// Bytes that it says itself.
    fn literal(&self) -> usize {
        let texts = self.en.iter().map(|piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Hole(_) => 0,
        });
        texts.sum()
    }

    /// The Chinese for a text, if it has this form.
    fn applied(&self, text: &str, depth: usize) -> Option<String> {
        let holes = held(&self.en, text)?;
        let mut told = String::new();
        for piece in &self.zh {
            match piece {
                Piece::Text(text) => told.push_str(text),
                Piece::Hole(name) => {
                    let (_, value) = holes.iter().find(|(known, _)| *known == name)?;
                    told.push_str(&translated(value, depth - 1));
                }
            }
        }
        Some(told)
    }
}

/// What stands in the holes of a text of this form: each hole ends where the text behind it is found first, the last one
/// where the form ends.
fn held<'t>(pieces: &'t [Piece], text: &'t str) -> Option<Vec<(&'t String, &'t str)>> {
    let (mut holes, mut rest, mut open) = (Vec::new(), text, None);
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Hole(name) => holes.extend(open.replace(name).map(|before| (before, ""))),
            Piece::Text(own) => {
                let Some(name) = open.take() else {
                    rest = rest.strip_prefix(own.as_str())?;
                    continue;
                };
                let is_last = at + 1 == pieces.len();
                let end = if is_last { rest.strip_suffix(own.as_str())?.len() } else { rest.find(own.as_str())? };
                holes.push((name, &rest[..end]));
                rest = &rest[end + own.len()..];
            }
        }
    }
    match open {
        Some(name) => holes.push((name, rest)),
        None if rest.is_empty() => {}
        None => return None,
    }
    Some(holes)
}

/// Takes a text with holes apart.
fn pieces(text: &str) -> Vec<Piece> {
    let (mut pieces, mut rest, mut unnamed) = (Vec::new(), text, 0);
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else { break };
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        let name = name.split(':').next().unwrap_or_default();
        // `{name:?}` is the value `name`; what follows the colon says only how it is printed.
        let name = match name.is_empty() {
            true => (unnamed, unnamed += 1).0.to_string(),
            false => name.to_owned(),
        };
        pieces.push(Piece::Hole(name));
        rest = behind;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    pieces
}

#[cfg(test)]
mod tests;
