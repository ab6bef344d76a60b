//! The settings file: TOML, flat keys for every command, and a table named after a command for that one alone.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, Command};
use helan_schemas::nearest::nearest;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::known::{CONFIG, Kind, Setting, all};

/// A settings file that was read and checked.
#[derive(Clone, Debug)]
pub(super) struct SettingsFile {
    /// Where it lies.
    pub(super) path: PathBuf,
    /// By command (none = every command) and key.
    entries: BTreeMap<(Option<String>, String), Entry>,
}

/// One setting of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its values as a command line would write them; one, unless it is a list.
    pub(super) values: Vec<String>,
    /// Line, from 1.
    pub(super) line: usize,
}

/// What is wrong with a file, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(super) path: PathBuf,
    pub(super) line: Option<usize>,
    pub(super) what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))?;
        write!(f, ": {}", self.what)
    }
}

impl SettingsFile {
    /// Reads a file's text and checks every key and value against the command line's description. `named`: whether
    /// `--config` named it; `open`: whether others may read it.
    ///
    /// # Errors
    /// Every problem, in the order of lines.
    pub(super) fn parse(
        path: &Path,
        text: &str,
        command: &Command,
        named: bool,
        open: bool,
    ) -> Result<Self, Vec<Problem>> {
        let settings = all(command);
        let by_key = settings.values().filter_map(|setting| Some((setting.key.as_deref()?, setting))).collect();
        let mut reader =
            Reader { path, text, by_key, command, named, open, entries: BTreeMap::new(), problems: Vec::new() };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            reader.problem(error.span().map_or(0, |span| span.start), format!("no TOML: {}", error.message()));
        }
        if reader.problems.is_empty() {
            reader.table(None, table.get_ref());
        }
        let Reader { entries, mut problems, .. } = reader;
        problems.sort_by_key(|problem| problem.line);
        if problems.is_empty() { Ok(Self { path: path.to_owned(), entries }) } else { Err(problems) }
    }

    /// What the file says of a setting for a command: its table's word, else that for every command.
    pub(super) fn entry(&self, command: Option<&str>, key: &str) -> Option<&Entry> {
        let own = command.and_then(|command| self.entries.get(&(Some(command.to_owned()), key.to_owned())));
        own.or_else(|| self.entries.get(&(None, key.to_owned())))
    }
}

struct Reader<'f> {
    path: &'f Path,
    text: &'f str,
    by_key: BTreeMap<&'f str, &'f Setting>,
    command: &'f Command,
    named: bool,
    open: bool,
    entries: BTreeMap<(Option<String>, String), Entry>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn line(&self, at: usize) -> usize {
        self.text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
    }

    fn problem(&mut self, at: usize, what: String) {
        let line = Some(self.line(at));
        self.problems.push(Problem { path: self.path.to_owned(), line, what });
    }

    fn table(&mut self, role: Option<&str>, table: &DeTable<'_>) {
        for (key, value) in table {
            let (at, name) = (key.span().start, key.get_ref().as_ref());
            match (value.get_ref(), role) {
                (DeValue::Table(inner), None) if !self.by_key.contains_key(name) => {
                    if self.command.find_subcommand(name).is_some() {
                        self.table(Some(name), inner);
                    } else {
                        let commands = self.command.get_subcommands().map(Command::get_name);
                        let meant = suggestion(nearest(name, commands));
                        self.problem(at, format!("[{name}]: there is no command of this name{meant}"));
                    }
                }
                _ => self.setting(role, name, at, value),
            }
        }
    }

    fn setting(&mut self, role: Option<&str>, key: &str, at: usize, value: &Spanned<DeValue<'_>>) {
        let Some(setting) = self.by_key.get(key).copied() else {
            return self.problem(at, self.unknown(key));
        };
        if let Some(role) = role {
            let owns = |command: &String| command.split(' ').next() == Some(role);
            if !setting.commands.iter().any(owns) {
                let commands = match setting.commands.is_empty() {
                    true => "write it above the tables, it is for every command".to_owned(),
                    false => format!("it belongs to {}", setting.commands.join(", ")),
                };
                return self.problem(at, format!("{key}: `helan {role}` has no such setting; {commands}"));
            }
        }
        if key == "data_dir" && !self.named {
            let what = "data_dir cannot stand in a file that was found through the data directory; name the file \
                        with --config, or give --data-dir";
            return self.problem(at, what.to_owned());
        }
        if setting.is_secret() && self.open {
            let path = self.path.display();
            return self.problem(at, format!("{key} is a secret and others may read this file; run: chmod 600 {path}"));
        }
        let values = match (value.get_ref(), setting.is_list()) {
            (DeValue::Array(items), true) => items.iter().map(|item| text_of(setting, item.get_ref())).collect(),
            (other, _) => text_of(setting, other).map(|value| vec![value]),
        };
        let checked: Result<Vec<String>, String> = values.and_then(|values| {
            values.iter().try_for_each(|value| judge(setting, value))?;
            Ok(values)
        });
        match checked {
            Ok(values) => {
                let entry = Entry { values, line: self.line(at) };
                self.entries.insert((role.map(str::to_owned), key.to_owned()), entry);
            }
            Err(what) => self.problem(at, format!("{key}: {what}")),
        }
    }

    fn unknown(&self, key: &str) -> String {
        if key == CONFIG {
            return "config names this file and cannot stand in it; give --config or HELAN_CONFIG".to_owned();
        }
        let meant = suggestion(nearest(key, self.by_key.keys().copied()));
        format!("{key}: there is no such setting{meant}; SETTINGS.md lists them")
    }
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}

/// A value as a command line would write it, if it is of the setting's kind.
fn text_of(setting: &Setting, value: &DeValue<'_>) -> Result<String, String> {
    let given = match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    match (setting.kind(), value) {
        (Kind::Text, DeValue::String(text)) => Ok(text.to_string()),
        (Kind::Integer, DeValue::Integer(number)) => i128::from_str_radix(number.as_str(), number.radix())
            .map(|number| number.to_string())
            .map_err(|_| "too large a number".to_owned()),
        (Kind::Boolean, DeValue::Boolean(flag)) => Ok(flag.to_string()),
        (Kind::Text, _) => Err(format!("text in quotes is wanted, not {given}")),
        (Kind::Integer, _) => Err(format!("a whole number without quotes is wanted, not {given}")),
        (Kind::Boolean, _) => Err(format!("true or false without quotes is wanted, not {given}")),
    }
}

/// Lets the command line's own parser judge a value.
fn judge(setting: &Setting, value: &str) -> Result<(), String> {
    if setting.kind() == Kind::Boolean {
        return Ok(());
    }
    let parser = setting.argument.get_value_parser().clone();
    let argument = Arg::new("value").long("value").action(ArgAction::Set).value_parser(parser);
    let outcome = Command::new("file").arg(argument).try_get_matches_from(["file", &format!("--value={value}")]);
    let Err(error) = outcome else { return Ok(()) };
    let shown = if setting.is_secret() { String::new() } else { format!("{value:?} cannot be used: ") };
    let why = match (std::error::Error::source(&error), error.get(ContextKind::ValidValue)) {
        (Some(why), _) => why.to_string(),
        (None, Some(ContextValue::Strings(allowed))) => format!("choose from {}", allowed.join(", ")),
        _ => error.kind().to_string(),
    };
    Err(format!("{shown}{why}"))
}
