//! Functions whose result can be far larger than their arguments, held to a bound.
//!
//! Pools count what operators keep, not what one function makes: `repeat('x', 1000000000)` would be a gigabyte before
//! anybody counted it, also while the planner folds constants. So in the plans of strangers these functions first say
//! how much they would make, a function that nobody has looked at (`functions.rs`) is refused, and so is unnesting that
//! would repeat long texts too often. What grows step by step (`a || a`, `concat`, arrays of arrays) is bounded at each step.

use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, OffsetSizeTrait};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{cast, max};
use arrow::datatypes::{DataType, FieldRef, Int64Type, IntervalMonthDayNanoType, IntervalUnit, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, LogicalPlan, Operator, Projection, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Unnest, Volatility,
};

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
/// Nanoseconds of a day.
const DAY: i128 = 86_400_000_000_000;

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
        let changed = node.map_expressions(|expr| expr.transform_up(|expr| bounded(expr, share)))?;
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
            None if matches!(func.name(), Within::NAME | Unnested::NAME) => {
                Transformed::no(Expr::ScalarFunction(ScalarFunction { func, args }))
            }
            None | Some(Makes::Refused) => return refuse(func.name()),
        },
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::StringConcat, right }) => {
            let within = |side: Box<Expr>| Box::new(ScalarUDF::from(Within::new(share)).call(vec![*side]));
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
    let looked = ScalarUDF::from(Unnested::new(lists.len(), share));
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
        let bytes = would_make(self.inner.name(), &args)?;
        may_make(self.inner.name(), bytes, args.number_rows, self.share)?;
        self.inner.invoke_with_args(args)
    }
}

/// Its argument, if that is not too large already.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Within {
    signature: Signature,
    share: u128,
}

impl Within {
    const NAME: &str = "within";

    fn new(share: u128) -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable), share }
    }
}

impl ScalarUDFImpl for Within {
    fn name(&self) -> &str {
        Self::NAME
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
        let bytes = size(&args.args[0], args.number_rows);
        may_make("||", bytes, args.number_rows, self.share)?;
        Ok(args.args.swap_remove(0))
    }
}

/// Its first argument, a list, if a row for each element with the other arguments beside it is not too large.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Unnested {
    signature: Signature,
    /// How many of the arguments are lists.
    lists: usize,
    share: u128,
}

impl Unnested {
    const NAME: &str = "unnested";

    fn new(lists: usize, share: u128) -> Self {
        Self { signature: Signature::variadic_any(Volatility::Immutable), lists, share }
    }
}

impl ScalarUDFImpl for Unnested {
    fn name(&self) -> &str {
        Self::NAME
    }

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
        let arrays = args.args.iter().map(|value| value.to_array(rows)).collect::<Result<Vec<_>>>()?;
        let (lists, others) = arrays.split_at(self.lists.min(arrays.len()));
        let mut bytes: u128 = lists.iter().map(|list| array_size(list.as_ref())).sum();
        for row in 0..rows {
            let elements = lists.iter().map(|list| array_size(list.slice(row, 1).as_ref()) / 4 + 1).max().unwrap_or(1);
            let beside: u128 = others.iter().map(|other| array_size(other.slice(row, 1).as_ref())).sum();
            bytes = bytes.saturating_add(elements.saturating_mul(beside));
            may_make("unnest", bytes, rows, self.share)?;
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

/// Bytes that a call makes at most, roughly.
fn would_make(name: &str, args: &ScalarFunctionArgs) -> Result<u128> {
    let rows = args.number_rows;
    let size = |at: usize| args.args.get(at).map_or(0, |value| size(value, rows));
    let all: u128 = (0..args.args.len()).map(size).sum();
    let count = |at: usize| -> Result<u128> {
        let Some(value) = args.args.get(at) else { return Ok(0) };
        Ok(greatest(value)?.map_or(0, |count| u128::try_from(count).unwrap_or(0)))
    };
    let longest = |at: usize| args.args.get(at).map_or(0, longest);
    Ok(match name {
        "repeat" => size(0).saturating_mul(count(1)?),
        // A character of the filling takes four bytes at most.
        "lpad" | "rpad" => all + (rows as u128).saturating_mul(count(1)?).saturating_mul(4),
        "array_repeat" => size(0).saturating_add(8).saturating_mul(count(1)?),
        "array_resize" => all + (rows as u128).saturating_mul(count(1)?).saturating_mul(longest(2).max(8)),
        // Each byte could be replaced, and what is found may be empty.
        "replace" | "regexp_replace" => all + (size(0) + rows as u128).saturating_mul(longest(2)),
        // A letter of the format may become a whole moment.
        "to_char" => all + (rows as u128).saturating_mul(longest(1)).saturating_mul(16),
        "array_replace" | "array_replace_n" | "array_replace_all" => all + (size(0) / 4).saturating_mul(longest(2)),
        "array_to_string" => (size(0) / 4 + rows as u128).saturating_mul(longest(1) + longest(2) + 24) + all,
        // Each byte may become an element.
        "string_to_array" => all.saturating_mul(8),
        "range" | "generate_series" => (rows as u128).saturating_mul(steps(&args.args)?).saturating_mul(8),
        _ => all,
    })
}

fn size(value: &ColumnarValue, rows: usize) -> u128 {
    match value {
        ColumnarValue::Array(array) => array_size(array.as_ref()),
        ColumnarValue::Scalar(scalar) => (scalar.size() as u128).saturating_mul(rows as u128),
    }
}

/// Bytes of what an array shows: a slice of a large batch counts as what it is, and a value that stands behind several
/// rows (views, dictionaries, runs) as often as it is shown, because that is what a function makes of it.
fn array_size(array: &dyn Array) -> u128 {
    let shown = |values: &dyn Array| {
        let longest = (0..values.len()).map(|at| array_size(values.slice(at, 1).as_ref())).max().unwrap_or(0);
        longest.saturating_mul(array.len() as u128)
    };
    let views =
        |lengths: &mut dyn Iterator<Item = u32>| 16 * array.len() as u128 + lengths.map(u128::from).sum::<u128>();
    match array.data_type() {
        DataType::Utf8View => views(&mut array.as_string_view().lengths()),
        DataType::BinaryView => views(&mut array.as_binary_view().lengths()),
        DataType::Dictionary(..) => shown(array.as_any_dictionary().values().as_ref()),
        DataType::RunEndEncoded(..) | DataType::Union(..) | DataType::ListView(_) | DataType::LargeListView(_) => {
            (array.get_array_memory_size() as u128).saturating_mul(array.len().max(1) as u128)
        }
        DataType::List(_) => nested(array, array.as_list::<i32>().offsets(), array.as_list::<i32>().values().as_ref()),
        DataType::LargeList(_) => {
            nested(array, array.as_list::<i64>().offsets(), array.as_list::<i64>().values().as_ref())
        }
        DataType::Map(..) => nested(array, array.as_map().offsets(), array.as_map().entries()),
        DataType::FixedSizeList(..) => {
            let list = array.as_fixed_size_list();
            let length = list.value_length().max(0) as usize;
            array_size(list.values().slice(list.value_offset(0).max(0) as usize, length * list.len()).as_ref())
        }
        DataType::Struct(_) => array.as_struct().columns().iter().map(|column| array_size(column.as_ref())).sum(),
        _ => array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size()) as u128,
    }
}

fn nested<O: OffsetSizeTrait>(array: &dyn Array, offsets: &OffsetBuffer<O>, values: &dyn Array) -> u128 {
    let (from, to) = (offsets[0].as_usize(), offsets[array.len()].as_usize());
    8 * array.len() as u128 + array_size(values.slice(from, to - from).as_ref())
}

/// Bytes of the longest of the values, at most.
fn longest(value: &ColumnarValue) -> u128 {
    match value {
        ColumnarValue::Array(array) => array_size(array.as_ref()),
        ColumnarValue::Scalar(
            ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) | ScalarValue::LargeUtf8(Some(text)),
        ) => text.len() as u128,
        ColumnarValue::Scalar(scalar) => scalar.size() as u128,
    }
}

fn numbers(value: &ColumnarValue) -> Result<Int64Array> {
    let array = value.to_array(1)?;
    Ok(cast(&array, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

fn greatest(value: &ColumnarValue) -> Result<Option<i64>> {
    Ok(max(&numbers(value)?))
}

/// Elements of the longest series.
fn steps(args: &[ColumnarValue]) -> Result<u128> {
    let (start, stop, step) = match args {
        [stop] => (None, stop, None),
        [start, stop] => (Some(start), stop, None),
        [start, stop, step, ..] => (Some(start), stop, Some(step)),
        [] => return Ok(0),
    };
    let (start, stop, step) = match start.map(ColumnarValue::data_type) {
        None => (None, ends(stop)?, None),
        Some(DataType::Int64 | DataType::Int32 | DataType::UInt64 | DataType::Null) => {
            (start.map(ends).transpose()?, ends(stop)?, step.map(ends).transpose()?)
        }
        // Days and moments, stepped by intervals: in nanoseconds.
        Some(_) => (start.map(moments).transpose()?, moments(stop)?, step.map(intervals).transpose()?),
    };
    let (from, to) = start.unwrap_or((0, 0));
    let span = (stop.1 - from).abs().max((to - stop.0).abs());
    let step = step.map_or(1, |(least, most)| if least <= 0 && most >= 0 { 1 } else { least.abs().min(most.abs()) });
    Ok((span / step.max(1)) as u128 + 1)
}

/// The least and the greatest.
fn ends(value: &ColumnarValue) -> Result<(i128, i128)> {
    let numbers = numbers(value)?;
    let (least, most) = (arrow::compute::min(&numbers), max(&numbers));
    Ok((i128::from(least.unwrap_or(0)), i128::from(most.unwrap_or(0))))
}

fn moments(value: &ColumnarValue) -> Result<(i128, i128)> {
    let array = cast(&value.to_array(1)?, &DataType::Timestamp(TimeUnit::Second, None))?;
    let (least, most) = ends(&ColumnarValue::Array(array))?;
    Ok((least * 1_000_000_000, most * 1_000_000_000))
}

fn intervals(value: &ColumnarValue) -> Result<(i128, i128)> {
    let array = cast(&value.to_array(1)?, &DataType::Interval(IntervalUnit::MonthDayNano))?;
    let all = array.as_primitive::<IntervalMonthDayNanoType>().iter().flatten();
    let all =
        all.map(|step| (i128::from(step.months) * 28 + i128::from(step.days)) * DAY + i128::from(step.nanoseconds));
    let all: Vec<i128> = all.collect();
    Ok((all.iter().copied().min().unwrap_or(1), all.iter().copied().max().unwrap_or(1)))
}
