//! Topics of the log, and what a record carries beside its value.
//!
//! One submission is one record. Key: the `source`. Value: a JSON array of CloudEvents in canonical form
//! (`application/cloudevents-batch+json`). What ingest adds stands in record headers, so that the value, and with it
//! every digest, is the same when a client sends the same thing again.

use crate::fields::FIRST_GENERATION;

/// Submissions of city systems.
pub const CITY: &str = "helan.city.v1";
/// Submissions of park systems.
pub const PARK: &str = "helan.park.v1";
/// What ingest refused of authenticated senders, bounded in size.
pub const REFUSED: &str = "helan.refused.v1";
/// Every topic, in the order in which it is created.
pub const ALL: [&str; 3] = [CITY, PARK, REFUSED];

/// Whether a topic, of whatever version, holds what was refused; the others hold submissions.
pub fn holds_refusals(topic: &str) -> bool {
    let kind = |topic: &str| topic.rsplit_once(".v").map(|(kind, _)| kind.to_owned());
    kind(topic) == kind(REFUSED)
}

/// Media type of a submission's record value. Where an event has a later field, the parameter `generation` follows.
pub const CONTENT_TYPE_BATCH: &str = "application/cloudevents-batch+json";
const GENERATION_PARAMETER: &str = "; generation=";

/// The media type of a record whose events need a generation of fields.
pub fn content_type_batch(generation: u32) -> String {
    match generation {
        ..=FIRST_GENERATION => CONTENT_TYPE_BATCH.to_owned(),
        _ => format!("{CONTENT_TYPE_BATCH}{GENERATION_PARAMETER}{generation}"),
    }
}

/// The generation of fields that a record's media type asks for; the first where it names none, as records of other
/// producers do.
pub fn generation_of(content_type: &str) -> u32 {
    let named = content_type.split_once(GENERATION_PARAMETER).and_then(|(_, number)| number.parse().ok());
    named.unwrap_or(FIRST_GENERATION)
}
/// Media type of a record of [`REFUSED`].
pub const CONTENT_TYPE_REFUSED: &str = "application/json";

/// Header: media type of the value.
pub const HEADER_CONTENT_TYPE: &str = "content-type";
/// Header: id of the reporter whose credential sent the submission.
pub const HEADER_REPORTER: &str = "helan-reporter";
/// Header: the submission's id.
pub const HEADER_SUBMISSION: &str = "helan-submission";
/// Header: when ingest received it, microseconds since the Unix epoch, in decimal digits.
pub const HEADER_RECEIVED: &str = "helan-received";
/// Header: digest of the catalog by which ingest judged it.
pub const HEADER_CATALOG: &str = "helan-catalog";

/// Largest canonical JSON of one submission, in bytes; above it 413 asks the sender to split.
pub const MAX_SUBMISSION_BYTES: usize = 8 * 1024 * 1024;
/// Largest record that producers, topics and fetches let through: room for a submission and its headers.
pub const MAX_RECORD_BYTES: usize = 16 * 1024 * 1024;
