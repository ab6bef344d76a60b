//! Puts a backup into a new data directory, and checks every file on the way.
//!
//! A directory that is not there yet is made beside its place and renamed into it. One that is there, such as a mount
//! point or a directory whose parent belongs to another user, is filled where it is. Either carries a mark until it is
//! whole, and nothing starts on what is marked.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail, ensure};
use helan_lake::{Cursor, Lake};
use indicatif::ProgressBar;
use url::Url;

use super::check::{check, open_log};
use super::manifest::{Manifest, digest, sync_dir};
use super::unfinished::{MARK, Mark, clear, remove};
use crate::lang::Lang;

/// What a backup holds, so what a restore that was killed may have left.
const HELD: [&str; 5] = ["lake", "log", "credentials.jsonl", "credentials.jsonl.scram", "helan.toml"];

/// Copies a backup into a directory that is new or empty, or that a restore that was killed has left.
///
/// # Errors
/// If the backup is incomplete or damaged, or the directory holds something else. What was written so far is removed.
pub(crate) async fn restore(from: &Path, to: &Path, progress: &ProgressBar) -> anyhow::Result<Manifest> {
    let manifest = Manifest::read(from)?;
    let to = crate::paths::absolute(to)?;
    if to.is_dir() {
        let mark = take_over(&to)?;
        return match fill(from, &to, &manifest, progress).await {
            Ok(()) => mark.finish(&to).map(|()| manifest),
            Err(error) => {
                let _ = clear(&to).and_then(|()| mark.finish(&to));
                Err(error)
            }
        };
    }
    let (parent, staged) = beside(&to)?;
    let make = |folder: &Path, mode| {
        let made = fs::DirBuilder::new().recursive(true).mode(mode).create(folder);
        made.with_context(|| format!("cannot make {}", folder.display()))
    };
    make(&parent, 0o755)?;
    make(&staged, DIRECTORY)?;
    let mark = take_over(&staged)?;
    let filled = fill(from, &staged, &manifest, progress).await;
    let renamed = filled.and_then(|()| {
        fs::rename(&staged, &to).with_context(|| format!("cannot rename {} to {}", staged.display(), to.display()))
    });
    match renamed {
        Ok(()) => {
            sync_dir(&parent)?;
            mark.finish(&to)?;
            Ok(manifest)
        }
        Err(error) => {
            let _ = remove(&staged, mark);
            Err(error)
        }
    }
}

/// Mode of directories that analysts of the group may read: the data directory and the lake.
const DIRECTORY: u32 = 0o750;
/// Mode of the lake's files.
const FILE: u32 = 0o640;

/// The directory that holds a new one, and the name under which that is made.
fn beside(to: &Path) -> anyhow::Result<(PathBuf, PathBuf)> {
    let name = to.file_name().with_context(|| format!("{} has no name", to.display()))?;
    ensure!(fs::symlink_metadata(to).is_err(), "{} is there already, and is no directory", to.display());
    let parent = to.parent().with_context(|| format!("{} has no directory above it", to.display()))?;
    Ok((parent.to_owned(), parent.join(format!(".{}.restoring", name.to_string_lossy()))))
}

/// Marks a directory that is empty, or that a restore that was killed has left; then it is empty.
fn take_over(dir: &Path) -> anyhow::Result<Mark> {
    let entries = || -> anyhow::Result<Vec<PathBuf>> {
        let listed = fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))?;
        let paths = listed.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(paths.into_iter().filter(|path| !path.ends_with(MARK)).collect())
    };
    let is_marked = dir.join(MARK).exists();
    if !is_marked && !entries()?.is_empty() {
        bail!("{} is not empty; name a new directory, nothing is overwritten", dir.display());
    }
    let mark = Mark::take(dir)?;
    // What came since the first look is not ours either.
    let foreign = entries()?.into_iter().find(|path| !(mark.was_left && HELD.iter().any(|held| path.ends_with(held))));
    if let Some(path) = foreign {
        if !mark.was_left {
            mark.finish(dir)?;
        }
        bail!("{} holds {}, which no restore wrote; nothing is overwritten", dir.display(), path.display());
    }
    clear(dir)?;
    Ok(mark)
}

/// Copies every file, and opens what was copied as a service would.
async fn fill(from: &Path, to: &Path, manifest: &Manifest, progress: &ProgressBar) -> anyhow::Result<()> {
    for (name, expected) in &manifest.files {
        copy(from, to, name, expected, progress)?;
    }
    sync_dir(to)?;
    progress.set_message(Lang::spoken().pick("核对", "check"));
    let log = if manifest.has_log { Some(open_log(to).await?) } else { None };
    check(log, to, manifest).await?;
    // The backup may be of a lake that was damaged already, by a build that did not look.
    let lake = crate::paths::absolute(to.join("lake"))?;
    let url = Url::from_directory_path(&lake).map_err(|()| anyhow::anyhow!("{} is no directory", lake.display()))?;
    let damaged = Lake::open(&url).await?.verify(&mut Cursor::default(), u64::MAX).await?.damaged;
    ensure!(damaged.is_empty(), "the backup is of a lake that was damaged: {}", damaged.join("; "));
    Ok(())
}

fn copy(from: &Path, to: &Path, name: &str, expected: &str, progress: &ProgressBar) -> anyhow::Result<()> {
    let relative = Path::new(name);
    let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
    ensure!(plain, "{name:?} leads out of the backup");
    ensure!(HELD.iter().any(|held| relative.starts_with(held)), "{name:?} does not belong in a backup");
    let (file, folders) = if relative.starts_with("lake") { (FILE, DIRECTORY) } else { (0o600, 0o700) };
    let source = from.join(relative);
    ensure!(source.is_file(), "{name} is missing from the backup; use another backup");
    let target = to.join(relative);
    let folder = target.parent().context("a file has a folder")?;
    let made = fs::DirBuilder::new().recursive(true).mode(folders).create(folder);
    made.with_context(|| format!("cannot make {}", folder.display()))?;
    let created = fs::File::options().write(true).create_new(true).mode(file).open(&target);
    let mut copy = created.with_context(|| format!("cannot write {}", target.display()))?;
    let found = digest(&source, |piece| {
        progress.inc(piece.len() as u64);
        copy.write_all(piece)
    })?;
    ensure!(
        found == expected,
        "{name} is damaged: its SHA-256 is {found}, the backup says {expected}; use another backup"
    );
    copy.sync_all().with_context(|| format!("cannot sync {}", target.display()))?;
    // Folders above it are new as well, and their names are in those above them.
    folder.ancestors().take_while(|folder| folder.starts_with(to)).try_for_each(sync_dir)
}

#[cfg(test)]
mod tests {
    use helan_log::{LogUrl, OpenOptions, TopicSpec};

    use super::*;
    use crate::backup::{MANIFEST, Sources, make};

    /// A small data directory, and a backup of it.
    async fn backup(root: &Path) -> (PathBuf, Manifest) {
        let data = root.join("data");
        let log_url = LogUrl::embedded_in(&data.join("log"));
        let log = helan_log::open(&log_url, OpenOptions::writing()).await.expect("a log");
        log.create_topics(&TopicSpec::all(1, 1)).await.expect("topics");
        let lake = Url::from_directory_path(data.join("lake")).expect("a URL");
        Lake::create_or_open(&lake, &log.identity().await.expect("an identity").to_string()).await.expect("a lake");
        fs::write(data.join("credentials.jsonl"), "two").expect("written");
        let (credentials, settings) = (data.join("credentials.jsonl"), data.join("helan.toml"));
        let sources = Sources { log_url, kafka_properties: Default::default(), lake, credentials, settings, now: 0 };
        make(&sources, &root.join("backups"), &ProgressBar::hidden()).await.expect("a backup")
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_backup_comes_back_whole_or_not_at_all() {
        let dir = tempfile::tempdir().expect("a directory");
        let to = dir.path().join("new");
        let bar = ProgressBar::hidden();
        restore(dir.path(), &to, &bar).await.expect_err("no backup there");
        let (from, manifest) = backup(dir.path()).await;
        let names = |dir: &Path| {
            let mut names: Vec<_> =
                fs::read_dir(dir).expect("readable").map(|it| it.expect("entry").file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(names(&from), ["backup.json", "credentials.jsonl", "lake", "log"]);
        assert_eq!(restore(&from, &to, &bar).await.expect("restored"), manifest);
        assert_eq!(fs::read_to_string(to.join("credentials.jsonl")).expect("readable"), "two");
        assert_eq!(names(&to), ["credentials.jsonl", "lake", "log"]);
        let said = restore(&from, &to, &bar).await.expect_err("not empty").to_string();
        assert!(said.contains("not empty"), "{said}");
        assert_eq!(names(dir.path()), ["backups", "data", "new"]);

        // What a restore that was killed has left is taken away; what no restore wrote is not.
        drop(Mark::take(&to).expect("marked"));
        assert_eq!(restore(&from, &to, &bar).await.expect("anew"), manifest);
        drop(Mark::take(&to).expect("marked"));
        fs::write(to.join("thesis"), "mine").expect("written");
        let said = restore(&from, &to, &bar).await.expect_err("another's").to_string();
        assert!(said.contains("thesis") && to.join("lake").is_dir(), "{said}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_damaged_backup_is_refused_by_name_and_leaves_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let (from, manifest) = backup(dir.path()).await;
        let bar = ProgressBar::hidden();
        let refused = async |expected: &str| {
            for to in [dir.path().join("new"), dir.path().join("there")] {
                if to.ends_with("there") {
                    fs::create_dir(&to).expect("a folder");
                }
                let said = format!("{:#}", restore(&from, &to, &bar).await.expect_err(expected));
                assert!(said.contains(expected), "{said}");
                assert!(to.ends_with("new") != to.exists(), "{}", to.display());
                assert!(!dir.path().join(".new.restoring").exists());
                if to.exists() {
                    fs::remove_dir(&to).expect("nothing is left in it");
                }
            }
        };
        let rewrite = |manifest: &Manifest| {
            fs::remove_file(from.join(MANIFEST)).expect("removed");
            manifest.write(&from).expect("written");
        };
        let log = fs::read(from.join("log/log.sqlite")).expect("readable");
        let mut flipped = log.clone();
        flipped[log.len() / 2] ^= 1;
        fs::write(from.join("log/log.sqlite"), &flipped).expect("written");
        refused("log/log.sqlite is damaged").await;
        fs::remove_file(from.join("log/log.sqlite")).expect("removed");
        refused("log/log.sqlite is missing").await;
        fs::write(from.join("log/log.sqlite"), &log).expect("written");

        let mut changed = manifest.clone();
        changed.files.insert("../outside".to_owned(), String::new());
        rewrite(&changed);
        refused("leads out of the backup").await;
        // A manifest that forgets a file of the lake's log does not pass either.
        changed.clone_from(&manifest);
        changed.files.remove("lake/submissions/_delta_log/00000000000000000000.json").expect("a first commit");
        rewrite(&changed);
        refused("submissions").await;
        changed.clone_from(&manifest);
        changed.tables.insert("events".to_owned(), 7);
        rewrite(&changed);
        refused("the backup says 7").await;
        fs::write(from.join(MANIFEST), "{}").expect("written");
        refused("cannot be understood").await;
    }
}
