//! Disk that operators may use where memory does not suffice: sorts and groups are written there and read again, so that
//! a question is answered slowly and not refused.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::execution::disk_manager::{DiskManager, DiskManagerBuilder, DiskManagerMode};

/// How much disk all questions of a process may use, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScratchSpace {
    /// A directory that holds nothing else; each process has one of its own below it.
    pub directory: PathBuf,
    /// Bytes.
    pub bytes: u64,
}

/// The disk of one process. Its directory goes with it.
#[derive(Debug)]
pub(crate) struct Scratch {
    disk: Arc<DiskManager>,
    _own: Option<Own>,
}

#[derive(Debug)]
struct Own {
    directory: PathBuf,
    /// Locked as long as the process lives.
    _lock: File,
}

/// File in a process's directory that tells, by its lock, whether the process lives.
const LOCK: &str = "in-use";

impl Scratch {
    /// None: what needs more than its memory is refused.
    pub(crate) fn none() -> io::Result<Self> {
        let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled).build();
        Ok(Self { disk: Arc::new(disk.map_err(io::Error::other)?), _own: None })
    }

    /// A directory of its own; those of processes that were killed are removed.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(crate) fn new(space: &ScratchSpace) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&space.directory)?;
        remove_left(&space.directory)?;
        let (directory, lock) = own_directory(&space.directory)?;
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![directory.clone()]))
            .with_max_temp_directory_size(space.bytes)
            .build();
        Ok(Self { disk: Arc::new(disk.map_err(io::Error::other)?), _own: Some(Own { directory, _lock: lock }) })
    }

    /// The system's directory for such files, as much as there is room: for a process that answers who started it.
    ///
    /// # Errors
    /// Never: the directory is made when it is needed.
    pub(crate) fn of_system() -> io::Result<Self> {
        let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::OsTmpDirectory).build();
        Ok(Self { disk: Arc::new(disk.map_err(io::Error::other)?), _own: None })
    }

    /// As operators use it.
    pub(crate) fn disk(&self) -> Arc<DiskManager> {
        self.disk.clone()
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // Nothing in it is of use to anybody; what stays is removed by the next process.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A directory that nobody else has, and its lock: containers count their processes anew.
fn own_directory(space: &Path) -> io::Result<(PathBuf, File)> {
    let mut number = 0;
    loop {
        let directory = space.join(format!("{}-{number}", std::process::id()));
        number += 1;
        match DirBuilder::new().mode(0o700).create(&directory) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            made => made?,
        }
        let lock = File::create_new(directory.join(LOCK))?;
        match lock.try_lock() {
            // Another process may take it for one that was left, until it is locked.
            Err(TryLockError::WouldBlock) => continue,
            Ok(()) if !directory.join(LOCK).exists() => continue,
            // A disk without locks has nobody's left to remove either.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok((directory, lock)),
        }
    }
}

/// Removes the directories of processes that no longer live.
fn remove_left(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let Ok(lock) = File::open(path.join(LOCK)) else { continue };
        if lock.try_lock().is_ok() {
            tracing::info!(path = %path.display(), "scratch files of a process that was killed are removed");
            fs::remove_dir_all(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_a_live_one_uses_is_kept() {
        let home = tempfile::tempdir().expect("a directory");
        let space = ScratchSpace { directory: home.path().join("scratch"), bytes: 1 };
        let live = Scratch::new(&space).expect("scratch");
        let left = space.directory.join("left");
        fs::create_dir(&left).expect("a directory");
        File::create(left.join(LOCK)).expect("a file");
        let other = Scratch::new(&space).expect("scratch");
        let there = || fs::read_dir(&space.directory).expect("a directory").count();
        assert!(!left.exists());
        assert_eq!(there(), 2);
        drop(live);
        drop(other);
        assert_eq!(there(), 0);
    }
}
