//! The charset of a CSV: named by the sender, by the form or by the catalog, or recognised beyond doubt, never guessed.

mod chinese;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use encoding_rs::{
    BIG5, EUC_KR, Encoding, GB18030, GBK, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1250, WINDOWS_1251,
    WINDOWS_1252, X_USER_DEFINED,
};
use helan_schemas::catalog::Catalog;
use helan_schemas::refusal::Code;

use crate::answer::{CharsetUsed, HowKnown};
use crate::problems::{Place, Problems, quoted};

const BOM: &[u8] = b"\xef\xbb\xbf";
/// Begins the heading by which a form says its charset: `#charset=windows-1252`.
const OF_FORM: &str = "#charset=";
/// Charsets that a refusal shows a text in.
const SHOWN: [&Encoding; 7] = [GB18030, WINDOWS_1252, WINDOWS_1251, BIG5, SHIFT_JIS, EUC_KR, WINDOWS_1250];
/// How many of them, and how many characters of the text.
const MOST_SHOWN: usize = 5;
const SHOWN_CHARS: usize = 16;

/// By what a charset is known that no request names.
#[derive(Clone, Copy)]
pub(crate) struct Known<'c> {
    /// The reporter's in the catalog; empty = none.
    pub(crate) reporter: &'c str,
    /// Its names are Chinese that is recognised.
    pub(crate) catalog: &'c Catalog,
}

/// Decodes bytes; `named` is the charset that the request names.
///
/// Without a name what is valid UTF-8 is UTF-8. Anything else is what a heading `#charset=` says, then what the catalog
/// says of the reporter, then GB18030 if that makes it plainly Chinese. Bytes of other charsets are valid GB18030 too: they
/// are refused, and shown in several.
pub(crate) fn decode<'a>(
    bytes: &'a [u8],
    named: Option<&str>,
    known: Known<'_>,
) -> Result<(Cow<'a, str>, CharsetUsed), Problems> {
    let (text, used) = decoded(bytes, named, known)?;
    // The first mark was the file's.
    if bytes.starts_with(BOM) && text.starts_with('\u{feff}') {
        return Err(Problems::one(Code::ByteOrderMarkTwice, ""));
    }
    Ok((text, used))
}

fn decoded<'a>(
    bytes: &'a [u8],
    named: Option<&str>,
    known: Known<'_>,
) -> Result<(Cow<'a, str>, CharsetUsed), Problems> {
    let (body, marked) = match bytes.strip_prefix(BOM) {
        Some(rest) => (rest, true),
        None => (bytes, false),
    };
    if let Some(name) = named {
        let charset = of_label(name).ok_or_else(|| Problems::one(Code::CharsetUnsupported, quoted(name)))?;
        return read_as(charset, name, (body, marked), (HowKnown::Named, known.catalog));
    }
    let marks: [&[u8]; 3] = [b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff"];
    if marks.iter().any(|mark| bytes.starts_with(mark)) || is_wide(body) {
        let name = if is_of_four(body) { "UTF-32" } else { "UTF-16" };
        return Err(Problems::one(Code::CharsetUnsupported, name));
    }
    let error = match std::str::from_utf8(body) {
        Ok(text) if marked => return Ok((text.into(), used(UTF_8, HowKnown::ByteOrderMark))),
        Ok(text) => return Ok((text.into(), used(UTF_8, HowKnown::Detected))),
        Err(error) => error,
    };
    if marked {
        return Err(invalid_utf8(Code::InvalidUtf8, body, &error));
    }
    if let Some(name) = of_form(body) {
        let charset = of_label(&name).ok_or_else(|| Problems::one(Code::CharsetUnsupported, quoted(&name)))?;
        return read_as(charset, &name, (body, marked), (HowKnown::Form, known.catalog));
    }
    if let Some(charset) = of_label(known.reporter).filter(|charset| *charset != UTF_8) {
        return read_as(charset, known.reporter, (body, marked), (HowKnown::Reporter, known.catalog));
    }
    match strictly(GB18030, body) {
        Some(text) if chinese::is_plainly_chinese(&text, body, known.catalog) => {
            Ok((text, used(GB18030, HowKnown::Detected)))
        }
        Some(_) => Err(in_several(Code::CharsetAmbiguous, body, &error)),
        None => Err(in_several(Code::CharsetUndetected, body, &error)),
    }
}

/// How many bytes decoding takes beside the body: what is not UTF-8 becomes a text of its own, of at most three for one.
pub(crate) fn copied(bytes: &[u8], named: Option<&str>) -> usize {
    let other = named.is_some_and(|name| of_label(name).is_some_and(|charset| charset != UTF_8));
    let is_read_in_place = if other { bytes.is_ascii() } else { std::str::from_utf8(bytes).is_ok() };
    if is_read_in_place { 0 } else { bytes.len() * 3 }
}

/// Decodes JSON, which is UTF-8 and nothing else.
pub(crate) fn decode_json<'a>(bytes: &'a [u8], named: Option<&str>) -> Result<&'a str, Problems> {
    match named {
        Some(name) if !UTF_8.name().eq_ignore_ascii_case(name) && !name.eq_ignore_ascii_case("utf8") => {
            Err(Problems::one(Code::CharsetUnsupported, quoted(name)))
        }
        _ if bytes.starts_with(&[BOM, BOM].concat()) => Err(Problems::one(Code::ByteOrderMarkTwice, "")),
        _ => std::str::from_utf8(bytes).map_err(|error| invalid_utf8(Code::InvalidUtf8, bytes, &error)),
    }
}

/// The charset of a name as browsers know them. GBK and GB2312 are parts of GB18030.
fn of_label(name: &str) -> Option<&'static Encoding> {
    let charset = Encoding::for_label_no_replacement(name.trim().as_bytes())?;
    match charset {
        _ if charset == X_USER_DEFINED => None,
        _ if charset == GBK => Some(GB18030),
        _ => Some(charset),
    }
}

/// The charset that a heading of the first line names, which is ASCII in every charset that is taken.
fn of_form(body: &[u8]) -> Option<String> {
    let line = body.split(|byte| matches!(byte, b'\n' | b'\r')).next()?;
    line.split(|byte| matches!(byte, b',' | b';' | b'\t')).find_map(|cell| {
        let cell = std::str::from_utf8(cell).ok()?.trim().trim_matches('"').to_ascii_lowercase();
        cell.strip_prefix(OF_FORM).map(str::to_owned)
    })
}

fn read_as<'a>(
    charset: &'static Encoding,
    name: &str,
    (body, marked): (&'a [u8], bool),
    (how, catalog): (HowKnown, &Catalog),
) -> Result<(Cow<'a, str>, CharsetUsed), Problems> {
    let wrong = |what: String| Problems::one(Code::CharsetMismatch, what);
    if charset == UTF_8 {
        let text = std::str::from_utf8(body).map_err(|error| invalid_utf8(Code::InvalidUtf8, body, &error))?;
        return Ok((text.into(), used(charset, how)));
    }
    if marked {
        return Err(wrong("EF BB BF = UTF-8".to_owned()));
    }
    // Nobody writes a text of one byte a character that happens to be UTF-8: Ã¤ for ä is a sign of a wrong name. In the
    // charsets of East Asia two bytes may happen to be a letter of UTF-8, but not three a Hanzi: 鍒濇 for 初步.
    let as_utf8 = std::str::from_utf8(body).unwrap_or_default();
    let is_wide = charset == UTF_16LE || charset == UTF_16BE;
    let has_letters = charset.is_single_byte() && !as_utf8.is_ascii();
    if has_letters || !is_wide && as_utf8.chars().any(|c| c.len_utf8() > 2) {
        return Err(wrong(format!("{} ≠ UTF-8", quoted(name))));
    }
    let Some(text) = strictly(charset, body) else { return Err(wrong(quoted(name))) };
    // Files of two charsets put together: what is a Chinese line of UTF-8 would be rare Hanzi.
    let lines = body.split(|byte| *byte == b'\n').zip(1..).filter(|(line, _)| !is_wide && !line.is_ascii());
    for (line, number) in lines {
        let Ok(as_utf8) = std::str::from_utf8(line) else { continue };
        let is_common = |text: &str| chinese::is_of_common_hanzi(text, catalog);
        if is_common(as_utf8) && !strictly(charset, line).is_some_and(|text| is_common(&text)) {
            return Err(wrong(format!("line {number}: UTF-8 {}, not {}", quoted(as_utf8.trim()), quoted(name))));
        }
    }
    Ok((text, used(charset, how)))
}

/// Decodes bytes if all of them belong to a charset, without the mark that may begin them.
fn strictly<'a>(charset: &'static Encoding, bytes: &'a [u8]) -> Option<Cow<'a, str>> {
    let mark: &[u8] = match charset {
        _ if charset == UTF_16LE => b"\xff\xfe",
        _ if charset == UTF_16BE => b"\xfe\xff",
        _ if charset == GB18030 => b"\x84\x31\x95\x33",
        _ => b"",
    };
    charset.decode_without_bom_handling_and_without_replacement(bytes.strip_prefix(mark).unwrap_or(bytes))
}

/// Whether every other byte is 0 where the file begins, as ASCII in UTF-16 is.
fn is_wide(bytes: &[u8]) -> bool {
    let first = &bytes[..bytes.len().min(64)];
    let zeros = |from: usize| first.len() > 3 && first[from..].iter().step_by(2).all(|byte| *byte == 0);
    zeros(0) || zeros(1)
}

/// Whether three of four bytes are 0 or a mark where the file begins, as in UTF-32.
fn is_of_four(bytes: &[u8]) -> bool {
    let mut units = bytes.chunks_exact(4).take(16);
    let of_four = |unit: &[u8]| unit[..2] == [0, 0] || unit[2..] == [0, 0];
    bytes.len() >= 4 && units.all(of_four)
}

fn used(charset: &'static Encoding, how: HowKnown) -> CharsetUsed {
    CharsetUsed { name: charset.name().to_ascii_lowercase(), how }
}

fn line_at(bytes: &[u8], at: usize) -> usize {
    1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count()
}

fn invalid_utf8(code: Code, bytes: &[u8], error: &std::str::Utf8Error) -> Problems {
    let at = error.valid_up_to();
    Problems::one(code, format!("byte {at} (line {})", line_at(bytes, at)))
}

/// The first text that is no UTF-8, as several charsets would have it: a person sees which one is right.
fn in_several(code: Code, bytes: &[u8], error: &std::str::Utf8Error) -> Problems {
    let at = error.valid_up_to();
    let is_end = |byte: &u8| matches!(byte, b',' | b';' | b'\t' | b'\n' | b'\r' | b'"');
    let start = bytes[..at].iter().rposition(is_end).map_or(0, |before| before + 1);
    let end = bytes[at..].iter().position(is_end).map_or(bytes.len(), |after| at + after);
    // A byte of a character may look like an end: then the whole line is shown.
    let line = |from: usize| {
        let start = bytes[..from].iter().rposition(|byte| *byte == b'\n').map_or(0, |before| before + 1);
        let end = bytes[from..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |after| from + after);
        &bytes[start..end]
    };
    let read = |charset: &'static Encoding| {
        let text = strictly(charset, &bytes[start..end]).or_else(|| strictly(charset, line(at)))?;
        let text = text.trim();
        let is_text = strictly(charset, bytes).is_some() && !text.chars().any(char::is_control);
        let short: String = text.chars().take(SHOWN_CHARS).collect();
        let more = if short.len() < text.len() { "…" } else { "" };
        is_text.then(|| format!("{} {}", charset.name().to_ascii_lowercase(), quoted(&(short + more))))
    };
    let texts: Vec<_> = SHOWN.into_iter().filter_map(read).take(MOST_SHOWN).collect();
    let mut problems = Problems::new(1);
    problems.add(Place::WHOLE.line(line_at(bytes, at) as u32), None, code, texts.join(", "));
    problems
}
