//! The values as SDMX-CSV 2.0 data.

use helan_query::without_zeros;
use helan_runtime::clock::rfc_3339;

use super::{
    AGENCY, ATTRIBUTES, DIMENSIONS, NOT_APPLICABLE, Residual, STRUCTURE, VERSION, frequency, id, label,
    observation_status, residual, residual_area,
};
use crate::error::RollupError;
use crate::export::{Export, table};
use crate::rows::decimal_text;

/// Where a record has area, value, its status as an observation and how it was got.
const AREA_AT: usize = 4;
const VALUE_AT: usize = 8;
const OBS_STATUS_AT: usize = 9;
const STATUS_AT: usize = 10;

pub(crate) fn data(export: &Export) -> Result<String, RollupError> {
    let failed = |error: csv::Error| RollupError::Asked(format!("SDMX-CSV cannot be written: {error}"));
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let mut heads = vec!["STRUCTURE", "STRUCTURE_ID", "ACTION"];
    heads.extend(DIMENSIONS.iter().map(|component| component.0));
    heads.extend(["TIME_PERIOD", "OBS_VALUE"]);
    heads.extend(ATTRIBUTES.iter().map(|component| component.0));
    writer.write_record(&heads).map_err(failed)?;
    let structure = format!("{AGENCY}:{STRUCTURE}({VERSION})");
    let as_of = rfc_3339(export.as_of);
    for row in &export.rows {
        let key = &row.value.key;
        let field = |name: &str| row.field(name).unwrap_or_default().to_owned();
        let decimals = export.indicator(&key.indicator).map_or_else(String::new, |found| found.decimals.to_string());
        let record = [
            "dataflow".to_owned(),
            structure.clone(),
            "R".to_owned(),
            frequency(&key.time_period).to_owned(),
            id(&key.ref_area),
            id(&key.indicator),
            key.target_id.as_deref().map_or_else(|| NOT_APPLICABLE.to_owned(), id),
            key.time_period.clone(),
            row.whole().map_or_else(String::new, decimal_text),
            observation_status(row).to_owned(),
            row.value.status.clone(),
            table::unit(export, row).unwrap_or_default(),
            decimals,
            label(row, "vintage"),
            label(row, "basis"),
            field("coverage_reported"),
            field("coverage_expected"),
            field("comparator"),
            without_zeros(&field("target_value")).to_owned(),
            without_zeros(&field("fulfilment")).to_owned(),
            field("sensitive"),
            field("demo"),
            export.publication.clone().unwrap_or_default(),
            as_of.clone(),
            export.state_code().unwrap_or_default().to_owned(),
            export.embargo_until().map_or_else(String::new, rfc_3339),
            label(row, "edition"),
            row.part().map_or_else(String::new, decimal_text),
        ];
        writer.write_record(&record).map_err(failed)?;
        if let Some(Residual { value, status, observation_status }) = residual(export, row) {
            let changed = [
                (AREA_AT, residual_area(&key.ref_area)),
                (VALUE_AT, value.unwrap_or_default()),
                (OBS_STATUS_AT, observation_status),
                (STATUS_AT, status),
            ];
            let mut record = record;
            changed.into_iter().for_each(|(at, text)| record[at] = text);
            writer.write_record(&record).map_err(failed)?;
        }
    }
    let bytes =
        writer.into_inner().map_err(|error| RollupError::Asked(format!("SDMX-CSV cannot be written: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
