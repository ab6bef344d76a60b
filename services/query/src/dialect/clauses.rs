//! Clauses of a query: `fetch first n rows only` and `select top n`, and `order by` of what stands behind a result.

use datafusion::sql::sqlparser::ast::{
    Expr, Fetch, GroupByExpr, LimitClause, OrderBy, OrderByKind, Query, Select, SelectItem, SetExpr, Top, TopQuantity,
    Value, ValueWithSpan,
};

fn number(number: usize) -> Expr {
    Expr::Value(Value::Number(number.to_string(), false).into())
}

/// `fetch first n rows only` is `limit n`. With ties, or in percent, it stays, and is refused.
pub(super) fn fetch(query: &mut Query) {
    let Some(Fetch { with_ties: false, percent: false, quantity }) = &query.fetch else { return };
    if limit(&mut query.limit_clause, quantity.clone().unwrap_or_else(|| number(1))) {
        query.fetch = None;
    }
}

/// `select top n` is `limit n`. With ties, or in percent, it stays, and is refused.
pub(super) fn top(query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_mut() else { return };
    let Some(Top { with_ties: false, percent: false, quantity: Some(quantity) }) = &select.top else { return };
    let most = match quantity {
        TopQuantity::Expr(most) => most.clone(),
        TopQuantity::Constant(most) => Expr::Value(Value::Number(most.to_string(), false).into()),
    };
    if limit(&mut query.limit_clause, most) {
        select.top = None;
    }
}

/// Says whether the limit could be put there.
fn limit(clause: &mut Option<LimitClause>, most: Expr) -> bool {
    match clause {
        Some(LimitClause::LimitOffset { limit: limit @ None, .. }) => *limit = Some(most),
        None => *clause = Some(LimitClause::LimitOffset { limit: Some(most), offset: None, limit_by: Vec::new() }),
        Some(_) => return false,
    }
    true
}

/// Numbers of results within `rollup`, `cube` and `grouping sets`, which the engine takes for constants.
pub(super) fn group(select: &mut Select) {
    let GroupByExpr::Expressions(by, _) = &mut select.group_by else { return };
    for sets in by {
        let (Expr::Rollup(sets) | Expr::Cube(sets) | Expr::GroupingSets(sets)) = sets else { continue };
        for by in sets.iter_mut().flatten() {
            let Expr::Value(ValueWithSpan { value: Value::Number(at, _), .. }) = by else { continue };
            let item = at.parse::<usize>().ok().and_then(|at| select.projection.get(at.checked_sub(1)?));
            if let Some(SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item {
                *by = expr.clone();
            }
        }
    }
}

/// To order by the very expression of a result is to order by that result, whatever its name is a column's too.
pub(super) fn order(query: &mut Query) {
    let (SetExpr::Select(select), Some(OrderBy { kind: OrderByKind::Expressions(order), .. })) =
        (query.body.as_ref(), &mut query.order_by)
    else {
        return;
    };
    let is_open = |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
    if select.projection.iter().any(is_open) {
        return;
    }
    for by in order {
        if matches!(by.expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_)) {
            continue;
        }
        let text = by.expr.to_string();
        let mut items = select.projection.iter();
        let found =
            items.position(|item| matches!(item, SelectItem::ExprWithAlias { expr, .. } if expr.to_string() == text));
        if let Some(at) = found {
            by.expr = number(at + 1);
        }
    }
}
