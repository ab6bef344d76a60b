//! The ledger: what became of each submission, a line each, appended when its answer came.
//!
//! The first line is a JSON object, the recipe; from it the bytes of every submission can be written again. Then, by tabs:
//!
//! ```text
//! A  stream  submission  partition  offset  hash      acknowledged, at this place of the log
//! R  stream  submission  code       kept    hash      refused; `kept` says that a row in `refusals` must tell of it
//! U  stream  submission  hash                         given up: it may be in the log or not
//! E  0       0           0                            the sender ended; nothing more was sent
//! ```
//!
//! A stream sends in order, one submission at a time, and writes its line before it goes on. So of each stream only the
//! submission after its last line can be in the log without a line, whenever the sender was killed. A last line without
//! its end is such a one. After `E` there is none, unless the load went on.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::recipe::{GENERATOR, Recipe};

/// The first line.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Version of this format.
    pub helan_load_ledger: u32,
    /// What decides every byte.
    pub recipe: Recipe,
    /// Where it was sent; information only.
    pub to: String,
    /// When it was begun, RFC 3339; information only.
    pub begun_at: String,
}

/// Version of the format.
pub const FORMAT: u32 = 1;

/// What became of one submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Number of the stream.
    pub stream: u64,
    /// Number of the submission in it.
    pub submission: u64,
    /// XXH3 of the bytes that were sent.
    pub hash: u64,
    /// What became of it.
    pub outcome: Outcome,
}

/// What the sender knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the log.
    Acknowledged {
        /// Partition of its topic.
        partition: i32,
        /// Offset.
        offset: i64,
    },
    /// It is not in the log.
    Refused {
        /// Why.
        code: String,
        /// Whether the refusal is kept.
        kept: bool,
    },
    /// Nobody knows: no answer came for long.
    Unknown,
    /// About no submission: the sender ended.
    Ended,
}

/// Why a ledger cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The first line is no header.
    #[error("the first line is no ledger's header ({0}); name a file that `helan load` wrote")]
    NoHeader(String),
    /// Another version of Helan wrote it.
    #[error(
        "it was written by generator {found}, this one is {GENERATOR} and writes other bytes; use that version of Helan"
    )]
    OtherGenerator {
        /// Its version.
        found: u32,
    },
    /// A line says nothing.
    #[error("line {line} cannot be read: {text:?}; only the last line may be incomplete")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
}

impl Header {
    /// The line, with its end.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("a struct of numbers and texts serialises into memory") + "\n"
    }

    /// Reads the first line.
    ///
    /// # Errors
    /// [`LedgerError`] where it is no header, or one of another generator.
    pub fn decode(text: &str) -> Result<Self, LedgerError> {
        let header: Self =
            serde_json::from_str(text.trim_end()).map_err(|error| LedgerError::NoHeader(error.to_string()))?;
        if header.helan_load_ledger != FORMAT {
            return Err(LedgerError::NoHeader(format!("format {}", header.helan_load_ledger)));
        }
        if header.recipe.generator != GENERATOR {
            return Err(LedgerError::OtherGenerator { found: header.recipe.generator });
        }
        Ok(header)
    }
}

impl Line {
    /// The line of a sender that ended.
    pub const END: Self = Self { stream: 0, submission: 0, hash: 0, outcome: Outcome::Ended };

    /// Appends the line, with its end.
    pub fn encode(&self, out: &mut String) {
        let Self { stream, submission, hash, outcome } = self;
        let written = match outcome {
            Outcome::Acknowledged { partition, offset } => {
                writeln!(out, "A\t{stream}\t{submission}\t{partition}\t{offset}\t{hash:016x}")
            }
            Outcome::Refused { code, kept } => {
                writeln!(out, "R\t{stream}\t{submission}\t{code}\t{}\t{hash:016x}", u8::from(*kept))
            }
            Outcome::Unknown => writeln!(out, "U\t{stream}\t{submission}\t{hash:016x}"),
            Outcome::Ended => writeln!(out, "E\t{stream}\t{submission}\t{hash:016x}"),
        };
        written.expect("a string takes all text");
    }

    /// Reads a line without its end; `line` is its number in the file, from 1.
    ///
    /// # Errors
    /// [`LedgerError::Line`].
    pub fn decode(line: usize, text: &str) -> Result<Self, LedgerError> {
        Self::read(text).ok_or_else(|| LedgerError::Line { line, text: text.chars().take(80).collect() })
    }

    fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('\t').collect();
        let (kind, rest) = parts.split_first()?;
        let (hash, rest) = rest.split_last()?;
        let hash = u64::from_str_radix(hash, 16).ok().filter(|_| hash.len() == 16)?;
        let (outcome, stream, submission) = match (*kind, rest) {
            ("A", [stream, submission, partition, offset]) => {
                let outcome =
                    Outcome::Acknowledged { partition: partition.parse().ok()?, offset: offset.parse().ok()? };
                (outcome, stream, submission)
            }
            ("R", [stream, submission, code, kept @ ("0" | "1")]) => {
                (Outcome::Refused { code: (*code).to_owned(), kept: *kept == "1" }, stream, submission)
            }
            ("U", [stream, submission]) => (Outcome::Unknown, stream, submission),
            ("E", [stream, submission]) => (Outcome::Ended, stream, submission),
            _ => return None,
        };
        Some(Self { stream: stream.parse().ok()?, submission: submission.parse().ok()?, hash, outcome })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_and_halves_do_not() {
        let outcomes = [
            Outcome::Acknowledged { partition: 3, offset: 88_123 },
            Outcome::Refused { code: "unknown_area".into(), kept: true },
            Outcome::Unknown,
            Outcome::Ended,
        ];
        for outcome in outcomes {
            let line = Line { stream: 13, submission: 4_000_000, hash: 0xfe, outcome };
            let mut text = String::new();
            line.encode(&mut text);
            assert_eq!(Line::decode(2, text.trim_end()), Ok(line));
            for cut in 0..text.trim_end().len() {
                assert!(Line::decode(2, &text[..cut]).is_err(), "{:?}", &text[..cut]);
            }
        }
    }
}
