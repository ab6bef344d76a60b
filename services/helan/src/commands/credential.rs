//! `helan credential`: who may call, kept as digests in a file of mode 0600.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use helan_runtime::clock::Clock;
use helan_runtime::credentials::{CredentialFile, Entry, NewCredential, Role};

use crate::args::duration;
use crate::lang::Lang;
use crate::say::{note, say};
use crate::show;

#[derive(Debug, Args)]
pub(crate) struct CredentialArgs {
    /// Directory of this machine's log, lake and credentials
    #[arg(long, env = "HELAN_DATA_DIR", value_name = "DIR", default_value = "helan-data", global = true)]
    pub(crate) data_dir: PathBuf,
    /// Credentials file; otherwise `credentials.jsonl` in the data directory
    #[arg(long, env = "HELAN_CREDENTIALS", value_name = "FILE", global = true)]
    pub(crate) credentials: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: CredentialCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CredentialCommand {
    /// Make a credential and print its token, which is shown only once
    Add {
        /// Role: what the holder may do
        #[arg(long, value_enum)]
        role: RoleChoice,
        /// Reporter in the catalog that it sends for (role reporter)
        #[arg(long, value_name = "ID", required_if_eq("role", "reporter"))]
        reporter: Option<String>,
        /// Its id, such as the name of the system that holds it; otherwise a random one
        #[arg(long, value_name = "ID")]
        id: Option<String>,
        /// When it expires (RFC 3339)
        #[arg(long, value_name = "TIME")]
        expires: Option<jiff::Timestamp>,
        /// The catalog's directory; otherwise the built-in one
        #[arg(long, env = "HELAN_CATALOG", value_name = "DIR")]
        catalog: Option<PathBuf>,
    },
    /// Give a credential a new token; the old one stays valid for a while
    Rotate {
        /// The credential's id
        id: String,
        /// How long the old token stays valid
        #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration)]
        overlap: Duration,
    },
    /// End a credential at once
    Revoke {
        /// The credential's id
        id: String,
    },
    /// List credentials; tokens are never shown
    List {
        /// The catalog's directory; otherwise the built-in one
        #[arg(long, env = "HELAN_CATALOG", value_name = "DIR")]
        catalog: Option<PathBuf>,
    },
}

/// What a credential's bearer may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleChoice {
    /// Send submissions for one reporter, and read their receipts
    Reporter,
    /// Ask in SQL, and review publications
    Analyst,
    /// Approve, release and withdraw publications, close periods, read status and metrics
    Operator,
}

pub(crate) fn run(args: CredentialArgs, lang: Lang) -> anyhow::Result<()> {
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
                    bail!(
                        "catalog {} has no reporter {name:?}; it has {}. Another catalog is named with --catalog",
                        catalog.head.id,
                        known.join(", ")
                    );
                }
            }
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
            }
            let new = NewCredential { id: id.as_deref(), role, reporter: reporter.as_deref(), expires };
            say!("{}", file.add(&new, now)?.reveal());
            match lang {
                Lang::Zh => note!("访问令牌只显示这一次；其摘要存于 {}。", path.display()),
                Lang::En => note!("This token is shown only once; its digest is in {}.", path.display()),
            }
        }
        CredentialCommand::Rotate { id, overlap } => {
            say!("{}", file.rotate(&id, overlap.try_into()?, None, now)?.reveal());
            match lang {
                Lang::Zh => note!("{id} 的旧令牌在 {overlap:?} 内仍有效。"),
                Lang::En => note!("The old token of {id} stays valid for {overlap:?}."),
            }
        }
        CredentialCommand::Revoke { id } => {
            file.revoke(&id, now)?;
            match lang {
                Lang::Zh => note!("{id} 已吊销；运行中的服务一秒内生效。"),
                Lang::En => note!("{id} is revoked; running services notice within a second."),
            }
        }
        CredentialCommand::List { catalog } => {
            // A catalog that does not load must not keep anybody from seeing who may call.
            let zone = super::catalog::load(catalog.as_deref()).map(|catalog| catalog.head.time_zone.clone());
            let zone = zone.unwrap_or_else(|_| "UTC".to_owned());
            let heads = [
                ("编号", "id"),
                ("角色", "role"),
                ("报送单位", "reporter"),
                ("签发时间", "created"),
                ("状态", "state"),
            ];
            let mut table = show::headed(heads, lang);
            for entry in file.list()? {
                table.add_row([
                    entry.id.to_string(),
                    role_name(entry.role, lang).to_owned(),
                    entry.reporter.as_deref().unwrap_or_default().to_owned(),
                    show::moment(entry.created.as_microsecond(), &zone, lang),
                    state(&entry, now, lang).to_owned(),
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

fn role_name(role: Role, lang: Lang) -> &'static str {
    match role {
        Role::Reporter => lang.pick("报送单位", "reporter"),
        Role::Analyst => lang.pick("分析人员", "analyst"),
        Role::Operator => lang.pick("运维人员", "operator"),
    }
}

fn state(entry: &Entry, now: jiff::Timestamp, lang: Lang) -> &'static str {
    if entry.revoked.is_some() {
        lang.pick("已吊销", "revoked")
    } else if entry.secrets.iter().all(|secret| secret.is_expired(now.as_microsecond())) {
        lang.pick("已过期", "expired")
    } else {
        lang.pick("有效", "valid")
    }
}
