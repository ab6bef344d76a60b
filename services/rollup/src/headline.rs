//! The result in one sentence, in both languages, with its sensitivity.

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use helan_schemas::catalog::{Catalog, Comparator, Strength, Target, TargetKind};

use crate::error::RollupError;

/// The sentence on the region's first binding ratio; if there is none, on its first target.
pub(crate) fn of(catalog: &Catalog, quota: &[RecordBatch]) -> Result<(String, String), RollupError> {
    let Some(target) = subject(catalog) else { return Ok((String::new(), String::new())) };
    for batch in quota {
        let text = |name: &str| -> Result<ArrayRef, RollupError> {
            let missing = || datafusion::error::DataFusionError::Internal(format!("quota_fulfilment lacks {name}"));
            Ok(cast(batch.column_by_name(name).ok_or_else(missing)?, &DataType::Utf8)?)
        };
        let (ids, areas) = (text("target_id")?, text("ref_area")?);
        let (zh, en) = (text("reason_zh")?, text("reason_en")?);
        for row in 0..batch.num_rows() {
            let at = |column: &ArrayRef| column.as_string::<i32>().value(row).to_owned();
            if at(&ids) == target.target_id && at(&areas) == target.ref_area {
                let area = catalog.areas.iter().rev().find(|area| area.code == target.ref_area);
                let (area_zh, area_en) = area.map_or(("", ""), |area| (&*area.name_zh, &*area.name_en));
                let period = target.time_period.as_deref().unwrap_or(&catalog.head.default_period);
                return Ok((
                    format!("{area_zh} {period} 年{}：{}。", target.name_zh, at(&zh)),
                    format!("{area_en} {period}, {}: {}.", target.name_en, at(&en)),
                ));
            }
        }
    }
    Ok((String::new(), String::new()))
}

fn subject(catalog: &Catalog) -> Option<&Target> {
    let of_region = || catalog.targets.iter().filter(|target| target.ref_area == catalog.head.region);
    let binding = of_region().filter(|target| target.kind == TargetKind::Ratio && target.strength == Strength::Hard);
    let mut binding: Vec<_> = binding.collect();
    // A plain "at least" is easier to defend than "about".
    binding.sort_by_key(|target| target.comparator != Some(Comparator::Ge));
    binding.first().copied().or_else(|| of_region().next())
}
