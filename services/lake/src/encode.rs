//! Rows to Parquet files: split by folder, sorted, compressed, with the statistics that let readers skip.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::Int32Type;
use bytes::Bytes;
use deltalake_core::kernel::Add;
use helan_schemas::tables::Table;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::error::LakeError;
use crate::statistics::statistics;
use crate::tables::{bloom_columns, file_schema, sort_columns, statistics_columns};

/// Rows in a row group: what a reader skips or reads at once.
const ROW_GROUP_ROWS: usize = 131_072;
/// Columns whose values hardly repeat: a dictionary would be built only to be dropped.
const WITHOUT_DICTIONARY: [&str; 5] = ["id", "content_digest", "value", "amount", "detail"];

/// A file ready to be stored, and its entry in the log.
pub(crate) struct DataFile {
    pub(crate) bytes: Bytes,
    pub(crate) add: Add,
}

/// Encodes rows into one file for each folder. `name` gives unique file names; CPU-bound.
pub(crate) fn encode(
    table: Table,
    batches: &[RecordBatch],
    data_change: bool,
    now_ms: i64,
    name: impl Fn() -> String,
) -> Result<Vec<DataFile>, LakeError> {
    let schema = table.schema();
    let rows = |why: String| LakeError::Rows { table: table.name(), why };
    let batches = batches
        .iter()
        .map(|batch| RecordBatch::try_new(schema.clone(), batch.columns().to_vec()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| rows(error.to_string()))?;
    let batch = match batches.as_slice() {
        [one] => one.clone(),
        many => concat_batches(&schema, many)?,
    };
    let mut files = Vec::new();
    for (folder, part) in by_folder(table, batch)? {
        let part = sorted(table, part)?;
        let kept: Vec<_> = (0..schema.fields().len())
            .filter(|at| !table.partition_columns().contains(&schema.field(*at).name().as_str()))
            .collect();
        let stats = statistics(&part, statistics_columns(table));
        let part = RecordBatch::try_new(file_schema(table), part.project(&kept)?.columns().to_vec())?;
        let bytes = parquet_bytes(table, &part)?;
        let prefix: String = folder.iter().map(|(column, value)| format!("{column}={value}/")).collect();
        files.push(DataFile {
            add: Add {
                path: format!("{prefix}{}.parquet", name()),
                size: bytes.len() as i64,
                partition_values: folder.into_iter().map(|(column, value)| (column, Some(value))).collect(),
                modification_time: now_ms,
                data_change,
                stats: Some(stats),
                ..Add::default()
            },
            bytes,
        });
    }
    Ok(files)
}

/// Column and value of each folder level.
type Folder = Vec<(String, String)>;

fn by_folder(table: Table, batch: RecordBatch) -> Result<Vec<(Folder, RecordBatch)>, LakeError> {
    let [column] = table.partition_columns() else {
        return Ok(if batch.num_rows() == 0 { Vec::new() } else { vec![(Folder::new(), batch)] });
    };
    let values = batch
        .column_by_name(column)
        .and_then(|array| array.as_primitive_opt::<Int32Type>())
        .ok_or_else(|| LakeError::Rows { table: table.name(), why: format!("{column} is no int32") })?;
    let mut rows: BTreeMap<i32, Vec<u32>> = BTreeMap::new();
    for (row, value) in values.values().iter().enumerate() {
        rows.entry(*value).or_default().push(row as u32);
    }
    let folder = |value: i32| vec![((*column).to_owned(), value.to_string())];
    if rows.len() == 1 {
        return Ok(rows.into_keys().map(|value| (folder(value), batch.clone())).collect());
    }
    rows.into_iter()
        .map(|(value, rows)| Ok((folder(value), take_record_batch(&batch, &UInt32Array::from(rows))?)))
        .collect()
}

fn sorted(table: Table, batch: RecordBatch) -> Result<RecordBatch, LakeError> {
    let keys: Vec<&StringArray> = sort_columns(table)
        .iter()
        .filter_map(|name| batch.column_by_name(name))
        .filter_map(|array| array.as_string_opt::<i32>())
        .collect();
    let [first, second] = keys.as_slice() else { return Ok(batch) };
    let key = |row: u32| (first.value(row as usize), second.value(row as usize));
    let rows = batch.num_rows() as u32;
    if (1..rows).all(|row| key(row - 1) <= key(row)) {
        return Ok(batch);
    }
    let mut order: Vec<u32> = (0..rows).collect();
    order.sort_by(|a, b| key(*a).cmp(&key(*b)));
    Ok(take_record_batch(&batch, &UInt32Array::from(order))?)
}

fn parquet_bytes(table: Table, batch: &RecordBatch) -> Result<Bytes, LakeError> {
    let mut properties = WriterProperties::builder()
        .set_created_by("helan".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_statistics_truncate_length(None)
        .set_column_index_truncate_length(None);
    for name in sort_columns(table) {
        properties = properties.set_column_statistics_enabled(ColumnPath::from(*name), EnabledStatistics::Page);
    }
    for name in bloom_columns(table) {
        properties = properties
            .set_column_bloom_filter_enabled(ColumnPath::from(*name), true)
            .set_column_bloom_filter_max_ndv(ColumnPath::from(*name), batch.num_rows().max(1) as u64);
    }
    for name in WITHOUT_DICTIONARY {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(name), false);
    }
    let options = ArrowWriterOptions::new().with_properties(properties.build()).with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options)?;
    writer.write(batch)?;
    Ok(writer.into_inner()?.into())
}

impl DataFile {
    /// Where it belongs below the table, what to store there, and its entry in the log.
    pub(crate) fn split(self) -> (object_store::path::Path, Bytes, Add) {
        (object_store::path::Path::from(self.add.path.as_str()), self.bytes, self.add)
    }
}

/// Reads a whole Parquet file back into batches of a table's columns, folders' columns filled in.
pub(crate) fn decode(table: Table, bytes: Bytes, folder: &PartitionValues) -> Result<Vec<RecordBatch>, LakeError> {
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(bytes)?
        .with_batch_size(ROW_GROUP_ROWS)
        .build()?;
    let schema = table.schema();
    reader
        .map(|batch| {
            let batch = batch?;
            let columns = schema.fields().iter().map(|field| match batch.column_by_name(field.name()) {
                Some(column) => Ok(arrow::compute::cast(column, field.data_type())?),
                None => {
                    let value = folder.get(field.name()).cloned().flatten();
                    let texts = StringArray::from(vec![value; batch.num_rows()]);
                    Ok(arrow::compute::cast(&(Arc::new(texts) as Arc<dyn Array>), field.data_type())?)
                }
            });
            Ok(RecordBatch::try_new(schema.clone(), columns.collect::<Result<_, LakeError>>()?)?)
        })
        .collect()
}

/// Partition values as an `Add` carries them.
pub(crate) type PartitionValues = std::collections::HashMap<String, Option<String>>;
