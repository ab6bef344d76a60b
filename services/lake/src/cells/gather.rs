//! All statements of a table brought together: what was folded before, what came since, and what has to be read again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use deltalake_core::datafusion::catalog::TableProvider;
use deltalake_core::datafusion::common::ScalarValue;
use deltalake_core::datafusion::error::Result;
use deltalake_core::datafusion::logical_expr::{Expr, col, lit};
use deltalake_core::datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use futures::TryStreamExt;
use helan_schemas::codes::TYPE_REPORTED;
use tokio::sync::OnceCell;

use super::Reducer;
use super::by_cell::ByCell;
use super::state::{self, Counts, State};
use super::statements::{text, time};
use crate::known::ranges;

/// Columns of `events` that picking the newest needs.
const NEEDED: [&str; 22] = [
    "type",
    "topic",
    "partition",
    "offset",
    "index",
    "source",
    "id",
    "ref_area",
    "indicator",
    "time_period",
    "period_end",
    "reporter",
    "vintage",
    "edition",
    "role",
    "basis",
    "amount",
    "known_at",
    "recorded_at",
    "received_at",
    "withdraws",
    "submission",
];

/// Where statements come from.
#[derive(Clone, Debug)]
pub struct Sources {
    /// Every row of `events`.
    pub events: Arc<dyn TableProvider>,
    /// What was folded of them, if anything was.
    pub folded: Option<Folded>,
}

/// What was folded, and where the rest is.
#[derive(Clone, Debug)]
pub struct Folded {
    pub(crate) state: State,
    /// The rows of `events` that lie in files which were not folded as a whole.
    pub(crate) rest: Arc<dyn TableProvider>,
    /// Rows that `events` has.
    pub(crate) rows: usize,
    /// Whether these are what was folded, and what came since.
    fits: Arc<OnceCell<bool>>,
}

impl Sources {
    /// The table `events` for questions about statements: those about some indicators read what was folded of these, and what
    /// came since. Every column may be null.
    pub fn by_cell(&self) -> Arc<dyn TableProvider> {
        Arc::new(ByCell::new(self.events.clone(), self.folded.clone()))
    }

    /// How many statements were known and recorded by two moments, in microseconds since the epoch. Reads four
    /// columns of all events, but for files that their statistics rule out.
    ///
    /// # Errors
    /// If something cannot be read.
    pub async fn known(&self, context: &SessionContext, as_of: i64, recorded: i64) -> Result<Counts> {
        let known = context.read_table(self.events.clone())?.filter(reported())?.filter(known(as_of, recorded))?;
        let mut rows = known.select_columns(&["indicator", "period_end"])?.execute_stream().await?;
        let mut counts = Counts::new();
        while let Some(batch) = rows.try_next().await? {
            state::count(&batch, &mut counts)?;
        }
        Ok(counts)
    }
}

impl Folded {
    pub(crate) fn new(state: State, rest: Arc<dyn TableProvider>, rows: usize) -> Self {
        Self { state, rest, rows, fits: Arc::default() }
    }

    /// Whether what was folded and what came since is all that there is; else what was folded was something else. What came
    /// since is counted once.
    pub(super) async fn fits(&self) -> Result<bool> {
        let count = || async {
            let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
            let since = context.read_table(self.rest.clone())?.filter(self.state.unfolded_filter())?;
            Ok(self.state.rows() + since.count().await? == self.rows)
        };
        self.fits.get_or_try_init(count).await.copied()
    }

    /// How many statements were folded that are the newest of their kind.
    pub fn counts(&self) -> Counts {
        self.state.counts()
    }

    /// How many statements there were, those included that newer ones have replaced.
    pub fn statements(&self) -> &Counts {
        &self.state.entry.statements
    }

    /// The earliest moment as of which it can answer, in microseconds since the epoch.
    pub fn known_until(&self) -> i64 {
        self.state.known_until()
    }

    /// How many rows came since.
    pub fn unfolded(&self) -> usize {
        self.rows.saturating_sub(self.state.rows())
    }
}

/// As known when, and by which catalog, cells are read.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Only what was known by then, microseconds since the epoch.
    pub as_of: i64,
    /// Only what was recorded by then, microseconds since the epoch.
    pub recorded: i64,
    /// By indicator, when the catalog begins to read its benchmark otherwise; sorted.
    pub edges: Arc<BTreeMap<String, Vec<i64>>>,
}

/// The newest statement of each kind.
#[derive(Clone, Debug)]
pub struct Standing {
    /// With the wanted columns of `events` and others; in no order.
    pub statements: Vec<RecordBatch>,
    /// Whether they come from what was folded, and what came since; else from every event.
    pub by_folded: bool,
}

/// A cell: area, indicator, period.
pub(crate) type Cell = (String, String, String);

/// Withdrawals that are known: by source and id when, and those that were not folded.
pub(super) struct Withdrawals {
    pub(super) known: HashMap<String, HashMap<String, i64>>,
    pub(super) news: BTreeMap<String, BTreeSet<String>>,
}

/// Which columns of `events` are read.
pub(super) fn wanted<'n>(events: &Arc<dyn TableProvider>, columns: &[&'n str]) -> Vec<&'n str> {
    let has = |name: &&str| events.schema().column_with_name(name).is_some();
    let mut names: Vec<&'n str> = NEEDED.to_vec();
    names.extend(columns.iter().copied().filter(|name| !NEEDED.contains(name)).filter(has));
    names
}

pub(crate) async fn add_all(
    rows: DataFrame,
    reducer: &mut Reducer,
    grown: &mut (dyn FnMut(usize) -> Result<()> + Send),
    mut made: impl FnMut(RecordBatch) -> Result<RecordBatch>,
) -> Result<()> {
    let mut rows = rows.execute_stream().await?;
    while let Some(batch) = rows.try_next().await? {
        reducer.add(made(batch)?)?;
        grown(reducer.size())?;
    }
    Ok(())
}

/// What somebody printed is no statement.
pub(super) fn reported() -> Expr {
    col("type").eq(lit(TYPE_REPORTED)).and(col("role").is_null())
}

pub(super) fn known(as_of: i64, recorded: i64) -> Expr {
    let moment = |time: i64| lit(ScalarValue::TimestampMicrosecond(Some(time), Some("UTC".into())));
    col("known_at").lt_eq(moment(as_of)).and(col("recorded_at").lt_eq(moment(recorded)))
}

/// Withdrawals are few, and files without any are skipped by their statistics: so all of them are looked up.
pub(super) async fn withdrawals(
    context: &SessionContext,
    sources: &Sources,
    folded: Option<&Folded>,
    terms: &Terms,
) -> Result<Withdrawals> {
    let events = context.read_table(sources.events.clone())?;
    let events = events.filter(col("withdraws").is_not_null().and(known(terms.as_of, terms.recorded)))?;
    let names = ["source", "withdraws", "known_at", "recorded_at", "topic", "partition", "offset"];
    let mut rows = events.select_columns(&names)?.execute_stream().await?;
    let mut all = Withdrawals { known: HashMap::new(), news: BTreeMap::new() };
    while let Some(batch) = rows.try_next().await? {
        let (sources, ids) = (text(&batch, "source")?, text(&batch, "withdraws")?);
        let (known, recorded) = (time(&batch, "known_at")?, time(&batch, "recorded_at")?);
        let is_news = match folded {
            Some(folded) => folded.state.is_unfolded(&batch)?,
            None => BooleanArray::from(vec![false; batch.num_rows()]),
        };
        let until = folded.map_or(i64::MAX, |folded| folded.state.known_until());
        for row in 0..batch.num_rows() {
            let (source, id) = (sources.value(row), ids.value(row));
            let of_source = all.known.entry(source.to_owned()).or_default();
            let at = of_source.entry(id.to_owned()).or_insert(i64::MAX);
            *at = known.value(row).min(*at);
            if is_news.value(row) || known.value(row).max(recorded.value(row)) > until {
                all.news.entry(source.to_owned()).or_default().insert(id.to_owned());
            }
        }
    }
    Ok(all)
}

/// The cells of events that were folded, and have been withdrawn since: they are read again as a whole.
pub(super) async fn cells_of(
    context: &SessionContext,
    sources: &Sources,
    folded: &Folded,
    ids: &BTreeMap<String, BTreeSet<String>>,
) -> Result<BTreeSet<Cell>> {
    let mut cells = BTreeSet::new();
    let Some(filter) = ranges("id", ids) else { return Ok(cells) };
    let events = context.read_table(sources.events.clone())?.filter(filter.and(reported()))?;
    let names = ["source", "id", "topic", "partition", "offset", "ref_area", "indicator", "time_period"];
    let mut rows = events.select_columns(&names)?.execute_stream().await?;
    while let Some(batch) = rows.try_next().await? {
        let (sources, found) = (text(&batch, "source")?, text(&batch, "id")?);
        let is_news = folded.state.is_unfolded(&batch)?;
        for (row, cell) in cells_in(&batch)?.into_iter().enumerate() {
            let wanted = ids.get(sources.value(row)).is_some_and(|ids| ids.contains(found.value(row)));
            if wanted && !is_news.value(row) {
                cells.insert(cell);
            }
        }
    }
    Ok(cells)
}

pub(crate) fn cells_in(batch: &RecordBatch) -> Result<Vec<Cell>> {
    let (areas, indicators) = (text(batch, "ref_area")?, text(batch, "indicator")?);
    let periods = text(batch, "time_period")?;
    let cell =
        |row: usize| (areas.value(row).to_owned(), indicators.value(row).to_owned(), periods.value(row).to_owned());
    Ok((0..batch.num_rows()).map(cell).collect())
}

/// The rows of other cells.
pub(crate) fn without(batch: RecordBatch, cells: &BTreeSet<Cell>) -> Result<RecordBatch> {
    if cells.is_empty() {
        return Ok(batch);
    }
    let keep = BooleanArray::from_iter(cells_in(&batch)?.iter().map(|cell| Some(!cells.contains(cell))));
    Ok(filter_record_batch(&batch, &keep)?)
}

/// The rows of these cells.
pub(super) fn only(batch: RecordBatch, cells: &BTreeSet<Cell>) -> Result<RecordBatch> {
    let keep = BooleanArray::from_iter(cells_in(&batch)?.iter().map(|cell| Some(cells.contains(cell))));
    Ok(filter_record_batch(&batch, &keep)?)
}
