//! `NAME_as_of(known [, recorded])`: a view at other moments.

use std::sync::{Arc, Weak};

use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::Expr;
pub(crate) use helan_lake::cells::EVERYTHING;
use helan_queries::Query;

use crate::session::moment;
use crate::session::past::Past;
use crate::session::pinned::Pinned;

#[derive(Debug)]
pub(crate) struct AsOf {
    pub(crate) query: &'static Query,
    pub(crate) pinned: Arc<Pinned>,
    /// Of the session whose contexts offer it.
    pub(crate) past: Weak<Past>,
}

impl TableFunctionImpl for AsOf {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let moments = args.exprs().iter().map(|expr| self.moment(expr)).collect::<Result<Vec<_>>>()?;
        let (as_of, recorded) = match moments[..] {
            [as_of] => (as_of, EVERYTHING),
            [as_of, recorded] => (as_of, recorded),
            _ => {
                let name = self.query.name;
                return Err(DataFusionError::Plan(format!(
                    "write {name}_as_of(known) or {name}_as_of(known, recorded)"
                )));
            }
        };
        let scope = match self.past.upgrade() {
            Some(past) => past.scope(as_of, recorded)?,
            None => self.pinned.scope(as_of, recorded)?,
        };
        Ok(scope.asked(self.query))
    }
}

impl AsOf {
    fn moment(&self, expr: &Expr) -> Result<i64> {
        let Expr::Literal(value, _) = expr else {
            return Err(DataFusionError::Plan(format!(
                "{}_as_of takes constants: a date such as '2019-08-30' or RFC 3339, not {expr}",
                self.query.name
            )));
        };
        match value {
            ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) | ScalarValue::LargeUtf8(Some(text)) => {
                moment::parse(text, &self.pinned.zone).map_err(|error| DataFusionError::Plan(error.to_string()))
            }
            ScalarValue::Date32(Some(days)) => {
                let day = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(*days)).ok();
                day.and_then(|day| moment::parse(&day.to_string(), &self.pinned.zone).ok())
                    .ok_or_else(|| DataFusionError::Plan(format!("{value} is no day of ours")))
            }
            ScalarValue::TimestampMicrosecond(Some(time), zone) => self.zoned(*time, zone.is_some()),
            ScalarValue::TimestampNanosecond(Some(time), zone) => self.zoned(time.div_euclid(1000), zone.is_some()),
            ScalarValue::TimestampMillisecond(Some(time), zone) => {
                self.zoned(time.saturating_mul(1000), zone.is_some())
            }
            ScalarValue::TimestampSecond(Some(time), zone) => {
                self.zoned(time.saturating_mul(1_000_000), zone.is_some())
            }
            other => {
                Err(DataFusionError::Plan(format!("{other} is not a date or time: write a date or RFC 3339 as a text")))
            }
        }
    }
    /// A moment, in microseconds since the epoch; a time without a zone is one of the catalog's.
    fn zoned(&self, time: i64, has_zone: bool) -> Result<i64> {
        if has_zone {
            return Ok(time);
        }
        moment::of_wall(time, &self.pinned.zone).map_err(|error| DataFusionError::Plan(error.to_string()))
    }
}
