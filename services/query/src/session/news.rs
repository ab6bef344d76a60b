//! What came into `events` between two of its versions: what views have computed of other parts of the statements, and as of
//! moments before it became known, still holds.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{Expr, col, lit};
use datafusion::prelude::DataFrame;
use helan_lake::TableSnapshot;
use helan_schemas::codes::TYPE_REPORTED;

use crate::session::answered::OfPiece;
use crate::session::kept::Kept;
use crate::views::narrow::Part;

/// Rows beyond which what was computed is let go of, rather than the rows looked through.
const MANY: usize = 500_000;
/// What is looked at of them.
const COLUMNS: [&str; 7] = ["type", "role", "ref_area", "indicator", "period_end", "known_at", "recorded_at"];

/// What the views of a part of the statements have computed.
#[derive(Clone)]
pub(crate) struct OfPart {
    pub(crate) part: Part,
    pub(crate) rows: Vec<(&'static str, Arc<Kept>)>,
}

/// What views have computed as of a pair of moments, in microseconds since the epoch.
#[derive(Clone)]
pub(crate) struct OfMoments {
    pub(crate) as_of: i64,
    pub(crate) recorded: i64,
    /// Of all statements.
    pub(crate) rows: Vec<(&'static str, Arc<Kept>)>,
    pub(crate) parts: Vec<OfPart>,
    pub(crate) pieces: Vec<Arc<OfPiece>>,
}

impl OfMoments {
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.parts.is_empty() && self.pieces.is_empty()
    }
}

/// The rows that came.
pub(crate) enum News {
    Nothing,
    Rows(DataFrame),
    /// They are too many, or cannot be told from those that were there.
    Unknown,
}

impl News {
    /// What came between two versions.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) async fn between(before: &TableSnapshot, after: &TableSnapshot) -> Result<Self> {
        if after.version() == before.version() {
            return Ok(Self::Nothing);
        }
        let came = after.row_count().zip(before.row_count()).and_then(|(after, before)| after.checked_sub(before));
        if came.is_none_or(|came| came > MANY) {
            return Ok(Self::Unknown);
        }
        let rows = after.read_since(before, &COLUMNS).map_err(|error| DataFusionError::External(error.into()))?;
        let Some(rows) = rows else { return Ok(Self::Unknown) };
        // They are few, and looked through again and again.
        let rows = rows.cache().await?;
        Ok(if Some(rows.clone().count().await?) == came { Self::Rows(rows) } else { Self::Unknown })
    }

    /// What follows from parts of which no statement has come.
    pub(crate) async fn untouched<T>(&self, all: Vec<T>, part: impl Fn(&T) -> &Part) -> Result<Vec<T>> {
        let rows = match self {
            Self::Nothing => return Ok(all),
            Self::Unknown => return Ok(Vec::new()),
            Self::Rows(rows) => rows,
        };
        let reported = col("type").eq(lit(TYPE_REPORTED)).and(col("role").is_null());
        // A withdrawal names no cell, and what somebody printed is compared with cells of its own.
        if all.is_empty() || is_any(rows, [!reported]).await? {
            return Ok(Vec::new());
        }
        let (mut kept, mut touched) = (Vec::new(), HashMap::new());
        for one in all {
            let part = part(&one);
            let is_touched = match touched.get(part) {
                Some(is_touched) => *is_touched,
                None => is_any(rows, part.filters()).await?,
            };
            touched.insert(part.clone(), is_touched);
            if !is_touched {
                kept.push(one);
            }
        }
        Ok(kept)
    }

    /// The moments that stay as they are: by then nothing was known of what came, neither reports nor withdrawals.
    pub(crate) async fn unknown_at(&self, moments: Vec<OfMoments>) -> Result<Vec<OfMoments>> {
        let rows = match self {
            Self::Nothing => return Ok(moments),
            Self::Unknown => return Ok(Vec::new()),
            Self::Rows(rows) => rows,
        };
        let until = |time: i64| lit(ScalarValue::TimestampMicrosecond(Some(time), Some("UTC".into())));
        let mut kept = Vec::new();
        for moment in moments {
            let known = [col("known_at").lt_eq(until(moment.as_of)), col("recorded_at").lt_eq(until(moment.recorded))];
            if !is_any(rows, known).await? {
                kept.push(moment);
            }
        }
        Ok(kept)
    }
}

async fn is_any(rows: &DataFrame, filters: impl IntoIterator<Item = Expr>) -> Result<bool> {
    let found = filters.into_iter().try_fold(rows.clone(), |rows, filter| rows.filter(filter))?;
    Ok(found.limit(0, Some(1))?.count().await? > 0)
}
