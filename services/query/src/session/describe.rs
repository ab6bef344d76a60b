//! What there is to ask: tables, views and table functions, with a line on each column.

use arrow::datatypes::Schema;
use helan_queries::Views;
use helan_schemas::tables::Table;

use crate::catalog_tables::Leaf;
use crate::views::view::arrow_type;

const VIEW: &str = "view";
const FUNCTION: &str = "function";
const TABLE: &str = "table";
const CATALOG: &str = "catalog";

/// A name that SQL may read.
#[derive(Clone, Debug)]
pub struct TableDoc {
    /// The name; for a table function without its arguments.
    pub name: String,
    /// `view`, `function` (a view at other moments), `table` (of the lake) or `catalog` (a file of it as it stands).
    pub kind: &'static str,
    /// What it is, in Chinese where there is a text, else in English.
    pub doc_zh: String,
    /// What it is, in English.
    pub doc_en: String,
    /// What one row is; empty where nothing is said.
    pub grain: String,
    /// Roll-up rules of the design that it carries out.
    pub rules: Vec<u8>,
    /// The SQL text of a view.
    pub sql: Option<&'static str>,
    /// Its columns in order.
    pub columns: Vec<ColumnDoc>,
}

/// A column.
#[derive(Clone, Debug)]
pub struct ColumnDoc {
    /// Its name.
    pub name: String,
    /// Its Arrow type.
    pub data_type: String,
    /// What it holds, in Chinese where there is a text, else in English.
    pub doc_zh: String,
    /// What it holds, in English.
    pub doc: String,
}

/// Every name: views, their table functions, the lake's tables, the catalog's.
pub(crate) fn all<'a>(views: &Views, leaves: impl IntoIterator<Item = &'a Leaf>) -> Vec<TableDoc> {
    let mut docs: Vec<TableDoc> = Vec::new();
    for query in views.all() {
        let columns = query.columns.iter().map(|column| ColumnDoc {
            name: column.name.to_owned(),
            data_type: arrow_type(column.data_type).to_string(),
            doc_zh: column.zh.to_owned(),
            doc: column.en.to_owned(),
        });
        let view = TableDoc {
            name: query.name.to_owned(),
            kind: VIEW,
            doc_zh: query.zh.to_owned(),
            doc_en: query.en.to_owned(),
            grain: query.grain.to_owned(),
            rules: query.rules.clone(),
            sql: Some(query.sql),
            columns: columns.collect(),
        };
        let function = TableDoc {
            name: format!("{}_as_of", query.name),
            kind: FUNCTION,
            doc_zh: format!("截至某一时刻（及记录时刻）的 {}。{}", query.name, query.zh),
            doc_en: format!("{} as of a moment (known [, recorded]). {}", query.name, query.en),
            ..view.clone()
        };
        docs.push(view);
        docs.push(function);
    }
    docs.extend(Table::ALL.map(|table| doc(table.name(), TABLE, table.doc(), &table.schema())));
    docs.extend(leaves.into_iter().map(|leaf| doc(leaf.name, CATALOG, leaf.doc, &leaf.batch.schema())));
    let order = |kind: &str| [VIEW, FUNCTION, TABLE, CATALOG].iter().position(|known| *known == kind);
    docs.sort_by(|a, b| (order(a.kind), &a.name).cmp(&(order(b.kind), &b.name)));
    docs
}

fn doc(name: &str, kind: &'static str, text: &str, schema: &Schema) -> TableDoc {
    let columns = schema.fields().iter().map(|field| {
        let comment = field.metadata().get("comment").cloned().unwrap_or_default();
        ColumnDoc {
            name: field.name().clone(),
            data_type: field.data_type().to_string(),
            doc_zh: comment.clone(),
            doc: comment,
        }
    });
    TableDoc {
        name: name.to_owned(),
        kind,
        doc_zh: text.to_owned(),
        doc_en: text.to_owned(),
        grain: String::new(),
        rules: Vec::new(),
        sql: None,
        columns: columns.collect(),
    }
}
