//! `events` as a table for questions about statements: one about some indicators reads what was folded of these, sorted, and
//! what came since; any other reads the events.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use deltalake_core::datafusion::catalog::{Session, TableProvider};
use deltalake_core::datafusion::common::ScalarValue;
use deltalake_core::datafusion::datasource::provider_as_source;
use deltalake_core::datafusion::error::Result;
use deltalake_core::datafusion::logical_expr::{
    Expr, LogicalPlanBuilder, TableProviderFilterPushDown, TableType, cast, col, lit,
};
use deltalake_core::datafusion::physical_plan::ExecutionPlan;
use deltalake_core::datafusion::physical_plan::union::UnionExec;
use futures::{StreamExt, TryStreamExt};
use helan_schemas::codes::TYPE_REPORTED;
use object_store::ObjectStoreExt;

use super::gather::Folded;
use super::history;
use super::state::State;
use crate::filters::{constants, unqualified};
use crate::snapshot::reading_context;

/// Files that are looked at beside each other.
const AT_ONCE: usize = 16;

/// Of one version of `events`.
#[derive(Debug)]
pub(super) struct ByCell {
    events: Arc<dyn TableProvider>,
    folded: Option<Folded>,
    /// The columns of `events`.
    schema: SchemaRef,
}

impl ByCell {
    pub(super) fn new(events: Arc<dyn TableProvider>, folded: Option<Folded>) -> Self {
        let nullable = |field: &Arc<Field>| field.as_ref().clone().with_nullable(true);
        let schema = Arc::new(Schema::new(events.schema().fields().iter().map(nullable).collect::<Vec<_>>()));
        Self { events, folded, schema }
    }

    /// What was folded of the indicators that filters name, if the answer follows from that and what came since: its files.
    async fn folded(&self, wanted: &[&Field], filters: &[Expr]) -> Result<Option<(&Folded, Vec<String>)>> {
        let (Some(folded), Some(indicators)) = (&self.folded, constants(filters, "indicator")) else { return Ok(None) };
        let is_reported = constants(filters, "type") == Some(BTreeSet::from([TYPE_REPORTED.to_owned()]));
        let lies_there = history::schema();
        let is_stored = |name: &str| lies_there.column_with_name(name).is_some();
        let is_told = |filter: &Expr| {
            let columns = filter.column_refs();
            columns.iter().all(|column| is_stored(&column.name)) || columns.iter().all(|column| is_common(&column.name))
        };
        let is_there = wanted.iter().all(|field| is_stored(field.name()) || is_common(field.name()));
        let follows = is_reported && filters.iter().any(is_not_printed) && filters.iter().all(is_told) && is_there;
        if !follows || !folded.fits().await? {
            return Ok(None);
        }
        let state = &folded.state;
        let slices = state.entry.history.iter().flat_map(|stretch| &stretch.files);
        let names: Vec<String> =
            slices.filter(|(_, slice)| slice.may_have(&indicators)).map(|(name, _)| name.clone()).collect();
        Ok(are_sound(state, &names).await.then_some((folded, names)))
    }
}

/// Whether all statements have the same value of a column, which does not lie there.
fn is_common(name: &str) -> bool {
    matches!(name, "type" | "role" | "withdraws")
}

/// Whether a filter leaves out what somebody printed.
fn is_not_printed(filter: &Expr) -> bool {
    matches!(filter, Expr::IsNull(of) if matches!(of.as_ref(), Expr::Column(column) if column.name == "role"))
}

/// Whether files are there, and what was written. A disk's are compared before the first piece of them is given.
async fn are_sound(state: &State, names: &[String]) -> bool {
    if names.iter().any(|name| state.is_damaged(name)) {
        return false;
    }
    let (store, paths) = (&state.folder.store, names.iter().map(|name| state.folder.file(name)).collect::<Vec<_>>());
    let looks = paths.into_iter().map(|path| async move { store.get_range(&path, 0..4).await });
    let looks = futures::stream::iter(looks.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
    match looks.try_for_each(|_| std::future::ready(Ok(()))).await {
        Ok(()) => true,
        Err(error) => {
            state.leave();
            tracing::warn!(%error, "cached cells are not used; all events are read instead");
            false
        }
    }
}

#[async_trait]
impl TableProvider for ByCell {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.events.supports_filters_pushdown(filters)
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let wanted: Vec<&Field> = projection.unwrap_or(&all).iter().map(|at| self.schema.field(*at)).collect();
        let Some((folded, names)) = self.folded(&wanted, filters).await? else {
            return self.events.scan(session, projection, filters, limit).await;
        };
        let filters = filters.iter().map(|filter| unqualified(filter.clone())).collect::<Result<Vec<_>>>()?;
        let plan = |table: Arc<dyn TableProvider>, filters: Vec<Expr>| {
            let schema = table.schema();
            let columns = wanted.iter().map(|field| column(field, &schema));
            let rows = LogicalPlanBuilder::scan("statements", provider_as_source(table), None)?;
            let rows = filters.into_iter().try_fold(rows, LogicalPlanBuilder::filter)?;
            rows.project(columns.collect::<Vec<_>>())
        };
        let context = reading_context(session.runtime_env().clone());
        let since = filters.iter().cloned().chain([folded.state.unfolded_filter()]).collect();
        let since = context.state().create_physical_plan(&plan(folded.rest.clone(), since)?.build()?).await?;
        if names.is_empty() {
            return Ok(since);
        }
        let table = folded.state.folder.table(session.runtime_env(), names.iter(), history::schema())?;
        let is_of_rows = |filter: &Expr| !filter.column_refs().iter().all(|column| is_common(&column.name));
        let before = plan(Arc::new(table), filters.into_iter().filter(is_of_rows).collect())?;
        UnionExec::try_new(vec![context.state().create_physical_plan(&before.build()?).await?, since])
    }
}

/// A column of `events` out of a table that may lack what all statements have in common.
fn column(field: &Field, of: &Schema) -> Expr {
    let value = match (of.column_with_name(field.name()), field.name().as_str()) {
        (Some((_, found)), _) if found.data_type() == field.data_type() => return col(format!("\"{}\"", field.name())),
        (Some(_), _) => col(format!("\"{}\"", field.name())),
        (None, "type") => lit(TYPE_REPORTED),
        (None, _) => lit(ScalarValue::Null),
    };
    let data_type: DataType = field.data_type().clone();
    cast(value, data_type).alias(field.name())
}

#[cfg(test)]
mod tests;
