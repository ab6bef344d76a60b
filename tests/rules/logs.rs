//! Logs and spans use the names of one list.

use std::collections::BTreeSet;

use crate::{root, tracked};

/// The names in `FIELDS` of the runtime.
fn listed() -> BTreeSet<String> {
    let path = root().join("services/runtime/src/telemetry/fields.rs");
    let text = std::fs::read_to_string(path).expect("readable");
    let names = text.lines().filter_map(|line| line.trim().strip_prefix("(\"")?.split_once('"'));
    names.map(|(name, _)| name.to_owned()).collect()
}

/// The arguments of a macro, from behind its opening parenthesis.
fn arguments(text: &str) -> Vec<&str> {
    let (mut depth, mut quoted, mut escaped, mut start) = (0, false, false, 0);
    let mut found = Vec::new();
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => {
                found.push(text[start..at].trim());
                return found;
            }
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// The fields that a source text gives to logs and spans.
fn fields(text: &str) -> BTreeSet<String> {
    let levels = ["trace", "debug", "info", "warn", "error"];
    let macros = levels.iter().flat_map(|level| [format!("tracing::{level}!("), format!("tracing::{level}_span!(")]);
    let mut found = BTreeSet::new();
    for name in macros {
        for (at, _) in text.match_indices(&name) {
            for argument in arguments(&text[at + name.len()..]) {
                if argument.is_empty()
                    || argument.starts_with('"')
                    || ["target:", "parent:"].iter().any(|it| argument.starts_with(it))
                {
                    continue;
                }
                let field = argument.split_once(" = ").map_or(argument, |(field, _)| field);
                found.insert(field.trim_start_matches(['%', '?']).to_owned());
            }
        }
    }
    found
}

#[test]
fn every_field_of_logs_and_spans_is_listed_and_used() {
    let listed = listed();
    assert!(listed.len() > 15, "{listed:?}");
    let mut used = BTreeSet::new();
    for file in tracked(&[".rs"]).into_iter().filter(|file| file.starts_with("services")) {
        let found = fields(&std::fs::read_to_string(root().join(&file)).expect("readable"));
        let unknown: Vec<_> = found.difference(&listed).collect();
        assert!(unknown.is_empty(), "{}: {unknown:?} is not in telemetry/fields.rs", file.display());
        used.extend(found);
    }
    let unused: Vec<_> = listed.difference(&used).collect();
    assert!(unused.is_empty(), "nothing logs {unused:?}");
}

#[test]
fn fields_are_found_however_they_are_written() {
    let text = r#"tracing::warn!(%error, table = table.name(), "a, b (c"); tracing::info_span!("x", http.path = %p(1, 2), ?n);"#;
    let expected = ["error", "http.path", "n", "table"].map(str::to_owned);
    assert_eq!(fields(text), expected.into());
}
