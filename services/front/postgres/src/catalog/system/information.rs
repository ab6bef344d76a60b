//! The tables of `information_schema`: columns as PostgreSQL 16 has them.

use std::collections::HashMap;

use datafusion::error::Result;

use super::{made, row};
use crate::catalog::Relations;
use crate::catalog::relations::columns;
use crate::catalog::rows::Schema;

/// Each table's columns.
const INFORMATION: &[(&str, &str)] = &[
    (
        "character_sets",
        "character_set_catalog:name character_set_schema:name character_set_name:name default_collate_name:name",
    ),
    (
        "column_privileges",
        "grantor:name grantee:name table_catalog:name table_schema:name table_name:name column_name:name privilege_type:text is_grantable:text",
    ),
    ("check_constraints", "constraint_catalog:name constraint_schema:name constraint_name:name check_clause:text"),
    (
        "columns",
        "table_catalog:name=helan table_schema:name=public table_name:name column_name:name ordinal_position:int4 \
         column_default:text is_nullable:text=YES data_type:text character_maximum_length:int4 \
         character_octet_length:int4 numeric_precision:int4 numeric_precision_radix:int4 numeric_scale:int4 \
         datetime_precision:int4 interval_type:text interval_precision:int4 character_set_catalog:name \
         character_set_schema:name character_set_name:name collation_catalog:name collation_schema:name \
         collation_name:name domain_catalog:name domain_schema:name domain_name:name udt_catalog:name=helan \
         udt_schema:name=pg_catalog udt_name:name scope_catalog:name scope_schema:name scope_name:name \
         maximum_cardinality:int4 dtd_identifier:name is_self_referencing:text=NO is_identity:text=NO \
         identity_generation:text identity_start:text identity_increment:text identity_maximum:text \
         identity_minimum:text identity_cycle:text=NO is_generated:text=NEVER generation_expression:text \
         is_updatable:text=NO",
    ),
    (
        "constraint_column_usage",
        "table_catalog:name table_schema:name table_name:name column_name:name constraint_catalog:name constraint_schema:name constraint_name:name",
    ),
    (
        "constraint_table_usage",
        "table_catalog:name table_schema:name table_name:name constraint_catalog:name constraint_schema:name constraint_name:name",
    ),
    ("domains", "domain_catalog:name domain_schema:name domain_name:name data_type:text domain_default:text"),
    (
        "element_types",
        "object_catalog:name object_schema:name object_name:name object_type:text collection_type_identifier:name data_type:text",
    ),
    ("information_schema_catalog_name", "catalog_name:name"),
    (
        "key_column_usage",
        "constraint_catalog:name constraint_schema:name constraint_name:name table_catalog:name table_schema:name table_name:name column_name:name ordinal_position:int4 position_in_unique_constraint:int4",
    ),
    (
        "parameters",
        "specific_catalog:name specific_schema:name specific_name:name ordinal_position:int4 parameter_mode:text parameter_name:name data_type:text",
    ),
    (
        "referential_constraints",
        "constraint_catalog:name constraint_schema:name constraint_name:name unique_constraint_catalog:name unique_constraint_schema:name unique_constraint_name:name match_option:text update_rule:text delete_rule:text",
    ),
    (
        "role_table_grants",
        "grantor:name grantee:name table_catalog:name table_schema:name table_name:name privilege_type:text is_grantable:text",
    ),
    (
        "routine_privileges",
        "grantor:name grantee:name specific_catalog:name specific_schema:name specific_name:name routine_catalog:name routine_schema:name routine_name:name privilege_type:text is_grantable:text",
    ),
    (
        "routines",
        "specific_catalog:name specific_schema:name specific_name:name routine_catalog:name routine_schema:name routine_name:name routine_type:text data_type:text routine_definition:text",
    ),
    (
        "schemata",
        "catalog_name:name=helan schema_name:name schema_owner:name=helan default_character_set_catalog:name default_character_set_schema:name default_character_set_name:name sql_path:text",
    ),
    (
        "sequences",
        "sequence_catalog:name sequence_schema:name sequence_name:name data_type:text start_value:text minimum_value:text maximum_value:text increment:text cycle_option:text",
    ),
    (
        "table_constraints",
        "constraint_catalog:name constraint_schema:name constraint_name:name table_catalog:name table_schema:name table_name:name constraint_type:text is_deferrable:text initially_deferred:text enforced:text",
    ),
    (
        "table_privileges",
        "grantor:name grantee:name table_catalog:name table_schema:name table_name:name privilege_type:text is_grantable:text with_hierarchy:text",
    ),
    (
        "tables",
        "table_catalog:name=helan table_schema:name=public table_name:name table_type:text \
         self_referencing_column_name:name reference_generation:text user_defined_type_catalog:name \
         user_defined_type_schema:name user_defined_type_name:name is_insertable_into:text=NO is_typed:text=NO \
         commit_action:text",
    ),
    (
        "triggers",
        "trigger_catalog:name trigger_schema:name trigger_name:name event_manipulation:text event_object_catalog:name event_object_schema:name event_object_table:name action_statement:text action_timing:text",
    ),
    (
        "view_table_usage",
        "view_catalog:name view_schema:name view_name:name table_catalog:name table_schema:name table_name:name",
    ),
    (
        "views",
        "table_catalog:name=helan table_schema:name=public table_name:name view_definition:text check_option:text=NONE \
         is_updatable:text=NO is_insertable_into:text=NO is_trigger_updatable:text=NO is_trigger_deletable:text=NO \
         is_trigger_insertable_into:text=NO",
    ),
];

/// Whether a table of `information_schema` has no rows, whatever is asked.
pub(in crate::catalog) fn is_empty_information(name: &str) -> bool {
    let filled = ["character_sets", "columns", "information_schema_catalog_name", "schemata", "tables", "views"];
    INFORMATION.iter().any(|(known, _)| *known == name) && !filled.contains(&name)
}

pub(in crate::catalog) fn information_schema(relations: &Relations) -> Result<Schema> {
    let schemata = ["information_schema", "pg_catalog", "public"].map(|name| row([("schema_name", name.into())]));
    let tables = relations.relations().map(|(_, doc)| {
        let kind = if doc.kind == "view" { "VIEW" } else { "BASE TABLE" };
        row([("table_name", doc.name.as_str().into()), ("table_type", kind.into())])
    });
    let views = relations.relations().filter(|(_, doc)| doc.kind == "view").map(|(_, doc)| {
        row([("table_name", doc.name.as_str().into()), ("view_definition", doc.sql.unwrap_or_default().into())])
    });
    let letters = row([("character_set_name", "UTF8".into()), ("default_collate_name", "C".into())]);
    let rows = HashMap::from([
        ("character_sets", vec![letters]),
        ("columns", columns(relations)),
        ("information_schema_catalog_name", vec![row([("catalog_name", "helan".into())])]),
        ("schemata", schemata.into()),
        ("tables", tables.collect()),
        ("views", views.collect()),
    ]);
    made(INFORMATION, &rows)
}
