//! What cannot be done is refused: withdrawing what was never reported, and one key for two contents.

use helan_aggregator::AggregatorConfig;
use helan_lake::Lake;
use helan_log::{Log, NewRecord};
use helan_schemas::tables::Table;
use helan_schemas::topics;

use crate::path::drain;
use crate::world::{event, log_and_lake, record, rows, submission, withdrawal};

/// Appends records, `step` at a time and each time to a new process; gives the lake that holds what was judged.
async fn judge(records: &[NewRecord], step: usize, is_trial: bool) -> (tempfile::TempDir, Lake) {
    let (directory, log, lake) = log_and_lake().await;
    let config = AggregatorConfig { is_trial, ..AggregatorConfig::new(log.clone(), lake.clone()) };
    for part in records.chunks(step) {
        for record in part {
            log.append(record.clone()).await.expect("append");
        }
        drain(&config).await;
    }
    (directory, lake)
}

/// Outcomes and reasons, a text each.
async fn judged(records: &[NewRecord], step: usize, is_trial: bool) -> (Vec<String>, Vec<String>) {
    let (_directory, lake) = judge(records, step, is_trial).await;
    let mut outcomes = rows(&lake, Table::Submissions, &["offset", "outcome", "accepted", "repeated"]).await;
    outcomes.sort_by_key(|row| row.split_once('|').and_then(|(offset, _)| offset.parse::<u32>().ok()));
    let outcomes = outcomes.iter().filter_map(|row| Some(row.split_once('|')?.1.to_owned())).collect();
    (outcomes, rows(&lake, Table::Refusals, &["offset", "code", "id", "index", "field", "message_en"]).await)
}

#[tokio::test]
async fn what_nobody_reported_cannot_be_withdrawn() {
    let records = [
        submission("s", "1", 1, &[event("s", "a", "1")]),
        // An id that is larger than any, one that is smaller, another source's, and a withdrawal.
        submission("s", "2", 2, &[event("s", "b", "1"), withdrawal("s", "w2", "zzz")]),
        submission("s", "3", 3, &[withdrawal("s", "w3", "A")]),
        submission("r", "4", 4, &[withdrawal("r", "w4", "a")]),
        submission("s", "5", 5, &[withdrawal("s", "w5", "a")]),
        submission("s", "6", 6, &[withdrawal("s", "w6", "w5")]),
        // What the submission reports itself, before and after.
        submission(
            "s",
            "7",
            7,
            &[event("s", "c", "1"), withdrawal("s", "w7", "c"), withdrawal("s", "w8", "d"), event("s", "d", "1")],
        ),
        // The same again is a repeat; what was refused above was not reported.
        submission("s", "5", 8, &[withdrawal("s", "w5", "a")]),
        submission("s", "9", 9, &[withdrawal("s", "w9", "b")]),
    ];
    let unknown = "the source has reported no event of this id that could be withdrawn";
    for step in [1, 4, records.len()] {
        let (outcomes, reasons) = judged(&records, step, false).await;
        let refused = "refused|0|0";
        assert_eq!(
            outcomes,
            ["accepted|1|0", refused, refused, refused, "accepted|1|0", refused, "accepted|4|0", "repeat|0|1", refused],
            "{step} at a time"
        );
        let expected =
            [(1, "w2", 1, "zzz"), (2, "w3", 0, "A"), (3, "w4", 0, "a"), (5, "w6", 0, "w5"), (8, "w9", 0, "b")];
        let expected = expected.map(|(offset, id, index, target)| {
            format!("{offset}|withdraws_unknown|{id}|{index}|data.withdraws|{unknown}: {target}")
        });
        assert_eq!(reasons, expected, "{step} at a time");
    }
    let (outcomes, _) = judged(&records, 1, true).await;
    assert_eq!(outcomes[1], "accepted|2|0", "in a trial what is withdrawn lies elsewhere");
}

#[tokio::test]
async fn a_key_is_for_one_content() {
    let keyed = |key: &str, at: i64, events: &[String]| submission("s", key, at, events);
    let records = [
        keyed("r:k", 1, &[event("s", "a", "1")]),
        // Other content with ids of its own, content that also has what is known, ids made of the key.
        keyed("r:k", 2, &[event("s", "b", "2")]),
        keyed("r:k", 3, &[event("s", "a", "1"), event("s", "c", "2")]),
        keyed("r:k", 4, &[event("s", "a", "9")]),
        keyed("r:k", 5, &[event("s", "a", "1")]),
        keyed("r:l", 6, &[event("s", "a", "1")]),
        // What was refused, or brought nothing, used no key.
        keyed("r:l", 7, &[event("s", "d", "1")]),
        keyed("r:m", 8, &[event("s", "a", "7")]),
        keyed("r:m", 9, &[event("s", "e", "7")]),
        // Another source is another matter, and so is a name that is a digest.
        submission("t", "r:k", 10, &[event("t", "f", "1")]),
        keyed("0123456789abcdef0123456789abcdef", 11, &[event("s", "g", "1")]),
    ];
    for step in [1, 3, records.len()] {
        let (outcomes, reasons) = judged(&records, step, false).await;
        let (new, refused, again) = ("accepted|1|0", "refused|0|0", "repeat|0|1");
        assert_eq!(
            outcomes,
            [new, refused, refused, refused, again, again, new, refused, new, new, new],
            "{step} at a time"
        );
        let reused =
            "-|-|Idempotency-Key|this Idempotency-Key was used before for other content, which stays as it is: r:k";
        let mut expected: Vec<_> = [1, 2, 3].map(|offset| format!("{offset}|idempotency_key_reused|{reused}")).into();
        expected
            .push("7|id_conflict|a|0|id|this id of the source was accepted before with other content: a".to_owned());
        assert_eq!(reasons, expected, "{step} at a time");
    }
}

#[tokio::test]
async fn contents_of_one_name_can_be_told_apart() {
    let (_directory, log, lake) = log_and_lake().await;
    for value in ["[]", "[ ]", "[]"] {
        log.append(record(topics::CITY, "s", "r:k", 1, value.to_owned())).await.expect("append");
    }
    drain(&AggregatorConfig::new(log.clone(), lake.clone())).await;
    let mut contents: Vec<_> = rows(&lake, Table::Submissions, &["content"]).await;
    contents.dedup();
    assert_eq!(contents.len(), 2, "{contents:?}");
    assert!(contents.contains(&helan_schemas::digest::content_of(b"[]")));
}

#[tokio::test]
async fn a_withdrawn_report_that_is_sent_again_stays_withdrawn_and_is_told() {
    let records = [
        submission("s", "1", 1, &[event("s", "a", "1"), event("s", "b", "1")]),
        submission("s", "1", 2, &[event("s", "a", "1"), event("s", "b", "1")]),
        submission("s", "2", 3, &[withdrawal("s", "w", "a")]),
        // Another source's event of that id is another event.
        submission("t", "3", 4, &[event("t", "a", "1")]),
        submission("t", "3", 5, &[event("t", "a", "1")]),
        submission("s", "1", 6, &[event("s", "a", "1"), event("s", "b", "1")]),
        submission("s", "4", 7, &[event("s", "a", "1"), event("s", "c", "1")]),
        // A withdrawal that is refused withdraws nothing.
        submission("s", "5", 8, &[withdrawal("s", "v", "b"), withdrawal("s", "u", "none")]),
        submission("s", "1", 9, &[event("s", "a", "1"), event("s", "b", "1")]),
    ];
    for step in [1, 2, records.len()] {
        let (_directory, lake) = judge(&records, step, false).await;
        let mut told = rows(&lake, Table::Submissions, &["offset", "outcome", "repeated", "withdrawn"]).await;
        told.sort();
        let expected = [
            "0|accepted|0|0",
            "1|repeat|2|0",
            "2|accepted|0|0",
            "3|accepted|0|0",
            "4|repeat|1|0",
            "5|repeat|2|1",
            "6|accepted|1|1",
            "7|refused|0|0",
            "8|repeat|2|1",
        ];
        assert_eq!(told, expected, "{step} at a time");
    }
}
