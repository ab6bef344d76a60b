//! One version of one table, pinned.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use deltalake_core::datafusion::catalog::{Session, TableProvider};
use deltalake_core::datafusion::error::Result as QueryResult;
use deltalake_core::datafusion::execution::object_store::ObjectStoreUrl;
use deltalake_core::datafusion::logical_expr::{Expr, LogicalPlan, TableProviderFilterPushDown, TableType};
use deltalake_core::datafusion::physical_plan::ExecutionPlan;
use deltalake_core::datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use deltalake_core::delta_datafusion::{DeltaScanConfig, DeltaScanNext};
use deltalake_core::kernel::EagerSnapshot;
use deltalake_core::logstore::LogStoreRef;
use helan_schemas::tables::Table;

use crate::error::LakeError;

/// A pinned version of a table: its files, its offsets, its rows. Clones are cheap and share it.
#[derive(Clone, Debug)]
pub struct TableSnapshot {
    table: Table,
    log_store: LogStoreRef,
    snapshot: Arc<EagerSnapshot>,
    log_identity: String,
    transactions: Arc<Mutex<BTreeMap<String, Option<i64>>>>,
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
        transactions: BTreeMap<String, Option<i64>>,
    ) -> Self {
        let transactions = Arc::new(Mutex::new(transactions));
        Self { table, log_store, snapshot: Arc::new(snapshot), log_identity, transactions }
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
    /// itself in whatever session it is used.
    ///
    /// # Errors
    /// If the table needs a feature of Delta that is not supported.
    pub fn provider(&self) -> Result<Arc<dyn TableProvider>, LakeError> {
        let config = DeltaScanConfig::new().with_wrap_partition_values(false);
        let scan = DeltaScanNext::new(self.snapshot.clone(), config)?;
        Ok(Arc::new(PinnedTable { scan, log_store: self.log_store.clone() }))
    }

    /// Reads columns of the rows that a filter keeps.
    ///
    /// # Errors
    /// If the filter or a column does not fit the table.
    pub fn read(&self, columns: &[&str], filter: Option<Expr>) -> Result<DataFrame, LakeError> {
        let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
        let frame = context.read_table(self.provider()?)?;
        let frame = match filter {
            Some(filter) => frame.filter(filter)?,
            None => frame,
        };
        Ok(frame.select_columns(columns)?)
    }

    pub(crate) fn log_store(&self) -> &LogStoreRef {
        &self.log_store
    }

    pub(crate) fn state(&self) -> &EagerSnapshot {
        &self.snapshot
    }
}

/// delta-rs's scan, which by itself expects the table's store in the session.
#[derive(Debug)]
struct PinnedTable {
    scan: DeltaScanNext,
    log_store: LogStoreRef,
}

#[async_trait]
impl TableProvider for PinnedTable {
    fn schema(&self) -> SchemaRef {
        self.scan.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn get_logical_plan(&self) -> Option<Cow<'_, LogicalPlan>> {
        None
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> QueryResult<Arc<dyn ExecutionPlan>> {
        let root = self.log_store.root_url();
        let root = ObjectStoreUrl::parse(&root[..url::Position::BeforePath])?;
        if session.runtime_env().object_store(&root).is_err() {
            session.runtime_env().register_object_store(root.as_ref(), self.log_store.root_object_store(None));
        }
        self.scan.scan(session, projection, filters, limit).await
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> QueryResult<Vec<TableProviderFilterPushDown>> {
        self.scan.supports_filters_pushdown(filters)
    }
}
