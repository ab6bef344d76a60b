//! The lake's store, which gives nothing out that its digest says was changed.
//!
//! What is read as a whole (commits, entries, files that are put together or copied) is compared while it is read. Of a
//! file of rows, readers take pieces: on a local disk it is read through once before its first piece is given, by each
//! process that reads it. An object store keeps digests of its own, and reading everything from afar would cost more
//! than it finds; there a file is compared where it is read as a whole.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use futures::stream::{BoxStream, StreamExt};
use helan_schemas::tables::Table;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::digests::{self, Kind, Seal};
use crate::error::LakeError;

/// Files that a process remembers to have compared; beyond it, it begins anew.
const REMEMBERED: usize = 100_000;
/// The folder of folded cells, which can be done without.
pub(crate) const CELLS: &str = "cells";

/// A file that is not what was written.
#[derive(Debug, thiserror::Error)]
#[error(
    "{file} of the lake is damaged: its content is not what was written. Stop what writes to the lake and restore log and \
     lake from one backup (`helan restore`), or build it again from the log (`helan rebuild`)"
)]
pub(crate) struct Flipped {
    /// Its name from the lake's folder on.
    pub(crate) file: String,
}

/// Why such a file cannot be used.
pub(crate) const NOT_AS_WRITTEN: &str = "its content is not what was written: its digest differs";

impl Flipped {
    /// As an error of the lake.
    pub(crate) fn told(&self) -> LakeError {
        let table = self.file.split('/').next().unwrap_or_default();
        let table = Table::ALL.into_iter().find(|known| known.name() == table);
        let table = table.map_or(CELLS, Table::name);
        LakeError::Damaged { table, file: self.file.clone(), why: NOT_AS_WRITTEN.to_owned() }
    }
}

/// What was found by comparing; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Checks(Arc<Found>);

#[derive(Debug)]
struct Found {
    /// The lake's folder, with a slash at its end.
    folder: String,
    /// Digests of files that were compared since the process runs.
    sound: Mutex<HashSet<u64>>,
    damaged: Mutex<BTreeMap<String, LakeError>>,
    cells_left: std::sync::atomic::AtomicU64,
}

impl Checks {
    pub(crate) fn new(folder: &str) -> Self {
        let folder = format!("{}/", folder.trim_matches('/'));
        Self(Arc::new(Found { folder, sound: <_>::default(), damaged: <_>::default(), cells_left: <_>::default() }))
    }

    /// Errors that name the damaged files of tables that were met so far.
    pub(crate) fn damaged(&self) -> Vec<String> {
        let is_of_table = |(file, _): &(&String, &LakeError)| !is_cells(file);
        lock(&self.0.damaged).iter().filter(is_of_table).map(|(_, error)| error.to_string()).collect()
    }

    /// Whether a file was found damaged.
    pub(crate) fn is_damaged(&self, path: &Path) -> bool {
        lock(&self.0.damaged).contains_key(self.relative(path))
    }

    /// How often folded cells could not be used.
    pub(crate) fn cells_left(&self) -> u64 {
        self.0.cells_left.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Folded cells are not used.
    pub(crate) fn leave_cells(&self) {
        self.0.cells_left.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    fn relative<'p>(&self, path: &'p Path) -> &'p str {
        path.as_ref().strip_prefix(self.0.folder.as_str()).unwrap_or(path.as_ref())
    }

    fn is_known(&self, digest: u64) -> bool {
        lock(&self.0.sound).contains(&digest)
    }

    fn remember(&self, digest: u64) {
        let mut sound = lock(&self.0.sound);
        if sound.len() >= REMEMBERED {
            sound.clear();
        }
        sound.insert(digest);
    }

    /// Keeps that a file is damaged, and says so the first time.
    pub(crate) fn damage(&self, path: &Path) -> Flipped {
        let flipped = Flipped { file: self.relative(path).to_owned() };
        let told = lock(&self.0.damaged).insert(flipped.file.clone(), flipped.told());
        match (told, is_cells(&flipped.file)) {
            (Some(_), _) => {}
            (None, true) => {
                tracing::warn!(path = flipped.file, "cached cells are damaged; they are not used, and will be rebuilt");
            }
            (None, false) => tracing::error!(path = flipped.file, "a file of the lake is not what was written"),
        }
        flipped
    }
}

fn is_cells(file: &str) -> bool {
    file.strip_prefix(CELLS).is_some_and(|rest| rest.starts_with('/'))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What came of comparing a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compared {
    /// It is what was written.
    Sound,
    /// It has no digest.
    Without,
}

/// A store that compares.
#[derive(Debug)]
pub(crate) struct CheckedStore {
    inner: Arc<dyn ObjectStore>,
    checks: Checks,
    /// Whether a file is read through before a piece of it is given.
    pieces: bool,
}

impl CheckedStore {
    pub(crate) fn new(inner: Arc<dyn ObjectStore>, checks: Checks, pieces: bool) -> Self {
        Self { inner, checks, pieces }
    }

    fn flipped(&self, path: &Path) -> Error {
        Error::Generic { store: "lake", source: Box::new(self.checks.damage(path)) }
    }

    /// Reads a file through, however often that was done before.
    ///
    /// # Errors
    /// If it cannot be read, or is damaged.
    pub(crate) async fn compare(&self, path: &Path) -> Result<Compared> {
        match Kind::of(path) {
            Kind::Rows(digest) => self.compare_with(path, digest).await,
            Kind::Checkpoint => match self.noted(path).await? {
                Some(digest) => self.compare_with(path, digest).await,
                None => Ok(Compared::Without),
            },
            Kind::Text => match digests::judge(&self.inner.get(path).await?.bytes().await?) {
                Seal::Sound => Ok(Compared::Sound),
                Seal::None => Ok(Compared::Without),
                Seal::Broken => Err(self.flipped(path)),
            },
            Kind::Note | Kind::Other => Ok(Compared::Without),
        }
    }

    async fn compare_with(&self, path: &Path, digest: u64) -> Result<Compared> {
        let mut pieces = self.inner.get(path).await?.into_stream();
        let mut found = Xxh3::new();
        while let Some(piece) = pieces.try_next().await? {
            found.update(&piece);
        }
        if found.digest() != digest {
            return Err(self.flipped(path));
        }
        self.checks.remember(digest);
        Ok(Compared::Sound)
    }

    /// The digest of a checkpoint, if the note has it.
    async fn noted(&self, path: &Path) -> Result<Option<u64>> {
        let mut parts: Vec<_> = path.parts().collect();
        parts.pop();
        let note = Path::from_iter(parts).join("_last_checkpoint");
        match self.inner.get(&note).await {
            Ok(note) => Ok(digests::noted(&note.bytes().await?, path)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Before a piece of a file is given.
    async fn before_pieces(&self, path: &Path) -> Result<()> {
        if !self.pieces {
            return Ok(());
        }
        let digest = match Kind::of(path) {
            Kind::Rows(digest) => Some(digest),
            Kind::Checkpoint => self.noted(path).await?,
            Kind::Text | Kind::Note | Kind::Other => None,
        };
        match digest {
            Some(digest) if !self.checks.is_known(digest) => self.compare_with(path, digest).await.map(drop),
            _ => Ok(()),
        }
    }

    /// A whole file, if it is what was written.
    async fn whole(&self, path: &Path, kind: Kind, result: GetResult) -> Result<GetResult> {
        let (meta, range, attributes) = (result.meta.clone(), result.range.clone(), result.attributes.clone());
        let bytes = result.bytes().await?;
        let is_sound = match kind {
            Kind::Rows(digest) => xxh3_64(&bytes) == digest,
            Kind::Checkpoint => self.noted(path).await?.is_none_or(|digest| xxh3_64(&bytes) == digest),
            Kind::Text => digests::judge(&bytes) != Seal::Broken,
            // It only says where to begin to read: without it the log is listed from its beginning.
            Kind::Note if digests::judge(&bytes) == Seal::Broken => {
                tracing::warn!(
                    path = self.checks.relative(path),
                    "a note of the last checkpoint is damaged, and is not used"
                );
                let source = Box::new(Flipped { file: self.checks.relative(path).to_owned() });
                return Err(Error::NotFound { path: path.to_string(), source });
            }
            Kind::Note | Kind::Other => true,
        };
        if !is_sound {
            return Err(self.flipped(path));
        }
        let payload = GetResultPayload::Stream(futures::stream::once(std::future::ready(Ok(bytes))).boxed());
        Ok(GetResult { payload, meta, range, attributes })
    }
}

impl std::fmt::Display for CheckedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.inner, f)
    }
}

#[async_trait]
impl ObjectStore for CheckedStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let kind = Kind::of(location);
        if options.head || kind == Kind::Other {
            return self.inner.get_opts(location, options).await;
        }
        if options.range.is_some() {
            self.before_pieces(location).await?;
            return self.inner.get_opts(location, options).await;
        }
        let result = self.inner.get_opts(location, options).await?;
        self.whole(location, kind, result).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.before_pieces(location).await?;
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests;
