//! What a receipt says of a submission: its state, and that in a sentence.

use helan_runtime::clock::CLOCKS_DIFFER;
use helan_schemas::codes::{ACCEPTED, REFUSED, REPEAT};
use jiff::Timestamp;

use super::read::Address;
use super::withdrawals::Withdrawals;
use super::{Place, Reason, Receipt};

/// What is said behind a repeat, in Chinese and English: a correction is not undone by it.
pub const STILL_CORRECTED: (&str, &str) = (
    "；此后如有更正，更正仍然有效：要改回这些数，请用新编号（id）报送",
    ". What corrected them since still counts: to go back to these values, send them under new ids",
);

/// What is said behind a count of repeats of which some had been withdrawn, in Chinese and English; empty if none had.
pub fn still_withdrawn(count: u64) -> (String, String) {
    if count == 0 {
        return (String::new(), String::new());
    }
    (
        format!("；其中 {count} 条此前已撤回，仍为撤回状态：如需恢复，请用新编号（id）重新报送"),
        format!(
            "; {count} of the repeats were withdrawn before and stay withdrawn: to report them again, send them under new ids"
        ),
    )
}

/// The state of what is not in the lake yet.
pub(super) const PENDING: &str = "pending";

/// The receipt of what the tables have: the last record says what became of the submission.
pub(super) fn summed_up(
    submission: String,
    table_version: u64,
    places: Vec<Place>,
    reasons: Vec<(Address, Reason)>,
    publications: Vec<String>,
    withdrawals: Withdrawals,
) -> Receipt {
    let last = places.last();
    let (events, accepted, repeated) = last.map_or((0, 0, 0), |place| (place.events, place.accepted, place.repeated));
    let withdrawn = last.and_then(|place| place.withdrawn).unwrap_or_default();
    let refused = |reason: &(Address, Reason)| match last {
        // Of a record of the log, its own reasons; of what never came so far, those of ingest.
        Some(Place { topic, partition, offset, .. }) => reason.0 == (topic.clone(), *partition, *offset),
        None => reason.1.stage == "ingest",
    };
    let reasons: Vec<_> = reasons.into_iter().filter(refused).map(|(_, reason)| reason).collect();
    let state = match last.map(|place| place.outcome.as_str()) {
        Some(outcome) => outcome,
        None if reasons.is_empty() => PENDING,
        None => REFUSED,
    };
    let before = places.iter().rev().skip(1).find(|place| place.accepted > 0);
    let (mut message_zh, mut message_en) = match (state, before) {
        (PENDING, _) => (
            "尚未入库，仍在处理；可用 ?wait=5s 等待结果".to_owned(),
            "not in the lake yet: it is being processed; ask with ?wait=5s to wait for the outcome".to_owned(),
        ),
        (ACCEPTED, _) => (
            format!("已入库：{events} 条中 {accepted} 条为新数据，{repeated} 条重复"),
            match (events, repeated) {
                (1, _) => "in the lake: 1 event, which is new".to_owned(),
                (_, 0) => format!("in the lake: {events} events, all new"),
                _ => format!("in the lake: {accepted} of {events} events are new, {repeated} repeated"),
            },
        ),
        (REPEAT, _) => (
            format!("重复提交：{events} 条此前均已入库，未作更改{}", STILL_CORRECTED.0),
            format!("a repeat: all {events} events were in the lake before; nothing was changed{}", STILL_CORRECTED.1),
        ),
        (_, None) => (
            format!("本次报送未通过，共 {} 处问题，未入库", reasons.len()),
            format!("refused as a whole for {}; nothing of it is in the lake", counted(reasons.len(), "reason")),
        ),
        (_, Some(before)) => (
            format!(
                "最近一次报送未通过，共 {} 处问题；此前以该编号接收的 {} 条（{}）仍在库中",
                reasons.len(),
                before.accepted,
                before.received_at
            ),
            format!(
                "what was sent last under this id was refused for {}; {} accepted under it before, received {}, still in \
                 the lake",
                counted(reasons.len(), "reason"),
                counted(usize::try_from(before.accepted).unwrap_or_default(), "event"),
                before.received_at
            ),
        ),
    };
    let told = withdrawals.told();
    message_zh += &told.0;
    message_en += &told.1;
    let (zh, en) = still_withdrawn(withdrawn.unsigned_abs());
    message_zh += &zh;
    message_en += &en;
    let state = state.to_owned();
    let reasons = if state == REFUSED { reasons } else { Vec::new() };
    Receipt {
        submission,
        state,
        message_zh,
        message_en,
        events,
        accepted,
        repeated,
        withdrawn,
        withdrawals: withdrawals.all as i64,
        table_version,
        places,
        reasons,
        publications,
    }
}

/// A number of things, in English.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Says of a submission that was received by a clock far ahead from when on it counts.
pub(super) fn tell_of_clock(receipt: &mut Receipt, now: i64) {
    let Some(recorded) = receipt.places.last().and_then(|place| place.recorded_at.parse::<Timestamp>().ok()) else {
        return;
    };
    if receipt.state == ACCEPTED && recorded.as_microsecond() - now > CLOCKS_DIFFER {
        receipt.message_zh += &format!("；接收服务的时钟偏快，自 {recorded} 起才计入，请联系运维人员");
        receipt.message_en +=
            &format!("; the receiving service's clock ran ahead, so it counts from {recorded} on: tell the operator");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(outcome: &str, accepted: i64, repeated: i64) -> Place {
        Place {
            source: "/nx/yinchuan".to_owned(),
            topic: "helan.city.v1".to_owned(),
            partition: 0,
            offset: 0,
            received_at: String::new(),
            recorded_at: String::new(),
            outcome: outcome.to_owned(),
            events: accepted + repeated,
            accepted,
            repeated,
            withdrawn: None,
            content: None,
        }
    }

    #[test]
    fn the_last_time_it_was_sent_says_what_it_is() {
        let receipt = |places| summed_up("s".to_owned(), 1, places, Vec::new(), Vec::new(), Withdrawals::default());
        assert_eq!(receipt(Vec::new()).state, "pending");
        assert_eq!(receipt(vec![place("accepted", 3, 0)]).state, "accepted");
        let again = receipt(vec![place("accepted", 3, 0), place("repeat", 0, 3)]);
        assert_eq!((again.state.as_str(), again.accepted, again.repeated, again.places.len()), ("repeat", 0, 3, 2));
    }

    #[test]
    fn what_was_accepted_before_a_refusal_is_not_denied() {
        let reason = |offset: i64, code: &str| {
            let [message_zh, message_en, hint_zh, hint_en] = [(); 4].map(|()| String::new());
            let (code, stage) = (code.to_owned(), "aggregator".to_owned());
            let reason =
                Reason { code, stage, row: None, id: None, field: None, message_zh, message_en, hint_zh, hint_en };
            (("helan.city.v1".to_owned(), 0, offset), reason)
        };
        let reasons = vec![reason(7, "id_conflict"), reason(3, "idempotency_key_reused")];
        let refused = Place { offset: 3, events: 1, ..place("refused", 0, 0) };
        let receipt =
            |places| summed_up("s".to_owned(), 1, places, reasons.clone(), Vec::new(), Withdrawals::default());
        let again = receipt(vec![place("accepted", 2, 0), refused.clone()]);
        assert_eq!((again.state.as_str(), again.reasons.len()), ("refused", 1));
        assert_eq!(again.reasons[0].code, "idempotency_key_reused");
        assert!(again.message_en.contains("2 events accepted") && again.message_en.contains("still in the lake"));
        assert!(again.message_en.contains("refused for 1 reason;"), "{}", again.message_en);
        let alone = receipt(vec![refused]);
        assert!(alone.message_en.ends_with("nothing of it is in the lake"), "{}", alone.message_en);
        assert_eq!(receipt(Vec::new()).state, "pending", "reasons of other contents are not its own");
    }

    #[test]
    fn a_receipt_names_a_clock_that_ran_ahead() {
        let said = |recorded_at: &str| {
            let place = Place { recorded_at: recorded_at.to_owned(), ..place("accepted", 1, 0) };
            let mut receipt = summed_up("s".to_owned(), 1, vec![place], Vec::new(), Vec::new(), Withdrawals::default());
            tell_of_clock(&mut receipt, 1_500_000_000_000_000);
            (receipt.message_zh, receipt.message_en)
        };
        let (zh, en) = said("2017-07-15T02:40:00Z");
        assert!(zh.contains("2017-07-15T02:40:00Z") && en.contains("counts from 2017-07-15T02:40:00Z on"), "{zh} {en}");
        for right in ["2017-07-14T02:40:00Z", "2017-07-14T02:49:00Z", ""] {
            assert!(!said(right).1.contains("clock"), "{right}");
        }
    }
}
