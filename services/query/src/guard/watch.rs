//! Ends a plan that would not end by itself, and the making of one.
//!
//! Planning lets go of its thread nowhere. So every rule of the optimiser looks at a flag before it looks at a node.
//! Dropping a stream stops a plan only when it next lets go of its thread. Joins that multiply rows, unnesting and
//! windows can work for minutes between two rows read, or never give one: so in the plans of remote clients they let go
//! after each batch, and a nested-loop join looks at a flag whenever it judges a pair of batches.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arrow::datatypes::{DataType, FieldRef, Schema};
use arrow::record_batch::RecordBatch;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, LogicalPlan};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{NestedLoopJoinExec, NestedLoopJoinExecBuilder};
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};

/// Whether a query shall end.
#[derive(Debug, Default)]
pub struct Watch {
    ended: AtomicBool,
    steps: AtomicU64,
}

impl Watch {
    /// Asks the plans that look at it to end.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    /// How often a rule of the optimiser was asked so far: what planning cost, on any machine.
    pub fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    pub(crate) fn look(&self) -> Result<()> {
        if self.ended.load(Ordering::Relaxed) {
            return Err(DataFusionError::Execution("the query was ended".to_owned()));
        }
        Ok(())
    }
}

/// A rule of the optimiser that looks at the watch first.
#[derive(Debug)]
pub(crate) struct Watchful {
    pub(crate) rule: Arc<dyn OptimizerRule + Send + Sync>,
    pub(crate) watch: Arc<Watch>,
}

impl OptimizerRule for Watchful {
    fn name(&self) -> &str {
        self.rule.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.rule.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        self.watch.look()?;
        self.watch.steps.fetch_add(1, Ordering::Relaxed);
        self.rule.rewrite(plan, config)
    }
}

/// Puts the watch into a plan. The last rule: none after it may take out what it puts in.
#[derive(Debug)]
pub(crate) struct Watched(pub(crate) Arc<Watch>);

impl PhysicalOptimizerRule for Watched {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = plan.transform_up(|node| {
            if !multiplies(node.name()) {
                return Ok(Transformed::no(node));
            }
            let node = match node.downcast_ref::<NestedLoopJoinExec>() {
                Some(join) => self.watched(join)?,
                None => node,
            };
            Ok(Transformed::yes(Arc::new(CooperativeExec::new(node)) as Arc<dyn ExecutionPlan>))
        });
        Ok(plan?.data)
    }

    fn name(&self) -> &str {
        "helan_watch"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

impl Watched {
    fn watched(&self, join: &NestedLoopJoinExec) -> Result<Arc<dyn ExecutionPlan>> {
        let filter = join.filter().map(|filter| {
            let inner = filter.expression().clone();
            let expression = Arc::new(Looking { inner, watch: self.0.clone() });
            JoinFilter::new(expression, filter.column_indices().to_vec(), filter.schema().clone())
        });
        let builder = NestedLoopJoinExecBuilder::new(join.left().clone(), join.right().clone(), *join.join_type());
        let builder = builder.with_filter(filter).with_projection_ref(join.projection().clone());
        Ok(Arc::new(builder.build()?))
    }
}

/// Whether a node can give, or try, more rows than it reads.
fn multiplies(node: &str) -> bool {
    node.ends_with("JoinExec") || matches!(node, "UnnestExec" | "WindowAggExec" | "BoundedWindowAggExec")
}

/// An expression that looks at the watch each time it is evaluated.
#[derive(Debug)]
struct Looking {
    inner: Arc<dyn PhysicalExpr>,
    watch: Arc<Watch>,
}

impl PartialEq for Looking {
    fn eq(&self, other: &Self) -> bool {
        self.inner.eq(&other.inner)
    }
}

impl Eq for Looking {}

impl Hash for Looking {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl fmt::Display for Looking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl PhysicalExpr for Looking {
    fn data_type(&self, input_schema: &Schema) -> Result<DataType> {
        self.inner.data_type(input_schema)
    }

    fn nullable(&self, input_schema: &Schema) -> Result<bool> {
        self.inner.nullable(input_schema)
    }

    fn return_field(&self, input_schema: &Schema) -> Result<FieldRef> {
        self.inner.return_field(input_schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        self.watch.look()?;
        self.inner.evaluate(batch)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let inner = children.pop().unwrap_or_else(|| self.inner.clone());
        Ok(Arc::new(Self { inner, watch: self.watch.clone() }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_sql(f)
    }
}
