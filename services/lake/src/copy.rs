//! A copy of one table as it is at one version, taken beside running appenders and maintenance.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path as FsPath;

use bytes::Bytes;
use futures::TryStreamExt;
use helan_schemas::tables::Table;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::durable::{DIRECTORY_MODE, FILE_MODE};
use crate::error::LakeError;
use crate::lake::Lake;

/// What of a table was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Version of the table.
    pub version: u64,
    /// Its data files.
    pub files: usize,
    /// Its rows.
    pub rows: usize,
}

/// Copies the newest version of a table into a local directory: its data files first, then the entries of its log up
/// to that version. The copy is synced, and is a Delta table like any other. `wrote` hears of each file's bytes.
///
/// # Errors
/// If the table cannot be read, or a file that the version needs went away meanwhile: run again.
pub async fn copy_table(lake: &Lake, table: Table, to: &FsPath, wrote: impl Fn(u64)) -> Result<Copied, LakeError> {
    let snapshot = lake.snapshot(table).await?;
    let (version, files) = (snapshot.version(), snapshot.files());
    let store = snapshot.log_store().object_store(None);
    for file in &files {
        let path = Path::from(file.path.as_str());
        copy_file(store.as_ref(), &path, to, &wrote).await?;
    }
    let entries: Vec<_> = store.list(Some(&Path::from("_delta_log"))).try_collect().await?;
    for entry in entries {
        let name = entry.location.filename().unwrap_or_default();
        let wanted = match name.get(..20).and_then(|digits| digits.parse::<u64>().ok()) {
            Some(of) => of <= version,
            // It names the newest checkpoint, which may be newer than what is copied; without it readers list.
            None => name == "_last_checkpoint" && hint(store.as_ref(), &entry.location).await? <= Some(version),
        };
        if !wanted {
            continue;
        }
        match copy_file(store.as_ref(), &entry.location, to, &wrote).await {
            // Cleaned up meanwhile, so a checkpoint before this version stands for it.
            Err(LakeError::Store(object_store::Error::NotFound { .. })) | Ok(()) => {}
            Err(error) => return Err(error),
        }
    }
    let rows = files.iter().filter_map(|file| file.rows).sum();
    Ok(Copied { version, files: files.len(), rows })
}

/// The version of the checkpoint that `_last_checkpoint` names.
async fn hint(store: &dyn ObjectStore, path: &Path) -> Result<Option<u64>, LakeError> {
    let text = match store.get(path).await {
        Ok(found) => found.bytes().await?,
        Err(object_store::Error::NotFound { .. }) => return Ok(Some(u64::MAX)),
        Err(error) => return Err(error.into()),
    };
    let hint: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
    Ok(Some(hint["version"].as_u64().unwrap_or(u64::MAX)))
}

async fn copy_file(store: &dyn ObjectStore, path: &Path, to: &FsPath, wrote: impl Fn(u64)) -> Result<(), LakeError> {
    let bytes = store.get(path).await?.bytes().await?;
    let size = bytes.len() as u64;
    let target = to.join(path.as_ref());
    let written = tokio::task::spawn_blocking(move || write_synced(&target, &bytes)).await;
    let generic =
        |source: Box<dyn std::error::Error + Send + Sync>| object_store::Error::Generic { store: "copy", source };
    written.map_err(|error| generic(error.into()))?.map_err(|error| generic(error.into()))?;
    wrote(size);
    Ok(())
}

fn write_synced(target: &FsPath, bytes: &Bytes) -> std::io::Result<()> {
    let folder = target.parent().ok_or(std::io::ErrorKind::InvalidInput)?;
    fs::DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(folder)?;
    let mut file = File::options().write(true).create_new(true).mode(FILE_MODE).open(target)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    File::open(folder)?.sync_all()
}
