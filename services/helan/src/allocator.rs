//! The allocator of the binary, and how long it keeps what was freed.

use std::os::unix::process::CommandExt;

/// Gives memory back: with the system's allocator a process keeps what each of its many threads once needed.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// mimalloc's setting for how long it keeps what was freed, in milliseconds.
const DELAY: &str = "MIMALLOC_PURGE_DELAY";
/// Its own is 1000. A question over many statements frees and takes several times what it needs within a second.
const MILLISECONDS: &str = "10";

/// Sets [`DELAY`] in the environment, unless it is there, and starts the program again in the same process. mimalloc reads its settings
/// before `main`, and from the environment alone. If the program cannot be started again, it goes on, and takes more memory.
pub(crate) fn set() {
    if std::env::var_os(DELAY).is_some() {
        return;
    }
    let mut args = std::env::args_os();
    let (Ok(program), Some(name)) = (std::env::current_exe(), args.next()) else { return };
    let _ = std::process::Command::new(program).arg0(name).args(args).env(DELAY, MILLISECONDS).exec();
}
