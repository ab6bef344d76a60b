//! All statements of a table brought together: what was folded before, what came since, and what has to be read again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use deltalake_core::datafusion::catalog::TableProvider;
use deltalake_core::datafusion::common::{DFSchema, ScalarValue};
use deltalake_core::datafusion::error::{DataFusionError, Result};
use deltalake_core::datafusion::logical_expr::{Expr, col, lit};
use deltalake_core::datafusion::prelude::{DataFrame, SessionContext};
use futures::TryStreamExt;
use tokio::sync::OnceCell;

use super::state::{Counts, State};
use super::statements::{REPORTED, text, time};
use super::{BASIS_EPOCH, FIRST_RECEIVED_AT, Reading, Reducer, STATEMENTS, WITHDRAWN_AT, statements};
use crate::known::ranges;

/// Columns of `events` that picking the newest needs.
const NEEDED: [&str; 20] = [
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
}

impl Sources {
    /// How many statements were folded, where any were.
    pub fn counts(&self) -> Option<Counts> {
        self.folded.as_ref().map(|folded| folded.state.counts())
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

/// Rows that came since folding, as many as are kept for one question after another.
const KEPT_ROWS: usize = 100_000;

/// A cell: area, indicator, period.
pub(crate) type Cell = (String, String, String);

/// Withdrawals that are known: by source and id when, and those that were not folded.
struct Withdrawals {
    known: HashMap<String, HashMap<String, i64>>,
    news: BTreeMap<String, BTreeSet<String>>,
}

/// Statements as of a pair of moments, ready to be picked from: what was withdrawn, and what came since folding, is read
/// once.
#[derive(Debug)]
pub struct Prepared {
    sources: Sources,
    terms: Terms,
    /// Columns that are read.
    names: Vec<String>,
    reading: Reading,
    folded: Option<Since>,
}

/// What was folded, and what is to be said beside it.
#[derive(Debug)]
struct Since {
    folded: Folded,
    /// Cells of which a folded event was withdrawn since: they are read from the events.
    again: BTreeSet<Cell>,
    /// Statements that came since, of other cells, once they are asked for; none = too many to be kept.
    tail: OnceCell<Option<Vec<RecordBatch>>>,
}

/// The newest statement of each kind, as [`Prepared`] gives it. `columns` are those of `events` that are wanted beside what
/// picking needs; `filters` name columns of [`super::KINDS`] only. `grown` is told how many bytes are held.
///
/// # Errors
/// If something cannot be read.
pub async fn standing(
    context: &SessionContext,
    sources: &Sources,
    terms: &Terms,
    columns: &[&str],
    filters: &[Expr],
    grown: &mut (dyn FnMut(usize) -> Result<()> + Send),
) -> Result<Standing> {
    Prepared::new(context, sources, terms, columns).await?.standing(context, filters, grown).await
}

impl Prepared {
    /// Reads what every pick needs. `columns` are those of `events` that are wanted beside what picking needs.
    ///
    /// # Errors
    /// If something cannot be read.
    pub async fn new(context: &SessionContext, sources: &Sources, terms: &Terms, columns: &[&str]) -> Result<Self> {
        let (sources, terms) = (sources.clone(), terms.clone());
        let names: Vec<String> = wanted(&sources.events, columns).into_iter().map(str::to_owned).collect();
        if let Some(folded) = sources.folded.as_ref().filter(|folded| folded.state.serves(&terms)).cloned() {
            let found = withdrawals(context, &sources, Some(&folded), &terms).await?;
            let reading = reading(&terms, found.known);
            match cells_of(context, &sources, &folded, &found.news).await {
                Err(error) => unused(&folded.state, &error)?,
                Ok(again) => {
                    let folded = Some(Since { folded, again, tail: OnceCell::new() });
                    return Ok(Self { sources, terms, names, reading, folded });
                }
            }
        }
        let reading = reading(&terms, withdrawals(context, &sources, None, &terms).await?.known);
        Ok(Self { sources, terms, names, reading, folded: None })
    }

    /// The newest statement of each kind. `filters` name columns of [`super::KINDS`] only. `grown` is told how many bytes are
    /// held.
    ///
    /// # Errors
    /// If something cannot be read.
    pub async fn standing(
        &self,
        context: &SessionContext,
        filters: &[Expr],
        grown: &mut (dyn FnMut(usize) -> Result<()> + Send),
    ) -> Result<Standing> {
        if let Some(since) = &self.folded {
            match self.by_folded(context, since, filters, grown).await {
                Err(error) => unused(&since.folded.state, &error)?,
                Ok(statements) => return Ok(Standing { statements, by_folded: true }),
            }
        }
        let mut reducer = Reducer::new();
        let rows = self.events(context, filters)?.select_columns(&self.names())?;
        add_all(rows, &mut reducer, grown, |batch| Ok(statements(&batch, &self.reading)?)).await?;
        Ok(Standing { statements: reducer.finish()?, by_folded: false })
    }

    async fn by_folded(
        &self,
        context: &SessionContext,
        since: &Since,
        filters: &[Expr],
        grown: &mut (dyn FnMut(usize) -> Result<()> + Send),
    ) -> Result<Vec<RecordBatch>> {
        let mut reducer = Reducer::new();
        let state = &since.folded.state;
        let mut stored: Vec<&str> =
            self.names().into_iter().filter(|name| !matches!(*name, "type" | "withdraws")).collect();
        stored.extend([WITHDRAWN_AT, BASIS_EPOCH, STATEMENTS, FIRST_RECEIVED_AT]);
        let mut replaced = since.again.clone();
        for run in state.entry.runs.iter().rev() {
            let rows = state.frame(context, run)?;
            let rows = filters.iter().try_fold(rows, |rows, filter| rows.filter(filter.clone()))?;
            let made = |batch| without(batch, &replaced);
            add_all(rows.select_columns(&stored)?, &mut reducer, grown, made).await?;
            replaced.extend(run.replaces.iter().cloned());
        }
        match self.tail(context, since).await? {
            Some(tail) => {
                for batch in tail {
                    reducer.add(chosen(context, batch.clone(), filters)?)?;
                }
                grown(reducer.size())?;
            }
            None => {
                let made = |batch| without(chosen(context, statements(&batch, &self.reading)?, filters)?, &since.again);
                since.rest(context, &self.names, &mut reducer, grown, made).await?;
            }
        }
        self.add_again(context, since, filters, &mut reducer, grown).await?;
        Ok(reducer.finish()?)
    }

    /// What came since, if it is little.
    async fn tail<'s>(&self, context: &SessionContext, since: &'s Since) -> Result<&'s Option<Vec<RecordBatch>>> {
        let read = || async {
            if since.folded.rows.saturating_sub(since.folded.state.rows()) > KEPT_ROWS {
                return Ok(None);
            }
            let mut reducer = Reducer::new();
            let made = |batch| without(statements(&batch, &self.reading)?, &since.again);
            since.rest(context, &self.names, &mut reducer, &mut |_| Ok(()), made).await?;
            Ok(Some(reducer.finish()?))
        };
        since.tail.get_or_try_init(read).await
    }

    /// Whether it is beside what was folded; else it is everything.
    pub(crate) fn is_beside_folded(&self) -> bool {
        self.folded.is_some()
    }

    /// Cells of which something folded was withdrawn since.
    pub(crate) fn again(&self) -> BTreeSet<Cell> {
        self.folded.as_ref().map(|since| since.again.clone()).unwrap_or_default()
    }

    /// The newest statement of each kind among rows that were not folded, but for the cells that come again; these come with
    /// the first rows. Also how many rows there were.
    ///
    /// # Errors
    /// If something cannot be read.
    pub(crate) async fn of_news(
        &self,
        context: &SessionContext,
        rows: Arc<dyn TableProvider>,
        is_first: bool,
    ) -> Result<(Vec<RecordBatch>, usize)> {
        let mut reducer = Reducer::new();
        let again = self.again();
        let mut count = 0;
        let made = |batch: RecordBatch| {
            let batch = match &self.folded {
                Some(since) => since.folded.state.unfolded(batch)?,
                None => batch,
            };
            count += batch.num_rows();
            without(statements(&batch, &self.reading)?, &again)
        };
        let rows = context.read_table(rows)?.select_columns(&self.names())?;
        add_all(rows, &mut reducer, &mut |_| Ok(()), made).await?;
        if let Some(since) = self.folded.as_ref().filter(|_| is_first) {
            self.add_again(context, since, &[], &mut reducer, &mut |_| Ok(())).await?;
        }
        Ok((reducer.finish()?, count))
    }

    async fn add_again(
        &self,
        context: &SessionContext,
        since: &Since,
        filters: &[Expr],
        reducer: &mut Reducer,
        grown: &mut (dyn FnMut(usize) -> Result<()> + Send),
    ) -> Result<()> {
        if !since.again.is_empty() {
            let among = |name: &str, of: fn(&Cell) -> &String| {
                let values: BTreeSet<&String> = since.again.iter().map(of).collect();
                col(name).in_list(values.into_iter().map(lit).collect(), false)
            };
            let rows = self.events(context, filters)?.filter(
                among("ref_area", |cell| &cell.0)
                    .and(among("indicator", |cell| &cell.1))
                    .and(among("time_period", |cell| &cell.2)),
            )?;
            let made = |batch| only(statements(&batch, &self.reading)?, &since.again);
            add_all(rows.select_columns(&self.names())?, reducer, grown, made).await?;
        }
        Ok(())
    }

    /// Reports that are known.
    fn events(&self, context: &SessionContext, filters: &[Expr]) -> Result<DataFrame> {
        let events = context.read_table(self.sources.events.clone())?;
        let events = filters.iter().try_fold(events, |events, filter| events.filter(filter.clone()))?;
        events.filter(reported())?.filter(known(&self.terms))
    }

    fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }
}

impl Since {
    /// The rows that came since, counted: if there are more or fewer than the table says, what was folded was something else.
    async fn rest(
        &self,
        context: &SessionContext,
        names: &[String],
        reducer: &mut Reducer,
        grown: &mut (dyn FnMut(usize) -> Result<()> + Send),
        made: impl Fn(RecordBatch) -> Result<RecordBatch>,
    ) -> Result<()> {
        let (before, all) = (self.folded.state.rows(), self.folded.rows);
        if before == all {
            return Ok(());
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let rest = context.read_table(self.folded.rest.clone())?.select_columns(&names)?;
        let mut news = 0;
        let counted = |batch: RecordBatch| {
            let batch = self.folded.state.unfolded(batch)?;
            news += batch.num_rows();
            made(batch)
        };
        add_all(rest, reducer, grown, counted).await?;
        if before + news != all {
            return Err(DataFusionError::External(
                format!("{before} events were folded and {news} came since, but there are {all}").into(),
            ));
        }
        Ok(())
    }
}

/// What was folded can be done without: it may have been deleted, or belong to another history of the lake.
fn unused(state: &State, error: &DataFusionError) -> Result<()> {
    if let DataFusionError::ResourcesExhausted(text) = error.find_root() {
        return Err(DataFusionError::ResourcesExhausted(text.clone()));
    }
    state.leave();
    tracing::warn!(%error, "cells that were folded are not used; everything is read instead");
    Ok(())
}

fn reading(terms: &Terms, withdrawn: HashMap<String, HashMap<String, i64>>) -> Reading {
    Reading { as_of: terms.as_of, recorded: terms.recorded, edges: terms.edges.clone(), withdrawn: Arc::new(withdrawn) }
}

/// The rows of a batch that pass filters.
fn chosen(context: &SessionContext, batch: RecordBatch, filters: &[Expr]) -> Result<RecordBatch> {
    let Some(filter) = filters.iter().cloned().reduce(Expr::and) else { return Ok(batch) };
    let schema = DFSchema::try_from(batch.schema())?;
    let kept = context.create_physical_expr(filter, &schema)?.evaluate(&batch)?.into_array(batch.num_rows())?;
    Ok(filter_record_batch(&batch, kept.as_boolean())?)
}

/// Which columns of `events` are read.
fn wanted<'n>(events: &Arc<dyn TableProvider>, columns: &[&'n str]) -> Vec<&'n str> {
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

fn reported() -> Expr {
    col("type").eq(lit(REPORTED))
}

fn known(terms: &Terms) -> Expr {
    let moment = |time: i64| lit(ScalarValue::TimestampMicrosecond(Some(time), Some("UTC".into())));
    col("known_at").lt_eq(moment(terms.as_of)).and(col("recorded_at").lt_eq(moment(terms.recorded)))
}

/// Withdrawals are few, and files without any are skipped by their statistics: so all of them are looked up.
async fn withdrawals(
    context: &SessionContext,
    sources: &Sources,
    folded: Option<&Folded>,
    terms: &Terms,
) -> Result<Withdrawals> {
    let events = context.read_table(sources.events.clone())?;
    let events = events.filter(col("withdraws").is_not_null().and(known(terms)))?;
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
async fn cells_of(
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
fn only(batch: RecordBatch, cells: &BTreeSet<Cell>) -> Result<RecordBatch> {
    let keep = BooleanArray::from_iter(cells_in(&batch)?.iter().map(|cell| Some(cells.contains(cell))));
    Ok(filter_record_batch(&batch, &keep)?)
}
