//! The view `standing`, computed as its text says, but in one pass: of each kind of statement the newest is kept, and
//! nothing is sorted. Its memory follows the cells, not the history.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType, col};
use datafusion::physical_plan::ExecutionPlan;
use helan_lake::cells::{Audit, Prepared, Report, Terms};
use helan_lake::{Lake, LakeError};
use helan_queries::Query;
use helan_schemas::catalog::Catalog;
use helan_schemas::tables::Table;
use jiff::tz::TimeZone;

use crate::catalog_tables::versions::catalog_in_use;
use crate::session::QueryError;
use crate::session::kept::Kept;
use crate::session::moment;
use crate::session::scope::Scope;
use crate::views::view;
use crate::views::view::in_task;

/// The view that is computed here.
pub(crate) const NAME: &str = "standing";

/// Columns that a kind of statement is told by; a filter on them may come before the newest is picked.
const KIND: [&str; 10] = [
    "ref_area",
    "indicator",
    "time_period",
    "period_kind",
    "period_start",
    "period_end",
    "reporter",
    "vintage",
    "edition",
    "stated_basis",
];

/// Columns that other views ask for. They are computed together, once a scope, and kept.
const KEPT: [&str; 28] = [
    "topic",
    "partition",
    "offset",
    "index",
    "source",
    "id",
    "reporter",
    "ref_area",
    "indicator",
    "time_period",
    "period_kind",
    "period_start",
    "period_end",
    "decimals",
    "unit_mult",
    "amount",
    "obs_status",
    "vintage",
    "edition",
    "stated_basis",
    "recorded_at",
    "known_at",
    "note",
    "withdrawn_at",
    "basis_epoch",
    "statements",
    "first_received_at",
    "submission",
];

#[derive(Debug)]
pub(crate) struct Standing {
    query: &'static Query,
    schema: SchemaRef,
    scope: Arc<Scope>,
}

impl Standing {
    pub(crate) fn new(query: &'static Query, scope: Arc<Scope>) -> Self {
        Self { query, schema: view::schema(query), scope }
    }
}

#[async_trait]
impl TableProvider for Standing {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn get_table_definition(&self) -> Option<&str> {
        Some(self.query.sql)
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let of_kind = |filter: &&Expr| filter.column_refs().iter().all(|column| KIND.contains(&column.name.as_str()));
        let answer = |filter| match of_kind(filter) {
            true => TableProviderFilterPushDown::Inexact,
            false => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(answer).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let wanted = projection.unwrap_or(&all);
        let asker = state.runtime_env().clone();
        let is_kept = wanted.iter().all(|at| KEPT.contains(&self.schema.field(*at).name().as_str()));
        let columns: Vec<usize> = match is_kept {
            true => all.iter().copied().filter(|at| KEPT.contains(&self.schema.field(*at).name().as_str())).collect(),
            false => wanted.clone(),
        };
        let position = |at: &usize| columns.iter().position(|column| column == at);
        let places: Vec<usize> = wanted.iter().filter_map(position).collect();
        let scope = self.scope.clone();
        if is_kept {
            return kept_of(&scope, &asker).await?.table.scan(state, Some(&places), &[], limit).await;
        }
        let schema = Arc::new(self.schema.project(&columns)?);
        let filters = filters.iter().cloned().chain(self.scope.part().filters()).collect();
        let picked = async move { pick(&schema, &scope, &prepared(&schema, &scope).await?, filters).await };
        let picked = in_task(asker, picked).await?;
        picked.table.scan(state, Some(&places), &[], limit).await
    }
}

/// The rows of a scope with the columns that other views ask for.
pub(crate) async fn kept_of(scope: &Arc<Scope>, asker: &Arc<RuntimeEnv>) -> Result<Arc<Kept>> {
    let computed = scope.standing.get_or_try_init(|| async {
        let query = helan_queries::get(NAME).ok_or_else(|| DataFusionError::Internal(format!("no view {NAME}")))?;
        let schema = view::schema(query);
        let is_kept = |at: &usize| KEPT.contains(&schema.field(*at).name().as_str());
        let columns: Vec<usize> = (0..schema.fields().len()).filter(is_kept).collect();
        let (schema, scope) = (Arc::new(schema.project(&columns)?), scope.clone());
        in_task(asker.clone(), async move { kept(&schema, &scope).await.map(Arc::new) }).await
    });
    computed.await.cloned()
}

/// The rows of a scope with the columns that are kept: out of those of all statements, where they are there already.
async fn kept(schema: &SchemaRef, scope: &Scope) -> Result<Kept> {
    let whole = scope.whole();
    let whole = whole.as_deref().unwrap_or(scope);
    let filters = scope.part().filters();
    let Some(all) = whole.standing.get() else {
        let prepared = whole.prepared.get_or_try_init(|| prepared(schema, whole)).await?;
        return pick(schema, scope, prepared, filters).await;
    };
    let frame = scope.context.read_table(all.table.clone())?;
    let frame = filters.into_iter().try_fold(frame, |frame, filter| frame.filter(filter))?;
    let memory = MemoryConsumer::new(NAME).register(&scope.pinned.memory.memory_pool);
    held(schema, frame.collect().await?, memory)
}

/// What the rows of a scope are picked from, with the columns of a schema.
async fn prepared(schema: &SchemaRef, scope: &Scope) -> Result<Prepared> {
    let pinned = &scope.pinned;
    let edges = Arc::new(basis_edges(&pinned.catalog).map_err(|error| DataFusionError::External(error.into()))?);
    let terms = Terms { as_of: scope.as_of, recorded: scope.recorded, edges };
    let names: Vec<&str> = schema.fields().iter().map(|field| of_events(field.name())).collect();
    Prepared::new(&scope.context, &pinned.statements, &terms, &names).await
}

/// Batches in memory, counted.
fn held(schema: &SchemaRef, batches: Vec<RecordBatch>, memory: MemoryReservation) -> Result<Kept> {
    memory.try_resize(batches.iter().map(RecordBatch::get_array_memory_size).sum())?;
    Kept::new(schema.clone(), batches, memory)
}

/// The view's rows, with the columns of a schema.
async fn pick(schema: &SchemaRef, scope: &Scope, prepared: &Prepared, filters: Vec<Expr>) -> Result<Kept> {
    let filters = filters.into_iter().map(renamed).collect::<Result<Vec<_>>>()?;
    let memory = MemoryConsumer::new(NAME).register(&scope.pinned.memory.memory_pool);
    let mut grown = |bytes| memory.try_resize(bytes);
    let stands = prepared.standing(&scope.context, &filters, &mut grown).await?;
    let batches = stands.statements.iter().map(|batch| as_view(batch, schema)).collect::<Result<Vec<_>>>()?;
    held(schema, batches, memory)
}

/// The columns of a view's schema out of a batch that has them by the names of `events`, in the view's types.
fn as_view(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = schema.fields().iter().map(|field| -> Result<ArrayRef> {
        let column = batch.column_by_name(of_events(field.name()));
        let column = column.ok_or_else(|| DataFusionError::Internal(format!("{NAME} lacks {}", field.name())))?;
        Ok(cast(column, field.data_type())?)
    });
    Ok(RecordBatch::try_new(schema.clone(), columns.collect::<Result<Vec<_>>>()?)?)
}

/// The name in `events` of a column of the view.
fn of_events(name: &str) -> &str {
    if name == "stated_basis" { "basis" } else { name }
}

fn renamed(filter: Expr) -> Result<Expr> {
    let filter = filter.transform(|expr| {
        Ok(match expr {
            Expr::Column(column) => Transformed::yes(col(format!("\"{}\"", of_events(&column.name)))),
            other => Transformed::no(other),
        })
    });
    Ok(filter?.data)
}

/// Folds a lake's statements, as [`helan_lake::cells::fold`] does; without a catalog, by the newest that the lake keeps.
///
/// # Errors
/// If the lake cannot be read or written, or its catalog no longer loads.
pub async fn fold(
    lake: &Lake,
    catalog: Option<Arc<Catalog>>,
    worth: usize,
    delete_ms: Option<i64>,
) -> std::result::Result<Report, QueryError> {
    let edges = edges_of(lake, catalog).await?;
    Ok(helan_lake::cells::fold(lake, &edges, worth, delete_ms).await?)
}

/// Compares what was folded of a lake with its events, as [`helan_lake::cells::audit`] does; without a catalog, by the newest
/// that the lake keeps.
///
/// # Errors
/// As [`fold`].
pub async fn audit(
    lake: &Lake,
    catalog: Option<Arc<Catalog>>,
    turn: Option<u64>,
) -> std::result::Result<Audit, QueryError> {
    let edges = edges_of(lake, catalog).await?;
    Ok(helan_lake::cells::audit(lake, &edges, turn).await?)
}

async fn edges_of(
    lake: &Lake,
    catalog: Option<Arc<Catalog>>,
) -> std::result::Result<Arc<BTreeMap<String, Vec<i64>>>, QueryError> {
    let catalog = match catalog {
        Some(catalog) => catalog,
        None => match lake.newest(Table::CatalogVersions).await {
            Ok(versions) => catalog_in_use(&versions).await?,
            Err(LakeError::NoLake(_)) => Arc::new(Catalog::embedded()),
            Err(error) => return Err(error.into()),
        },
    };
    Ok(Arc::new(basis_edges(&catalog)?))
}

/// By indicator, when a catalog begins to read its benchmark otherwise; sorted, microseconds since the epoch.
///
/// # Errors
/// [`QueryError::Catalog`] if the catalog names no time zone.
pub fn basis_edges(catalog: &Catalog) -> std::result::Result<BTreeMap<String, Vec<i64>>, QueryError> {
    let zone = TimeZone::get(&catalog.head.time_zone).map_err(|error| QueryError::Catalog(error.to_string()))?;
    let mut edges: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for basis in &catalog.bases {
        let days = [basis.known_from, basis.known_to].into_iter().flatten();
        let times: Vec<_> = days.filter_map(|day| moment::start_of(day, &zone)).collect();
        if !times.is_empty() {
            edges.entry(basis.indicator.clone()).or_default().extend(times);
        }
    }
    for times in edges.values_mut() {
        times.sort_unstable();
        times.dedup();
    }
    Ok(edges)
}
