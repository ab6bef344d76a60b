//! Paths as people write them.

use std::io;
use std::path::{Component, Path, PathBuf};

/// The path from the root, without `..`, which no store takes. Where a folder is a link, `..` is what it points to lies in.
///
/// # Errors
/// If the path is empty, or the current directory is not known.
pub(crate) fn absolute(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let mut found = PathBuf::new();
    for part in std::path::absolute(path)?.components() {
        if part == Component::ParentDir {
            found = found.canonicalize().unwrap_or(found);
            found.pop();
        } else {
            found.push(part);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_through_the_folder_above_is_the_folder_meant() {
        let home = tempfile::tempdir().expect("a directory");
        let home = home.path().canonicalize().expect("a path");
        std::fs::create_dir_all(home.join("real/inner")).expect("folders");
        std::os::unix::fs::symlink(home.join("real/inner"), home.join("link")).expect("a link");
        for (written, meant) in [
            ("real/../lake", "lake"),
            ("not-there/../lake/.", "lake"),
            ("link/../lake", "real/lake"),
            ("link/lake", "link/lake"),
        ] {
            assert_eq!(absolute(home.join(written)).expect("a path"), home.join(meant), "{written}");
        }
        assert_eq!(absolute("/../..").expect("a path"), Path::new("/"));
        assert!(absolute("").is_err());
    }
}
