//! What a command runs with: the flag, else the environment, else the settings file, else the default.
//!
//! A setting is a flag that has an environment variable. Its key in the file is the flag's name with underscores. The
//! file's values become clap's defaults, so that one parser judges a value wherever it stands.

mod check;
mod file;
mod known;
mod layer;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{CommandFactory, FromArgMatches, ValueEnum};

pub(crate) use check::Resolved;
#[cfg(test)]
pub(crate) use known::{Setting, all};

use crate::args::Cli;
use crate::lang::Lang;
use crate::say::note;
use crate::{errors, help};
use file::SettingsFile;

/// Name of the file that is read from the data directory if `--config` names none.
pub(crate) const FILE_NAME: &str = "helan.toml";

/// Reads the command line, the environment and the settings file. Ends the process with a message if they are wrong.
pub(crate) fn parse() -> (Cli, Resolved) {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let spoken = value_of(&arguments, "--lang").or_else(|| std::env::var_os("HELAN_LANG"));
    let spoken = spoken.and_then(|name| Lang::from_str(name.to_str()?, true).ok());
    let lang = Lang::resolve(spoken);
    let file = match find(&arguments, |name| std::env::var_os(name)).map_or(Ok(None), |found| read(&found)) {
        Ok(file) => file,
        Err(problems) => {
            for problem in &problems {
                note!("helan: {}", errors::said(&problem.to_string(), lang));
            }
            std::process::exit(2);
        }
    };
    let filed = file.as_ref().and_then(|file| file.entry(None, "lang")?.values.first());
    let lang = Lang::resolve(spoken.or_else(|| Lang::from_str(filed?, true).ok()));
    let command = help::speaking(layer::layered(Cli::command(), file.as_ref()), lang);
    let matches = command.clone().try_get_matches_from(arguments).unwrap_or_else(|error| help::end(&error, lang));
    match Cli::from_arg_matches(&matches) {
        Ok(cli) => {
            let resolved = Resolved::new(&command, &matches, file.as_ref());
            (cli, resolved)
        }
        Err(error) => help::end(&error.format(&mut command.clone()), lang),
    }
}

/// Which file holds settings, and whether it was named.
struct Found {
    path: PathBuf,
    named: bool,
}

/// The file that the command line or the environment names, else the one in the data directory. Which file it is must
/// be known before the command line can be parsed as a whole, so the two flags are looked for by themselves.
fn find(arguments: &[OsString], environment: impl Fn(&str) -> Option<OsString>) -> Option<Found> {
    let given = |flag: &str, variable: &str| {
        value_of(arguments, flag).or_else(|| environment(variable).filter(|value| !value.is_empty()))
    };
    if let Some(path) = given("--config", "HELAN_CONFIG") {
        return Some(Found { path: path.into(), named: true });
    }
    let dir = given("--data-dir", "HELAN_DATA_DIR").map_or_else(|| PathBuf::from("helan-data"), PathBuf::from);
    let path = dir.join(FILE_NAME);
    path.exists().then_some(Found { path, named: false })
}

/// The value of `--flag VALUE` or `--flag=VALUE` among arguments.
fn value_of(arguments: &[OsString], flag: &str) -> Option<OsString> {
    let mut arguments = arguments.iter().take_while(|argument| *argument != "--");
    while let Some(argument) = arguments.next() {
        if argument == flag {
            return arguments.next().cloned();
        }
        if let Some(value) = argument.to_str().and_then(|text| text.strip_prefix(flag)?.strip_prefix('=')) {
            return Some(value.into());
        }
    }
    None
}

fn read(found: &Found) -> Result<Option<SettingsFile>, Vec<file::Problem>> {
    let text = std::fs::read_to_string(&found.path).map_err(|error| {
        let what = format!("the settings file cannot be read: {error}");
        vec![file::Problem { path: found.path.clone(), line: None, what }]
    })?;
    let open = is_open(&found.path);
    SettingsFile::parse(&found.path, &text, &Cli::command(), found.named, open).map(Some)
}

/// Whether others than its owner may read a file.
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(test)]
mod tests;
