//! What a backup says of itself. It is written last: a directory without it is no backup.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Its name in the backup's directory.
pub(crate) const MANIFEST: &str = "backup.json";

/// Version of this form.
const FORMAT: u32 = 1;

/// What a backup holds.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// Version of this form.
    pub(crate) format: u32,
    /// Version of the program that made it.
    pub(crate) helan: String,
    /// When it was begun, RFC 3339: every report acknowledged before is in it.
    pub(crate) begun_at: String,
    /// The log's identity.
    pub(crate) log: String,
    /// Whether the log is in it; Kafka's is not.
    pub(crate) has_log: bool,
    /// The lake's id.
    pub(crate) lake: String,
    /// Version of each table.
    pub(crate) tables: BTreeMap<String, u64>,
    /// SHA-256 of each file, by its path.
    pub(crate) files: BTreeMap<String, String>,
}

impl Manifest {
    pub(crate) fn new(begun_at: String, log: String, has_log: bool, lake: String) -> Self {
        let helan = env!("CARGO_PKG_VERSION").to_owned();
        Self { format: FORMAT, helan, begun_at, log, has_log, lake, tables: BTreeMap::new(), files: BTreeMap::new() }
    }

    /// Reads a backup's manifest.
    ///
    /// # Errors
    /// If the directory is no complete backup, or one of another form.
    pub(crate) fn read(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join(MANIFEST);
        if !path.exists() {
            bail!("{} is no complete backup: it has no {MANIFEST}", dir.display());
        }
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let manifest: Self =
            serde_json::from_str(&text).with_context(|| format!("{} cannot be understood", path.display()))?;
        if manifest.format != FORMAT {
            bail!("{} has form {}, this program reads {FORMAT}", path.display(), manifest.format);
        }
        Ok(manifest)
    }

    /// Writes it, synced.
    pub(crate) fn write(&self, dir: &Path) -> anyhow::Result<()> {
        let mut file = private(&dir.join(MANIFEST))?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        sync_dir(dir)
    }
}

/// A new file that only its owner may read.
pub(super) fn private(path: &Path) -> anyhow::Result<File> {
    let options = File::options().write(true).create_new(true).mode(0o600).open(path);
    options.with_context(|| format!("cannot write {}", path.display()))
}

pub(super) fn sync_dir(dir: &Path) -> anyhow::Result<()> {
    File::open(dir).and_then(|it| it.sync_all()).with_context(|| format!("cannot sync {}", dir.display()))
}

/// Reads a file to its end, and gives each piece to `each`; returns its SHA-256.
pub(super) fn digest(path: &Path, mut each: impl FnMut(&[u8]) -> std::io::Result<()>) -> anyhow::Result<String> {
    let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (mut sha, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut buffer).with_context(|| format!("cannot read {}", path.display()))?;
        if read == 0 {
            break;
        }
        sha.update(&buffer[..read]);
        each(&buffer[..read])?;
    }
    Ok(sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Every file below a directory, as paths relative to it.
pub(super) fn files_below(dir: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name =
                    path.strip_prefix(dir)?.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
                found.push(name.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}
