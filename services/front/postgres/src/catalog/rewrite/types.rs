//! Types of PostgreSQL's own, and arrays that are written as texts.

use datafusion::sql::sqlparser::ast::{ArrayElemTypeDef, BinaryOperator, DataType, Expr, Value};

use super::{call, cast, last, text};
use crate::catalog::system::list_of;

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

/// Both sides of a comparison, where an array that is written as a text stands beside a column of arrays of the catalogs:
/// `polroles = '{0}'`. Elsewhere a text in braces stays one, for it may be JSON.
pub(super) fn compared((left, right): (Expr, Expr)) -> (Expr, Expr) {
    match (list_in(&left), list_in(&right)) {
        (Some(kind), None) if is_written_list(&right) => (left, list_of_kind(kind, right)),
        (None, Some(kind)) if is_written_list(&left) => (list_of_kind(kind, left), right),
        _ => (left, right),
    }
}

/// What the arrays of a column of the catalogs hold.
fn list_in(expr: &Expr) -> Option<&'static str> {
    match expr {
        Expr::Identifier(column) => list_of(&column.value),
        Expr::CompoundIdentifier(parts) => list_of(&parts.last()?.value),
        _ => None,
    }
}

fn is_written_list(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value)
        if matches!(&value.value, Value::SingleQuotedString(list) if list.starts_with('{') && list.ends_with('}')))
}

fn list_of_kind(kind: &str, expr: Expr) -> Expr {
    let item = if matches!(kind, "oid" | "int2") { DataType::BigInt(None) } else { DataType::Text };
    cast(listed(expr), DataType::Array(ArrayElemTypeDef::SquareBracket(Box::new(item), None)))
}

/// A cast to one of PostgreSQL's own types.
pub(super) fn casted(expr: Expr, data_type: DataType) -> Expr {
    if let Some(function) = of_cast(&expr, &data_type) {
        return call(function, vec![expr]);
    }
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

/// The function for a cast of a cast that goes from a name to its number and back, `'figures'::regclass::text`, or from the
/// name of a function to its number, `'figures_as_of'::regproc::oid`.
fn of_cast(expr: &Expr, data_type: &DataType) -> Option<&'static str> {
    let is_oid = matches!(data_type, DataType::Custom(name, _) if last(name) == "oid");
    match (expr, plain(data_type).as_ref().unwrap_or(data_type)) {
        (Expr::Function(function), DataType::Text | DataType::Varchar(_)) => match last(&function.name).as_str() {
            "helan_relation" => Some("helan_relation_name"),
            "helan_type" => Some("helan_type_name"),
            "helan_schema" => Some("helan_schema_name"),
            _ => None,
        },
        (Expr::Cast { expr: name, data_type: DataType::Text, .. }, _) if is_oid => match name.as_ref() {
            Expr::Value(value) => matches!(value.value, Value::SingleQuotedString(_)).then_some("helan_function"),
            _ => None,
        },
        _ => None,
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
        "text" | "name" | "char" | "bpchar" | "varchar" | "regproc" | "regprocedure" | "regoper" | "regoperator"
        | "regrole" | "cstring" | "sql_identifier" | "character_data" | "yes_or_no" | "json" | "jsonb" | "xml"
        | "inet" | "aclitem" => DataType::Text,
        "oid" | "xid" | "cid" | "int8" | "bigint" | "cardinal_number" => DataType::BigInt(None),
        "int4" | "int" | "integer" => DataType::Integer(None),
        "int2" | "smallint" => DataType::SmallInt(None),
        "bool" | "boolean" => DataType::Boolean,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::catalog::rewrite::rewritten;

    #[test]
    fn texts_are_read_by_what_they_are_compared_with_and_cast_to() {
        for (text, expected) in [
            (
                "select '{0}' = p.polroles as a, relacl <> '{}' as b, note = '{0}' as c from pg_policy p",
                "SELECT CAST(make_array('0') AS BIGINT[]) = p.polroles AS a, relacl <> CAST(make_array() AS TEXT[]) AS b, \
                 note = '{0}' AS c FROM pg_catalog.pg_policy p WHERE false",
            ),
            (
                "select 'x'::regclass::text as a, 'x'::regproc::oid as b, '7'::text::bigint as c",
                "SELECT helan_relation_name(helan_relation('x')) AS a, helan_function(CAST('x' AS TEXT)) AS b, \
                 CAST(CAST('7' AS TEXT) AS BIGINT) AS c",
            ),
            (
                "select p.proargtypes[0] as a from pg_proc p",
                "SELECT CAST(nullif(split_part(p.proargtypes, ' ', 0 + 1), '') AS BIGINT) AS a FROM pg_catalog.pg_proc p",
            ),
        ] {
            assert_eq!(rewritten(text).as_deref(), Some(expected));
        }
    }
}
