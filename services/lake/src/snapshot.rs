//! One version of one table, pinned.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use deltalake_core::datafusion::catalog::TableProvider;
use deltalake_core::datafusion::execution::SessionStateBuilder;
use deltalake_core::datafusion::execution::runtime_env::RuntimeEnv;
use deltalake_core::datafusion::logical_expr::Expr;
use deltalake_core::datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use deltalake_core::delta_datafusion::{DeltaScanConfig, DeltaScanNext};
use deltalake_core::kernel::EagerSnapshot;
use deltalake_core::logstore::LogStoreRef;
use helan_schemas::tables::Table;
use object_store::ObjectStoreExt;

use crate::checked::Checks;
use crate::error::LakeError;
use crate::provider::PinnedTable;

/// A pinned version of a table: its files, its offsets, its rows. Clones are cheap and share it.
#[derive(Clone, Debug)]
pub struct TableSnapshot {
    table: Table,
    log_store: LogStoreRef,
    snapshot: Arc<EagerSnapshot>,
    log_identity: String,
    transactions: Arc<Mutex<BTreeMap<String, Option<i64>>>>,
    checks: Checks,
}

/// A data file of a pinned version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileInfo {
    /// Path below the table's folder.
    pub path: String,
    /// Bytes.
    pub size: i64,
    /// Rows, where the file's entry says so; ours always does.
    pub rows: Option<usize>,
    /// When it was written, milliseconds since the Unix epoch.
    pub modified_ms: i64,
    /// Columns that name its folder, with their values.
    pub partition_values: HashMap<String, Option<String>>,
    /// Delta's statistics of it, as JSON.
    pub statistics: Option<String>,
}

impl TableSnapshot {
    pub(crate) fn new(
        table: Table,
        log_store: LogStoreRef,
        snapshot: EagerSnapshot,
        log_identity: String,
        checks: Checks,
    ) -> Self {
        Self { table, log_store, snapshot: Arc::new(snapshot), log_identity, transactions: Arc::default(), checks }
    }

    /// Which table.
    pub fn table(&self) -> Table {
        self.table
    }

    /// Its version.
    pub fn version(&self) -> u64 {
        self.snapshot.version()
    }

    /// The identity of the log whose offsets the table keeps.
    pub fn log_identity(&self) -> &str {
        &self.log_identity
    }

    /// The version that an application committed last, as of this version of the table; for the aggregator, the
    /// next offset of a partition. Replays the table's log the first time it is asked for an id.
    ///
    /// # Errors
    /// If the table's log cannot be read.
    pub async fn txn(&self, app_id: &str) -> Result<Option<i64>, LakeError> {
        if let Some(known) = self.known_transactions().get(app_id) {
            return Ok(*known);
        }
        let version = self.snapshot.transaction_version(self.log_store.as_ref(), app_id).await?;
        self.transactions.lock().unwrap_or_else(PoisonError::into_inner).insert(app_id.to_owned(), version);
        Ok(version)
    }

    pub(crate) fn known_transactions(&self) -> BTreeMap<String, Option<i64>> {
        self.transactions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a newer version of the table is there, by one look at the store. `false` where the store does not answer.
    pub async fn is_superseded(&self) -> bool {
        let next = deltalake_core::logstore::commit_uri_from_version(Some(self.version() + 1));
        self.log_store.object_store(None).head(&next).await.is_ok()
    }

    /// Whether this version is still the newest, by two looks at the store. `false` also where it does not say so for
    /// certain: the table is then to be read anew, which says why.
    pub async fn is_newest(&self) -> bool {
        let store = self.log_store.object_store(None);
        let commit = |version| deltalake_core::logstore::commit_uri_from_version(Some(version));
        let (own, next) = (commit(self.version()), commit(self.version() + 1));
        let (own, next) = futures::future::join(store.head(&own), store.head(&next)).await;
        own.is_ok() && matches!(next, Err(object_store::Error::NotFound { .. }))
    }

    /// Its data files.
    pub fn files(&self) -> Vec<FileInfo> {
        self.snapshot
            .log_data()
            .iter()
            .map(|file| FileInfo {
                path: file.path().into_owned(),
                size: file.size(),
                rows: file.num_records(),
                modified_ms: file.modification_time(),
                partition_values: file.partition_values_map(),
                statistics: file.stats(),
            })
            .collect()
    }

    /// Rows, from the files' entries; none if some file's entry does not count them.
    pub fn row_count(&self) -> Option<usize> {
        self.snapshot.log_data().iter().map(|file| file.num_records()).sum()
    }

    /// A DataFusion table that reads exactly this version, skips files by their statistics, and finds its store by
    /// itself in whatever session it is used. Columns that an older table lacks are null.
    ///
    /// # Errors
    /// If the table needs a feature of Delta that is not supported.
    pub fn provider(&self) -> Result<Arc<dyn TableProvider>, LakeError> {
        Ok(Arc::new(PinnedTable::new(self.table, self.scan()?, self.log_store.clone())))
    }

    /// As [`TableSnapshot::provider`], of some data files alone, by their paths.
    ///
    /// # Errors
    /// As [`TableSnapshot::provider`].
    pub(crate) fn provider_of(&self, paths: Vec<String>) -> Result<Arc<dyn TableProvider>, LakeError> {
        let scan = self.scan()?.with_file_paths(paths);
        Ok(Arc::new(PinnedTable::new(self.table, scan, self.log_store.clone())))
    }

    /// Reads columns of the rows that came since an earlier version; none where that cannot be told, because files have been
    /// put together since, or taken away.
    ///
    /// # Errors
    /// If a column does not fit the table.
    pub fn read_since(&self, before: &Self, columns: &[&str]) -> Result<Option<DataFrame>, LakeError> {
        let paths = |of: &Self| of.snapshot.log_data().iter().map(|file| file.path().into_owned()).collect();
        let (old, new): (BTreeSet<String>, BTreeSet<String>) = (paths(before), paths(self));
        let same = self.snapshot.metadata().id() == before.snapshot.metadata().id();
        if !same || !old.is_subset(&new) {
            return Ok(None);
        }
        let rows = self.provider_of(new.difference(&old).cloned().collect())?;
        Ok(Some(plain_context().read_table(rows)?.select_columns(columns)?))
    }

    fn scan(&self) -> Result<DeltaScanNext, LakeError> {
        let config = DeltaScanConfig::new().with_wrap_partition_values(false);
        Ok(DeltaScanNext::new(self.snapshot.clone(), config)?)
    }

    /// Reads columns of the rows that a filter keeps.
    ///
    /// # Errors
    /// If the filter or a column does not fit the table.
    pub fn read(&self, columns: &[&str], filter: Option<Expr>) -> Result<DataFrame, LakeError> {
        let frame = plain_context().read_table(self.provider()?)?;
        let frame = match filter {
            Some(filter) => frame.filter(filter)?,
            None => frame,
        };
        Ok(frame.select_columns(columns)?)
    }

    pub(crate) fn log_store(&self) -> &LogStoreRef {
        &self.log_store
    }

    pub(crate) fn checks(&self) -> &Checks {
        &self.checks
    }

    pub(crate) fn state(&self) -> &EagerSnapshot {
        &self.snapshot
    }
}

/// Without the engine's functions: to name them all costs more than most reads.
pub(crate) fn plain_context() -> SessionContext {
    reading_context(Arc::default())
}

/// As [`plain_context`], with the memory of a given runtime. It has all of the engine's rules, one of which skips files and row
/// groups; views over few rows are planned without that one. Statistics are off: with them the engine keeps statements in memory
/// and looks withdrawals up in them, where withdrawals are the fewer.
pub(crate) fn reading_context(runtime: Arc<RuntimeEnv>) -> SessionContext {
    let config = SessionConfig::new().with_target_partitions(1).with_collect_statistics(false);
    let state = SessionStateBuilder::new().with_config(config).with_runtime_env(runtime).build();
    SessionContext::new_with_state(state)
}
