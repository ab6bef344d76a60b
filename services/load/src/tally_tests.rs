//! A lake in memory that does what Helan's must do, then one that does not.

use std::collections::HashMap;

use helan_schemas::catalog::Catalog;
use helan_schemas::digest::ContentDigest;
use helan_schemas::event::{Malformed, decode_batch};

use super::*;
use crate::recipe::{GENERATOR, Ids, Recipe, Share, Shares, Way};

/// What a lake holds of a load.
#[derive(Clone, Default)]
struct Lake {
    events: Vec<(String, String, [u8; 16])>,
    records: Vec<(&'static str, i32, i64, String, &'static str)>,
    refusals: Vec<(String, String)>,
}

fn recipe(ids: Ids, way: Way) -> Recipe {
    let shares = Shares { mistakes: Share(0.1), conflicts: Share(0.1), ..Shares::default() };
    let catalog = Catalog::embedded().digest;
    Recipe {
        generator: GENERATOR,
        seed: 3,
        batch: 4,
        ids,
        way,
        shares,
        reporters: vec!["guyuan".into()],
        lengths: Vec::new(),
        since: None,
        catalog,
    }
}

/// Sends so many submissions; `twice` of them come a second time, as after a lost answer.
fn run(recipe: &Recipe, submissions: u64, twice: u64) -> (Vec<Line>, Lake) {
    let streams = Stream::all(recipe, &Catalog::embedded());
    let (mut lines, mut lake, mut known) = (Vec::new(), Lake::default(), HashMap::new());
    for number in 0..submissions {
        let sent = streams[0].submission(number);
        let line = |outcome| Line { stream: 0, submission: number, hash: sent.hash, outcome };
        if let Kind::Mistake { mistake, .. } = sent.kind
            && mistake.code().status() != 0
        {
            let code = mistake.code().code().to_owned();
            lake.refusals.push((sent.id.clone(), code.clone()));
            lines.push(line(Outcome::Refused { code, kept: true }));
            continue;
        }
        for _ in 0..=u64::from(number < twice) {
            let mut events = Vec::new();
            let mut conflict = false;
            let decoded = decode_batch(&sent.body, |_, event| {
                if *event.source != *streams[0].feed().source {
                    return Err(Malformed("its source is not the record's key".into()));
                }
                let digest = event.content_digest(&event.check()?, &mut ContentDigest::default());
                match known.get(&*event.id) {
                    None => events.push((event.source.to_string(), event.id.to_string(), digest)),
                    Some(before) => conflict |= *before != digest,
                }
                Ok(())
            });
            let refused = decoded.is_err() || conflict;
            let code = if conflict { "id_conflict" } else { "undecodable_record" };
            if refused {
                lake.refusals.push((sent.id.clone(), code.to_owned()));
                events.clear();
            }
            let outcome = if refused {
                "refused"
            } else if events.is_empty() {
                "repeat"
            } else {
                "accepted"
            };
            let topic = streams[0].feed().topic;
            lake.records.push((topic, 1, lake.records.len() as i64, sent.id.clone(), outcome));
            known.extend(events.iter().map(|(_, id, digest)| (id.clone(), *digest)));
            lake.events.extend(events);
        }
        lines.push(line(Outcome::Acknowledged { partition: 1, offset: lake.records.len() as i64 - 1 }));
    }
    (lines, lake)
}

fn compare(recipe: &Recipe, lines: &[Line], lake: &Lake) -> Verdict {
    let mut tally = Tally::new(Stream::all(recipe, &Catalog::embedded()));
    for line in lines {
        tally.line(line).expect("the recipe's line");
    }
    tally.lines_end();
    lake.events.iter().for_each(|(source, id, digest)| tally.event(source, id, digest));
    for (topic, partition, offset, submission, outcome) in &lake.records {
        tally.record(topic, *partition, *offset, submission, outcome);
    }
    lake.refusals.iter().for_each(|(submission, code)| tally.refusal(submission, code));
    tally.verdict()
}

fn counts(verdict: &Verdict) -> Vec<(&'static str, u64)> {
    verdict.findings().into_iter().map(|(name, finding)| (name, finding.count)).filter(|(_, n)| *n > 0).collect()
}

#[test]
fn a_lake_that_holds_what_was_sent_is_clean() {
    for (ids, way) in [(Ids::Growing, Way::Http), (Ids::Random, Way::Log)] {
        let recipe = recipe(ids, way);
        let (lines, lake) = run(&recipe, 200, 20);
        let verdict = compare(&recipe, &lines, &lake);
        assert!(verdict.is_clean(), "{verdict:#?}");
        assert_eq!((verdict.expected, verdict.unknown_found), (lake.events.len() as u64, 0));
        assert!(verdict.expected > 500 && verdict.refusals > 20, "{verdict:?}");
        // Killed before the last answer was written down: its events may be there or not.
        let last = lines.iter().rposition(|line| matches!(line.outcome, Outcome::Acknowledged { .. }));
        let killed = compare(&recipe, &lines[..last.expect("one was acknowledged")], &lake);
        assert!(killed.is_clean() && killed.unknown_found == killed.unknown, "{killed:#?}");
        let ended = compare(&recipe, &[lines.as_slice(), &[Line::END]].concat(), &lake);
        assert!(ended.is_clean() && ended.unknown == 0, "{ended:#?}");
        let never_arrived = compare(&recipe, &[], &Lake::default());
        assert!(never_arrived.is_clean() && never_arrived.unknown > 0);
    }
}

#[test]
fn each_fault_has_its_name() {
    let recipe = recipe(Ids::Random, Way::Http);
    let (lines, lake) = run(&recipe, 120, 0);
    let spoilt = |spoil: &dyn Fn(&mut Vec<Line>, &mut Lake)| {
        let (mut lines, mut lake) = (lines.clone(), lake.clone());
        spoil(&mut lines, &mut lake);
        counts(&compare(&recipe, &lines, &lake))
    };
    assert_eq!(spoilt(&|_, lake| drop(lake.events.remove(9))), [("lost", 1)]);
    assert_eq!(spoilt(&|_, lake| lake.events.push(lake.events[9].clone())), [("doubled", 1)]);
    assert_eq!(spoilt(&|_, lake| lake.events[9].2[3] ^= 1), [("altered", 1)]);
    assert_eq!(spoilt(&|_, lake| drop(lake.records.remove(9))), [("records", 1)]);
    assert_eq!(spoilt(&|_, lake| lake.records.push(lake.records[9].clone())), [("records", 1)]);
    assert_eq!(spoilt(&|_, lake| lake.refusals.clear()).first().map(|found| found.0), Some("untold"));
    let streams = Stream::all(&recipe, &Catalog::embedded());
    let source = &streams[0].feed().source;
    let unsent = (source.clone(), streams[0].writer().id(100_000), [0; 16]);
    assert_eq!(spoilt(&|_, lake| lake.events.push(unsent.clone())), [("unexpected", 1)]);
    let alien = (source.clone(), format!("{}-?", recipe.run()), [0; 16]);
    assert_eq!(spoilt(&|_, lake| lake.events.push(alien.clone())), [("unexpected", 1)]);
    // A line that is gone: its events were "never sent".
    let plain = lines.iter().position(|line| streams[0].kind(line.submission) == Kind::Plain).expect("a plain one");
    assert_eq!(spoilt(&|lines, _| drop(lines.remove(plain))), [("unexpected", 4)]);
    let wrong = lines.iter().position(|line| matches!(line.outcome, Outcome::Refused { .. })).expect("a mistake");
    let taken = Outcome::Acknowledged { partition: 1, offset: 0 };
    let found = spoilt(&|lines, _| lines[wrong].outcome = taken.clone());
    assert!(found.contains(&("misjudged", 1)), "{found:?}");
}

#[test]
fn a_ledger_of_other_bytes_is_turned_away() {
    let recipe = recipe(Ids::Growing, Way::Http);
    let (mut lines, _) = run(&recipe, 3, 0);
    lines[1].hash ^= 1;
    let mut tally = Tally::new(Stream::all(&recipe, &Catalog::embedded()));
    tally.line(&lines[0]).expect("right");
    assert!(tally.line(&lines[1]).is_err());
    assert!(tally.line(&lines[0]).is_err(), "twice");
}
