//! Fields of an event that came after the first lakes: what an old event says must not change by them.
//!
//! A record whose events have such a field names its generation in the media type, so that a process of an earlier
//! build stops there instead of dropping what it does not know.

use crate::event::{DataRef, Text};

/// An optional text of the payload that the first events did not have. One entry here is the field's digest, canonical
/// form, column of `events`, check and place in a table's rows; [CHANGES.md](../CHANGES.md) says what else a field needs.
pub struct LaterField {
    /// Its name in `data`, in a table's heading and as a column.
    pub name: &'static str,
    /// Its name in errors.
    pub path: &'static str,
    /// What the column holds; one line.
    pub doc: &'static str,
    /// The generation of fields that it came with, from 2.
    pub since: u32,
    /// Longest text, in bytes.
    pub max_bytes: usize,
    /// Reads it.
    pub get: for<'e> fn(&'e DataRef<'_>) -> Option<&'e str>,
    /// Where it is kept.
    pub slot: for<'a, 's> fn(&'s mut DataRef<'a>) -> &'s mut Option<Text<'a>>,
}

/// The generation of events without later fields.
pub const FIRST_GENERATION: u32 = 1;

/// Fields that came later, in the order in which they came. Never reordered: the digest follows it.
#[cfg(not(feature = "trial-field"))]
pub const LATER: [LaterField; 0] = [];
/// Fields that came later: one that is invented, for a build of the tests.
#[cfg(feature = "trial-field")]
pub const LATER: [LaterField; 1] = [LaterField {
    name: "trial",
    path: "data.trial",
    doc: "Invented for a test.",
    since: 2,
    max_bytes: 64,
    get: |data| data.trial.as_deref(),
    slot: |data| &mut data.trial,
}];

/// The newest generation of fields that this build knows.
pub const GENERATION: u32 = newest(&LATER);

const fn newest(fields: &[LaterField]) -> u32 {
    match fields {
        [.., last] => last.since,
        [] => FIRST_GENERATION,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_never_go_back() {
        let mut before = FIRST_GENERATION;
        for field in &LATER {
            assert!(field.since > FIRST_GENERATION && field.since >= before, "{}", field.name);
            before = field.since;
        }
        assert_eq!(before, GENERATION);
    }
}
