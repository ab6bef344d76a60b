//! `unnest(list) with ordinality`: the elements of a list, and their places.

use datafusion::sql::sqlparser::ast::{DataType, Ident, TableFactor};

use super::{call, cast, parsed_table};

/// Says it as a query of two lists that are unnested side by side.
pub(super) fn counted(factor: &mut TableFactor) {
    let TableFactor::UNNEST { alias: Some(alias), array_exprs, with_offset: false, with_ordinality: true, .. } = factor
    else {
        return;
    };
    let [list] = array_exprs.as_slice() else { return };
    let name = |at: usize, usual: &str| match alias.columns.get(at) {
        Some(column) => column.name.clone(),
        None if at == 0 => alias.name.clone(),
        None => Ident::new(usual),
    };
    let count = cast(call("cardinality", vec![list.clone()]), DataType::BigInt(None));
    let (element, place) = (name(0, "unnest"), name(1, "ordinality"));
    let text = format!(
        "(select unnest({list}) as {element}, unnest(generate_series(1, {count})) as {place}) as {}",
        alias.name
    );
    if let Some(table) = parsed_table(&text) {
        *factor = table;
    }
}
