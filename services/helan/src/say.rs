//! What commands write. Who reads it may have gone (`| head`, `2>&1 | head`): the command then ends its work quietly.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};

use crate::commands::catalog::Unsound;
use crate::errors;
use crate::lang::Lang;

/// Prints a line.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::say::write(format_args!("{}\n", format_args!($($text)*)))
    };
}
pub(crate) use say;

/// Prints a line to standard error.
macro_rules! note {
    ($($text:tt)*) => {
        $crate::say::aside(format_args!("{}\n", format_args!($($text)*)))
    };
}
pub(crate) use note;

/// Writes a text. A closed pipe is no error; what cannot be written otherwise, such as a token to a full disk, ends the
/// process with the reason.
pub(crate) fn write(text: Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    match out.write_fmt(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            note!("helan: standard output cannot be written: {error}");
            std::process::exit(1);
        }
        _ => {}
    }
}

/// Writes a text beside the output. Nobody can be told where it cannot be written.
pub(crate) fn aside(text: Arguments<'_>) {
    let _ = std::io::stderr().lock().write_fmt(text);
}

/// An error with its causes, each once; one of the engine's ends the chain, in plain words.
pub(crate) fn why(error: &anyhow::Error, lang: Lang) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in error.chain() {
        let engine = helan_query::said_of(cause);
        let last = engine.is_some();
        let text = engine.unwrap_or_else(|| cause.to_string());
        // Some errors say their cause themselves.
        if texts.last().is_none_or(|before| !before.ends_with(&text)) {
            texts.push(text);
        }
        if last {
            break;
        }
    }
    // What is wrong with a catalog's files is a list.
    let listed = error.chain().find_map(|cause| cause.downcast_ref::<Unsound>()).map(|found| found.listed(lang));
    let texts: Vec<_> = texts.iter().map(|text| errors::said(text, lang)).collect();
    texts.join(lang.pick("：", ": ")) + &listed.map(|listed| format!("\n{}", listed.trim_end())).unwrap_or_default()
}
