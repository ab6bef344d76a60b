//! Outer joins whose sides do not leak: two faults of the engine, kept out by a node over each side.
//!
//! A condition above a join is handed down by the names of its columns. Where both sides have a name, a condition on the
//! side that may be missing was put to the other side's column: `a right join b … where a.v is null` lost the rows that it
//! asks for. And where all rows of the side that may be missing share a value, the engine took that value for one of
//! the whole join: rows without a partner were ordered and counted as if they had it. The node hands nothing down and knows
//! of no shared value. Conditions that may go down have gone before, in the logical plan.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, JoinType, Result, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::{
    ChildrenPropertiesMode, ReplaceChildrenOptions, replace_children_if_necessary,
};
use datafusion::physical_plan::joins::{HashJoinExec, NestedLoopJoinExec, SortMergeJoinExec};
use datafusion::physical_plan::{
    ChildStats, DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties, StatisticsArgs,
};

/// Puts the node over both sides of every outer join. The first rule: those that follow are the ones that err.
#[derive(Debug)]
pub(crate) struct SidesApart;

impl PhysicalOptimizerRule for SidesApart {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = plan.transform_up(|node| {
            if !kind(node.as_ref())
                .is_some_and(|kind| matches!(kind, JoinType::Left | JoinType::Right | JoinType::Full))
            {
                return Ok(Transformed::no(node));
            }
            let sides = node.children().into_iter().map(|side| Side::over(side.clone())).collect();
            Ok(Transformed::yes(replace_children_if_necessary(node, sides)?))
        });
        Ok(plan?.data)
    }

    fn name(&self) -> &str {
        "helan_outer_joins"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn kind(node: &dyn ExecutionPlan) -> Option<JoinType> {
    let hashed = node.downcast_ref::<HashJoinExec>().map(|join| *join.join_type());
    let nested = || node.downcast_ref::<NestedLoopJoinExec>().map(|join| *join.join_type());
    hashed.or_else(nested).or_else(|| node.downcast_ref::<SortMergeJoinExec>().map(SortMergeJoinExec::join_type))
}

/// One side of an outer join.
#[derive(Debug)]
struct Side {
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl Side {
    fn over(input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        let known = EquivalenceProperties::new(input.schema());
        let properties = PlanProperties::clone(input.properties()).with_eq_properties(known).into();
        Arc::new(Self { input, properties })
    }
}

impl DisplayAs for Side {
    fn fmt_as(&self, _kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OuterJoinSide")
    }
}

impl ExecutionPlan for Side {
    fn name(&self) -> &str {
        "OuterJoinSide"
    }

    fn schema(&self) -> SchemaRef {
        self.input.schema()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _each: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.pop()) {
            (Some(input), None) => Ok(Self::over(input)),
            _ => Err(DataFusionError::Internal("a side of a join has one input".to_owned())),
        }
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.input.execute(partition, context)
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        vec![ChildStats::At(partition)]
    }

    fn statistics_from_inputs(&self, inputs: &[Arc<Statistics>], _args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        let [input] = inputs else {
            return Err(DataFusionError::Internal("a side of a join has one input".to_owned()));
        };
        Ok(input.clone())
    }

    fn supports_limit_pushdown(&self) -> bool {
        false
    }
}
