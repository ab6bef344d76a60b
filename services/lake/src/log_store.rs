//! The way to a table's log, with a bound on how much of it is open at once.
//!
//! By itself delta-rs opens a thousand log entries at once and makes room for a thousand rows of each, several
//! megabytes an entry: hundreds in a table that is written once a second, each time it is looked at.

use std::num::NonZero;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use delta_kernel::Engine;
use delta_kernel_default_engine::executor::TaskExecutor;
use delta_kernel_default_engine::executor::tokio::{TokioBackgroundExecutor, TokioMultiThreadExecutor};
use delta_kernel_default_engine::{DefaultEngine, DefaultEngineBuilder};
use deltalake_core::kernel::transaction::TransactionError;
use deltalake_core::logstore::{CommitOrBytes, LogStore, LogStoreConfig, LogStoreRef, StorageConfig, default_logstore};
use deltalake_core::{DeltaResult, kernel::Version};
use object_store::ObjectStore;
use tokio::runtime::{Handle, RuntimeFlavor};
use url::Url;
use uuid::Uuid;

/// Files of a log that are open at once: enough that an object store's answers overlap.
const OPEN_FILES: NonZero<usize> = NonZero::new(8).unwrap();
/// Rows of them that are decoded at once, for which room is made before the first is read.
const ROWS: NonZero<usize> = NonZero::new(256).unwrap();

/// The log of one table: `table` is a store with the table at its root, `root` the same with its own root.
pub(crate) fn log_store(table: Arc<dyn ObjectStore>, root: Arc<dyn ObjectStore>, url: &Url) -> LogStoreRef {
    Arc::new(BoundedLogStore(default_logstore(table, root, url, &StorageConfig::default())))
}

/// delta-rs's log store in everything but the engine that reads through it.
struct BoundedLogStore(LogStoreRef);

#[async_trait]
impl LogStore for BoundedLogStore {
    fn name(&self) -> String {
        self.0.name()
    }

    async fn read_commit_entry(&self, version: Version) -> DeltaResult<Option<Bytes>> {
        self.0.read_commit_entry(version).await
    }

    async fn write_commit_entry(
        &self,
        version: Version,
        entry: CommitOrBytes,
        operation: Uuid,
    ) -> Result<(), TransactionError> {
        self.0.write_commit_entry(version, entry, operation).await
    }

    async fn abort_commit_entry(
        &self,
        version: Version,
        entry: CommitOrBytes,
        operation: Uuid,
    ) -> Result<(), TransactionError> {
        self.0.abort_commit_entry(version, entry, operation).await
    }

    async fn get_latest_version(&self, start: Version) -> DeltaResult<Version> {
        self.0.get_latest_version(start).await
    }

    fn object_store(&self, operation: Option<Uuid>) -> Arc<dyn ObjectStore> {
        self.0.object_store(operation)
    }

    fn root_object_store(&self, operation: Option<Uuid>) -> Arc<dyn ObjectStore> {
        self.0.root_object_store(operation)
    }

    fn engine(&self, operation: Option<Uuid>) -> Arc<dyn Engine> {
        let store = self.root_object_store(operation);
        let runtime = Handle::current();
        match runtime.runtime_flavor() {
            RuntimeFlavor::CurrentThread => engine(store, TokioBackgroundExecutor::new()),
            _ => engine(store, TokioMultiThreadExecutor::new(runtime)),
        }
    }

    fn config(&self) -> &LogStoreConfig {
        self.0.config()
    }
}

fn engine<E: TaskExecutor>(store: Arc<dyn ObjectStore>, executor: E) -> Arc<DefaultEngine<E>> {
    Arc::new(
        DefaultEngineBuilder::new(store)
            .with_task_executor(Arc::new(executor))
            .with_buffer_size(OPEN_FILES)
            .with_batch_size(ROWS)
            .build(),
    )
}
