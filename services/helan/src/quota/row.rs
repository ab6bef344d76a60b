//! The rows of `quota_fulfilment`, read from batches.

use anyhow::Context;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// One row of `quota_fulfilment`, as text.
#[derive(Clone, Debug)]
pub(crate) struct QuotaRow {
    pub(super) target_id: String,
    pub(super) ref_area: String,
    pub(super) actual_value: Option<String>,
    pub(super) fulfilment: Option<String>,
    pub(super) verdict: String,
    pub(super) sensitive: bool,
    pub(super) demo: bool,
    /// Whether it rests on an estimate.
    pub(super) estimated: bool,
    /// Whether a tally counts it: no repeat of another target, no heading over others.
    pub(super) counts: bool,
    pub(super) same_as: Option<String>,
}

impl QuotaRow {
    /// Reads the rows of batches that have the view's columns.
    pub(crate) fn read(batches: &[RecordBatch]) -> anyhow::Result<Vec<Self>> {
        let mut rows = Vec::new();
        let options = FormatOptions::default();
        for batch in batches {
            let column = |name: &str| -> anyhow::Result<_> {
                let array =
                    batch.column_by_name(name).with_context(|| format!("quota_fulfilment has no column {name}"))?;
                Ok((array.clone(), name.to_owned()))
            };
            let text = |(array, _): &(ArrayRef, String), row: usize| -> anyhow::Result<Option<String>> {
                if array.is_null(row) {
                    return Ok(None);
                }
                Ok(Some(ArrayFormatter::try_new(array.as_ref(), &options)?.value(row).to_string()))
            };
            let (id, area) = (column("target_id")?, column("ref_area")?);
            let (actual, fulfilment) = (column("actual_value")?, column("fulfilment")?);
            let (verdict, sensitive, demo) = (column("verdict")?, column("sensitive")?, column("demo")?);
            let (estimated, counts, same_as) = (column("estimated")?, column("counts")?, column("same_as")?);
            for row in 0..batch.num_rows() {
                rows.push(Self {
                    target_id: text(&id, row)?.unwrap_or_default(),
                    ref_area: text(&area, row)?.unwrap_or_default(),
                    actual_value: text(&actual, row)?,
                    fulfilment: text(&fulfilment, row)?,
                    verdict: text(&verdict, row)?.unwrap_or_default(),
                    sensitive: text(&sensitive, row)?.as_deref() == Some("true"),
                    demo: text(&demo, row)?.as_deref() == Some("true"),
                    estimated: text(&estimated, row)?.as_deref() == Some("true"),
                    counts: text(&counts, row)?.as_deref() == Some("true"),
                    same_as: text(&same_as, row)?,
                });
            }
        }
        Ok(rows)
    }
}
