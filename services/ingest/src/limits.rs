//! What one request, one sender and the service as a whole may use.

use std::time::Duration;

use helan_schemas::topics;

const MIB: usize = 1024 * 1024;

/// The limits. The defaults are the documented ones; tests use smaller ones.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Body as it comes over the wire. Twice the canonical limit, for white space and long number forms.
    pub wire_bytes: usize,
    /// Body once decompressed. Four times the canonical limit: a CSV in GB18030 grows when it becomes JSON, so more
    /// could not be accepted anyway.
    pub decompressed_bytes: usize,
    /// Decompressed ÷ compressed size, looked at from [`Limits::RATIO_FROM`] on. Repetitive feeds reach 50, a bomb 1000.
    pub compression_ratio: usize,
    /// Parts of a workbook; one with charts and pictures on every sheet has a few hundred.
    pub workbook_parts: usize,
    /// Canonical JSON of one submission, that is, one record of the log.
    pub canonical_bytes: usize,
    /// Events or rows of one submission; more small ones than fit the canonical limit.
    pub rows: usize,
    /// Nesting of JSON: an event has two levels, a batch three.
    pub json_depth: usize,
    /// Errors listed in one answer; `more` counts the others.
    pub errors: usize,
    /// Time that a body may take at first …
    pub body_grace: Duration,
    /// … and bytes that each further second must bring: about the slowest line that offices still have.
    pub body_bytes_per_second: usize,
    /// Requests of one reporter at a time; above it 429.
    pub in_flight_per_reporter: usize,
    /// Requests at a time; above it 503.
    pub in_flight: usize,
    /// Bodies, and what is unpacked and made of them, held in memory at a time. One credential may hold half of what
    /// the others leave, so a further one always finds room; above it 429, for a newcomer 503. Half of all is more than
    /// one submission can need: as it came, unpacked, decoded and in canonical form 112 MiB.
    pub body_memory: usize,
    /// Refusals of one reporter that are kept in a minute; the others are only counted.
    pub refusals_per_minute: u32,
}

impl Limits {
    /// Decompressed bytes below which the ratio does not matter.
    pub const RATIO_FROM: usize = MIB;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wire_bytes: 2 * topics::MAX_SUBMISSION_BYTES,
            decompressed_bytes: 4 * topics::MAX_SUBMISSION_BYTES,
            compression_ratio: 200,
            workbook_parts: 2_000,
            canonical_bytes: topics::MAX_SUBMISSION_BYTES,
            rows: 50_000,
            json_depth: 16,
            errors: 100,
            body_grace: Duration::from_secs(20),
            body_bytes_per_second: 32 * 1024,
            in_flight_per_reporter: 128,
            in_flight: 512,
            body_memory: 256 * MIB,
            refusals_per_minute: 120,
        }
    }
}
