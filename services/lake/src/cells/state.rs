//! What was folded: files of statements, and the entry that names them. A cache: it can be deleted at any time.
//!
//! It lies in the folder `cells` beside the tables. An entry is written once and never changed; of several the one with
//! the highest number counts that a version of `events` contains.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::{DatePart, cast, date_part, filter_record_batch};
use arrow::datatypes::{DataType, Field, Int16Type, Int64Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use deltalake_core::datafusion::error::Result;
use deltalake_core::datafusion::logical_expr::{Expr, col, lit};
use deltalake_core::datafusion::prelude::DataFrame;
use helan_schemas::tables::{Table, instant};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use super::folder::{Folder, number};
use super::gather::{Cell, Folded, Sources, Terms};
use super::history::Stretch;
use super::statements::{column, int, text};
use super::{BASIS_EPOCH, FIRST_RECEIVED_AT, STATEMENTS, WITHDRAWN_AT};
use crate::checked::Checks;
use crate::damage::in_chain;
use crate::digests::{Seal, judge};
use crate::error::LakeError;
use crate::provider::as_read;
use crate::snapshot::{TableSnapshot, plain_context};

/// What this build writes; others are not read. Since 2 an entry and its files have digests, and there are runs;
/// since 3 editions tell kinds apart and printed figures are left out; since 4 every statement lies there, sorted.
const FORMAT: u32 = 4;
/// Columns of `events` that statements do not have.
const LEFT_OUT: [&str; 6] = ["type", "withdraws", "published_at", "catalog", "recorded_year", "role"];

/// What was folded, of which rows, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Of the entry itself, see `digests.rs`.
    #[serde(rename = "helan.digest", default)]
    pub(crate) digest: String,
    pub(crate) format: u32,
    /// The Delta id of the table `events`.
    pub(crate) table: String,
    /// Names and types of the columns.
    pub(crate) columns: Vec<String>,
    /// By indicator, when the catalog began to read its benchmark otherwise.
    pub(crate) edges: BTreeMap<String, Vec<i64>>,
    /// The version of `events` whose rows were folded.
    pub(crate) events_version: u64,
    /// When the newest of them became known or was recorded, microseconds since the epoch.
    pub(crate) known_until: i64,
    /// By topic and partition, the offset before which every row was folded.
    pub(crate) before: BTreeMap<String, BTreeMap<i32, i64>>,
    /// How many rows those are, withdrawals included.
    pub(crate) rows: usize,
    /// The data files of that version, all of whose rows were folded.
    pub(crate) events_files: BTreeSet<String>,
    /// What was folded, oldest first.
    pub(crate) runs: Vec<Run>,
    /// Every statement that was.
    pub(crate) history: Vec<Stretch>,
    /// How many these are.
    pub(crate) statements: Counts,
}

/// Statements that were folded together: the newest of each kind among them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Their files, with the sizes in bytes.
    pub(crate) files: BTreeMap<String, u64>,
    /// Cells of which it has everything: what earlier runs say of them holds no more.
    pub(crate) replaces: BTreeSet<Cell>,
    /// How many statements it has.
    pub(crate) counts: Counts,
}

impl Run {
    pub(crate) fn len(&self) -> u64 {
        self.counts.values().flat_map(BTreeMap::values).sum()
    }
}

impl Entry {
    /// With the sizes in bytes.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&String, u64)> {
        let runs = self.runs.iter().flat_map(|run| run.files.iter().map(|(name, bytes)| (name, *bytes)));
        let slices = self.history.iter().flat_map(|stretch| &stretch.files);
        runs.chain(slices.map(|(name, slice)| (name, slice.bytes)))
    }
}

/// By indicator and year of the period's last day, how many statements there are.
pub type Counts = BTreeMap<String, BTreeMap<i16, u64>>;

/// What was folded, opened.
#[derive(Clone, Debug)]
pub struct State {
    pub(crate) entry: Arc<Entry>,
    pub(crate) folder: Folder,
    checks: Checks,
}

/// The columns of statements as they are folded.
pub(crate) fn schema() -> SchemaRef {
    let of_events = Table::Events.columns().into_iter().filter(|column| !LEFT_OUT.contains(&column.name));
    let mut fields: Vec<Field> =
        of_events.map(|column| Field::new(column.name, as_read(&column.data_type), true)).collect();
    fields.push(Field::new(WITHDRAWN_AT, instant(), true));
    fields.push(Field::new(BASIS_EPOCH, DataType::Int32, true));
    fields.push(Field::new(STATEMENTS, DataType::Int64, true));
    fields.push(Field::new(FIRST_RECEIVED_AT, instant(), true));
    Arc::new(Schema::new(fields))
}

pub(crate) fn columns() -> Vec<String> {
    schema().fields().iter().map(|field| format!("{} {}", field.name(), field.data_type())).collect()
}

/// Adds the statements of a batch, which has `indicator` and `period_end`.
pub(crate) fn count(batch: &RecordBatch, counts: &mut Counts) -> Result<(), ArrowError> {
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
    Ok(())
}

/// Adds counts to others.
pub(crate) fn add(counts: &mut Counts, more: &Counts) {
    for (indicator, years) in more {
        let of_indicator = counts.entry(indicator.clone()).or_default();
        years.iter().for_each(|(year, count)| *of_indicator.entry(*year).or_default() += count);
    }
}

impl State {
    /// The newest that a version of `events` contains.
    ///
    /// # Errors
    /// If the store cannot be read. What it holds is never an error: an entry that does not fit, or whose files are not
    /// there, is passed over.
    pub(crate) async fn newest(events: &TableSnapshot) -> Result<Option<Self>, LakeError> {
        let folder = Folder::beside(events)?;
        let found = folder.list().await?;
        let mut numbers: Vec<_> = found.iter().filter_map(|file| number(&file.location)).collect();
        numbers.sort_unstable();
        let sizes: BTreeMap<_, _> =
            found.iter().filter_map(|file| Some((file.location.filename()?, file.size))).collect();
        for number in numbers.into_iter().rev() {
            let read = match folder.store.get(&folder.entry(number)).await {
                Ok(found) => found.bytes().await?,
                Err(object_store::Error::NotFound { .. }) => continue,
                Err(error) if in_chain(&error).is_some() => {
                    events.checks().leave_cells();
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if judge(&read) != Seal::Sound {
                continue;
            }
            let Ok(entry) = serde_json::from_slice::<Entry>(&read) else { continue };
            let fits = entry.format == FORMAT
                && entry.table == events.state().metadata().id()
                && entry.columns == columns()
                && entry.events_version <= events.version()
                && entry.files().all(|(name, bytes)| sizes.get(name.as_str()) == Some(&bytes));
            let is_damaged = |name: &String| events.checks().is_damaged(&folder.file(name));
            if fits && !entry.files().any(|(name, _)| is_damaged(name)) {
                let checks = events.checks().clone();
                return Ok(Some(Self { entry: Arc::new(entry), folder, checks }));
            }
        }
        Ok(None)
    }

    /// Whether answers as of a pair of moments, by a catalog, follow from it.
    pub(crate) fn serves(&self, terms: &Terms) -> bool {
        self.entry.known_until <= terms.as_of.min(terms.recorded) && self.entry.edges == *terms.edges
    }

    /// The files of statements, with their sizes.
    pub(crate) fn files(&self) -> Vec<(Path, u64)> {
        self.entry.files().map(|(name, size)| (self.folder.file(name), size)).collect()
    }

    /// Whether one of its files was found damaged.
    pub(crate) fn is_damaged(&self, name: &str) -> bool {
        self.checks.is_damaged(&self.folder.file(name))
    }

    /// Counts that they are not used.
    pub(crate) fn leave(&self) {
        self.checks.leave_cells();
    }

    pub(crate) fn known_until(&self) -> i64 {
        self.entry.known_until
    }

    /// How many rows of `events` were folded.
    pub(crate) fn rows(&self) -> usize {
        self.entry.rows
    }

    /// How many statements were folded, those of several runs once each.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::new();
        self.entry.runs.iter().for_each(|run| add(&mut counts, &run.counts));
        counts
    }

    /// Which rows of `events` were not folded.
    pub(crate) fn is_unfolded(&self, batch: &RecordBatch) -> Result<BooleanArray> {
        let (topics, partitions) = (text(batch, "topic")?, int(batch, "partition")?);
        let offsets = cast(column(batch, "offset")?, &DataType::Int64)?;
        let offsets = offsets.as_primitive::<Int64Type>();
        let is_unfolded = (0..batch.num_rows()).map(|row| {
            let before = self.entry.before.get(topics.value(row)).and_then(|topic| topic.get(&partitions.value(row)));
            Some(before.is_none_or(|before| offsets.value(row) >= *before))
        });
        Ok(BooleanArray::from_iter(is_unfolded))
    }

    /// As [`State::is_unfolded`], as a filter.
    pub(crate) fn unfolded_filter(&self) -> Expr {
        let before = self.entry.before.iter().flat_map(|(topic, partitions)| {
            partitions.iter().map(move |(partition, next)| {
                let partition = col("topic").eq(lit(topic)).and(col("partition").eq(lit(*partition)));
                partition.and(col("\"offset\"").lt(lit(*next)))
            })
        });
        before.reduce(Expr::or).map_or_else(|| lit(true), |folded| !folded)
    }

    /// The rows that were not folded.
    pub(crate) fn unfolded(&self, batch: RecordBatch) -> Result<RecordBatch> {
        Ok(filter_record_batch(&batch, &self.is_unfolded(&batch)?)?)
    }
}

impl TableSnapshot {
    /// Of `events`: where its statements come from, with what was folded of them.
    ///
    /// # Errors
    /// If the table or the store cannot be read.
    pub async fn statement_sources(&self) -> Result<Sources, LakeError> {
        let state = State::newest(self).await?;
        let folded = match (state, self.row_count()) {
            (Some(state), Some(rows)) => {
                let files = self.files().into_iter().map(|file| file.path);
                let rest = files.filter(|path| !state.entry.events_files.contains(path)).collect();
                Some(Folded::new(state, self.provider_of(rest)?, rows))
            }
            _ => None,
        };
        Ok(Sources { events: self.provider()?, folded })
    }

    /// Of `events`: as [`TableSnapshot::read`], for questions about statements; see [`Sources::by_cell`].
    ///
    /// # Errors
    /// As [`TableSnapshot::read`], and if the store cannot be read.
    pub async fn read_by_cell(&self, columns: &[&str], filter: Option<Expr>) -> Result<DataFrame, LakeError> {
        let rows = plain_context().read_table(self.statement_sources().await?.by_cell())?;
        Ok(filter.into_iter().try_fold(rows, DataFrame::filter)?.select_columns(columns)?)
    }
}

pub(crate) const fn format() -> u32 {
    FORMAT
}
