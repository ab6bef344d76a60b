//! What is wrong with a catalog: where, what, why it matters, what to do.

/// One error of a catalog's files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// File name within the catalog's folder.
    pub file: String,
    /// Line in the file, from 1; 0 where it is about the file as a whole.
    pub line: u64,
    /// Which rule is broken: a short stable name.
    pub rule: &'static str,
    /// What is wrong, with the value at fault.
    pub what: String,
    /// Why that cannot stand.
    pub why: String,
    /// What to do.
    pub fix: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { file, line, rule, what, why, fix } = self;
        match line {
            0 => write!(f, "{file}: ")?,
            _ => write!(f, "{file}:{line}: ")?,
        }
        write!(f, "{what} [{rule}]\n    why: {why}\n    fix: {fix}")
    }
}

/// Gathers problems, so that a statistician sees all of them at once.
#[derive(Default)]
pub(super) struct Problems(pub(super) Vec<Problem>);

impl Problems {
    pub(super) fn add(
        &mut self,
        (file, line): (&str, u64),
        rule: &'static str,
        what: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) {
        let (what, why, fix) = (what.into(), why.into(), fix.into());
        self.0.push(Problem { file: file.to_owned(), line, rule, what, why, fix });
    }

    /// In the order of the files and their lines, each once.
    pub(super) fn sorted(mut self) -> Vec<Problem> {
        self.0.sort();
        self.0.dedup();
        self.0
    }
}
