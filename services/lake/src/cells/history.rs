//! Every statement that was folded, sorted by what it is about: a question about some indicators reads theirs, and not all
//! events, which lie in the order of their ids.
//!
//! It is written beside the newest of each kind, and stands in the same entry.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray, UInt32Array};
use arrow::compute::{cast, concat_batches, take_record_batch};
use arrow::datatypes::{Date32Type, Schema, SchemaRef};
use bytes::Bytes;
use deltalake_core::datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use serde::{Deserialize, Serialize};

use super::runs::Writer;
use super::state::{self, Counts};
use super::statements::{column, text};
use super::{BASIS_EPOCH, FIRST_RECEIVED_AT, STATEMENTS, WITHDRAWN_AT};
use crate::error::LakeError;

/// Statements that are sorted together.
const AT_ONCE: usize = 400_000;
/// Rows of a file, and …
const FILE_ROWS: usize = 100_000;
/// … of a row group, which is skipped or read as a whole.
const GROUP_ROWS: usize = 16_384;
/// Stretches of about one length that are put together, unless each is at least half as long as one can be.
const TOGETHER: usize = 8;
/// Columns that hardly a question asks for; digests alone would be half of it.
const LEFT_OUT: [&str; 6] = ["content_digest", "conf_status", "prepared_by", "reviewed_by", "approved_by", "evidence"];
/// What follows from other columns, or events.
const FOLLOWS: [&str; 4] = [WITHDRAWN_AT, BASIS_EPOCH, STATEMENTS, FIRST_RECEIVED_AT];
/// Columns by which row groups are skipped.
const SKIPPED_BY: [&str; 5] = ["indicator", "period_end", "time_period", "ref_area", "known_at"];
/// Columns whose values hardly repeat: a dictionary would be built only to be dropped.
const WITHOUT_DICTIONARY: [&str; 3] = ["id", "value", "amount"];

/// Statements that were sorted together.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Stretch {
    /// Its files by name.
    pub(crate) files: BTreeMap<String, Slice>,
    /// How many statements it has.
    pub(crate) rows: usize,
}

/// A file of a stretch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Slice {
    pub(crate) bytes: u64,
    /// The first indicator in it.
    from: String,
    /// The last one.
    to: String,
}

impl Slice {
    /// Whether it may have statements of some indicators.
    pub(super) fn may_have(&self, indicators: &BTreeSet<String>) -> bool {
        indicators.range(self.from.clone()..=self.to.clone()).next().is_some()
    }
}

/// The columns of statements as they lie here: those of folded ones, without what follows from others.
pub(super) fn schema() -> SchemaRef {
    without(&[&LEFT_OUT[..], &FOLLOWS[..]].concat())
}

/// With what follows from others.
pub(super) fn with_what_follows() -> SchemaRef {
    without(&LEFT_OUT)
}

fn without(names: &[&str]) -> SchemaRef {
    let all = state::schema();
    let kept = all.fields().iter().filter(|field| !names.contains(&field.name().as_str()));
    Arc::new(Schema::new(kept.cloned().collect::<Vec<_>>()))
}

/// Takes statements, and writes them sorted, so many at a time.
pub(super) struct Sorter<'w, 'l> {
    writer: &'w Writer<'l>,
    schema: SchemaRef,
    held: Vec<RecordBatch>,
    rows: usize,
    written: Vec<Stretch>,
    counts: Counts,
}

impl<'w, 'l> Sorter<'w, 'l> {
    pub(super) fn new(writer: &'w Writer<'l>) -> Self {
        Self { writer, schema: schema(), held: Vec::new(), rows: 0, written: Vec::new(), counts: Counts::new() }
    }

    /// Adds statements, which have all columns.
    pub(super) async fn add(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        let columns =
            self.schema.fields().iter().map(|field| -> Result<ArrayRef, LakeError> {
                Ok(cast(column(batch, field.name())?, field.data_type())?)
            });
        let batch = RecordBatch::try_new(self.schema.clone(), columns.collect::<Result<Vec<_>, _>>()?)?;
        self.rows += batch.num_rows();
        state::count(&batch, &mut self.counts)?;
        if batch.num_rows() > 0 {
            self.held.push(batch);
        }
        if self.rows >= AT_ONCE { self.write().await } else { Ok(()) }
    }

    /// What was written, and how many statements these are.
    pub(super) async fn finish(mut self) -> Result<(Vec<Stretch>, Counts), LakeError> {
        self.write().await?;
        Ok((self.written, self.counts))
    }

    async fn write(&mut self) -> Result<(), LakeError> {
        let (held, rows) = (std::mem::take(&mut self.held), std::mem::take(&mut self.rows));
        if rows == 0 {
            return Ok(());
        }
        let files = tokio::task::spawn_blocking(move || files_of(held))
            .await
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        let mut stretch = Stretch { rows, ..Stretch::default() };
        for (bytes, slice) in files {
            stretch.files.insert(self.writer.put(bytes).await?, slice);
        }
        self.written.push(stretch);
        Ok(())
    }
}

/// Statements as files, sorted by indicator, last day of the period and area. CPU-bound.
fn files_of(batches: Vec<RecordBatch>) -> Result<Vec<(Bytes, Slice)>, LakeError> {
    let schema = schema();
    let all = concat_batches(&schema, &batches)?;
    drop(batches);
    let (indicators, areas) = (text(&all, "indicator")?, text(&all, "ref_area")?);
    let (of_indicator, of_area) = (places(&indicators), places(&areas));
    let days = column(&all, "period_end")?.as_primitive::<Date32Type>();
    // What is unknown comes first.
    let day = |row: usize| if days.is_null(row) { i32::MIN } else { days.value(row) };
    let mut order: Vec<(u32, i32, u32, u32)> =
        (0..all.num_rows()).map(|row| (of_indicator[row], day(row), of_area[row], row as u32)).collect();
    order.sort_unstable();
    let mut files = Vec::new();
    for order in order.chunks(FILE_ROWS) {
        let mut file = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties()?))?;
        for order in order.chunks(GROUP_ROWS) {
            let rows = UInt32Array::from_iter_values(order.iter().map(|(.., row)| *row));
            file.write(&take_record_batch(&all, &rows)?)?;
        }
        let bytes: Bytes = file.into_inner()?.into();
        let name = |at: Option<&(u32, i32, u32, u32)>| {
            at.map(|(.., row)| value(&indicators, *row as usize).to_owned()).unwrap_or_default()
        };
        let slice = Slice { bytes: bytes.len() as u64, from: name(order.first()), to: name(order.last()) };
        files.push((bytes, slice));
    }
    Ok(files)
}

/// A text; what is unknown counts as the empty one.
fn value(texts: &StringViewArray, row: usize) -> &str {
    if texts.is_null(row) { "" } else { texts.value(row) }
}

/// By row, the place of its text among all.
fn places(texts: &StringViewArray) -> Vec<u32> {
    let all: HashSet<&str> = (0..texts.len()).map(|row| value(texts, row)).collect();
    let mut all: Vec<&str> = all.into_iter().collect();
    all.sort_unstable();
    let places: HashMap<&str, u32> = all.into_iter().zip(0..).collect();
    (0..texts.len()).map(|row| places.get(value(texts, row)).copied().unwrap_or_default()).collect()
}

fn properties() -> Result<WriterProperties, LakeError> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::None);
    for name in SKIPPED_BY {
        properties = properties.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::Chunk);
    }
    for name in WITHOUT_DICTIONARY {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(name), false);
    }
    Ok(properties.build())
}

/// Puts short stretches together. Whether what was written before could be read.
pub(super) async fn put_together(
    writer: &Writer<'_>,
    context: &SessionContext,
    stretches: &mut Vec<Stretch>,
) -> Result<bool, LakeError> {
    while let Some(short) = short(stretches) {
        let mut sorter = Sorter::new(writer);
        let short: Vec<Stretch> = short.into_iter().rev().map(|at| stretches.remove(at)).collect();
        for stretch in &short {
            if !writer.is_sound(stretch.files.keys()).await? {
                return Ok(false);
            }
            let mut rows =
                writer.folder.frame(context.runtime_env(), stretch.files.keys(), schema())?.execute_stream().await?;
            while let Some(batch) = rows.try_next().await? {
                sorter.add(&batch).await?;
            }
        }
        stretches.extend(sorter.finish().await?.0);
        writer.discard(short.iter().flat_map(|stretch| stretch.files.keys())).await?;
    }
    Ok(true)
}

/// Stretches of about one length, if there are enough that are short.
fn short(stretches: &[Stretch]) -> Option<Vec<usize>> {
    let mut of_length: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (at, stretch) in stretches.iter().enumerate().filter(|(_, stretch)| stretch.rows < AT_ONCE / 2) {
        of_length.entry(stretch.rows.max(1).ilog(TOGETHER)).or_default().push(at);
    }
    of_length.into_values().find(|short| short.len() >= TOGETHER)
}
