//! Texts: empty ones count as absent, none is over-long or hides control characters.

use helan_schemas::event::{DataRef, Text};
use helan_schemas::later::LATER;
use helan_schemas::refusal::Code;

use super::Report;
use crate::problems::quoted;

/// Longest `subject` and `dataschema`.
pub(super) const MAX_ATTRIBUTE_BYTES: usize = 512;
/// Longest code: area, indicator, period, unit, status.
const MAX_CODE_BYTES: usize = 128;
/// Longest name of a person or office.
const MAX_NAME_BYTES: usize = 256;
/// Longest `evidence`.
const MAX_EVIDENCE_BYTES: usize = 1024;
/// Longest `note`.
const MAX_NOTE_BYTES: usize = 4096;

/// Looks at every text of the payload.
pub(super) fn check(data: &mut DataRef<'_>, report: &mut Report<'_>) {
    macro_rules! check {
        ($($field:ident: $max:expr, $lines:literal;)+) => {
            $(one(&mut data.$field, concat!("data.", stringify!($field)), $max, $lines, report);)+
        };
    }
    check! {
        ref_area: MAX_CODE_BYTES, false;
        indicator: MAX_CODE_BYTES, false;
        time_period: MAX_CODE_BYTES, false;
        unit: MAX_CODE_BYTES, false;
        obs_status: MAX_CODE_BYTES, false;
        conf_status: MAX_CODE_BYTES, false;
        vintage: MAX_CODE_BYTES, false;
        basis: MAX_CODE_BYTES, false;
        published_at: MAX_CODE_BYTES, false;
        prepared_by: MAX_NAME_BYTES, false;
        reviewed_by: MAX_NAME_BYTES, false;
        approved_by: MAX_NAME_BYTES, false;
        evidence: MAX_EVIDENCE_BYTES, false;
        note: MAX_NOTE_BYTES, true;
        withdraws: MAX_CODE_BYTES, false;
    }
    for field in &LATER {
        one((field.slot)(data), field.path, field.max_bytes, false, report);
    }
}

fn one(field: &mut Option<Text<'_>>, name: &'static str, max: usize, lines: bool, report: &mut Report<'_>) {
    let Some(text) = field.as_deref() else { return };
    if text.is_empty() {
        *field = None;
    } else if text.len() > max {
        report(name, Code::TextTooLong, format!("{} > {max}", text.len()));
    } else if has_forbidden(text, lines) {
        report(name, Code::TextControl, quoted(text));
    }
}

/// Whether a text holds control characters; line breaks and tabs are fine where `lines` says so.
pub(super) fn has_forbidden(text: &str, lines: bool) -> bool {
    let plain = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    !plain && text.chars().any(|c| is_forbidden(c) && !(lines && matches!(c, '\n' | '\r' | '\t')))
}

/// Control characters, line and paragraph separators, and the marks that make a text read in another order than it is
/// written, so that a person sees other figures than the machine.
pub(super) fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
