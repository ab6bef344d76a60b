//! Texts: empty ones count as absent, none is over-long or holds what cannot be seen.
//!
//! What is invisible is Unicode's property Default_Ignorable_Code_Point. In codes none of it may stand: two codes that look
//! alike would be two. In names and notes a script may need a joiner or a variant of a character.

use helan_schemas::event::Text;
use helan_schemas::fields::{DataRef, FIELDS, Holds};
use helan_schemas::refusal::Code;
use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

use super::Report;
use crate::problems::quoted;

/// Longest `subject` and `dataschema`.
pub(super) const MAX_ATTRIBUTE_BYTES: usize = 512;
/// Looks at every text of the payload.
pub(super) fn check(data: &mut DataRef<'_>, report: &mut Report<'_>) {
    for field in FIELDS {
        one((field.slot)(data), field.path, field.max_bytes, field.holds, report);
    }
}

fn one(field: &mut Option<Text<'_>>, name: &'static str, max: usize, kind: Holds, report: &mut Report<'_>) {
    let Some(text) = field.as_deref() else { return };
    if text.is_empty() {
        *field = None;
    } else if text.len() > max {
        report(name, Code::TextTooLong, format!("{} > {max}", text.len()));
    } else if has_forbidden(text, kind) {
        report(name, Code::TextControl, quoted(text));
    }
}

/// Whether a text holds characters that nobody sees.
pub(super) fn has_forbidden(text: &str, kind: Holds) -> bool {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return false;
    }
    let mut before = None;
    text.chars().any(|c| {
        let before = before.replace(c);
        let is_break = kind == Holds::Lines && matches!(c, '\n' | '\r' | '\t');
        let is_needed = kind != Holds::Code && is_of_its_script(c, before);
        is_forbidden(c) && !is_break && !is_needed
    })
}

/// Control characters, line and paragraph separators, and what is not shown: soft hyphens, zero-width characters, tags, and
/// the marks that make a text read in another order than it is written, so that a person sees other figures than the
/// machine.
pub(super) fn is_forbidden(c: char) -> bool {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    // Of the annotation marks of U+FFF9 only the property lacks what is no more visible.
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}')
        || (!c.is_ascii() && ignorable.contains(c))
}

/// Whether an invisible character belongs to the one before it: joiners of Indic, Arabic and Mongolian, and selectors that
/// choose the form of a character, as names with rare ideographs need. One each, after something visible that is not
/// ASCII: so none splits a number or a code, and no row of them carries a text of its own.
fn is_of_its_script(c: char, before: Option<char>) -> bool {
    let is_kind = matches!(c, '\u{200c}' | '\u{200d}' | '\u{180b}'..='\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}');
    is_kind && before.is_some_and(|before| !before.is_ascii() && !before.is_whitespace() && !is_forbidden(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_refused_and_what_a_script_needs_is_not() {
        const ALL: [Holds; 3] = [Holds::Code, Holds::Line, Holds::Lines];
        for hidden in [
            "a\u{7}",
            "a\u{7f}b",
            "a\u{85}b",
            "12\u{ad}34",
            "a\u{200b}b",
            "\u{202e}abc",
            "a\u{2066}b",
            "a\u{061c}b",
            "\u{feff}a",
            "a\u{e0041}\u{e0042}",
            "值\u{e0041}",
            "a\u{2028}b",
            "a\u{2060}b",
            "\u{3164}",
            "a\u{fff9}b",
            "1\u{200d}2",
            "a\u{fe0f}",
            "\u{200d}a",
            "值\u{fe00}\u{fe01}\u{fe02}",
            "值 \u{e0100}",
        ] {
            for kind in ALL {
                assert!(has_forbidden(hidden, kind), "{hidden:?} {kind:?}");
            }
        }
        for needed in ["葛\u{e0100}城", "ᠮᠣᠩ\u{180b}ᠭᠣᠯ", "क्\u{200d}ष", "نمی\u{200c}خواهم", "❤\u{fe0f}"]
        {
            assert_eq!(ALL.map(|kind| has_forbidden(needed, kind)), [true, false, false], "{needed:?}");
        }
        for plain in ["nx/yinchuan-2018", "银川市统计局：3,705.18 亿元", "Ω≈ç", "e\u{301}", ""] {
            for kind in ALL {
                assert!(!has_forbidden(plain, kind), "{plain:?} {kind:?}");
            }
        }
        assert_eq!(ALL.map(|kind| has_forbidden("一\n二\t三", kind)), [true, true, false]);
    }
}
