//! Conditions that the engine's simplifier takes for others: it forgets what is unknown, and takes lists for lists of constants.
//!
//! Of two lists of one operand it makes one, or none: `not (x in (1) and x in (2))` is then true where `x` is null, and so is
//! `x not in (1) or x not in (2)`; `x in (y, 7) and x in (1)` is false, because `y` and `1` are written otherwise; and a null in
//! one of the lists is lost. `x ~ '.*'` becomes `x is not null`, and a pattern with a backslash becomes one of `like`, where the
//! sign means something else. A cast of a time without a zone to a moment it takes out of comparisons as if both were counted
//! alike. So these are hidden while it works, and shown again afterwards: conditions that are handed
//! down to tables stay what they are.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result, internal_err};
use datafusion::logical_expr::expr::{Cast, InList, ScalarFunction, TryCast};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ReturnFieldArgs, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

/// What a place is called that is hidden, where a name shows it.
const NAME: &str = "helan_hidden";

/// The engine's simplifier, which does not see what it would change.
#[derive(Debug)]
pub(crate) struct Simplified(pub(crate) Arc<dyn OptimizerRule + Send + Sync>);

impl Simplified {
    /// What the engine calls it.
    pub(crate) const NAME: &str = "simplify_expressions";
}

impl OptimizerRule for Simplified {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        // Most nodes have none of it, and are not looked at twice.
        if !has(&plan, &|part| {
            matches!(part, Expr::InList(_) | Expr::BinaryExpr(BinaryExpr { op: Operator::Or, .. }))
                || pattern(part).is_some()
                || makes_moment(part)
        })? {
            return self.0.rewrite(plan, config);
        }
        let schema = has(&plan, &makes_moment)?.then(|| inputs(&plan)).transpose()?;
        let preserver = NamePreserver::new(&plan);
        let mut names = Vec::new();
        let plan = plan.map_expressions(|expr| {
            names.push(preserver.save(&expr));
            match expr {
                // It is no expression by itself, and has no name.
                Expr::GroupingSet(_) => Ok(Transformed::no(expr)),
                expr => hidden(expr, schema.as_ref()),
            }
        })?;
        if !plan.transformed {
            return self.0.rewrite(plan.data, config);
        }
        let simplified = self.0.rewrite(plan.data, config)?;
        let mut names = names.into_iter();
        simplified.map_data(|plan| {
            let plan = plan.map_expressions(|expr| {
                let expr = match expr {
                    // A name that it was given for what was hidden.
                    Expr::Alias(alias) if alias.name.contains(NAME) => *alias.expr,
                    other => other,
                };
                let expr = shown(expr)?.data;
                Ok(Transformed::yes(match names.next() {
                    Some(name) if !matches!(expr, Expr::GroupingSet(_)) => name.restore(expr),
                    _ => expr,
                }))
            })?;
            // It may have put a node over the one that it was given.
            Ok(plan.data.transform_up(|node| node.map_expressions(shown))?.data)
        })
    }
}

/// Whether an expression of a node has a part that is `meant`.
fn has(plan: &LogicalPlan, meant: &impl Fn(&Expr) -> bool) -> Result<bool> {
    let mut found = false;
    plan.apply_expressions(|expr| {
        found |= expr.exists(|part| Ok(meant(part)))?;
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}

/// Whether it is a cast that makes moments.
fn makes_moment(expr: &Expr) -> bool {
    of_cast(expr).is_some_and(|(_, to)| matches!(to.data_type(), DataType::Timestamp(_, Some(_))))
}

/// What the expressions of a node are about.
fn inputs(plan: &LogicalPlan) -> Result<DFSchema> {
    match plan {
        LogicalPlan::TableScan(scan) => {
            DFSchema::try_from_qualified_schema(scan.table_name.clone(), &scan.source.schema())
        }
        plan => Ok(merge_schema(&plan.inputs())),
    }
}

fn of_cast(expr: &Expr) -> Option<(&Expr, &FieldRef)> {
    match expr {
        Expr::Cast(Cast { expr, field }) | Expr::TryCast(TryCast { expr, field }) => Some((expr, field)),
        _ => None,
    }
}

/// Whether an expression makes moments of times without a zone. Constants are worked out as they should be.
fn gives_zone(expr: &Expr, schema: Option<&DFSchema>) -> bool {
    let (Some(schema), Some((inner, _))) = (schema, of_cast(expr)) else { return false };
    let is_bare = || matches!(inner.get_type(schema), Ok(DataType::Timestamp(_, None)));
    makes_moment(expr) && inner.any_column_refs() && is_bare()
}

/// The expression without what the simplifier would change.
fn hidden(expr: Expr, schema: Option<&DFSchema>) -> Result<Transformed<Expr>> {
    let (mut lists, mut others) = (Vec::new(), false);
    find(&expr, &mut lists);
    expr.apply(|part| {
        others |= pattern(part).is_some_and(|pattern| !is_plain(pattern)) || gives_zone(part, schema);
        Ok(if others { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    let several: Vec<Expr> = (0..lists.len())
        .filter(|at| lists[at + 1..].contains(&lists[*at]) && !lists[..*at].contains(&lists[*at]))
        .map(|at| lists[at].clone())
        .collect();
    if several.is_empty() && !others {
        return Ok(Transformed::no(expr));
    }
    expr.transform_up(|part| {
        let held = match part {
            _ if listed(&part).is_some_and(|operand| several.contains(operand)) => Held::Condition.call(vec![part]),
            Expr::Cast(Cast { ref expr, ref field }) if gives_zone(&part, schema) => {
                Held::Cast(field.clone()).call(vec![expr.as_ref().clone()])
            }
            Expr::TryCast(TryCast { ref expr, ref field }) if gives_zone(&part, schema) => {
                Held::TryCast(field.clone()).call(vec![expr.as_ref().clone()])
            }
            _ if pattern(&part).is_none_or(is_plain) => return Ok(Transformed::no(part)),
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => Held::Pattern(op).call(vec![*left, *right]),
            Expr::ScalarFunction(ScalarFunction { func, args }) => Held::Function(func).call(args),
            other => return Ok(Transformed::no(other)),
        };
        Ok(Transformed::yes(held))
    })
}

/// The expression as it was.
fn shown(expr: Expr) -> Result<Transformed<Expr>> {
    expr.transform_up(|part| match part {
        Expr::ScalarFunction(ScalarFunction { func, mut args }) => {
            let Some(Hidden { held, .. }) = func.inner().downcast_ref::<Hidden>() else {
                return Ok(Transformed::no(Expr::ScalarFunction(ScalarFunction { func, args })));
            };
            Ok(Transformed::yes(match (held, args.pop(), args.pop()) {
                (Held::Condition, Some(condition), None) => condition,
                (Held::Cast(field), Some(inner), None) => {
                    Expr::Cast(Cast { expr: Box::new(inner), field: field.clone() })
                }
                (Held::TryCast(field), Some(inner), None) => {
                    Expr::TryCast(TryCast { expr: Box::new(inner), field: field.clone() })
                }
                (Held::Pattern(op), Some(right), Some(left)) => {
                    Expr::BinaryExpr(BinaryExpr { left: Box::new(left), op: *op, right: Box::new(right) })
                }
                (Held::Function(inner), last, before) => {
                    args.extend(before);
                    args.extend(last);
                    Expr::ScalarFunction(ScalarFunction { func: inner.clone(), args })
                }
                _ => return internal_err!("what was hidden has lost its operands"),
            }))
        }
        other => Ok(Transformed::no(other)),
    })
}

/// The operands of lists, once for each that the simplifier may put together with another. Conditions joined by `or` make one.
fn find<'e>(expr: &'e Expr, lists: &mut Vec<&'e Expr>) {
    match expr {
        Expr::BinaryExpr(BinaryExpr { op: Operator::Or, .. }) => {
            let (mut equals, mut whole) = (Vec::new(), Vec::new());
            alternatives(expr, &mut |condition| match (condition, listed(condition)) {
                (Expr::InList(InList { negated: false, .. }), Some(operand)) => whole.push(operand),
                (Expr::BinaryExpr(_), Some(operand)) => equals.push(operand),
                (other, _) => find(other, lists),
            });
            for (at, operand) in equals.iter().enumerate() {
                if equals[..at].contains(operand) {
                    whole.push(operand);
                }
            }
            for (at, operand) in whole.iter().enumerate() {
                if !whole[..at].contains(operand) {
                    lists.push(operand);
                }
            }
        }
        other => {
            if let Expr::InList(_) = other {
                lists.extend(listed(other));
            }
            // The visitor itself never fails.
            let _ = other.apply_children(|child| {
                find(child, lists);
                Ok(TreeNodeRecursion::Continue)
            });
        }
    }
}

/// Each of the conditions that are joined by `or`.
fn alternatives<'e>(expr: &'e Expr, visit: &mut impl FnMut(&'e Expr)) {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            alternatives(left, visit);
            alternatives(right, visit);
        }
        other => visit(other),
    }
}

/// What a list is looked through for; `x = 1` is a list too.
fn listed(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::InList(InList { expr, .. }) => Some(uncast(expr)),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            let is_constant = |expr: &Expr| !expr.any_column_refs();
            match (is_constant(left), is_constant(right)) {
                (false, true) => Some(uncast(left)),
                (true, false) => Some(uncast(right)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The simplifier takes casts out of comparisons.
fn uncast(expr: &Expr) -> &Expr {
    match expr {
        Expr::Cast(Cast { expr, .. }) | Expr::TryCast(TryCast { expr, .. }) => uncast(expr),
        other => other,
    }
}

/// The regular expression that a condition has.
fn pattern(expr: &Expr) -> Option<&Expr> {
    use Operator::{RegexIMatch, RegexMatch, RegexNotIMatch, RegexNotMatch};
    match expr {
        Expr::BinaryExpr(BinaryExpr {
            op: RegexMatch | RegexIMatch | RegexNotMatch | RegexNotIMatch, right, ..
        }) => Some(right),
        Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == "regexp_like" => args.get(1),
        _ => None,
    }
}

/// Whether the simplifier may see a pattern: of these it makes the same condition.
fn is_plain(pattern: &Expr) -> bool {
    match pattern {
        Expr::Literal(value, _) => match value.try_as_str() {
            Some(Some(text)) => text != ".*" && !text.contains('\\'),
            _ => value.is_null(),
        },
        // What is worked out while it is simplified.
        other => other.any_column_refs(),
    }
}

/// What is hidden.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Held {
    Condition,
    Cast(FieldRef),
    TryCast(FieldRef),
    Pattern(Operator),
    Function(Arc<ScalarUDF>),
}

impl Held {
    fn call(self, args: Vec<Expr>) -> Expr {
        // Not worked out before it is shown.
        let signature = Signature::any(args.len(), Volatility::Volatile);
        ScalarUDF::from(Hidden { held: self, signature }).call(args)
    }
}

/// A place in an expression that the simplifier leaves as it is.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Hidden {
    held: Held,
    signature: Signature,
}

impl ScalarUDFImpl for Hidden {
    fn name(&self) -> &str {
        NAME
    }

    /// As the condition is called: names of columns stay what they are.
    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        match (&self.held, args) {
            (Held::Pattern(op), [left, right]) => Ok(format!("{} {op} {}", left.schema_name(), right.schema_name())),
            (Held::Function(func), args) => func.schema_name(args),
            (_, args) => Ok(args.iter().map(|arg| arg.schema_name().to_string()).collect()),
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match &self.held {
            Held::Cast(field) | Held::TryCast(field) => field.data_type().clone(),
            _ => DataType::Boolean,
        })
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable()) || matches!(self.held, Held::TryCast(_));
        Ok(Arc::new(Field::new(self.name(), self.return_type(&[])?, nullable)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("what was hidden from the simplifier is shown before it is worked out")
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, Int64Array, RecordBatch, StringArray};
    use arrow::datatypes::Schema;
    use arrow::util::display::array_value_to_string;
    use datafusion::catalog::{MemorySchemaProvider, SchemaProvider};
    use datafusion::datasource::MemTable;
    use datafusion::execution::SessionStateBuilder;
    use datafusion::prelude::SessionContext;

    use super::*;
    use crate::session::context::{Size, of_questions};

    const CONDITIONS: [&str; 18] = [
        "x in (1, 2)",
        "x not in (1, 5)",
        "x not in (2, null)",
        "x in (y, 7)",
        "x in (3, null)",
        "(x = 1 or x = 2)",
        "(x = 3 or x = 5 or x in (7, 9))",
        "x = 1",
        "x <> 2",
        "x >= 2",
        "x <= 2",
        "y is null",
        "s ~ '.*'",
        "s !~ '.*'",
        "s ~* 'A\\\\b'",
        "regexp_like(s, '.' || '*')",
        "s like '%'",
        "s in ('a', 'b')",
    ];

    /// Rows with every pair of values of two columns, unknown ones too, and texts.
    fn context() -> SessionContext {
        let values = [None, Some(1), Some(2), Some(3)];
        let texts = [None, Some("a"), Some("a\\b"), Some("ab")];
        let (mut x, mut y, mut s) = (Vec::new(), Vec::new(), Vec::new());
        for (one, other, text) in values.iter().flat_map(|one| values.iter().zip(texts).map(move |(y, s)| (one, y, s)))
        {
            x.push(*one);
            y.push(*other);
            s.push(text);
        }
        let fields = [("x", DataType::Int64), ("y", DataType::Int64), ("s", DataType::Utf8)];
        let schema = Arc::new(Schema::new(fields.map(|(name, kind)| Field::new(name, kind, true)).to_vec()));
        let columns: Vec<Arc<dyn Array>> =
            vec![Arc::new(Int64Array::from(x)), Arc::new(Int64Array::from(y)), Arc::new(StringArray::from(s))];
        let rows = RecordBatch::try_new(schema.clone(), columns).expect("rows");
        let names = MemorySchemaProvider::new();
        let table = MemTable::try_new(schema, vec![vec![rows]]).expect("a table");
        names.register_table("t".to_owned(), Arc::new(table)).expect("a name");
        of_questions(Arc::new(names), "UTC", Size { small: false, in_one: true }, Arc::default())
    }

    async fn rows(context: &SessionContext, text: &str) -> Vec<String> {
        let frame = context.sql(text).await.unwrap_or_else(|error| panic!("{text}: {error}"));
        let batches = frame.collect().await.unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut rows: Vec<String> = Vec::new();
        for batch in &batches {
            for row in 0..batch.num_rows() {
                let row = batch.columns().iter().map(|column| array_value_to_string(column, row).expect("a text"));
                rows.push(row.collect::<Vec<_>>().join(","));
            }
        }
        rows.sort();
        rows
    }

    #[tokio::test]
    async fn a_condition_is_the_same_as_without_the_optimiser() {
        let context = context();
        let state = SessionStateBuilder::new_from_existing(context.state()).with_optimizer_rules(Vec::new()).build();
        let plain = SessionContext::new_with_state(state);
        let places =
            ["{}", "not ({})", "({}) is null", "({}) is not true", "case when {} then 1 else 2 end", "not not ({})"];
        for (at, one) in CONDITIONS.iter().enumerate() {
            let mut results = ["x", "y", "s"].map(str::to_owned).to_vec();
            for other in &CONDITIONS[at..] {
                let (both, either) = (format!("{one} and {other}"), format!("{one} or {other}"));
                for text in [
                    format!("select x, y, s from t where {either}"),
                    format!("select y, count(*) filter (where {both}), bool_or({either}) from t group by y"),
                ] {
                    assert_eq!(rows(&context, &text).await, rows(&plain, &text).await, "{text}");
                }
                let (not, common) =
                    (format!("{one} and not ({other})"), format!("(y = 2 and {one}) or (y = 2 and not ({other}))"));
                for joined in [both, either, not, common] {
                    results.extend(places.iter().map(|place| place.replace("{}", &joined)));
                }
            }
            let results = results.iter().enumerate().map(|(at, result)| format!("{result} as r{at}"));
            let text = format!("select {} from t", results.collect::<Vec<_>>().join(", "));
            assert_eq!(rows(&context, &text).await, rows(&plain, &text).await, "{one}");
        }
    }

    #[tokio::test]
    async fn what_is_hidden_is_shown_before_it_reaches_a_table() {
        let text =
            "select count(*) filter (where x in (1, 2) and x in (y, 3)) from t where x in (1, 2) and x not in (2, y)";
        let frame = context().sql(text).await.expect("a plan");
        let plan = frame.into_optimized_plan().expect("optimised").display_indent().to_string();
        assert!(plan.contains(" IN ") || plan.contains(" = "), "{plan}");
        assert!(!plan.replace("AS count", "").contains(NAME), "{plan}");
    }
}
