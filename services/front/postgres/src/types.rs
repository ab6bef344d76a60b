//! Types of columns as PostgreSQL names them.

use arrow::datatypes::{DataType, Field};

/// A type by its number, with what clients ask of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Type {
    /// `pg_type.oid`.
    pub(crate) oid: u32,
    /// `pg_type.typname`.
    pub(crate) name: &'static str,
    /// Bytes of a value; -1 = any.
    pub(crate) length: i16,
    /// `pg_type.typcategory`.
    pub(crate) category: char,
    /// Its array's number; 0 = none is offered.
    pub(crate) array: u32,
    /// As SQL writes it.
    pub(crate) sql: &'static str,
}

const fn of(oid: u32, name: &'static str, length: i16, category: char, array: u32, sql: &'static str) -> Type {
    Type { oid, name, length, category, array, sql }
}

pub(crate) const BOOL: Type = of(16, "bool", 1, 'B', 1000, "boolean");
pub(crate) const BYTEA: Type = of(17, "bytea", -1, 'U', 1001, "bytea");
pub(crate) const CHAR: Type = of(18, "char", 1, 'Z', 1002, "\"char\"");
pub(crate) const NAME: Type = of(19, "name", 64, 'S', 1003, "name");
pub(crate) const INT8: Type = of(20, "int8", 8, 'N', 1016, "bigint");
pub(crate) const INT2: Type = of(21, "int2", 2, 'N', 1005, "smallint");
pub(crate) const INT4: Type = of(23, "int4", 4, 'N', 1007, "integer");
pub(crate) const TEXT: Type = of(25, "text", -1, 'S', 1009, "text");
pub(crate) const OID: Type = of(26, "oid", 4, 'N', 1028, "oid");
pub(crate) const JSON: Type = of(114, "json", -1, 'U', 199, "json");
pub(crate) const FLOAT4: Type = of(700, "float4", 4, 'N', 1021, "real");
pub(crate) const FLOAT8: Type = of(701, "float8", 8, 'N', 1022, "double precision");
pub(crate) const UNKNOWN: Type = of(705, "unknown", -2, 'X', 0, "unknown");
pub(crate) const BPCHAR: Type = of(1042, "bpchar", -1, 'S', 1014, "character");
pub(crate) const VARCHAR: Type = of(1043, "varchar", -1, 'S', 1015, "character varying");
pub(crate) const DATE: Type = of(1082, "date", 4, 'D', 1182, "date");
pub(crate) const TIME: Type = of(1083, "time", 8, 'D', 1183, "time without time zone");
pub(crate) const TIMESTAMP: Type = of(1114, "timestamp", 8, 'D', 1115, "timestamp without time zone");
pub(crate) const TIMESTAMPTZ: Type = of(1184, "timestamptz", 8, 'D', 1185, "timestamp with time zone");
pub(crate) const INTERVAL: Type = of(1186, "interval", 16, 'T', 1187, "interval");
pub(crate) const NUMERIC: Type = of(1700, "numeric", -1, 'N', 1231, "numeric");
pub(crate) const UUID: Type = of(2950, "uuid", 16, 'U', 2951, "uuid");

/// Every type that columns, catalogs or parameters have.
pub(crate) const ALL: &[Type] = &[
    BOOL,
    BYTEA,
    CHAR,
    NAME,
    INT8,
    INT2,
    INT4,
    TEXT,
    OID,
    JSON,
    FLOAT4,
    FLOAT8,
    UNKNOWN,
    BPCHAR,
    VARCHAR,
    DATE,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    INTERVAL,
    NUMERIC,
    UUID,
];

/// Metadata of a field that is a type which the engine does not have, such as `oid`.
pub(crate) const MARK: &str = "helan.postgres";

impl Type {
    pub(crate) fn by_oid(oid: u32) -> Option<Self> {
        ALL.iter().copied().find(|known| known.oid == oid)
    }

    pub(crate) fn by_name(name: &str) -> Option<Self> {
        let name = match name {
            "int" => "int4",
            "decimal" => "numeric",
            "float" | "double" => "float8",
            "string" => "text",
            name => name,
        };
        ALL.iter().copied().find(|known| known.name == name || known.sql == name)
    }
}

/// The type of a column; an array of it where the second is true.
pub(crate) type Column = (Type, bool);

/// The number of a column's type.
pub(crate) fn oid_of((kind, is_array): Column) -> u32 {
    if is_array { kind.array } else { kind.oid }
}

/// Bytes of a column's values.
pub(crate) fn length_of((kind, is_array): Column) -> i16 {
    if is_array { -1 } else { kind.length }
}

/// How a field's values are written; none = they cannot be.
pub(crate) fn of_field(field: &Field) -> Option<Column> {
    let marked = field.metadata().get(MARK).and_then(|name| Type::by_name(name));
    // What is made of marked columns has no mark. asyncpg asks for this list to learn about types, and cannot read
    // numbers of any other type before it has.
    let marked = marked.or_else(|| (field.name() == "attrtypoids").then_some(OID));
    match (marked, field.data_type()) {
        (Some(kind), DataType::List(_)) => Some((kind, true)),
        (Some(kind), _) => Some((kind, false)),
        (None, kind) => of_type(kind),
    }
}

/// How values of a type are written.
pub(crate) fn of_type(kind: &DataType) -> Option<Column> {
    Some(match kind {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            match of_type(item.data_type()) {
                Some((kind, false)) if kind.array != 0 => (kind, true),
                // Lists of lists are written as JSON.
                _ => (JSON, false),
            }
        }
        DataType::Struct(_) | DataType::Map(..) => (JSON, false),
        DataType::Dictionary(_, values) => return of_type(values),
        DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => (TEXT, false),
        DataType::Boolean => (BOOL, false),
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => (INT2, false),
        DataType::Int32 | DataType::UInt16 => (INT4, false),
        DataType::Int64 | DataType::UInt32 => (INT8, false),
        DataType::UInt64
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => (NUMERIC, false),
        DataType::Float16 | DataType::Float32 => (FLOAT4, false),
        DataType::Float64 => (FLOAT8, false),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            (BYTEA, false)
        }
        DataType::Date32 | DataType::Date64 => (DATE, false),
        DataType::Time32(_) | DataType::Time64(_) => (TIME, false),
        DataType::Timestamp(_, None) => (TIMESTAMP, false),
        DataType::Timestamp(_, Some(_)) => (TIMESTAMPTZ, false),
        DataType::Interval(_) | DataType::Duration(_) => (INTERVAL, false),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_those_of_one_type() {
        for kind in ALL {
            assert_eq!(Type::by_oid(kind.oid), Some(*kind));
            assert_eq!(Type::by_name(kind.name), Some(*kind), "{}", kind.name);
        }
    }

    #[test]
    fn lists_of_values_are_arrays_and_deeper_ones_json() {
        let list = |kind| DataType::List(Field::new("item", kind, true).into());
        assert_eq!(of_type(&list(DataType::Decimal256(76, 10))).map(oid_of), Some(1231));
        assert_eq!(of_type(&list(list(DataType::Int64))), Some((JSON, false)));
    }
}
