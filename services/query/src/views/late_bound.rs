//! Tables of a plan that is kept: names, whose rows are looked up in the scope in which the plan runs.

use std::sync::{Arc, Weak};

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::TryStreamExt;

use crate::session::scope::Scope;

/// A name with the columns that it had when the plan was made.
#[derive(Debug)]
pub(crate) struct LateTable {
    pub(crate) name: String,
    pub(crate) schema: SchemaRef,
}

impl LateTable {
    /// Whether the name has the same columns in a scope.
    pub(crate) fn fits(&self, scope: &Arc<Scope>) -> bool {
        scope.table(&self.name).is_some_and(|table| table.schema() == self.schema)
    }
}

#[async_trait]
impl TableProvider for LateTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(projection) => Arc::new(self.schema.project(projection)?),
            None => self.schema.clone(),
        };
        let rows = LateRows {
            name: self.name.clone(),
            schema: schema.clone(),
            projection: projection.cloned(),
            filters: filters.to_vec(),
            limit,
        };
        Ok(Arc::new(StreamingTableExec::try_new(schema, vec![Arc::new(rows)], None, None, false, None)?))
    }
}

/// What is read of a name.
#[derive(Debug)]
struct LateRows {
    name: String,
    /// Columns that are wanted.
    schema: SchemaRef,
    projection: Option<Vec<usize>>,
    filters: Vec<Expr>,
    limit: Option<usize>,
}

/// The scope in which a plan runs, as an extension of its configuration.
pub(crate) struct RunsIn(pub(crate) Weak<Scope>);

impl PartitionStream for LateRows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, task: Arc<TaskContext>) -> SendableRecordBatchStream {
        let scope = task.session_config().get_extension::<RunsIn>().and_then(|runs| runs.0.upgrade());
        let table = scope.as_ref().and_then(|scope| scope.table(&self.name));
        let (name, projection, filters, limit) =
            (self.name.clone(), self.projection.clone(), self.filters.clone(), self.limit);
        let rows = async move {
            let (Some(scope), Some(table)) = (scope, table) else {
                return Err(DataFusionError::Internal(format!("no scope with {name}")));
            };
            let plan = table.scan(&scope.context.state(), projection.as_ref(), &filters, limit).await?;
            execute_stream(plan, task)
        };
        let rows = futures::stream::once(rows).try_flatten();
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), rows))
    }
}
