//! A record of topic [`crate::topics::REFUSED`]: what ingest turned away of a sender that it knows.
//!
//! One record = one refused request, as JSON. It carries the reasons and where they apply, never the refused content:
//! what was refused may be exactly what must not be kept. Bounded: at most [`MAX_ERRORS`] reasons, each text cut at
//! [`MAX_TEXT_BYTES`].

use serde::{Deserialize, Serialize};

use crate::event::Malformed;

/// Most reasons that one record lists; `more` counts the others.
pub const MAX_ERRORS: usize = 100;
/// Longest text (message, field, id) in a record, in bytes.
pub const MAX_TEXT_BYTES: usize = 512;

/// One refused request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Refused {
    /// Reporter whose credential sent it.
    pub reporter: String,
    /// CloudEvents source, where it was known before the refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Id of the submission, where it was known before the refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission: Option<String>,
    /// When ingest received it, microseconds since the Unix epoch.
    pub received_at: i64,
    /// The HTTP status that the sender got.
    pub status: u16,
    /// The reasons, in the order of the rows.
    pub errors: Vec<RefusedError>,
    /// Reasons beyond those listed.
    #[serde(default)]
    pub more: u64,
}

/// One reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct RefusedError {
    /// A code of [`crate::refusal::Code`]; a text, so that an older reader keeps what a newer ingest wrote.
    pub code: String,
    /// Position of the event or row in the request, from 0; none = the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// CloudEvents id, where the event has one that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Field or column at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong, in Chinese.
    pub message_zh: String,
    /// What is wrong, in English.
    pub message_en: String,
}

impl Refused {
    /// Decodes a record's value.
    ///
    /// # Errors
    /// [`Malformed`] if it is no such JSON.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        serde_json::from_slice(bytes).map_err(|error| Malformed(error.to_string()))
    }

    /// The record's value, cut to the bounds of this module.
    pub fn encode(mut self) -> Vec<u8> {
        let beyond = self.errors.len().saturating_sub(MAX_ERRORS);
        self.errors.truncate(MAX_ERRORS);
        self.more += beyond as u64;
        for text in self.source.iter_mut().chain(&mut self.submission) {
            cut(text);
        }
        for error in &mut self.errors {
            cut(&mut error.message_zh);
            cut(&mut error.message_en);
            error.id.iter_mut().chain(&mut error.field).for_each(cut);
        }
        serde_json::to_vec(&self).expect("a struct of texts and numbers serialises into memory")
    }
}

fn cut(text: &mut String) {
    if text.len() > MAX_TEXT_BYTES {
        text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES - '…'.len_utf8()));
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_bounded_and_reads_back() {
        let error = RefusedError {
            code: "unknown_area".into(),
            index: Some(3),
            id: Some("编".repeat(1000)),
            field: Some("data.ref_area".into()),
            message_zh: "x".repeat(MAX_TEXT_BYTES),
            message_en: String::new(),
        };
        let refused =
            Refused { reporter: "demo".into(), errors: vec![error; MAX_ERRORS + 7], more: 5, ..Refused::default() };
        let bytes = refused.encode();
        assert!(bytes.len() < MAX_ERRORS * 4 * MAX_TEXT_BYTES);
        let back = Refused::decode(&bytes).expect("decodes");
        assert_eq!((back.errors.len(), back.more), (MAX_ERRORS, 12));
        assert!(back.errors[0].id.as_deref().expect("id").ends_with('…'));
        assert_eq!(back.errors[0].message_zh.len(), MAX_TEXT_BYTES);
        assert!(Refused::decode(b"[]").is_err() && Refused::decode(b"").is_err());
    }
}
