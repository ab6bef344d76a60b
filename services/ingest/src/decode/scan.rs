//! Looks at JSON without decoding it: its depth, its elements, an object's members.

use std::marker::PhantomData;

use helan_schemas::event::Text;
use helan_schemas::refusal::Code;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Whether brackets nest deeper than a limit anywhere. Strings are skipped; the text need not be well-formed.
pub(super) fn deeper_than(text: &str, limit: usize) -> bool {
    let mut depth = 0_usize;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'\\' => drop(bytes.next()),
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    false
}

/// Calls `each` with every element of an array, in order; what it returns says whether to go on.
pub(super) fn elements<'a>(text: &'a str, each: impl FnMut(&'a RawValue) -> bool) -> Result<(), serde_json::Error> {
    struct Elements<F>(F);
    impl<'de, F: FnMut(&'de RawValue) -> bool> Visitor<'de> for Elements<F> {
        type Value = ();
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an array")
        }
        fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
            let mut wanted = true;
            while let Some(element) = seq.next_element()? {
                wanted = wanted && (self.0)(element);
            }
            Ok(())
        }
    }
    let mut json = serde_json::Deserializer::from_str(text);
    serde::Deserializer::deserialize_seq(&mut json, Elements(each))?;
    json.end()
}

/// An object's members in order, repeated keys included.
pub(super) fn members(text: &str) -> Result<Vec<(Text<'_>, &RawValue)>, serde_json::Error> {
    struct Members<'a>(PhantomData<&'a ()>);
    impl<'de> Visitor<'de> for Members<'de> {
        type Value = Vec<(Text<'de>, &'de RawValue)>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let members = serde::Deserializer::deserialize_map(&mut json, Members(PhantomData))?;
    json.end()?;
    Ok(members)
}

/// What is wrong with JSON that cannot be read, and where.
pub(super) fn syntax(error: &serde_json::Error, text: &str) -> (Code, String) {
    let at = format!("line {} column {}", error.line(), error.column());
    if error.is_data() {
        // It is the whole that has another shape, where no line is named.
        return (Code::JsonShape, if error.line() == 0 || error.column() == 0 { String::new() } else { at });
    }
    if error.is_eof() {
        return (Code::JsonTruncated, at);
    }
    let line = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let start = line.floor_char_boundary(error.column().saturating_sub(4));
    let end = line.floor_char_boundary((error.column() + 8).min(line.len()));
    let near = line.get(start..end).unwrap_or_default();
    if near.contains("NaN") || near.contains("Inf") {
        return (Code::JsonNotFinite, at);
    }
    let message = error.to_string();
    let message = message.split(" at line").next().unwrap_or_default();
    (Code::JsonSyntax, format!("{at} ({message})"))
}
