//! `helan backup` and `helan restore`: a data directory copied while it is in use, and put back elsewhere.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use helan_runtime::clock::Clock;
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::{LogPlace, Place};
use crate::backup::{MANIFEST, Manifest, Sources, make, restore, tidy};
use crate::lang::Lang;
use crate::say::say;
use crate::settings;

/// Arguments of `helan backup`.
#[derive(Debug, Args)]
#[command(
    after_help = "Services may run meanwhile. Every report that was acknowledged before the backup began is in it. A backup is a directory named after the time, laid out as a data directory, with every file's SHA-256 in backup.json. What a backup that was killed has left is deleted by the next one into the same directory. With a log on Kafka only the lake and the credentials are copied: Kafka keeps the log.\n\nExamples:\n  helan backup --data-dir /var/lib/helan --to /mnt/backups\n  helan backup --data-dir /var/lib/helan --to /mnt/backups --keep 14\n  helan restore /mnt/backups/2026-11-24T18-30-00Z --data-dir /var/lib/helan-restored"
)]
pub(crate) struct BackupArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) log: LogPlace,
    /// Credentials file; otherwise `credentials.jsonl` in the data directory
    #[arg(long, env = "HELAN_CREDENTIALS", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) credentials: Option<PathBuf>,
    /// Directory in which the backup's own directory is made
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) to: PathBuf,
    /// Keep only the newest N backups; otherwise all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) keep: Option<u16>,
}

/// Arguments of `helan restore`.
#[derive(Debug, Args)]
#[command(
    after_help = "Restore log and lake together, never one without the other. Stop what runs on the old data first: once two logs with the same identity both keep writing, they cannot be told apart. Until the restore is complete, the directory holds the file HELAN-UNFINISHED and no role starts on it. If the restore is killed, run it again."
)]
pub(crate) struct RestoreArgs {
    /// The backup's directory
    #[arg(value_name = "BACKUP", value_hint = ValueHint::DirPath)]
    pub(crate) from: PathBuf,
    /// The data directory to make; new, empty, or left by a restore that was killed
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) data_dir: PathBuf,
}

pub(crate) async fn backup(args: BackupArgs, lang: Lang) -> anyhow::Result<()> {
    let dir = args.place.dir()?;
    let sources = Sources {
        log_url: super::roles::log_url(&args.place, &args.log.at)?,
        kafka_properties: args.log.at.properties()?,
        lake: args.place.lake()?,
        credentials: args.credentials.clone().unwrap_or_else(|| super::credential::default_path(&dir)),
        settings: dir.join(settings::FILE_NAME),
        now: Clock::system().now(),
    };
    let progress = bar();
    if args.to.is_dir() {
        let left = tidy(&args.to)?;
        for path in left.deleted {
            say!("{} {}", lang.pick("已删除未完成的备份", "deleted an unfinished backup"), path.display());
        }
        for path in left.unknown {
            let advice = lang.pick(
                "可能是未完成的备份；确认无备份在运行后请删除",
                "may be an unfinished backup; delete it if none runs",
            );
            say!("{}: {advice}", path.display());
        }
    }
    let (made, manifest) = make(&sources, &args.to, &progress).await?;
    progress.finish_and_clear();
    say!("{}", told(&made, &manifest, lang));
    for old in args.keep.map(|keep| superfluous(&args.to, usize::from(keep))).transpose()?.unwrap_or_default() {
        std::fs::remove_dir_all(&old)?;
        say!("{} {}", lang.pick("已删除旧备份", "deleted the older backup"), old.display());
    }
    Ok(())
}

pub(crate) async fn restore_into(args: RestoreArgs, lang: Lang) -> anyhow::Result<()> {
    let progress = bar();
    let manifest = restore(&args.from, &args.data_dir, &progress).await?;
    progress.finish_and_clear();
    say!("{}", told(&args.data_dir, &manifest, lang));
    let dir = args.data_dir.display();
    match (manifest.has_log, lang) {
        (true, Lang::Zh) => say!("先停掉旧实例，再启动：helan up --data-dir {dir}"),
        (true, Lang::En) => say!("Stop the old instance, then start: helan up --data-dir {dir}"),
        (false, Lang::Zh) => say!("日志在 Kafka（{}）：各角色照旧加 --log 启动", manifest.log),
        (false, Lang::En) => say!("The log is Kafka's ({}): start the roles with --log as before", manifest.log),
    }
    Ok(())
}

fn bar() -> ProgressBar {
    // Written only if standard error is a terminal.
    let style = ProgressStyle::with_template("{spinner} {bytes} {msg}").expect("the template is sound");
    ProgressBar::no_length().with_style(style)
}

fn told(at: &Path, manifest: &Manifest, lang: Lang) -> String {
    let (at, files, begun) = (at.display(), manifest.files.len(), &manifest.begun_at);
    match lang {
        Lang::Zh => format!("{at}：{files} 个文件，包含 {begun} 之前确认的全部报送"),
        Lang::En => format!("{at}: {files} files, with every report acknowledged before {begun}"),
    }
}

/// The complete backups of a directory but the newest so many.
fn superfluous(under: &Path, keep: usize) -> anyhow::Result<Vec<PathBuf>> {
    let mut backups = Vec::new();
    for entry in std::fs::read_dir(under)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && path.join(MANIFEST).is_file() {
            backups.push((Manifest::read(&path)?.begun_at, path));
        }
    }
    backups.sort();
    backups.truncate(backups.len().saturating_sub(keep));
    Ok(backups.into_iter().map(|(_, path)| path).collect())
}
