//! Standard output of commands. Who reads it may have gone (`| head`): the command then ends its work quietly.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};

/// Prints a line.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::say::write(format_args!("{}\n", format_args!($($text)*)))
    };
}
pub(crate) use say;

/// Writes a text. A closed pipe is no error; what cannot be written otherwise, such as a token to a full disk, ends the
/// process with the reason.
pub(crate) fn write(text: Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    match out.write_fmt(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("helan: standard output cannot be written: {error}");
            std::process::exit(1);
        }
        _ => {}
    }
}
