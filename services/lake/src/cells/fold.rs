//! Folds what came since into the statements that stand, and deletes what nobody reads any more.
//!
//! Two that fold at once are harmless: each writes files of its own, and one entry of a number is written. What a crash
//! leaves is deleted once it is old.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use deltalake_core::datafusion::catalog::TableProvider;
use deltalake_core::datafusion::common::ScalarValue;
use deltalake_core::datafusion::functions_aggregate::expr_fn::{count, max, min};
use deltalake_core::datafusion::logical_expr::{Expr, col, lit};
use deltalake_core::datafusion::prelude::{SessionConfig, SessionContext};
use helan_schemas::tables::Table;
use object_store::{Error, ObjectStoreExt, PutMode, PutOptions};

use super::folder::{Folder, number};
use super::gather::{Sources, Terms};
use super::history::{Sorter, put_together};
use super::prepared::Prepared;
use super::runs::Writer;
use super::state::{self, Counts, Entry};
use super::statements::{column, int, text, time};
use super::{EVERYTHING, difference};
use crate::damage::in_chain;
use crate::digests::{UNSET, sealed};
use crate::error::LakeError;
use crate::lake::Lake;
use crate::maintain::MIN_ORPHAN_AGE_MS;
use crate::snapshot::TableSnapshot;
use crate::vacuum::store_time;

/// Rows that are read at each question before it is worth folding them.
pub const WORTH_FOLDING: usize = 20_000;
/// Events that are folded at once: what is kept in memory of them is at most a few hundred megabytes.
const AT_ONCE: usize = 1_000_000;

/// Runs that are written before they are put together, if so much is folded at once: each is read when they are.
const RUNS: usize = 32;

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
    let files: BTreeMap<_, _> = events.files().into_iter().map(|file| (file.path, file.rows)).collect();
    let folded_files = |sources: &Sources| -> BTreeSet<String> {
        let before = sources.folded.as_ref().map(|folded| &folded.state.entry.events_files);
        files.keys().filter(|path| before.is_some_and(|before| before.contains(*path))).cloned().collect()
    };
    let whole = folded_files(&sources);
    let rest_rows: usize = files.iter().filter(|(path, _)| !whole.contains(*path)).filter_map(|(_, rows)| *rows).sum();
    if rest_rows < worth {
        return Ok(());
    }
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    // A row from the future counts from its day on: until then it, and what came after it, is read at each question.
    let limits = limits(&context, &sources.events, lake.clock().now()).await?;
    let mut news = news(&context, &sources, &limits).await?;
    let before = sources.folded.as_ref().map_or(0, |folded| folded.state.rows());
    if limits.is_empty() && sources.folded.is_some() && events.row_count() != Some(before + rows_of(&news)) {
        // What was folded was something else.
        sources.folded = None;
        news = self::news(&context, &sources, &limits).await?;
    }
    sources.events = below(&context, &sources.events, &limits)?;
    let terms = Terms { as_of: EVERYTHING, recorded: EVERYTHING, edges: edges.clone() };
    let schema = state::schema();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let prepared = Prepared::new(&context, &sources, &terms, &names).await?;
    if !prepared.is_beside_folded() && sources.folded.take().is_some() {
        news = self::news(&context, &sources, &limits).await?;
    }
    let before = sources.folded.as_ref().map(|folded| folded.state.entry.clone());
    let mut entry = Entry {
        digest: UNSET.to_owned(),
        format: state::format(),
        table: events.state().metadata().id().to_owned(),
        columns: state::columns(),
        edges: (**edges).clone(),
        events_version: events.version(),
        known_until: before.as_ref().map_or(i64::MIN, |entry| entry.known_until),
        before: before.as_ref().map_or_else(BTreeMap::new, |entry| entry.before.clone()),
        rows: before.as_ref().map_or(0, |entry| entry.rows) + rows_of(&news),
        events_files: if limits.is_empty() { files.keys().cloned().collect() } else { folded_files(&sources) },
        runs: before.as_ref().map_or_else(Vec::new, |entry| entry.runs.clone()),
        history: before.as_ref().map_or_else(Vec::new, |entry| entry.history.clone()),
        statements: before.as_ref().map_or_else(Counts::new, |entry| entry.statements.clone()),
    };
    for span in &news {
        let topic = entry.before.entry(span.topic.clone()).or_default();
        let next = topic.entry(span.partition).or_insert(0);
        *next = (span.last + 1).max(*next);
        entry.known_until = entry.known_until.max(span.known_until);
    }
    // Without news the same rows lie in other files, which maintenance has put together.
    if rows_of(&news) > 0 {
        let whole = folded_files(&sources);
        let rest = files.iter().filter(|(path, _)| !whole.contains(*path));
        let writer = Writer::new(lake, Folder::beside(events)?);
        let mut sorter = Sorter::new(&writer);
        let (mut seen, mut is_sound) = (0, true);
        for (at, paths) in groups(rest).into_iter().enumerate() {
            let rows = below(&context, &events.provider_of(paths)?, &limits)?;
            let (statements, count) = prepared.of_news(&context, rows, at == 0, &mut sorter).await?;
            seen += count;
            let replaces = if at == 0 { prepared.again() } else { BTreeSet::new() };
            entry.runs.push(writer.write(statements, replaces).await?);
            is_sound = is_sound && (at % RUNS < RUNS - 1 || writer.merge(&context, &mut entry.runs).await?);
        }
        is_sound = is_sound && writer.merge(&context, &mut entry.runs).await?;
        let (stretches, counts) = sorter.finish().await?;
        entry.history.extend(stretches);
        state::add(&mut entry.statements, &counts);
        if !is_sound || !put_together(&writer, &context, &mut entry.history).await? {
            // A file that was folded before is damaged: it is passed over from now on.
            return Box::pin(fold_events(lake, events, edges, worth, report)).await;
        }
        if seen != rows_of(&news) {
            let why = format!("{} events were to be folded, and {seen} were read", rows_of(&news));
            return Err(LakeError::Rows { table: "cells", why });
        }
    }
    report.events = rows_of(&news);
    report.statements = entry.runs.iter().map(|run| run.len() as usize).sum();
    put(events, &entry, report).await
}

/// Files in groups of as many rows as are folded at once.
fn groups<'f>(files: impl Iterator<Item = (&'f String, &'f Option<usize>)>) -> Vec<Vec<String>> {
    let mut groups: Vec<Vec<String>> = Vec::new();
    let mut held = 0;
    for (path, rows) in files {
        let rows = rows.unwrap_or(AT_ONCE);
        match groups.last_mut() {
            Some(group) if held + rows <= AT_ONCE => {
                group.push(path.clone());
                held += rows;
            }
            _ => {
                groups.push(vec![path.clone()]);
                held = rows;
            }
        }
    }
    groups
}

async fn put(events: &TableSnapshot, entry: &Entry, report: &mut Report) -> Result<(), LakeError> {
    let folder = Folder::beside(events)?;
    let number = folder.numbers().await?.last().map_or(0, |last| last + 1);
    let bytes =
        serde_json::to_string(entry).map_err(|error| LakeError::Rows { table: "cells", why: error.to_string() })?;
    let only_new = PutOptions::from(PutMode::Create);
    match folder.store.put_opts(&folder.entry(number), sealed(bytes).into(), only_new).await {
        Ok(_) => Ok(()),
        Err(Error::AlreadyExists { .. }) => {
            report.backed_off = true;
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Rows of a partition that were not folded.
struct Span {
    topic: String,
    partition: i32,
    rows: usize,
    last: i64,
    /// When the newest of them became known or was recorded, microseconds since the epoch.
    known_until: i64,
}

fn rows_of(news: &[Span]) -> usize {
    news.iter().map(|span| span.rows).sum()
}

/// The rows below the limits that were not folded, by partition.
async fn news(
    context: &SessionContext,
    sources: &Sources,
    limits: &[(String, i32, i64)],
) -> Result<Vec<Span>, LakeError> {
    let rows = match &sources.folded {
        Some(folded) => context.read_table(folded.rest.clone())?.filter(folded.state.unfolded_filter())?,
        None => context.read_table(sources.events.clone())?,
    };
    let rows = context.read_table(below(context, &rows.into_view(), limits)?)?;
    let ends = [
        max(col("\"offset\"")).alias("last"),
        max(col("known_at")).alias("known"),
        max(col("recorded_at")).alias("recorded"),
        count(lit(1)).alias("rows"),
    ];
    let rows = rows.aggregate(vec![col("topic"), col("partition")], ends.to_vec())?;
    let mut spans = Vec::new();
    for batch in rows.collect().await? {
        let (topics, partitions) = (text(&batch, "topic")?, int(&batch, "partition")?);
        let number = |name| Ok::<_, LakeError>(column(&batch, name)?.as_primitive::<Int64Type>().clone());
        let (last, rows) = (number("last")?, number("rows")?);
        let (known, recorded) = (time(&batch, "known")?, time(&batch, "recorded")?);
        spans.extend((0..batch.num_rows()).map(|row| Span {
            topic: topics.value(row).to_owned(),
            partition: partitions.value(row),
            rows: rows.value(row) as usize,
            last: last.value(row),
            known_until: known.value(row).max(recorded.value(row)),
        }));
    }
    Ok(spans)
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

/// Deletes entries that were superseded long ago, and old files that no entry names.
async fn clean(lake: &Lake, events: &TableSnapshot, orphan_age_ms: i64) -> Result<usize, LakeError> {
    let folder = Folder::beside(events)?;
    let found = folder.list().await?;
    if found.is_empty() {
        return Ok(0);
    }
    let oldest = store_time(lake, events.log_store().object_store(None).as_ref()).await? - orphan_age_ms;
    let is_old = |file: &object_store::ObjectMeta| file.last_modified.timestamp_millis() < oldest;
    let mut entries: Vec<_> = found.iter().filter_map(|file| Some((number(&file.location)?, file))).collect();
    entries.sort_by_key(|(number, _)| *number);
    // Whoever reads by an entry has opened it before the next one was old.
    let kept = entries.iter().rposition(|(_, file)| is_old(file)).unwrap_or(0);
    let mut named = BTreeSet::from([difference::FILE.to_owned()]);
    for (number, _) in &entries[kept..] {
        let bytes = match folder.store.get(&folder.entry(*number)).await {
            Ok(found) => found.bytes().await?,
            // What it names is not known.
            Err(error) if in_chain(&error).is_some() => return Ok(0),
            Err(error) => return Err(error.into()),
        };
        match serde_json::from_slice::<Entry>(&bytes) {
            Ok(entry) => named.extend(entry.files().map(|(name, _)| name.clone())),
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
        match folder.store.delete(path).await {
            Ok(()) => deleted += 1,
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(deleted)
}
