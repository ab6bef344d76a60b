//! What a submission withdraws, and what of that was withdrawn before it came.

use std::collections::BTreeSet;

use datafusion::logical_expr::{Expr, col, lit};
use helan_lake::TableSnapshot;
use helan_schemas::codes::TYPE_WITHDRAWN;

use super::Place;
use super::read::{number, read, text};
use crate::http::refuse::Refusal;

/// Withdrawals of one record of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Withdrawals {
    /// How many there are.
    pub(super) all: usize,
    /// Of these, those of events that had been withdrawn already: they change nothing.
    pub(super) in_vain: usize,
}

/// Reads those of a record. An address leads to few files of the table; only who withdraws has the others looked at.
pub(super) async fn of(events: &TableSnapshot, place: &Place) -> Result<Withdrawals, Refusal> {
    let partition = i32::try_from(place.partition).map_err(Refusal::unavailable)?;
    let is_withdrawal = || col("type").eq(lit(TYPE_WITHDRAWN));
    let in_partition = col("topic").eq(lit(&*place.topic)).and(col("partition").eq(lit(partition)));
    let here = in_partition.and(col("offset").eq(lit(place.offset))).and(is_withdrawal());
    let mut all = 0;
    let mut ids = BTreeSet::new();
    for batch in read(events, &["withdraws"], here).await? {
        for row in 0..batch.num_rows() {
            all += 1;
            ids.extend(text(&batch, 0, row)?);
        }
    }
    if ids.is_empty() {
        return Ok(Withdrawals::default());
    }
    let listed: Vec<Expr> = ids.iter().map(|id| lit(id.as_str())).collect();
    let of_same = is_withdrawal().and(col("source").eq(lit(&*place.source)));
    let of_same = of_same.and(col("withdraws").in_list(listed, false));
    let mut before = BTreeSet::new();
    for batch in read(events, &["withdraws", "topic", "partition", "offset"], of_same).await? {
        for row in 0..batch.num_rows() {
            let at = (text(&batch, 1, row)?, number(&batch, 2, row)?, number(&batch, 3, row)?);
            let is_elsewhere = at.0.as_deref() != Some(&*place.topic) || at.1 != Some(place.partition);
            if is_elsewhere || at.2.is_some_and(|offset| offset < place.offset) {
                before.extend(text(&batch, 0, row)?);
            }
        }
    }
    Ok(Withdrawals { all, in_vain: before.len() })
}

impl Withdrawals {
    /// What is said behind the count of events, in Chinese and English; nothing of a submission that withdraws nothing.
    pub(super) fn told(self) -> (String, String) {
        let Self { all, in_vain } = self;
        let (mut zh, mut en) = match all {
            0 => return (String::new(), String::new()),
            1 => ("；其中撤回 1 条".to_owned(), "; 1 of them is a withdrawal".to_owned()),
            _ => (format!("；其中撤回 {all} 条"), format!("; {all} of them are withdrawals")),
        };
        match (in_vain, all) {
            (0, _) => {}
            (1, 1) => {
                zh.push_str("，所撤回的此前已撤回，未作更改");
                en.push_str(", of what was withdrawn before: it changes nothing");
            }
            _ => {
                zh.push_str(&format!("，所撤回的有 {in_vain} 条此前已撤回，未作更改"));
                en.push_str(&format!(", {in_vain} of what was withdrawn before: it changes nothing"));
            }
        }
        (zh, en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_withdrawal_of_what_is_withdrawn_is_told() {
        let told = |all, in_vain| Withdrawals { all, in_vain }.told().1;
        assert_eq!(told(0, 0), "");
        assert_eq!(told(1, 0), "; 1 of them is a withdrawal");
        assert_eq!(told(1, 1), "; 1 of them is a withdrawal, of what was withdrawn before: it changes nothing");
        assert_eq!(told(3, 2), "; 3 of them are withdrawals, 2 of what was withdrawn before: it changes nothing");
    }
}
