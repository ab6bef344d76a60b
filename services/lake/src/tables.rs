//! What a table of the lake is to Delta: its first commit, its properties, how its files are sorted.

use arrow::datatypes::{Schema, SchemaRef};
use helan_schemas::tables::Table;
use serde_json::json;

use crate::columns;
use crate::digests::{commit_info, sealed};
use crate::error::LakeError;

/// Property: the id that all tables of one lake share.
pub(crate) const LAKE: &str = "helan.lake";
/// Property: the identity of the log whose offsets the tables keep.
pub(crate) const LOG: &str = "helan.log";
/// Property of `events`: what the lake adds to the log's own offsets, by partition, as JSON; absent while it has one log.
pub(crate) const SHIFTS: &str = "helan.log.shifts";
/// Property of `events`: the logs that the lake was filled from before, as JSON.
pub(crate) const BEFORE: &str = "helan.log.before";
/// Property by which Delta forgets old transaction ids, and with them our offsets.
pub(crate) const FORGETS: &str = "delta.setTransactionRetentionDuration";

/// Columns whose smallest and largest value stand in every file's entry. Decimals never do: their statistics pass
/// through a float in some readers.
pub(crate) fn statistics_columns(table: Table) -> &'static [&'static str] {
    match table {
        Table::Events => &[
            "topic",
            "partition",
            "offset",
            "source",
            "id",
            "ref_area",
            "indicator",
            "time_period",
            "recorded_at",
            "known_at",
        ],
        Table::Submissions => &["submission", "source", "topic", "partition", "offset", "recorded_at"],
        Table::Refusals => &["submission", "source", "topic", "partition", "offset", "recorded_at"],
        Table::Publications => &["publication", "time_period", "published_at"],
        Table::PublishedValues => &["publication", "answer", "ref_area", "indicator", "time_period"],
        Table::PublicationInputs => &["publication", "source", "id", "ref_area", "indicator", "time_period"],
        Table::PublicationRuns => &["run", "publication", "time_period", "started_at"],
        Table::CatalogVersions => &["catalog", "catalog_id", "file", "recorded_at"],
        Table::PublicationLineage => &["publication", "answer", "ref_area", "indicator", "time_period"],
        Table::PublicationChanges => &["publication", "supersedes", "answer", "ref_area", "indicator"],
        Table::ReleaseEvents => &["id", "publication", "time_period", "recorded_at"],
    }
}

/// The text columns by which the rows of a file are sorted; empty = as they come.
pub(crate) fn sort_columns(table: Table) -> &'static [&'static str] {
    match table {
        Table::Events | Table::PublicationInputs => &["source", "id"],
        _ => &[],
    }
}

/// Text columns with a Bloom filter: random ids, for which smallest and largest value prune nothing.
pub(crate) fn bloom_columns(table: Table) -> &'static [&'static str] {
    match table {
        Table::Submissions | Table::Refusals => &["submission"],
        _ => &[],
    }
}

/// The columns that stand in the Parquet files: all but those that name folders, without the docs.
pub(crate) fn file_schema(table: Table) -> SchemaRef {
    let schema = table.schema();
    let kept = schema.fields().iter().filter(|field| !table.partition_columns().contains(&field.name().as_str()));
    std::sync::Arc::new(Schema::new(
        kept.map(|field| field.as_ref().clone().with_metadata(Default::default())).collect::<Vec<_>>(),
    ))
}

/// The bytes of `00000000000000000000.json`.
///
/// Written by hand rather than by delta-rs's builder, which on a lost race would add its metadata to the winner's
/// table as version 1.
pub(crate) fn first_commit(table: Table, lake: &str, log: &str, id: &str, now_ms: i64) -> Result<Vec<u8>, LakeError> {
    let rows = |why: String| LakeError::Rows { table: table.name(), why };
    let schema = serde_json::to_string(&columns::written(table)?).map_err(|error| rows(error.to_string()))?;
    let metadata = json!({"metaData": {
        "id": id,
        "name": table.name(),
        "description": table.doc(),
        "format": {"provider": "parquet", "options": {}},
        "schemaString": schema,
        "partitionColumns": table.partition_columns(),
        "configuration": {
            "delta.appendOnly": "true",
            "delta.logRetentionDuration": "interval 1 days",
            "delta.enableExpiredLogCleanup": "false",
            "delta.dataSkippingStatsColumns": statistics_columns(table).join(","),
            LAKE: lake,
            LOG: log,
        },
        "createdTime": now_ms,
    }});
    let info = commit_info(now_ms, "CREATE TABLE", json!({}));
    // Reader 1 and writer 2 are the oldest versions that know append-only tables: every Delta reader opens them.
    let protocol = json!({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}});
    Ok(sealed(format!("{info}\n{protocol}\n{metadata}\n")))
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;

    use super::*;

    fn has_statistics(data_type: &DataType) -> bool {
        use DataType::{Date32, Int32, Int64, Timestamp, Utf8};
        matches!(data_type, Utf8 | Int32 | Int64 | Date32 | Timestamp(..))
    }

    #[test]
    fn named_columns_exist_and_can_have_statistics() {
        for table in Table::ALL {
            let schema = table.schema();
            for name in statistics_columns(table).iter().chain(sort_columns(table)).chain(bloom_columns(table)) {
                let field = schema.field_with_name(name).expect(name);
                assert!(has_statistics(field.data_type()), "{}.{name}", table.name());
            }
        }
    }
}
