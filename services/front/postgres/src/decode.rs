//! Parameters that a client binds, as values of the engine.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, IntervalMonthDayNano, IntervalUnit, TimeUnit};
use datafusion::scalar::ScalarValue;

use crate::numeric;
use crate::problem::{Own, Problem};
use crate::statement;
use crate::types::{self, Type};

const DAYS: i32 = 10_957;
const MICROSECONDS: i64 = 946_684_800_000_000;

/// The type of the engine for a parameter's.
pub(crate) fn engine_type(oid: u32) -> Option<DataType> {
    if let Some(item) = types::ALL.iter().find(|known| known.array == oid && oid != 0) {
        return Some(DataType::List(Field::new("item", engine_type(item.oid)?, true).into()));
    }
    Some(match Type::by_oid(oid)? {
        types::BOOL => DataType::Boolean,
        types::INT2 => DataType::Int16,
        types::INT4 => DataType::Int32,
        types::INT8 | types::OID => DataType::Int64,
        types::FLOAT4 => DataType::Float32,
        types::FLOAT8 => DataType::Float64,
        types::DATE => DataType::Date32,
        types::TIMESTAMP => DataType::Timestamp(TimeUnit::Microsecond, None),
        types::TIMESTAMPTZ => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        types::TIME => DataType::Time64(TimeUnit::Nanosecond),
        types::INTERVAL => DataType::Interval(IntervalUnit::MonthDayNano),
        types::BYTEA => DataType::Binary,
        // With the digits that it has, as a number in the text would be.
        types::NUMERIC => DataType::Decimal128(38, 10),
        types::UNKNOWN => return None,
        _ => DataType::Utf8,
    })
}

/// Fills in the types that a text itself names, where the client has not.
pub(crate) fn named_by_casts(text: &str, oids: &mut Vec<u32>) {
    let lower = text.to_ascii_lowercase();
    let counts = numbers(&lower, "limit $").chain(numbers(&lower, "offset $"));
    let counts = counts.map(|(number, _)| (number, types::INT8.name.to_owned(), false));
    for (number, name, is_array) in statement::casts(text).into_iter().chain(counts) {
        let Some(kind) = Type::by_name(&name).filter(|_| (1..=1024).contains(&number)) else { continue };
        let oid = if is_array { kind.array } else { kind.oid };
        if engine_type(oid).is_none() {
            continue;
        }
        if oids.len() < number {
            oids.resize(number, 0);
        }
        if oids[number - 1] == 0 {
            oids[number - 1] = oid;
        }
    }
}

/// The numbers that stand behind a mark, each with what follows it.
fn numbers<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    text.split(mark).skip(1).filter_map(|rest| {
        let digits = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
        let (number, rest) = rest.split_at(digits);
        Some((number.parse().ok()?, rest))
    })
}

/// Nulls for the parameters `$1`, `$2` … of a text, of the types that a client has named; of the others, texts.
pub(crate) fn nulls(text: &str, oids: &[u32]) -> Vec<ScalarValue> {
    let count = numbers(text, "$").map(|(number, _)| number).filter(|number| *number <= 1024).max();
    let text = text.to_ascii_lowercase().replace(' ', "");
    let lists = numbers(&text, "any($").chain(numbers(&text, "all($"));
    let lists: HashSet<usize> = lists.filter(|(_, rest)| rest.starts_with(')')).map(|(number, _)| number).collect();
    let kinds = (0..count.unwrap_or(0).max(oids.len())).map(|at| {
        let named = oids.get(at).and_then(|oid| engine_type(*oid));
        named.unwrap_or_else(|| match lists.contains(&(at + 1)) {
            true => DataType::new_list(DataType::Utf8, true),
            false => DataType::Utf8,
        })
    });
    kinds.map(|kind| ScalarValue::try_from(&kind).unwrap_or(ScalarValue::Utf8(None))).collect()
}

/// A parameter: bound as text or in binary, of a type by number (0 = not said) and one that the engine has found.
pub(crate) fn value(
    bytes: Option<&[u8]>,
    binary: bool,
    oid: u32,
    found: Option<&DataType>,
) -> Result<ScalarValue, Problem> {
    let wrong = |what: String| Problem::found(Own::Parameter, what);
    let kind = engine_type(oid).or_else(|| found.cloned());
    let Some(bytes) = bytes else {
        let null = ScalarValue::try_from(kind.as_ref().unwrap_or(&DataType::Utf8));
        return null.map_err(|error| wrong(error.to_string()));
    };
    if binary {
        return of_binary(bytes, oid).ok_or_else(|| wrong(format!("{} bytes, type {oid}", bytes.len())));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| wrong(error.to_string()))?;
    of_text(text, oid, kind.as_ref()).ok_or_else(|| wrong(format!("{text:?}, type {oid}")))
}

fn of_text(text: &str, oid: u32, kind: Option<&DataType>) -> Option<ScalarValue> {
    let trimmed = text.trim();
    match kind {
        None | Some(DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) => {
            Some(ScalarValue::Utf8(Some(text.to_owned())))
        }
        Some(DataType::Boolean) => match trimmed.to_ascii_lowercase().as_str() {
            "t" | "true" | "yes" | "on" | "1" => Some(ScalarValue::Boolean(Some(true))),
            "f" | "false" | "no" | "off" | "0" => Some(ScalarValue::Boolean(Some(false))),
            _ => None,
        },
        Some(DataType::Decimal128(..) | DataType::Decimal256(..)) => decimal(trimmed),
        // Some drivers write the zone behind a day.
        Some(DataType::Date32) => {
            let day = trimmed.split(' ').next().unwrap_or_default().to_owned();
            ScalarValue::try_from_string(day, &DataType::Date32).ok()
        }
        Some(DataType::List(item)) => {
            let item_oid = types::ALL.iter().find(|known| known.array == oid).map_or(0, |known| known.oid);
            let items = items(trimmed)?.into_iter().map(|item_text| match item_text {
                Some(text) => of_text(&text, item_oid, Some(item.data_type())),
                None => ScalarValue::try_from(item.data_type()).ok(),
            });
            list(items.collect::<Option<Vec<_>>>()?, item.data_type())
        }
        // Without a zone of its own it counts in the catalog's, as it would in the text of the question.
        Some(DataType::Timestamp(_, Some(_))) if !helan_query::says_zone(trimmed) => {
            Some(ScalarValue::Utf8(Some(trimmed.to_owned())))
        }
        // As the engine reads it in the text of the question.
        Some(DataType::Interval(_)) => Some(ScalarValue::Utf8(Some(trimmed.to_owned()))),
        Some(kind) => ScalarValue::try_from_string(trimmed.to_owned(), kind).ok(),
    }
}

/// A number with the digits that it has; `1E+3` is 1000, `1E-11` has eleven behind the point.
fn decimal(text: &str) -> Option<ScalarValue> {
    if let Some((digits, exponent)) = text.split_once(['e', 'E']) {
        let exponent: i32 = exponent.parse().ok().filter(|exponent: &i32| exponent.abs() <= 76)?;
        let (sign, digits) = digits.split_at(usize::from(digits.starts_with(['-', '+'])));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let zeros = "0".repeat(exponent.unsigned_abs() as usize);
        let (all, point) = match exponent {
            0.. => (format!("{whole}{fraction}{zeros}"), whole.len() + zeros.len()),
            _ => (format!("{zeros}{whole}{fraction}"), whole.len()),
        };
        if whole.is_empty() {
            return None;
        }
        let (whole, fraction) = all.split_at_checked(point)?;
        let fraction = if exponent < 0 { fraction } else { fraction.trim_end_matches('0') };
        return decimal(&format!("{sign}{whole}.{fraction}"));
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let scale = i8::try_from(fraction.len()).ok().filter(|scale| *scale <= 38)?;
    let digits: String = [whole, fraction].concat();
    let unsigned = digits.trim_start_matches(['-', '+']);
    if unsigned.is_empty() || !unsigned.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    match unsigned.trim_start_matches('0').len() {
        0..=38 => Some(ScalarValue::Decimal128(Some(digits.parse().ok()?), 38, scale)),
        39..=76 => Some(ScalarValue::Decimal256(Some(arrow::datatypes::i256::from_string(&digits)?), 76, scale)),
        _ => None,
    }
}

fn of_binary(bytes: &[u8], oid: u32) -> Option<ScalarValue> {
    if let Some(item) = types::ALL.iter().find(|known| known.array == oid && oid != 0) {
        return array(bytes, item);
    }
    let text = || std::str::from_utf8(bytes).ok().map(|text| ScalarValue::Utf8(Some(text.to_owned())));
    Some(match Type::by_oid(oid) {
        Some(types::BOOL) => ScalarValue::Boolean(Some(*bytes.first()? != 0)),
        Some(types::INT2) => ScalarValue::Int16(Some(i16::from_be_bytes(bytes.try_into().ok()?))),
        Some(types::INT4) => ScalarValue::Int32(Some(i32::from_be_bytes(bytes.try_into().ok()?))),
        Some(types::INT8) => ScalarValue::Int64(Some(i64::from_be_bytes(bytes.try_into().ok()?))),
        Some(types::OID) => ScalarValue::Int64(Some(i64::from(u32::from_be_bytes(bytes.try_into().ok()?)))),
        Some(types::FLOAT4) => ScalarValue::Float32(Some(f32::from_be_bytes(bytes.try_into().ok()?))),
        Some(types::FLOAT8) => ScalarValue::Float64(Some(f64::from_be_bytes(bytes.try_into().ok()?))),
        Some(types::NUMERIC) => decimal(&numeric::read(bytes)?)?,
        Some(types::DATE) => ScalarValue::Date32(Some(i32::from_be_bytes(bytes.try_into().ok()?).checked_add(DAYS)?)),
        Some(kind @ (types::TIMESTAMP | types::TIMESTAMPTZ)) => {
            let instant = i64::from_be_bytes(bytes.try_into().ok()?).checked_add(MICROSECONDS)?;
            let zone = (kind == types::TIMESTAMPTZ).then(|| "UTC".into());
            ScalarValue::TimestampMicrosecond(Some(instant), zone)
        }
        Some(types::TIME) => {
            ScalarValue::Time64Nanosecond(Some(i64::from_be_bytes(bytes.try_into().ok()?).checked_mul(1_000)?))
        }
        Some(types::INTERVAL) => span(bytes)?,
        Some(types::BYTEA) => ScalarValue::Binary(Some(bytes.to_vec())),
        Some(types::UUID) => {
            let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let part = |from: usize, to: usize| hex.get(from..to).map(<[_]>::concat);
            let parts = [part(0, 4)?, part(4, 6)?, part(6, 8)?, part(8, 10)?, part(10, 16)?];
            ScalarValue::Utf8(Some(parts.join("-")))
        }
        Some(
            types::TEXT | types::VARCHAR | types::BPCHAR | types::NAME | types::CHAR | types::JSON | types::UNKNOWN,
        ) => text()?,
        None if oid == 0 => text()?,
        _ => return None,
    })
}

/// Microseconds, days and months.
fn span(bytes: &[u8]) -> Option<ScalarValue> {
    let word = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(i32::from_be_bytes);
    let micros = i64::from_be_bytes(bytes.get(..8)?.try_into().ok()?);
    let span = IntervalMonthDayNano { months: word(12)?, days: word(8)?, nanoseconds: micros.checked_mul(1_000)? };
    (bytes.len() == 16).then_some(ScalarValue::IntervalMonthDayNano(Some(span)))
}

/// An array of one dimension.
fn array(bytes: &[u8], item: &Type) -> Option<ScalarValue> {
    let word = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(i32::from_be_bytes);
    let kind = engine_type(item.oid)?;
    match word(0)? {
        0 => return list(Vec::new(), &kind),
        1 => {}
        _ => return None,
    }
    let (mut at, mut values) = (20, Vec::new());
    for _ in 0..word(12)? {
        let length = word(at)?;
        at += 4;
        if length < 0 {
            values.push(ScalarValue::try_from(&kind).ok()?);
            continue;
        }
        let end = at + usize::try_from(length).ok()?;
        values.push(of_binary(bytes.get(at..end)?, item.oid)?);
        at = end;
    }
    list(values, &kind)
}

fn list(values: Vec<ScalarValue>, kind: &DataType) -> Option<ScalarValue> {
    let all = |value: ScalarValue| {
        let held = value.cast_to(kind).ok()?;
        // No digit is cut off.
        let is_whole = !value.data_type().is_numeric() || held.cast_to(&value.data_type()).ok()? == value;
        is_whole.then_some(held)
    };
    let values = values.into_iter().map(all).collect::<Option<Vec<_>>>()?;
    let items: ArrayRef = match values.is_empty() {
        true => arrow::array::new_empty_array(kind),
        false => ScalarValue::iter_to_array(values).ok()?,
    };
    let field = Arc::new(Field::new("item", kind.clone(), true));
    let offsets = OffsetBuffer::from_lengths([items.len()]);
    Some(ScalarValue::List(Arc::new(ListArray::new(field, offsets, items, None))))
}

/// The items of an array's text, `{a,"b c",NULL}`.
fn items(text: &str) -> Option<Vec<Option<String>>> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    let (mut items, mut item, mut quoted, mut was_quoted) = (Vec::new(), String::new(), false, false);
    let mut characters = inner.chars();
    let mut finish = |item: &mut String, was_quoted: &mut bool| {
        let text = std::mem::take(item);
        let is_null = !std::mem::take(was_quoted) && text.eq_ignore_ascii_case("null");
        items.push((!is_null).then_some(text));
    };
    while let Some(character) = characters.next() {
        match character {
            '\\' => item.extend(characters.next()),
            '"' => {
                quoted = !quoted;
                was_quoted = true;
            }
            ',' if !quoted => finish(&mut item, &mut was_quoted),
            '{' | '}' if !quoted => return None,
            other => item.push(other),
        }
    }
    if !inner.is_empty() {
        finish(&mut item, &mut was_quoted);
    }
    Some(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_by_their_type() {
        let read = |text: &str, oid| value(Some(text.as_bytes()), false, oid, None).expect(text);
        assert_eq!(read("1.50", 1700), ScalarValue::Decimal128(Some(150), 38, 2));
        assert_eq!(read("-7", 23), ScalarValue::Int32(Some(-7)));
        assert_eq!(read("2019-08-30", 1082), ScalarValue::Date32(Some(18_138)));
        assert_eq!(read("640000", 25), ScalarValue::Utf8(Some("640000".to_owned())));
        for (text, digits, scale) in
            [("1E+3", 1000, 0), ("1E-11", 1, 11), ("-1.5e-2", -15, 3), ("1.25E1", 125, 1), ("12e-1", 12, 1)]
        {
            assert_eq!(decimal(text), Some(ScalarValue::Decimal128(Some(digits), 38, scale)), "{text}");
        }
        assert_eq!((decimal("e5"), decimal("1e999"), decimal("1e")), (None, None, None));
        assert_eq!(value(Some(b"x"), false, 23, None).expect_err("no number").status, "22P02");
        assert_eq!(value(None, false, 20, None).expect("null"), ScalarValue::Int64(None));
        let listed = read(r#"{a,"b ,c",NULL}"#, 1009);
        assert_eq!(listed.to_string(), "[a, b ,c, ]");
    }

    #[test]
    fn parameters_without_a_type_are_texts_or_lists_of_them() {
        let found = nulls("select $1, $3 where x = Any ($2) and '$'", &[23]);
        let kinds: Vec<_> = found.iter().map(ScalarValue::data_type).collect();
        assert_eq!(kinds, [DataType::Int32, DataType::new_list(DataType::Utf8, true), DataType::Utf8]);
        let kinds: Vec<_> = nulls("x <> all($1)", &[]).iter().map(ScalarValue::data_type).collect();
        assert_eq!(kinds, [DataType::new_list(DataType::Utf8, true)]);
        let mut oids = Vec::new();
        named_by_casts("select 1 LIMIT $1 offset $2", &mut oids);
        assert_eq!(oids, [20, 20]);
        // Each of them once looked for itself in the whole text: minutes.
        let begun = std::time::Instant::now();
        assert_eq!(nulls(&"any($1) ".repeat(8_000), &[0; 65_535]).len(), 65_535);
        assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
    }

    #[test]
    fn binary_values_are_read_by_their_type() {
        let read = |bytes: &[u8], oid| value(Some(bytes), true, oid, None);
        assert_eq!(read(&[0, 0, 0, 5], 23).expect("int4"), ScalarValue::Int32(Some(5)));
        assert_eq!(read(&[0, 0, 0, 0], 1082).expect("date"), ScalarValue::Date32(Some(DAYS)));
        assert_eq!(
            read(&[0, 1, 0, 0, 0, 0, 0, 1, 0, 1], 1700).expect("numeric"),
            ScalarValue::Decimal128(Some(10), 38, 1)
        );
        let array = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 9];
        assert_eq!(read(&array, 1007).expect("int4[]").to_string(), "[9]");
        let span = IntervalMonthDayNano { months: 3, days: 2, nanoseconds: 1_000 };
        let bytes = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        assert_eq!(read(&bytes, 1186).expect("interval"), ScalarValue::IntervalMonthDayNano(Some(span)));
        let time = ScalarValue::Time64Nanosecond(Some(1_000));
        assert_eq!(read(&[0, 0, 0, 0, 0, 0, 0, 1], 1083).expect("time"), time);
        for (bytes, oid) in [(&[0_u8, 1][..], 23), (&[0xff; 20], 1007), (&[1; 3], 1700), (&[0; 4], 999_999)] {
            assert!(read(bytes, oid).is_err(), "{oid}");
        }
    }
}
