//! The pieces of a formula's text: names, numbers, texts in quotes, errors.

use super::functions::looks_elsewhere;

/// Whether a formula names no cell, no table and nothing that has a name of its own.
pub(super) fn is_constant(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut any = false;
    while let Some(byte) = bytes.get(at) {
        any = true;
        match byte {
            b'"' => at = end_of_text(bytes, at),
            b'#' => at += error_length(&bytes[at..]).max(1),
            // A sheet's name, a table's column.
            b'\'' | b'[' | b'!' => return false,
            b'0'..=b'9' | b'.' => at = end_of_number(bytes, at),
            _ if is_of_name(*byte) => {
                let end = end_of_name(bytes, at);
                let name = text.get(at..end).unwrap_or_default().to_ascii_uppercase();
                let is_call = bytes.get(end) == Some(&b'(');
                if is_call && looks_elsewhere(&name) || !is_call && !matches!(name.as_str(), "TRUE" | "FALSE") {
                    return false;
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    any
}

pub(super) fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'$' | b'_' | b'.' | b'\\') || byte >= 0x80
}

pub(super) fn end_of_name(bytes: &[u8], from: usize) -> usize {
    from + bytes[from..].iter().take_while(|byte| is_of_name(**byte)).count()
}

pub(super) fn end_of_number(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        let sign = matches!(byte, b'+' | b'-') && at > from && matches!(bytes[at - 1], b'e' | b'E');
        if !byte.is_ascii_digit() && !matches!(byte, b'.' | b'e' | b'E') && !sign {
            break;
        }
        at += 1;
    }
    at
}

/// Behind a text in quotes, in which two quotes are one.
pub(super) fn end_of_text(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        if *byte == b'"' {
            if bytes.get(at) != Some(&b'"') {
                return at;
            }
            at += 1;
        }
    }
    bytes.len()
}

/// How long the name of an error is that stands at the beginning; 0 if none does.
pub(super) fn error_length(bytes: &[u8]) -> usize {
    let known = ["#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!"];
    known.iter().find(|name| bytes.starts_with(name.as_bytes())).map_or(0, |name| name.len())
}
