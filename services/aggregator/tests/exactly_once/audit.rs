//! Reads every version of a Delta table from its raw files, by no code that wrote them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int32Type, Int64Type};
use helan_lake::simulated::SimulatedStore;
use helan_schemas::tables::Table;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

/// A row by where it came from: partition, offset, and for events index, source and id.
pub(crate) type Row = (i32, i64, i32, String, String);

/// One version: offsets by partition and all rows.
#[derive(Debug, Default)]
pub(crate) struct Version {
    pub(crate) offsets: BTreeMap<i32, i64>,
    pub(crate) rows: Vec<Row>,
}

/// Every version of a table, oldest first; an error names what cannot be read.
pub(crate) async fn versions(store: &SimulatedStore, table: Table) -> Result<Vec<Version>, String> {
    let root = format!("lake/{}", table.name());
    let mut all = Vec::new();
    let mut offsets = BTreeMap::new();
    let mut active: BTreeSet<String> = BTreeSet::new();
    let mut cache: HashMap<String, Vec<Row>> = HashMap::new();
    for number in 0.. {
        let path = Path::from(format!("{root}/_delta_log/{number:020}.json"));
        let Ok(found) = store.get(&path).await else { break };
        let bytes = found.bytes().await.map_err(|error| error.to_string())?;
        for line in std::str::from_utf8(&bytes).expect("UTF-8").lines() {
            let action: Value = serde_json::from_str(line).map_err(|error| format!("{path}: {error}"))?;
            if let Some(txn) = action.get("txn") {
                let app_id = txn["appId"].as_str().expect("appId");
                let version = txn["version"].as_i64().expect("version");
                if let Some(app_id) = app_id.strip_suffix("/digest") {
                    let low = version & 0xf_ffff;
                    let next = app_id
                        .rsplit('/')
                        .next()
                        .and_then(|text| text.parse().ok())
                        .and_then(|it: i32| offsets.get(&it));
                    if next.is_none_or(|next| (next - 1) & 0xf_ffff != low) {
                        return Err(format!("{path}: the mark beside {next:?} is that of ...{low:x}"));
                    }
                } else if app_id != "helan/maintenance" && !app_id.ends_with("/anchor") {
                    let partition = app_id.rsplit('/').next().and_then(|text| text.parse().ok()).expect("partition");
                    if offsets.insert(partition, version).is_some_and(|before| before >= version) {
                        return Err(format!("{path}: partition {partition} does not move forward"));
                    }
                }
            }
            if let Some(add) = action.get("add") {
                active.insert(add["path"].as_str().expect("path").to_owned());
            }
            if let Some(remove) = action.get("remove") {
                let path = remove["path"].as_str().expect("path");
                if remove["dataChange"].as_bool() != Some(false) || !active.remove(path) {
                    return Err(format!("{path} is removed, but it holds the only copy"));
                }
            }
        }
        let mut rows = Vec::new();
        for file in &active {
            if !cache.contains_key(file) {
                let path = Path::from(format!("{root}/{file}"));
                cache.insert(file.clone(), read(store, &path).await?);
            }
            rows.extend(cache[file].iter().cloned());
        }
        rows.sort();
        all.push(Version { offsets: offsets.clone(), rows });
    }
    let listed =
        futures::TryStreamExt::try_collect::<Vec<_>>(store.list(Some(&Path::from(format!("{root}/_delta_log")))))
            .await
            .map_err(|error| error.to_string())?;
    let commits = listed
        .iter()
        .filter(|meta| meta.location.as_ref().ends_with("0.json") || meta.location.as_ref().ends_with(".json"))
        .count();
    if commits != all.len() {
        return Err(format!("{root}: {commits} commits, but a gap after {}", all.len()));
    }
    Ok(all)
}

async fn read(store: &SimulatedStore, path: &Path) -> Result<Vec<Row>, String> {
    let missing = |error: &dyn std::fmt::Display| format!("{path}: {error}");
    let bytes =
        store.get(path).await.map_err(|error| missing(&error))?.bytes().await.map_err(|error| missing(&error))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).and_then(|builder| builder.build());
    let mut rows = Vec::new();
    for batch in reader.map_err(|error| missing(&error))? {
        let batch = batch.map_err(|error| missing(&error))?;
        let text = |name: &str, row: usize| {
            batch
                .column_by_name(name)
                .filter(|column| column.is_valid(row))
                .map_or_else(String::new, |column| column.as_string::<i32>().value(row).to_owned())
        };
        let partitions = batch.column_by_name("partition").expect("partition").as_primitive::<Int32Type>();
        let offsets = batch.column_by_name("offset").expect("offset").as_primitive::<Int64Type>();
        let index = batch.column_by_name("index").map(|column| column.as_primitive::<Int32Type>());
        for row in 0..batch.num_rows() {
            let index = index.filter(|column| column.is_valid(row)).map_or(-1, |column| column.value(row));
            let name = if batch.column_by_name("outcome").is_some() { "outcome" } else { "id" };
            rows.push((partitions.value(row), offsets.value(row), index, text("source", row), text(name, row)));
        }
    }
    Ok(rows)
}
