//! The charset of a CSV: named by the sender, or recognised beyond doubt, never guessed.

use std::borrow::Cow;

use encoding_rs::{GB18030, UTF_8};
use helan_schemas::refusal::Code;

use crate::answer::{CharsetUsed, HowKnown};
use crate::problems::{Problems, quoted};

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Decodes bytes; `named` is the charset parameter of `Content-Type`.
///
/// Without a name: a byte order mark says UTF-8. Else what is valid UTF-8 is UTF-8, unless all its letters beyond ASCII
/// are of two bytes (Latin with accents, Greek, Cyrillic) and it is valid GB18030 as well: such bytes may just as well
/// be two-byte Hanzi, and nobody can tell. What is not UTF-8 but valid GB18030 is GB18030.
pub(crate) fn decode<'a>(bytes: &'a [u8], named: Option<&str>) -> Result<(Cow<'a, str>, CharsetUsed), Problems> {
    let used = |name: &str, how| CharsetUsed { name: name.to_owned(), how };
    let (body, marked) = match bytes.strip_prefix(BOM) {
        Some(rest) => (rest, true),
        None => (bytes, false),
    };
    let utf8 = || std::str::from_utf8(body);
    if let Some(name) = named {
        let wrong = |what: String| Problems::one(Code::CharsetMismatch, what);
        return match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => {
                let text = utf8().map_err(|error| invalid_utf8(Code::InvalidUtf8, body, &error))?;
                Ok((text.into(), used("utf-8", HowKnown::Named)))
            }
            "gb18030" | "gbk" | "gb2312" if marked => Err(wrong("EF BB BF = UTF-8".to_owned())),
            "gb18030" | "gbk" | "gb2312" => match gb18030(body) {
                Some(text) => Ok((text, used("gb18030", HowKnown::Named))),
                None => Err(wrong(quoted(name))),
            },
            _ => Err(Problems::one(Code::CharsetUnsupported, quoted(name))),
        };
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(Problems::one(Code::CharsetUnsupported, "UTF-16"));
    }
    match utf8() {
        Ok(text) if marked => Ok((text.into(), used("utf-8", HowKnown::ByteOrderMark))),
        Ok(text) if is_ambiguous(text) => Err(Problems::one(Code::CharsetAmbiguous, "")),
        Ok(text) => Ok((text.into(), used("utf-8", HowKnown::Detected))),
        Err(error) if marked => Err(invalid_utf8(Code::InvalidUtf8, body, &error)),
        Err(error) => match gb18030(body) {
            Some(text) => Ok((text, used("gb18030", HowKnown::Detected))),
            None => Err(invalid_utf8(Code::CharsetUndetected, body, &error)),
        },
    }
}

/// Decodes JSON, which is UTF-8 and nothing else.
pub(crate) fn decode_json<'a>(bytes: &'a [u8], named: Option<&str>) -> Result<&'a str, Problems> {
    match named {
        Some(name) if !UTF_8.name().eq_ignore_ascii_case(name) && !name.eq_ignore_ascii_case("utf8") => {
            Err(Problems::one(Code::CharsetUnsupported, quoted(name)))
        }
        _ => std::str::from_utf8(bytes).map_err(|error| invalid_utf8(Code::InvalidUtf8, bytes, &error)),
    }
}

fn gb18030(bytes: &[u8]) -> Option<Cow<'_, str>> {
    GB18030.decode_without_bom_handling_and_without_replacement(bytes)
}

fn is_ambiguous(text: &str) -> bool {
    let mut beyond_ascii = text.chars().filter(|c| !c.is_ascii()).peekable();
    beyond_ascii.peek().is_some() && beyond_ascii.all(|c| c.len_utf8() == 2) && gb18030(text.as_bytes()).is_some()
}

fn invalid_utf8(code: Code, bytes: &[u8], error: &std::str::Utf8Error) -> Problems {
    let at = error.valid_up_to();
    let line = 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
    Problems::one(code, format!("byte {at} (line {line})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8], named: Option<&str>) -> Result<(String, String, HowKnown), Code> {
        match decode(bytes, named) {
            Ok((text, used)) => Ok((text.into_owned(), used.name, used.how)),
            Err(problems) => Err(problems.code()),
        }
    }

    #[test]
    fn recognises_or_refuses() {
        let gb = GB18030.encode("银川市,研发经费").0.into_owned();
        let ok = |text: &str, name: &str, how| Ok((text.to_owned(), name.to_owned(), how));
        assert_eq!(decoded("银川".as_bytes(), None), ok("银川", "utf-8", HowKnown::Detected));
        assert_eq!(decoded("\u{feff}银川".as_bytes(), None), ok("银川", "utf-8", HowKnown::ByteOrderMark));
        assert_eq!(decoded(&gb, None), ok("银川市,研发经费", "gb18030", HowKnown::Detected));
        assert_eq!(decoded(&gb, Some("GBK")), ok("银川市,研发经费", "gb18030", HowKnown::Named));
        assert_eq!(decoded(b"plain", None), ok("plain", "utf-8", HowKnown::Detected));
        // C4 A3 CA BD: two Hanzi of two bytes each, or ģʽ.
        let mode = GB18030.encode("模式").0.into_owned();
        assert_eq!(std::str::from_utf8(&mode).map(str::len), Ok(4));
        assert_eq!(decoded(&mode, None), Err(Code::CharsetAmbiguous));
        assert_eq!(decoded(&mode, Some("gb18030")), ok("模式", "gb18030", HowKnown::Named));
        assert_eq!(decoded(&gb, Some("utf-8")), Err(Code::InvalidUtf8));
        assert_eq!(decoded(b"\xff\xff", None), Err(Code::CharsetUndetected));
        assert_eq!(decoded(b"a\xff", Some("gb18030")), Err(Code::CharsetMismatch));
        assert_eq!(decoded("\u{feff}a".as_bytes(), Some("gb18030")), Err(Code::CharsetMismatch));
        assert_eq!(decoded(b"\xff\xfea\0", None), Err(Code::CharsetUnsupported));
        assert_eq!(decoded(b"a", Some("big5")), Err(Code::CharsetUnsupported));
    }
}
