//! What the lake says of a file's events, which lie beside its own.

use std::collections::BTreeSet;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use helan_query::Session;
use helan_query::literal;
use helan_schemas::codes::{TYPE_REPORTED, TYPE_WITHDRAWN};

/// Columns of `findings` that are shown; the first six say which finding it is.
const COLUMNS: &str = "severity, finding, ref_area, indicator, time_period, coalesce(rule, ''), \
                       case when explained then 'explained' else '' end, message_zh, message_en";

/// The submissions of a file, as a list of SQL.
pub(super) struct Sent(String);

impl Sent {
    pub(super) fn of(submissions: &[String]) -> Self {
        Self(format!("({})", submissions.iter().map(|id| literal(id)).collect::<Vec<_>>().join(", ")))
    }
}

/// Ids that the file withdraws and that neither the lake nor the file itself reports.
pub(super) async fn withdrawn_in_vain(both: &Session, Sent(submission): &Sent) -> anyhow::Result<Vec<String>> {
    let query = format!(
        "select distinct withdrawals.withdraws from events as withdrawals
         left join events as reports on reports.source = withdrawals.source and reports.id = withdrawals.withdraws
             and reports.type = '{TYPE_REPORTED}'
         where withdrawals.type = '{TYPE_WITHDRAWN}' and withdrawals.submission in {submission} and reports.id is null
         order by withdrawals.withdraws"
    );
    Ok(texts(both, &query).await?.into_iter().flatten().collect())
}

/// Ids of the file that the lake has with other content.
pub(super) async fn used_otherwise(both: &Session, Sent(submission): &Sent) -> anyhow::Result<Vec<String>> {
    let query = format!(
        "select distinct sent.id from events as sent
         inner join events as held on held.source = sent.source and held.id = sent.id
             and held.content_digest <> sent.content_digest
         where sent.submission in {submission} order by sent.id"
    );
    Ok(texts(both, &query).await?.into_iter().flatten().collect())
}

/// Area, indicator and period of each figure that the file reports, as [`COLUMNS`] has them.
pub(super) async fn reported_cells(both: &Session, Sent(submission): &Sent) -> anyhow::Result<BTreeSet<Vec<String>>> {
    let query =
        format!("select distinct ref_area, indicator, time_period from events where submission in {submission}");
    Ok(texts(both, &query).await?.into_iter().collect())
}

/// Of a file's events, those that the lake has already.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Repeats {
    /// Those with the same content.
    pub(super) events: u64,
    /// Of them, those that the lake holds as withdrawn.
    pub(super) withdrawn: u64,
}

pub(super) async fn repeated(both: &Session, Sent(submission): &Sent) -> anyhow::Result<Repeats> {
    let query = format!(
        "with again as (
             select events.source, events.id from events
             inner join (select distinct source, id, content_digest from events where submission in {submission}) as sent
                 on sent.source = events.source and sent.id = events.id and sent.content_digest = events.content_digest
             group by events.source, events.id having count(*) > 1
         )
         select count(*), count(withdrawals.id) from again
         left join (
             select source, withdraws as id from events
             where type = '{TYPE_WITHDRAWN}' group by source, withdraws having bool_or(submission not in {submission})
         ) as withdrawals on withdrawals.source = again.source and withdrawals.id = again.id"
    );
    let counted = texts(both, &query).await?;
    let number = |at: usize| counted.first().and_then(|row| row.get(at)?.parse().ok()).unwrap_or_default();
    Ok(Repeats { events: number(0), withdrawn: number(1) })
}

/// Every finding as texts, in the order of [`COLUMNS`].
pub(super) async fn findings(session: &Session) -> anyhow::Result<BTreeSet<Vec<String>>> {
    Ok(texts(session, &format!("select {COLUMNS} from findings")).await?.into_iter().collect())
}

/// The rows of an answer, each cell as a text.
async fn texts(session: &Session, query: &str) -> anyhow::Result<Vec<Vec<String>>> {
    let batches = session.sql(query).await?.collect().await?;
    let options = FormatOptions::default();
    let mut rows = Vec::new();
    for batch in &batches {
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect::<Result<_, _>>()?;
        rows.extend((0..batch.num_rows()).map(|row| columns.iter().map(|c| c.value(row).to_string()).collect()));
    }
    Ok(rows)
}
