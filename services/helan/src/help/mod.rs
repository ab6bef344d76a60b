//! `--help` and what is wrong with a command line, in Chinese.
//!
//! The code says everything in English, where the flag stands. `zh.toml` has the Chinese by the English text, so that a
//! text that was changed is missing there until somebody has looked at it; a test reads the whole command line.

mod wrong;

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::LazyLock;

use clap::error::ErrorKind;
use clap::{Arg, Command};
use serde::Deserialize;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::lang::Lang;

/// Columns before a flag's text.
const INDENT: usize = 10;
/// Columns before a command's text in its parent's list, for the longest name that there is.
const LIST_INDENT: usize = 14;

/// `zh.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    /// What clap writes by itself.
    phrases: BTreeMap<String, String>,
    /// The Chinese by the English text.
    texts: BTreeMap<String, String>,
    /// What stands below a command's options, by the command's words.
    after: BTreeMap<String, String>,
    /// The English text of each, as the beginning of its SHA-256: so that none is kept by mistake.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compares it"))]
    after_of: BTreeMap<String, String>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    // A test reads the same text: a build whose page cannot be read is not made.
    toml::from_str(include_str!("zh.toml")).expect("zh.toml is sound")
});

/// The Chinese for an English text; the English one if there is none.
fn zh(en: &str) -> &str {
    WORDS.texts.get(en).map_or(en, String::as_str)
}

/// The command line with its texts in a language.
pub(crate) fn speaking(root: Command, lang: Lang) -> Command {
    match lang {
        Lang::Zh => command(root, ""),
        Lang::En => root,
    }
}

fn command(mut given: Command, path: &str) -> Command {
    if let Some(about) = given.get_about().map(ToString::to_string) {
        given = given.about(wrap(zh(&about), room(LIST_INDENT)));
    }
    // Otherwise it would be the about.
    if let Some(long) = given.get_long_about().map(ToString::to_string) {
        given = given.long_about(wrap(zh(&long), room(0)));
    }
    if let Some(after) = WORDS.after.get(path) {
        given = given.after_help(after.as_str());
    }
    given.mut_args(argument).mut_subcommands(|inner| {
        let path = format!("{path} {}", inner.get_name());
        command(inner, path.trim_start())
    })
}

fn argument(given: Arg) -> Arg {
    let help = given.get_help().map(ToString::to_string).unwrap_or_default();
    let long = given.get_long_help().map(ToString::to_string).unwrap_or_else(|| help.clone());
    let (mut help, mut long) = (wrap(zh(&help), room(INDENT)), wrap(zh(&long), room(INDENT)));
    let heading = given.get_help_heading().and_then(|heading| WORDS.texts.get(heading));
    let values = given.get_possible_values();
    let values: Vec<_> = values.iter().filter(|value| !value.is_hide_set()).collect();
    // Those of an enum are told by its type: they are written here, and clap is told not to.
    let told = values.iter().any(|value| value.get_help().is_some()) && !given.is_hide_possible_values_set();
    if told {
        let widest = values.iter().map(|value| value.get_name().len()).max().unwrap_or(0);
        let names: Vec<_> = values.iter().map(|value| value.get_name()).collect();
        help.push_str(&format!(" [可选值：{}]", names.join("、")));
        long.push_str("\n\n可选值：");
        for value in values {
            let about = value.get_help().map(ToString::to_string).unwrap_or_default();
            let name = format!("{}：", value.get_name());
            let filled = (widest + 2).saturating_sub(name.width());
            long.push_str(&format!("\n- {name}{:filled$}{}", "", zh(&about)));
        }
    }
    // Beside a flag there is little room, and no space at which clap could break a line.
    let given = given.help(help).long_help(long).next_line_help(true);
    let given = if told { given.hide_possible_values(true) } else { given };
    match heading {
        Some(heading) => given.help_heading(heading.as_str()),
        None => given,
    }
}

/// Columns of a line of help behind an indent.
fn room(indent: usize) -> usize {
    crate::show::columns().min(100).saturating_sub(indent)
}

/// Ends the process with clap's answer, help or an error, in a language.
pub(crate) fn end(error: &clap::Error, lang: Lang) -> ! {
    if lang == Lang::En {
        error.exit();
    }
    let text = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::DisplayVersion => {
            translated(&styled(error))
        }
        _ => wrong::told(error),
    };
    if error.use_stderr() {
        crate::say::aside(format_args!("{text}"));
    } else {
        crate::say::write(format_args!("{text}"));
    }
    std::process::exit(error.exit_code());
}

/// What clap wrote, with its colours where somebody sees them.
fn styled(error: &clap::Error) -> String {
    let terminal = match error.use_stderr() {
        true => std::io::stderr().is_terminal(),
        false => std::io::stdout().is_terminal(),
    };
    let colours = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let text = error.render();
    if colours { text.ansi().to_string() } else { text.to_string() }
}

/// Puts Chinese in the place of what clap writes by itself.
fn translated(text: &str) -> String {
    let mut phrases: Vec<_> = WORDS.phrases.iter().collect();
    // One phrase is the beginning of another.
    phrases.sort_by_key(|(en, _)| std::cmp::Reverse(en.len()));
    phrases.into_iter().fold(text.to_owned(), |text, (en, zh)| text.replace(en, zh))
}

/// A text in lines of at most so many columns. A line may end behind a wide character and at a space, but not before a
/// mark that belongs to what precedes it.
fn wrap(text: &str, columns: usize) -> String {
    const NEVER_FIRST: &str = "，。；：、！？）》”’";
    const NEVER_LAST: &str = "（《“‘";
    let mut lines = Vec::new();
    for line in text.lines() {
        let (mut done, mut width, mut at_last, mut before) = (String::new(), 0, 0, ' ');
        for c in line.chars() {
            let wide = |c: char| c.width().unwrap_or(0) > 1;
            if !done.is_empty()
                && (before == ' ' || wide(before) || wide(c))
                && !NEVER_FIRST.contains(c)
                && !NEVER_LAST.contains(before)
            {
                at_last = done.len();
            }
            width += c.width().unwrap_or(0);
            done.push(c);
            if width > columns && at_last > 0 {
                let rest = done.split_off(at_last);
                lines.push(std::mem::replace(&mut done, rest.trim_start().to_owned()).trim_end().to_owned());
                (width, at_last) = (done.width(), 0);
            }
            before = c;
        }
        lines.push(done);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests;
