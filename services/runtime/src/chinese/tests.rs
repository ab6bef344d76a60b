//! Every error that a person may read has a Chinese text, found in the sources themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{PATTERNS, Piece, WORDS, in_chinese, pieces};

/// Where errors are written: behind these a text, or what makes one.
const MARKS: [&str; 14] = [
    "#[error(",
    "bail!(",
    "ensure!(",
    ".context(",
    "with_context(",
    "anyhow!(",
    "Asked(",
    "asked(",
    "Refused(",
    "refused(",
    "misconfigured(",
    "problem(",
    "Err(",
    "map_err(",
];

/// Sources whose texts no command line shows: the service's own answers, which have codes, and what tests put in place.
const APART: [&str; 10] = [
    "services/front/connections",
    "services/front/flight",
    "services/front/postgres",
    "services/ingest/src/workbook",
    "services/ingest/src/charset.rs",
    "services/lake/src/simulated.rs",
    "services/lake/src/durable.rs",
    "schemas/src/event.rs",
    "schemas/src/fields.rs",
    "services/helan/src/documented.rs",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("a directory of sources") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.is_dir() && name != "tests" {
            sources(&path, found);
        } else if name.ends_with(".rs") && !name.contains("tests") {
            found.push(path);
        }
    }
}

/// The text up to the parenthesis that closes what is open at its beginning.
fn enclosed(text: &str) -> &str {
    let (mut depth, mut at) = (1, 0);
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at += 1 + quoted(&text[at + 1..]),
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'\'' if bytes.get(at + 2) == Some(&b'\'') => at += 2,
            b'/' if bytes.get(at + 1) == Some(&b'/') => at += text[at..].find('\n').unwrap_or(0),
            _ => {}
        }
        if depth == 0 {
            return &text[..at];
        }
        at += 1;
    }
    text
}

/// Bytes of a literal's content.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    text.len()
}

/// The literals of a piece of source, as the program has them.
fn literals(mut text: &str) -> Vec<String> {
    let mut found = Vec::new();
    while let Some((_, after)) = text.split_once('"') {
        let end = quoted(after);
        let mut plain = String::new();
        let mut rest = after[..end].chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '\\' => match rest.next() {
                    Some('n') => plain.push('\n'),
                    Some('\n') => while rest.next_if(|c| c.is_whitespace()).is_some() {},
                    other => plain.extend(other),
                },
                c => plain.push(c),
            }
        }
        found.push(plain);
        text = after.get(end + 1..).unwrap_or_default();
    }
    found
}

/// Whether a text says something in English: two words beside holes and names.
fn speaks(text: &str) -> bool {
    if !text.is_ascii() && text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) {
        return false;
    }
    let own: String = pieces(text)
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Hole(_) => " ",
        })
        .collect();
    let word = |word: &&str| {
        let word = word.trim_matches(|c: char| ",;:.()".contains(c));
        word.len() > 1 && word.chars().all(|c| c.is_ascii_alphabetic() || c == '\'')
    };
    own.split_whitespace().filter(word).count() > 1
}

/// A source without its tests, comments and quoted quotation marks.
fn code(path: &Path) -> String {
    let source = std::fs::read_to_string(path).expect("a source");
    let source = source.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n").replace("'\"'", "' '")
}

/// Every English text of an error, with the source that has it.
fn texts() -> BTreeMap<String, String> {
    let mut files = Vec::new();
    for place in ["services", "schemas"] {
        sources(&root().join(place), &mut files);
    }
    let mut texts = BTreeMap::new();
    for path in files {
        let shown = path.strip_prefix(root()).expect("below the root").display().to_string();
        if !shown.contains("src/") || APART.iter().any(|apart| shown.starts_with(apart)) {
            continue;
        }
        let source = code(&path);
        for mark in MARKS {
            for (at, _) in source.match_indices(mark) {
                let inside = enclosed(&source[at + mark.len()..]);
                // What chooses the language itself.
                if inside.contains("Lang::") || inside.contains("lang.pick") {
                    continue;
                }
                for text in literals(inside).into_iter().filter(|text| speaks(text)) {
                    texts.insert(text, shown.clone());
                }
            }
        }
    }
    texts
}

#[test]
fn every_error_has_a_chinese_text() {
    let texts = texts();
    assert!(texts.len() > 200, "the sources are read: {}", texts.len());
    let missing: Vec<_> = texts.iter().filter(|(text, _)| !WORDS.ours.contains_key(*text)).collect();
    assert!(missing.is_empty(), "without a line in chinese/zh.toml: {missing:#?}");
}

#[test]
fn everything_that_is_said_of_a_catalogs_files_has_a_chinese_text() {
    let mut files = Vec::new();
    sources(&root().join("schemas/src/catalog"), &mut files);
    let texts: BTreeSet<String> =
        files.iter().flat_map(|path| literals(&code(path))).filter(|text| speaks(text)).collect();
    assert!(texts.len() > 200, "the sources are read: {}", texts.len());
    // The form of a problem, which is no text of its own, and what no reader can meet.
    let form = |text: &String| text.starts_with("{what} [{rule}]") || text.starts_with("a test keeps");
    let known = |text: &String| WORDS.catalog.contains_key(text) || WORDS.ours.contains_key(text) || form(text);
    let missing: Vec<_> = texts.iter().filter(|text| !known(text)).collect();
    assert!(missing.is_empty(), "without a line under [catalog] in chinese/zh.toml: {missing:#?}");
}

#[test]
fn no_chinese_text_is_left_over() {
    let mut files = Vec::new();
    for place in ["services", "schemas"] {
        sources(&root().join(place), &mut files);
    }
    let all: BTreeSet<String> =
        files.iter().filter(|path| !path.ends_with("src/chinese.rs")).flat_map(|path| literals(&code(path))).collect();
    let known = WORDS.ours.keys().chain(WORDS.catalog.keys());
    let orphans: Vec<_> = known.filter(|text| !all.contains(*text)).collect();
    assert!(orphans.is_empty(), "in chinese/zh.toml, but in no source any more: {orphans:#?}");
}

#[test]
fn what_the_program_put_in_stands_in_both_languages() {
    for pattern in PATTERNS.iter() {
        let names = |pieces: &[Piece]| -> BTreeSet<String> {
            let holes = pieces.iter().filter_map(|piece| match piece {
                Piece::Hole(name) => Some(name.clone()),
                Piece::Text(_) => None,
            });
            holes.collect()
        };
        let (en, zh) = (names(&pattern.en), names(&pattern.zh));
        assert!(zh.is_subset(&en), "{pattern:?} names a hole that the English text does not have");
    }
}

#[test]
fn an_error_is_told_with_its_causes() {
    let told = in_chinese;
    assert_eq!(told("cannot read /tmp/a: No such file or directory (os error 2)"), "无法读取 /tmp/a：没有此文件或目录");
    assert_eq!(
        told("the token in t.token is not taken (data/credentials.jsonl): the token has expired"),
        "t.token 中的访问令牌无效（data/credentials.jsonl）：访问令牌已过期"
    );
    assert_eq!(
        told("table events of the lake is not safe to use: its properties were changed"),
        "数据湖的表 events 不能安全使用：它的属性被改动"
    );
    assert_eq!(
        told("nothing was reported for indicator gdp in period 2018 by which 640100 would have a figure"),
        "时期 2018 没有指标 gdp 的报送，因此 640100 没有数值"
    );
    assert_eq!(
        told("Failed to deserialize query string: foo: unknown field `foo`, expected one of `severity`, `state`"),
        "查询参数无法读取：foo：没有参数 foo；可用的有 `severity`, `state`"
    );
    assert_eq!(told("a text of somebody else's"), "a text of somebody else's");
}
