//! Files that hold secrets: who may read them.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Why a file with secrets is not used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It cannot be looked at.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        #[source]
        error: std::io::Error,
    },
    /// Others than its owner may read it.
    #[error("{0} may be read by others; run: chmod 600 {0}")]
    Exposed(PathBuf),
}

/// Checks that a file with secrets may be read by this process's user alone.
///
/// A file that belongs to another user may also be read by its group: so it is with secrets that Kubernetes or systemd
/// mount, which belong to root and are shown to the process through its group.
///
/// # Errors
/// [`SecretError`], with what to do.
pub fn check_mode(path: &Path) -> Result<(), SecretError> {
    let metadata = std::fs::metadata(path).map_err(|error| SecretError::Io { path: path.to_owned(), error })?;
    // The directory of a process belongs to the user it runs as.
    let own = std::fs::metadata("/proc/self").map_or(true, |process| process.uid() == metadata.uid());
    if is_exposed(metadata.mode(), own) { Err(SecretError::Exposed(path.to_owned())) } else { Ok(()) }
}

/// What changes when a file is replaced or edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// The stamp of the file that a path leads to now, if there is one.
    pub fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

fn is_exposed(mode: u32, own: bool) -> bool {
    let refused = if own { 0o077 } else { 0o037 };
    mode & refused != 0
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn own_files_are_private_and_mounted_ones_may_show_themselves_to_their_group() {
        assert!(!is_exposed(0o600, true) && !is_exposed(0o400, true));
        assert!(is_exposed(0o640, true) && is_exposed(0o604, true));
        assert!(!is_exposed(0o440, false) && !is_exposed(0o400, false));
        assert!(is_exposed(0o444, false) && is_exposed(0o460, false));
    }

    #[test]
    fn a_file_that_others_may_read_says_what_to_do() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        check_mode(file.path()).expect("temporary files are private");
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).expect("a mode");
        let said = check_mode(file.path()).expect_err("open to all").to_string();
        assert!(said.contains("chmod 600"), "{said}");
        assert!(matches!(check_mode(Path::new("/nonexistent")), Err(SecretError::Io { .. })));
    }
}
