//! `sum` and `avg` that fail rather than wrap, `avg` and `median` with the digits that figures have behind the point.
//!
//! The engine adds into the type it returns, and wraps round. Here the numbers are added in a wider decimal, which no
//! number of rows that a lake can hold fills, and only the result is put back into the type, or fails. So the order of
//! rows, how they are spread over threads and a frame that moves make no difference.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::datatypes::{DECIMAL256_MAX_PRECISION, DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::functions_aggregate::average::avg_udaf;
use datafusion::functions_aggregate::median::median_udaf;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, EmitTo, GroupsAccumulator, ReversedUDAF,
    SetMonotonicity, Signature,
};
use datafusion::prelude::SessionContext;

use crate::guard::arithmetic::{exact, plain};
use crate::guard::quotients;

/// Digits that stay free above those of the numbers: for ten thousand million rows, and what `avg` divides by.
const SPARE: u8 = 14;

/// Puts them in the place of the engine's.
pub(crate) fn register(context: &SessionContext) {
    for inner in [sum_udaf(), avg_udaf(), median_udaf()] {
        context.register_udaf(AggregateUDF::from(Exact { inner }));
    }
}

/// An aggregate of the engine's over a type that is wide enough.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Exact {
    inner: Arc<AggregateUDF>,
}

/// The type in which numbers of a type are added.
fn added(kind: &DataType) -> DataType {
    match kind {
        DataType::Int64 | DataType::UInt64 | DataType::Duration(_) => DataType::Decimal128(20, 0),
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Decimal128(precision, scale) if *precision > 38 - SPARE => DataType::Decimal256(*precision, *scale),
        other => other.clone(),
    }
}

impl Exact {
    /// The type whose digits the result has: a mean, or the middle of two, has more than what it is of.
    fn with_digits(&self, kind: &DataType) -> DataType {
        let has_more = self.inner.name() != "sum";
        has_more.then(|| quotients::wider(kind)).flatten().unwrap_or_else(|| kind.clone())
    }

    /// The type in which it is worked out.
    fn wide(&self, kind: &DataType) -> DataType {
        let kind = self.with_digits(kind);
        if self.inner.name() == "median" { kind } else { added(&kind) }
    }

    /// Fails for what cannot be added in anything wider.
    fn answered(&self, kind: &DataType) -> Result<()> {
        let most = DECIMAL256_MAX_PRECISION - SPARE;
        let instead = match kind {
            DataType::Decimal256(precision, scale) if *precision > most => {
                format!("cast to decimal({most}, {scale}) first")
            }
            DataType::Interval(_) => "subtract moments instead of adding intervals".to_owned(),
            _ => return Ok(()),
        };
        Err(DataFusionError::Plan(format!("{} of {} could overflow: {instead}", self.inner.name(), plain(kind))))
    }

    /// As the engine's aggregate is asked over the wider type.
    fn within<T>(
        &self,
        args: &AccumulatorArgs,
        ask: impl FnOnce(&AggregateUDF, AccumulatorArgs) -> Result<T>,
    ) -> Result<T> {
        let fields = self.fields(args.expr_fields);
        let args = AccumulatorArgs {
            return_field: self.inner.return_field(&fields)?,
            expr_fields: &fields,
            schema: args.schema,
            ignore_nulls: args.ignore_nulls,
            order_bys: args.order_bys,
            is_reversed: args.is_reversed,
            name: args.name,
            is_distinct: args.is_distinct,
            exprs: args.exprs,
        };
        ask(&self.inner, args)
    }

    fn types(&self, args: &AccumulatorArgs) -> Types {
        Types { wide: self.wide(args.expr_fields[0].data_type()), result: args.return_type().clone() }
    }

    fn fields(&self, fields: &[FieldRef]) -> Vec<FieldRef> {
        let wider =
            |field: &FieldRef| Arc::new(Field::new(field.name(), self.wide(field.data_type()), field.is_nullable()));
        fields.iter().map(wider).collect()
    }
}

/// The types that numbers go through on their way.
#[derive(Clone)]
struct Types {
    wide: DataType,
    result: DataType,
}

impl Types {
    fn widened(&self, values: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
        Ok(values.iter().map(|values| exact(values, &self.wide)).collect::<Result<_, _>>()?)
    }
}

impl AggregateUDFImpl for Exact {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        arg_types.iter().try_for_each(|kind| self.answered(kind))?;
        let kinds: Vec<_> = arg_types.iter().map(|kind| self.with_digits(kind)).collect();
        self.inner.return_type(&kinds)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let inner = self.within(&args, AggregateUDF::accumulator)?;
        Ok(Box::new(Rows { inner, types: self.types(&args) }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let fields = self.fields(args.input_fields);
        self.inner.state_fields(StateFieldsArgs {
            name: args.name,
            input_fields: &fields,
            return_field: self.inner.return_field(&fields)?,
            ordering_fields: args.ordering_fields,
            is_distinct: args.is_distinct,
        })
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.within(&args, |inner, args| Ok(inner.groups_accumulator_supported(args))).unwrap_or(false)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let inner = self.within(&args, AggregateUDF::create_groups_accumulator)?;
        Ok(Box::new(Groups { inner, types: self.types(&args) }))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let inner = self.within(&args, AggregateUDF::create_sliding_accumulator)?;
        Ok(Box::new(Rows { inner, types: self.types(&args) }))
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.inner.inner().set_monotonicity(data_type)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

/// One sum.
struct Rows {
    inner: Box<dyn Accumulator>,
    types: Types,
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("inner", &self.inner).field("wide", &self.types.wide).finish_non_exhaustive()
    }
}

impl Accumulator for Rows {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.update_batch(&self.types.widened(values)?)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let result = exact(&self.inner.evaluate()?.to_array()?, &self.types.result)?;
        ScalarValue::try_from_array(&result, 0)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner.merge_batch(states)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.retract_batch(&self.types.widened(values)?)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }
}

/// A sum for each group.
struct Groups {
    inner: Box<dyn GroupsAccumulator>,
    types: Types,
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.inner.update_batch(&self.types.widened(values)?, group_indices, opt_filter, total_num_groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(exact(&self.inner.evaluate(emit_to)?, &self.types.result)?)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.inner.state(emit_to)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        self.inner.merge_batch(values, group_indices, total_num_groups)
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        self.inner.convert_to_state(&self.types.widened(values)?, opt_filter)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, Int64Array, RecordBatch};
    use arrow::datatypes::{Float64Type, Int64Type, Schema};
    use datafusion::datasource::MemTable;
    use datafusion::prelude::SessionConfig;

    use super::*;

    /// Two groups over three threads: parts of sums are carried from one step to the next.
    async fn asked(text: &str) -> Result<RecordBatch> {
        let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(3));
        register(&context);
        let fields = ["g", "x"].map(|name| Field::new(name, DataType::Int64, true));
        let schema = Arc::new(Schema::new(fields.to_vec()));
        let part = |groups: Vec<i64>, numbers: Vec<i64>| {
            let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(groups)), Arc::new(Int64Array::from(numbers))];
            RecordBatch::try_new(schema.clone(), columns).map(|batch| vec![batch])
        };
        let parts = vec![part(vec![1, 2], vec![i64::MAX, 5])?, part(vec![1, 2], vec![7, 5])?, part(vec![1], vec![-9])?];
        context.register_table("t", Arc::new(MemTable::try_new(schema.clone(), parts)?))?;
        let frame = context.sql(text).await?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        Ok(arrow::compute::concat_batches(&schema, &frame.collect().await?)?)
    }

    #[tokio::test]
    async fn parts_of_sums_are_put_together() {
        let answer = asked("select sum(x), sum(distinct x), avg(x) from t group by g order by g").await.expect("rows");
        let numbers = |column: usize| answer.column(column).as_primitive::<Int64Type>().values().to_vec();
        assert_eq!((numbers(0), numbers(1)), (vec![i64::MAX - 2, 10], vec![i64::MAX - 2, 5]));
        assert_eq!(answer.column(2).as_primitive::<Float64Type>().value(1), 5.0);
        let decimals = "select arrow_cast(sum(arrow_cast(x, 'Decimal128(30,0)')), 'Int64'), \
                        arrow_cast(avg(arrow_cast(x, 'Decimal64(18,0)')), 'Int64') from t where x < 100 group by g \
                        order by g";
        let answer = asked(decimals).await.expect("rows");
        let numbers = |column: usize| answer.column(column).as_primitive::<Int64Type>().values().to_vec();
        assert_eq!((numbers(0), numbers(1)), (vec![-2, 10], vec![-1, 5]));
    }

    #[tokio::test]
    async fn a_sum_that_does_not_fit_fails_whatever_the_order() {
        for (text, sum) in [
            ("select sum(x) from t where x > 0", "9223372036854775824"),
            ("select sum(distinct x) from t where x > 0 and g = 1 group by g", "9223372036854775814"),
        ] {
            let error = asked(text).await.expect_err(text);
            assert!(error.to_string().contains(sum), "{error}");
        }
    }
}
