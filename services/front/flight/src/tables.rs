//! What there is to ask, as clients list it: one catalog, one schema, tables and views with their docs.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use arrow_flight::error::FlightError;
use arrow_flight::sql::{CommandGetDbSchemas, CommandGetTables};
use helan_connections::Lang;
use helan_query::TableDoc;

use crate::sent;

/// The names that texts may put before a table's.
pub(crate) const CATALOG: &str = "helan";
pub(crate) const SCHEMA: &str = "public";
pub(crate) const TYPES: [&str; 2] = ["TABLE", "VIEW"];
/// Where clients look for what a column is …
const REMARKS: &str = "ARROW:FLIGHT:SQL:REMARKS";
/// … and where the lake's own files have it.
const COMMENT: &str = "comment";

type Rows = Result<RecordBatch, FlightError>;

/// Tables and views that match a client's patterns. Table functions are not listed: they are asked with arguments.
pub(crate) fn tables(query: CommandGetTables, docs: &[TableDoc], lang: Lang) -> Rows {
    let mut builder = query.into_builder();
    for doc in docs.iter().filter(|doc| doc.kind != "function") {
        let kind = TYPES[usize::from(doc.kind == "view")];
        builder.append(CATALOG, SCHEMA, &doc.name, kind, &columns(doc, lang))?;
    }
    builder.build()
}

pub(crate) fn schemas(query: CommandGetDbSchemas) -> Rows {
    let mut builder = query.into_builder();
    builder.append(CATALOG, SCHEMA);
    builder.build()
}

fn columns(doc: &TableDoc, lang: Lang) -> Schema {
    let fields = doc.columns.iter().map(|column| {
        let kind = column.data_type.parse::<DataType>().unwrap_or(DataType::Utf8);
        let said = lang.pick(&column.doc_zh, &column.doc);
        let said = [REMARKS, COMMENT].map(|key| (key.to_owned(), said.to_owned()));
        let said = said.into_iter().filter(|(_, text)| !text.is_empty()).collect::<HashMap<_, _>>();
        Field::new(&column.name, sent::data_type(&kind), true).with_metadata(said)
    });
    let said = lang.pick(&doc.doc_zh, &doc.doc_en).to_owned();
    Schema::new(fields.collect::<Vec<_>>()).with_metadata(HashMap::from([(COMMENT.to_owned(), said)]))
}

/// Keys of a table: there are none, in the columns that the protocol gives them.
pub(crate) fn primary_keys() -> RecordBatch {
    RecordBatch::new_empty(Arc::new(Schema::new(vec![
        Field::new("catalog_name", DataType::Utf8, true),
        Field::new("db_schema_name", DataType::Utf8, true),
        Field::new("table_name", DataType::Utf8, false),
        Field::new("column_name", DataType::Utf8, false),
        Field::new("key_name", DataType::Utf8, true),
        Field::new("key_sequence", DataType::Int32, false),
    ])))
}

/// Keys between tables: there are none.
pub(crate) fn foreign_keys() -> RecordBatch {
    RecordBatch::new_empty(Arc::new(Schema::new(vec![
        Field::new("pk_catalog_name", DataType::Utf8, true),
        Field::new("pk_db_schema_name", DataType::Utf8, true),
        Field::new("pk_table_name", DataType::Utf8, false),
        Field::new("pk_column_name", DataType::Utf8, false),
        Field::new("fk_catalog_name", DataType::Utf8, true),
        Field::new("fk_db_schema_name", DataType::Utf8, true),
        Field::new("fk_table_name", DataType::Utf8, false),
        Field::new("fk_column_name", DataType::Utf8, false),
        Field::new("key_sequence", DataType::Int32, false),
        Field::new("fk_key_name", DataType::Utf8, true),
        Field::new("pk_key_name", DataType::Utf8, true),
        Field::new("update_rule", DataType::UInt8, false),
        Field::new("delete_rule", DataType::UInt8, false),
    ])))
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use helan_query::ColumnDoc;

    use super::*;

    fn doc(name: &str, kind: &'static str) -> TableDoc {
        let column = ColumnDoc {
            name: "value".to_owned(),
            data_type: "Decimal128(38, 10)".to_owned(),
            doc_zh: "数值".to_owned(),
            doc: "The value".to_owned(),
        };
        TableDoc {
            name: name.to_owned(),
            kind,
            doc_zh: "数据".to_owned(),
            doc_en: "Figures".to_owned(),
            grain: String::new(),
            rules: Vec::new(),
            sql: None,
            columns: vec![column],
        }
    }

    fn listed(query: CommandGetTables, lang: Lang) -> RecordBatch {
        let docs =
            [doc("figures", "view"), doc("figures_as_of", "function"), doc("events", "table"), doc("areas", "catalog")];
        tables(query, &docs, lang).expect("rows")
    }

    #[test]
    fn tables_are_found_by_pattern_and_kind() {
        let names = |query| {
            let rows = listed(query, Lang::En);
            rows.column(2).as_string::<i32>().iter().flatten().map(str::to_owned).collect::<Vec<_>>()
        };
        let all = CommandGetTables::default();
        assert_eq!(names(all.clone()), ["areas", "events", "figures"]);
        assert_eq!(names(CommandGetTables { table_types: vec!["VIEW".to_owned()], ..all.clone() }), ["figures"]);
        let pattern = CommandGetTables { table_name_filter_pattern: Some("%e%s".to_owned()), ..all.clone() };
        assert_eq!(names(pattern), ["areas", "events", "figures"]);
        let other = CommandGetTables { db_schema_filter_pattern: Some("private".to_owned()), ..all.clone() };
        assert!(names(other).is_empty());
        assert!(names(CommandGetTables { catalog: Some("other".to_owned()), ..all }).is_empty());
    }

    #[test]
    fn columns_have_types_and_docs_in_the_callers_language() {
        let query = CommandGetTables { include_schema: true, ..CommandGetTables::default() };
        for (lang, table, column) in [(Lang::Zh, "数据", "数值"), (Lang::En, "Figures", "The value")] {
            let rows = listed(query.clone(), lang);
            let bytes = bytes::Bytes::copy_from_slice(rows.column(4).as_binary::<i32>().value(0));
            let schema = Schema::try_from(arrow_flight::IpcMessage(bytes)).expect("a schema");
            assert_eq!(schema.metadata()[COMMENT], table);
            assert_eq!(schema.field(0).metadata()[REMARKS], column);
            assert_eq!(schema.field(0).data_type(), &DataType::Decimal128(38, 10));
        }
    }
}
