//! `helan credential`: who may call, kept as digests in a file of mode 0600.

use std::path::PathBuf;

use anyhow::{Context, bail};
use helan_runtime::clock::Clock;
use helan_runtime::credentials::{CredentialFile, Entry, NewCredential, Role};

use crate::args::{CredentialArgs, CredentialCommand, RoleChoice};
use crate::lang::Lang;
use crate::say::{note, say};
use crate::show;

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
