//! Questions about what is never there: keys, indexes, triggers, policies. No row can come of them, so only their columns
//! matter; how they are joined and chosen is often written in ways that our planner does not know.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArguments, GroupByExpr, Ident, JoinConstraint, JoinOperator, ObjectNamePart, Query, Select,
    SelectItem, SetExpr, TableFactor, TableWithJoins, Value, Visit, VisitMut, Visitor, VisitorMut,
};

use super::scalar::is_aggregate;
use super::{last, null, parsed_table};
use crate::catalog::system::{is_empty, is_empty_information};

/// Leaves away by what nothing is ordered.
pub(super) fn unordered(query: &mut Query) {
    if let SetExpr::Select(select) = query.body.as_ref()
        && is_nothing(select)
    {
        query.order_by = None;
    }
}

/// Writes `where false` where no row can come, and leaves away what would choose one.
pub(super) fn emptied(select: &mut Select) {
    if !is_nothing(select) {
        return;
    }
    select.selection = Some(no());
    for table in &mut select.from {
        emptied_tables(table);
    }
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
            let _ = expr.visit(&mut Unasked);
        }
    }
}

fn no() -> Expr {
    Expr::Value(Value::Boolean(false).into())
}

fn emptied_tables(table: &mut TableWithJoins) {
    named_only(&mut table.relation);
    for join in &mut table.joins {
        named_only(&mut join.relation);
        let (JoinOperator::Join(by)
        | JoinOperator::Inner(by)
        | JoinOperator::Left(by)
        | JoinOperator::LeftOuter(by)
        | JoinOperator::CrossJoin(by)) = &mut join.join_operator
        else {
            continue;
        };
        if let JoinConstraint::On(condition) = by {
            *condition = no();
        }
    }
}

/// A table that is made of others' rows, as its columns alone.
fn named_only(factor: &mut TableFactor) {
    let (alias, columns) = match factor {
        TableFactor::NestedJoin { table_with_joins, .. } => return emptied_tables(table_with_joins),
        TableFactor::Derived { lateral: true, subquery, alias: Some(alias), .. } => match subquery.body.as_ref() {
            SetExpr::Select(select) => (alias, select.projection.iter().filter_map(name_of).collect()),
            _ => return,
        },
        TableFactor::UNNEST { alias: Some(alias), .. } | TableFactor::Function { alias: Some(alias), .. } => {
            (alias, Vec::new())
        }
        _ => return,
    };
    let mut columns: Vec<Ident> = columns;
    for (at, column) in alias.columns.iter().enumerate() {
        match columns.get_mut(at) {
            Some(known) => *known = column.name.clone(),
            None => columns.push(column.name.clone()),
        }
    }
    if columns.is_empty() {
        columns.push(alias.name.clone());
    }
    let columns: Vec<String> = columns.iter().map(|name| format!("null as {name}")).collect();
    if let Some(table) = parsed_table(&format!("(select {}) as {}", columns.join(", "), alias.name)) {
        *factor = table;
    }
}

fn name_of(item: &SelectItem) -> Option<Ident> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.clone()),
        SelectItem::UnnamedExpr(Expr::Identifier(ident)) => Some(ident.clone()),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts.last().cloned(),
        SelectItem::UnnamedExpr(Expr::Function(function)) => Some(Ident::new(last(&function.name))),
        _ => None,
    }
}

/// Whether no row can come of a query: one of its tables has none.
fn is_nothing(select: &Select) -> bool {
    select.from.iter().any(is_without_rows)
}

fn is_without_rows(table: &TableWithJoins) -> bool {
    // Of the other side of an outer join there may be rows.
    let keeps_left = |operator: &JoinOperator| {
        matches!(
            operator,
            JoinOperator::Join(_)
                | JoinOperator::Inner(_)
                | JoinOperator::CrossJoin(_)
                | JoinOperator::Left(_)
                | JoinOperator::LeftOuter(_)
        )
    };
    let needs_right = |operator: &JoinOperator| {
        matches!(operator, JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::CrossJoin(_))
    };
    table.joins.iter().all(|join| keeps_left(&join.join_operator))
        && (is_empty_factor(&table.relation)
            || table.joins.iter().any(|join| needs_right(&join.join_operator) && is_empty_factor(&join.relation)))
}

fn is_empty_factor(factor: &TableFactor) -> bool {
    match factor {
        TableFactor::Table { name, args: None, .. } => {
            let schema = match name.0.as_slice() {
                [ObjectNamePart::Identifier(schema), _] => schema.value.to_ascii_lowercase(),
                [_] => "pg_catalog".to_owned(),
                _ => return false,
            };
            match schema.as_str() {
                "pg_catalog" => is_empty(&last(name)),
                "information_schema" => is_empty_information(&last(name)),
                _ => false,
            }
        }
        TableFactor::NestedJoin { table_with_joins, .. } => is_without_rows(table_with_joins),
        TableFactor::Derived { subquery, .. } => match subquery.body.as_ref() {
            SetExpr::Select(inner) => is_nothing(inner) && !gives_a_row_of_none(inner),
            _ => false,
        },
        _ => false,
    }
}

/// Whether a query counts, or the like, without groups: then it has a row, whatever there is.
fn gives_a_row_of_none(select: &Select) -> bool {
    let is_grouped = match &select.group_by {
        GroupByExpr::Expressions(by, _) => !by.is_empty(),
        GroupByExpr::All(_) => true,
    };
    !is_grouped && select.projection.visit(&mut Counts).is_break()
}

struct Counts;

impl Visitor for Counts {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) if is_aggregate(function) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Takes queries and lists out of the results of nothing.
struct Unasked;

impl VisitorMut for Unasked {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let said = match expr {
            Expr::Subquery(_) => null(),
            Expr::Exists { .. } | Expr::InSubquery { .. } => no(),
            Expr::Function(function) => match (last(&function.name).as_str(), &function.args) {
                ("unnest" | "generate_series" | "generate_subscripts" | "aclexplode", _) => null(),
                ("array", FunctionArguments::Subquery(_)) => null(),
                _ => return ControlFlow::Continue(()),
            },
            _ => return ControlFlow::Continue(()),
        };
        *expr = said;
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::rewrite::rewritten;

    #[test]
    fn of_what_is_never_there_only_the_columns_matter() {
        for (text, expected) in [
            (
                "select c.conname, k.ord from pg_constraint c cross join lateral unnest(c.conkey) with ordinality as k(attnum, ord) \
                 where c.contype = 'f' order by c.conname, k.ord",
                "SELECT c.conname, k.ord FROM pg_catalog.pg_constraint c CROSS JOIN (SELECT NULL AS attnum, NULL AS ord) AS k WHERE false",
            ),
            (
                "select t.relname from pg_class t left join pg_index i on i.indrelid = t.oid",
                "SELECT t.relname FROM pg_catalog.pg_class t LEFT JOIN pg_catalog.pg_index i ON i.indrelid = t.oid",
            ),
            (
                "select count(*) from pg_class t join pg_index i on i.indrelid = t.oid and t.oid = any (i.indkey[0:i.indnkeyatts - 1])",
                "SELECT count(*) AS \"count\" FROM pg_catalog.pg_class t JOIN pg_catalog.pg_index i ON false WHERE false",
            ),
            (
                "select n from (select count(*) as n from pg_index) x where n > 0",
                "SELECT n FROM (SELECT count(*) AS n FROM pg_catalog.pg_index WHERE false) x WHERE n > 0",
            ),
            (
                "select (select max(x) from t) as a, column_name from information_schema.key_column_usage where f(column_name)",
                "SELECT NULL AS a, column_name FROM information_schema.key_column_usage WHERE false",
            ),
        ] {
            assert_eq!(rewritten(text).as_deref(), Some(expected));
        }
    }
}
