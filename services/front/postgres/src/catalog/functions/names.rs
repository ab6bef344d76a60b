//! Names: of types, schemas and relations by their numbers and the other way round, and how they are written in SQL.

use crate::catalog::{FIRST_FUNCTION, INFORMATION_SCHEMA, PG_CATALOG, PG_CLASS, PG_PROC, PUBLIC};
use crate::types::{self, Type};

pub(super) fn quote_ident(name: &str) -> String {
    let is_plain = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.chars().all(|other| other.is_ascii_lowercase() || other.is_ascii_digit() || other == '_');
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// A template with texts (`%s`), names (`%I`) and literals (`%L`) in it; null is nothing, and NULL as a literal.
pub(super) fn formatted(template: &str, argument: impl Fn(usize) -> Option<String>) -> String {
    let (mut told, mut rest, mut next) = (String::new(), template, 1);
    while let Some((before, after)) = rest.split_once('%') {
        told.push_str(before);
        let mut signs = after.chars();
        match signs.next() {
            Some('%') => told.push('%'),
            Some(kind @ ('s' | 'I' | 'L')) => {
                let value = argument(next);
                next += 1;
                told += &match (kind, value) {
                    ('I', Some(value)) => quote_ident(&value),
                    ('L', Some(value)) => format!("'{}'", value.replace('\'', "''")),
                    ('L', None) => "NULL".to_owned(),
                    (_, value) => value.unwrap_or_default(),
                };
            }
            other => told.extend(std::iter::once('%').chain(other)),
        }
        rest = signs.as_str();
    }
    told + rest
}

/// The parts of a name: `public.figures`, `"a.b"."c"`; none where it is not one.
pub(super) fn parse_ident(name: &str) -> Option<Vec<String>> {
    let (mut parts, mut rest) = (Vec::new(), name.trim());
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (part, after) = quoted.split_once('"')?;
                (part.to_owned(), after)
            }
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                (rest[..end].trim().to_ascii_lowercase(), &rest[end..])
            }
        };
        if part.is_empty() {
            return None;
        }
        parts.push(part);
        match after.trim_start() {
            "" => return Some(parts),
            after => rest = after.strip_prefix('.')?.trim_start(),
        }
    }
}

/// A type's name by its number, as `format_type` writes it.
pub(super) fn type_name(oid: i64) -> String {
    let of = |oid: u32| {
        let array = types::ALL.iter().find(|known| known.array == oid && oid != 0);
        array.map(|item| format!("{}[]", item.sql)).or_else(|| Type::by_oid(oid).map(|known| known.sql.to_owned()))
    };
    match oid {
        0 => "-".to_owned(),
        2249 => "record".to_owned(),
        oid => u32::try_from(oid).ok().and_then(of).unwrap_or_else(|| "???".to_owned()),
    }
}

pub(super) fn type_oid(name: &str) -> Option<i64> {
    let name = name.trim().trim_start_matches("pg_catalog.").trim_matches('"').to_ascii_lowercase();
    if let Ok(oid) = name.parse() {
        return Some(oid);
    }
    match name.strip_suffix("[]").or_else(|| name.strip_prefix('_')) {
        Some(item) => Type::by_name(item).map(|item| item.array.into()),
        None => Type::by_name(&name).map(|known| known.oid.into()),
    }
}

pub(super) fn schema_oid(name: &str) -> Option<i64> {
    match name.trim_matches('"') {
        "public" => Some(PUBLIC),
        "pg_catalog" => Some(PG_CATALOG),
        "information_schema" => Some(INFORMATION_SCHEMA),
        other => other.parse().ok(),
    }
}

pub(super) fn schema_name(oid: i64) -> Option<String> {
    let name = match oid {
        PUBLIC => "public",
        PG_CATALOG => "pg_catalog",
        INFORMATION_SCHEMA => "information_schema",
        _ => return None,
    };
    Some(name.to_owned())
}

pub(super) fn relation_oid(names: &[(i64, String)], name: &str) -> Option<i64> {
    let bare = name.trim().trim_start_matches("public.").trim_matches('"');
    match bare.trim_start_matches("pg_catalog.") {
        "pg_class" => return Some(PG_CLASS),
        "pg_proc" => return Some(PG_PROC),
        "pg_namespace" => return Some(2_615),
        "pg_type" => return Some(1_247),
        "pg_database" => return Some(1_262),
        _ => {}
    }
    let number = bare.parse::<i64>().ok().filter(|oid| *oid < FIRST_FUNCTION);
    number.or_else(|| names.iter().find(|(_, known)| known == bare).map(|(oid, _)| *oid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_and_names_are_read_as_postgresql_reads_them() {
        let arguments = ["a", "B c", "it's"];
        let said = |template: &str| formatted(template, |at| arguments.get(at - 1).map(|text| (*text).to_owned()));
        assert_eq!(said("%I.%I"), "a.\"B c\"");
        assert_eq!(said("100%% %s %s %L %L"), "100% a B c 'it''s' NULL");
        assert_eq!(parse_ident("Public.figures"), Some(vec!["public".to_owned(), "figures".to_owned()]));
        assert_eq!(parse_ident("\"a.B\" . c"), Some(vec!["a.B".to_owned(), "c".to_owned()]));
        assert_eq!((parse_ident("a."), parse_ident("")), (None, None));
    }
}
