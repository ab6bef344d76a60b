//! What is wrong with a request: every error of every row, up to a limit.

mod invisible;

use helan_schemas::refusal::Code;
use helan_schemas::refused::{Refused, RefusedError};

use crate::decode::headings::{Lang, heading_of};
use crate::workbook::CellAt;

/// Longest part of a sender's text that an error repeats, in characters.
const FOUND_CHARS: usize = 60;
/// Stands between what was found and the name that was most likely meant; [`quoted`] lets no such character through.
const MEANT: char = '\u{1f}';

/// Where in the request an error lies.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place<'p> {
    /// Event or row, from 1; none = the whole request.
    pub(crate) row: Option<u32>,
    /// Line of the text, from 1, where that tells more than the row.
    pub(crate) line: Option<u32>,
    /// The event's id, where it has one.
    pub(crate) id: Option<&'p str>,
}

impl<'p> Place<'p> {
    /// The whole request.
    pub(crate) const WHOLE: Self = Self { row: None, line: None, id: None };

    /// An event or row, from 1.
    pub(crate) fn row(row: u32) -> Self {
        Self { row: Some(row), ..Self::WHOLE }
    }

    pub(crate) fn id(self, id: &'p str) -> Self {
        Self { id: Some(id).filter(|id| !id.is_empty()), ..self }
    }

    pub(crate) fn line(self, line: u32) -> Self {
        Self { line: Some(line), ..self }
    }
}

/// A cell of a workbook, as its reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// The sheet's name.
    pub(crate) sheet: String,
    /// The cell.
    pub(crate) at: CellAt,
    /// What stands around it: the row's names and the column's heading.
    pub(crate) label: String,
}

impl std::fmt::Display for Spot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}!{}", self.sheet, self.at)
    }
}

/// One error.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) row: Option<u32>,
    pub(crate) line: Option<u32>,
    pub(crate) id: Option<String>,
    pub(crate) field: Option<String>,
    /// The cell at fault, in workbooks.
    pub(crate) spot: Option<Spot>,
    pub(crate) code: Code,
    /// What was found, in no language: the text at fault, a limit, a place.
    pub(crate) found: String,
    /// It is one of a form with Chinese headings: fields have their names.
    headed: bool,
}

impl Problem {
    pub(crate) fn message_zh(&self) -> String {
        self.in_form(Self::message(self.code.meaning_zh(), "：", &self.found, ("，是否指 ", "？")))
    }

    pub(crate) fn hint_zh(&self) -> String {
        self.in_form(self.code.hint_zh().to_owned())
    }

    fn in_form(&self, text: String) -> String {
        if self.headed { as_headed(&text, Lang::Zh) } else { text }
    }

    pub(crate) fn message_en(&self) -> String {
        Self::message(self.code.meaning_en(), ": ", &self.found, ("; did you mean ", "?"))
    }

    fn message(meaning: &str, colon: &str, found: &str, meant: (&str, &str)) -> String {
        match found.split_once(MEANT) {
            None if found.is_empty() => meaning.to_owned(),
            None => format!("{meaning}{colon}{found}"),
            Some(("", name)) => format!("{meaning}{}{name}{}", meant.0, meant.1),
            Some((found, name)) => format!("{meaning}{colon}{found}{}{name}{}", meant.0, meant.1),
        }
    }
}

/// The errors of one request.
#[derive(Clone, Debug)]
pub(crate) struct Problems {
    list: Vec<Problem>,
    more: u64,
    limit: usize,
    headed: bool,
}

impl Problems {
    pub(crate) fn new(limit: usize) -> Self {
        Self { list: Vec::new(), more: 0, limit, headed: false }
    }

    /// What is found from now on is told by a form's Chinese headings.
    pub(crate) fn set_headed(&mut self) {
        self.headed = true;
    }

    /// The one error of a request that went no further.
    pub(crate) fn one(code: Code, found: impl ToString) -> Self {
        let mut problems = Self::new(1);
        problems.add(Place::WHOLE, None, code, found);
        problems
    }

    pub(crate) fn add(&mut self, place: Place<'_>, field: Option<&str>, code: Code, found: impl ToString) {
        if self.list.len() >= self.limit {
            self.more += 1;
            return;
        }
        self.list.push(Problem {
            row: place.row,
            line: place.line,
            id: place.id.map(shortened),
            field: field.map(shortened),
            spot: None,
            code,
            found: found.to_string(),
            headed: self.headed,
        });
    }

    /// Says where in a workbook each error lies.
    pub(crate) fn locate(&mut self, mut spot: impl FnMut(&Problem) -> Option<Spot>) {
        for problem in &mut self.list {
            problem.spot = spot(problem);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many errors there are, listed or not.
    pub(crate) fn count(&self) -> u64 {
        self.list.len() as u64 + self.more
    }

    pub(crate) fn list(&self) -> &[Problem] {
        &self.list
    }

    /// Errors beyond those listed.
    pub(crate) fn more(&self) -> u64 {
        self.more
    }

    /// The code of the whole answer: the first error's.
    pub(crate) fn code(&self) -> Code {
        self.list.first().expect("a refusal has an error").code
    }

    /// As a record of the topic of refusals.
    pub(crate) fn to_record(&self) -> Refused {
        let errors = self.list.iter().map(|problem| RefusedError {
            code: problem.code.code().to_owned(),
            index: problem.row.map(|row| row - 1),
            id: problem.id.clone(),
            field: problem.field.clone(),
            message_zh: problem.message_zh(),
            message_en: problem.message_en(),
        });
        Refused { status: self.code().status(), errors: errors.collect(), more: self.more, ..Refused::default() }
    }
}

/// A sender's text in quotes, shortened, with everything that a terminal could take for a command escaped, and what nobody
/// sees by its name.
pub(crate) fn quoted(text: &str) -> String {
    quoted_naming(text, |_| false)
}

fn quoted_naming(text: &str, is_named: impl Fn(char) -> bool) -> String {
    let mut out = String::from('"');
    for c in shortened(text).chars() {
        match invisible::named(c) {
            Some(name) => out.push_str(&name),
            None if is_named(c) => out.push_str(&invisible::code(c)),
            None if c == '\'' => out.push(c),
            None => out.extend(c.escape_debug()),
        }
    }
    out.push('"');
    out
}

/// A text in which fields have the names of their columns; what a sender wrote, in quotes, stays. In English only names with
/// an underscore are replaced: the others (`value`, `note`) are everyday words too.
pub(crate) fn as_headed(text: &str, lang: Lang) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_quotes = false;
    while let Some(start) = rest.find(is_name) {
        let end = rest[start..].find(|c| !is_name(c)).map_or(rest.len(), |length| start + length);
        let (before, word) = (&rest[..start], &rest[start..end]);
        // A quote within quotes is escaped.
        in_quotes ^= before.replace("\\\"", "").matches('"').count() % 2 == 1;
        // A parameter keeps its name.
        let is_parameter = before.ends_with('?') || rest[end..].starts_with('=');
        let is_column = !in_quotes && !is_parameter && (lang == Lang::Zh || word.contains('_'));
        let heading = heading_of(word, lang).filter(|_| is_column);
        out.push_str(before);
        out.push_str(heading.unwrap_or(word));
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// What was found, and the name that was most likely meant by it.
pub(crate) fn or_meant(found: String, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{found}{MEANT}{name}"),
        None => found,
    }
}

/// A text that is not known in quotes, and the name that was most likely meant by it. Beside letters of ASCII those of
/// another script are told by their number where the name has none: they look the same.
pub(crate) fn quoted_or_meant(text: &str, name: Option<&str>) -> String {
    let is_mixed = name.is_some_and(str::is_ascii) && text.contains(|c: char| c.is_ascii_alphabetic());
    let is_foreign = |c: char| matches!(c, '\u{250}'..='\u{1dff}' | '\u{1f00}'..='\u{2e7f}') && c.is_alphabetic();
    or_meant(quoted_naming(text, |c| is_mixed && is_foreign(c)), name)
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(FOUND_CHARS) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_that_looks_like_another_is_told() {
        let told = |text: &str, name| quoted_or_meant(text, Some(name)).replace(MEANT, " ");
        assert_eq!(told("rd_exp\u{435}nditure", "rd_expenditure"), "\"rd_exp‹U+0435›nditure\" rd_expenditure");
        assert_eq!(told("period\u{e9}", "period"), "\"periodé\" period");
        assert_eq!(told("银川市", "640100"), "\"银川市\" 640100");
        assert_eq!(told("GDP总值", "gdp"), "\"GDP总值\" gdp");
        assert_eq!(quoted_or_meant("exp\u{435}n", None), "\"exp\u{435}n\"");
    }

    #[test]
    fn columns_have_their_headings_and_what_was_sent_stays() {
        let told = |text: &str| as_headed(text, Lang::Zh);
        assert_eq!(told("补上 value，或以 obs_status H 说明"), "补上 数值，或以 数据状态 H 说明");
        assert_eq!(told("加 source 列或参数 ?source="), "加 来源 列或参数 ?source=");
        assert_eq!(told(r#"unit_mult 不正确："a \" value" value"#), r#"数量级 不正确："a \" value" 数值"#);
        assert_eq!(as_headed("the value and obs_status", Lang::En), "the value and Status");
        // A heading ends with a word that the sentence must not say once more.
        for code in Code::ALL {
            let said = told(&format!("{} {}", code.meaning_zh(), code.hint_zh()));
            assert!(!said.contains("代码 代码") && !said.contains("编号 编号"), "{code}: {said}");
        }
    }
}
