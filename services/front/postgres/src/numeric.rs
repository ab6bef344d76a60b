//! Exact numbers in the binary form of PostgreSQL: groups of four decimal digits.

use bytes::{BufMut, BytesMut};

/// Digits of a group.
const GROUP: usize = 4;
const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;
const NOT_A_NUMBER: u16 = 0xC000;

/// Writes a number that is given as text, with every digit. False where the text is none.
pub(crate) fn write(text: &str, out: &mut BytesMut) -> bool {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (NEGATIVE, digits),
        None => (POSITIVE, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = whole.bytes().chain(fraction.bytes());
    if whole.is_empty() || !all.clone().all(|digit| digit.is_ascii_digit()) || fraction.len() > 0x3fff {
        return false;
    }
    let front = (GROUP - whole.len() % GROUP) % GROUP;
    let back = (GROUP - fraction.len() % GROUP) % GROUP;
    let zeros = |count: usize| std::iter::repeat_n(b'0', count);
    let padded: Vec<u8> = zeros(front).chain(all).chain(zeros(back)).collect();
    let groups =
        padded.chunks(GROUP).map(|group| group.iter().fold(0, |sum, digit| sum * 10 + i16::from(digit - b'0')));
    let groups: Vec<i16> = groups.collect();
    let first = groups.iter().position(|group| *group != 0).unwrap_or(groups.len());
    let last = groups.iter().rposition(|group| *group != 0).map_or(first, |last| last + 1);
    let weight = ((whole.len() + front) / GROUP) as i16 - 1 - first as i16;
    out.put_u16((last - first) as u16);
    out.put_i16(if first == last { 0 } else { weight });
    out.put_u16(if first == last { POSITIVE } else { sign });
    out.put_u16(fraction.len() as u16);
    groups[first..last].iter().for_each(|group| out.put_i16(*group));
    true
}

/// Reads one; none where it is not one, or no number.
pub(crate) fn read(bytes: &[u8]) -> Option<String> {
    let words = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let words: Vec<u16> = words.collect();
    let [count, weight, sign, scale, groups @ ..] = words.as_slice() else { return None };
    if groups.len() != usize::from(*count) || *sign == NOT_A_NUMBER || groups.iter().any(|group| *group > 9999) {
        return None;
    }
    let (weight, scale) = (i32::from(*weight as i16), usize::from(*scale));
    // No number of the lake has more; a client's could be long enough to fill memory.
    if !(-100..=100).contains(&weight) || scale > 400 {
        return None;
    }
    let group = |at: i32| usize::try_from(weight - at).ok().and_then(|place| groups.get(place)).copied().unwrap_or(0);
    let whole: String = (0..=weight.max(0)).rev().map(|at| format!("{:04}", group(at))).collect();
    let whole = whole.trim_start_matches('0');
    let fraction: String = (1..=scale.div_ceil(GROUP) as i32).map(|at| format!("{:04}", group(-at))).collect();
    let sign = if *sign == NEGATIVE { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{}", &fraction[..scale]) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_goes_there_and_back() {
        let long = format!("-{}.{}", "9".repeat(60), "1234567890".repeat(3));
        for text in
            ["0", "1", "-1", "10000", "12345.6789", "0.0001", "0.00001", "-0.5", "1.2984801436", "100.50", &long]
        {
            let mut out = BytesMut::new();
            assert!(write(text, &mut out), "{text}");
            assert_eq!(read(&out).as_deref(), Some(text));
        }
    }

    #[test]
    fn the_form_is_that_of_the_server() {
        let mut out = BytesMut::new();
        assert!(write("12345.6789", &mut out));
        assert_eq!(out.as_ref(), [0, 3, 0, 1, 0, 0, 0, 4, 0, 1, 0x09, 0x29, 0x1a, 0x85]);
        out.clear();
        assert!(write("-0.00", &mut out));
        assert_eq!(out.as_ref(), [0, 0, 0, 0, 0, 0, 0, 2]);
        for wrong in ["", "-", "1e5", "NaN", ".5", "1.2.3"] {
            assert!(!write(wrong, &mut out), "{wrong}");
        }
        assert_eq!(read(&[0, 0, 0, 0, 0xc0, 0, 0, 0]), None);
    }
}
