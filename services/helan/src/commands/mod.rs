//! The subcommands, one file each.

pub(crate) mod adopt;
pub(crate) mod asking;
pub(crate) mod backup;
pub(crate) mod catalog;
pub(crate) mod compare;
pub(crate) mod credential;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod health;
pub(crate) mod load;
pub(crate) mod maintain;
pub(crate) mod rebuild;
pub(crate) mod release;
pub(crate) mod roles;
pub(crate) mod rollup;
pub(crate) mod scheduling;
pub(crate) mod send;
pub(crate) mod sql;
pub(crate) mod validate;

/// The command ends with this exit code; what there was to say is said.
#[derive(Debug, thiserror::Error)]
#[error("exit code {0}")]
pub(crate) struct Ended(pub(crate) u8);

/// Prints a completion script.
pub(crate) fn completion(shell: clap_complete::Shell) -> anyhow::Result<()> {
    use clap::CommandFactory;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut crate::args::Cli::command(), "helan", &mut script);
    std::io::Write::write_all(&mut std::io::stdout(), &script)?;
    Ok(())
}
