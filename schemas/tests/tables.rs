//! Rows of tables are put together by column name.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int32Array, Int64Array, StringArray};
use helan_schemas::tables::Table;
use helan_schemas::topics;

fn columns() -> Vec<(&'static str, ArrayRef)> {
    let columns = Table::PublishedValues.columns().into_iter().filter(|column| !column.nullable);
    columns.map(|column| (column.name, Arc::new(StringArray::from(vec![column.name])) as ArrayRef)).collect()
}

#[test]
fn rows_follow_the_names_of_columns_and_not_their_place() {
    let mut backwards = columns();
    backwards.reverse();
    let rows = Table::PublishedValues.rows(backwards).expect("rows");
    assert_eq!(rows, Table::PublishedValues.rows(columns()).expect("rows"));
    assert_eq!(rows.schema(), Table::PublishedValues.schema());
    let value = rows.column_by_name("value").expect("the column");
    assert_eq!(value.null_count(), 1, "what may be null may be left out");
    assert_eq!(Table::PublishedValues.aligned(&rows).expect("rows"), rows);
    let other = rows.project(&[1, 0]).expect("two columns");
    assert!(Table::PublishedValues.aligned(&other).is_err(), "a column that must stand is missing");
}

#[test]
fn columns_that_the_table_has_not_or_of_another_type_are_refused() {
    for wrong in ["nothing", "value"] {
        let more = (wrong, Arc::new(Int32Array::from(vec![1])) as ArrayRef);
        assert!(Table::PublishedValues.rows(columns().into_iter().chain([more])).is_err(), "{wrong}");
    }
    let twice = Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef;
    assert!(Table::PublicationRuns.rows([("run", twice)]).is_err());
}

#[test]
fn a_topic_feeds_its_tables() {
    assert_eq!(Table::fed_by(topics::REFUSED), [Table::Refusals]);
    for topic in [topics::CITY, topics::PARK] {
        assert_eq!(Table::fed_by(topic), Table::FED);
    }
}
