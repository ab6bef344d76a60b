//! Cuts a file's events into submissions. Ids were given by the whole file, so it does not matter where it is cut: an
//! event keeps its id however small the parts are.

use helan_schemas::digest::submission_id;
use serde_json::value::RawValue;

/// One submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::commands) struct Part {
    /// Its `Idempotency-Key`: a digest of its content, the same whenever the same is sent.
    pub(in crate::commands) key: String,
    pub(super) events: u32,
    /// A JSON array of CloudEvents.
    pub(in crate::commands) body: Vec<u8>,
}

/// Cuts an array of canonical events into parts of at most so many events and bytes. One event is never cut.
pub(super) fn split(source: &str, value: &[u8], most_events: usize, most_bytes: usize) -> Vec<Part> {
    let events: Vec<&RawValue> = serde_json::from_slice(value).unwrap_or_default();
    let mut parts = Vec::new();
    let (mut body, mut count) = (vec![b'['], 0_u32);
    for event in events {
        let event = event.get().as_bytes();
        if count > 0 && (count as usize >= most_events || body.len() + event.len() + 2 > most_bytes) {
            parts.push(part(source, std::mem::replace(&mut body, vec![b'[']), count));
            count = 0;
        }
        if count > 0 {
            body.push(b',');
        }
        body.extend_from_slice(event);
        count += 1;
    }
    if count > 0 {
        parts.push(part(source, body, count));
    }
    parts
}

fn part(source: &str, mut body: Vec<u8>, events: u32) -> Part {
    body.push(b']');
    Part { key: submission_id(source, &body), events, body }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_are_the_whole_within_bounds(
            texts in prop::collection::vec("[a-z银,\\]\\[]{0,30}", 1..40), events in 1_usize..10, bytes in 2_usize..200,
        ) {
            let whole = serde_json::to_vec(&texts).expect("json");
            let parts = split("/s", &whole, events, bytes);
            let mut joined: Vec<String> = Vec::new();
            for part in &parts {
                let read: Vec<String> = serde_json::from_slice(&part.body).expect("an array");
                prop_assert!(!read.is_empty() && read.len() == part.events as usize && read.len() <= events);
                prop_assert!(part.body.len() <= bytes || read.len() == 1);
                joined.extend(read);
            }
            prop_assert_eq!(joined, texts);
            prop_assert_eq!(parts, split("/s", &whole, events, bytes));
        }
    }
}
