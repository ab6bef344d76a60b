//! CloudEvents' binary mode: attributes in `ce-` headers, the payload in the body.
//!
//! Source: CloudEvents HTTP protocol binding 1.0.2, section 3.1.

use axum::http::HeaderMap;
use helan_schemas::event::{EventRef, Text};
use helan_schemas::refusal::Code;

use super::fields::{ATTRIBUTES, blank, set_attribute};
use crate::problems::{Place, Problems};

const PREFIX: &str = "ce-";

/// The attributes of an event in binary mode.
#[derive(Debug)]
pub(crate) struct Head {
    attributes: Vec<(&'static str, String)>,
}

impl Head {
    /// Whether headers say that the body is a payload.
    pub(crate) fn is_in(headers: &HeaderMap) -> bool {
        headers.contains_key("ce-specversion")
    }

    /// Reads the `ce-` headers.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, Problems> {
        let mut attributes = Vec::new();
        let mut problems = Problems::new(ATTRIBUTES.len());
        for name in headers.keys().filter(|name| name.as_str().starts_with(PREFIX)) {
            let mut add = |code| problems.add(Place::row(1), Some(name.as_str()), code, "");
            // The payload's media type is Content-Type's matter in this mode.
            let known = ATTRIBUTES.iter().filter(|attribute| **attribute != "datacontenttype");
            let Some(attribute) = known.copied().find(|attribute| *attribute == &name.as_str()[PREFIX.len()..]) else {
                add(Code::UnknownField);
                continue;
            };
            let mut values = headers.get_all(name).iter();
            match (values.next().and_then(|value| percent_decoded(value.as_bytes())), values.next()) {
                (Some(text), None) => attributes.push((attribute, text)),
                (_, Some(_)) => add(Code::DuplicateKey),
                (None, None) => add(Code::HeaderInvalid),
            }
        }
        if problems.is_empty() { Ok(Self { attributes }) } else { Err(problems) }
    }

    /// The event without its payload.
    pub(super) fn event(&self) -> EventRef<'_> {
        let mut event = blank();
        for (name, text) in &self.attributes {
            set_attribute(&mut event, name, Text(text.as_str().into()));
        }
        event
    }
}

/// Undoes the binding's percent-encoding; none if it is broken or not UTF-8.
fn percent_decoded(bytes: &[u8]) -> Option<String> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        if *byte == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            decoded.push(u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))?);
            rest = &after[2..];
        } else {
            decoded.push(*byte);
            rest = after;
        }
    }
    String::from_utf8(decoded).ok()
}
