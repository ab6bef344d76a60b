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

/// Answer, target, area, indicator, period.
fn keys<'k>(keys: impl Iterator<Item = &'k Key> + Clone) -> [ArrayRef; 5] {
    [
        texts(keys.clone().map(|key| &*key.answer)),
        Arc::new(StringArray::from_iter(keys.clone().map(|key| key.target_id.as_deref()))),
        texts(keys.clone().map(|key| &*key.ref_area)),
        texts(keys.clone().map(|key| &*key.indicator)),
        texts(keys.map(|key| &*key.time_period)),
    ]
}

pub(crate) fn of_values(id: &str, values: &[Value]) -> Result<RecordBatch, RollupError> {
    let [answer, target, area, indicator, period] = keys(values.iter().map(|value| &value.key));
    let columns = vec![
        texts(values.iter().map(|_| id)),
        answer,
        area,
        indicator,
        period,
        target,
        exact(values.iter().map(|value| value.value))?,
        texts(values.iter().map(|value| &*value.status)),
        texts(values.iter().map(|value| &*value.detail)),
    ];
    Ok(Table::PublishedValues.rows(columns)?)
}

pub(crate) fn of_inputs(id: &str, inputs: &[Input]) -> Result<RecordBatch, RollupError> {
    let text = |field: fn(&Input) -> &str| texts(inputs.iter().map(field));
    let columns = vec![
        texts(inputs.iter().map(|_| id)),
        text(|input| &input.ref_area),
        text(|input| &input.indicator),
        text(|input| &input.time_period),
        text(|input| &input.source),
        text(|input| &input.id),
        Arc::new(BinaryArray::from_iter_values(inputs.iter().map(|input| &input.content_digest))),
        text(|input| &input.submission),
        text(|input| &input.reporter),
        text(|input| &input.topic),
        Arc::new(Int32Array::from_iter_values(inputs.iter().map(|input| input.partition))),
        Arc::new(Int64Array::from_iter_values(inputs.iter().map(|input| input.offset))),
    ];
    Ok(Table::PublicationInputs.rows(columns)?)
}

pub(crate) fn of_links(id: &str, links: &[Link]) -> Result<RecordBatch, RollupError> {
    let text = |field: fn(&Link) -> &str| texts(links.iter().map(field));
    let mut columns = vec![texts(links.iter().map(|_| id))];
    columns.extend(keys(links.iter().map(|link| &link.key)));
    columns.extend([
        text(|link| &link.role),
        text(|link| &link.input_area),
        text(|link| &link.input_indicator),
        text(|link| &link.input_period),
        text(|link| &link.via),
        text(|link| &link.source),
        text(|link| &link.id),
    ]);
    Ok(Table::PublicationLineage.rows(columns)?)
}

pub(crate) fn of_changes(id: &str, supersedes: &str, changes: &[Change]) -> Result<RecordBatch, RollupError> {
    let causes = |change: &Change| change.causes.iter().map(|cause| cause.code()).collect::<Vec<_>>().join(",");
    let events = |events: &[(String, String)]| {
        let list: Vec<_> = events.iter().map(|(source, id)| format!("{source} {id}")).collect();
        (!list.is_empty()).then(|| list.join("; "))
    };
    let mut columns = vec![texts(changes.iter().map(|_| id)), texts(changes.iter().map(|_| supersedes))];
    columns.extend(keys(changes.iter().map(|change| &change.key)));
    columns.extend([
        texts(changes.iter().map(Change::kind)),
        exact(changes.iter().map(|change| change.value_before))?,
        exact(changes.iter().map(|change| change.value_after))?,
        Arc::new(StringArray::from_iter(changes.iter().map(|change| change.status_before.as_deref()))),
        Arc::new(StringArray::from_iter(changes.iter().map(|change| change.status_after.as_deref()))),
        Arc::new(StringArray::from_iter_values(changes.iter().map(causes))),
        Arc::new(StringArray::from_iter(changes.iter().map(|change| events(&change.events_before)))),
        Arc::new(StringArray::from_iter(changes.iter().map(|change| events(&change.events_after)))),
    ]);
    Ok(Table::PublicationChanges.rows(columns)?)
}
