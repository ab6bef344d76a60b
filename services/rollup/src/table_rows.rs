//! Rows of the publication tables, from what is frozen.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, Decimal128Array, Int32Array, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use helan_schemas::tables::Table;

use crate::answers::{Key, Value};
use crate::changes::Change;
use crate::error::RollupError;
use crate::lineage::{Input, Link};

fn texts<'t>(texts: impl Iterator<Item = &'t str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(texts))
}

fn exact(numbers: impl Iterator<Item = Option<i128>>) -> Result<ArrayRef, RollupError> {
    Ok(Arc::new(numbers.collect::<Decimal128Array>().with_precision_and_scale(38, 10)?))
}

/// The columns that say what a value is about.
fn keys<'k>(keys: impl Iterator<Item = &'k Key> + Clone) -> [(&'static str, ArrayRef); 5] {
    [
        ("answer", texts(keys.clone().map(|key| &*key.answer))),
        ("target_id", Arc::new(StringArray::from_iter(keys.clone().map(|key| key.target_id.as_deref())))),
        ("ref_area", texts(keys.clone().map(|key| &*key.ref_area))),
        ("indicator", texts(keys.clone().map(|key| &*key.indicator))),
        ("time_period", texts(keys.map(|key| &*key.time_period))),
    ]
}

pub(crate) fn of_values(id: &str, values: &[Value]) -> Result<RecordBatch, RollupError> {
    let mut columns = vec![("publication", texts(values.iter().map(|_| id)))];
    columns.extend(keys(values.iter().map(|value| &value.key)));
    columns.extend([
        ("value", exact(values.iter().map(|value| value.value))?),
        ("status", texts(values.iter().map(|value| &*value.status))),
        ("detail", texts(values.iter().map(|value| &*value.detail))),
    ]);
    Ok(Table::PublishedValues.rows(columns)?)
}

pub(crate) fn of_inputs(id: &str, inputs: &[Input]) -> Result<RecordBatch, RollupError> {
    let text = |field: fn(&Input) -> &str| texts(inputs.iter().map(field));
    let columns: [(&str, ArrayRef); 12] = [
        ("publication", texts(inputs.iter().map(|_| id))),
        ("ref_area", text(|input| &input.ref_area)),
        ("indicator", text(|input| &input.indicator)),
        ("time_period", text(|input| &input.time_period)),
        ("source", text(|input| &input.source)),
        ("id", text(|input| &input.id)),
        ("content_digest", Arc::new(BinaryArray::from_iter_values(inputs.iter().map(|input| &input.content_digest)))),
        ("submission", text(|input| &input.submission)),
        ("reporter", text(|input| &input.reporter)),
        ("topic", text(|input| &input.topic)),
        ("partition", Arc::new(Int32Array::from_iter_values(inputs.iter().map(|input| input.partition)))),
        ("offset", Arc::new(Int64Array::from_iter_values(inputs.iter().map(|input| input.offset)))),
    ];
    Ok(Table::PublicationInputs.rows(columns)?)
}

pub(crate) fn of_links(id: &str, links: &[Link]) -> Result<RecordBatch, RollupError> {
    let text = |field: fn(&Link) -> &str| texts(links.iter().map(field));
    let mut columns = vec![("publication", texts(links.iter().map(|_| id)))];
    columns.extend(keys(links.iter().map(|link| &link.key)));
    columns.extend([
        ("role", text(|link| &link.role)),
        ("input_area", text(|link| &link.input_area)),
        ("input_indicator", text(|link| &link.input_indicator)),
        ("input_period", text(|link| &link.input_period)),
        ("via", text(|link| &link.via)),
        ("source", text(|link| &link.source)),
        ("id", text(|link| &link.id)),
    ]);
    Ok(Table::PublicationLineage.rows(columns)?)
}

pub(crate) fn of_changes(id: &str, supersedes: &str, changes: &[Change]) -> Result<RecordBatch, RollupError> {
    let causes = |change: &Change| change.causes.iter().map(|cause| cause.code()).collect::<Vec<_>>().join(",");
    let events = |events: &[(String, String)]| {
        let list: Vec<_> = events.iter().map(|(source, id)| format!("{source} {id}")).collect();
        (!list.is_empty()).then(|| list.join("; "))
    };
    let mut columns = vec![
        ("publication", texts(changes.iter().map(|_| id))),
        ("supersedes", texts(changes.iter().map(|_| supersedes))),
    ];
    columns.extend(keys(changes.iter().map(|change| &change.key)));
    columns.extend([
        ("change", texts(changes.iter().map(Change::kind))),
        ("value_before", exact(changes.iter().map(|change| change.value_before))?),
        ("value_after", exact(changes.iter().map(|change| change.value_after))?),
        (
            "status_before",
            Arc::new(StringArray::from_iter(changes.iter().map(|change| change.status_before.as_deref()))),
        ),
        ("status_after", Arc::new(StringArray::from_iter(changes.iter().map(|change| change.status_after.as_deref())))),
        ("causes", Arc::new(StringArray::from_iter_values(changes.iter().map(causes)))),
        ("events_before", Arc::new(StringArray::from_iter(changes.iter().map(|change| events(&change.events_before))))),
        ("events_after", Arc::new(StringArray::from_iter(changes.iter().map(|change| events(&change.events_after))))),
    ]);
    Ok(Table::PublicationChanges.rows(columns)?)
}
