//! Functions whose result can be far larger than their arguments, held to a bound.
//!
//! Pools count what operators keep, not what one function makes: `repeat('x', 1000000000)` would be a gigabyte before
//! anybody counted it, also while the planner folds constants. So in the plans of strangers these functions first say
//! how much they would make. What grows step by step (`a || a`, `concat`, arrays of arrays) is bounded at each step.

use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array};
use arrow::compute::{cast, max};
use arrow::datatypes::{DataType, FieldRef, Int64Type, IntervalMonthDayNanoType, IntervalUnit, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, LogicalPlan, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};

/// Bytes that one call may make for one row …
const ONE_ROW: u128 = 1024 * 1024;
/// … and on average for each row of a batch.
const EACH_ROW: u128 = 16 * 1024;
/// Nanoseconds of a day.
const DAY: i128 = 86_400_000_000_000;

/// The plan with every such function bounded.
pub(crate) fn bound(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.transform_up_with_subqueries(|node| {
        let changed = node.map_expressions(|expr| expr.transform_up(bounded))?;
        if changed.transformed { Ok(Transformed::yes(changed.data.recompute_schema()?)) } else { Ok(changed) }
    })?;
    Ok(plan.data)
}

fn bounded(expr: Expr) -> Result<Transformed<Expr>> {
    Ok(match expr {
        // One list or text for each row, each as long as the window: the square of the rows.
        Expr::WindowFunction(window) if matches!(window.fun.name(), "array_agg" | "string_agg") => {
            return Err(DataFusionError::Plan(format!(
                "{} over a window is not answered here: it makes a list for each row; group instead",
                window.fun.name()
            )));
        }
        Expr::ScalarFunction(ScalarFunction { func, args }) if grows(func.name()) => {
            let func = Arc::new(ScalarUDF::from(Bounded { inner: func }));
            Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args }))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::StringConcat, right }) => {
            let within = |side: Box<Expr>| Box::new(ScalarUDF::from(Within::default()).call(vec![*side]));
            // A long chain is looked at every few links: names of columns are made of the whole chain each time.
            let left = if chained(&left).is_multiple_of(CHAIN) { within(left) } else { left };
            Transformed::yes(Expr::BinaryExpr(BinaryExpr { left, op: Operator::StringConcat, right: within(right) }))
        }
        other => Transformed::no(other),
    })
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

fn grows(name: &str) -> bool {
    matches!(
        name,
        "repeat"
            | "lpad"
            | "rpad"
            | "replace"
            | "regexp_replace"
            | "overlay"
            | "concat"
            | "concat_ws"
            | "array_repeat"
            | "array_resize"
            | "array_to_string"
            | "array_concat"
            | "array_append"
            | "array_prepend"
            | "array_replace"
            | "array_replace_n"
            | "array_replace_all"
            | "string_to_array"
            | "make_array"
            | "named_struct"
            | "struct"
            | "map"
            | "range"
            | "generate_series"
    )
}

/// The function it holds, unless that would make too many bytes at once.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    inner: Arc<ScalarUDF>,
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
        may_make(self.inner.name(), bytes, args.number_rows)?;
        self.inner.invoke_with_args(args)
    }
}

/// Its argument, if that is not too large already.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Within {
    signature: Signature,
}

impl Default for Within {
    fn default() -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Within {
    fn name(&self) -> &str {
        "within"
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
        may_make("||", bytes, args.number_rows)?;
        Ok(args.args.swap_remove(0))
    }
}

fn may_make(name: &str, bytes: u128, rows: usize) -> Result<()> {
    let limit = ONE_ROW.max(EACH_ROW * rows as u128);
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
        "replace" | "regexp_replace" => all + size(0).saturating_mul(longest(2)),
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

fn array_size(array: &dyn Array) -> u128 {
    // A slice of a large batch counts as what it shows.
    array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size()) as u128
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
