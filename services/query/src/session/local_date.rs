//! `local_date(moment, time_zone)`: the day on which a moment falls where people live.
//!
//! The engine's own casts take the day in UTC, which in China is another one for a third of each day.

use std::sync::Arc;

use arrow::array::{Array, Date32Array, StringArray, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::prelude::SessionContext;
use helan_schemas::period::days_since_epoch;
use helan_schemas::tables::instant;
use jiff::tz::TimeZone;

use crate::session::moment;

pub(crate) const NAME: &str = "local_date";

/// Offers it to a session.
pub(crate) fn register(context: &SessionContext) {
    context.register_udf(ScalarUDF::from(LocalDate { signature: Signature::user_defined(Volatility::Immutable) }));
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct LocalDate {
    signature: Signature,
}

impl ScalarUDFImpl for LocalDate {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Date32)
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [
                DataType::Timestamp(..) | DataType::Null,
                DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 | DataType::Null,
            ] => Ok(vec![instant(), DataType::Utf8]),
            _ => plan_err!(
                "local_date takes a moment and a time zone: local_date(recorded_at, 'Asia/Shanghai'), or the catalog's \
                 own: local_date(recorded_at, knowledge.time_zone)"
            ),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let moments = cast(&arrays[0], &instant())?;
        let moments = moments.as_any().downcast_ref::<TimestampMicrosecondArray>();
        let zones = arrays[1].as_any().downcast_ref::<StringArray>();
        let (Some(moments), Some(zones)) = (moments, zones) else {
            return plan_err!("local_date takes a moment and a text");
        };
        let mut last: Option<(&str, TimeZone)> = None;
        let mut days = Vec::with_capacity(moments.len());
        for (moment, name) in moments.iter().zip(zones.iter()) {
            let (Some(moment), Some(name)) = (moment, name) else {
                days.push(None);
                continue;
            };
            let zone = match last.take() {
                Some((known, zone)) if known == name => zone,
                _ => match TimeZone::get(name) {
                    Ok(zone) => zone,
                    Err(_) => return plan_err!("{name:?} is not a time zone; names look like Asia/Shanghai"),
                },
            };
            let day = moment::day_of(moment, &zone);
            days.push(Some(days_since_epoch(day)));
            last = Some((name, zone));
        }
        Ok(ColumnarValue::Array(Arc::new(Date32Array::from(days))))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::catalog::MemorySchemaProvider;
    use datafusion::execution::runtime_env::RuntimeEnv;

    use crate::session::context;

    async fn answer(sql: &str) -> String {
        let names = Arc::new(MemorySchemaProvider::new());
        let context = context::of_questions(
            names,
            context::UTC,
            context::Size { small: true, in_one: true },
            Arc::new(RuntimeEnv::default()),
        );
        let answered = async { context.sql(sql).await?.collect().await };
        match answered.await {
            Ok(batches) => arrow::util::pretty::pretty_format_batches(&batches).expect("rows").to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn a_moment_falls_on_the_day_of_the_zone() {
        let days = answer(
            "select local_date(moment, zone) as day from (values
                (timestamp '2019-08-30 15:59:59Z', 'Asia/Shanghai'), (timestamp '2019-08-30 16:00:00Z', 'Asia/Shanghai'),
                (timestamp '2019-08-30 16:00:00Z', 'UTC'), (null, 'UTC')) as moments(moment, zone)",
        )
        .await;
        let days: Vec<_> = days.lines().skip(3).map(|line| line.trim_matches(['|', ' ', '+', '-'])).collect();
        assert_eq!(days, ["2019-08-30", "2019-08-31", "2019-08-30", "", ""]);
        assert!(answer("select local_date(now(), 'Mars')").await.contains("not a time zone"));
        assert!(answer("select local_date('2019', 'UTC')").await.contains("takes a moment"));
    }
}
