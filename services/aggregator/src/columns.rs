//! Growing columns that can be cut back, and become Arrow arrays without a copy.
//!
//! Arrow's own builders cannot be cut back, which a record needs that turns out undecodable half-way.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, PrimitiveArray, StringArray};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::ArrowPrimitiveType;

/// Which rows hold a value. While all do, or none does, only a count is kept.
#[derive(Debug, Default)]
struct Validity {
    bits: Vec<bool>,
    nulls: usize,
}

impl Validity {
    fn push(&mut self, valid: bool) {
        self.bits.push(valid);
        self.nulls += usize::from(!valid);
    }

    fn truncate(&mut self, rows: usize) {
        for valid in self.bits.drain(rows.min(self.bits.len())..) {
            self.nulls -= usize::from(!valid);
        }
    }

    fn finish(self) -> Option<NullBuffer> {
        (self.nulls > 0).then(|| NullBuffer::new(BooleanBuffer::from(self.bits)))
    }
}

/// Texts.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    bytes: String,
    ends: Vec<i32>,
    validity: Validity,
}

impl Texts {
    pub(crate) fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        self.end(true);
    }

    pub(crate) fn push_option(&mut self, text: Option<&str>) {
        self.bytes.push_str(text.unwrap_or_default());
        self.end(text.is_some());
    }

    pub(crate) fn push_display(&mut self, value: Option<&dyn std::fmt::Display>) {
        if let Some(value) = value {
            write!(self.bytes, "{value}").expect("writing to a String cannot fail");
        }
        self.end(value.is_some());
    }

    fn end(&mut self, valid: bool) {
        // A batch is flushed long before 2 GiB of one column.
        self.ends.push(i32::try_from(self.bytes.len()).expect("a column of a batch holds less than 2 GiB"));
        self.validity.push(valid);
    }

    pub(crate) fn get(&self, row: usize) -> &str {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.bytes[start..self.ends[row] as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn truncate(&mut self, rows: usize) {
        self.ends.truncate(rows);
        self.bytes.truncate(self.ends.last().map_or(0, |end| *end as usize));
        self.validity.truncate(rows);
    }

    pub(crate) fn finish(mut self) -> ArrayRef {
        self.ends.insert(0, 0);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.ends));
        let bytes = Buffer::from_vec(self.bytes.into_bytes());
        Arc::new(StringArray::new(offsets, bytes, self.validity.finish()))
    }
}

/// Byte strings.
#[derive(Debug, Default)]
pub(crate) struct Bytes {
    bytes: Vec<u8>,
    ends: Vec<i32>,
    validity: Validity,
}

impl Bytes {
    pub(crate) fn push(&mut self, bytes: Option<&[u8]>) {
        self.bytes.extend_from_slice(bytes.unwrap_or_default());
        self.ends.push(i32::try_from(self.bytes.len()).expect("a column of a batch holds less than 2 GiB"));
        self.validity.push(bytes.is_some());
    }

    pub(crate) fn get(&self, row: usize) -> &[u8] {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.bytes[start..self.ends[row] as usize]
    }

    pub(crate) fn truncate(&mut self, rows: usize) {
        self.ends.truncate(rows);
        self.bytes.truncate(self.ends.last().map_or(0, |end| *end as usize));
        self.validity.truncate(rows);
    }

    pub(crate) fn finish(mut self) -> ArrayRef {
        self.ends.insert(0, 0);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.ends));
        Arc::new(BinaryArray::new(offsets, Buffer::from_vec(self.bytes), self.validity.finish()))
    }
}

/// Numbers of one type.
#[derive(Debug)]
pub(crate) struct Numbers<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    validity: Validity,
}

impl<T: ArrowPrimitiveType> Default for Numbers<T> {
    fn default() -> Self {
        Self { values: Vec::new(), validity: Validity::default() }
    }
}

impl<T: ArrowPrimitiveType> Numbers<T> {
    pub(crate) fn push(&mut self, value: T::Native) {
        self.values.push(value);
        self.validity.push(true);
    }

    pub(crate) fn push_option(&mut self, value: Option<T::Native>) {
        self.values.push(value.unwrap_or_default());
        self.validity.push(value.is_some());
    }

    pub(crate) fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
        self.validity.truncate(rows);
    }

    /// The array, in the column's exact type (precision, time zone).
    pub(crate) fn finish(self, data_type: &arrow::datatypes::DataType) -> ArrayRef {
        let array = PrimitiveArray::<T>::new(self.values.into(), self.validity.finish());
        Arc::new(array.with_data_type(data_type.clone()))
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{DataType, Int32Type};

    use super::*;

    #[test]
    fn can_be_cut_back_and_become_arrays() {
        let mut texts = Texts::default();
        texts.push("一");
        texts.push_option(None);
        texts.push_display(Some(&7));
        texts.truncate(2);
        texts.push("d");
        assert_eq!((texts.get(0), texts.get(2), texts.len()), ("一", "d", 3));
        let array = texts.finish();
        let array = array.as_string::<i32>();
        assert_eq!((array.value(0), array.is_null(1), array.value(2)), ("一", true, "d"));

        let mut numbers = Numbers::<Int32Type>::default();
        numbers.push_option(None);
        numbers.truncate(0);
        numbers.push(5);
        let array = numbers.finish(&DataType::Int32);
        assert_eq!((array.null_count(), array.as_primitive::<Int32Type>().value(0)), (0, 5));

        let mut bytes = Bytes::default();
        bytes.push(Some(b"ab"));
        bytes.push(None);
        bytes.truncate(1);
        assert_eq!(bytes.get(0), b"ab");
        assert_eq!(bytes.finish().len(), 1);
        assert_eq!(Texts::default().finish().len(), 0);
    }
}
