//! Tables of a plan that is kept: names, whose rows are looked up in the scope in which the plan runs.

use std::fmt;
use std::sync::{Arc, Weak};

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr, PlanProperties, execute_stream,
};
use futures::TryStreamExt;

use crate::session::scope::Scope;

/// A name with columns, in a plan that is being made.
#[derive(Debug)]
pub(crate) struct LateTable {
    pub(crate) name: String,
    pub(crate) schema: SchemaRef,
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
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Arc::new(LateScan {
            name: self.name.clone(),
            table: self.schema.clone(),
            projection: projection.cloned(),
            filters: filters.to_vec(),
            limit,
            properties: Arc::new(properties),
        }))
    }
}

/// What is read of a name.
#[derive(Debug)]
struct LateScan {
    name: String,
    /// All columns that the name had when the plan was made.
    table: SchemaRef,
    projection: Option<Vec<usize>>,
    filters: Vec<Expr>,
    limit: Option<usize>,
    properties: Arc<PlanProperties>,
}

/// The scope in which a plan runs, as an extension of its configuration.
pub(crate) struct RunsIn(pub(crate) Weak<Scope>);

/// Whether all names that a plan reads have the same columns in a scope.
pub(crate) fn fits(plan: &Arc<dyn ExecutionPlan>, scope: &Arc<Scope>) -> Result<bool> {
    let mut fits = true;
    plan.apply(|node| {
        if let Some(scan) = node.downcast_ref::<LateScan>() {
            fits &= scope.table(&scan.name).is_some_and(|table| table.schema() == scan.table);
        }
        Ok(if fits { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    })?;
    Ok(fits)
}

impl DisplayAs for LateScan {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LateScan: {}", self.name)
    }
}

impl ExecutionPlan for LateScan {
    fn name(&self) -> &str {
        "LateScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, _partition: usize, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let scope = task.session_config().get_extension::<RunsIn>().and_then(|runs| runs.0.upgrade());
        let ended = || DataFusionError::Internal("the session of this plan has ended".to_owned());
        let scope = scope.ok_or_else(ended)?;
        let table = scope.table(&self.name);
        let table = table.ok_or_else(|| DataFusionError::Internal(format!("no table {}", self.name)))?;
        let (projection, filters, limit) = (self.projection.clone(), self.filters.clone(), self.limit);
        let rows = async move {
            let plan = table.scan(&scope.context.state(), projection.as_ref(), &filters, limit).await?;
            execute_stream(plan, task)
        };
        let rows = futures::stream::once(rows).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}
