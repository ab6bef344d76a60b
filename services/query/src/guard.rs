//! What a question may do and use: statements that only read, texts and plans of bounded size, functions that are
//! looked at, arithmetic that fails rather than wraps, memory and scratch files; and what is said of one that may not.

pub(crate) mod arithmetic;
pub(crate) mod code_texts;
pub(crate) mod column_size;
pub(crate) mod expansion;
pub(crate) mod fits;
pub(crate) mod functions;
pub(crate) mod local_times;
pub(crate) mod memory;
pub(crate) mod messages;
pub(crate) mod moments;
pub(crate) mod multiplying;
pub(crate) mod nearest_name;
pub(crate) mod outer_joins;
pub(crate) mod passed_over;
pub(crate) mod plain_terms;
pub(crate) mod quotients;
pub(crate) mod reach;
pub(crate) mod read_only;
pub(crate) mod rounding;
pub(crate) mod scratch;
pub(crate) mod select_items;
pub(crate) mod simplified;
pub(crate) mod subqueries;
pub(crate) mod sums;
pub(crate) mod truths;
pub(crate) mod unions;
pub(crate) mod watch;
pub(crate) mod written_figures;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan};

/// A node with each part of its expressions changed; its columns keep their names.
pub(crate) fn each_part(
    node: LogicalPlan,
    mut change: impl FnMut(Expr) -> Result<Transformed<Expr>>,
) -> Result<Transformed<LogicalPlan>> {
    let names = NamePreserver::new(&node);
    node.map_expressions(|expr| {
        let name = names.save(&expr);
        let changed = expr.transform_up(&mut change)?;
        Ok(changed.update_data(|expr| name.restore(expr)))
    })
}
