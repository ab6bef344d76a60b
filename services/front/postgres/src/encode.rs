//! Rows as messages: each value as text or in the binary form of its type.

mod times;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, IntervalMonthDayNanoType,
    IntervalUnit, Schema, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::{BufMut, BytesMut};
use helan_query::{is_exact, without_zeros};
use jiff::tz::TimeZone;
use pgwire::messages::data::{FieldDescription, RowDescription};

use self::times::{day, local, moment, span, time_of_day};
use crate::numeric;
use crate::problem::{Own, Problem};
use crate::types::{self, Column, Type};

/// Days and microseconds from 1970 to 2000, where PostgreSQL counts from.
const DAYS: i32 = 10_957;
const MICROSECONDS: i64 = 946_684_800_000_000;
/// Columns of an answer: they are counted in sixteen bits.
const COLUMNS: usize = i16::MAX as usize;

/// Whether values are written in binary, column by column: as clients say it in one word for all, or in one for each.
pub(crate) fn formats(codes: &[i16], columns: usize) -> Result<Vec<bool>, Problem> {
    let binary = |code: &i16| match code {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Problem::found(Own::Protocol, format!("format {other}"))),
    };
    match codes {
        [] => Ok(vec![false; columns]),
        [all] => Ok(vec![binary(all)?; columns]),
        each if each.len() == columns => each.iter().map(binary).collect(),
        each => Err(Problem::found(Own::Protocol, format!("{} formats, {columns} columns", each.len()))),
    }
}

/// The columns of an answer.
pub(crate) fn columns(schema: &Schema) -> Result<Vec<Column>, Problem> {
    if schema.fields().len() > COLUMNS {
        return Err(Problem::found(Own::Type, format!("{} > {COLUMNS}", schema.fields().len())));
    }
    let of = |field: &arrow::datatypes::FieldRef| {
        types::of_field(field)
            .ok_or_else(|| Problem::found(Own::Type, format!("{}: {}", field.name(), field.data_type())))
    };
    schema.fields().iter().map(of).collect()
}

/// How the columns of an answer are described.
pub(crate) fn describe(schema: &Schema, columns: &[Column], binary: &[bool]) -> RowDescription {
    let fields = schema.fields().iter().zip(columns).enumerate().map(|(at, (field, column))| {
        let format = i16::from(binary.get(at).copied().unwrap_or(false));
        let (oid, length) = (types::oid_of(*column), types::length_of(*column));
        // A zero would end the name, and what follows would be read as something else.
        FieldDescription::new(field.name().replace('\0', ""), 0, 0, oid, length, -1, format)
    });
    RowDescription::new(fields.collect())
}

/// Rows of one batch, to be written one by one.
pub(crate) struct Rows {
    columns: Vec<(Values, bool)>,
    zone: TimeZone,
    rows: usize,
}

/// The values of a column, as they are written.
enum Values {
    Bool(ArrayRef),
    Int2(ArrayRef),
    Int4(ArrayRef),
    Int8(ArrayRef),
    Oid(ArrayRef),
    Float4(ArrayRef),
    Float8(ArrayRef),
    Numeric(ArrayRef),
    Text(ArrayRef),
    Bytes(ArrayRef),
    Date(ArrayRef),
    Time(ArrayRef),
    Instant { array: ArrayRef, with_zone: bool },
    Interval(ArrayRef),
    Array { array: ArrayRef, item: Type, items: Box<Values> },
    Json(ArrayRef),
}

impl Rows {
    pub(crate) fn new(
        batch: &RecordBatch,
        columns: &[Column],
        binary: &[bool],
        zone: &TimeZone,
    ) -> Result<Self, Problem> {
        let made = batch.columns().iter().zip(columns).zip(binary).map(|((array, column), binary)| {
            let values = Values::new(array, *column);
            let failed = |error: ArrowError| Problem::found(Own::Type, error);
            Ok((values.map_err(failed)?, *binary))
        });
        Ok(Self { columns: made.collect::<Result<_, Problem>>()?, zone: zone.clone(), rows: batch.num_rows() })
    }

    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// Writes one row as a message. Nothing is written of a row with a value that cannot be.
    pub(crate) fn write(&self, row: usize, out: &mut BytesMut) -> Result<(), Problem> {
        let before = out.len();
        let written = self.message(row, out);
        if written.is_err() {
            out.truncate(before);
        }
        written
    }

    fn message(&self, row: usize, out: &mut BytesMut) -> Result<(), Problem> {
        out.put_u8(b'D');
        let begin = out.len();
        out.put_i32(0);
        out.put_i16(self.columns.len() as i16);
        for (values, binary) in &self.columns {
            values.field(row, *binary, &self.zone, out)?;
        }
        settle(out, begin, 0);
        Ok(())
    }
}

/// Writes how long something is in front of it.
fn settle(out: &mut BytesMut, begin: usize, own: usize) {
    let length = (out.len() - begin - own) as i32;
    out[begin..begin + 4].copy_from_slice(&length.to_be_bytes());
}

impl Values {
    fn new(array: &ArrayRef, (kind, is_array): Column) -> Result<Self, ArrowError> {
        if let DataType::Dictionary(_, values) = array.data_type() {
            return Self::new(&cast(array, values)?, (kind, is_array));
        }
        if is_array {
            let array = match array.data_type() {
                DataType::List(_) => array.clone(),
                DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                    cast(array, &DataType::List(item.clone()))?
                }
                other => return Err(ArrowError::CastError(format!("{other} as a list"))),
            };
            let items = Box::new(Self::new(array.as_list::<i32>().values(), (kind, false))?);
            return Ok(Self::Array { array, item: kind, items });
        }
        let to = |to: DataType| cast(array, &to);
        Ok(match kind {
            types::BOOL => Self::Bool(array.clone()),
            types::INT2 => Self::Int2(to(DataType::Int16)?),
            types::INT4 => Self::Int4(to(DataType::Int32)?),
            types::INT8 => Self::Int8(to(DataType::Int64)?),
            types::OID => Self::Oid(to(DataType::Int64)?),
            types::FLOAT4 => Self::Float4(to(DataType::Float32)?),
            types::FLOAT8 => Self::Float8(to(DataType::Float64)?),
            types::NUMERIC => Self::Numeric(array.clone()),
            types::BYTEA => Self::Bytes(to(DataType::Binary)?),
            types::DATE => Self::Date(to(DataType::Date32)?),
            types::TIME => Self::Time(to(DataType::Time64(TimeUnit::Microsecond))?),
            types::TIMESTAMP => {
                Self::Instant { array: to(DataType::Timestamp(TimeUnit::Microsecond, None))?, with_zone: false }
            }
            types::TIMESTAMPTZ => {
                let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
                Self::Instant { array: to(utc)?, with_zone: true }
            }
            types::INTERVAL => Self::Interval(match array.data_type() {
                DataType::Duration(_) => {
                    let counted = cast(&to(DataType::Duration(TimeUnit::Nanosecond))?, &DataType::Int64)?;
                    let spans = counted.as_primitive::<Int64Type>();
                    let spans =
                        spans.iter().map(|span| span.map(|span| IntervalMonthDayNanoType::make_value(0, 0, span)));
                    std::sync::Arc::new(spans.collect::<arrow::array::IntervalMonthDayNanoArray>())
                }
                _ => to(DataType::Interval(IntervalUnit::MonthDayNano))?,
            }),
            types::JSON => Self::Json(array.clone()),
            _ => Self::Text(to(DataType::Utf8)?),
        })
    }

    fn array(&self) -> &ArrayRef {
        match self {
            Self::Bool(array)
            | Self::Int2(array)
            | Self::Int4(array)
            | Self::Int8(array)
            | Self::Oid(array)
            | Self::Float4(array)
            | Self::Float8(array)
            | Self::Numeric(array)
            | Self::Text(array)
            | Self::Bytes(array)
            | Self::Date(array)
            | Self::Time(array)
            | Self::Interval(array)
            | Self::Json(array)
            | Self::Instant { array, .. }
            | Self::Array { array, .. } => array,
        }
    }

    /// A value with its length before it; -1 for none.
    fn field(&self, at: usize, binary: bool, zone: &TimeZone, out: &mut BytesMut) -> Result<(), Problem> {
        if self.array().is_null(at) || matches!(self.array().data_type(), DataType::Null) {
            out.put_i32(-1);
            return Ok(());
        }
        let begin = out.len();
        out.put_i32(0);
        if binary {
            self.binary(at, zone, out)?
        } else {
            out.put_slice(self.text(at, zone)?.as_bytes())
        }
        settle(out, begin, 4);
        Ok(())
    }

    fn text(&self, at: usize, zone: &TimeZone) -> Result<String, Problem> {
        Ok(match self {
            Self::Bool(array) => if array.as_boolean().value(at) { "t" } else { "f" }.to_owned(),
            Self::Int2(array) => array.as_primitive::<Int16Type>().value(at).to_string(),
            Self::Int4(array) => array.as_primitive::<Int32Type>().value(at).to_string(),
            Self::Int8(array) | Self::Oid(array) => array.as_primitive::<Int64Type>().value(at).to_string(),
            Self::Float4(array) => float(array.as_primitive::<Float32Type>().value(at)),
            Self::Float8(array) => float(array.as_primitive::<Float64Type>().value(at)),
            Self::Numeric(array) => number(array, at)?,
            Self::Text(array) => {
                let text = array.as_string::<i32>().value(at);
                if text.contains('\0') {
                    return Err(Problem::found(Own::Type, format!("{text:?}")));
                }
                text.to_owned()
            }
            Self::Bytes(array) => {
                let bytes = array.as_binary::<i32>().value(at);
                bytes.iter().fold("\\x".to_owned(), |text, byte| text + &format!("{byte:02x}"))
            }
            Self::Date(array) => day(array.as_primitive::<Date32Type>().value(at))?.to_string(),
            Self::Time(array) => {
                let time = array.as_primitive::<Time64MicrosecondType>().value(at);
                time_of_day(time)?.to_string()
            }
            Self::Instant { array, with_zone } => {
                let instant = array.as_primitive::<TimestampMicrosecondType>().value(at);
                let zone = if *with_zone { zone } else { &TimeZone::UTC };
                moment(instant, zone, *with_zone)?
            }
            Self::Interval(array) => span(array.as_primitive::<IntervalMonthDayNanoType>().value(at)),
            Self::Array { array, items, .. } => {
                let list = array.as_list::<i32>();
                let (from, to) = (list.value_offsets()[at] as usize, list.value_offsets()[at + 1] as usize);
                let mut text = "{".to_owned();
                for item in from..to {
                    if item > from {
                        text.push(',');
                    }
                    match items.array().is_null(item) {
                        true => text.push_str("NULL"),
                        false => text.push_str(&quoted(&items.text(item, zone)?)),
                    }
                }
                text + "}"
            }
            Self::Json(array) => json(array, at)?,
        })
    }

    fn binary(&self, at: usize, zone: &TimeZone, out: &mut BytesMut) -> Result<(), Problem> {
        match self {
            Self::Bool(array) => out.put_u8(u8::from(array.as_boolean().value(at))),
            Self::Int2(array) => out.put_i16(array.as_primitive::<Int16Type>().value(at)),
            Self::Int4(array) => out.put_i32(array.as_primitive::<Int32Type>().value(at)),
            Self::Int8(array) => out.put_i64(array.as_primitive::<Int64Type>().value(at)),
            Self::Oid(array) => out.put_u32(array.as_primitive::<Int64Type>().value(at) as u32),
            Self::Float4(array) => out.put_f32(array.as_primitive::<Float32Type>().value(at)),
            Self::Float8(array) => out.put_f64(array.as_primitive::<Float64Type>().value(at)),
            Self::Numeric(array) => {
                let text = number(array, at)?;
                if !numeric::write(&text, out) {
                    return Err(Problem::found(Own::Type, text));
                }
            }
            Self::Bytes(array) => out.put_slice(array.as_binary::<i32>().value(at)),
            Self::Date(array) => {
                let days = array.as_primitive::<Date32Type>().value(at);
                day(days)?;
                out.put_i32(days.checked_sub(DAYS).ok_or_else(|| Problem::found(Own::Type, days))?);
            }
            Self::Time(array) => {
                let time = array.as_primitive::<Time64MicrosecondType>().value(at);
                time_of_day(time)?;
                out.put_i64(time);
            }
            Self::Instant { array, .. } => {
                let instant = array.as_primitive::<TimestampMicrosecondType>().value(at);
                local(instant, &TimeZone::UTC)?;
                out.put_i64(instant.checked_sub(MICROSECONDS).ok_or_else(|| Problem::found(Own::Type, instant))?);
            }
            Self::Interval(array) => {
                let (months, days, nanoseconds) =
                    IntervalMonthDayNanoType::to_parts(array.as_primitive::<IntervalMonthDayNanoType>().value(at));
                out.put_i64(nanoseconds / 1_000);
                out.put_i32(days);
                out.put_i32(months);
            }
            Self::Array { array, item, items } => {
                let list = array.as_list::<i32>();
                let (from, to) = (list.value_offsets()[at] as usize, list.value_offsets()[at + 1] as usize);
                out.put_i32(i32::from(from < to));
                out.put_i32(i32::from((from..to).any(|item| items.array().is_null(item))));
                out.put_u32(item.oid);
                if from < to {
                    out.put_i32((to - from) as i32);
                    out.put_i32(1);
                }
                for item in from..to {
                    items.field(item, true, zone, out)?;
                }
            }
            Self::Text(_) | Self::Json(_) => out.put_slice(self.text(at, zone)?.as_bytes()),
        }
        Ok(())
    }
}

/// A number with every digit, and no zeros at the end that only the type has.
fn number(array: &ArrayRef, at: usize) -> Result<String, Problem> {
    let text = shown(array, at)?;
    Ok(if is_exact(array.data_type()) { without_zeros(&text).to_owned() } else { text })
}

fn shown(array: &dyn Array, at: usize) -> Result<String, Problem> {
    let formatter = ArrayFormatter::try_new(array, &FormatOptions::default());
    Ok(formatter.map_err(|error| Problem::found(Own::Type, error))?.value(at).to_string())
}

/// The shortest text that reads as the same number.
fn float<T: std::fmt::Display + Into<f64> + Copy>(value: T) -> String {
    let wide: f64 = value.into();
    match wide {
        wide if wide.is_nan() => "NaN".to_owned(),
        wide if wide.is_infinite() => if wide > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        _ => value.to_string(),
    }
}

/// An item of an array's text.
fn quoted(text: &str) -> String {
    let plain = |character: char| !matches!(character, '{' | '}' | ',' | '"' | '\\') && !character.is_whitespace();
    if !text.is_empty() && text.chars().all(plain) && !text.eq_ignore_ascii_case("null") {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn json(array: &ArrayRef, at: usize) -> Result<String, Problem> {
    let failed = |error: ArrowError| Problem::found(Own::Type, error);
    let batch = RecordBatch::try_from_iter([("v", array.slice(at, 1))]).map_err(failed)?;
    let mut writer = helan_query::json_lines(Vec::new());
    writer.write(&batch).map_err(failed)?;
    writer.finish().map_err(failed)?;
    let line = String::from_utf8(writer.into_inner()).unwrap_or_default();
    Ok(line.trim_end().strip_prefix("{\"v\":").and_then(|rest| rest.strip_suffix('}')).unwrap_or("null").to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, Decimal256Array, Int64Array, ListArray, StringArray, TimestampMicrosecondArray};
    use arrow::datatypes::{Int32Type, i256};

    use super::*;

    /// The fields of a row as texts, and how long each is in binary.
    fn written(column: ArrayRef, row: usize) -> Result<(Option<String>, i32), Problem> {
        let batch = RecordBatch::try_from_iter_with_nullable([("v", column, true)]).expect("a batch");
        let columns = columns(&batch.schema())?;
        let zone = TimeZone::get("Asia/Shanghai").expect("a zone");
        let field = |binary: bool| -> Result<(i32, Vec<u8>), Problem> {
            let mut out = BytesMut::new();
            Rows::new(&batch, &columns, &[binary], &zone)?.write(row, &mut out)?;
            assert_eq!(i32::from_be_bytes(out[1..5].try_into().expect("four bytes")) as usize, out.len() - 1);
            Ok((i32::from_be_bytes(out[7..11].try_into().expect("four bytes")), out[11..].to_vec()))
        };
        let (length, text) = field(false)?;
        Ok(((length >= 0).then(|| String::from_utf8(text).expect("UTF-8")), field(true)?.0))
    }

    #[test]
    fn values_are_written_as_the_server_writes_them() {
        let number = i256::from_string("123456789012345678901234567890123456789012345").expect("a number");
        let number = Decimal256Array::from(vec![Some(number), None]).with_precision_and_scale(60, 10).expect("fits");
        let number: ArrayRef = Arc::new(number);
        let text = "12345678901234567890123456789012345.6789012345";
        assert_eq!(written(number.clone(), 0).expect("a number").0.as_deref(), Some(text));
        assert_eq!(written(number, 1).expect("null"), (None, -1));
        let exact = Decimal256Array::from(vec![i256::from_i128(13_000_000_000)]);
        let exact = Arc::new(exact.with_precision_and_scale(60, 10).expect("fits"));
        assert_eq!(written(exact, 0).expect("a number").0.as_deref(), Some("1.3"));

        let instant = TimestampMicrosecondArray::from(vec![1_567_180_799_999_999]).with_timezone("UTC");
        let instant = written(Arc::new(instant), 0).expect("an instant");
        assert_eq!(instant, (Some("2019-08-30 23:59:59.999999+08".to_owned()), 8));
        assert_eq!(
            written(Arc::new(Date32Array::from(vec![18_138])), 0).expect("a day"),
            (Some("2019-08-30".to_owned()), 4)
        );

        let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None])]);
        assert_eq!(written(Arc::new(list), 0).expect("a list").0.as_deref(), Some("{1,NULL}"));
        assert_eq!(quoted("a b"), "\"a b\"");
        assert_eq!((quoted("null"), quoted("宁夏")), ("\"null\"".to_owned(), "宁夏".to_owned()));
        assert_eq!(written(Arc::new(Int64Array::from(vec![-7])), 0).expect("a number"), (Some("-7".to_owned()), 8));
    }

    #[test]
    fn what_cannot_be_written_is_refused_and_not_changed() {
        let list = |item: &str| {
            let mut list = arrow::array::ListBuilder::new(arrow::array::StringBuilder::new());
            list.append_value([Some("a"), Some(item)]);
            Arc::new(list.finish()) as ArrayRef
        };
        let days = [i32::MAX, i32::MIN, -800_000, i32::MIN + DAYS];
        let mut columns: Vec<ArrayRef> =
            days.into_iter().map(|days| Arc::new(Date32Array::from(vec![days])) as ArrayRef).collect();
        for instant in [i64::MAX, i64::MIN, -70_000_000_000_000_000] {
            columns.push(Arc::new(TimestampMicrosecondArray::from(vec![instant])));
            columns.push(Arc::new(TimestampMicrosecondArray::from(vec![instant]).with_timezone("UTC")));
        }
        columns.push(Arc::new(arrow::array::Time64MicrosecondArray::from(vec![90_000_000_000])));
        columns.extend([Arc::new(StringArray::from(vec!["a\0b"])) as ArrayRef, list("a\0b")]);
        for column in columns {
            let batch = RecordBatch::try_from_iter([("a", list("b")), ("b", column.clone())]).expect("a batch");
            let of = super::columns(&batch.schema()).expect("columns");
            for binary in [false, true] {
                let mut out = BytesMut::from("what came before");
                let rows = Rows::new(&batch, &of, &[binary; 2], &TimeZone::UTC).expect("rows");
                let problem = rows.write(0, &mut out).expect_err("no such value");
                assert_eq!((problem.status, out.as_ref()), ("0A000", &b"what came before"[..]), "{column:?}");
            }
        }
        let named = Schema::new(vec![arrow::datatypes::Field::new("a\0b", DataType::Int32, true)]);
        let named = describe(&named, &super::columns(&named).expect("a column"), &[]);
        assert_eq!(named.fields[0].name, "ab");
        assert!(formats(&[2], 1).is_err() && formats(&[0, 1], 3).is_err());
    }
}
