//! Exact numbers as people read them: the lake's have ten digits behind the point whatever was said, so zeros at the end
//! are the type's and not the sender's.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef};
use arrow::error::ArrowError;
use arrow::json::writer::{Encoder, EncoderFactory, EncoderOptions, LineDelimited, NullableEncoder, WriterBuilder};
use helan_schemas::decimal::SCALE;

/// A number's text without zeros at the end of its fraction.
pub fn without_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// A text as a literal of SQL.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Whether a type's numbers have ten digits behind the point, or more, whatever was said: the lake's, and what is worked out
/// of them. Fewer were asked for: `1.50` in a question, or `cast(… as decimal(10, 2))`.
pub fn is_exact(kind: &DataType) -> bool {
    match kind {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => i64::from(*scale) >= i64::from(SCALE),
        _ => false,
    }
}

/// A column of exact numbers as texts.
///
/// # Errors
/// If it is none.
pub(crate) fn texts(column: &dyn Array) -> Result<StringArray, ArrowError> {
    let text = cast(column, &DataType::Utf8)?;
    Ok(text.as_string::<i32>().iter().map(|text| text.map(without_zeros)).collect())
}

/// Writes lines of JSON, in which exact numbers have no zeros at the end.
pub fn json_lines<W: Write>(sink: W) -> arrow::json::Writer<W, LineDelimited> {
    WriterBuilder::new().with_encoder_factory(Arc::new(Exact)).build(sink)
}

#[derive(Debug)]
struct Exact;

impl EncoderFactory for Exact {
    fn make_default_encoder<'a>(
        &self,
        _: &'a FieldRef,
        array: &'a dyn Array,
        _: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        if !is_exact(array.data_type()) {
            return Ok(None);
        }
        let encoder = Box::new(Texts(texts(array)?));
        Ok(Some(NullableEncoder::new(encoder, array.nulls().cloned())))
    }
}

struct Texts(StringArray);

impl Encoder for Texts {
    fn encode(&mut self, at: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.value(at).as_bytes());
    }
}

/// A column as CSV takes it, if it is one of exact numbers.
pub(crate) fn for_csv(column: &ArrayRef) -> Result<Option<ArrayRef>, ArrowError> {
    Ok(if is_exact(column.data_type()) { Some(Arc::new(texts(column)?)) } else { None })
}

#[cfg(test)]
mod tests {
    use arrow::array::{Decimal128Array, ListArray};
    use arrow::datatypes::Field;
    use arrow::record_batch::RecordBatch;

    use super::*;

    #[test]
    fn zeros_at_the_end_are_not_written() {
        let numbers = [Some(13_000_000_000), Some(-5_000_000_000), Some(0), None, Some(1_000_000_000_000), Some(1)];
        let numbers = Decimal128Array::from(numbers.to_vec()).with_precision_and_scale(38, 10).expect("fits");
        let whole = Decimal128Array::from(vec![Some(100); 6]).with_precision_and_scale(38, 0).expect("fits");
        let field = Arc::new(Field::new("item", numbers.data_type().clone(), true));
        let offsets = arrow::buffer::OffsetBuffer::from_lengths([1, 1, 1, 1, 1, 1]);
        let lists = ListArray::new(field, offsets, Arc::new(numbers.clone()), None);
        let asked = Decimal128Array::from(vec![Some(150); 6]).with_precision_and_scale(10, 2).expect("fits");
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("asked", Arc::new(asked) as ArrayRef, true),
            ("n", Arc::new(numbers) as ArrayRef, true),
            ("whole", Arc::new(whole) as ArrayRef, true),
            ("list", Arc::new(lists) as ArrayRef, true),
        ]);
        let batch = batch.expect("a batch");
        let mut writer = json_lines(Vec::new());
        writer.write(&batch).expect("written");
        writer.finish().expect("finished");
        let text = String::from_utf8(writer.into_inner()).expect("UTF-8");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], r#"{"asked":1.50,"n":1.3,"whole":100,"list":[1.3]}"#);
        assert_eq!(lines[1], r#"{"asked":1.50,"n":-0.5,"whole":100,"list":[-0.5]}"#);
        assert_eq!(lines[2], r#"{"asked":1.50,"n":0,"whole":100,"list":[0]}"#);
        assert_eq!(lines[3], r#"{"asked":1.50,"whole":100,"list":[null]}"#);
        assert_eq!(
            lines[4..],
            [
                r#"{"asked":1.50,"n":100,"whole":100,"list":[100]}"#,
                r#"{"asked":1.50,"n":0.0000000001,"whole":100,"list":[0.0000000001]}"#,
            ]
        );
        let mut writer = arrow::csv::WriterBuilder::new().with_header(true).build(Vec::new());
        writer.write(&crate::for_csv(&batch, true).expect("CSV")).expect("written");
        let text = String::from_utf8(writer.into_inner()).expect("UTF-8");
        assert!(text.starts_with("asked,n,whole,list\n1.50,1.3,100,[1.3]\n1.50,-0.5,100,"), "{text}");
    }
}
