//! Compares the values from folded cells with the values from all events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use arrow::row::{RowConverter, SortField};
use deltalake_core::datafusion::logical_expr::{col, lit};
use deltalake_core::datafusion::prelude::{SessionConfig, SessionContext};
use helan_schemas::tables::Table;
use object_store::ObjectStoreExt;

use super::folder::Folder;
use super::gather::{Cell, Sources, Terms, cells_in};
use super::history;
use super::prepared::standing;
use super::state::{self, Counts};
use super::statements::column;
use super::{EVERYTHING, difference};
use crate::error::LakeError;
use crate::lake::Lake;

/// Statements that are compared at once.
const AT_ONCE: u64 = 200_000;

/// What was compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Indicators whose statements were compared.
    pub indicators: usize,
    /// Statements that stand by every event.
    pub statements: usize,
    /// Cells of which something else was folded than the events say: area, indicator, period.
    pub differing: Vec<(String, String, String)>,
    /// Whether nothing is published until what was folded anew has been compared, all of it.
    pub stops_publishing: bool,
}

/// Compares what was folded of some indicators with the events: those of the `turn`, so that one turn after another comes to
/// all, or everything without a turn. Where they differ, what was folded is deleted, and nobody uses it from then on; nothing is
/// published either, until an audit has compared everything that was folded since, whatever its turn, and all agrees.
/// `edges` are those of [`Terms`]; nothing is compared where nothing was folded by them.
///
/// # Errors
/// If the store fails.
pub async fn audit(
    lake: &Lake,
    edges: &Arc<BTreeMap<String, Vec<i64>>>,
    turn: Option<u64>,
) -> Result<Audit, LakeError> {
    let events = lake.snapshot(Table::Events).await?;
    let sources = events.statement_sources().await?;
    let mut audit = Audit::default();
    let before = difference::read(&Folder::beside(&events)?).await?.filter(|before| !before.is_settled);
    audit.stops_publishing = before.is_some();
    let Some(folded) = sources.folded.as_ref().filter(|folded| folded.state.entry.edges == **edges) else {
        return Ok(audit);
    };
    let turn = turn.filter(|_| before.is_none());
    let terms = Terms { as_of: EVERYTHING, recorded: EVERYTHING, edges: edges.clone() };
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    let parts = parts(&folded.state.counts());
    let is_chosen = |at: usize| turn.is_none_or(|turn| turn % parts.len() as u64 == at as u64);
    for (_, names) in parts.iter().enumerate().filter(|(at, _)| is_chosen(*at)) {
        let filter = [col("indicator").in_list(names.iter().map(lit).collect(), false)];
        let schema = state::schema();
        let ask = async |sources: &Sources, schema: &SchemaRef| {
            let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            standing(&context, sources, &terms, &columns, &filter, &mut |_| Ok(())).await.map(|found| found.statements)
        };
        let by_folded = ask(&sources, &schema).await?;
        let by_events = ask(&Sources { events: sources.events.clone(), folded: None }, &schema).await?;
        audit.indicators += names.len();
        audit.statements += by_events.iter().map(RecordBatch::num_rows).sum::<usize>();
        let mut cells = differing(&by_folded, &by_events, &schema)?;
        drop(by_folded);
        // And every statement that was folded, of which the newest have to be the same, and as many.
        let schema = history::with_what_follows();
        let by_history = ask(&Sources { events: sources.by_cell(), folded: None }, &schema).await?;
        cells.extend(differing(&by_history, &by_events, &schema)?);
        audit.differing.extend(cells);
    }
    let folder = &folded.state.folder;
    if let Some(before) = before.filter(|_| audit.differing.is_empty()) {
        difference::settled(folder, before).await?;
        audit.stops_publishing = false;
    }
    if !audit.differing.is_empty() {
        difference::found(lake, folder, &audit.differing).await?;
        audit.stops_publishing = true;
        folded.state.leave();
        let entries = folder.numbers().await?.into_iter().map(|number| folder.entry(number));
        // Without its files no entry serves that somebody else writes upon it meanwhile.
        for path in entries.chain(folded.state.files().into_iter().map(|(path, _)| path)) {
            match folder.store.delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(audit)
}

/// Indicators in parts of so many statements.
fn parts(counts: &Counts) -> Vec<Vec<String>> {
    let mut parts: Vec<Vec<String>> = Vec::new();
    let mut size = 0;
    for (indicator, years) in counts {
        let count: u64 = years.values().sum();
        match parts.last_mut() {
            Some(part) if size + count <= AT_ONCE => {
                part.push(indicator.clone());
                size += count;
            }
            _ => {
                parts.push(vec![indicator.clone()]);
                size = count;
            }
        }
    }
    parts
}

/// Cells of which one has a statement that the other has not.
fn differing(one: &[RecordBatch], other: &[RecordBatch], schema: &SchemaRef) -> Result<BTreeSet<Cell>, LakeError> {
    let fields = schema.fields().iter().map(|field| SortField::new(field.data_type().clone()));
    let converter = RowConverter::new(fields.collect())?;
    let mut balance: BTreeMap<Vec<u8>, (i64, Cell)> = BTreeMap::new();
    for (batches, sign) in [(one, 1), (other, -1)] {
        for batch in batches {
            let columns = schema.fields().iter().map(|field| cast(column(batch, field.name())?, field.data_type()));
            let rows = converter.convert_columns(&columns.collect::<Result<Vec<_>, _>>()?)?;
            for (row, cell) in rows.iter().zip(cells_in(batch)?) {
                balance.entry(row.as_ref().to_vec()).or_insert((0, cell)).0 += sign;
            }
        }
    }
    Ok(balance.into_values().filter(|(times, _)| *times != 0).map(|(_, cell)| cell).collect())
}
