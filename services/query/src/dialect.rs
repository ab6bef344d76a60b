//! Rewrites PostgreSQL syntax that the engine lacks or interprets differently, with the same meaning.
//!
//! Tools generate such SQL by themselves, and nobody can correct it there. What has no exact counterpart is left as it is,
//! and refused with how to ask instead.

mod bytes;
mod clauses;
mod lists;
mod named;
mod numeric;
mod orders;
mod parameters;
mod patterns;
mod percentile;
mod seconds;
mod spans;
mod times;
mod trims;

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, Query, Select, SelectItem, VisitMut, VisitorMut};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

pub(crate) use self::parameters::written;
pub(crate) use self::spans::{is_part, parts, takes_hours, with_seconds_beside};
pub use self::times::says_zone;
pub(crate) use self::trims::with_what;

/// The functions that texts are put in terms of.
pub(crate) const NAMES: &[&str] =
    &[numeric::NAME, percentile::NAME, spans::TIMES, spans::PART, seconds::NAMES[0], seconds::NAMES[1]];

/// Offers them to a session.
pub(crate) fn register(context: &SessionContext) {
    let ours = [numeric::function(), percentile::function(), spans::times(), spans::part()];
    for function in ours.into_iter().chain(seconds::functions()) {
        context.register_udf(function);
    }
}

/// What is settled by the types of two operands.
pub(crate) fn planner() -> Arc<dyn ExprPlanner> {
    Arc::new(spans::Spans)
}

/// Whether a text is read as bytes that are not written as they are read.
pub(crate) fn is_no_bytes(expr: &Expr) -> bool {
    bytes::is_other(expr)
}

/// Puts a statement into the engine's terms.
pub(crate) fn write_out(statement: &mut Statement) {
    match statement {
        Statement::Explain(explain) => write_out(&mut explain.statement),
        Statement::Statement(statement) => {
            let _ = statement.visit(&mut Terms);
        }
        _ => {}
    }
}

struct Terms;

impl VisitorMut for Terms {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        clauses::fetch(query);
        clauses::top(query);
        clauses::order(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        clauses::group(select);
        orders::apart(select);
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(Expr::Function(call)) = item
                && percentile::is_one(call)
            {
                // The result keeps its name.
                let expr = Expr::Function(call.clone());
                let alias = datafusion::sql::sqlparser::ast::Ident::with_quote('"', call.to_string());
                *item = SelectItem::ExprWithAlias { expr, alias };
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let text = match expr {
            Expr::Function(call) => {
                named::rename(call);
                times::counted(call)
                    .or_else(|| patterns::said(call))
                    .or_else(|| percentile::said(call))
                    .or_else(|| named::said(call))
                    .or_else(|| named::counts(call).then(|| format!("CAST({call} AS BIGINT)")))
            }
            Expr::Extract { .. } => seconds::extracted(expr),
            Expr::Cast { .. } | Expr::TypedString(_) => {
                times::complete(expr);
                numeric::said(expr).or_else(|| bytes::said(expr))
            }
            Expr::Substring { .. } => patterns::matched(expr),
            Expr::BinaryOp { .. } | Expr::InList { .. } | Expr::AnyOp { .. } | Expr::AllOp { .. } => lists::said(expr),
            _ => None,
        };
        if let Some(said) = text.as_deref().and_then(parsed) {
            *expr = said;
        }
        ControlFlow::Continue(())
    }
}

fn parsed(text: &str) -> Option<Expr> {
    Parser::new(&GenericDialect {}).try_with_sql(text).and_then(|mut parser| parser.parse_expr()).ok()
}

#[cfg(test)]
mod tests {
    use datafusion::sql::parser::{DFParser, Statement};

    fn written(sql: &str) -> String {
        let mut statements = DFParser::parse_sql(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let mut statement = statements.pop_front().expect("a statement");
        super::write_out(&mut statement);
        match statement {
            Statement::Statement(statement) => statement.to_string(),
            other => other.to_string(),
        }
    }

    #[test]
    fn what_tools_generate_is_said_in_the_engines_terms() {
        for (sql, expected) in [
            ("SELECT a FROM t FETCH FIRST 3 ROWS ONLY", "SELECT a FROM t LIMIT 3"),
            ("SELECT a FROM t OFFSET 2 ROWS FETCH NEXT ROW ONLY", "SELECT a FROM t LIMIT 1 OFFSET 2 ROWS"),
            ("SELECT a FROM t FETCH FIRST 3 ROWS WITH TIES", "SELECT a FROM t FETCH FIRST 3 ROWS WITH TIES"),
            ("SELECT TOP 3 a FROM t", "SELECT a FROM t LIMIT 3"),
            ("SELECT YEAR(d), mod(a, b + 1)", "SELECT EXTRACT(YEAR FROM d), ((a) % (b + 1))"),
            ("SELECT a, f(d) AS d FROM t ORDER BY f(d) DESC", "SELECT a, f(d) AS d FROM t ORDER BY 2 DESC"),
            ("SELECT *, f(d) AS d FROM t ORDER BY f(d)", "SELECT *, f(d) AS d FROM t ORDER BY f(d)"),
            ("SELECT a AS b FROM t ORDER BY a", "SELECT a AS b FROM t ORDER BY a"),
            ("SELECT to_char(d, 'YYYY-MM')", "SELECT to_char(d, '%Y-%m')"),
            ("SELECT to_char(d, 'Month')", "SELECT to_char(d, 'Month')"),
            (
                "SELECT to_timestamp('2019-08-30 10:20:30.5', 'YYYY-MM-DD HH24:MI:SS.US')",
                "SELECT to_timestamp('2019-08-30 10:20:30.5', '%Y-%m-%d %H:%M:%S%.f')",
            ),
            ("SELECT to_date(p, 'YYYY-MM')", "SELECT to_date(concat(p, '-01'), '%Y-%m-%d')"),
            ("SELECT TIMESTAMP '2019-08-30 10:20'", "SELECT TIMESTAMP '2019-08-30 10:20:00'"),
            (
                "SELECT CAST('2019-08-30T10:20Z' AS TIMESTAMP)",
                "SELECT CAST('2019-08-30T10:20:00Z' AS TIMESTAMP WITH TIME ZONE)",
            ),
            ("SELECT '2019-08-30 10:20:30'::TIMESTAMP", "SELECT '2019-08-30 10:20:30'::TIMESTAMP"),
            (
                "SELECT TIMESTAMP '2019-08-30 10:20:30 Asia/Shanghai'",
                "SELECT TIMESTAMP WITH TIME ZONE '2019-08-30 10:20:30 Asia/Shanghai'",
            ),
            ("SELECT nvl(x, 0)", "SELECT coalesce(x, 0)"),
            ("SELECT sign(x), every(y) FILTER (WHERE z)", "SELECT signum(x), bool_and(y) FILTER (WHERE z)"),
            ("SELECT array_remove(a, 1), encode(b, 'base64')", "SELECT array_remove_all(a, 1), encode(b, 'base64pad')"),
            ("SELECT rank() OVER (ORDER BY x) / 2", "SELECT CAST(rank() OVER (ORDER BY x) AS BIGINT) / 2"),
            ("SELECT EXTRACT(SECOND FROM x)", "SELECT exact_seconds(x)"),
            (
                "SELECT date_part('milliseconds', x), EXTRACT(HOUR FROM x)",
                "SELECT exact_milliseconds(x), EXTRACT(HOUR FROM x)",
            ),
            (
                "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY x DESC) AS p FROM t",
                "SELECT array_element(array_agg(x ORDER BY x DESC) FILTER (WHERE (x) IS NOT NULL), greatest(CAST(CEIL(0.5 * CAST(cardinality(array_agg(x ORDER BY x DESC) FILTER (WHERE (x) IS NOT NULL)) AS BIGINT)) AS BIGINT), 1)) AS p FROM t",
            ),
            (
                "SELECT string_agg(a, ',' ORDER BY a), string_agg(DISTINCT b, ';' ORDER BY b DESC) FILTER (WHERE c) FROM t",
                "SELECT string_agg(a, ',' ORDER BY a), array_to_string(array_agg(DISTINCT b ORDER BY b DESC) FILTER (WHERE (b) IS NOT NULL AND (c)), ';') FROM t",
            ),
            (
                "SELECT string_agg(a, ',' ORDER BY a), string_agg(b, ';' ORDER BY a) FROM t",
                "SELECT string_agg(a, ',' ORDER BY a), string_agg(b, ';' ORDER BY a) FROM t",
            ),
            ("SELECT TIMESTAMPTZ 'epoch'", "SELECT TIMESTAMPTZ '1970-01-01 00:00:00Z'"),
            ("SELECT from_unixtime(x)", "SELECT to_timestamp_seconds(x)"),
            ("SELECT TIMESTAMP 'epoch'", "SELECT TIMESTAMP '1970-01-01 00:00:00'"),
            ("SELECT DATE '2019-08-30'", "SELECT DATE '2019-08-30'"),
            ("SELECT x::NUMERIC", "SELECT exact_numeric(x)"),
            ("SELECT x::NUMERIC(10,2)", "SELECT x::NUMERIC(10,2)"),
            (
                "SELECT percentile_cont(0.25) WITHIN GROUP (ORDER BY x DESC) FILTER (WHERE y) AS p FROM t",
                "SELECT exact_percentile(array_agg(x) FILTER (WHERE y), 0.25, true) AS p FROM t",
            ),
            ("SELECT (a, b) = (1, c)", "SELECT ((a) = (1) AND (b) = (c))"),
            ("SELECT (a, b) <> (1, 2)", "SELECT (NOT ((a) = (1) AND (b) = (2)))"),
            ("SELECT (a, b) IN ((1, 2), (3, 4))", "SELECT (((a) = (1) AND (b) = (2)) OR ((a) = (3) AND (b) = (4)))"),
            ("SELECT (a, b) NOT IN ((1, 2))", "SELECT (NOT (((a) = (1) AND (b) = (2))))"),
            ("SELECT (a, b) < (1, 2)", "SELECT (a, b) < (1, 2)"),
            ("SELECT a = ANY(ARRAY[1, 2])", "SELECT (a) IN (1, 2)"),
            ("SELECT a <> ALL(ARRAY[1, 2])", "SELECT (a) NOT IN (1, 2)"),
            ("SELECT a = ANY(b)", "SELECT a = ANY(b)"),
            ("SELECT substring(a FROM '[0-9]+')", "SELECT regexp_match(a, '[0-9]+')[1]"),
            ("SELECT substring(a FROM 2 FOR 3)", "SELECT SUBSTRING(a FROM 2 FOR 3)"),
        ] {
            assert_eq!(written(sql), expected);
        }
    }
}
