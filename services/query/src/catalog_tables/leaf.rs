//! How a table is made from rows: a column is a name, a line about it and what it reads of a row.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int32Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema, SchemaRef};
use helan_schemas::decimal::SCALE;
use helan_schemas::period::days_since_epoch;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::session::moment;

/// A leaf table: its name, what it is, its rows; columns' docs stand in the fields' metadata under `comment`.
pub(crate) struct Leaf {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) batch: RecordBatch,
}

/// A table under way: its rows, and the columns so far.
pub(super) struct Rows<'a, R> {
    rows: &'a [R],
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl<'a, R> Rows<'a, R> {
    pub(super) fn new(rows: &'a [R]) -> Self {
        Self { rows, fields: Vec::new(), arrays: Vec::new() }
    }

    fn push(mut self, name: &str, doc: &str, array: ArrayRef) -> Self {
        let field = Field::new(name, array.data_type().clone(), true);
        self.fields.push(field.with_metadata([("comment".to_owned(), doc.to_owned())].into()));
        self.arrays.push(array);
        self
    }

    pub(super) fn text(self, name: &str, doc: &str, get: impl Fn(&'a R) -> Option<&'a str>) -> Self {
        let array: StringArray = self.rows.iter().map(|row| get(row).filter(|text| !text.is_empty())).collect();
        self.push(name, doc, Arc::new(array))
    }

    pub(super) fn owned(self, name: &str, doc: &str, get: impl Fn(&'a R) -> Option<String>) -> Self {
        let array: StringArray = self.rows.iter().map(get).collect();
        self.push(name, doc, Arc::new(array))
    }

    pub(super) fn int(self, name: &str, doc: &str, get: impl Fn(&'a R) -> Option<i32>) -> Self {
        let array: Int32Array = self.rows.iter().map(get).collect();
        self.push(name, doc, Arc::new(array))
    }

    pub(super) fn flag(self, name: &str, doc: &str, get: impl Fn(&'a R) -> bool) -> Self {
        let array: BooleanArray = self.rows.iter().map(|row| Some(get(row))).collect();
        self.push(name, doc, Arc::new(array))
    }

    pub(super) fn date(self, name: &str, doc: &str, get: impl Fn(&'a R) -> Option<Date>) -> Self {
        let array: Date32Array = self.rows.iter().map(|row| get(row).map(days_since_epoch)).collect();
        self.push(name, doc, Arc::new(array))
    }

    pub(super) fn instant(self, name: &str, doc: &str, get: impl Fn(&'a R) -> Option<i64>) -> Self {
        let array: TimestampMicrosecondArray = self.rows.iter().map(get).collect();
        self.push(name, doc, Arc::new(array.with_timezone("UTC")))
    }

    pub(super) fn exact(self, name: &str, doc: &str, get: impl Fn(&'a R) -> Option<i128>) -> Self {
        let array: Decimal128Array = self.rows.iter().map(get).collect();
        let array = array.with_precision_and_scale(38, SCALE as i8).expect("a decimal(38,10) of ours fits");
        self.push(name, doc, Arc::new(array))
    }

    pub(super) fn span(
        self,
        zone: &TimeZone,
        get: impl Fn(&'a R) -> (Option<Date>, Option<Date>, Option<Date>) + Copy,
    ) -> Self {
        self.date("valid_from", "First day on which the row holds; null = always.", move |row| get(row).0)
            .date("valid_to", "First day on which it no longer holds; null = it still does.", move |row| get(row).1)
            .known_at(zone, move |row| get(row).2)
    }

    pub(super) fn known_at(self, zone: &TimeZone, get: impl Fn(&'a R) -> Option<Date>) -> Self {
        self.instant("known_at", "Since when the catalog knows the row; null = always.", |row| {
            get(row).and_then(|day| moment::start_of(day, zone))
        })
    }

    pub(super) fn leaf(self, name: &'static str, doc: &'static str) -> Leaf {
        let schema: SchemaRef = Arc::new(Schema::new(self.fields));
        let batch = RecordBatch::try_new(schema, self.arrays).expect("every column has a value for every row");
        Leaf { name, doc, batch }
    }
}
