//! Every statement that was folded, sorted by what it is about: a question about some indicators reads theirs, and not all
//! events, which lie in the order of their ids.
//!
//! It is written beside the newest of each kind, and stands in the same entry.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{cast, interleave_record_batch};
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
use super::state;
use super::statements::{column, text};
use super::{BASIS_EPOCH, FIRST_RECEIVED_AT, STATEMENTS, WITHDRAWN_AT};
use crate::error::LakeError;

/// Statements that are sorted together.
const AT_ONCE: usize = 400_000;
/// Rows of a file, and …
const FILE_ROWS: usize = 100_000;
/// … of a row group, which is skipped or read as a whole.
const GROUP_ROWS: usize = 8192;
/// Stretches of about one length that are put together, unless each is at least half as long as one can be.
const TOGETHER: usize = 8;
/// Digests would be half of it, and hardly a question asks for them.
const LEFT_OUT: &str = "content_digest";
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
    without(&[LEFT_OUT, WITHDRAWN_AT, BASIS_EPOCH, STATEMENTS, FIRST_RECEIVED_AT])
}

/// With what follows from others.
pub(super) fn with_what_follows() -> SchemaRef {
    without(&[LEFT_OUT])
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
}

impl<'w, 'l> Sorter<'w, 'l> {
    pub(super) fn new(writer: &'w Writer<'l>) -> Self {
        Self { writer, schema: schema(), held: Vec::new(), rows: 0, written: Vec::new() }
    }

    /// Adds statements, which have all columns.
    pub(super) async fn add(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        let columns =
            self.schema.fields().iter().map(|field| -> Result<ArrayRef, LakeError> {
                Ok(cast(column(batch, field.name())?, field.data_type())?)
            });
        let batch = RecordBatch::try_new(self.schema.clone(), columns.collect::<Result<Vec<_>, _>>()?)?;
        self.rows += batch.num_rows();
        if batch.num_rows() > 0 {
            self.held.push(batch);
        }
        if self.rows >= AT_ONCE { self.write().await } else { Ok(()) }
    }

    /// What was written.
    pub(super) async fn finish(mut self) -> Result<Vec<Stretch>, LakeError> {
        self.write().await?;
        Ok(self.written)
    }

    async fn write(&mut self) -> Result<(), LakeError> {
        let (held, rows) = (std::mem::take(&mut self.held), std::mem::take(&mut self.rows));
        if rows == 0 {
            return Ok(());
        }
        let files = tokio::task::spawn_blocking(move || files_of(&held))
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
fn files_of(batches: &[RecordBatch]) -> Result<Vec<(Bytes, Slice)>, LakeError> {
    let (indicators, areas) = (Ranks::of(batches, "indicator")?, Ranks::of(batches, "ref_area")?);
    let mut places = Vec::with_capacity(indicators.rows.iter().map(Vec::len).sum());
    for (at, batch) in batches.iter().enumerate() {
        let days = column(batch, "period_end")?.as_primitive::<Date32Type>();
        places.extend((0..batch.num_rows()).map(|row| {
            let day = if days.is_null(row) { i32::MIN } else { days.value(row) };
            (indicators.rows[at][row], day, areas.rows[at][row], at, row)
        }));
    }
    places.sort_unstable();
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    let mut files = Vec::new();
    for places in places.chunks(FILE_ROWS) {
        let mut file = ArrowWriter::try_new(Vec::new(), schema(), Some(properties()?))?;
        for places in places.chunks(GROUP_ROWS) {
            let rows: Vec<(usize, usize)> = places.iter().map(|(_, _, _, batch, row)| (*batch, *row)).collect();
            file.write(&interleave_record_batch(&batches, &rows)?)?;
        }
        let bytes: Bytes = file.into_inner()?.into();
        let name = |place: Option<&(u32, i32, u32, usize, usize)>| {
            place.and_then(|place| indicators.names.get(place.0 as usize)).cloned().unwrap_or_default()
        };
        let slice = Slice { bytes: bytes.len() as u64, from: name(places.first()), to: name(places.last()) };
        files.push((bytes, slice));
    }
    Ok(files)
}

/// The places of a column's texts among each other; what is unknown counts as the empty text.
struct Ranks {
    /// The texts in order.
    names: Vec<String>,
    /// By batch and row.
    rows: Vec<Vec<u32>>,
}

impl Ranks {
    fn of(batches: &[RecordBatch], name: &str) -> Result<Self, LakeError> {
        let texts = batches.iter().map(|batch| text(batch, name)).collect::<Result<Vec<_>, _>>()?;
        let value = |at: usize, row: usize| if texts[at].is_null(row) { "" } else { texts[at].value(row) };
        let rows = |at: usize| 0..texts[at].len();
        let all: BTreeSet<&str> = (0..texts.len())
            .flat_map(|at| rows(at).map(move |row| (at, row)))
            .map(|(at, row)| value(at, row))
            .collect();
        let places: HashMap<&str, u32> = all.iter().zip(0..).map(|(name, place)| (*name, place)).collect();
        let place = |at: usize, row: usize| places.get(value(at, row)).copied().unwrap_or_default();
        let ranked = (0..texts.len()).map(|at| rows(at).map(|row| place(at, row)).collect()).collect();
        Ok(Self { names: all.iter().map(|name| (*name).to_owned()).collect(), rows: ranked })
    }
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
            let mut rows = writer.folder.frame(context, stretch.files.keys(), schema())?.execute_stream().await?;
            while let Some(batch) = rows.try_next().await? {
                sorter.add(&batch).await?;
            }
        }
        stretches.extend(sorter.finish().await?);
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
