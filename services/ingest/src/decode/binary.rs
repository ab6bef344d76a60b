//! CloudEvents' binary mode: attributes in `ce-` headers, the payload in the body.
//!
//! Source: CloudEvents HTTP protocol binding 1.0.2, section 3.1.

use axum::http::HeaderMap;
use helan_schemas::event::{EventRef, Text};
use helan_schemas::refusal::Code;

use super::fields::{ATTRIBUTES, blank, extension, set_attribute};
use crate::problems::{Place, Problems, or_meant};

const PREFIX: &str = "ce-";

/// The attributes of an event in binary mode.
#[derive(Debug)]
pub(crate) struct Head {
    attributes: Vec<(&'static str, String)>,
    /// The source as it stands in its header, where that is encoded or looks so.
    written_source: Option<String>,
}

impl Head {
    /// Whether headers say that the body is a payload.
    pub(crate) fn is_in(headers: &HeaderMap) -> bool {
        ["ce-specversion", "ce-id", "ce-source", "ce-type"].iter().any(|name| headers.contains_key(*name))
    }

    /// Reads the `ce-` headers.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, Problems> {
        let (mut attributes, mut written_source) = (Vec::new(), None);
        let mut problems = Problems::new(ATTRIBUTES.len());
        for name in headers.keys().filter(|name| name.as_str().starts_with(PREFIX)) {
            let mut add = |code, found| problems.add(Place::row(1), Some(name.as_str()), code, found);
            let bare = &name.as_str()[PREFIX.len()..];
            let attribute = ATTRIBUTES.into_iter().find(|attribute| *attribute == bare);
            if let (None, Err(meant)) = (attribute, extension(bare)) {
                add(Code::UnknownField, or_meant(String::new(), meant));
                continue;
            }
            let mut values = headers.get_all(name).iter();
            match (values.next().and_then(|value| decoded(value.as_bytes())), values.next()) {
                (_, Some(_)) => add(Code::DuplicateKey, String::new()),
                (None, None) => add(Code::HeaderInvalid, String::new()),
                (Some(text), None) => {
                    if attribute == Some("source") {
                        let written = headers.get(name).and_then(|value| value.to_str().ok());
                        written_source = written.filter(|written| *written != text).map(str::to_owned);
                    }
                    attributes.extend(attribute.map(|attribute| (attribute, text)));
                }
            }
        }
        if problems.is_empty() { Ok(Self { attributes, written_source }) } else { Err(problems) }
    }

    /// The event without its payload. The SDKs of Go and Java write a source as it is, without the binding's encoding: so it is
    /// taken as it is written where only that is known.
    pub(super) fn event(&self, is_known: impl Fn(&str) -> bool) -> EventRef<'_> {
        let mut event = blank();
        for (name, text) in &self.attributes {
            let written = self.written_source.as_deref().filter(|_| *name == "source" && !is_known(text));
            let text = written.filter(|written| is_known(written)).unwrap_or(text);
            set_attribute(&mut event, name, Text(text.into()));
        }
        event
    }
}

/// Undoes the binding's encoding of a value: a quoted string first, then percent-encoding; none if either is broken: what a
/// percent sign that encodes nothing was meant to be is not known.
///
/// Source: CloudEvents HTTP protocol binding 1.0.2, section 3.1.3.2; RFC 9110, section 5.6.4.
fn decoded(bytes: &[u8]) -> Option<String> {
    let Some(quoted) = bytes.strip_prefix(b"\"") else { return percent_decoded(bytes) };
    let mut plain = Vec::with_capacity(quoted.len());
    let mut rest = quoted.iter();
    loop {
        match rest.next()? {
            b'"' => break,
            b'\\' => plain.push(*rest.next()?),
            byte => plain.push(*byte),
        }
    }
    if rest.next().is_some() { None } else { percent_decoded(&plain) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn undoes_what_the_binding_says() {
        for (sent, text) in [
            ("plain", Some("plain")),
            ("Euro%20%E2%82%AC%20%F0%9F%98%80", Some("Euro € 😀")),
            ("\"A234-1234\"", Some("A234-1234")),
            ("\"a\\\"b\\\\c\"", Some("a\"b\\c")),
            ("\"a%22b\"", Some("a\"b")),
            ("\"\"", Some("")),
            ("in \"the\" middle", Some("in \"the\" middle")),
            ("\"open", None),
            ("\"a\"b", None),
            ("\"a\\", None),
            ("100%", None),
            ("%+1", None),
        ] {
            assert_eq!(decoded(sent.as_bytes()).as_deref(), text, "{sent}");
        }
    }

    #[test]
    fn a_source_is_taken_as_it_is_written_where_only_that_is_known() {
        let mut headers = HeaderMap::new();
        headers.insert("ce-source", "/h1/b%C3%BCro".parse().expect("a value"));
        let head = Head::read(&headers).expect("readable");
        assert_eq!(&*head.event(|source| source.contains('%')).source.0, "/h1/b%C3%BCro");
        assert_eq!(&*head.event(|_| true).source.0, "/h1/büro");
        assert_eq!(&*head.event(|_| false).source.0, "/h1/büro");
    }

    proptest! {
        /// What the binding's two encodings make of a text comes back, one after the other or alone.
        #[test]
        fn encoded_texts_come_back(text in "\\PC{0,20}", quote in any::<bool>()) {
            let is_plain = |byte: u8| matches!(byte, 0x21..=0x7e) && !matches!(byte, b'"' | b'%');
            let mut sent = String::new();
            for byte in text.bytes() {
                if is_plain(byte) { sent.push(char::from(byte)) } else { sent.push_str(&format!("%{byte:02X}")) }
            }
            if quote {
                sent = format!("\"{}\"", sent.replace('\\', "\\\\"));
            }
            prop_assert_eq!(decoded(sent.as_bytes()), Some(text));
        }
    }
}
