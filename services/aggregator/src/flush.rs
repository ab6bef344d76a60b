//! A batch into its tables: `refusals` and `submissions` first, `events` last.
//!
//! One commit cannot span two tables. Each keeps its own offsets, so that after a crash in between the batch is read
//! again, judged the same, and added only where it is missing.

use std::collections::{BTreeMap, BTreeSet};

use helan_lake::{Advance, CommitError, KnownEvent, Lake, LakeError, TableTip};

use crate::continuity::Known;
use crate::judge::{Batch, Counts, Found, Rules};
use crate::machine::Step;
use crate::state::{EVENTS, SUBMISSIONS, TABLES, tables_of};

/// Commits a batch, moving each table from its stored offsets to the batch's ends.
pub(crate) async fn flush(
    lake: &Lake,
    tips: &mut [TableTip; TABLES],
    (batch, rules): (Batch, Rules),
    steps: &[Step],
    known: &Known,
) -> Result<Counts, CommitError> {
    let wanted = batch.wanted();
    let events = tips[EVENTS].known_events(lake, &wanted.ids).await.map_err(CommitError::Retry)?;
    let withdrawals = tips[EVENTS].known_withdrawals(lake, &ids_of(&events)).await.map_err(CommitError::Retry)?;
    let submissions = tips[SUBMISSIONS].known_submissions(lake, &wanted.keys).await.map_err(CommitError::Retry)?;
    let found = Found { events, withdrawals, submissions };
    let judged = tokio::task::spawn_blocking(move || batch.judge(found, rules))
        .await
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
        .map_err(|error| CommitError::Stop(LakeError::from(error)))?;
    for (table, (tip, rows)) in tips.iter_mut().zip(judged.tables).enumerate() {
        let advances: Vec<_> = steps
            .iter()
            .filter(|step| tables_of(&step.at.topic).any(|fed| fed == table))
            .filter(|step| step.stored[table].is_none_or(|stored| stored < step.next))
            .map(|step| Advance {
                app_id: lake.offset_app_id(&step.at.topic, step.at.partition),
                from: step.stored[table],
                to: step.next,
                marks: Some(known.marks(step)),
            })
            .collect();
        if !advances.is_empty() {
            *tip = lake.advance(tip, vec![rows], advances).await?;
        }
    }
    Ok(judged.counts)
}

/// Ids of events, by source.
fn ids_of(events: &[KnownEvent]) -> BTreeMap<String, BTreeSet<String>> {
    let mut ids = BTreeMap::<_, BTreeSet<_>>::new();
    for event in events {
        ids.entry(event.source.clone()).or_default().insert(event.id.clone());
    }
    ids
}
