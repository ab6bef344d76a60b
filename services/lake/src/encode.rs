//! Rows to Parquet files: split by folder, sorted, compressed, with the statistics that let readers skip.

use std::collections::BTreeMap;

use arrow::array::{AsArray, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::Int32Type;
use bytes::Bytes;
use deltalake_core::kernel::Add;
use helan_schemas::tables::Table;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::digests;
use crate::error::LakeError;
use crate::statistics::Statistics;
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
        .map(|batch| table.aligned(batch))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| rows(error.to_string()))?;
    let batch = match batches.as_slice() {
        [one] => one.clone(),
        many => concat_batches(&schema, many)?,
    };
    let mut files = Vec::new();
    for (folder, part) in by_folder(table, batch)? {
        let part = sorted(table, part)?;
        let mut file = FileWriter::new(table, folder, part.num_rows())?;
        file.write(&part)?;
        files.push(file.finish(data_change, now_ms, name())?);
    }
    Ok(files)
}

/// A file in the making: takes rows batch by batch and holds little more than their encoded form.
pub(crate) struct FileWriter {
    table: Table,
    folder: Folder,
    /// Positions of the columns that stand in the file.
    kept: Vec<usize>,
    statistics: Statistics,
    writer: ArrowWriter<Vec<u8>>,
}

impl FileWriter {
    /// A file of one folder that will hold about so many rows.
    pub(crate) fn new(table: Table, folder: Folder, rows: usize) -> Result<Self, LakeError> {
        let schema = table.schema();
        let kept = (0..schema.fields().len())
            .filter(|at| !table.partition_columns().contains(&schema.field(*at).name().as_str()))
            .collect();
        let options =
            ArrowWriterOptions::new().with_properties(properties(table, rows)?).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(Vec::new(), file_schema(table), options)?;
        Ok(Self { table, folder, kept, statistics: Statistics::new(statistics_columns(table)), writer })
    }

    /// Adds rows, which have all columns of the table and are sorted as it wants.
    pub(crate) fn write(&mut self, rows: &RecordBatch) -> Result<(), LakeError> {
        self.statistics.add(rows);
        let rows = RecordBatch::try_new(file_schema(self.table), rows.project(&self.kept)?.columns().to_vec())?;
        Ok(self.writer.write(&rows)?)
    }

    /// The file, and its entry under a name of `name`, which is a ULID, and its digest.
    pub(crate) fn finish(self, data_change: bool, now_ms: i64, name: String) -> Result<DataFile, LakeError> {
        let bytes: Bytes = self.writer.into_inner()?.into();
        let prefix: String = self.folder.iter().map(|(column, value)| format!("{column}={value}/")).collect();
        let add = Add {
            path: format!("{prefix}{}", digests::name(&name, &bytes)),
            size: bytes.len() as i64,
            partition_values: self.folder.into_iter().map(|(column, value)| (column, Some(value))).collect(),
            modification_time: now_ms,
            data_change,
            stats: Some(self.statistics.to_json()),
            ..Add::default()
        };
        Ok(DataFile { bytes, add })
    }
}

/// Column and value of each folder level.
pub(crate) type Folder = Vec<(String, String)>;

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

fn properties(table: Table, rows: usize) -> Result<WriterProperties, LakeError> {
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
            .set_column_bloom_filter_max_ndv(ColumnPath::from(*name), rows.max(1) as u64);
    }
    for name in WITHOUT_DICTIONARY {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(name), false);
    }
    Ok(properties.build())
}

impl DataFile {
    /// Where it belongs below the table, what to store there, and its entry in the log.
    pub(crate) fn split(self) -> (object_store::path::Path, Bytes, Add) {
        (object_store::path::Path::from(self.add.path.as_str()), self.bytes, self.add)
    }
}

/// A Parquet file read back batch by batch into a table's columns, folders' columns filled in.
pub(crate) struct FileRows {
    table: Table,
    folder: PartitionValues,
    /// None once every row was read: an open reader holds buffers for each column, however few rows there are.
    reader: Option<ParquetRecordBatchReader>,
    left: usize,
}

impl FileRows {
    /// Reads a file of a folder in batches of at most so many rows.
    pub(crate) fn open(table: Table, bytes: Bytes, folder: &PartitionValues, rows: usize) -> Result<Self, LakeError> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
        let left = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
        Ok(Self { table, folder: folder.clone(), reader: Some(builder.with_batch_size(rows).build()?), left })
    }
}

impl Iterator for FileRows {
    type Item = Result<RecordBatch, LakeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = match self.reader.as_mut()?.next()? {
            Ok(batch) => batch,
            Err(error) => return Some(Err(error.into())),
        };
        self.left = self.left.saturating_sub(batch.num_rows());
        if self.left == 0 {
            self.reader = None;
        }
        let schema = self.table.schema();
        let columns = schema.fields().iter().map(|field| match batch.column_by_name(field.name()) {
            Some(column) => arrow::compute::cast(column, field.data_type()),
            None => {
                let value = self.folder.get(field.name()).cloned().flatten();
                let texts = StringArray::from(vec![value; batch.num_rows()]);
                arrow::compute::cast(&texts, field.data_type())
            }
        });
        let columns = columns.collect::<Result<Vec<_>, _>>();
        Some(columns.and_then(|columns| RecordBatch::try_new(schema.clone(), columns)).map_err(LakeError::from))
    }
}

/// Partition values as an `Add` carries them.
pub(crate) type PartitionValues = std::collections::HashMap<String, Option<String>>;
