//! A view over many statements, computed in pieces: a few indicators at a time, so that memory follows the largest piece.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::{Column, DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::{StreamExt, TryStreamExt};
use helan_queries::Query;

use crate::session::answered::{Wanted, keeping};
use crate::session::scope::Scope;
use crate::views::narrow::Piece;
use crate::views::view::in_task;

/// Gives the rows of one piece after another; each is planned and computed when it comes to it, and given back after.
struct Pieces {
    query: &'static Query,
    /// The scope of all statements.
    scope: Arc<Scope>,
    pieces: Vec<Piece>,
    /// By columns of the view.
    filters: Vec<Expr>,
    /// Columns that are wanted.
    schema: SchemaRef,
}

/// The rows of a view over a scope of all statements, in pieces: those columns of it, where filters by its columns hold.
pub(crate) fn in_pieces(
    query: &'static Query,
    scope: Arc<Scope>,
    pieces: Vec<Piece>,
    schema: SchemaRef,
    filters: Vec<Expr>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let pieces = Pieces { query, scope, pieces, filters, schema: schema.clone() };
    Ok(Arc::new(StreamingTableExec::try_new(schema, vec![Arc::new(pieces)], None, None, false, None)?))
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pieces of {}: {}", self.query.name, self.pieces.len())
    }
}

impl PartitionStream for Pieces {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, task: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (query, whole) = (self.query, self.scope.clone());
        let in_turn = whole.pinned.in_one;
        let (schema, filters) = (self.schema.clone(), self.filters.clone());
        let mut last: Option<Arc<Scope>> = None;
        let rows = futures::stream::iter(self.pieces.clone()).map(Ok::<_, DataFusionError>).and_then(move |piece| {
            let task = task.clone();
            let (schema, filters) = (schema.clone(), filters.clone());
            let wanted = Wanted { view: query.name, piece, filters: filters.clone(), columns: schema.clone() };
            let known = whole.answered.rows(&wanted).ok_or_else(|| {
                // Pieces of one part follow each other, and share what it has computed.
                let same = last.take().filter(|scope| *scope.part() == wanted.piece.part);
                let scope = same.unwrap_or_else(|| whole.of_part(wanted.piece.part.clone()));
                last.insert(scope).clone()
            });
            let whole = whole.clone();
            async move {
                let scope = match known {
                    Ok(rows) => return Ok(rows),
                    Err(scope) => scope,
                };
                let (asker, rows) = (task.runtime_env(), wanted.piece.rows.clone());
                let plan = in_task(asker, async move {
                    let view = scope.view(query);
                    let columns = schema.fields().iter().map(|field| Expr::Column(Column::from_name(field.name())));
                    let frame = scope.context.read_table(view)?.filter(rows)?;
                    let frame = filters.into_iter().try_fold(frame, |frame, filter| frame.filter(filter))?;
                    let plan = frame.select(columns.collect::<Vec<_>>())?.create_physical_plan().await?;
                    Ok((scope, plan))
                });
                let (scope, plan) = plan.await?;
                let rows = if in_turn { parts_in_turn(plan, task)? } else { execute_stream(plan, task)? };
                // What the piece has computed is held until its last row is out.
                let rows = rows.inspect(move |_| {
                    let _held = &scope;
                });
                Ok(keeping(rows, wanted, whole))
            }
        });
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), rows.try_flatten()))
    }
}

/// The rows of a union's parts, one part after another: beside each other each would hold its memory. A part is let go of when its
/// rows are out, with the sides of joins that it has built.
fn parts_in_turn(plan: Arc<dyn ExecutionPlan>, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
    let schema = plan.schema();
    let parts = parts(plan)?.into_iter().map(move |part| execute_stream(part, task.clone()));
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter(parts).try_flatten())))
}

/// The parts of the union that a plan is, but for what is done with each row by itself.
fn parts(plan: Arc<dyn ExecutionPlan>) -> Result<Vec<Arc<dyn ExecutionPlan>>> {
    let below = || plan.children().into_iter().cloned().map(parts).collect::<Result<Vec<_>>>();
    if plan.downcast_ref::<UnionExec>().is_some() {
        return Ok(below()?.concat());
    }
    let is_by_row = plan.downcast_ref::<ProjectionExec>().is_some()
        || plan.downcast_ref::<FilterExec>().is_some()
        || plan.downcast_ref::<CooperativeExec>().is_some();
    match is_by_row.then(below).transpose()?.as_deref() {
        Some([parts]) if parts.len() > 1 => {
            parts.iter().map(|part| replace_children_if_necessary(plan.clone(), vec![part.clone()])).collect()
        }
        _ => Ok(vec![plan]),
    }
}
