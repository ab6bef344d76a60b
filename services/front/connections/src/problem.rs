//! What a client is told instead of an answer: a status of the front end's protocol, a code, a sentence in the client's
//! language, and what to do. The table of a front end's own errors has one shape; how they travel is the front end's.

use std::fmt::{Debug, Display};

use helan_query::desk::Unanswered;
use helan_schemas::refusal::Code;

use crate::Lang;
use crate::told::Told;

/// Errors of one front end alone, beside the documented codes that every front end has.
pub trait Kind: Copy + Debug + PartialEq + Sized + 'static {
    /// How its protocol tells kinds of errors apart.
    type Status: Copy + Debug;
    /// One row for each kind.
    const ROWS: &'static [Row<Self>];
    /// A question that its client ended.
    const CANCELLED: Self;

    /// The status of a code that has no other.
    const OTHER: Self::Status;

    /// The status of a documented code, and of what was found; none for codes that answer no question.
    fn status_of(code: Code, found: &str) -> Option<Self::Status>;
}

/// An own kind: its code, status, sentence and advice in Chinese and English.
#[derive(Clone, Copy, Debug)]
pub struct Row<K: Kind> {
    /// Which one.
    pub kind: K,
    /// Its code.
    pub code: &'static str,
    /// Its status.
    pub status: K::Status,
    /// What is wrong: Chinese, English.
    pub meaning: [&'static str; 2],
    /// What to do; may be empty.
    pub hint: [&'static str; 2],
}

/// The errors of one front end: an enumeration `Own`, and `ROWS` with the status of each and what is told.
#[macro_export]
macro_rules! own_errors {
    ($($kind:ident = $status:expr, $told:expr;)+) => {
        /// Errors of this protocol alone.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Own { $($kind),+ }

        const ROWS: &[$crate::Row<Own>] = &[$($crate::Row::told(Own::$kind, $status, $told)),+];
    };
}

impl<K: Kind> Row<K> {
    /// A kind that other front ends have too.
    pub const fn told(kind: K, status: K::Status, told: Told) -> Self {
        Self { kind, code: told.code, status, meaning: told.meaning, hint: told.hint }
    }
}

/// An error, before its client's language is known.
#[derive(Clone, Debug)]
pub struct Problem<K: Kind> {
    /// The protocol's status.
    pub status: K::Status,
    /// The code.
    pub code: &'static str,
    /// Whether the connection ends after it.
    pub is_fatal: bool,
    message: [String; 2],
    hint: [&'static str; 2],
}

impl<K: Kind> From<K> for Problem<K> {
    fn from(own: K) -> Self {
        Self::found(own, "")
    }
}

impl<K: Kind> From<Code> for Problem<K> {
    fn from(code: Code) -> Self {
        Self {
            status: K::status_of(code, code.meaning_en()).unwrap_or(K::OTHER),
            code: code.code(),
            is_fatal: false,
            message: [code.meaning_zh().to_owned(), code.meaning_en().to_owned()],
            hint: [code.hint_zh(), code.hint_en()],
        }
    }
}

impl<K: Kind> From<Unanswered> for Problem<K> {
    fn from(why: Unanswered) -> Self {
        if matches!(why, Unanswered::Ended) {
            return K::CANCELLED.into();
        }
        let code = why.code();
        let mut problem = Self::from(code);
        if code == Code::LakeUnavailable {
            tracing::error!(error = %why, "the lake or the log cannot be read");
            return problem;
        }
        let (zh, en) = why.found();
        problem.status = K::status_of(code, &en).unwrap_or(K::OTHER);
        problem.add([&zh, &en]);
        problem
    }
}

impl<K: Kind> Problem<K> {
    /// An own kind, with what was found.
    pub fn found(own: K, found: impl Display) -> Self {
        let row = K::ROWS.iter().find(|row| row.kind == own).expect("every kind has a row");
        let message = row.meaning.map(str::to_owned);
        let mut problem = Self { status: row.status, code: row.code, is_fatal: false, message, hint: row.hint };
        let found = found.to_string();
        problem.add([&found, &found]);
        problem
    }

    /// After which the connection ends.
    pub fn fatal(mut self) -> Self {
        self.is_fatal = true;
        self
    }

    /// The sentence in a language, cut between characters where it is longer than so many bytes.
    pub fn sentence(&self, lang: Lang, longest: usize) -> String {
        let [zh, en] = &self.message;
        let mut text = lang.pick(zh, en).to_owned();
        if text.len() > longest {
            let end = (0..=longest).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
            text.truncate(end);
            text.push('…');
        }
        text
    }

    /// What to do; empty where there is nothing to say.
    pub fn hint(&self, lang: Lang) -> &'static str {
        lang.pick(self.hint[0], self.hint[1])
    }

    fn add(&mut self, [zh, en]: [&str; 2]) {
        if !en.is_empty() {
            self.message = [format!("{}：{zh}", self.message[0]), format!("{}: {en}", self.message[1])];
        }
    }
}

/// What is wrong with a front end's table, for its test: kinds and codes that stand twice, rows that the page about the
/// front ends lacks, and documented codes that it lists under another status, as `shown` writes it.
pub fn faults<K: Kind>(page: &str, shown: impl Fn(K::Status) -> String) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, row) in K::ROWS.iter().enumerate() {
        if K::ROWS.iter().skip(at + 1).any(|other| other.kind == row.kind || other.code == row.code) {
            faults.push(format!("two rows have the code or kind of {}", row.code));
        }
        let hints: Vec<_> = row.hint.into_iter().filter(|hint| !hint.is_empty()).collect();
        let [zh, en] = row.meaning;
        let line = format!("| {} | `{}` | {zh}<br>{en} | {} |", shown(row.status), row.code, hints.join("<br>"));
        if !page.contains(&line) {
            faults.push(line);
        }
    }
    for code in Unanswered::CODES {
        let Some(status) = K::status_of(*code, "") else {
            faults.push(format!("no status of {}", code.code()));
            continue;
        };
        let (begins, named) = (format!("| {} |", shown(status)), format!("`{}`", code.code()));
        if !page.lines().any(|line| line.starts_with(&begins) && line.contains(&named)) {
            faults.push(format!("{begins} {named}"));
        }
    }
    faults
}
