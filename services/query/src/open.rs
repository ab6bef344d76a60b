//! Opening a session over a lake: one version of every table is pinned, and the catalog found.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use datafusion::execution::runtime_env::RuntimeEnv;
use helan_lake::{Lake, TableSnapshot};
use helan_runtime::clock::Clock;
use helan_schemas::catalog::Catalog;
use helan_schemas::tables::Table;

use crate::session::{QueryError, Session, Version};

/// Below this number of events a query runs on one thread: planning for several takes longer than it saves.
const SMALL: usize = 200_000;

impl Session {
    /// A session over the lake as it is now. Without a catalog, by the newest that the lake keeps, else Ningxia's.
    ///
    /// # Errors
    /// [`QueryError`] if a table cannot be read, or the kept catalog no longer loads.
    pub async fn open(lake: &Lake, catalog: Option<Arc<Catalog>>) -> Result<Self, QueryError> {
        Self::over_snapshots(&pin(lake).await?, catalog, Clock::system().now()).await
    }

    /// A session over versions that are pinned already; `now` is in microseconds since the epoch.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn over_snapshots(
        snapshots: &BTreeMap<Table, TableSnapshot>,
        catalog: Option<Arc<Catalog>>,
        now: i64,
    ) -> Result<Self, QueryError> {
        Self::over_snapshots_within(snapshots, catalog, now, Arc::default()).await
    }

    /// As [`Session::over_snapshots`]; what its views compute and keep is counted in `memory`.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn over_snapshots_within(
        snapshots: &BTreeMap<Table, TableSnapshot>,
        catalog: Option<Arc<Catalog>>,
        now: i64,
        memory: Arc<RuntimeEnv>,
    ) -> Result<Self, QueryError> {
        let catalog = match (catalog, snapshots.get(&Table::CatalogVersions)) {
            (Some(catalog), _) => catalog,
            (None, Some(versions)) => newest_catalog(versions).await?,
            (None, None) => Arc::new(Catalog::embedded()),
        };
        let mut tables: BTreeMap<Table, Arc<dyn TableProvider>> = BTreeMap::new();
        let mut versions = Vec::new();
        for (table, snapshot) in snapshots {
            tables.insert(*table, snapshot.provider()?);
            versions.push(Version { table: table.name(), version: snapshot.version() });
        }
        let rows = snapshots.get(&Table::Events).and_then(TableSnapshot::row_count);
        let small = rows.is_some_and(|rows| rows < SMALL);
        Self::over(catalog, tables, versions, small, now, memory)
    }
}

/// Pins every table. Those that a writer commits last come first, so that what they refer to is there.
///
/// # Errors
/// As [`Lake::snapshot`].
pub async fn pin(lake: &Lake) -> Result<BTreeMap<Table, TableSnapshot>, QueryError> {
    let last = futures::future::try_join(lake.snapshot(Table::Events), lake.snapshot(Table::Publications)).await?;
    let mut snapshots = BTreeMap::from([(Table::Events, last.0), (Table::Publications, last.1)]);
    let others = Table::ALL.into_iter().filter(|table| !matches!(table, Table::Events | Table::Publications));
    let others = futures::future::try_join_all(others.map(|table| lake.snapshot(table))).await?;
    snapshots.extend(others.into_iter().map(|snapshot| (snapshot.table(), snapshot)));
    Ok(snapshots)
}

async fn newest_catalog(versions: &TableSnapshot) -> Result<Arc<Catalog>, QueryError> {
    if versions.row_count() == Some(0) {
        return Ok(Arc::new(Catalog::embedded()));
    }
    let batches = versions.read(&["catalog", "file", "content", "recorded_at"], None)?.collect().await?;
    let mut catalogs: BTreeMap<(i64, String), BTreeMap<String, String>> = BTreeMap::new();
    for batch in &batches {
        let text = |at: usize| text(batch, at);
        let (digests, files, contents) = (text(0)?, text(1)?, text(2)?);
        let times = batch.column(3).as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
        for row in 0..batch.num_rows() {
            let digest = digests.as_string::<i32>().value(row).to_owned();
            let file = files.as_string::<i32>().value(row).to_owned();
            let content = contents.as_string::<i32>().value(row).to_owned();
            catalogs.entry((times.value(row), digest)).or_default().insert(file, content);
        }
    }
    let Some((_, files)) = catalogs.pop_last() else { return Ok(Arc::new(Catalog::embedded())) };
    let catalog = Catalog::from_files(files).map_err(|problems| {
        QueryError::Catalog(problems.first().map_or_else(String::new, |problem| problem.to_string()))
    })?;
    Ok(Arc::new(catalog))
}

fn text(batch: &RecordBatch, column: usize) -> Result<arrow::array::ArrayRef, QueryError> {
    let column = arrow::compute::cast(batch.column(column), &DataType::Utf8);
    column.map_err(|error| QueryError::Engine(error.into()))
}
