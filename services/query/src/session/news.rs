//! What came into `events` between two of its versions: what views have computed of other parts of the statements still holds.

use std::sync::Arc;

use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{col, lit};
use datafusion::prelude::DataFrame;
use helan_lake::TableSnapshot;
use helan_schemas::codes::TYPE_REPORTED;

use crate::session::scope::Kept;
use crate::views::narrow::Part;

/// Rows beyond which what was computed is let go of, rather than the rows looked through.
const MANY: usize = 500_000;

/// What the views of a part of the statements have computed.
#[derive(Clone)]
pub(crate) struct OfPart {
    pub(crate) part: Part,
    pub(crate) rows: Vec<(&'static str, Arc<Kept>)>,
}

/// Those of which no statement has come since. Where that cannot be told, none.
pub(crate) async fn untouched(parts: Vec<OfPart>, before: &TableSnapshot, after: &TableSnapshot) -> Vec<OfPart> {
    match among_rows(parts, before, after).await {
        Ok(parts) => parts,
        Err(error) => {
            tracing::debug!(%error, "what has come since cannot be read: views are computed again");
            Vec::new()
        }
    }
}

async fn among_rows(parts: Vec<OfPart>, before: &TableSnapshot, after: &TableSnapshot) -> Result<Vec<OfPart>> {
    let came = after.row_count().zip(before.row_count()).and_then(|(after, before)| after.checked_sub(before));
    if after.version() == before.version() {
        return Ok(parts);
    }
    if parts.is_empty() || came.is_none_or(|came| came > MANY) {
        return Ok(Vec::new());
    }
    let columns = ["type", "role", "ref_area", "indicator", "period_end"];
    let Some(rows) = after.read_since(before, &columns).map_err(|error| DataFusionError::External(error.into()))?
    else {
        return Ok(Vec::new());
    };
    // They are few, and looked through for each part.
    let rows = rows.cache().await?;
    let reported = col("type").eq(lit(TYPE_REPORTED)).and(col("role").is_null());
    // A withdrawal names no cell, and what somebody printed is compared with cells of its own.
    if is_any(rows.clone().filter(!reported)?).await? || Some(rows.clone().count().await?) != came {
        return Ok(Vec::new());
    }
    let mut kept = Vec::new();
    for of_part in parts {
        let of_it = of_part.part.filters().into_iter().try_fold(rows.clone(), |rows, filter| rows.filter(filter))?;
        if !is_any(of_it).await? {
            kept.push(of_part);
        }
    }
    Ok(kept)
}

async fn is_any(rows: DataFrame) -> Result<bool> {
    Ok(rows.limit(0, Some(1))?.count().await? > 0)
}
