//! Results as SQL has them where the engine wants them otherwise: two of one name, and `exists (select …)`.
//!
//! The engine refuses `select a.*, a.id` and `select 1, 1` because two results would have one name: the later one is called
//! `id_2` here. What it cannot do among the results is `exists`: it is read as a count that is above nought.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, Ident, ObjectNamePart, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr,
    Value, VisitMut, VisitorMut, WildcardAdditionalOptions,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

/// Writes the results of one `select` out.
pub(super) fn write_out(select: &mut Select) {
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
            let _ = expr.visit(&mut Counted(0));
        }
    }
    told_apart(&mut select.projection);
}

/// Gives results of a name that an earlier one has another name.
fn told_apart(projection: &mut [SelectItem]) {
    let all = |options: &WildcardAdditionalOptions| {
        options.opt_exclude.is_none()
            && options.opt_except.is_none()
            && options.opt_replace.is_none()
            && options.opt_rename.is_none()
    };
    let everything = projection.iter().any(|item| matches!(item, SelectItem::Wildcard(options) if all(options)));
    let tables: Vec<String> = projection
        .iter()
        .filter_map(|item| match item {
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(table), options)
                if all(options) =>
            {
                Some(table.to_string().to_ascii_lowercase())
            }
            _ => None,
        })
        .collect();
    let mut seen: Vec<String> = Vec::new();
    for (at, item) in projection.iter_mut().enumerate() {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        let (full, column) = name(expr);
        let within = full.rsplit_once('.').is_some_and(|(table, _)| tables.iter().any(|known| known == table));
        let again = seen.contains(&full) || column.is_some() && (everything || within);
        if again {
            let alias = Ident::with_quote('"', format!("{}_{}", column.as_ref().unwrap_or(&full), at + 1));
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
        }
        seen.push(full);
    }
}

/// The name that the engine gives a result, or one that is the same where that is, and that of the column if it is one.
fn name(expr: &Expr) -> (String, Option<String>) {
    let mut named = expr.clone();
    let _ = named.visit(&mut AsNamed);
    let column = match &named {
        Expr::Identifier(ident) => Some(ident.value.clone()),
        Expr::CompoundIdentifier(parts) => parts.last().map(|ident| ident.value.clone()),
        _ => None,
    };
    (named.to_string(), column)
}

/// Leaves of an expression what the engine has in its name: no casts (another zone is one), no parentheses, and the letters
/// of a name as they are looked up.
struct AsNamed;

impl VisitorMut for AsNamed {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let looked_up = |ident: &mut Ident| {
            if ident.quote_style.take().is_none() {
                ident.value.make_ascii_lowercase();
            }
        };
        match expr {
            Expr::Cast { expr: inner, .. } | Expr::AtTimeZone { timestamp: inner, .. } | Expr::Nested(inner) => {
                let inner = std::mem::replace(inner.as_mut(), Expr::value(Value::Null));
                *expr = inner;
            }
            Expr::Identifier(ident) => looked_up(ident),
            Expr::CompoundIdentifier(parts) => parts.iter_mut().for_each(looked_up),
            Expr::Function(function) => {
                let parts = function.name.0.iter_mut();
                parts
                    .filter_map(|part| match part {
                        ObjectNamePart::Identifier(ident) => Some(ident),
                        ObjectNamePart::Function(_) => None,
                    })
                    .for_each(looked_up);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// How many queries are around what is looked at.
struct Counted(usize);

impl VisitorMut for Counted {
    type Break = ();

    fn pre_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
        self.0 += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
        self.0 -= 1;
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.0 == 0
            && let Expr::Exists { subquery, negated } = expr
        {
            let counted = counted(subquery);
            let text = format!("({counted}) {} 0", if *negated { "=" } else { ">" });
            let parsed = Parser::new(&GenericDialect {}).try_with_sql(&text).and_then(|mut parser| parser.parse_expr());
            if let Ok(parsed) = parsed {
                *expr = Expr::Nested(Box::new(parsed));
            }
        }
        ControlFlow::Continue(())
    }
}

/// The query that counts the rows of one. A plain one counts them itself, so that it may look at the query around it; every
/// clause stays, so that what is refused is seen.
fn counted(query: &Query) -> String {
    let mut counting = query.clone();
    if query.with.is_none()
        && query.limit_clause.is_none()
        && query.fetch.is_none()
        && let SetExpr::Select(select) = counting.body.as_mut()
        && gives_a_row_for_each(select)
        && let Ok(count) =
            Parser::new(&GenericDialect {}).try_with_sql("count(*)").and_then(|mut text| text.parse_expr())
    {
        select.projection = vec![SelectItem::UnnamedExpr(count)];
        counting.order_by = None;
        return counting.to_string();
    }
    format!("select count(*) from ({query}) as helan_rows")
}

/// Whether each row that is read gives one.
fn gives_a_row_for_each(select: &Select) -> bool {
    let groups = match &select.group_by {
        GroupByExpr::Expressions(by, modifiers) => !by.is_empty() || !modifiers.is_empty(),
        GroupByExpr::All(_) => true,
    };
    let calls = select.projection.iter().any(|item| item.to_string().contains('('));
    let narrows =
        select.distinct.is_some() || select.having.is_some() || select.qualify.is_some() || select.top.is_some();
    !(select.from.is_empty() || groups || calls || narrows)
}

#[cfg(test)]
mod tests {
    use datafusion::sql::parser::{DFParser, Statement};

    fn written(sql: &str) -> String {
        let mut statements = DFParser::parse_sql(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let mut statement = statements.pop_front().expect("a statement");
        crate::guard::plain_terms::write_out(&mut statement);
        match statement {
            Statement::Statement(statement) => statement.to_string(),
            other => other.to_string(),
        }
    }

    #[test]
    fn results_of_one_name_are_told_apart() {
        for (sql, expected) in [
            ("SELECT db.oid, db.* FROM db", "SELECT db.oid AS \"oid_1\", db.* FROM db"),
            ("SELECT *, Area FROM t", "SELECT *, Area AS \"area_2\" FROM t"),
            ("SELECT 1, 1, NULL, NULL", "SELECT 1, 1 AS \"1_2\", NULL, NULL AS \"NULL_4\""),
            ("SELECT a, a::INT FROM t", "SELECT a, a::INT AS \"a_2\" FROM t"),
            ("SELECT a.x, b.x, b.* FROM a CROSS JOIN b", "SELECT a.x, b.x AS \"x_2\", b.* FROM a CROSS JOIN b"),
            ("SELECT a.x, b.x AS x FROM a CROSS JOIN b", "SELECT a.x, b.x AS x FROM a CROSS JOIN b"),
            ("SELECT * EXCLUDE (a), a FROM t", "SELECT * EXCLUDE (a), a FROM t"),
            ("SELECT count(*), sum(x), x FROM t", "SELECT count(*), sum(x), x FROM t"),
        ] {
            assert_eq!(written(sql), expected);
        }
    }

    #[test]
    fn exists_among_the_results_is_a_count() {
        for (sql, expected) in [
            ("SELECT EXISTS (SELECT 1 FROM t)", "SELECT ((SELECT count(*) FROM t) > 0)"),
            (
                "SELECT a, NOT EXISTS (SELECT x FROM u WHERE u.a = t.a) AS lone FROM t",
                "SELECT a, ((SELECT count(*) FROM u WHERE u.a = t.a) = 0) AS lone FROM t",
            ),
            (
                "SELECT EXISTS (SELECT max(x) FROM t)",
                "SELECT ((SELECT count(*) FROM (SELECT max(x) FROM t) AS helan_rows) > 0)",
            ),
            (
                "SELECT EXISTS (SELECT 1 FROM t PREWHERE a ORDER BY a)",
                "SELECT ((SELECT count(*) FROM t PREWHERE a) > 0)",
            ),
            ("SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM u)", "SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM u)"),
        ] {
            assert_eq!(written(sql), expected);
        }
    }
}
