//! Statements as of a pair of moments, made ready once and picked from again and again.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::filter_record_batch;
use deltalake_core::datafusion::catalog::TableProvider;
use deltalake_core::datafusion::common::DFSchema;
use deltalake_core::datafusion::error::{DataFusionError, Result};
use deltalake_core::datafusion::logical_expr::{Expr, col, lit};
use deltalake_core::datafusion::prelude::{DataFrame, SessionContext};
use futures::TryStreamExt;
use tokio::sync::OnceCell;

use super::gather::{
    Cell, Folded, Sources, Standing, Terms, add_all, cells_of, known, only, reported, wanted, withdrawals, without,
};
use super::history::Sorter;
use super::state::State;
use super::{BASIS_EPOCH, FIRST_RECEIVED_AT, Reading, Reducer, STATEMENTS, WITHDRAWN_AT, statements};
use crate::error::LakeError;

/// Most rows since folding that are cached between queries.
const KEPT_ROWS: usize = 100_000;

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
            self.names().into_iter().filter(|name| !matches!(*name, "type" | "withdraws" | "role")).collect();
        stored.extend([WITHDRAWN_AT, BASIS_EPOCH, STATEMENTS, FIRST_RECEIVED_AT]);
        let mut replaced = since.again.clone();
        for run in state.entry.runs.iter().rev() {
            let rows = state.folder.frame(context.runtime_env(), run.files.keys(), super::state::schema())?;
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
            if since.folded.unfolded() > KEPT_ROWS {
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
    /// the first rows. Also how many rows there were. Every statement among them is given to the sorter.
    pub(super) async fn of_news(
        &self,
        context: &SessionContext,
        rows: Arc<dyn TableProvider>,
        is_first: bool,
        sorter: &mut Sorter<'_, '_>,
    ) -> Result<(Vec<RecordBatch>, usize), LakeError> {
        let mut reducer = Reducer::new();
        let again = self.again();
        let mut count = 0;
        let mut rows = context.read_table(rows)?.select_columns(&self.names())?.execute_stream().await?;
        while let Some(batch) = rows.try_next().await? {
            let batch = match &self.folded {
                Some(since) => since.folded.state.unfolded(batch)?,
                None => batch,
            };
            count += batch.num_rows();
            let statements = statements(&batch, &self.reading)?;
            sorter.add(&statements).await?;
            reducer.add(without(statements, &again)?)?;
        }
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
        let events = context.read_table(self.sources.by_cell())?;
        let events = filters.iter().try_fold(events, |events, filter| events.filter(filter.clone()))?;
        events.filter(reported())?.filter(known(self.terms.as_of, self.terms.recorded))
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
                format!("cached cells cover {before} events and {news} came since, but there are {all}").into(),
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
    tracing::warn!(%error, "cached cells are not used; all events are read instead");
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
