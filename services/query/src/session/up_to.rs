//! A session over the events below given offsets: what a publication read, whatever came since.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::prelude::{col, lit};
use helan_lake::Lake;
use helan_schemas::catalog::Catalog;
use helan_schemas::tables::Table;

use crate::session::pinned::Budget;
use crate::session::{QueryError, Session, Version};

impl Session {
    /// A session whose events are those below an offset of their partition; those of partitions that are not named are
    /// left out. `now` is in microseconds since the epoch. Rows are picked by their address, not by a version of the
    /// table, so it works also after old versions are gone.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn below(
        lake: &Lake,
        catalog: Arc<Catalog>,
        now: i64,
        offsets: &[(String, i32, i64)],
    ) -> Result<Self, QueryError> {
        let snapshot = lake.snapshot(Table::Events).await?;
        let read = offsets.iter().map(|(topic, partition, next)| {
            let address = col("topic").eq(lit(topic)).and(col("partition").eq(lit(*partition)));
            address.and(col("offset").lt(lit(*next)))
        });
        let read = read.reduce(|one, other| one.or(other)).unwrap_or_else(|| lit(false));
        let columns = Table::Events.columns();
        let columns: Vec<_> = columns.iter().map(|column| column.name).collect();
        let events: Arc<dyn TableProvider> = snapshot.read_by_cell(&columns, Some(read)).await?.into_view();
        let version = Version { table: Table::Events.name(), version: snapshot.version() };
        Self::over(
            catalog,
            BTreeMap::from([(Table::Events, events)]),
            None,
            vec![version],
            false,
            now,
            Budget::default(),
        )
    }
}
