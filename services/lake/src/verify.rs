//! Reading files through to see whether they are what was written, a part at a time.

use futures::TryStreamExt;
use helan_schemas::tables::Table;
use object_store::path::Path;
use object_store::{Error, ObjectStore};
use xxhash_rust::xxh3::xxh3_64;

use crate::cells::State;
use crate::checked::Compared;
use crate::damage::in_chain;
use crate::error::LakeError;
use crate::lake::Lake;

/// Where a run goes on that compares a part of the files.
#[derive(Clone, Debug, Default)]
pub struct Cursor(Option<Place>);

#[derive(Clone, Debug)]
enum Place {
    After(Path),
    Anywhere,
}

impl Cursor {
    /// Somewhere, for runs that do not know of each other.
    pub fn anywhere() -> Self {
        Self(Some(Place::Anywhere))
    }
}

/// What came of comparing files with their digests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Files that are what was written.
    pub files: usize,
    /// Bytes that were read.
    pub bytes: u64,
    /// Files that have no digest: an earlier build or another program wrote them.
    pub without: usize,
    /// Bytes of the files that were left for another time.
    pub left: u64,
    /// Errors that name the damaged files of tables, and say what to do.
    pub damaged: Vec<String>,
}

/// A file, and its size.
type File = (Path, u64);

impl Lake {
    /// Compares files with their digests, from a cursor on: those that the newest versions of the tables name, the end of
    /// their logs, and folded cells. At most so many bytes, but one file at least; all of them come in turn.
    ///
    /// # Errors
    /// If the store fails. Damaged files are no error here, they are in the result, and [`Lake::sound`] tells of them from
    /// then on.
    pub async fn verify(&self, cursor: &mut Cursor, most: u64) -> Result<Verified, LakeError> {
        let mut verified = Verified::default();
        let mut files = Vec::new();
        for table in Table::ALL {
            match self.files_of(table).await {
                Ok(found) => files.extend(found),
                // A lake of an earlier build gets its newer tables when something next writes to it.
                Err(LakeError::NoLake(_)) => {}
                Err(error @ LakeError::Damaged { .. }) => verified.damaged.push(error.to_string()),
                Err(error) => return Err(error),
            }
        }
        files.sort();
        let begin = match &cursor.0 {
            None => 0,
            Some(Place::After(last)) => files.partition_point(|(path, _)| path <= last),
            Some(Place::Anywhere) => xxh3_64(self.clock().new_id().as_bytes()) as usize % files.len().max(1),
        };
        files.rotate_left(begin);
        let mut is_full = false;
        for (path, size) in files {
            is_full = is_full || verified.bytes > 0 && verified.bytes + size > most;
            if is_full {
                verified.left += size;
                continue;
            }
            match self.store().compare(&path).await {
                Ok(Compared::Sound) => verified.files += 1,
                Ok(Compared::Without) => verified.without += 1,
                // It was put together with others meanwhile, long ago.
                Err(Error::NotFound { .. }) => continue,
                Err(error) => match in_chain(&error) {
                    Some(damaged @ LakeError::Damaged { table, .. }) if table != crate::checked::CELLS => {
                        verified.damaged.push(damaged.to_string());
                    }
                    // They are left, and folded again.
                    Some(_) => {}
                    None => return Err(error.into()),
                },
            }
            verified.bytes += size;
            cursor.0 = Some(Place::After(path));
        }
        Ok(verified)
    }

    async fn files_of(&self, table: Table) -> Result<Vec<File>, LakeError> {
        let snapshot = self.snapshot(table).await?;
        let folder = Path::from_url_path(self.table_url(table).path()).map_err(Error::from)?;
        let mut files = Vec::new();
        for file in snapshot.files() {
            let name = Path::from_url_path(&file.path).map_err(Error::from)?;
            files.push((Path::from_iter(folder.parts().chain(name.parts())), file.size.unsigned_abs()));
        }
        let log = folder.join("_delta_log");
        let listed: Vec<File> =
            self.store().list(Some(&log)).map_ok(|meta| (meta.location, meta.size)).try_collect().await?;
        let version = |path: &Path| path.filename()?.get(..20)?.parse::<u64>().ok();
        let is_checkpoint = |path: &Path| path.as_ref().ends_with(".checkpoint.parquet");
        let newest = listed.iter().filter(|(path, _)| is_checkpoint(path)).filter_map(|(path, _)| version(path)).max();
        // What lies before the newest checkpoint is not read any more.
        files.extend(listed.into_iter().filter(|(path, _)| match is_checkpoint(path) {
            true => version(path) == newest,
            false => path.as_ref().ends_with(".json") && version(path) > newest,
        }));
        if table == Table::Events
            && let Some(state) = State::newest(&snapshot).await?
        {
            files.extend(state.files());
        }
        Ok(files)
    }
}
