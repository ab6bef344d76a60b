//! Completion: keywords, tables, columns, and the codes of areas and indicators by their names.

use helan_query::http::TableEntry;
use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::split::{Within, is_complete, within};

const KEYWORDS: [&str; 46] = [
    "select",
    "from",
    "where",
    "group by",
    "order by",
    "having",
    "limit",
    "offset",
    "join",
    "left join",
    "inner join",
    "cross join",
    "full join",
    "on",
    "using",
    "as",
    "and",
    "or",
    "not",
    "in",
    "is null",
    "is not null",
    "between",
    "like",
    "case",
    "when",
    "then",
    "else",
    "end",
    "with",
    "union all",
    "distinct",
    "count(",
    "sum(",
    "avg(",
    "min(",
    "max(",
    "cast(",
    "coalesce(",
    "date",
    "desc",
    "asc",
    "nulls last",
    "explain",
    "describe",
    "exists",
];
const COMMANDS: [&str; 10] = ["\\d", "\\d+", "\\as-of", "\\x", "\\timing", "\\o", "\\f", "\\?", "\\q", "\\help"];
/// Candidates that are offered at once.
const MOST: usize = 60;

/// Characters of a candidate that are shown.
const SHOWN: usize = 60;

/// A code with its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Coded {
    pub(crate) code: String,
    pub(crate) name_zh: String,
    pub(crate) name_en: String,
}

/// Everything that can be completed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    pub(crate) tables: Vec<TableEntry>,
    /// Areas, groups and indicators.
    pub(crate) codes: Vec<Coded>,
}

impl Words {
    /// Where the word begins that ends at the end of `line`, and what it could become: (shown, written).
    pub(crate) fn candidates(&self, line: &str) -> (usize, Vec<(String, String)>) {
        if line.starts_with('\\') {
            return self.of_command(line);
        }
        match within(line) {
            Within::Comment => (line.len(), Vec::new()),
            Within::Text(quote) => (quote + 1, self.of_codes(&line[quote + 1..], "", "'")),
            Within::Name(_) | Within::Code => self.of_word(line),
        }
    }

    fn of_command(&self, line: &str) -> (usize, Vec<(String, String)>) {
        match line.rfind(' ') {
            None => (0, plain(COMMANDS.into_iter().filter(|name| name.starts_with(line)))),
            Some(space) if line.starts_with("\\d") => {
                let word = &line[space + 1..];
                let names = self.tables.iter().map(|table| table.name.as_str());
                (space + 1, plain(names.filter(|name| name.starts_with(word))))
            }
            Some(space) if line.starts_with("\\f") => {
                let word = &line[space + 1..];
                (space + 1, plain(["table", "csv", "json"].into_iter().filter(|name| name.starts_with(word))))
            }
            Some(_) => (line.len(), Vec::new()),
        }
    }

    fn of_word(&self, line: &str) -> (usize, Vec<(String, String)>) {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let start = line.char_indices().rev().take_while(|(_, c)| is_word(*c)).last().map_or(line.len(), |(at, _)| at);
        let word = &line[start..];
        if !word.is_ascii() {
            // A name where a code belongs: the code, in quotes.
            return (start, self.of_codes(word, "'", "'"));
        }
        let lower = word.to_lowercase();
        let mut names: Vec<String> = Vec::new();
        let before = line[..start].trim_end().rsplit(|c: char| c.is_whitespace()).next().unwrap_or_default();
        let wants_table = matches!(before.to_lowercase().as_str(), "from" | "join");
        let tables = self.tables.iter().filter(|table| table.name.starts_with(&lower));
        names.extend(
            tables.map(|table| if table.kind == "function" { format!("{}('", table.name) } else { table.name.clone() }),
        );
        if !wants_table && !word.is_empty() {
            let mentioned = |table: &&TableEntry| line.split(|c: char| !is_word(c)).any(|part| part == table.name);
            let some = self.tables.iter().any(|table| mentioned(&table));
            let of = self.tables.iter().filter(|table| !some || mentioned(table));
            let columns = of.flat_map(|table| &table.columns).map(|column| &column.name);
            names.extend(columns.filter(|name| name.starts_with(&lower)).cloned());
            names.extend(KEYWORDS.iter().filter(|keyword| keyword.starts_with(&lower)).map(|text| (*text).to_owned()));
        }
        names.sort();
        names.dedup();
        (start, plain(names.iter().map(String::as_str)))
    }

    /// Codes that begin with a word, or whose name holds it.
    fn of_codes(&self, word: &str, before: &str, after: &str) -> Vec<(String, String)> {
        let lower = word.to_lowercase();
        let begins = |coded: &&Coded| {
            [&coded.code, &coded.name_zh, &coded.name_en].iter().any(|text| text.to_lowercase().starts_with(&lower))
        };
        let holds =
            |coded: &&Coded| [&coded.name_zh, &coded.name_en].iter().any(|text| text.to_lowercase().contains(&lower));
        let is = |coded: &&Coded| {
            [&coded.name_zh, &coded.name_en].iter().any(|text| !text.is_empty() && text.to_lowercase() == lower)
        };
        let mut found: Vec<_> = self.codes.iter().filter(is).collect();
        if found.is_empty() {
            found = self.codes.iter().filter(begins).collect();
        }
        if found.is_empty() {
            found = self.codes.iter().filter(holds).collect();
        }
        let shown = |coded: &Coded| {
            let text = format!("{}  {}  {}", coded.code, coded.name_zh, coded.name_en);
            match text.char_indices().nth(SHOWN) {
                Some((end, _)) => format!("{}…", &text[..end]),
                None => text,
            }
        };
        let pairs = found.into_iter().map(|coded| (shown(coded), format!("{before}{}{after}", coded.code)));
        pairs.take(MOST).collect()
    }
}

fn plain<'n>(names: impl Iterator<Item = &'n str>) -> Vec<(String, String)> {
    names.take(MOST).map(|name| (name.to_owned(), name.to_owned())).collect()
}

/// What rustyline asks.
pub(crate) struct Assistant {
    pub(crate) words: Words,
}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _ctx: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, found) = self.words.candidates(&line[..pos]);
        let pairs = found.into_iter().map(|(display, replacement)| Pair { display, replacement });
        Ok((start, pairs.collect()))
    }
}

impl Validator for Assistant {
    fn validate(&self, ctx: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let complete = is_complete(ctx.input());
        Ok(if complete { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

impl Hinter for Assistant {
    type Hint = String;
}

impl Highlighter for Assistant {}

impl Helper for Assistant {}

#[cfg(test)]
mod tests {
    use helan_query::http::ColumnEntry;

    use super::*;

    fn words() -> Words {
        let column = |name: &str| ColumnEntry {
            name: name.to_owned(),
            data_type: String::new(),
            doc_zh: String::new(),
            doc_en: String::new(),
        };
        let table = |name: &str, kind: &str, columns: &[&str]| TableEntry {
            name: name.to_owned(),
            kind: kind.to_owned(),
            doc_zh: String::new(),
            doc_en: String::new(),
            grain: String::new(),
            sql: None,
            columns: columns.iter().map(|name| column(name)).collect(),
        };
        let coded =
            |code: &str, zh: &str, en: &str| Coded { code: code.into(), name_zh: zh.into(), name_en: en.into() };
        Words {
            tables: vec![
                table("rd_intensity", "view", &["ref_area", "value"]),
                table("rd_intensity_as_of", "function", &["ref_area", "value"]),
                table("events", "table", &["source", "vintage"]),
            ],
            codes: vec![
                coded("640100", "银川市", "Yinchuan"),
                coded("640121", "永宁县", "Yongning"),
                coded("rd_expenditure", "研发经费", "R&D expenditure"),
            ],
        }
    }

    fn written(line: &str) -> (usize, Vec<String>) {
        let (start, found) = words().candidates(line);
        (start, found.into_iter().map(|(_, written)| written).collect())
    }

    #[test]
    fn tables_follow_from_and_columns_are_those_of_the_tables_named() {
        assert_eq!(written("select * from rd"), (14, vec!["rd_intensity".into(), "rd_intensity_as_of('".into()]));
        assert_eq!(written("select * from events where v").1, ["vintage"]);
        assert_eq!(written("select v").1, ["value", "vintage"]);
        assert!(written("sel").1.contains(&"select".to_owned()));
    }

    #[test]
    fn codes_are_found_by_name_in_both_languages() {
        assert_eq!(written("where ref_area = 'yinc"), (18, vec!["640100'".into()]));
        assert_eq!(written("where ref_area = '银川"), (18, vec!["640100'".into()]));
        assert_eq!(written("where ref_area = 银川"), (17, vec!["'640100'".into()]));
        assert_eq!(written("where ref_area = '6401").1, ["640100'", "640121'"]);
        assert_eq!(written("where indicator = 'EXPEND").1, ["rd_expenditure'"]);
    }

    #[test]
    fn commands_complete_their_names_and_tables() {
        assert_eq!(written("\\as").1, ["\\as-of"]);
        assert_eq!(written("\\d ev"), (3, vec!["events".into()]));
        assert_eq!(written("-- sel").1, Vec::<String>::new());
    }
}
