//! What there is to ask, as rows of the catalogs.

use arrow::datatypes::DataType;
use helan_query::ColumnDoc;

use super::rows::{Cell, Row};
use super::{FIRST_FUNCTION, OWNER, PG_CATALOG, PG_CLASS, PG_PROC, PUBLIC, Relations};
use crate::types::{self, Column, TEXT};

/// The collation of texts.
const DEFAULT_COLLATION: i64 = 100;

/// A column's type. The docs write it as the engine does.
fn type_of(column: &ColumnDoc) -> (Column, Option<DataType>) {
    let parsed = column.data_type.parse::<DataType>().ok();
    let known = parsed.as_ref().and_then(types::of_type);
    (known.unwrap_or((TEXT, false)), parsed)
}

fn oid_of(column: Column) -> i64 {
    types::oid_of(column).into()
}

pub(super) fn classes(relations: &Relations) -> Vec<Row> {
    let rows = relations.relations().map(|(oid, doc)| -> Row {
        vec![
            ("oid", oid.into()),
            ("tableoid", PG_CLASS.into()),
            ("relname", doc.name.as_str().into()),
            ("relnamespace", PUBLIC.into()),
            ("relowner", OWNER.into()),
            ("relam", if doc.kind == "view" { 0 } else { 2 }.into()),
            ("relkind", if doc.kind == "view" { "v" } else { "r" }.into()),
            ("relhasrules", (doc.kind == "view").into()),
            ("relacl", Cell::Texts(vec!["helan=r/helan".to_owned(), "=r/helan".to_owned()])),
            ("relnatts", (doc.columns.len() as i64).into()),
        ]
    });
    rows.collect()
}

pub(super) fn attributes(relations: &Relations) -> Vec<Row> {
    let rows = relations.relations().flat_map(|(oid, doc)| {
        (1_i64..).zip(&doc.columns).map(move |(number, column)| -> Row {
            let (kind, _) = type_of(column);
            vec![
                ("attrelid", oid.into()),
                ("attname", column.name.as_str().into()),
                ("atttypid", oid_of(kind).into()),
                ("attlen", i64::from(types::length_of(kind)).into()),
                ("attnum", number.into()),
                ("attndims", i64::from(kind.1).into()),
                ("attcollation", if kind.0 == TEXT { DEFAULT_COLLATION } else { 0 }.into()),
            ]
        })
    });
    rows.collect()
}

/// What a table is, and what one of its rows is.
fn of_table(relations: &Relations, doc: &helan_query::TableDoc) -> String {
    relations.text(&doc.doc_zh, &doc.doc_en).to_owned()
}

pub(super) fn descriptions(relations: &Relations) -> Vec<Row> {
    let row = |oid: i64, class: i64, number: i64, text: String| -> Row {
        vec![
            ("objoid", oid.into()),
            ("classoid", class.into()),
            ("objsubid", number.into()),
            ("description", text.into()),
        ]
    };
    let mut rows = Vec::new();
    for (oid, doc) in relations.relations() {
        rows.push(row(oid, PG_CLASS, 0, of_table(relations, doc)));
        for (number, column) in (1..).zip(&doc.columns) {
            let text = relations.text(&column.doc_zh, &column.doc);
            if !text.is_empty() {
                rows.push(row(oid, PG_CLASS, number, text.to_owned()));
            }
        }
    }
    rows.extend(relations.functions().map(|(oid, doc)| row(oid, PG_PROC, 0, of_table(relations, doc))));
    rows
}

/// Table functions: a view at other moments.
pub(super) fn procedures(relations: &Relations) -> Vec<Row> {
    let rows = relations.functions().map(|(oid, doc)| -> Row {
        vec![
            ("oid", oid.into()),
            ("tableoid", PG_PROC.into()),
            ("proname", doc.name.as_str().into()),
            ("pronamespace", PUBLIC.into()),
            ("proowner", OWNER.into()),
            ("pronargs", 2.into()),
            ("pronargdefaults", 1.into()),
            ("prorettype", 2249.into()),
            ("proargtypes", format!("{0} {0}", TEXT.oid).into()),
            ("proargnames", Cell::Texts(vec!["known".to_owned(), "recorded".to_owned()])),
        ]
    });
    rows.chain(of_types()).collect()
}

/// The number of the first function that types are read and written by.
const FIRST_OF_TYPES: i64 = 10_000;

/// The functions that `pg_type` names: Npgsql finds arrays by them.
fn of_types() -> impl Iterator<Item = Row> {
    let names = types::ALL.iter().map(|kind| kind.name).chain(["array"]);
    let names = names.flat_map(|name| {
        let apart = if name == "array" { "_" } else { "" };
        ["in", "out", "recv", "send"].map(|end| format!("{name}{apart}{end}"))
    });
    (FIRST_OF_TYPES..).zip(names).map(|(oid, name)| -> Row {
        vec![
            ("oid", oid.into()),
            ("tableoid", PG_PROC.into()),
            ("proname", name.into()),
            ("pronamespace", PG_CATALOG.into()),
            ("proowner", OWNER.into()),
            ("proretset", false.into()),
            ("pronargs", 1.into()),
            ("prorettype", 2249.into()),
        ]
    })
}

/// The rule by which each view is read.
pub(super) fn rules(relations: &Relations) -> Vec<Row> {
    let views = relations.relations().filter(|(_, doc)| doc.kind == "view");
    let rows = views.map(|(oid, _)| -> Row {
        vec![
            ("oid", (oid + FIRST_FUNCTION).into()),
            ("rulename", "_RETURN".into()),
            ("ev_class", oid.into()),
            ("ev_type", "1".into()),
            ("ev_enabled", "O".into()),
            ("is_instead", true.into()),
        ]
    });
    rows.collect()
}

/// Types that no column has.
const PSEUDO: &[(u32, &str)] = &[(2249, "record"), (2278, "void")];

/// Every type, and its array.
pub(super) fn types() -> Vec<Row> {
    let row = |oid: u32, name: String, length: i16, category: char, elem: u32, array: u32| -> Row {
        vec![
            ("oid", i64::from(oid).into()),
            ("typname", name.clone().into()),
            ("typnamespace", PG_CATALOG.into()),
            ("typowner", OWNER.into()),
            ("typlen", i64::from(length).into()),
            ("typcategory", category.to_string().into()),
            ("typelem", i64::from(elem).into()),
            ("typarray", i64::from(array).into()),
            ("typinput", if elem == 0 { format!("{name}in") } else { "array_in".to_owned() }.into()),
            ("typoutput", if elem == 0 { format!("{name}out") } else { "array_out".to_owned() }.into()),
            ("typreceive", if elem == 0 { format!("{name}recv") } else { "array_recv".to_owned() }.into()),
            ("typsend", if elem == 0 { format!("{name}send") } else { "array_send".to_owned() }.into()),
            ("typtype", if category == 'X' || category == 'P' { "p" } else { "b" }.into()),
            ("typcollation", if category == 'S' { DEFAULT_COLLATION } else { 0 }.into()),
        ]
    };
    let mut rows: Vec<Row> = PSEUDO.iter().map(|(oid, name)| row(*oid, (*name).to_owned(), -1, 'P', 0, 0)).collect();
    for kind in types::ALL {
        rows.push(row(kind.oid, kind.name.to_owned(), kind.length, kind.category, 0, kind.array));
        if kind.array != 0 {
            rows.push(row(kind.array, format!("_{}", kind.name), -1, 'A', kind.oid, 0));
        }
    }
    rows
}

pub(super) fn columns(relations: &Relations) -> Vec<Row> {
    let rows = relations.relations().flat_map(|(_, doc)| {
        (1_i64..).zip(&doc.columns).map(|(number, column)| -> Row {
            let (kind, parsed) = type_of(column);
            let mut row: Row = vec![
                ("table_name", doc.name.as_str().into()),
                ("column_name", column.name.as_str().into()),
                ("ordinal_position", number.into()),
                ("data_type", if kind.1 { "ARRAY" } else { kind.0.sql }.into()),
                ("udt_name", if kind.1 { format!("_{}", kind.0.name) } else { kind.0.name.to_owned() }.into()),
                ("dtd_identifier", number.to_string().into()),
            ];
            let bits = match kind.0.name {
                _ if kind.1 => None,
                "int2" => Some(16),
                "int4" | "float4" => Some(if kind.0.name == "int4" { 32 } else { 24 }),
                "int8" | "float8" => Some(if kind.0.name == "int8" { 64 } else { 53 }),
                _ => None,
            };
            if let Some(bits) = bits {
                row.push(("numeric_precision", bits.into()));
                row.push(("numeric_precision_radix", 2.into()));
            }
            if let (false, Some(DataType::Decimal128(..) | DataType::Decimal256(..))) = (kind.1, &parsed) {
                row.push(("numeric_precision_radix", 10.into()));
            }
            if matches!(kind.0.category, 'D') && !kind.1 {
                row.push(("datetime_precision", if kind.0.name == "date" { 0 } else { 6 }.into()));
            }
            row
        })
    });
    rows.collect()
}
