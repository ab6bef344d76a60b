//! A session over a lake and a second one beside it: what would be known if the second's events had been sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use helan_lake::Lake;
use helan_schemas::catalog::Catalog;
use helan_schemas::tables::Table;

use crate::session::pin::pin;
use crate::session::pinned::Budget;
use crate::session::{QueryError, Session};

impl Session {
    /// A session whose events are those of both lakes; every other table is the first one's. `now` is in microseconds
    /// since the epoch.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn over_both(lake: &Lake, beside: &Lake, catalog: Arc<Catalog>, now: i64) -> Result<Self, QueryError> {
        let columns = Table::Events.columns();
        let columns: Vec<_> = columns.iter().map(|column| column.name).collect();
        let mut tables: BTreeMap<Table, Arc<dyn TableProvider>> = BTreeMap::new();
        for (table, snapshot) in pin(lake).await? {
            if table == Table::Events {
                let more = beside.snapshot(table).await?.read(&columns, None)?;
                tables.insert(table, snapshot.read_by_cell(&columns, None).await?.union(more)?.into_view());
            } else {
                tables.insert(table, snapshot.provider()?);
            }
        }
        Self::over(catalog, tables, None, Vec::new(), false, now, Budget::default())
    }
}
