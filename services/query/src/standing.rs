//! The view `standing`, computed as its text says, but in one pass: of each kind of statement the newest is kept, and
//! nothing is sorted. Its memory follows the cells, not the history.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimestampMicrosecondType};
use async_trait::async_trait;
use datafusion::catalog::{MemTable, Session, TableProvider};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::dataframe::DataFrame;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType, col, lit};
use datafusion::physical_plan::ExecutionPlan;
use futures::TryStreamExt;
use helan_lake::cells::{Reading, Reducer, statements};
use helan_queries::Query;
use helan_schemas::catalog::Catalog;
use jiff::tz::TimeZone;
use tokio::sync::OnceCell;

use crate::leaves::arrow_type;
use crate::moment;
use crate::scope::{Kept, Scope};
use crate::view::in_task;

/// The view that is computed here.
pub(crate) const NAME: &str = "standing";

/// Columns that a kind of statement is told by; a filter on them may come before the newest is picked.
const KIND: [&str; 9] = [
    "ref_area",
    "indicator",
    "time_period",
    "period_kind",
    "period_start",
    "period_end",
    "reporter",
    "vintage",
    "stated_basis",
];

/// Columns that other views ask for. They are computed together, once a scope, and kept.
const KEPT: [&str; 25] = [
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
    "amount",
    "obs_status",
    "vintage",
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

/// Columns of `events` that picking needs.
const NEEDED: [&str; 16] = [
    "type",
    "source",
    "id",
    "ref_area",
    "indicator",
    "time_period",
    "period_end",
    "reporter",
    "vintage",
    "basis",
    "amount",
    "known_at",
    "recorded_at",
    "received_at",
    "offset",
    "index",
];

/// What a scope has of it.
#[derive(Default)]
pub(crate) struct Picked {
    reading: OnceCell<Arc<Reading>>,
    kept: OnceCell<Kept>,
}

#[derive(Debug)]
pub(crate) struct Standing {
    query: &'static Query,
    schema: SchemaRef,
    scope: Arc<Scope>,
}

impl Standing {
    pub(crate) fn new(query: &'static Query, scope: Arc<Scope>) -> Self {
        let fields = query.columns.iter().map(|column| Field::new(column.name, arrow_type(column.data_type), true));
        Self { query, schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())), scope }
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
        let schema = Arc::new(self.schema.project(&columns)?);
        let scope = self.scope.clone();
        if is_kept {
            let kept = self.scope.standing.kept.get_or_try_init(|| async {
                in_task(asker, async move { pick(&schema, &scope, Vec::new()).await }).await
            });
            return kept.await?.table.scan(state, Some(&places), &[], limit).await;
        }
        let filters = filters.iter().map(|filter| renamed(filter.clone())).collect::<Result<Vec<_>>>()?;
        let picked = in_task(asker, async move { pick(&schema, &scope, filters).await }).await?;
        picked.table.scan(state, Some(&places), &[], limit).await
    }
}

/// The view's rows, with the columns of a schema.
async fn pick(schema: &SchemaRef, scope: &Scope, filters: Vec<Expr>) -> Result<Kept> {
    let reading = scope.standing.reading.get_or_try_init(|| reading(scope)).await?;
    let events = events(scope)?;
    let mut names: Vec<&str> = NEEDED.to_vec();
    for field in schema.fields() {
        let name = of_events(field.name());
        if !names.contains(&name) && events.schema().has_column_with_unqualified_name(name) {
            names.push(name);
        }
    }
    let reported = col("type").eq(lit("helan.observation.reported.v1"));
    let mut events = events.filter(known(reading.as_of, reading.recorded).and(reported))?;
    for filter in filters {
        events = events.filter(filter)?;
    }
    let mut rows = events.select_columns(&names)?.execute_stream().await?;
    let memory = MemoryConsumer::new(NAME).register(&scope.pinned.memory.memory_pool);
    let mut reducer = Reducer::new();
    while let Some(batch) = rows.try_next().await? {
        reducer.add(statements(&batch, reading)?)?;
        memory.try_resize(reducer.size())?;
    }
    let batches = reducer.finish()?.into_iter().map(|batch| as_view(&batch, schema));
    let batches = batches.collect::<Result<Vec<_>>>()?;
    memory.try_resize(batches.iter().map(RecordBatch::get_array_memory_size).sum())?;
    Ok(Kept { table: Arc::new(MemTable::try_new(schema.clone(), vec![batches])?), _memory: memory })
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

fn events(scope: &Scope) -> Result<DataFrame> {
    let events = scope.pinned.tables.get("events").cloned();
    let events = events.ok_or_else(|| DataFusionError::Internal("a session has no events".to_owned()))?;
    scope.context.read_table(events)
}

fn known(as_of: i64, recorded: i64) -> Expr {
    let moment = |time: i64| lit(ScalarValue::TimestampMicrosecond(Some(time), Some("UTC".into())));
    col("known_at").lt_eq(moment(as_of)).and(col("recorded_at").lt_eq(moment(recorded)))
}

/// As known when, and by which catalog, statements are read here. Withdrawals are few, so all of them are looked up.
async fn reading(scope: &Scope) -> Result<Arc<Reading>> {
    let (as_of, recorded) = (scope.as_of, scope.recorded);
    let withdrawals = col("type").eq(lit("helan.observation.withdrawn.v1")).and(col("withdraws").is_not_null());
    let rows = events(scope)?.filter(withdrawals.and(known(as_of, recorded)))?;
    let mut rows = rows.select_columns(&["source", "withdraws", "known_at"])?.execute_stream().await?;
    let mut withdrawn: HashMap<String, HashMap<String, i64>> = HashMap::new();
    while let Some(batch) = rows.try_next().await? {
        let text = |column: usize| cast(batch.column(column), &DataType::Utf8);
        let (sources, ids) = (text(0)?, text(1)?);
        let times = batch.column(2).as_primitive::<TimestampMicrosecondType>();
        for row in 0..batch.num_rows() {
            let of_source = withdrawn.entry(sources.as_string::<i32>().value(row).to_owned()).or_default();
            let at = of_source.entry(ids.as_string::<i32>().value(row).to_owned()).or_insert(i64::MAX);
            *at = times.value(row).min(*at);
        }
    }
    let edges = basis_edges(&scope.pinned.catalog, &scope.pinned.zone);
    Ok(Arc::new(Reading { as_of, recorded, edges: Arc::new(edges), withdrawn: Arc::new(withdrawn) }))
}

/// By indicator, when a catalog begins to read its benchmark otherwise; sorted, microseconds since the epoch.
pub fn basis_edges(catalog: &Catalog, zone: &TimeZone) -> BTreeMap<String, Vec<i64>> {
    let mut edges: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for basis in &catalog.bases {
        let days = [basis.known_from, basis.known_to].into_iter().flatten();
        let times: Vec<_> = days.filter_map(|day| moment::start_of(day, zone)).collect();
        if !times.is_empty() {
            edges.entry(basis.indicator.clone()).or_default().extend(times);
        }
    }
    for times in edges.values_mut() {
        times.sort_unstable();
        times.dedup();
    }
    edges
}
