//! Puts the settings file under the command line: its values become defaults.

use clap::{Arg, Command};

use super::file::SettingsFile;
use super::known::key_of;

/// The command line with the file's values as its defaults.
pub(super) fn layered(root: Command, file: Option<&SettingsFile>) -> Command {
    let Some(file) = file else { return root };
    let root = root.mut_args(|argument| with_default(argument, file, None));
    root.mut_subcommands(|command| {
        let role = command.get_name().to_owned();
        command
            .mut_args(|argument| with_default(argument, file, Some(&role)))
            .mut_subcommands(|inner| inner.mut_args(|argument| with_default(argument, file, Some(&role))))
    })
}

fn with_default(argument: Arg, file: &SettingsFile, role: Option<&str>) -> Arg {
    if argument.get_env().is_none() {
        return argument;
    }
    let Some(entry) = argument.get_long().and_then(|flag| file.entry(role, &key_of(flag))) else { return argument };
    // Clap keeps defaults for the life of the process, and a process reads its settings once.
    let values: Vec<&'static str> = entry.values.iter().map(|value| &*value.clone().leak()).collect();
    // What has a default is no longer asked for.
    argument.required(false).default_values(values)
}
