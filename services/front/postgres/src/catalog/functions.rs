//! Functions of PostgreSQL that tools call: about names, types, descriptions and rights. None reads a file, waits, or
//! tells of another connection.

mod names;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListBuilder, StringArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::ScalarUDF;
use helan_query::{Made, Offered};

use self::names::{formatted, parse_ident, quote_ident, relation_oid, schema_name, schema_oid, type_name, type_oid};
use super::{ASKER, Relations};
use crate::settings::{Settings, VERSION};
use crate::types;

/// Arguments of a call for each row.
struct Arguments<'a>(&'a [ArrayRef]);

impl Arguments<'_> {
    fn text(&self, at: usize, row: usize) -> Option<String> {
        let column = self.0.get(at)?;
        let texts = cast(column, &DataType::Utf8).ok()?;
        let texts = texts.as_string::<i32>();
        texts.is_valid(row).then(|| texts.value(row).to_owned())
    }

    fn number(&self, at: usize, row: usize) -> Option<i64> {
        let column = self.0.get(at)?;
        let numbers = cast(column, &DataType::Int64).ok()?;
        let numbers = numbers.as_primitive::<Int64Type>();
        numbers.is_valid(row).then(|| numbers.value(row))
    }
}

/// Columns of one type are cast once, not for each row.
fn once(columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let plain = |column: &ArrayRef| {
        Ok(match column.data_type() {
            DataType::Utf8View | DataType::LargeUtf8 => cast(column, &DataType::Utf8)?,
            kind if kind.is_integer() => cast(column, &DataType::Int64)?,
            _ => column.clone(),
        })
    };
    columns.iter().map(plain).collect()
}

fn texts(
    name: &'static str,
    of: impl Fn(&Arguments<'_>, usize) -> Option<String> + Send + Sync + 'static,
) -> Arc<ScalarUDF> {
    let made: Made = Arc::new(move |columns, rows| {
        let columns = once(columns)?;
        let arguments = Arguments(&columns);
        Ok(Arc::new((0..rows).map(|row| of(&arguments, row)).collect::<StringArray>()) as ArrayRef)
    });
    Offered::function(name, DataType::Utf8, made)
}

fn numbers(
    name: &'static str,
    of: impl Fn(&Arguments<'_>, usize) -> Option<i64> + Send + Sync + 'static,
) -> Arc<ScalarUDF> {
    let made: Made = Arc::new(move |columns, rows| {
        let columns = once(columns)?;
        let arguments = Arguments(&columns);
        Ok(Arc::new((0..rows).map(|row| of(&arguments, row)).collect::<Int64Array>()) as ArrayRef)
    });
    Offered::function(name, DataType::Int64, made)
}

fn truths(name: &'static str, of: impl Fn(&Arguments<'_>, usize) -> bool + Send + Sync + 'static) -> Arc<ScalarUDF> {
    let made: Made = Arc::new(move |columns, rows| {
        let columns = once(columns)?;
        let arguments = Arguments(&columns);
        Ok(Arc::new((0..rows).map(|row| Some(of(&arguments, row))).collect::<BooleanArray>()) as ArrayRef)
    });
    Offered::function(name, DataType::Boolean, made)
}

fn lists(
    name: &'static str,
    of: impl Fn(&Arguments<'_>, usize) -> Option<Vec<String>> + Send + Sync + 'static,
) -> Arc<ScalarUDF> {
    let made: Made = Arc::new(move |columns, rows| {
        let columns = once(columns)?;
        let arguments = Arguments(&columns);
        let mut lists = ListBuilder::new(StringBuilder::new());
        for row in 0..rows {
            lists.append_option(of(&arguments, row).map(|items| items.into_iter().map(Some)));
        }
        Ok(Arc::new(lists.finish()) as ArrayRef)
    });
    Offered::function(name, DataType::new_list(DataType::Utf8, true), made)
}

/// A text that is the same for each row; none = null.
fn always(name: &'static str, text: Option<&str>) -> Arc<ScalarUDF> {
    let text = text.map(str::to_owned);
    texts(name, move |_, _| text.clone())
}

/// Those that there is nothing to tell of.
const NOTHING: &[&str] = &[
    "inet_client_addr",
    "inet_server_addr",
    "pg_advisory_unlock_all",
    "pg_get_constraintdef",
    "pg_get_expr",
    "pg_get_indexdef",
    "pg_get_partition_constraintdef",
    "pg_get_partkeydef",
    "pg_get_ruledef",
    "pg_get_serial_sequence",
    "pg_get_statisticsobjdef",
    "pg_get_statisticsobjdef_columns",
    "pg_get_triggerdef",
    "pg_size_pretty",
    "shobj_description",
    "pg_get_function_sqlbody",
    "pg_tablespace_location",
    "pg_encoding_max_length",
];
const NO_NUMBER: &[&str] = &[
    "pg_database_size",
    "pg_indexes_size",
    "pg_relation_size",
    "pg_sequence_last_value",
    "pg_stat_get_numscans",
    "pg_table_size",
    "pg_tablespace_size",
    "pg_total_relation_size",
    "inet_server_port",
    "inet_client_port",
    "txid_current_if_assigned",
];
const TRUE: &[&str] = &[
    "pg_collation_is_visible",
    "pg_conversion_is_visible",
    "pg_function_is_visible",
    "pg_has_role",
    "pg_is_in_recovery",
    "pg_opclass_is_visible",
    "pg_operator_is_visible",
    "pg_opfamily_is_visible",
    "pg_statistics_obj_is_visible",
    "pg_table_is_visible",
    "pg_ts_config_is_visible",
    "pg_ts_dict_is_visible",
    "pg_ts_parser_is_visible",
    "pg_ts_template_is_visible",
    "pg_type_is_visible",
];
const FALSE: &[&str] = &[
    "has_sequence_privilege",
    "has_server_privilege",
    "has_tablespace_privilege",
    "pg_column_is_updatable",
    "pg_index_column_has_property",
    "pg_is_other_temp_schema",
    "pg_relation_is_publishable",
    "row_security_active",
];
/// What table functions take, as their definitions write it.
const ARGUMENTS: &str = "known text, recorded text DEFAULT NULL";
/// Whether a right is one that askers have: to read, to connect, to look into schemas, to call functions.
const RIGHTS: &[&str] = &[
    "has_any_column_privilege",
    "has_column_privilege",
    "has_database_privilege",
    "has_foreign_data_wrapper_privilege",
    "has_function_privilege",
    "has_language_privilege",
    "has_schema_privilege",
    "has_table_privilege",
    "has_type_privilege",
];

/// Every function, for one connection.
pub(super) fn all(relations: &Arc<Relations>, settings: &Settings, pid: i32) -> Vec<Arc<ScalarUDF>> {
    let user = settings.get("session_authorization").to_owned();
    let mut all: Vec<Arc<ScalarUDF>> = Vec::new();
    all.extend(NOTHING.iter().map(|name| always(name, None)));
    all.extend(NO_NUMBER.iter().map(|name| numbers(name, |_, _| None)));
    all.extend(TRUE.iter().map(|name| truths(name, |_, _| true)));
    all.extend(FALSE.iter().map(|name| truths(name, |_, _| false)));
    all.extend(RIGHTS.iter().map(|name| truths(name, has_right)));
    all.push(always("helan_user", Some(&user)));
    for name in ["current_database", "current_catalog"] {
        all.push(always(name, Some("helan")));
    }
    all.extend([
        always("version", Some(&format!("PostgreSQL {VERSION} (Helan {})", env!("CARGO_PKG_VERSION")))),
        always("current_schema", Some("public")),
        always("helan_current_schema", Some("public")),
        always("pg_client_encoding", Some("UTF8")),
        always("pg_encoding_to_char", Some("UTF8")),
        texts("pg_get_userbyid", {
            let user = user.clone();
            move |arguments, row| {
                Some(if arguments.number(0, row) == Some(ASKER) { user.as_str() } else { "helan" }.to_owned())
            }
        }),
        always("pg_get_function_result", Some("SETOF record")),
        always("pg_get_function_arguments", Some(ARGUMENTS)),
        always("pg_get_function_identity_arguments", Some("known text, recorded text")),
        numbers("pg_char_to_encoding", |_, _| Some(6)),
        numbers("pg_my_temp_schema", |_, _| Some(0)),
        numbers("pg_backend_pid", move |_, _| Some(pid.into())),
        texts("quote_ident", |arguments, row| Some(quote_ident(&arguments.text(0, row)?))),
        texts("quote_literal", |arguments, row| Some(format!("'{}'", arguments.text(0, row)?.replace('\'', "''")))),
        texts("format_type", |arguments, row| Some(type_name(arguments.number(0, row)?))),
        texts("helan_type_name", |arguments, row| Some(type_name(arguments.number(0, row)?))),
        texts("helan_schema_name", |arguments, row| schema_name(arguments.number(0, row)?)),
        texts("format", |arguments, row| {
            let template = arguments.text(0, row)?;
            Some(formatted(&template, |at| arguments.text(at, row)))
        }),
        lists("parse_ident", |arguments, row| parse_ident(&arguments.text(0, row)?)),
        lists("string_to_array", |arguments, row| {
            let (text, apart) = (arguments.text(0, row)?, arguments.text(1, row)?);
            match (text.is_empty(), apart.is_empty()) {
                (true, _) => Some(Vec::new()),
                (_, true) => Some(vec![text]),
                _ => Some(text.split(&apart).map(str::to_owned).collect()),
            }
        }),
        place("array_upper", true),
        place("array_lower", false),
        schemas(),
        type_of(),
        set_config(),
        setting(settings),
    ]);
    for name in ["to_regtype", "helan_type"] {
        all.push(numbers(name, |arguments, row| type_oid(&arguments.text(0, row)?)));
    }
    for name in ["to_regnamespace", "helan_schema"] {
        all.push(numbers(name, |arguments, row| schema_oid(&arguments.text(0, row)?)));
    }
    all.extend(of_relations(relations));
    all
}

/// Those that need to know what there is.
fn of_relations(relations: &Arc<Relations>) -> Vec<Arc<ScalarUDF>> {
    let names: Arc<Vec<(i64, String)>> =
        Arc::new(relations.relations().map(|(oid, doc)| (oid, doc.name.clone())).collect());
    let mut all: Vec<Arc<ScalarUDF>> = Vec::new();
    for name in ["to_regclass", "helan_relation"] {
        let names = names.clone();
        all.push(numbers(name, move |arguments, row| relation_oid(&names, &arguments.text(0, row)?)));
    }
    all.push(texts("helan_relation_name", move |arguments, row| {
        let oid = arguments.number(0, row)?;
        let known = names.iter().find(|(known, _)| *known == oid).map(|(_, name)| quote_ident(name));
        Some(known.unwrap_or_else(|| oid.to_string()))
    }));
    let known = relations.clone();
    all.push(texts("pg_get_viewdef", move |arguments, row| {
        let oid = arguments.number(0, row)?;
        known.relations().find(|(known, _)| *known == oid).and_then(|(_, doc)| doc.sql).map(str::to_owned)
    }));
    let known = relations.clone();
    all.push(numbers("helan_function", move |arguments, row| {
        let name = arguments.text(0, row)?;
        let bare = name.trim().trim_start_matches("public.").trim_matches('"');
        let number = bare.parse::<i64>().ok();
        number.or_else(|| known.functions().find(|(_, doc)| doc.name == bare).map(|(oid, _)| oid))
    }));
    let known = relations.clone();
    all.push(texts("pg_get_functiondef", move |arguments, row| {
        let oid = arguments.number(0, row)?;
        let (_, doc) = known.functions().find(|(known, _)| *known == oid)?;
        Some(format!(
            "CREATE OR REPLACE FUNCTION public.{}({ARGUMENTS})\n RETURNS SETOF record\n LANGUAGE sql\nAS $function$\n{}\n$function$\n",
            quote_ident(&doc.name),
            doc.sql?.trim_end()
        ))
    }));
    let known = relations.clone();
    all.push(texts("obj_description", move |arguments, row| {
        let (oid, class) = (arguments.number(0, row)?, arguments.text(1, row));
        let (relation, function) = match class.as_deref() {
            None => (true, true),
            Some(class) => (class.ends_with("pg_class"), class.ends_with("pg_proc")),
        };
        let of = known.relations().filter(|_| relation).chain(known.functions().filter(|_| function));
        let mut of = of.filter(|(known, _)| *known == oid);
        of.next().map(|(_, doc)| known.text(&doc.doc_zh, &doc.doc_en).to_owned())
    }));
    let known = relations.clone();
    all.push(texts("col_description", move |arguments, row| {
        let (oid, number) = (arguments.number(0, row)?, usize::try_from(arguments.number(1, row)?).ok()?);
        let (_, doc) = known.relations().find(|(known, _)| *known == oid)?;
        let column = doc.columns.get(number.checked_sub(1)?)?;
        Some(known.text(&column.doc_zh, &column.doc).to_owned()).filter(|text| !text.is_empty())
    }));
    all
}

/// The right is the last argument; of several that are asked for, all must be there.
fn has_right(arguments: &Arguments<'_>, row: usize) -> bool {
    let asked = arguments.text(arguments.0.len().saturating_sub(1), row).unwrap_or_default().to_ascii_uppercase();
    asked.split(',').all(|right| matches!(right.trim(), "SELECT" | "USAGE" | "CONNECT" | "EXECUTE"))
}

/// The first or last place of an array; all have one dimension and begin at 1.
fn place(name: &'static str, is_last: bool) -> Arc<ScalarUDF> {
    let made: Made = Arc::new(move |columns, rows| {
        let list = columns.first().and_then(|column| column.as_list_opt::<i32>());
        let length = |row: usize| list.filter(|list| list.is_valid(row)).map(|list| list.value_length(row).into());
        let places = (0..rows).map(|row| length(row).map(|last: i64| if is_last { last } else { 1 }));
        Ok(Arc::new(places.collect::<Int64Array>()) as ArrayRef)
    });
    Offered::function(name, DataType::Int64, made)
}

fn schemas() -> Arc<ScalarUDF> {
    let made: Made = Arc::new(|columns, rows| {
        let columns = once(columns)?;
        let mut lists = ListBuilder::new(StringBuilder::new());
        for row in 0..rows {
            let implicit = columns.first().is_some_and(|column| match column.data_type() {
                DataType::Boolean => column.is_valid(row) && column.as_boolean().value(row),
                _ => false,
            });
            let names: &[&str] = if implicit { &["pg_catalog", "public"] } else { &["public"] };
            lists.append_value(names.iter().map(Some));
        }
        Ok(Arc::new(lists.finish()) as ArrayRef)
    });
    Offered::function("current_schemas", DataType::new_list(DataType::Utf8, true), made)
}

/// The name of a value's type; null where it has none of PostgreSQL's.
fn type_of() -> Arc<ScalarUDF> {
    let made: Made = Arc::new(|columns, rows| {
        let kind = columns.first().and_then(|column| types::of_type(column.data_type()));
        let name = kind.map(|kind| type_name(types::oid_of(kind).into()));
        Ok(Arc::new(std::iter::repeat_n(name, rows).collect::<StringArray>()) as ArrayRef)
    });
    Offered::function("pg_typeof", DataType::Utf8, made)
}

fn setting(settings: &Settings) -> Arc<ScalarUDF> {
    let settings = settings.clone();
    texts("current_setting", move |arguments, row| settings.show(&arguments.text(0, row)?).ok().map(|(_, value)| value))
}

/// Drivers turn planner settings off by it; those that change answers are set by `set`, where it is seen.
fn set_config() -> Arc<ScalarUDF> {
    let made: Made = Arc::new(|columns, rows| {
        let columns = once(columns)?;
        let arguments = Arguments(&columns);
        let values = (0..rows).map(|row| match arguments.text(0, row) {
            Some(name) if Settings::changes_nothing(&name) => Ok(arguments.text(1, row)),
            name => Err(DataFusionError::Execution(format!(
                "set_config({name:?}): use set {}",
                name.as_deref().unwrap_or("…")
            ))),
        });
        Ok(Arc::new(values.collect::<Result<StringArray>>()?) as ArrayRef)
    });
    Offered::function("set_config", DataType::Utf8, made)
}
