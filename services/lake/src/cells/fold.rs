//! Folds what came since into the statements that stand, and deletes what nobody reads any more.
//!
//! Two that fold at once are harmless: each writes files of its own, and one entry of a number is written. What a crash
//! leaves is deleted once it is old.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::{DatePart, cast, date_part, interleave_record_batch};
use arrow::datatypes::{DataType, Int16Type, Int64Type};
use arrow::row::{RowConverter, SortField};
use bytes::Bytes;
use deltalake_core::datafusion::catalog::TableProvider;
use deltalake_core::datafusion::common::ScalarValue;
use deltalake_core::datafusion::functions_aggregate::expr_fn::{max, min};
use deltalake_core::datafusion::logical_expr::{Expr, col, lit};
use deltalake_core::datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use futures::TryStreamExt;
use helan_schemas::tables::Table;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::gather::{Terms, standing};
use super::reduce::kinds;
use super::state::{self, Counts, Entry, State, entry_path, number, numbers, place};
use super::statements::{column, int, text, time};
use crate::damage::in_chain;
use crate::digests::{self, UNSET, sealed};
use crate::error::LakeError;
use crate::lake::Lake;
use crate::maintain::MIN_ORPHAN_AGE_MS;
use crate::snapshot::TableSnapshot;
use crate::vacuum::store_time;

/// Rows that are read at each question before it is worth folding them.
pub const WORTH_FOLDING: usize = 20_000;
/// Rows of a file, and …
const FILE_ROWS: usize = 200_000;
/// … of a row group, which is skipped or read as a whole.
const GROUP_ROWS: usize = 16_384;
/// Rows that are written at once.
const OUT_ROWS: usize = 8192;
/// Later than anything a lake can hold: 9999-12-31.
const EVERYTHING: i64 = 253_370_764_800_000_000;

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Events that were folded.
    pub events: usize,
    /// Statements that stand for all events that are folded now.
    pub statements: usize,
    /// Whether another process folded the same meanwhile, and this one left it at that.
    pub backed_off: bool,
    /// Files deleted.
    pub deleted: usize,
}

/// Folds the events of a lake if that is worth it: at least so many rows would be read at each question otherwise.
/// `edges` are those of [`Terms`]: with others than before, everything is folded anew. With `delete_ms`, files that nobody
/// needs are deleted once they are that old by the store's clock, at least [`MIN_ORPHAN_AGE_MS`].
///
/// # Errors
/// If the store fails.
pub async fn fold(
    lake: &Lake,
    edges: &Arc<BTreeMap<String, Vec<i64>>>,
    worth: usize,
    delete_ms: Option<i64>,
) -> Result<Report, LakeError> {
    let events = lake.snapshot(Table::Events).await?;
    let mut report = Report::default();
    fold_events(lake, &events, edges, worth.max(1), &mut report).await?;
    if let Some(age) = delete_ms {
        report.deleted = clean(lake, &events, age.max(MIN_ORPHAN_AGE_MS)).await?;
    }
    Ok(report)
}

async fn fold_events(
    lake: &Lake,
    events: &TableSnapshot,
    edges: &Arc<BTreeMap<String, Vec<i64>>>,
    worth: usize,
    report: &mut Report,
) -> Result<(), LakeError> {
    let mut sources = events.statement_sources().await?;
    sources.folded = sources.folded.filter(|folded| folded.state.entry.edges == **edges);
    let before = sources.folded.as_ref().map(|folded| folded.state.entry.clone());
    let files = events.files();
    let is_rest = |path: &String| before.as_ref().is_none_or(|entry| !entry.events_files.contains(path));
    let rest_rows: usize = files.iter().filter(|file| is_rest(&file.path)).filter_map(|file| file.rows).sum();
    if rest_rows < worth {
        return Ok(());
    }
    if let Some(folded) = &sources.folded
        && !is_sound(lake, &folded.state).await?
    {
        // From now on it is passed over: an earlier entry is folded on, or everything.
        return Box::pin(fold_events(lake, events, edges, worth, report)).await;
    }
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    // A row from the future counts from its day on: until then it, and what came after it, is read at each question.
    let limits = limits(&context, &sources.events, lake.clock().now()).await?;
    let all_files = files.into_iter().map(|file| file.path).collect();
    let mut entry = Entry {
        digest: UNSET.to_owned(),
        format: state::format(),
        table: events.state().metadata().id().to_owned(),
        columns: state::columns(),
        edges: (**edges).clone(),
        events_version: events.version(),
        known_until: before.as_ref().map_or(i64::MIN, |entry| entry.known_until),
        before: before.as_ref().map_or_else(BTreeMap::new, |entry| entry.before.clone()),
        rows: 0,
        events_files: if limits.is_empty() { all_files } else { BTreeSet::new() },
        files: BTreeMap::new(),
        counts: BTreeMap::new(),
    };
    if !limits.is_empty() {
        sources.events = below(&context, &sources.events, &limits)?;
        if let Some(folded) = &mut sources.folded {
            folded.rest = below(&context, &folded.rest, &limits)?;
        }
    }
    let news = sources.folded.as_ref().map_or(&sources.events, |folded| &folded.rest);
    ends(context.read_table(news.clone())?, &mut entry).await?;
    entry.rows = match (limits.is_empty(), events.row_count()) {
        (true, Some(rows)) => rows,
        _ => context.read_table(sources.events.clone())?.count().await?,
    };
    report.events = entry.rows - before.as_ref().map_or(0, |entry| entry.rows);
    if let Some(folded) = &mut sources.folded {
        folded.rows = entry.rows;
    }
    let (store, folder, _) = place(events)?;
    match &before {
        // The same rows in other files, which maintenance has put together.
        Some(before) if report.events == 0 => {
            entry.files = before.files.clone();
            entry.counts = before.counts.clone();
        }
        _ => {
            let terms = Terms { as_of: EVERYTHING, recorded: EVERYTHING, edges: edges.clone() };
            let schema = state::schema();
            let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            let batches = standing(&context, &sources, &terms, &names, &[], &mut |_| Ok(())).await?.statements;
            report.statements = batches.iter().map(RecordBatch::num_rows).sum();
            entry.counts = counts(&batches)?;
            let written = tokio::task::spawn_blocking(move || files_of(&batches))
                .await
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
            for bytes in written {
                let name = digests::name(&lake.clock().new_id(), &bytes);
                let size = bytes.len() as u64;
                store.put(&folder.clone().join(name.as_str()), bytes.into()).await?;
                entry.files.insert(name, size);
            }
        }
    }
    let number = numbers(store.as_ref(), &folder).await?.last().map_or(0, |last| last + 1);
    let bytes =
        serde_json::to_string(&entry).map_err(|error| LakeError::Rows { table: "cells", why: error.to_string() })?;
    match store.put_opts(&entry_path(&folder, number), sealed(bytes).into(), PutOptions::from(PutMode::Create)).await {
        Ok(_) => Ok(()),
        Err(Error::AlreadyExists { .. }) => {
            report.backed_off = true;
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether the files that were folded before are what was written.
async fn is_sound(lake: &Lake, state: &State) -> Result<bool, LakeError> {
    for (path, _) in state.files() {
        match lake.store().compare(&path).await {
            Ok(_) => {}
            Err(error) if in_chain(&error).is_some() => {
                state.leave();
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

/// By topic and partition, the offset of the first row that is known or recorded later than now.
async fn limits(
    context: &SessionContext,
    events: &Arc<dyn TableProvider>,
    now: i64,
) -> Result<Vec<(String, i32, i64)>, LakeError> {
    let now = lit(ScalarValue::TimestampMicrosecond(Some(now), Some("UTC".into())));
    let later = col("known_at").gt(now.clone()).or(col("recorded_at").gt(now));
    let rows = context.read_table(events.clone())?.filter(later)?;
    let rows = rows.aggregate(vec![col("topic"), col("partition")], vec![min(col("\"offset\"")).alias("first")])?;
    let mut found = Vec::new();
    for batch in rows.collect().await? {
        let (topics, partitions) = (text(&batch, "topic")?, int(&batch, "partition")?);
        let first = batch.column(2).as_primitive::<Int64Type>();
        found.extend(
            (0..batch.num_rows()).map(|row| (topics.value(row).to_owned(), partitions.value(row), first.value(row))),
        );
    }
    Ok(found)
}

fn below(
    context: &SessionContext,
    events: &Arc<dyn TableProvider>,
    limits: &[(String, i32, i64)],
) -> Result<Arc<dyn TableProvider>, LakeError> {
    let beyond = limits.iter().map(|(topic, partition, first)| {
        let partition = col("topic").eq(lit(topic)).and(col("partition").eq(lit(*partition)));
        partition.and(col("\"offset\"").gt_eq(lit(*first)))
    });
    let beyond = beyond.reduce(Expr::or).unwrap_or_else(|| lit(false));
    Ok(context.read_table(events.clone())?.filter(!beyond)?.into_view())
}

/// How far the rows go, in the log and in time.
async fn ends(rows: DataFrame, entry: &mut Entry) -> Result<(), LakeError> {
    let ends = [("offset", "last"), ("known_at", "known"), ("recorded_at", "recorded")];
    let ends = ends.map(|(column, name)| max(col(format!("\"{column}\""))).alias(name));
    let rows = rows.aggregate(vec![col("topic"), col("partition")], ends.to_vec())?;
    for batch in rows.collect().await? {
        let (topics, partitions) = (text(&batch, "topic")?, int(&batch, "partition")?);
        let last = batch.column(2).as_primitive::<Int64Type>();
        let (known, recorded) = (time(&batch, "known")?, time(&batch, "recorded")?);
        for row in 0..batch.num_rows() {
            let topic = entry.before.entry(topics.value(row).to_owned()).or_default();
            let next = topic.entry(partitions.value(row)).or_insert(0);
            *next = (last.value(row) + 1).max(*next);
            entry.known_until = entry.known_until.max(known.value(row)).max(recorded.value(row));
        }
    }
    Ok(())
}

fn counts(batches: &[RecordBatch]) -> Result<Counts, LakeError> {
    let mut counts = Counts::new();
    for batch in batches {
        let indicators = text(batch, "indicator")?;
        let years = cast(&date_part(column(batch, "period_end")?, DatePart::Year)?, &DataType::Int16)?;
        let years = years.as_primitive::<Int16Type>();
        for row in 0..batch.num_rows() {
            let indicator = indicators.value(row);
            if !counts.contains_key(indicator) {
                counts.insert(indicator.to_owned(), BTreeMap::new());
            }
            if let Some(of_indicator) = counts.get_mut(indicator) {
                *of_indicator.entry(years.value(row)).or_default() += 1;
            }
        }
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
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
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

/// Deletes entries that were superseded long ago, and old files that no entry names.
async fn clean(lake: &Lake, events: &TableSnapshot, orphan_age_ms: i64) -> Result<usize, LakeError> {
    let (store, folder, _) = place(events)?;
    let found: Vec<_> = store.list(Some(&folder)).try_collect().await?;
    if found.is_empty() {
        return Ok(0);
    }
    let oldest = store_time(lake, events.log_store().object_store(None).as_ref()).await? - orphan_age_ms;
    let is_old = |file: &object_store::ObjectMeta| file.last_modified.timestamp_millis() < oldest;
    let mut entries: Vec<_> = found.iter().filter_map(|file| Some((number(&file.location)?, file))).collect();
    entries.sort_by_key(|(number, _)| *number);
    // Whoever reads by an entry has opened it before the next one was old.
    let kept = entries.iter().rposition(|(_, file)| is_old(file)).unwrap_or(0);
    let mut named = BTreeSet::new();
    for (number, _) in &entries[kept..] {
        let bytes = match store.get(&entry_path(&folder, *number)).await {
            Ok(found) => found.bytes().await?,
            // What it names is not known.
            Err(error) if in_chain(&error).is_some() => return Ok(0),
            Err(error) => return Err(error.into()),
        };
        match serde_json::from_slice::<Entry>(&bytes) {
            Ok(entry) => named.extend(entry.files.into_keys()),
            // A newer build's: its files are not for this one to judge.
            Err(_) => return Ok(0),
        }
    }
    let superseded = entries[..kept].iter().map(|(_, file)| &file.location);
    let orphans = found.iter().filter(|file| number(&file.location).is_none() && is_old(file));
    let orphans =
        orphans.map(|file| &file.location).filter(|path| path.filename().is_some_and(|name| !named.contains(name)));
    let mut deleted = 0;
    for path in superseded.chain(orphans) {
        match store.delete(path).await {
            Ok(()) => deleted += 1,
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(deleted)
}
