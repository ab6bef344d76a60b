//! What became of a submission, asked of the lake for the senders of the ingest role in the same process.

use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use helan_http::ErrorLine;
use helan_ingest::{Accepted, Outcome, OutcomeAnswer, Outcomes};
use helan_query::http::{Receipt, STILL_CORRECTED, Sent, still_withdrawn};
use helan_schemas::codes::REFUSED;

use crate::lang::Lang;

/// Asks a lake.
pub(crate) struct OutcomesOfLake(pub(crate) helan_query::http::Outcomes);

impl Outcomes for OutcomesOfLake {
    fn of<'a>(
        &'a self,
        reporter: &'a str,
        accepted: &'a Accepted,
        time: Duration,
    ) -> BoxFuture<'a, Option<Option<Outcome>>> {
        let Accepted { submission, content, topic, partition, offset, .. } = accepted;
        let sent = Sent { reporter, submission, content, address: (topic, i64::from(*partition), *offset) };
        self.0.of(sent, time).map(|known| Some(known?.map(outcome))).boxed()
    }
}

fn outcome(receipt: Receipt) -> Outcome {
    let Receipt { state, message_zh, message_en, accepted, repeated, withdrawn, reasons, .. } = receipt;
    if state == REFUSED {
        let errors = reasons.into_iter().map(|reason| ErrorLine {
            row: reason.row.and_then(|row| u32::try_from(row).ok()),
            line: None,
            id: reason.id,
            field: reason.field,
            cell: None,
            label: None,
            code: reason.code,
            message_zh: reason.message_zh,
            message_en: reason.message_en,
            hint_zh: reason.hint_zh,
            hint_en: reason.hint_en,
        });
        return Outcome::Refused { message_zh, message_en, errors: errors.collect() };
    }
    let count = |events: i64| u64::try_from(events).unwrap_or_default();
    let (accepted, repeated, withdrawn) = (count(accepted), count(repeated), count(withdrawn));
    Outcome::Taken(OutcomeAnswer { state, message_zh, message_en, accepted, repeated, withdrawn })
}

/// Remark after a count of repeats, if some of them had been withdrawn; else empty.
pub(crate) fn withdrawn(count: u64, lang: Lang) -> String {
    let (zh, en) = still_withdrawn(count);
    match lang {
        Lang::Zh => zh,
        Lang::En => en,
    }
}

/// What is said behind a repeat.
pub(crate) fn corrected(lang: Lang) -> &'static str {
    lang.pick(STILL_CORRECTED.0, STILL_CORRECTED.1)
}
