//! Types of PostgreSQL's own, and arrays that are written as texts.

use datafusion::sql::sqlparser::ast::{ArrayElemTypeDef, BinaryOperator, DataType, Expr, Value};

use super::{call, cast, last, text};

/// An array that is written as a text, `'{a,b}'`.
pub(super) fn listed(expr: Expr) -> Expr {
    match &expr {
        Expr::Nested(inner) => listed(inner.as_ref().clone()),
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(array) if array.starts_with('{') => {
                let items = array.trim_start_matches('{').trim_end_matches('}').split(',');
                call(
                    "make_array",
                    items.filter(|item| !item.is_empty()).map(|item| text(item.trim_matches('"'))).collect(),
                )
            }
            _ => expr,
        },
        _ => expr,
    }
}

/// A cast to one of PostgreSQL's own types.
pub(super) fn casted(expr: Expr, data_type: DataType) -> Expr {
    let name = match &data_type {
        DataType::Custom(name, _) => last(name),
        DataType::Regclass => "regclass".to_owned(),
        DataType::Array(ArrayElemTypeDef::SquareBracket(item, _)) => {
            let item = plain(item).unwrap_or_else(|| item.as_ref().clone());
            let list = DataType::Array(ArrayElemTypeDef::SquareBracket(Box::new(item.clone()), None));
            return cast(listed(expr), list);
        }
        _ => return cast(expr, data_type),
    };
    let is_text = is_name(&expr);
    let named = |by_name: &str, by_number: &str, expr: Expr| match is_text {
        true => call(by_name, vec![expr]),
        false => call(by_number, vec![expr]),
    };
    match name.as_str() {
        "regproc" | "regprocedure" => cast(bare(expr), DataType::Text),
        "regclass" => named("helan_relation", "helan_relation_name", expr),
        "regtype" => named("helan_type", "helan_type_name", expr),
        "regnamespace" => named("helan_schema", "helan_schema_name", expr),
        _ => {
            let data_type = plain(&data_type).unwrap_or(data_type);
            cast(expr, data_type)
        }
    }
}

/// Whether a value is a name, and not a number: it is written, or made, as a text.
fn is_name(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => matches!(value.value, Value::SingleQuotedString(_) | Value::Placeholder(_)),
        Expr::Nested(inner) => is_name(inner),
        Expr::BinaryOp { op, .. } => *op == BinaryOperator::StringConcat,
        Expr::Function(function) => {
            ["format", "quote_ident", "concat", "replace"].contains(&last(&function.name).as_str())
        }
        Expr::Cast { data_type: DataType::Text | DataType::Varchar(_), .. } => true,
        _ => false,
    }
}

/// A function's name without its schema.
fn bare(expr: Expr) -> Expr {
    match &expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(name) => text(name.trim_start_matches("pg_catalog.")),
            _ => expr,
        },
        _ => expr,
    }
}

/// The type of ours for one that is named as PostgreSQL does.
fn plain(data_type: &DataType) -> Option<DataType> {
    let DataType::Custom(name, _) = data_type else { return None };
    Some(match last(name).as_str() {
        "text" | "name" | "char" | "bpchar" | "varchar" | "regproc" | "regprocedure" | "regoper" | "regrole"
        | "cstring" | "sql_identifier" | "character_data" | "yes_or_no" | "json" | "jsonb" | "xml" | "inet"
        | "aclitem" => DataType::Text,
        "oid" | "xid" | "cid" | "int8" | "bigint" | "cardinal_number" => DataType::BigInt(None),
        "int4" | "int" | "integer" => DataType::Integer(None),
        "int2" | "smallint" => DataType::SmallInt(None),
        "bool" | "boolean" => DataType::Boolean,
        _ => return None,
    })
}
