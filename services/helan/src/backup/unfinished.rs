//! The mark of a directory that is not whole: the first file that is written into it and the last that goes.
//!
//! While a process fills the directory it holds a lock on the mark. The system gives the lock up when the process ends,
//! however it ends; so a mark without a lock was left by one that was killed, and its directory may be taken away.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::manifest::sync_dir;

/// Its name, which a person who lists the directory sees.
pub(crate) const MARK: &str = "HELAN-UNFINISHED";

/// What it says to who opens it.
const TEXT: &str = "helan backup or helan restore has not finished this directory: nothing starts on it.\n\
                    Run the same command again; it takes away what is here and starts anew.\n";

/// A marked directory that belongs to this process.
#[derive(Debug)]
pub(crate) struct Mark {
    file: File,
    /// Whether a process that was killed had left it.
    pub(crate) was_left: bool,
}

impl Mark {
    /// Marks a directory, or takes over a mark that was left in it.
    ///
    /// # Errors
    /// If another process is at work in the directory, or it cannot be written.
    pub(crate) fn take(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join(MARK);
        let shown = || format!("cannot mark {} as unfinished", dir.display());
        let create = File::options().write(true).create_new(true).mode(0o600).open(&path);
        let (mut file, was_left) = match create {
            Ok(file) => (file, false),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                (File::options().write(true).open(&path).with_context(shown)?, true)
            }
            Err(error) => return Err(error).with_context(shown),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another process is at work in {}; wait until it ends", dir.display())
            }
            // Without locks nothing tells whether its process lives; a new mark is ours in any case.
            Err(TryLockError::Error(_)) if !was_left => {}
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| {
                    format!(
                        "{} was left unfinished, and its disk has no locks: delete it if nothing runs",
                        dir.display()
                    )
                });
            }
        }
        // Its process may have finished between our opening and locking: then this is no longer the directory's mark.
        let is_there =
            fs::metadata(&path).is_ok_and(|found| file.metadata().is_ok_and(|ours| ours.ino() == found.ino()));
        if !is_there {
            bail!("another process was at work in {}; look at it, then run again", dir.display());
        }
        file.write_all(TEXT.as_bytes()).and_then(|()| file.sync_all()).with_context(shown)?;
        sync_dir(dir)?;
        Ok(Self { file, was_left })
    }

    /// Takes the mark away: the directory is whole, and where it belongs.
    pub(crate) fn finish(self, dir: &Path) -> anyhow::Result<()> {
        let path = dir.join(MARK);
        fs::remove_file(&path).with_context(|| format!("cannot delete {}", path.display()))?;
        drop(self.file);
        sync_dir(dir)
    }
}

/// Deletes what a marked directory holds, but neither the mark nor the directory.
pub(super) fn clear(dir: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name == MARK) {
            continue;
        }
        let removed =
            if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.with_context(|| format!("cannot delete {}", path.display()))?;
    }
    Ok(())
}

/// Deletes a marked directory, the mark last: killed on the way, it is still seen to be unfinished.
pub(super) fn remove(dir: &Path, mark: Mark) -> anyhow::Result<()> {
    clear(dir)?;
    mark.finish(dir)?;
    fs::remove_dir(dir).with_context(|| format!("cannot delete {}", dir.display()))
}

/// The directory that is marked, if a path or the directory that holds it is.
pub(crate) fn marked(path: &Path) -> Option<PathBuf> {
    [Some(path), path.parent()].into_iter().flatten().find(|dir| dir.join(MARK).exists()).map(Path::to_owned)
}

/// Refuses a place that is marked: half a restore reads like a whole one with fewer reports.
///
/// # Errors
/// If the path or the directory that holds it is marked.
pub(crate) fn refuse(path: &Path) -> anyhow::Result<()> {
    match marked(path) {
        None => Ok(()),
        Some(dir) => bail!(
            "{} is not whole: helan restore has not finished it (it holds the file {MARK}). Wait until it ends; if it \
             was killed, run it again",
            dir.display()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_held_by_one_process_and_what_was_left_is_taken_over() {
        let root = tempfile::tempdir().expect("a directory");
        let dir = root.path().join("data");
        fs::create_dir_all(dir.join("lake")).expect("a folder");
        refuse(&dir.join("lake")).expect("no mark");
        let mark = Mark::take(&dir).expect("marked");
        assert!(!mark.was_left);
        for place in [&dir, &dir.join("lake"), &dir.join("log")] {
            assert!(refuse(place).expect_err("marked").to_string().contains(MARK));
        }
        let said = Mark::take(&dir).expect_err("held").to_string();
        assert!(said.contains("another process"), "{said}");
        // As if the process had been killed: the lock goes, the mark stays.
        drop(mark);
        let mark = Mark::take(&dir).expect("taken over");
        assert!(mark.was_left);
        clear(&dir).expect("cleared");
        assert_eq!(fs::read_dir(&dir).expect("readable").count(), 1);
        mark.finish(&dir).expect("finished");
        refuse(&dir).expect("whole");
        let mark = Mark::take(&dir).expect("marked");
        remove(&dir, mark).expect("removed");
        assert!(!dir.exists());
    }
}
