//! The engine's contexts: those in which views are planned, and those of questions.

use std::sync::{Arc, Weak};

use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider, SchemaProvider};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::registry::FunctionRegistry;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::dialect;
use crate::guard::arithmetic::Checked;
use crate::guard::outer_joins::SidesApart;
use crate::guard::quotients::Quotients;
use crate::guard::rounding::Rounding;
use crate::guard::simplified::Simplified;
use crate::guard::truths::Truths;
use crate::guard::unions::PlainUnions;
use crate::guard::{functions, sums};
use crate::session::local_date;
use crate::session::names::Names;
use crate::session::scope::Scope;
use crate::views::late_bound::RunsIn;
use crate::views::row_numbers::NumberInOnePass;

pub(crate) const CATALOG: &str = "helan";
pub(crate) const SCHEMA: &str = "public";
/// The zone in which views are worked out.
pub(crate) const UTC: &str = "UTC";

/// Rules of the logical optimiser that find nothing in the text of a view: they are about what views do not say, and each
/// goes through the whole plan. Questions may say anything, and keep them.
const NOT_OF_VIEWS: [&str; 11] = [
    "decorrelate_lateral_join",
    "eliminate_duplicated_expr",
    "eliminate_group_by_constant",
    "eliminate_join",
    "eliminate_limit",
    "extract_leaf_expressions",
    "propagate_empty_relation",
    "push_down_leaf_projections",
    "rewrite_set_comparison",
    "single_distinct_aggregation_to_group_by",
    "unions_to_filter",
];

/// The only rules of the physical optimiser that a view over few rows needs. What the others save in computing, they cost many
/// times over in planning: each makes most nodes of the plan anew, with all that is known of their order and keys.
const OF_SMALL_VIEWS: [&str; 6] = [
    "EnsureCooperative",
    "EnsureRequirements",
    "LimitPushdown",
    "OutputRequirements",
    "SanityCheckPlan",
    "join_selection",
];

/// A context in which the views of a scope are planned, and run. A small one does not spread its work over threads,
/// and looks for nothing that only many rows repay.
pub(crate) fn of_views(scope: Weak<Scope>, size: Size, memory: Arc<RuntimeEnv>) -> SessionContext {
    let names = Arc::new(Names::of_views(scope.clone()));
    let config = SessionConfig::new().with_extension(Arc::new(RunsIn(scope)));
    context(config, names, UTC, size, memory, true)
}

/// How much a plan is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// So few rows that planning costs more than they do.
    pub(crate) small: bool,
    /// Its work is not spread over threads: in a bounded memory, what hands rows from thread to thread can wait for itself for ever.
    pub(crate) in_one: bool,
}

/// A context in which questions are planned, and moments count in a time zone.
pub(crate) fn of_questions(
    names: Arc<dyn SchemaProvider>,
    zone: &str,
    size: Size,
    memory: Arc<RuntimeEnv>,
) -> SessionContext {
    context(SessionConfig::new(), names, zone, size, memory, false)
}

fn context(
    config: SessionConfig,
    names: Arc<dyn SchemaProvider>,
    zone: &str,
    Size { small, in_one }: Size,
    memory: Arc<RuntimeEnv>,
    of_views: bool,
) -> SessionContext {
    let mut config = config
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true);
    if small || in_one {
        config = config.with_target_partitions(1);
    }
    let options = config.options_mut();
    // A view's plan is optimised when it is scanned and again as part of the plan that reads it; a join that has built its
    // filter by then can no longer turn its sides.
    options.optimizer.enable_join_dynamic_filter_pushdown = false;
    if small {
        // Views are small plans over tables in memory: what further passes could still find costs more than it saves.
        options.optimizer.max_passes = 1;
        options.optimizer.repartition_sorts = false;
    }
    options.sql_parser.parse_float_as_decimal = true;
    options.sql_parser.map_string_types_to_utf8view = false;
    options.execution.time_zone = Some(zone.to_owned());
    // What a sort keeps free to merge what it wrote to disk: its batches are small (`session.rs`).
    options.execution.sort_spill_reservation_bytes = 2 << 20;
    // Columns of Delta tables carry their docs as metadata, those of views do not: no difference that matters.
    options.execution.skip_physical_aggregate_schema_check = true;
    let known = SessionContext::new_with_config_rt(config, memory).state();
    let (mut logical, mut rules) = (known.optimizers().to_vec(), known.physical_optimizers().to_vec());
    if of_views {
        logical.retain(|rule| !NOT_OF_VIEWS.contains(&rule.name()));
        rules.retain(|rule| !small || OF_SMALL_VIEWS.contains(&rule.name()));
    }
    for rule in &mut logical {
        if rule.name() == Simplified::NAME {
            *rule = Arc::new(Simplified(rule.clone()));
        }
    }
    rules.insert(0, Arc::new(SidesApart));
    rules.push(Arc::new(NumberInOnePass));
    let mut planners = vec![dialect::planner(), Arc::new(Truths) as _, Arc::new(Quotients) as _];
    planners.extend(known.expr_planners().iter().cloned());
    let state = SessionStateBuilder::new_from_existing(known).with_optimizer_rules(logical);
    let state = state.with_physical_optimizer_rules(rules).with_expr_planners(planners).build();
    let context = SessionContext::new_with_state(state);
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema(SCHEMA, names).expect("a catalog in memory takes any schema");
    context.register_catalog(CATALOG, Arc::new(catalog));
    // Runs before any rule settles a type.
    for rewrite in [Arc::new(Rounding) as Arc<dyn FunctionRewrite + Send + Sync>, Arc::new(Quotients)] {
        let registered = context.state_ref().write().register_function_rewrite(rewrite);
        registered.expect("a session takes any rewrite");
    }
    context.add_analyzer_rule(Arc::new(PlainUnions));
    context.add_analyzer_rule(Arc::new(Checked));
    sums::register(&context);
    local_date::register(&context);
    dialect::register(&context);
    let offered: Vec<_> = context.state().table_functions().keys().cloned().collect();
    for name in offered.iter().filter(|name| !functions::table(name)) {
        context.deregister_udtf(name);
    }
    context
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_that_is_named_is_one_of_the_engine() {
        let state = SessionContext::new().state();
        let logical: Vec<&str> = state.optimizers().iter().map(|rule| rule.name()).collect();
        let physical: Vec<&str> = state.physical_optimizers().iter().map(|rule| rule.name()).collect();
        assert_eq!(NOT_OF_VIEWS.iter().find(|name| !logical.contains(name)), None, "{logical:?}");
        assert_eq!(OF_SMALL_VIEWS.iter().find(|name| !physical.contains(name)), None, "{physical:?}");
    }
}
