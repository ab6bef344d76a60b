//! All statements of a table brought together: what was folded before, what came since, and what has to be read again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use deltalake_core::datafusion::catalog::TableProvider;
use deltalake_core::datafusion::common::ScalarValue;
use deltalake_core::datafusion::error::{DataFusionError, Result};
use deltalake_core::datafusion::logical_expr::{Expr, col, lit};
use deltalake_core::datafusion::prelude::{DataFrame, SessionContext};
use futures::TryStreamExt;

use super::state::State;
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
type Cell = (String, String, String);

/// Withdrawals that are known: by source and id when, and those that were not folded.
struct Withdrawals {
    known: HashMap<String, HashMap<String, i64>>,
    news: BTreeMap<String, BTreeSet<String>>,
}

/// The newest statement of each kind. `columns` are those of `events` that are wanted beside what picking needs;
/// `filters` name columns of [`super::KINDS`] only. `grown` is told how many bytes are held.
///
/// # Errors
/// If something cannot be read, or what was folded does not belong to these events.
pub async fn standing(
    context: &SessionContext,
    sources: &Sources,
    terms: &Terms,
    columns: &[&str],
    filters: &[Expr],
    grown: &mut (dyn FnMut(usize) -> Result<()> + Send),
) -> Result<Standing> {
    let folded = sources.folded.as_ref().filter(|folded| folded.state.serves(terms));
    if let Some(folded) = folded {
        match gathered(context, sources, Some(folded), terms, columns, filters, grown).await {
            // What was folded can be done without: it may have been deleted, or belong to another history of the lake.
            Err(error) if !matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)) => {
                folded.state.leave();
                tracing::warn!(%error, "cells that were folded are not used; everything is read instead");
            }
            done => return Ok(Standing { statements: done?, by_folded: true }),
        }
    }
    let statements = gathered(context, sources, None, terms, columns, filters, grown).await?;
    Ok(Standing { statements, by_folded: false })
}

async fn gathered(
    context: &SessionContext,
    sources: &Sources,
    folded: Option<&Folded>,
    terms: &Terms,
    columns: &[&str],
    filters: &[Expr],
    grown: &mut (dyn FnMut(usize) -> Result<()> + Send),
) -> Result<Vec<RecordBatch>> {
    let withdrawals = withdrawals(context, sources, folded, terms).await?;
    let reading = Reading {
        as_of: terms.as_of,
        recorded: terms.recorded,
        edges: terms.edges.clone(),
        withdrawn: Arc::new(withdrawals.known),
    };
    let again = match folded {
        Some(folded) => cells_of(context, sources, folded, &withdrawals.news).await?,
        None => BTreeSet::new(),
    };
    let names = wanted(&sources.events, columns);
    let mut reducer = Reducer::new();
    let Some(folded) = folded else {
        let events = filtered(context, sources.events.clone(), filters)?.filter(reported())?.filter(known(terms))?;
        add_all(events.select_columns(&names)?, &mut reducer, grown, |batch| Ok(statements(&batch, &reading)?)).await?;
        return Ok(reducer.finish()?);
    };
    let before = folded.state.rows();
    let base = folded.state.frame(context)?;
    let base = filters.iter().try_fold(base, |base, filter| base.filter(filter.clone()))?;
    let mut stored: Vec<&str> = names.iter().copied().filter(|name| !matches!(*name, "type" | "withdraws")).collect();
    stored.extend([WITHDRAWN_AT, BASIS_EPOCH, STATEMENTS, FIRST_RECEIVED_AT]);
    let without_again = |batch: RecordBatch| match again.is_empty() {
        true => Ok(batch),
        false => without(batch, |cell| again.contains(cell)),
    };
    add_all(base.select_columns(&stored)?, &mut reducer, grown, without_again).await?;
    if folded.rows != before {
        // Counted without filters: if it is another number than the table says, what was folded was something else.
        let mut news = 0;
        let rest = context.read_table(folded.rest.clone())?.select_columns(&names)?;
        let filter = filters.iter().cloned().reduce(Expr::and);
        let keep = match filter {
            Some(filter) => Some(context.create_physical_expr(filter, rest.schema())?),
            None => None,
        };
        let tail = |batch: RecordBatch| {
            let batch = folded.state.unfolded(batch)?;
            news += batch.num_rows();
            let batch = match &keep {
                Some(keep) => {
                    let kept = keep.evaluate(&batch)?.into_array(batch.num_rows())?;
                    filter_record_batch(&batch, kept.as_boolean())?
                }
                None => batch,
            };
            without_again(statements(&batch, &reading)?)
        };
        add_all(rest, &mut reducer, grown, tail).await?;
        if before + news != folded.rows {
            return Err(DataFusionError::External(
                format!("{before} events were folded and {news} came since, but there are {}", folded.rows).into(),
            ));
        }
    }
    if !again.is_empty() {
        let among = |name: &str, of: fn(&Cell) -> &String| {
            let values: BTreeSet<&String> = again.iter().map(of).collect();
            col(name).in_list(values.into_iter().map(lit).collect(), false)
        };
        let events = filtered(context, sources.events.clone(), filters)?.filter(reported())?.filter(known(terms))?;
        let events = events.filter(
            among("ref_area", |cell| &cell.0)
                .and(among("indicator", |cell| &cell.1))
                .and(among("time_period", |cell| &cell.2)),
        )?;
        let rows = events.select_columns(&names)?;
        add_all(rows, &mut reducer, grown, |batch| {
            without(statements(&batch, &reading)?, |cell| !again.contains(cell))
        })
        .await?;
    }
    Ok(reducer.finish()?)
}

/// Which columns of `events` are read.
fn wanted<'n>(events: &Arc<dyn TableProvider>, columns: &[&'n str]) -> Vec<&'n str> {
    let has = |name: &&str| events.schema().column_with_name(name).is_some();
    let mut names: Vec<&'n str> = NEEDED.to_vec();
    names.extend(columns.iter().copied().filter(|name| !NEEDED.contains(name)).filter(has));
    names
}

async fn add_all(
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

fn filtered(context: &SessionContext, table: Arc<dyn TableProvider>, filters: &[Expr]) -> Result<DataFrame> {
    let frame = context.read_table(table)?;
    filters.iter().try_fold(frame, |frame, filter| frame.filter(filter.clone()))
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

fn cells_in(batch: &RecordBatch) -> Result<Vec<Cell>> {
    let (areas, indicators) = (text(batch, "ref_area")?, text(batch, "indicator")?);
    let periods = text(batch, "time_period")?;
    let cell =
        |row: usize| (areas.value(row).to_owned(), indicators.value(row).to_owned(), periods.value(row).to_owned());
    Ok((0..batch.num_rows()).map(cell).collect())
}

/// The rows of cells that are not left out.
fn without(batch: RecordBatch, is_out: impl Fn(&Cell) -> bool) -> Result<RecordBatch> {
    let keep = BooleanArray::from_iter(cells_in(&batch)?.iter().map(|cell| Some(!is_out(cell))));
    Ok(filter_record_batch(&batch, &keep)?)
}
