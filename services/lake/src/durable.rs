//! A local disk on which a write counts only when it would survive a power cut.
//!
//! `object_store`'s local store writes and links without `fsync`: after a power cut a commit file can be there and
//! empty, which makes a Delta table unreadable. Here a file is written under a temporary name and synced, then linked
//! to its own name (which fails if that exists: Delta's put-if-absent), then its directories are synced.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

const STORE: &str = "DurableStore";
/// Mode of a file: analysts of the service's group may read it, others may not. A stricter umask takes away more.
pub(crate) const FILE_MODE: u32 = 0o640;
/// Mode of a directory.
pub(crate) const DIRECTORY_MODE: u32 = 0o750;

/// The local file system, synced.
#[derive(Clone, Debug)]
pub(crate) struct DurableStore {
    inner: Arc<LocalFileSystem>,
}

impl DurableStore {
    pub(crate) fn new() -> Self {
        Self { inner: Arc::new(LocalFileSystem::new()) }
    }

    async fn put_synced(&self, location: &Path, payload: PutPayload, create: bool) -> Result<PutResult> {
        let path = self.inner.path_to_filesystem(location)?;
        let shown = location.to_string();
        let written = tokio::task::spawn_blocking(move || write_synced(&path, &payload, create))
            .await
            .map_err(|source| Error::Generic { store: STORE, source: Box::new(source) })?;
        match written {
            Ok(()) => Ok(PutResult { e_tag: None, version: None }),
            Err(source) if source.kind() == ErrorKind::AlreadyExists => {
                Err(Error::AlreadyExists { path: shown, source: Box::new(source) })
            }
            Err(source) => Err(Error::Generic { store: STORE, source: Box::new(source) }),
        }
    }
}

/// Writes a whole file so that it is either there and complete or not there, also after a power cut.
fn write_synced(path: &FsPath, payload: &PutPayload, create: bool) -> io::Result<()> {
    static STAGED: AtomicU64 = AtomicU64::new(0);
    let directory = path.parent().ok_or(ErrorKind::InvalidInput)?;
    create_directories(directory)?;
    // The local store hides names that end in `#` and digits from listings: an unfinished file is no table's file.
    let number = u64::from(std::process::id()) << 32 | STAGED.fetch_add(1, Ordering::Relaxed);
    let mut staged = path.as_os_str().to_owned();
    staged.push(format!("#{number}"));
    let staged = PathBuf::from(staged);
    let written = (|| {
        let mut file = File::options().write(true).create_new(true).mode(FILE_MODE).open(&staged)?;
        for part in payload {
            file.write_all(part)?;
        }
        file.sync_all()?;
        if create { fs::hard_link(&staged, path) } else { fs::rename(&staged, path) }
    })();
    if create || written.is_err() {
        let _ = fs::remove_file(&staged);
    }
    written?;
    File::open(directory)?.sync_all()
}

fn create_directories(directory: &FsPath) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    let parent = directory.parent().ok_or(ErrorKind::InvalidInput)?;
    create_directories(parent)?;
    match fs::DirBuilder::new().mode(DIRECTORY_MODE).create(directory) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => File::open(parent)?.sync_all(),
    }
}

/// Makes the entries of a directory durable, whoever made them.
pub(crate) async fn sync_directory(directory: PathBuf) -> Result<()> {
    let synced = tokio::task::spawn_blocking(move || File::open(directory)?.sync_all()).await;
    synced
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
        .map_err(|source| Error::Generic { store: STORE, source: Box::new(source) })
}

impl std::fmt::Display for DurableStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(STORE)
    }
}

#[async_trait]
impl ObjectStore for DurableStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        match options.mode {
            PutMode::Create => self.put_synced(location, payload, true).await,
            PutMode::Overwrite => self.put_synced(location, payload, false).await,
            PutMode::Update(_) => {
                Err(Error::NotImplemented { operation: "put with a condition".into(), implementer: STORE.into() })
            }
        }
    }

    async fn put_multipart_opts(&self, location: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(Upload::new(Arc::new(self.clone()), location)))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
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
        let payload = self.inner.get(from).await?.bytes().await?;
        self.put_synced(to, payload.into(), options.mode == CopyMode::Create).await.map(drop)
    }
}

/// Gathers the parts and puts them into its store as one file at the end.
#[derive(Debug)]
pub(crate) struct Upload {
    store: Arc<dyn ObjectStore>,
    location: Path,
    parts: Vec<PutPayload>,
}

impl Upload {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, location: &Path) -> Self {
        Self { store, location: location.clone(), parts: Vec::new() }
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.parts.push(data);
        Box::pin(async { Ok(()) })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let payload = self.parts.drain(..).flatten().collect();
        self.store.put_opts(&self.location, payload, PutOptions::default()).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.parts.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use futures::TryStreamExt;

    use super::*;

    #[tokio::test]
    async fn creates_once_and_leaves_nothing_staged() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let store = DurableStore::new();
        let root = Path::from_filesystem_path(directory.path()).expect("path");
        let path = root.clone().join("a").join("0.json");
        let create = PutOptions::from(PutMode::Create);
        store.put_opts(&path, "one".into(), create.clone()).await.expect("first");
        let again = store.put_opts(&path, "two".into(), create).await.expect_err("second");
        assert!(matches!(again, Error::AlreadyExists { .. }), "{again}");
        assert_eq!(store.get(&path).await.expect("get").bytes().await.expect("bytes"), "one");
        store.put(&path, "three".into()).await.expect("overwrite");
        let mut upload = store.put_multipart_opts(&root.clone().join("b"), Default::default()).await.expect("upload");
        upload.put_part("x".into()).await.expect("part");
        upload.put_part("y".into()).await.expect("part");
        upload.complete().await.expect("complete");
        let listed: Vec<_> = store.list(Some(&root)).try_collect().await.expect("list");
        let mut sizes: Vec<_> = listed.iter().map(|meta| meta.size).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [2, 5]);
        assert_eq!(fs::read_dir(directory.path().join("a")).expect("directory").count(), 1);
        let mode = |name: &str| fs::metadata(directory.path().join(name)).expect("it is there").permissions().mode();
        for (name, most) in [("a", DIRECTORY_MODE), ("a/0.json", FILE_MODE), ("b", FILE_MODE)] {
            assert_eq!(mode(name) & 0o777 & !most, 0, "{name}: {:o}", mode(name));
        }
    }
}
