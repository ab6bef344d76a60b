//! Opening a session over a lake: one version of every table is pinned, and the catalog found.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use helan_lake::{Lake, LakeError, TableSnapshot};
use helan_runtime::clock::Clock;
use helan_schemas::catalog::Catalog;
use helan_schemas::tables::Table;
use tracing::Instrument;

use crate::catalog_tables::versions;
use crate::session::pinned::Budget;
use crate::session::{QueryError, Session, Version};

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
        Self::over_snapshots_within(snapshots, catalog, now, Budget::default()).await
    }

    /// As [`Session::over_snapshots`]; what its views may use is `budget`.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn over_snapshots_within(
        snapshots: &BTreeMap<Table, TableSnapshot>,
        catalog: Option<Arc<Catalog>>,
        now: i64,
        budget: Budget,
    ) -> Result<Self, QueryError> {
        let catalog = match (catalog, snapshots.get(&Table::CatalogVersions)) {
            (Some(catalog), _) => catalog,
            (None, Some(versions)) => versions::catalog_in_use(versions).await?,
            (None, None) => Arc::new(Catalog::embedded()),
        };
        let mut tables: BTreeMap<Table, Arc<dyn TableProvider>> = BTreeMap::new();
        let mut versions = Vec::new();
        for (table, snapshot) in snapshots {
            tables.insert(*table, snapshot.provider()?);
            versions.push(Version { table: table.name(), version: snapshot.version() });
        }
        let statements = match snapshots.get(&Table::Events) {
            Some(events) => Some(events.statement_sources().await?),
            None => None,
        };
        let rows = snapshots.get(&Table::Events).and_then(TableSnapshot::row_count);
        let small = rows.is_some_and(|rows| rows < budget.few);
        Self::over(catalog, tables, statements, versions, small, now, budget)
    }
}

/// Pins every table. Those that a writer commits last come first, so that what they refer to is there.
///
/// # Errors
/// As [`Lake::snapshot`].
pub async fn pin(lake: &Lake) -> Result<BTreeMap<Table, TableSnapshot>, QueryError> {
    pin_all(lake).instrument(tracing::debug_span!("pin")).await
}

async fn pin_all(lake: &Lake) -> Result<BTreeMap<Table, TableSnapshot>, QueryError> {
    // All are waited for, also when one has failed: the kernel panics in a thread whose answer nobody takes.
    let last = futures::future::join(lake.newest(Table::Events), lake.newest(Table::Publications)).await;
    let (events, publications) = (there(lake, Table::Events, last.0)?, there(lake, Table::Publications, last.1)?);
    let mut snapshots = BTreeMap::from([(Table::Events, events), (Table::Publications, publications)]);
    let others = Table::ALL.into_iter().filter(|table| !matches!(table, Table::Events | Table::Publications));
    let others = others.map(async |table| (table, lake.newest(table).await));
    for (table, found) in futures::future::join_all(others).await {
        match found {
            // A lake of an earlier build lacks tables that came since, until something writes to it: they read as
            // empty. Those that reports go into were there from the beginning.
            Err(LakeError::NoLake(_)) if !Table::FED.contains(&table) => {}
            found => drop(snapshots.insert(table, there(lake, table, found)?)),
        }
    }
    Ok(snapshots)
}

/// The lake is there, because another table of it was read: only this table can be missing.
fn there(lake: &Lake, table: Table, found: Result<TableSnapshot, LakeError>) -> Result<TableSnapshot, LakeError> {
    found.map_err(|error| match error {
        LakeError::NoLake(_) => LakeError::Missing { table: table.name(), url: lake.table_url(table) },
        other => other,
    })
}
