//! `row_number()` over sorted rows, in one pass.
//!
//! The engine's own operator cuts every column of a batch once for each partition, and puts the pieces together again: views
//! number the statements of cells, of which most have one, so that costs more than all else that is done with a row. Here a
//! column of numbers is put beside the others, which are left as they are. It differs in nothing else: what it needs of its
//! input, and says of its output, is asked of the operator that it stands for.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, UInt64Array};
use arrow::compute::{concat, partition};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::OrderingRequirements;
use datafusion::physical_expr::window::StandardWindowExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::CardinalityEffect;
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowUDFExpr};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, InputDistributionRequirements, InputOrderMode,
    PhysicalExpr, PlanProperties, ReplaceChildrenOptions,
};
use futures::StreamExt;

/// Its name in plans.
const NAME: &str = "RowNumbers";

/// Puts [`RowNumbers`] where the engine has windows that only number rows.
#[derive(Debug)]
pub(crate) struct NumberInOnePass;

impl PhysicalOptimizerRule for NumberInOnePass {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            Ok(match RowNumbers::instead_of(&node) {
                Some(numbers) => Transformed::yes(numbers),
                None => Transformed::no(node),
            })
        })
        .data()
    }

    fn name(&self) -> &str {
        "helan_row_numbers"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Numbers the rows of each partition, which come one partition after another, in order.
#[derive(Debug)]
struct RowNumbers {
    /// What it stands for.
    window: Arc<BoundedWindowAggExec>,
}

impl RowNumbers {
    fn instead_of(node: &Arc<dyn ExecutionPlan>) -> Option<Arc<dyn ExecutionPlan>> {
        let window = node.downcast_ref::<BoundedWindowAggExec>()?;
        let [expr] = window.window_expr() else { return None };
        let function = expr.as_any().downcast_ref::<StandardWindowExpr>()?.get_standard_func_expr();
        let function = function.as_any().downcast_ref::<WindowUDFExpr>()?;
        let is_sorted = window.input_order_mode == InputOrderMode::Sorted;
        (is_sorted && function.fun().name() == "row_number").then(|| {
            let numbers: Arc<dyn ExecutionPlan> = Arc::new(Self { window: Arc::new(window.clone()) });
            numbers
        })
    }
}

impl DisplayAs for RowNumbers {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expr = self.window.window_expr().first();
        write!(f, "{NAME}: {}", expr.map_or("", |expr| expr.name()))
    }
}

impl ExecutionPlan for RowNumbers {
    fn name(&self) -> &str {
        NAME
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.window.properties()
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        self.window.input_distribution_requirements()
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        self.window.required_input_ordering()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        self.window.maintains_input_order()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.window.children()
    }

    fn apply_expressions(
        &self,
        apply: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.window.apply_expressions(apply)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let window = self.window.clone().replace_children(children, options)?;
        Ok(Self::instead_of(&window).unwrap_or(window))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, at: usize, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let schema = self.window.schema();
        let keys = self.window.window_expr().first().map(|expr| expr.partition_by().to_vec()).unwrap_or_default();
        let mut numbering = Numbering { keys, schema: schema.clone(), last: Vec::new(), count: 0 };
        let rows = self.window.input().execute(at, task)?.map(move |batch| numbering.number(&batch?));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }

    fn child_stats_requests(&self, at: Option<usize>) -> Vec<ChildStats> {
        self.window.child_stats_requests(at)
    }

    fn statistics_from_inputs(&self, inputs: &[Arc<Statistics>], args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        self.window.statistics_from_inputs(inputs, args)
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        self.window.cardinality_effect()
    }
}

/// Where it is in the rows.
struct Numbering {
    keys: Vec<Arc<dyn PhysicalExpr>>,
    schema: SchemaRef,
    /// The keys of the last row, a column each; none before the first.
    last: Vec<ArrayRef>,
    /// Its number.
    count: u64,
}

impl Numbering {
    fn number(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let keys = self.keys.iter().map(|key| key.evaluate(batch)?.into_array(rows)).collect::<Result<Vec<_>>>()?;
        let mut numbers = Vec::with_capacity(rows);
        if rows > 0 {
            if !self.goes_on(&keys)? {
                self.count = 0;
            }
            let ranges = if keys.is_empty() { std::iter::once(0..rows).collect() } else { partition(&keys)?.ranges() };
            for range in ranges {
                if range.start > 0 {
                    self.count = 0;
                }
                let end = self.count + range.len() as u64;
                numbers.extend(self.count + 1..=end);
                self.count = end;
            }
            self.last = keys.iter().map(|key| key.slice(rows - 1, 1)).collect();
        }
        let numbers: ArrayRef = Arc::new(UInt64Array::from(numbers));
        let columns = batch.columns().iter().cloned().chain([numbers]).collect();
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }

    /// Whether the first row of a batch is of the same partition as the last one before it.
    fn goes_on(&self, keys: &[ArrayRef]) -> Result<bool> {
        if keys.is_empty() || self.last.is_empty() {
            return Ok(true);
        }
        let both = self.last.iter().zip(keys).map(|(last, key)| concat(&[last.as_ref(), key.slice(0, 1).as_ref()]));
        Ok(partition(&both.collect::<std::result::Result<Vec<_>, _>>()?)?.len() == 1)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, StringArray};
    use arrow::datatypes::UInt64Type;
    use datafusion::catalog::MemTable;
    use datafusion::execution::SessionStateBuilder;
    use datafusion::physical_plan::displayable;
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;

    /// The same rows in batches of other sizes, numbered by the engine and here.
    #[tokio::test]
    async fn rows_are_numbered_as_by_the_engine() {
        let letters = [Some("a"), None, Some("b"), Some("a"), None, Some("c"), Some("a"), Some("b"), Some("a"), None];
        for size in [1, 2, 3, 10] {
            let batch = |part: &[Option<&str>]| {
                let at = Arc::new(UInt64Array::from_iter_values((0..part.len() as u64).map(|at| at * 7 % 5)));
                let columns: Vec<(_, ArrayRef, _)> =
                    vec![("key", Arc::new(StringArray::from(part.to_vec())), true), ("at", at, true)];
                RecordBatch::try_from_iter_with_nullable(columns).expect("a batch")
            };
            let batches: Vec<_> = letters.chunks(size).map(batch).collect();
            let mut answers = Vec::new();
            for ours in [false, true] {
                let config = SessionConfig::new().with_target_partitions(1).with_batch_size(size);
                let state = SessionStateBuilder::new().with_default_features().with_config(config);
                let state = if ours { state.with_physical_optimizer_rule(Arc::new(NumberInOnePass)) } else { state };
                let context = SessionContext::new_with_state(state.build());
                let table = MemTable::try_new(batches[0].schema(), vec![batches.clone()]).expect("a table");
                context.register_table("rows", Arc::new(table)).expect("registered");
                for over in ["partition by key order by at, key", "order by key, at", "partition by key, at"] {
                    let text =
                        format!("select key, at, row_number() over ({over}) as place from rows order by 1, 2, 3");
                    let plan = context.sql(&text).await.expect("planned");
                    let plan = plan.create_physical_plan().await.expect("planned");
                    let shown = displayable(plan.as_ref()).indent(false).to_string();
                    assert_eq!(shown.contains(NAME), ours, "{shown}");
                    let rows = datafusion::physical_plan::collect(plan, context.task_ctx()).await.expect("answered");
                    let places =
                        rows.iter().flat_map(|rows| rows.column(2).as_primitive::<UInt64Type>().values().to_vec());
                    answers.push((over, places.collect::<Vec<_>>()));
                }
            }
            let (engine, ours) = answers.split_at(3);
            assert_eq!(engine, ours, "{size}");
        }
    }
}
