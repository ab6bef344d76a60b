//! The settings that there are, taken from the command line's own description.

use std::any::TypeId;
use std::collections::BTreeMap;

use clap::{Arg, ArgAction, Command};

/// One setting.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// Its flag, without the hyphens.
    pub(crate) flag: String,
    /// Its environment variable.
    pub(crate) env: String,
    /// Its key in the settings file: the flag with underscores. None for the flag that names the file.
    pub(crate) key: Option<String>,
    /// The commands that have it; empty = every command.
    pub(crate) commands: Vec<String>,
    /// As clap knows it.
    pub(crate) argument: Arg,
}

/// How a value is written in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Integer,
    Boolean,
}

impl Setting {
    /// How its value is written in the file.
    pub(crate) fn kind(&self) -> Kind {
        if matches!(self.argument.get_action(), ArgAction::SetTrue | ArgAction::SetFalse) {
            return Kind::Boolean;
        }
        let id = self.argument.get_value_parser().type_id();
        let integers = [
            TypeId::of::<i32>(),
            TypeId::of::<i64>(),
            TypeId::of::<u16>(),
            TypeId::of::<u32>(),
            TypeId::of::<u64>(),
            TypeId::of::<usize>(),
        ];
        if integers.iter().any(|integer| id == *integer) {
            Kind::Integer
        } else if id == TypeId::of::<bool>() {
            Kind::Boolean
        } else {
            Kind::Text
        }
    }

    /// Whether it may be given more than once.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.argument.get_action(), ArgAction::Append)
    }

    /// Whether its value must not be shown.
    pub(crate) fn is_secret(&self) -> bool {
        self.argument.is_hide_env_values_set()
    }
}

/// The flag that names the settings file: it cannot stand in it.
pub(crate) const CONFIG: &str = "config";

/// A flag's key in the settings file.
pub(crate) fn key_of(flag: &str) -> String {
    flag.replace('-', "_")
}

/// Every setting of a command line by its flag.
pub(crate) fn all(root: &Command) -> BTreeMap<String, Setting> {
    let mut settings = BTreeMap::new();
    for argument in root.get_arguments() {
        add(&mut settings, argument, None);
    }
    for command in root.get_subcommands() {
        let path = command.get_name().to_owned();
        for argument in command.get_arguments() {
            add(&mut settings, argument, Some(&path));
        }
        for inner in command.get_subcommands() {
            let path = format!("{path} {}", inner.get_name());
            for argument in inner.get_arguments() {
                add(&mut settings, argument, Some(&path));
            }
        }
    }
    settings
}

fn add(settings: &mut BTreeMap<String, Setting>, argument: &Arg, command: Option<&str>) {
    let (Some(flag), Some(env)) = (argument.get_long(), argument.get_env()) else { return };
    let entry = settings.entry(flag.to_owned()).or_insert_with(|| Setting {
        flag: flag.to_owned(),
        env: env.to_string_lossy().into(),
        key: (flag != CONFIG).then(|| key_of(flag)),
        commands: Vec::new(),
        argument: argument.clone(),
    });
    if let Some(command) = command
        && !entry.commands.iter().any(|known| known == command)
    {
        entry.commands.push(command.to_owned());
    }
}
