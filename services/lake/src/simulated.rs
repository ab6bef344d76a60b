//! A disk in memory that fails, crashes and forgets on demand, for simulations of what the lake must survive.
//!
//! Every process has its own handle to the shared disk. A write becomes visible first and durable second, as on a real
//! disk; between the two a crash of the machine may take it back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use crate::durable::Upload;

const STORE: &str = "SimulatedStore";

/// What goes wrong at a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written, and the writer learns an error.
    Lost,
    /// It is written, and the writer still learns an error.
    Ambiguous,
    /// The process dies before the write.
    DiesBefore,
    /// The process dies after the write became visible, before it became durable.
    DiesBetween,
    /// The process dies after the write.
    DiesAfter,
}

/// A process's handle to a disk.
#[derive(Clone, Debug)]
pub struct SimulatedStore {
    disk: Arc<Disk>,
    process: Arc<Mutex<Process>>,
}

#[derive(Debug)]
struct Disk {
    files: InMemory,
    /// Whether writes are ever made durable; a plain local store does not.
    syncs: bool,
    /// Files that a power cut takes back, with what was there before.
    volatile: Mutex<BTreeMap<Path, Option<Bytes>>>,
    /// Seconds that the disk's clock is ahead of the system's.
    ahead: AtomicU64,
    /// What it was ahead when each file was written.
    written_ahead: Mutex<BTreeMap<Path, u64>>,
}

impl Disk {
    /// A file as it is listed, with the time of writing by the disk's clock.
    fn dated(&self, mut meta: ObjectMeta) -> ObjectMeta {
        let ahead = lock(&self.written_ahead).get(&meta.location).copied().unwrap_or(0);
        meta.last_modified += Duration::from_secs(ahead);
        meta
    }
}

#[derive(Debug, Default)]
struct Process {
    dead: bool,
    writes: u64,
    fault: Option<(u64, Fault)>,
    /// A file that so many more listings leave out.
    unlisted: Option<(Path, usize)>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SimulatedStore {
    /// A process on a new, empty disk. Without `syncs` no write ever survives a power cut for certain, as with a store
    /// that never calls `fsync`.
    pub fn new(syncs: bool) -> Self {
        let disk = Disk {
            files: InMemory::new(),
            syncs,
            volatile: Mutex::default(),
            ahead: AtomicU64::default(),
            written_ahead: Mutex::default(),
        };
        Self { disk: Arc::new(disk), process: Arc::default() }
    }

    /// Another process on the same disk.
    pub fn process(&self) -> Self {
        Self { disk: self.disk.clone(), process: Arc::default() }
    }

    /// Lets the write after so many others of this process go wrong.
    pub fn fail_after(&self, writes: u64, fault: Fault) {
        let mut process = lock(&self.process);
        process.fault = Some((process.writes + writes, fault));
    }

    /// Leaves a file out of the next listings of this process, as a directory does that is read while files are added.
    pub fn unlisted_in(&self, listings: usize, path: Path) {
        lock(&self.process).unlisted = Some((path, listings));
    }

    /// Lets time pass on the disk: what is written from now on is so much younger.
    pub fn pass(&self, time: Duration) {
        self.disk.ahead.fetch_add(time.as_secs(), Ordering::Relaxed);
    }

    /// Kills the process: all that it asks of the disk fails from now on.
    pub fn kill(&self) {
        lock(&self.process).dead = true;
    }

    /// Whether the process has died.
    pub fn is_dead(&self) -> bool {
        lock(&self.process).dead
    }

    /// Cuts the power: each write that is not durable yet is taken back if `taken` says so. Every process on the disk
    /// has to be killed as well.
    pub async fn power_cut(&self, mut taken: impl FnMut() -> bool) {
        let volatile = std::mem::take(&mut *lock(&self.disk.volatile));
        for (path, before) in volatile {
            if taken() {
                let files = &self.disk.files;
                let restored = match before {
                    Some(bytes) => files.put(&path, bytes.into()).await.map(drop),
                    None => files.delete(&path).await,
                };
                restored.expect("memory does not fail");
            }
        }
    }

    fn alive(&self) -> Result<()> {
        if lock(&self.process).dead { Err(failure("the process is dead")) } else { Ok(()) }
    }

    /// The file that this listing leaves out.
    fn next_unlisted(&self) -> Option<Path> {
        let mut process = lock(&self.process);
        let (path, listings) = process.unlisted.as_mut().filter(|(_, listings)| *listings > 0)?;
        *listings -= 1;
        Some(path.clone())
    }

    fn next_fault(&self) -> Result<Option<Fault>> {
        self.alive()?;
        let mut process = lock(&self.process);
        process.writes += 1;
        match process.fault {
            Some((at, fault)) if process.writes > at => {
                process.fault = None;
                Ok(Some(fault))
            }
            _ => Ok(None),
        }
    }

    async fn write(&self, path: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let fault = self.next_fault()?;
        match fault {
            Some(Fault::Lost) => return Err(failure("nothing was written")),
            Some(Fault::DiesBefore) => {
                self.kill();
                return Err(failure("died before the write"));
            }
            _ => {}
        }
        let before = match self.disk.files.get(path).await {
            Ok(found) => Some(found.bytes().await?),
            Err(_) => None,
        };
        let written = self.disk.files.put_opts(path, payload, options).await?;
        lock(&self.disk.written_ahead).insert(path.clone(), self.disk.ahead.load(Ordering::Relaxed));
        lock(&self.disk.volatile).entry(path.clone()).or_insert(before);
        if fault == Some(Fault::DiesBetween) {
            self.kill();
            return Err(failure("died before the write was durable"));
        }
        if self.disk.syncs {
            // Syncing a directory makes all its entries durable, also those of other processes.
            let directory = |path: &Path| path.as_ref().rsplit_once('/').map(|(directory, _)| directory.to_owned());
            lock(&self.disk.volatile).retain(|other, _| directory(other) != directory(path));
        }
        match fault {
            Some(Fault::DiesAfter) => {
                self.kill();
                Err(failure("died after the write"))
            }
            Some(_) => Err(failure("it was written, but the answer is lost")),
            None => Ok(written),
        }
    }
}

fn failure(what: &'static str) -> Error {
    Error::Generic { store: STORE, source: what.into() }
}

impl std::fmt::Display for SimulatedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(STORE)
    }
}

#[async_trait]
impl ObjectStore for SimulatedStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.write(location, payload, options).await
    }

    async fn put_multipart_opts(&self, location: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.alive()?;
        Ok(Box::new(Upload::new(Arc::new(self.clone()), location)))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.alive()?;
        let mut found = self.disk.files.get_opts(location, options).await?;
        found.meta = self.disk.dated(found.meta);
        Ok(found)
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        match self.alive() {
            Ok(()) => self.disk.files.delete_stream(locations),
            Err(error) => futures::stream::once(async { Err(error) }).boxed(),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.alive() {
            Ok(()) => {
                let unlisted = self.next_unlisted();
                let listed = move |found: &Result<ObjectMeta>| {
                    std::future::ready(!matches!(found, Ok(file) if Some(&file.location) == unlisted.as_ref()))
                };
                let disk = self.disk.clone();
                self.disk.files.list(prefix).filter(listed).map(move |found| Ok(disk.dated(found?))).boxed()
            }
            Err(error) => futures::stream::once(async { Err(error) }).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.alive()?;
        let mut listed = self.disk.files.list_with_delimiter(prefix).await?;
        listed.objects = listed.objects.into_iter().map(|meta| self.disk.dated(meta)).collect();
        Ok(listed)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let payload = self.get(from).await?.bytes().await?;
        let mode = if options.mode == CopyMode::Create { PutMode::Create } else { PutMode::Overwrite };
        self.write(to, payload.into(), mode.into()).await.map(drop)
    }
}
