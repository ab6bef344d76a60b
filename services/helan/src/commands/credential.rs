//! `helan credential`: who may call, kept as digests in a file of mode 0600.

use std::path::PathBuf;

use anyhow::{Context, bail};
use helan_runtime::clock::Clock;
use helan_runtime::credentials::{CredentialFile, Entry, NewCredential, Role};

use crate::args::{CredentialArgs, CredentialCommand, RoleChoice};
use crate::say::{note, say};
use crate::show;

pub(crate) fn run(args: CredentialArgs) -> anyhow::Result<()> {
    let path = args.credentials.clone().unwrap_or_else(|| default_path(&args.data_dir));
    let file = CredentialFile::new(&path);
    let now = jiff::Timestamp::from_microsecond(Clock::system().now())?;
    match args.command {
        CredentialCommand::Add { role, reporter, id, expires, catalog } => {
            let role = match role {
                RoleChoice::Reporter => Role::Reporter,
                RoleChoice::Analyst => Role::Analyst,
                RoleChoice::Operator => Role::Operator,
            };
            if let Some(name) = &reporter {
                let catalog = super::catalog::load(catalog.as_deref())?;
                if catalog.reporter(name).is_none() {
                    let known: Vec<_> = catalog.reporter_ids().collect();
                    bail!("the catalog has no reporter {name:?}; it has {}", known.join(", "));
                }
            }
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
            }
            let new = NewCredential { id: id.as_deref(), role, reporter: reporter.as_deref(), expires };
            say!("{}", file.add(&new, now)?.reveal());
            note!("This token is shown only once; its digest is in {}.", path.display());
        }
        CredentialCommand::Rotate { id, overlap } => {
            say!("{}", file.rotate(&id, overlap.try_into()?, None, now)?.reveal());
            note!("The old token of {id} stays valid for {overlap:?}.");
        }
        CredentialCommand::Revoke { id } => {
            file.revoke(&id, now)?;
            note!("{id} is revoked; running services notice within a second.");
        }
        CredentialCommand::List => {
            let mut table = show::new_table();
            table.set_header(["id", "role", "reporter", "created", "state"].map(show::heading));
            for entry in file.list()? {
                table.add_row([
                    entry.id.to_string(),
                    entry.role.as_str().to_owned(),
                    entry.reporter.as_deref().unwrap_or_default().to_owned(),
                    entry.created.to_string(),
                    state(&entry, now).to_owned(),
                ]);
            }
            say!("{table}");
        }
    }
    Ok(())
}

/// Where a data directory keeps its credentials.
pub(crate) fn default_path(data_dir: &std::path::Path) -> PathBuf {
    data_dir.join("credentials.jsonl")
}

fn state(entry: &Entry, now: jiff::Timestamp) -> &'static str {
    if entry.revoked.is_some() {
        "revoked"
    } else if entry.secrets.iter().all(|secret| secret.is_expired(now.as_microsecond())) {
        "expired"
    } else {
        "valid"
    }
}
