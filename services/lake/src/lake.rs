//! Opening and creating a lake.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use deltalake_core::kernel::EagerSnapshot;
use deltalake_core::logstore::LogStoreRef;
use helan_runtime::clock::Clock;
use helan_schemas::tables::Table;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use url::Url;

use crate::adopt::{self, EarlierLog};
use crate::checked::{CheckedStore, Checks};
use crate::columns::{Columns, compare};
use crate::error::LakeError;
use crate::log_store::log_store;
use crate::snapshot::TableSnapshot;
use crate::{conditions, damage, durable, place, tables};

/// The tables at one URL. Clones share everything; no lock is ever taken.
#[derive(Clone, Debug)]
pub struct Lake(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    url: Url,
    store: Arc<CheckedStore>,
    checks: Checks,
    id: String,
    log_identity: String,
    shifts: BTreeMap<String, i64>,
    earlier: Vec<EarlierLog>,
    clock: Clock,
    /// Tables of which it was said that a newer build has written to them.
    told: Mutex<BTreeSet<Table>>,
    /// The newest version of each table that a reader has met.
    newest: Mutex<BTreeMap<Table, TableSnapshot>>,
}

/// What the kernel says of a log that lacks a commit. A directory is not listed at one moment: of two commits that are
/// written meanwhile, the listing may have the second alone.
const GAP: &str = "Expected contiguous commit files";
/// Further listings before a gap is believed.
const LISTINGS: usize = 5;

impl Lake {
    /// Opens the lake at a URL, creating the tables that are missing. `log_identity` is kept in the tables that are
    /// created now and for ever; compare [`Lake::log_identity`] to find that a lake belongs to another log.
    ///
    /// # Errors
    /// [`LakeError`]; two processes that create the same lake at once both succeed.
    pub async fn create_or_open(url: &Url, log_identity: &str) -> Result<Self, LakeError> {
        let (store, clock) = (place::store_of(url)?, Clock::system());
        conditions::check(url, store.as_ref(), &clock).await?;
        Self::create_or_open_in(url, store, log_identity, clock).await
    }

    /// As [`Lake::create_or_open`], in a store that is given, such as [`crate::simulated::SimulatedStore`]. The URL's
    /// path is the place in that store.
    pub async fn create_or_open_in(
        url: &Url,
        store: Arc<dyn ObjectStore>,
        log_identity: &str,
        clock: Clock,
    ) -> Result<Self, LakeError> {
        let url = place::folder(url)?;
        let (told, newest) = <_>::default();
        let (id, log_identity) = (clock.new_id(), log_identity.to_owned());
        let (shifts, earlier) = (BTreeMap::new(), Vec::new());
        let (store, checks) = checked(&url, store);
        let mut lake = Inner { url, store, checks, id, log_identity, shifts, earlier, clock, told, newest };
        for table in Table::ALL {
            let log_store = lake.log_store(table)?;
            if !log_store.is_delta_table_location().await? {
                lake.create(table, &log_store).await?;
            }
            let snapshot = lake.load(table, &log_store, None).await?;
            if table == Table::ALL[0] {
                // The first table settles who the lake is, also between two processes that create it at once.
                lake.adopt(table, &snapshot)?;
            }
            lake.check(table, &snapshot)?;
            if table == Table::Events {
                // It settles which log the lake follows, also where it has gone on with another.
                lake.adopt(table, &snapshot)?;
            }
        }
        Ok(Self(Arc::new(lake)))
    }

    /// Opens a lake that exists. Takes no lock, writes nothing.
    ///
    /// # Errors
    /// [`LakeError::NoLake`] if there is none.
    pub async fn open(url: &Url) -> Result<Self, LakeError> {
        Self::open_in(url, place::store_of(url)?, Clock::system()).await
    }

    /// As [`Lake::open`], in a store that is given.
    ///
    /// # Errors
    /// [`LakeError::NoLake`] if there is none.
    pub async fn open_in(url: &Url, store: Arc<dyn ObjectStore>, clock: Clock) -> Result<Self, LakeError> {
        let url = place::folder(url)?;
        let (told, newest) = <_>::default();
        let (id, log_identity, shifts, earlier) = <_>::default();
        let (store, checks) = checked(&url, store);
        let mut lake = Inner { url, store, checks, id, log_identity, shifts, earlier, clock, told, newest };
        let log_store = lake.log_store(Table::Events)?;
        let snapshot = match lake.load(Table::Events, &log_store, None).await {
            // Half of a lake is something else than none.
            Err(LakeError::NoLake(_)) if lake.log_store(Table::Submissions)?.is_delta_table_location().await? => {
                return Err(LakeError::Missing { table: Table::Events.name(), url: lake.table_url(Table::Events) });
            }
            read => read?,
        };
        lake.adopt(Table::Events, &snapshot)?;
        lake.check(Table::Events, &snapshot)?;
        Ok(Self(Arc::new(lake)))
    }

    /// Opens a lake to build it again, also where the log of `events` is damaged: another table that is fed from the log has
    /// the same properties.
    ///
    /// # Errors
    /// As [`Lake::open`], if no such table opens.
    pub async fn open_to_rebuild(url: &Url) -> Result<Self, LakeError> {
        let error = match Self::open(url).await {
            Err(error @ (LakeError::Damaged { table: "events", .. } | LakeError::Missing { table: "events", .. })) => {
                error
            }
            opened => return opened,
        };
        let (store, url) = (place::store_of(url)?, place::folder(url)?);
        let (store, checks) = checked(&url, store);
        let (clock, told, newest) = (Clock::system(), <_>::default(), <_>::default());
        let (id, log_identity, shifts, earlier) = <_>::default();
        let mut lake = Inner { url, store, checks, id, log_identity, shifts, earlier, clock, told, newest };
        for table in Table::FED.into_iter().filter(|table| *table != Table::Events) {
            if let Ok(snapshot) = lake.load(table, &lake.log_store(table)?, None).await {
                lake.adopt(table, &snapshot)?;
                return Ok(Self(Arc::new(lake)));
            }
        }
        Err(error)
    }

    /// Where it is.
    pub fn url(&self) -> &Url {
        &self.0.url
    }

    /// The id that its tables share, a ULID.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The identity of the log whose offsets its tables keep: as given when it was created, or when it went on with
    /// another log.
    pub fn log_identity(&self) -> &str {
        &self.0.log_identity
    }

    /// What it adds to the log's own offsets, by partition as `TOPIC/NUMBER`; nothing where none is named.
    pub fn log_shifts(&self) -> &BTreeMap<String, i64> {
        &self.0.shifts
    }

    /// The logs that it was filled from before, oldest first.
    pub fn earlier_logs(&self) -> &[EarlierLog] {
        &self.0.earlier
    }

    /// The application id under which the tables keep the next offset of one partition of their log.
    pub fn offset_app_id(&self, topic: &str, partition: i32) -> String {
        adopt::app_id(&self.0.id, &self.0.log_identity, topic, partition)
    }

    /// Where a table is: any Delta reader opens it.
    pub fn table_url(&self, table: Table) -> Url {
        self.0.table_url(table)
    }

    /// Pins the newest version of a table.
    ///
    /// # Errors
    /// [`LakeError::NoLake`] if the table is missing, [`LakeError::Unsafe`] if it was altered so that offsets would be
    /// lost.
    pub async fn snapshot(&self, table: Table) -> Result<TableSnapshot, LakeError> {
        self.snapshot_at(table, None).await
    }

    /// As [`Lake::snapshot`], for readers that come again and again: the table's log is read only if there is a newer
    /// version than the one that was met last.
    ///
    /// # Errors
    /// As [`Lake::snapshot`].
    pub async fn newest(&self, table: Table) -> Result<TableSnapshot, LakeError> {
        let known = self.0.newest.lock().unwrap_or_else(PoisonError::into_inner).get(&table).cloned();
        if let Some(known) = known
            && known.is_newest().await
        {
            return Ok(known);
        }
        let snapshot = self.snapshot(table).await?;
        self.0.newest.lock().unwrap_or_else(PoisonError::into_inner).insert(table, snapshot.clone());
        Ok(snapshot)
    }

    /// Pins a version of a table.
    ///
    /// # Errors
    /// As [`Lake::snapshot`], or if the version is gone or not there yet.
    pub async fn snapshot_at(&self, table: Table, version: Option<u64>) -> Result<TableSnapshot, LakeError> {
        // A log store of its own each time: long-lived handles have leaked memory in the field.
        let log_store = self.0.log_store(table)?;
        let snapshot = self.0.load(table, &log_store, version).await?;
        self.0.check(table, &snapshot)?;
        let (log_identity, checks) = (self.0.log_identity.clone(), self.0.checks.clone());
        Ok(TableSnapshot::new(table, log_store, snapshot, log_identity, checks))
    }

    /// Checks that the store at a lake's URL keeps to conditional writes, on which every commit rests, also where there
    /// is no lake yet; [`Lake::create_or_open`] does so. Nothing to check on a local disk.
    ///
    /// # Errors
    /// [`LakeError::Place`] if it does not, [`LakeError::Store`] if it cannot be reached or used.
    pub async fn check_store(url: &Url) -> Result<(), LakeError> {
        conditions::check(url, place::store_of(url)?.as_ref(), &Clock::system()).await
    }

    /// Makes durable what is visible of the tables' logs, also of another process. An object store's writes are durable
    /// as soon as they are visible; on a local disk a power cut could still take the last of them back.
    ///
    /// # Errors
    /// If a directory cannot be synced.
    pub async fn sync(&self) -> Result<(), LakeError> {
        for table in Table::FED {
            if let Ok(directory) = self.table_url(table).to_file_path() {
                durable::sync_directory(directory.join("_delta_log")).await?;
            }
        }
        Ok(())
    }

    /// Whether no file of its tables was found damaged since this process has opened it.
    ///
    /// # Errors
    /// The files, and what to do.
    pub fn sound(&self) -> Result<(), String> {
        let damaged = self.0.checks.damaged();
        if damaged.is_empty() { Ok(()) } else { Err(damaged.join("\n")) }
    }

    /// How many files of its tables were found damaged since this process has opened it.
    pub fn damaged_files(&self) -> usize {
        self.0.checks.damaged().len()
    }

    /// Counts that folded cells were not used.
    pub(crate) fn leave_cells(&self) {
        self.0.checks.leave_cells();
    }

    /// How often folded cells could not be used since this process has opened it, and everything was read instead.
    pub fn cells_left(&self) -> u64 {
        self.0.checks.cells_left()
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn store(&self) -> &CheckedStore {
        &self.0.store
    }
}

/// A store that compares what it gives with the files' digests.
fn checked(url: &Url, store: Arc<dyn ObjectStore>) -> (Arc<CheckedStore>, Checks) {
    let folder = Path::from_url_path(url.path()).map_or_else(|_| url.path().to_owned(), |path| path.to_string());
    let checks = Checks::new(&folder);
    (Arc::new(CheckedStore::new(store, checks.clone(), !place::is_object_store(url))), checks)
}

impl Inner {
    fn table_url(&self, table: Table) -> Url {
        self.url.join(&format!("{}/", table.name())).expect("a table's name is a path segment")
    }

    fn log_store(&self, table: Table) -> Result<LogStoreRef, LakeError> {
        let url = self.table_url(table);
        let path = Path::from_url_path(url.path()).map_err(object_store::Error::from)?;
        let store = Arc::new(PrefixStore::new(self.store.clone() as Arc<dyn ObjectStore>, path));
        Ok(log_store(store, self.store.clone(), &url))
    }

    async fn load(
        &self,
        table: Table,
        log_store: &LogStoreRef,
        version: Option<u64>,
    ) -> Result<EagerSnapshot, LakeError> {
        let mut read = EagerSnapshot::try_new(log_store.as_ref(), version).await;
        for _ in 0..LISTINGS {
            if !read.as_ref().is_err_and(|error| error.to_string().contains(GAP)) {
                break;
            }
            read = EagerSnapshot::try_new(log_store.as_ref(), version).await;
        }
        match read {
            // delta-rs has no error of its own for "nothing here" that a missing directory also gives.
            Err(error) => match log_store.is_delta_table_location().await {
                Ok(false) => Err(LakeError::NoLake(self.url.clone())),
                _ => match damage::find(table, log_store.object_store(None).as_ref()).await {
                    Some(damaged) => Err(damaged),
                    None => Err(error.into()),
                },
            },
            Ok(snapshot) => Ok(snapshot),
        }
    }

    async fn create(&self, table: Table, log_store: &LogStoreRef) -> Result<(), LakeError> {
        let now_ms = self.clock.now() / 1000;
        let bytes = tables::first_commit(table, &self.id, &self.log_identity, &self.clock.new_id(), now_ms)?;
        let path = deltalake_core::logstore::commit_uri_from_version(Some(0));
        let options = PutOptions::from(PutMode::Create);
        match log_store.object_store(None).put_opts(&path, bytes.into(), options).await {
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Ok(()),
            // The answer can be lost after the write: what counts is whether the table is there.
            Err(error) => match log_store.object_store(None).head(&path).await {
                Ok(_) => Ok(()),
                Err(_) => Err(error.into()),
            },
        }
    }

    fn adopt(&mut self, table: Table, snapshot: &EagerSnapshot) -> Result<(), LakeError> {
        let properties = snapshot.metadata().configuration();
        let property = |key: &str| {
            let why = || format!("it lacks the property {key}, so it was not created by Helan; name another URL");
            properties.get(key).cloned().ok_or_else(|| LakeError::Unsafe { table: table.name(), why: why() })
        };
        (self.id, self.log_identity) = (property(tables::LAKE)?, property(tables::LOG)?);
        let unreadable = |error: serde_json::Error| LakeError::Unsafe {
            table: table.name(),
            why: format!(
                "its properties {} and {} are damaged ({error}); restore a backup",
                tables::SHIFTS,
                tables::BEFORE
            ),
        };
        let read = |key: &str| properties.get(key).map(String::as_str);
        self.shifts = serde_json::from_str(read(tables::SHIFTS).unwrap_or("{}")).map_err(unreadable)?;
        self.earlier = serde_json::from_str(read(tables::BEFORE).unwrap_or("[]")).map_err(unreadable)?;
        Ok(())
    }

    fn check(&self, table: Table, snapshot: &EagerSnapshot) -> Result<(), LakeError> {
        let properties = snapshot.metadata().configuration();
        let broken = |why: String| Err(LakeError::Unsafe { table: table.name(), why });
        if properties.contains_key(tables::FORGETS) {
            return broken(format!(
                "{} is set, by which Delta forgets how far the log was read; unset it, and compare the events with \
                 the log before going on",
                tables::FORGETS
            ));
        }
        if let Columns::Ahead(columns) = compare(table, snapshot.schema().as_ref())?
            && self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(table)
        {
            tracing::warn!(
                table = table.name(),
                table.columns = columns.join(", "),
                "a newer helan has added columns to this table; this one reads the others and leaves these empty: upgrade"
            );
        }
        match properties.get(tables::LAKE) {
            Some(id) if *id == self.id => Ok(()),
            other => broken(format!(
                "it belongs to lake {}, the others to {}; restore all tables from one backup",
                other.map_or("no one", String::as_str),
                self.id
            )),
        }
    }
}
