//! Columns as they are sent: types that every client reads, the same in what is announced and in the answer.
//!
//! Views of texts, dictionaries and the like are ways of the engine to keep values; which of them a plan uses may change
//! with the data. Numbers keep type, width and scale.

use std::sync::Arc;

use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

/// A type as it is sent.
pub(crate) fn data_type(given: &DataType) -> DataType {
    match given {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::Dictionary(_, values) => data_type(values),
        DataType::RunEndEncoded(_, values) => data_type(values.data_type()),
        DataType::List(item) | DataType::ListView(item) => DataType::List(field(item)),
        DataType::LargeList(item) | DataType::LargeListView(item) => DataType::LargeList(field(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(field(item), *size),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(field).collect()),
        other => other.clone(),
    }
}

fn field(given: &FieldRef) -> FieldRef {
    Arc::new(Field::new(given.name(), data_type(given.data_type()), true))
}

/// The columns of an answer as they are sent. Whether a column can be null is not said: plans differ in what they know.
pub(crate) fn schema(given: &Schema) -> SchemaRef {
    Arc::new(Schema::new(given.fields().iter().map(field).collect::<Vec<_>>()))
}

/// Rows as they are sent.
///
/// # Errors
/// A value does not fit; nothing is sent for it.
pub(crate) fn batch(given: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = given.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| match column.data_type() == field.data_type() {
        true => Ok(column.clone()),
        false => cast(column, field.data_type()),
    });
    let options = RecordBatchOptions::new().with_row_count(Some(given.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns.collect::<Result<_, _>>()?, &options)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, ArrayRef, Decimal128Array, DictionaryArray, ListArray, StringArray, StringViewArray};
    use arrow::datatypes::Int32Type;

    use super::*;

    #[test]
    fn what_is_sent_has_plain_types_and_every_digit() {
        let texts: ArrayRef = Arc::new(StringViewArray::from(vec![Some("a"), None]));
        let dictionary: ArrayRef = Arc::new(vec!["x", "y"].into_iter().collect::<DictionaryArray<Int32Type>>());
        let numbers = Decimal128Array::from(vec![12_984_801_436, 1]).with_precision_and_scale(38, 10);
        let numbers: ArrayRef = Arc::new(numbers.expect("a type"));
        let item = Arc::new(Field::new("item", DataType::Utf8View, false));
        let lists = ListArray::new(
            item,
            arrow::buffer::OffsetBuffer::from_lengths([1, 1]),
            Arc::new(StringViewArray::from(vec!["one", "two"])),
            None,
        );
        let given = RecordBatch::try_from_iter([
            ("texts", texts),
            ("dictionary", dictionary),
            ("numbers", numbers.clone()),
            ("lists", Arc::new(lists)),
        ]);
        let given = given.expect("rows");
        let schema = schema(&given.schema());
        let sent = batch(&given, &schema).expect("sent");
        assert_eq!(sent.schema(), schema);
        assert_eq!(sent.column(0).as_ref(), &StringArray::from(vec![Some("a"), None]) as &dyn Array);
        assert_eq!(sent.column(1).as_ref(), &StringArray::from(vec!["x", "y"]) as &dyn Array);
        assert_eq!(sent.column(2), &numbers);
        assert_eq!(schema.field(3).data_type(), &DataType::new_list(DataType::Utf8, true));
        let nothing = RecordBatch::try_new_with_options(
            Arc::new(Schema::empty()),
            vec![],
            &RecordBatchOptions::new().with_row_count(Some(3)),
        );
        let nothing = nothing.expect("rows");
        assert_eq!(batch(&nothing, &super::schema(&nothing.schema())).expect("sent").num_rows(), 3);
    }
}
