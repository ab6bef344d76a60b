//! A view as a table: its columns are known from the SQL file's header, its text is planned when it is scanned.
//!
//! So a query plans only what it reads, each text once, and plans stay small however deep views are nested. A view
//! that is marked `materialise: yes` is computed once a scope and kept in memory.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use datafusion::catalog::{MemTable, Session, TableProvider};
use datafusion::common::metadata::ScalarAndMetadata;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::{Column, DataFusionError, ParamValues, Result, ScalarValue};
use datafusion::dataframe::DataFrame;
use datafusion::execution::SessionState;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::{Expr, LogicalPlan, TableProviderFilterPushDown, TableType, cast};
use datafusion::physical_plan::{ExecutionPlan, collect};
use futures::future::BoxFuture;
use helan_lake::filters::unqualified;
use helan_queries::{Query, Type};
use helan_schemas::tables::instant;
use tokio::sync::OnceCell;
use tracing::Instrument;

use crate::session::kept::Kept;
use crate::session::scope::Scope;
use crate::views::narrow::{Part, Piece};
use crate::views::pieces::in_pieces;
use crate::views::planned::{Plan, Stage, by_name, to_plan};
use crate::views::standing;

/// The view of all statements.
const STATEMENTS: &str = "statements";

#[derive(Debug)]
pub(crate) struct View {
    query: &'static Query,
    schema: SchemaRef,
    scope: Arc<Scope>,
    /// Whether a question reads it, and no other view.
    is_asked: bool,
}

/// The columns of a view, as the SQL file's header has them.
pub(crate) fn schema(query: &Query) -> SchemaRef {
    let fields = query.columns.iter().map(|column| Field::new(column.name, arrow_type(column.data_type), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The Arrow type of a view's column.
pub(crate) fn arrow_type(data_type: Type) -> DataType {
    match data_type {
        Type::Text => DataType::Utf8,
        Type::Int => DataType::Int32,
        Type::Bigint => DataType::Int64,
        Type::Bool => DataType::Boolean,
        Type::Date => DataType::Date32,
        Type::Instant => instant(),
        Type::Bytes => DataType::Binary,
        Type::Decimal(precision, scale) if precision <= 38 => DataType::Decimal128(precision, scale),
        Type::Decimal(precision, scale) => DataType::Decimal256(precision, scale),
    }
}

impl View {
    pub(crate) fn new(query: &'static Query, scope: Arc<Scope>, is_asked: bool) -> Self {
        Self { query, schema: schema(query), scope, is_asked }
    }

    /// The pieces in which a question's rows are computed, where they need many statements.
    async fn pieces(&self, part: &Part) -> Result<Option<Vec<Piece>>> {
        let is_computed = self.scope.rows(self.query.name).is_some_and(OnceCell::initialized);
        let is_cut = self.is_asked && part.may_be_cut(self.query);
        if !is_cut || is_computed || self.scope.standing.initialized() {
            return Ok(None);
        }
        let Some(counts) = self.scope.counts(self.query, part).await? else { return Ok(None) };
        let pinned = &self.scope.pinned;
        Ok(part.pieces(self.query, &counts, pinned.at_once, &pinned.catalog))
    }

    /// The rows of a materialised view. The work runs as a task of its own, so that views nested in views do not nest
    /// on one stack.
    async fn rows(&self, scope: &Arc<Scope>, asker: &Arc<RuntimeEnv>) -> Result<Option<Arc<Kept>>> {
        let Some(cell) = scope.rows(self.query.name) else { return Ok(None) };
        let rows = cell.get_or_try_init(|| async {
            let (query, schema, scope) = (self.query, self.schema.clone(), scope.clone());
            let empty = is_empty(query, scope.clone(), asker.clone());
            if query.empty_without.is_some() && in_task(asker.clone(), empty).await? {
                let memory = MemoryConsumer::new(query.name).register(&scope.pinned.memory.memory_pool);
                return Kept::new(schema, Vec::new(), memory).map(Arc::new);
            }
            let span = tracing::debug_span!("view", view = query.name);
            let work = async move {
                let started = std::time::Instant::now();
                let batches = computed(query, &scope).await?;
                tracing::debug!(view = query.name, duration_ms = started.elapsed().as_millis() as u64, "view computed");
                let batches = batches.into_iter().map(|batch| {
                    RecordBatch::try_new(schema.clone(), batch.columns().to_vec()).map_err(DataFusionError::from)
                });
                let batches = batches.collect::<Result<Vec<_>>>()?;
                let memory = MemoryConsumer::new(query.name).register(&scope.pinned.memory.memory_pool);
                memory.try_grow(batches.iter().map(RecordBatch::get_array_memory_size).sum())?;
                Kept::new(schema, batches, memory).map(Arc::new)
            };
            in_task(asker.clone(), work.instrument(span)).await
        });
        Ok(Some(rows.await?.clone()))
    }
}

/// Whether a view has no rows because an input has none: its text is not planned then. Some texts are long, and most
/// questions are about cells without editions, or years without parts.
fn is_empty(query: &Query, scope: Arc<Scope>, asker: Arc<RuntimeEnv>) -> BoxFuture<'static, Result<bool>> {
    let wanted = query.empty_without;
    Box::pin(async move {
        let Some((input, column)) = wanted else { return Ok(false) };
        let input = match helan_queries::get(input) {
            Some(query) if query.name == standing::NAME => Some(standing::kept_of(&scope, &asker).await?),
            Some(query) => View::new(query, scope.clone(), false).rows(&scope, &asker).await?,
            None => None,
        };
        Ok(input.is_some_and(|input| !input.has_rows(column)))
    })
}

#[async_trait]
impl TableProvider for View {
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
        let answer = match (self.query.materialise, self.query.narrows.is_empty()) {
            (false, _) => TableProviderFilterPushDown::Exact,
            (true, false) => TableProviderFilterPushDown::Inexact,
            (true, true) => TableProviderFilterPushDown::Unsupported,
        };
        Ok(vec![answer; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let part = self.scope.needed(self.query, filters);
        if let Some(pieces) = self.pieces(&part).await? {
            let filters = filters.iter().map(|filter| unqualified(filter.clone())).collect::<Result<Vec<_>>>()?;
            let schema = match projection {
                Some(projection) => Arc::new(self.schema.project(projection)?),
                None => self.schema.clone(),
            };
            return in_pieces(self.query, self.scope.clone(), pieces, schema, filters);
        }
        let scope = self.scope.narrowed(part);
        if self.is_asked {
            ahead(self.query, &scope);
        }
        if let Some(rows) = self.rows(&scope, state.runtime_env()).await? {
            return rows.table.scan(state, projection, &[], limit).await;
        }
        let (query, schema) = (self.query, self.schema.clone());
        if query.empty_without.is_some() {
            let asker = state.runtime_env().clone();
            if in_task(asker.clone(), is_empty(query, scope.clone(), asker)).await? {
                return MemTable::try_new(schema, vec![Vec::new()])?.scan(state, projection, &[], limit).await;
            }
        }
        let projection = projection.cloned();
        let filters = filters.iter().map(|filter| unqualified(filter.clone())).collect::<Result<Vec<_>>>()?;
        in_task(state.runtime_env().clone(), async move {
            let mut frame = frame(query, &scope).await?;
            // Every other view rests on these, or on `standing`, which holds to the part itself.
            let of_part = if query.name == STATEMENTS { scope.part().filters() } else { Vec::new() };
            for filter in filters.into_iter().chain(of_part) {
                frame = frame.filter(filter)?;
            }
            if let Some(projection) = projection {
                let columns = projection.iter().map(|at| Expr::Column(Column::from_name(schema.field(*at).name())));
                frame = frame.select(columns.collect::<Vec<_>>())?;
            }
            if limit.is_some() {
                frame = frame.limit(0, limit)?;
            }
            frame.create_physical_plan().await
        })
        .await
    }
}

/// Runs a future as its own task, which is cancelled when the caller stops waiting. The task holds the caller's runtime
/// until it has ended, because the caller's seat is counted by it.
pub(crate) async fn in_task<T: Send + 'static>(
    asker: Arc<RuntimeEnv>,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let work = async move {
        let done = work.await;
        drop(asker);
        done
    };
    match SpawnedTask::spawn(work.in_current_span()).await {
        Ok(result) => result,
        Err(error) => Err(DataFusionError::External(Box::new(error))),
    }
}

/// The rows of a view.
async fn computed(query: &'static Query, scope: &Arc<Scope>) -> Result<Vec<RecordBatch>> {
    let state = scope.context.state();
    let plan = match planned(query, scope).await? {
        Plan::Written(plan) => return bound(query, plan, scope)?.collect().await,
        Plan::Optimised(plan) => state.query_planner().create_physical_plan(&plan, &state).await?,
        Plan::Physical { plan, .. } => plan,
    };
    collect(plan, state.task_ctx()).await
}

/// The text of a view whose rows are not kept, as [`bound`].
async fn frame(query: &'static Query, scope: &Arc<Scope>) -> Result<DataFrame> {
    let Plan::Written(plan) = planned(query, scope).await? else {
        return Err(DataFusionError::Internal(format!("the rows of {} are kept", query.name)));
    };
    bound(query, plan, scope)
}

/// A view's text, bound to the scope's moments, with exactly the columns of its header.
fn bound(query: &'static Query, plan: LogicalPlan, scope: &Arc<Scope>) -> Result<DataFrame> {
    let plan = bind(plan, scope).and_then(|plan| shown(query, plan, scope.context.state()));
    plan.map_err(|error| error.context(format!("view {}", query.name)))
}

/// The plan of a view's text, as far as it is the same for all scopes, for this one.
async fn planned(query: &'static Query, scope: &Arc<Scope>) -> Result<Plan> {
    let stage = scope.stage(query);
    let make = || -> BoxFuture<'_, Result<Plan>> {
        Box::pin(async move {
            let state = scope.context.state();
            let plan = state.create_logical_plan(query.sql).await?;
            if stage == Stage::Written {
                return Ok(Plan::Written(plan));
            }
            let plan = state.optimize(shown(query, plan, state.clone())?.logical_plan())?;
            if stage == Stage::Optimised {
                return Ok(Plan::Optimised(plan));
            }
            let (plan, reads) = by_name(plan, scope)?;
            let plan = state.query_planner().create_physical_plan(&plan, &state).await?;
            Ok(Plan::Physical { plan, reads })
        })
    };
    let plan = scope.pinned.plans.plan(query, stage, scope, make).await;
    plan.map_err(|error| error.context(format!("view {}", query.name)))
}

/// Plans the views that a view reads, in a task of its own. The question plans from the top, so this begins at the bottom.
fn ahead(query: &'static Query, scope: &Arc<Scope>) {
    let waiting = to_plan(query, scope);
    if waiting.len() > 1 {
        let plan = async move {
            for (query, scope) in waiting.into_iter().rev() {
                // The question plans it once more, and gets the error as its answer.
                if let Err(error) = planned(query, &scope).await {
                    tracing::debug!(view = query.name, %error, "not planned ahead");
                }
            }
        };
        tokio::spawn(plan.in_current_span());
    }
}

/// A view's text with exactly the columns of its header.
fn shown(query: &Query, plan: LogicalPlan, state: SessionState) -> Result<DataFrame> {
    let have = plan.schema().fields().len();
    if have != query.columns.len() {
        return Err(DataFusionError::Plan(format!("its text has {have} columns, its header {}", query.columns.len())));
    }
    // Types are settled by the analyser, after this plan's own schema: so each column is cast, mostly for nothing.
    let columns = query.columns.iter().map(|column| {
        cast(Expr::Column(Column::from_name(column.name)), arrow_type(column.data_type)).alias(column.name)
    });
    DataFrame::new(state, plan).select(columns.collect::<Vec<_>>())
}

/// Binds `$as_of` and `$recorded`, which only leaf views have.
fn bind(plan: LogicalPlan, scope: &Scope) -> Result<LogicalPlan> {
    let names = plan.get_parameter_names()?;
    if names.is_empty() {
        return Ok(plan);
    }
    let moment = |time: i64| ScalarValue::TimestampMicrosecond(Some(time), Some("UTC".into()));
    let values = [("as_of", scope.as_of), ("recorded", scope.recorded)];
    let values = values.map(|(name, time)| (name.to_owned(), ScalarAndMetadata::from(moment(time))));
    plan.with_param_values(ParamValues::Map(values.into()))
}
