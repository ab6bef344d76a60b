//! `unnest(list) with ordinality`: the elements of a list, and their places. And a place of `proargtypes`.

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, DataType, Expr, Ident, Subscript, TableFactor, Value,
};

use super::{call, cast, parsed_table, text};

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

/// One of the numbers of `proargtypes`, which are a text with blanks between, as PostgreSQL writes an `oidvector`: its first
/// place is 0. `None` where something else is asked for.
pub(super) fn number_at(root: &Expr, chain: &[AccessExpr]) -> Option<Expr> {
    let Expr::Identifier(first) = root else { return None };
    let (names, index) = match chain {
        [AccessExpr::Subscript(Subscript::Index { index })] => (vec![first.clone()], index),
        [AccessExpr::Dot(Expr::Identifier(column)), AccessExpr::Subscript(Subscript::Index { index })] => {
            (vec![first.clone(), column.clone()], index)
        }
        _ => return None,
    };
    names.last().filter(|name| name.value == "proargtypes")?;
    let one = Expr::Value(Value::Number("1".to_owned(), false).into());
    let place = Expr::BinaryOp { left: Box::new(index.clone()), op: BinaryOperator::Plus, right: Box::new(one) };
    let number = call("split_part", vec![Expr::CompoundIdentifier(names), text(" "), place]);
    Some(cast(call("nullif", vec![number, text("")]), DataType::BigInt(None)))
}
