//! Puts a backup into a new data directory, and checks every file on the way.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use indicatif::ProgressBar;

use super::manifest::{Manifest, digest, private, sync_dir};

/// Copies a backup into a directory that is new or empty.
///
/// # Errors
/// If the backup is incomplete or damaged, or the directory holds something. What was written so far is removed, so
/// that nobody starts on half a restore.
pub(crate) fn restore(from: &Path, to: &Path, progress: &ProgressBar) -> anyhow::Result<Manifest> {
    let manifest = Manifest::read(from)?;
    if std::fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{} is not empty; name a new directory, nothing is overwritten", to.display());
    }
    use std::os::unix::fs::DirBuilderExt;
    let mut folders = std::fs::DirBuilder::new();
    folders.recursive(true).mode(0o700);
    folders.create(to).with_context(|| format!("cannot make {}", to.display()))?;
    let copied = manifest.files.iter().try_for_each(|(name, expected)| {
        let relative = Path::new(name);
        let plain = relative.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        ensure!(plain, "{name:?} leads out of the backup");
        let target = to.join(relative);
        let folder = target.parent().context("a file has a folder")?;
        folders.create(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let mut copy = private(&target)?;
        let found = digest(&from.join(relative), |piece| {
            progress.inc(piece.len() as u64);
            copy.write_all(piece)
        })?;
        ensure!(found == *expected, "{name} is damaged: its SHA-256 is {found}, the backup says {expected}");
        copy.sync_all().with_context(|| format!("cannot sync {}", target.display()))?;
        sync_dir(folder)
    });
    if let Err(error) = copied {
        let _ = std::fs::remove_dir_all(to);
        return Err(error);
    }
    sync_dir(to)?;
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::MANIFEST;

    fn backup(dir: &Path) -> Manifest {
        let mut manifest = Manifest::new("2026-11-24T00:00:00Z".into(), "memory/a".into(), true, "l".into());
        std::fs::create_dir_all(dir.join("log")).expect("a folder");
        for (name, text) in [("log/log.sqlite", "one"), ("credentials.jsonl", "two")] {
            std::fs::write(dir.join(name), text).expect("written");
            manifest.files.insert(name.to_owned(), digest(&dir.join(name), |_| Ok(())).expect("a digest"));
        }
        manifest.write(dir).expect("written");
        manifest
    }

    #[test]
    fn a_backup_comes_back_whole_or_not_at_all() {
        let dir = tempfile::tempdir().expect("a directory");
        let (from, to) = (dir.path().join("backup"), dir.path().join("new"));
        let bar = ProgressBar::hidden();
        restore(&from, &to, &bar).expect_err("no backup there");
        let manifest = backup(&from);
        assert_eq!(restore(&from, &to, &bar).expect("restored"), manifest);
        assert_eq!(std::fs::read_to_string(to.join("log/log.sqlite")).expect("readable"), "one");
        let said = restore(&from, &to, &bar).expect_err("not empty").to_string();
        assert!(said.contains("not empty"), "{said}");

        std::fs::remove_dir_all(&to).expect("removed");
        std::fs::write(from.join("log/log.sqlite"), "onf").expect("written");
        let said = restore(&from, &to, &bar).expect_err("damaged").to_string();
        assert!(said.contains("damaged") && !to.exists(), "{said}");

        let mut manifest = manifest;
        manifest.files.insert("../outside".to_owned(), String::new());
        std::fs::remove_file(from.join(MANIFEST)).expect("removed");
        manifest.write(&from).expect("written");
        restore(&from, &to, &bar).expect_err("leads out of the backup");
        std::fs::write(from.join(MANIFEST), "{}").expect("written");
        restore(&from, &to, &bar).expect_err("no manifest");
    }
}
