//! Names of results: that each has one of its own, and which of them a query is ordered by.

use datafusion::sql::sqlparser::ast::{Distinct, Expr, Ident, OrderBy, OrderByKind, Query, SelectItem, SetExpr, Value};

use super::{is_bare, last};

/// Columns that PostgreSQL calls alike are told apart, because our planner wants it so.
pub(super) fn named(projection: &mut [SelectItem]) {
    let mut seen: Vec<String> = Vec::new();
    for item in projection {
        let name = match item {
            SelectItem::UnnamedExpr(Expr::Function(function)) => last(&function.name),
            SelectItem::UnnamedExpr(Expr::Value(value)) if value.value == Value::Null => "?column?".to_owned(),
            SelectItem::UnnamedExpr(Expr::Subquery(_) | Expr::Cast { .. } | Expr::Case { .. }) => "?column?".to_owned(),
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
                parts.last().map(|part| part.value.clone()).unwrap_or_default()
            }
            SelectItem::UnnamedExpr(Expr::Identifier(ident)) if is_bare(ident) => ident.value.to_ascii_lowercase(),
            SelectItem::UnnamedExpr(other) => other.to_string(),
            _ => continue,
        };
        let is_name = matches!(item, SelectItem::UnnamedExpr(Expr::Identifier(ident)) if !is_bare(ident))
            || matches!(item, SelectItem::UnnamedExpr(Expr::CompoundIdentifier(_)));
        let twice = seen.contains(&name);
        seen.push(name.clone());
        if let SelectItem::UnnamedExpr(expr) = item
            && (!is_name || twice)
            && !matches!(expr, Expr::Wildcard(_))
        {
            let alias = if twice { format!("{name}_{}", seen.len()) } else { name };
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: Ident::with_quote('"', alias) };
        }
    }
}

/// A name to order by is that of a result before it is that of a column, and several tables may have one of that name.
pub(super) fn ordered(query: &mut Query) {
    let (SetExpr::Select(select), Some(OrderBy { kind: OrderByKind::Expressions(order), .. })) =
        (query.body.as_ref(), &mut query.order_by)
    else {
        return;
    };
    // Those have to be written like what is distinct.
    if matches!(select.distinct, Some(Distinct::On(_))) {
        return;
    }
    let mut results = Vec::new();
    for item in &select.projection {
        results.push(match item {
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts.last().map(|part| &part.value),
            SelectItem::UnnamedExpr(Expr::Identifier(ident)) => Some(&ident.value),
            SelectItem::ExprWithAlias { alias, .. } => Some(&alias.value),
            SelectItem::UnnamedExpr(_) => None,
            // How many there are is not known here.
            _ => return,
        });
    }
    for by in order {
        let Expr::Identifier(name) = &by.expr else { continue };
        let mut found = results.iter().enumerate().filter(|(_, known)| known.is_some_and(|known| *known == name.value));
        if let (Some((at, _)), None) = (found.next(), found.next()) {
            by.expr = Expr::Value(Value::Number((at + 1).to_string(), false).into());
        }
    }
}
