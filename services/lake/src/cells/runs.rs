//! Runs of folded statements: written once, and put together when the newer ones are about as long as one before, so that
//! folding costs what is new and reading opens few files.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{cast, interleave_record_batch};
use arrow::row::{RowConverter, SortField};
use bytes::Bytes;
use deltalake_core::datafusion::logical_expr::{col, lit};
use deltalake_core::datafusion::prelude::SessionContext;
use object_store::ObjectStoreExt;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::folder::Folder;
use super::gather::{Cell, add_all, without};
use super::reduce::{Reducer, kinds};
use super::state::{self, Counts, Run};
use super::statements::column;
use crate::damage::in_chain;
use crate::digests;
use crate::error::LakeError;
use crate::lake::Lake;

/// Rows of a file, and …
const FILE_ROWS: usize = 200_000;
/// … of a row group, which is skipped or read as a whole.
const GROUP_ROWS: usize = 16_384;
/// Rows that are written at once.
const OUT_ROWS: usize = 8192;
/// Statements that are put together at once.
const AT_ONCE: u64 = 200_000;

/// Writes files into a folder.
pub(super) struct Writer<'l> {
    lake: &'l Lake,
    pub(super) folder: Folder,
    /// Files that it has written, which no entry names yet.
    own: Mutex<BTreeSet<String>>,
}

impl<'l> Writer<'l> {
    pub(super) fn new(lake: &'l Lake, folder: Folder) -> Self {
        Self { lake, folder, own: Mutex::default() }
    }

    /// Writes a run.
    pub(super) async fn write(&self, batches: Vec<RecordBatch>, replaces: BTreeSet<Cell>) -> Result<Run, LakeError> {
        let mut run = Run { replaces, counts: counts(&batches)?, ..Run::default() };
        let written = tokio::task::spawn_blocking(move || files_of(&batches))
            .await
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        for bytes in written {
            let size = bytes.len() as u64;
            run.files.insert(self.put(bytes).await?, size);
        }
        Ok(run)
    }

    /// Stores a file, and gives its name.
    pub(super) async fn put(&self, bytes: Bytes) -> Result<String, LakeError> {
        let name = digests::name(&self.lake.clock().new_id(), &bytes);
        self.folder.store.put(&self.folder.file(&name), bytes.into()).await?;
        self.own.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
        Ok(name)
    }

    /// Deletes those of some files that it has written itself: nobody else knows them, and much is put together before an entry
    /// names what came of it.
    pub(super) async fn discard<'n>(&self, names: impl Iterator<Item = &'n String>) -> Result<(), LakeError> {
        for name in names {
            let is_own = self.own.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
            if is_own {
                self.folder.store.delete(&self.folder.file(name)).await?;
            }
        }
        Ok(())
    }

    /// Puts the last runs together, all at once: from the first on that is at most twice as long as those after it together. Whether
    /// what was written before could be read.
    pub(super) async fn merge(&self, context: &SessionContext, runs: &mut Vec<Run>) -> Result<bool, LakeError> {
        let after = |at: usize| runs[at + 1..].iter().map(Run::len).sum::<u64>();
        let Some(from) = (0..runs.len()).find(|at| at + 1 < runs.len() && runs[*at].len() <= 2 * after(*at)) else {
            return Ok(true);
        };
        let last = runs.split_off(from);
        let names = || last.iter().flat_map(|run| run.files.keys());
        if !self.is_sound(names()).await? {
            return Ok(false);
        }
        let mut run = self.merged(context, &last).await?;
        if from > 0 {
            run.replaces = last.iter().flat_map(|run| &run.replaces).cloned().collect();
        }
        runs.push(run);
        self.discard(names()).await?;
        Ok(true)
    }

    /// Several runs as one, the oldest first: some indicators at a time.
    async fn merged(&self, context: &SessionContext, runs: &[Run]) -> Result<Run, LakeError> {
        let mut run = Run::default();
        let mut all = Counts::new();
        runs.iter().for_each(|run| state::add(&mut all, &run.counts));
        let mut waiting: Vec<(String, u64)> =
            all.into_iter().rev().map(|(name, years)| (name, years.values().sum())).collect();
        while !waiting.is_empty() {
            let mut names = Vec::new();
            let mut size = 0;
            while let Some((name, count)) = waiting.pop_if(|(_, count)| size == 0 || size + *count <= AT_ONCE) {
                size += count;
                names.push(lit(name));
            }
            let mut reducer = Reducer::new();
            let mut replaced = BTreeSet::new();
            for of in runs.iter().rev() {
                let rows = self.folder.frame(context.runtime_env(), of.files.keys(), state::schema())?;
                let rows = rows.filter(col("indicator").in_list(names.clone(), false))?;
                add_all(rows, &mut reducer, &mut |_| Ok(()), |batch| without(batch, &replaced)).await?;
                replaced.extend(of.replaces.iter().cloned());
            }
            let part = self.write(reducer.finish()?, BTreeSet::new()).await?;
            run.files.extend(part.files);
            state::add(&mut run.counts, &part.counts);
        }
        Ok(run)
    }

    /// Whether files are what was written.
    pub(super) async fn is_sound<'n>(&self, names: impl Iterator<Item = &'n String>) -> Result<bool, LakeError> {
        for name in names {
            let path = self.folder.file(name);
            match self.lake.store().compare(&path).await {
                Ok(_) => {}
                Err(error) if in_chain(&error).is_some() => {
                    self.lake.leave_cells();
                    return Ok(false);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }
}

/// How many statements there are.
fn counts(batches: &[RecordBatch]) -> Result<Counts, LakeError> {
    let mut counts = Counts::new();
    for batch in batches {
        state::count(batch, &mut counts)?;
    }
    Ok(counts)
}

/// Statements as files, sorted by what they are about. CPU-bound.
fn files_of(batches: &[RecordBatch]) -> Result<Vec<Bytes>, LakeError> {
    let schema = state::schema();
    let mut places = Vec::new();
    let mut converter: Option<RowConverter> = None;
    let mut rows = Vec::with_capacity(batches.len());
    for batch in batches {
        let keys = kinds(batch)?;
        let converter = match &mut converter {
            Some(converter) => converter,
            None => {
                let fields = keys.iter().map(|column| SortField::new(column.data_type().clone()));
                converter.insert(RowConverter::new(fields.collect())?)
            }
        };
        rows.push(converter.convert_columns(&keys)?);
    }
    for (batch, rows) in rows.iter().enumerate() {
        places.extend((0..rows.num_rows()).map(|row| (batch, row)));
    }
    places.sort_unstable_by(|one, other| rows[one.0].row(one.1).cmp(&rows[other.0].row(other.1)));
    drop(rows);
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .build();
    let mut files = Vec::new();
    for places in places.chunks(FILE_ROWS) {
        let mut file = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties.clone()))?;
        for places in places.chunks(OUT_ROWS) {
            let rows = interleave_record_batch(&batches, places)?;
            let columns = schema.fields().iter().map(|field| -> Result<ArrayRef, LakeError> {
                Ok(cast(column(&rows, field.name())?, field.data_type())?)
            });
            file.write(&RecordBatch::try_new(schema.clone(), columns.collect::<Result<Vec<_>, _>>()?)?)?;
        }
        files.push(file.into_inner()?.into());
    }
    Ok(files)
}
