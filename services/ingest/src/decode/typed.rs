//! Numbers as people and programs write them into a table's text, turned into plain digits with a point, or refused where
//! they may be another number. A number cell of a workbook is no text: it never comes here.

use std::borrow::Cow;

use helan_schemas::catalog::DecimalMark;
use helan_schemas::refusal::Code;

/// Digits that spreadsheets keep: a number in exponent form that has as many has lost none.
const KEPT_DIGITS: usize = 15;

/// Who wrote a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    /// A program or a person, as in a CSV. Programs write a point everywhere.
    Either,
    /// A person, as in a text cell of a workbook.
    Person,
}

/// A number's text in plain digits. A text that cannot be a number is returned unchanged, and refused later.
///
/// Full-width forms become ASCII. Separators between groups of three go where the number can be no other: `1,234.5` and
/// `1,234,567` are clear, `1,234` is only with the catalog's decimal mark, and no group follows a leading zero. A number
/// in exponent form with few digits is one that a program shortened.
///
/// # Errors
/// [`Code::NumberAmbiguous`], [`Code::NumberDigitsDropped`].
pub(crate) fn typed(text: &str, mark: Option<DecimalMark>, writer: Writer) -> Result<Cow<'_, str>, Code> {
    let plain = match text.is_ascii() {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.chars().map(half_width).collect()),
    };
    if let Some((mantissa, exponent)) = plain.split_once(['e', 'E'])
        && is_whole(exponent.trim_start_matches(['+', '-']))
        && let digits = mantissa.trim_start_matches(['+', '-'])
        && digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
    {
        let significant = digits.trim_start_matches(['0', '.', ',']).bytes().filter(u8::is_ascii_digit).count();
        let is_complete = significant == 0 || significant >= KEPT_DIGITS;
        return if is_complete { Ok(plain) } else { Err(Code::NumberDigitsDropped) };
    }
    let number = plain.trim_start_matches(['+', '-']);
    let sign = &plain[..plain.len() - number.len()];
    // As programs write them that leave out a zero; whatever separates thousands stands between digits.
    let marks: &[char] = if mark == Some(DecimalMark::Comma) { &['.', ','] } else { &['.'] };
    if let Some(fraction) = number.strip_prefix(marks).filter(|fraction| is_whole(fraction)) {
        return Ok(Cow::Owned(format!("{sign}0.{fraction}")));
    }
    if let Some(whole) = number.strip_suffix(marks).filter(|whole| is_whole(whole)) {
        return Ok(Cow::Owned(format!("{sign}{whole}")));
    }
    let (commas, points) = (number.matches(',').count(), number.matches('.').count());
    let ambiguous = Err(Code::NumberAmbiguous);
    match mark {
        // By hand 1.234 may be 1234; programs write a point for nothing else.
        None if commas == 0 && points == 1 && writer == Writer::Person && is_grouped(number, '.') => ambiguous,
        None if commas == 1 && points == 0 && is_grouped(number, ',') => ambiguous,
        None | Some(DecimalMark::Point) if commas > 0 && is_number(number, ',', '.') => Ok(without(&plain, ',')),
        Some(DecimalMark::Comma) if commas == 1 && is_number(number, '.', ',') => {
            Ok(Cow::Owned(without(&plain, '.').replace(',', ".")))
        }
        Some(DecimalMark::Comma) if commas == 0 && points > 0 && is_grouped(number, '.') => {
            let may_be_a_programs = points == 1 && writer == Writer::Either;
            if may_be_a_programs { ambiguous } else { Ok(without(&plain, '.')) }
        }
        _ => Ok(plain),
    }
}

/// Whether a code is what is left of a long number: a spreadsheet writes it with `E+` and two digits. Two codes that begin
/// alike would be one.
pub(crate) fn is_shortened(code: &str) -> bool {
    let Some((mantissa, exponent)) = code.split_once("E+") else { return false };
    let mantissa = mantissa.replacen([',', '.'], "", 1);
    is_whole(&mantissa) && mantissa.len() < KEPT_DIGITS && exponent.len() >= 2 && is_whole(exponent)
}

fn without(text: &str, separator: char) -> Cow<'static, str> {
    Cow::Owned(text.replace(separator, ""))
}

fn half_width(c: char) -> char {
    match c {
        '０'..='９' => char::from(b'0' + (c as u32 - '０' as u32) as u8),
        '．' => '.',
        '，' => ',',
        '－' | '−' => '-',
        '＋' => '+',
        'Ｅ' => 'E',
        other => other,
    }
}

fn is_whole(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether it is digits, in groups or not, and perhaps a fraction behind a mark.
fn is_number(text: &str, separator: char, mark: char) -> bool {
    let (whole, fraction) = match text.split_once(mark) {
        Some((whole, fraction)) => (whole, is_whole(fraction)),
        None => (text, true),
    };
    fraction && (is_whole(whole) || is_grouped(whole, separator))
}

/// Whether it is groups of three digits, the first of one to three that do not begin with 0.
fn is_grouped(text: &str, separator: char) -> bool {
    let mut groups = text.split(separator);
    let first = groups.next().unwrap_or_default();
    let mut rest = groups.peekable();
    let first_fits = (1..=3).contains(&first.len()) && is_whole(first) && !first.starts_with('0');
    first_fits && rest.peek().is_some() && rest.all(|group| group.len() == 3 && is_whole(group))
}

#[cfg(test)]
mod tests {
    use super::*;
    use helan_schemas::decimal::Decimal;
    use proptest::prelude::*;

    const MARKS: [Option<DecimalMark>; 3] = [None, Some(DecimalMark::Point), Some(DecimalMark::Comma)];
    const SYNTAX: Result<&str, Code> = Err(Code::NumberSyntax);

    /// What a text comes to: its plain digits, or why it is refused.
    fn read(text: &str, mark: Option<DecimalMark>, writer: Writer) -> Result<String, Code> {
        let plain = typed(text, mark, writer)?;
        Decimal::parse(&plain).map(|_| plain.into_owned()).map_err(|_| Code::NumberSyntax)
    }

    #[test]
    fn reads_what_is_clear_and_asks_about_the_rest() {
        const ASK: Result<&str, Code> = Err(Code::NumberAmbiguous);
        // Text; by hand in a catalog that names no mark, a point, a comma.
        for (text, expected) in [
            ("１２３．４", [Ok("123.4"), Ok("123.4"), Ok("123.4")]),
            ("1,234.5", [Ok("1234.5"), Ok("1234.5"), SYNTAX]),
            ("1，234.5", [Ok("1234.5"), Ok("1234.5"), SYNTAX]),
            ("－１２，３４５，６７８", [Ok("-12345678"), Ok("-12345678"), SYNTAX]),
            ("1,234", [ASK, Ok("1234"), Ok("1.234")]),
            ("+999,000", [ASK, Ok("+999000"), Ok("+999.000")]),
            ("1.234", [ASK, Ok("1.234"), Ok("1234")]),
            ("1.234.567", [SYNTAX, SYNTAX, Ok("1234567")]),
            ("1.234,5", [SYNTAX, SYNTAX, Ok("1234.5")]),
            ("1234,5", [SYNTAX, SYNTAX, Ok("1234.5")]),
            ("0,512", [SYNTAX, SYNTAX, Ok("0.512")]),
            ("00,512", [SYNTAX, SYNTAX, Ok("00.512")]),
            ("０，５１２", [SYNTAX, SYNTAX, Ok("0.512")]),
            ("0,123,456", [SYNTAX; 3]),
            ("0.512", [Ok("0.512"); 3]),
            ("12.5", [Ok("12.5"); 3]),
            ("1234.567", [Ok("1234.567"); 3]),
            ("12,34", [SYNTAX, SYNTAX, Ok("12.34")]),
            ("1,2345", [SYNTAX, SYNTAX, Ok("1.2345")]),
            (",123", [SYNTAX, SYNTAX, Ok("0.123")]),
            (",5", [SYNTAX, SYNTAX, Ok("0.5")]),
            ("－５，", [SYNTAX, SYNTAX, Ok("-5")]),
            (",5,", [SYNTAX; 3]),
            (".5", [Ok("0.5"); 3]),
            ("-.125", [Ok("-0.125"); 3]),
            ("12.", [Ok("12"); 3]),
            ("－１２．", [Ok("-12"); 3]),
            (".", [SYNTAX; 3]),
            ("1.2.", [SYNTAX; 3]),
            ("1,234,5", [SYNTAX; 3]),
            ("1.234,567", [SYNTAX, SYNTAX, Ok("1234.567")]),
            ("1,234,567.8", [Ok("1234567.8"), Ok("1234567.8"), SYNTAX]),
            ("约1200", [SYNTAX; 3]),
            ("12%", [SYNTAX; 3]),
            ("1 234", [SYNTAX; 3]),
            ("-", [SYNTAX; 3]),
            ("", [SYNTAX; 3]),
        ] {
            for (mark, expected) in MARKS.into_iter().zip(expected) {
                assert_eq!(read(text, mark, Writer::Person), expected.map(str::to_owned), "{text} {mark:?}");
            }
        }
        // A program's 1.234 is never a thousand.
        assert_eq!(read("1.234", None, Writer::Either), Ok("1.234".to_owned()));
        assert_eq!(read("1.234", Some(DecimalMark::Comma), Writer::Either), Err(Code::NumberAmbiguous));
        assert_eq!(read("1.234.567", Some(DecimalMark::Comma), Writer::Either), Ok("1234567".to_owned()));
        assert_eq!(read("455792.5", Some(DecimalMark::Comma), Writer::Either), Ok("455792.5".to_owned()));
    }

    #[test]
    fn asks_for_digits_that_a_program_dropped() {
        for text in ["4.55793E+11", "4,55793E+11", "-4.55793e+11", "5E+11", "1.2E-07", "4.5579E11", "1e3", "４.5Ｅ+11"]
        {
            for mark in MARKS {
                assert_eq!(read(text, mark, Writer::Either), Err(Code::NumberDigitsDropped), "{text} {mark:?}");
            }
        }
        for text in ["4.55792534567890E+11", "1.23456789012345e+10", "0E+00", "0.00E+00"] {
            assert_eq!(read(text, None, Writer::Either), Ok(text.to_owned()), "{text}");
        }
        for text in ["E+11", "1E", "1E+", "1E1.5", "x1E+5"] {
            assert_eq!(read(text, None, Writer::Either), Err(Code::NumberSyntax), "{text}");
        }
        for (code, expected) in
            [("2.01812E+11", true), ("2,01812E+11", true), ("1E+12", true), ("E+12", false), ("rd-2018E+1", false)]
        {
            assert_eq!(is_shortened(code), expected, "{code}");
        }
    }

    /// A number as a program or a person lays it out: digits, separator, mark, sign, width.
    fn laid_out(digits: u64, decimals: usize, mark: char, separator: Option<char>, full_width: bool) -> String {
        let padded = format!("{digits:0>width$}", width = decimals + 1);
        let (whole, fraction) = padded.split_at(padded.len() - decimals);
        let mut text = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if let Some(separator) = separator.filter(|_| at > 0 && (whole.len() - at) % 3 == 0) {
                text.push(separator);
            }
            text.push(digit);
        }
        if decimals > 0 {
            text.push(mark);
            text.push_str(fraction);
        }
        let wide = |c: char| match c {
            '0'..='9' => char::from_u32('０' as u32 + c as u32 - '0' as u32).unwrap_or(c),
            '.' => '．',
            ',' => '，',
            other => other,
        };
        if full_width { text.chars().map(wide).collect() } else { text }
    }

    proptest! {
        /// Whichever mark an office uses and however it lays a number out: it is read as what it is, or refused.
        #[test]
        fn a_number_is_read_as_it_was_meant_or_refused(
            digits in 0_u64..10_000_000_000,
            decimals in 0_usize..6,
            office in prop::sample::select(vec![DecimalMark::Point, DecimalMark::Comma]),
            separator in prop::sample::select(vec![None, Some(true), Some(false)]),
            full_width in any::<bool>(),
            said in any::<bool>(),
        ) {
            let (mark, other) = match office {
                DecimalMark::Point => ('.', ','),
                DecimalMark::Comma => (',', '.'),
            };
            // Either the other mark, or one that no rule knows.
            let separator = separator.map(|usual| if usual { other } else { '\'' });
            let text = laid_out(digits, decimals, mark, separator, full_width);
            let meant = Decimal { unscaled: i128::from(digits) * 10_i128.pow(10 - decimals as u32), decimals: decimals as u8 };
            let read = read(&text, said.then_some(office), Writer::Person);
            match &read {
                Ok(plain) => prop_assert_eq!(Decimal::parse(plain).expect("a decimal"), meant, "{} {:?}", text, read),
                Err(code) => prop_assert!(matches!(code, Code::NumberAmbiguous | Code::NumberSyntax), "{} {}", text, code),
            }
            // Nothing is refused that is clear: the catalog says the mark and no odd separator is used.
            if said && !text.contains('\'') {
                prop_assert!(read.is_ok(), "{} {:?}", text, read);
            }
        }

        /// A number that a program shortened to few digits is never taken for the number.
        #[test]
        fn a_shortened_number_is_asked_about(value in prop::num::f64::NORMAL, places in 0_usize..13, upper in any::<bool>()) {
            let text = format!("{value:.places$e}");
            let text = if upper { text.to_uppercase() } else { text };
            prop_assert_eq!(typed(&text, None, Writer::Either), Err(Code::NumberDigitsDropped), "{}", text);
        }
    }
}
