//! Functions whose result can be far larger than their arguments, held to a bound.
//!
//! Pools count what operators keep, not what one function makes: `repeat('x', 1000000000)` would be a gigabyte before
//! anybody counted it, also while the planner folds constants. So in the plans of remote clients these functions first say
//! how much they would make, a function that nobody has looked at (`functions.rs`) is refused, and so is unnesting that
//! would repeat long texts too often. What grows step by step (`a || a`, `concat`, arrays of arrays) is bounded at each step.

mod cost;

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, LogicalPlan, Operator, Projection, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Unnest, Volatility,
};

use crate::guard::arithmetic::DIVIDED;
use crate::guard::functions::{self, Makes};
use crate::session::offered::Offered;

/// Bytes that all calls of a query may make together for one row …
const ONE_ROW: u128 = 64 * 1024;
/// … on average for each row of a batch …
const EACH_ROW: u128 = 16 * 1024;
/// … and at once, of however many rows.
const AT_ONCE: u128 = 32 * 1024 * 1024;
/// Calls that each have all of this; of more, each has its share.
const SHARED_FROM: u128 = 4;
/// Bytes of the separator of `string_agg`, which stands between any two rows.
const SEPARATOR: usize = 1024;
/// Most that the state of an approximate percentile is made of.
const CENTROIDS: i64 = 10_000;

/// The plan with every such function bounded.
pub(crate) fn bound(plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut calls = 0_u128;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|part| {
                calls += u128::from(grows(part));
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    let share = (calls / SHARED_FROM).max(1);
    let plan = plan.transform_up_with_subqueries(|node| {
        let node = if let LogicalPlan::Unnest(unnest) = node { guarded(unnest, share)? } else { node };
        // The order in an aggregate shows what is bounded in its name.
        let changed = super::each_part(node, |expr| bounded(expr, share))?;
        if changed.transformed { Ok(Transformed::yes(changed.data.recompute_schema()?)) } else { Ok(changed) }
    })?;
    Ok(plan.data)
}

/// Rows of a batch, such that what stands in the text itself, once for each row, stays small.
pub(crate) fn batch(plan: &LogicalPlan, most: usize) -> Result<usize> {
    let (mut longest, mut columns, mut made) = (1, 1, false);
    plan.apply_with_subqueries(|node| {
        columns = columns.max(node.schema().fields().len());
        node.apply_expressions(|expr| {
            expr.apply(|part| {
                if let Expr::Literal(value, _) = part {
                    longest = longest.max(value.size());
                }
                // The planner works out a call without columns: what it makes is then such a value.
                made = made || (grows(part) && part.column_refs().is_empty()) || is_offered(part);
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    if made {
        longest = longest.max(ONE_ROW as usize / 4);
    }
    Ok((AT_ONCE as usize / longest.saturating_mul(columns)).clamp(1, most))
}

fn grows(expr: &Expr) -> bool {
    match expr {
        Expr::ScalarFunction(call) => functions::scalar(call.func.name()) == Some(Makes::Much),
        Expr::BinaryExpr(BinaryExpr { op: Operator::StringConcat, .. }) => true,
        _ => false,
    }
}

/// A function of a front end, such as one that gives a view's text: it makes little for one row, and not for thousands.
fn is_offered(expr: &Expr) -> bool {
    matches!(expr, Expr::ScalarFunction(call) if Offered::is(&call.func))
}

fn refuse<T>(name: &str) -> Result<T> {
    Err(DataFusionError::Plan(format!("the function {name} is not answered here")))
}

fn bounded(expr: Expr, share: u128) -> Result<Transformed<Expr>> {
    Ok(match expr {
        Expr::WindowFunction(window) => match functions::window(window.fun.name()) {
            Some(Makes::Little) => Transformed::no(Expr::WindowFunction(window)),
            _ => {
                return Err(DataFusionError::Plan(format!(
                    "{} over a window is not answered here: it makes a list for each row; group instead",
                    window.fun.name()
                )));
            }
        },
        Expr::AggregateFunction(call) => {
            match functions::aggregate(call.func.name()) {
                None | Some(Makes::Refused) => return refuse(call.func.name()),
                Some(Makes::Little | Makes::Much) => {}
            }
            settled(call.func.name(), &call.params.args)?;
            Transformed::no(Expr::AggregateFunction(call))
        }
        Expr::HigherOrderFunction(call) => match functions::over_lambdas(call.func.name()) {
            Some(Makes::Little) => Transformed::no(Expr::HigherOrderFunction(call)),
            _ => return refuse(call.func.name()),
        },
        offered if is_offered(&offered) => Transformed::no(offered),
        Expr::ScalarFunction(ScalarFunction { func, args }) => match functions::scalar(func.name()) {
            Some(Makes::Much) => {
                let func = Arc::new(ScalarUDF::from(Bounded { inner: func, share }));
                Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args }))
            }
            Some(Makes::Little) => {
                settled(func.name(), &args)?;
                Transformed::no(Expr::ScalarFunction(ScalarFunction { func, args }))
            }
            // Ours, put in by the rules here.
            None if matches!(func.name(), Looked::TEXT | Looked::ROWS | DIVIDED) => {
                Transformed::no(Expr::ScalarFunction(ScalarFunction { func, args }))
            }
            None | Some(Makes::Refused) => return refuse(func.name()),
        },
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::StringConcat, right }) => {
            let within = |side: Box<Expr>| Box::new(ScalarUDF::from(Looked::new(Made::Text, share)).call(vec![*side]));
            // A long chain is looked at every few links: names of columns are made of the whole chain each time.
            let left = if chained(&left).is_multiple_of(CHAIN) { within(left) } else { left };
            Transformed::yes(Expr::BinaryExpr(BinaryExpr { left, op: Operator::StringConcat, right: within(right) }))
        }
        other => Transformed::no(other),
    })
}

/// Refuses constants that decide how much is made, where they are too large or not written as constants.
fn settled(name: &str, args: &[Expr]) -> Result<()> {
    let wrong = |what: &str| Err(DataFusionError::Plan(format!("{name}: {what}")));
    let text = |at: usize| match args.get(at) {
        Some(Expr::Literal(value, _)) => value.try_as_str().map(|text| text.unwrap_or_default()),
        _ => None,
    };
    match name {
        "string_agg" if text(1).is_none_or(|text| text.len() > SEPARATOR) => {
            wrong(&format!("the separator is a constant of at most {SEPARATOR} bytes"))
        }
        "arrow_cast" | "arrow_try_cast" if text(1).is_none_or(|text| text.contains("FixedSize")) => {
            wrong("a type of a stated length is not answered here")
        }
        "approx_percentile_cont" | "approx_percentile_cont_with_weight" => {
            let counts = args.iter().skip(2).filter_map(|arg| match arg {
                Expr::Literal(value, _) => value.cast_to(&DataType::Int64).ok(),
                Expr::Column(_) => None,
                // A count that is worked out could be any.
                _ => Some(ScalarValue::Int64(Some(i64::MAX))),
            });
            let mut counts = counts.filter(|_| args.len() > 2);
            let large = counts.any(|count| matches!(count, ScalarValue::Int64(Some(count)) if count > CENTROIDS));
            if large { wrong(&format!("at most {CENTROIDS} centroids, written as a number")) } else { Ok(()) }
        }
        _ => Ok(()),
    }
}

/// A node that makes a row of each element of a list, with the other columns beside it: before it a look at how much
/// that comes to.
fn guarded(mut unnest: Unnest, share: u128) -> Result<LogicalPlan> {
    let schema = unnest.input.schema().clone();
    let lists: Vec<usize> = unnest.list_type_columns.iter().map(|(at, _)| *at).collect();
    let Some(first) = lists.first().copied() else { return Ok(LogicalPlan::Unnest(unnest)) };
    let others = (0..schema.fields().len()).filter(|at| *at != first);
    let column = |at: usize| Expr::Column(Column::from(schema.qualified_field(at)));
    let looked = ScalarUDF::from(Looked::new(Made::Rows { lists: lists.len() }, share));
    let lists_first = lists.iter().copied().skip(1);
    let rest = others.clone().filter(|at| !lists.contains(at));
    let args = std::iter::once(first).chain(lists_first).chain(rest).map(column).collect();
    let expressions = (0..schema.fields().len()).map(|at| {
        if at != first {
            return column(at);
        }
        let (qualifier, field) = schema.qualified_field(at);
        looked.call(Vec::clone(&args)).alias_qualified(qualifier.cloned(), field.name())
    });
    let projection = Projection::try_new(expressions.collect(), unnest.input.clone())?;
    unnest.input = Arc::new(LogicalPlan::Projection(projection));
    Ok(LogicalPlan::Unnest(unnest))
}

/// Links of `||` in a row that are not looked at.
const CHAIN: usize = 8;

/// Links on the left, since the last that is looked at.
fn chained(mut expr: &Expr) -> usize {
    let mut links = 0;
    while let Expr::BinaryExpr(BinaryExpr { left, op: Operator::StringConcat, .. }) = expr {
        links += 1;
        expr = left;
    }
    links
}

/// The function it holds, unless that would make too many bytes at once.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    /// By how many calls the room is shared.
    share: u128,
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.inner.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let bytes = cost::of_call(self.inner.name(), &args)?;
        may_make(self.inner.name(), bytes, args.number_rows, self.share)?;
        self.inner.invoke_with_args(args)
    }
}

/// Its first argument, if what is made of it and the others is not too large.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Looked {
    signature: Signature,
    makes: Made,
    share: u128,
}

/// What is made of the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Made {
    /// A part of a longer text.
    Text,
    /// A row for each element of the lists, which are so many of the first arguments, with the others beside it.
    Rows {
        /// How many lists.
        lists: usize,
    },
}

impl Looked {
    const TEXT: &str = "within";
    const ROWS: &str = "unnested";

    fn new(makes: Made, share: u128) -> Self {
        Self { signature: Signature::variadic_any(Volatility::Immutable), makes, share }
    }
}

impl ScalarUDFImpl for Looked {
    fn name(&self) -> &str {
        match self.makes {
            Made::Text => Self::TEXT,
            Made::Rows { .. } => Self::ROWS,
        }
    }

    /// Invisible in the names of columns.
    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        Ok(args[0].schema_name().to_string())
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        Ok(arg_types[0].clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(args.arg_fields[0].clone())
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        match self.makes {
            Made::Text => may_make("||", cost::size(&args.args[0], rows), rows, self.share)?,
            Made::Rows { lists } => {
                let arrays = args.args.iter().map(|value| value.to_array(rows)).collect::<Result<Vec<_>>>()?;
                let (lists, others) = arrays.split_at(lists.min(arrays.len()));
                for bytes in cost::unnested(lists, others, rows) {
                    may_make("unnest", bytes, rows, self.share)?;
                }
            }
        }
        Ok(args.args.swap_remove(0))
    }
}

fn may_make(name: &str, bytes: u128, rows: usize, share: u128) -> Result<()> {
    let limit = ONE_ROW.max(EACH_ROW * rows as u128).min(AT_ONCE) / share;
    if bytes <= limit {
        return Ok(());
    }
    Err(DataFusionError::ResourcesExhausted(format!(
        "{name} would make {bytes} bytes at once, of {limit} that it may for {rows} rows"
    )))
}
