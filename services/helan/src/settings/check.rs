//! `--check`: every setting of a command, its value, and where it comes from.

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use serde::Serialize;

use super::file::SettingsFile;
use super::known::{Setting, all, key_of};
use crate::lang::Lang;

/// Where a value comes from: a flag, the environment, or nowhere.
const FLAG: &str = "flag";
const ENVIRONMENT: &str = "environment";
const DEFAULT: &str = "default";

/// What the settings of the given command resolved to.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    /// Whether `--check` was given.
    pub(crate) asked: bool,
    /// The command's first word, such as `ingest`.
    pub(crate) role: String,
    /// The settings in the order of their names.
    pub(crate) lines: Vec<Line>,
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Line {
    /// Its key in the settings file.
    pub(crate) setting: String,
    /// Its value; a secret's is masked, none = the default that its help tells.
    pub(crate) value: Option<String>,
    /// `flag --x`, `environment HELAN_X`, `FILE:LINE` or `default`.
    pub(crate) from: String,
}

impl Resolved {
    pub(super) fn new(root: &Command, matches: &ArgMatches, file: Option<&SettingsFile>) -> Self {
        let mut path = Vec::new();
        let mut matches = matches;
        while let Some((name, inner)) = matches.subcommand() {
            path.push(name);
            matches = inner;
        }
        let command = path.join(" ");
        let settings = all(root);
        let lines = settings
            .values()
            .filter(|setting| {
                setting.commands.is_empty() || setting.commands.iter().any(|known| command.starts_with(known.as_str()))
            })
            .filter_map(|setting| line(setting, matches, path.first().copied(), file))
            .collect();
        let asked = matches.try_get_one::<bool>("check").is_ok_and(|given| given == Some(&true));
        Self { asked, role: path.first().copied().unwrap_or_default().to_owned(), lines }
    }

    /// A table for people.
    pub(crate) fn table(&self, lang: Lang) -> String {
        let widest = |of: fn(&Line) -> &str| self.lines.iter().map(|line| of(line).chars().count()).max().unwrap_or(0);
        let names = widest(|line| &line.setting);
        let values = widest(|line| line.value.as_deref().unwrap_or_default());
        let mut text = String::new();
        for Line { setting, value, from } in &self.lines {
            let value = value.as_deref().unwrap_or("");
            let from = match lang {
                Lang::En => from.clone(),
                Lang::Zh => in_chinese(from),
            };
            text.push_str(&format!("{setting:<names$}  {value:<values$}  {from}\n"));
        }
        text
    }
}

/// Where a value comes from, in Chinese.
fn in_chinese(from: &str) -> String {
    match from.split_once(' ') {
        Some((FLAG, name)) => format!("参数 {name}"),
        Some((ENVIRONMENT, name)) => format!("环境变量 {name}"),
        None if from == DEFAULT => "默认值".to_owned(),
        _ => from.to_owned(),
    }
}

fn line(setting: &Setting, matches: &ArgMatches, role: Option<&str>, file: Option<&SettingsFile>) -> Option<Line> {
    let id = setting.argument.get_id().as_str();
    let source = match matches.try_contains_id(id) {
        Ok(true) => matches.value_source(id),
        Ok(false) => None,
        // Another command's flag of the same beginning.
        Err(_) => return None,
    };
    let entry = setting.key.as_deref().and_then(|key| file?.entry(role, key));
    let from = match (source, entry, file) {
        (Some(ValueSource::CommandLine), ..) => format!("{FLAG} --{}", setting.flag),
        (Some(ValueSource::EnvVariable), ..) => format!("{ENVIRONMENT} {}", setting.env),
        (_, Some(entry), Some(file)) => format!("{}:{}", file.path.display(), entry.line),
        _ => DEFAULT.to_owned(),
    };
    let value = matches.try_get_raw(id).ok().flatten().map(|values| {
        let shown: Vec<_> = values.map(|value| shown(setting, &value.to_string_lossy())).collect();
        shown.join(" ")
    });
    Some(Line { setting: key_of(&setting.flag), value, from })
}

/// A value as it may be shown: neither a secret nor the password within a URL.
fn shown(setting: &Setting, value: &str) -> String {
    if setting.is_secret() {
        return "******".to_owned();
    }
    match value.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            match host.rsplit_once('@') {
                Some((_, host)) => format!("{scheme}://******@{host}{path}"),
                None => value.to_owned(),
            }
        }
        None => value.to_owned(),
    }
}
