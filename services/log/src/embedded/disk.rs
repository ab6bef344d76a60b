//! The directory the log lies in: private, on a local disk, written by one process at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::{LogError, Result, RetryReason};

/// A writer that was just killed may hold its lock for a moment.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// Where the database lies in its directory.
pub(super) fn database(directory: &Path) -> PathBuf {
    directory.join("log.sqlite")
}

/// Creates the directory and the database file, readable by their owner only, and syncs what names them.
pub(super) fn prepare(directory: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|e| not_made(directory, &e))?;
    refuse_network(directory)?;
    let path = database(directory);
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(|e| failed(&path, &e))?;
    file.set_permissions(fs::Permissions::from_mode(0o600)).map_err(|e| failed(&path, &e))?;
    for directory in [Some(directory), directory.parent()].into_iter().flatten() {
        File::open(directory).and_then(|it| it.sync_all()).map_err(|e| failed(directory, &e))?;
    }
    Ok(())
}

/// Files as they were when they were opened: a name that leads elsewhere means that what is written goes where nobody
/// will find it.
#[derive(Debug)]
pub(super) struct Files(Vec<(PathBuf, (u64, u64))>);

impl Files {
    /// The database and its write-ahead log, which are open now.
    pub(super) fn of(path: &Path) -> Result<Self> {
        let wal = path.with_file_name("log.sqlite-wal");
        let files = [path.to_owned(), wal].into_iter().map(|path| Ok((path.clone(), inode(&path)?)));
        files.collect::<Result<_>>().map(Self)
    }

    /// Checks that they are still there under their names.
    pub(super) fn check(&self) -> Result<()> {
        for (path, opened) in &self.0 {
            if inode(path)? != *opened {
                return Err(replaced(path));
            }
        }
        Ok(())
    }
}

fn inode(path: &Path) -> Result<(u64, u64)> {
    match fs::metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(replaced(path)),
        Err(error) => Err(failed(path, &error)),
    }
}

fn replaced(path: &Path) -> LogError {
    LogError::misconfigured(format!(
        "{} was removed or replaced while it was in use: put the same file back, or stop this process and restore log and \
         lake from one backup",
        path.display()
    ))
}

/// Takes the directory for this process until the file is dropped.
pub(super) fn lock(directory: &Path) -> Result<File> {
    let file = File::open(directory).map_err(|e| failed(directory, &e))?;
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(LogError::misconfigured(format!(
                    "another process writes to {}; stop it, or send to it instead",
                    directory.display()
                )));
            }
            Err(TryLockError::Error(e)) => return Err(failed(directory, &e)),
        }
    }
}

/// What kind of file system a path lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileSystem {
    /// A disk of this machine.
    Local,
    /// Memory: gone after a restart.
    Memory,
    /// A network's, by its name: locks, shared memory or syncs do not keep their promise there.
    Network(&'static str),
}

/// What kind of file system a path lies on.
///
/// # Errors
/// If the path cannot be looked at.
#[cfg(target_os = "linux")]
pub fn file_system(path: &Path) -> std::io::Result<FileSystem> {
    const TMPFS: u32 = 0x0102_1994;
    let kind = rustix::fs::statfs(path)?.f_type as u32;
    Ok(match network_name(kind) {
        Some(name) => FileSystem::Network(name),
        None if kind == TMPFS => FileSystem::Memory,
        None => FileSystem::Local,
    })
}

/// Elsewhere nothing is known of a file system.
#[cfg(not(target_os = "linux"))]
pub fn file_system(_: &Path) -> std::io::Result<FileSystem> {
    Ok(FileSystem::Local)
}

/// Refuses file systems on which locks, shared memory or syncs do not keep their promise.
pub(super) fn refuse_network(directory: &Path) -> Result<()> {
    match file_system(directory).map_err(|e| failed(directory, &e))? {
        FileSystem::Local | FileSystem::Memory => Ok(()),
        FileSystem::Network(name) => Err(LogError::misconfigured(format!(
            "{} lies on the network file system {name}, on which SQLite can lose records; choose a local disk, or use \
             Kafka",
            directory.display()
        ))),
    }
}

/// Names a network file system by its magic number (linux/magic.h and each system's own header).
#[cfg(target_os = "linux")]
fn network_name(magic: u32) -> Option<&'static str> {
    Some(match magic {
        0x6969 => "NFS",
        0x517b => "SMB",
        0xff53_4d42 => "CIFS",
        0xfe53_4d42 => "SMB2",
        0x0102_1997 => "9P",
        0x7375_7245 => "Coda",
        0x5346_414f | 0x6b41_4653 => "AFS",
        0x0bd0_0bd0 => "Lustre",
        0x00c3_6400 => "CephFS",
        0x4750_4653 => "GPFS",
        0x7461_636f => "OCFS2",
        0x0116_1970 => "GFS2",
        0x1983_0326 => "BeeGFS",
        0x786f_4256 => "VirtualBox shared folder",
        _ => return None,
    })
}

/// A directory that cannot be made now cannot be made later: nobody waits for it, unless there is no room.
fn not_made(directory: &Path, error: &std::io::Error) -> LogError {
    let failed = failed(directory, error);
    match failed {
        LogError::Retry { reason: RetryReason::Io, detail } => LogError::misconfigured(format!(
            "{detail}; the log's directory cannot be made: name another one with --data-dir or --log"
        )),
        other => other,
    }
}

fn failed(path: &Path, error: &std::io::Error) -> LogError {
    use std::io::ErrorKind::{AlreadyExists, NotADirectory, PermissionDenied, ReadOnlyFilesystem, StorageFull};
    let detail = format!("{}: {error}", path.display());
    match error.kind() {
        AlreadyExists | NotADirectory => LogError::misconfigured(format!(
            "{detail}; a log is a directory, and something else is there: name another path with --log"
        )),
        PermissionDenied | ReadOnlyFilesystem => LogError::misconfigured(detail),
        StorageFull => LogError::retry(RetryReason::DiskFull, detail),
        _ => LogError::retry(RetryReason::Io, detail),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_log_whose_place_is_taken_is_not_waited_for() {
        let home = tempfile::tempdir().expect("a directory");
        let file = home.path().join("taken");
        File::create(&file).expect("a file");
        for path in [file.clone(), file.join("log")] {
            let error = prepare(&path).expect_err("a file is there");
            assert!(!error.is_retry(), "{error}");
        }
        let error = prepare(Path::new("/proc/none/log")).expect_err("nothing can be made there");
        assert!(!error.is_retry() && error.to_string().contains("--data-dir"), "{error}");
    }

    #[test]
    fn network_file_systems_are_known_and_local_ones_pass() {
        assert_eq!(network_name(0x6969), Some("NFS"));
        assert_eq!(network_name(0xef53), None);
        refuse_network(&std::env::temp_dir()).expect("a local disk");
        assert_eq!(file_system(Path::new("/dev/shm")).ok(), Some(FileSystem::Memory));
    }
}
