//! Clauses that the parser knows, from one dialect or another, and the planner passes over without a word: `tablesample`,
//! `prewhere`, `for update` …; and those to which the engine gives another meaning than SQL does: `^`, `intersect all`,
//! `full join … using`. An answer to them answers another question, so they are refused.
//!
//! Every field of what is parsed is named here: one that a later parser adds is looked at before this compiles.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Join, JoinConstraint,
    JoinOperator, NullTreatment, OrderBy, OrderByKind, Query, Select, SelectItem, SetExpr, SetOperator, SetQuantifier,
    TableFactor, TableFunctionArgs, Value, ValueWithSpan, Visit, Visitor, WildcardAdditionalOptions, visit_expressions,
};

use crate::dialect;
use crate::guard::subqueries;
use crate::session::QueryError;

/// Refuses a statement with a clause that would be passed over.
pub(crate) fn hold(statement: &Statement) -> Result<(), QueryError> {
    let found = match statement {
        Statement::Explain(explain) => return hold(&explain.statement),
        Statement::Statement(statement) => statement.visit(&mut Clauses),
        _ => return Ok(()),
    };
    match found {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(clause) if clause.contains(": ") => Err(QueryError::Asked(clause.to_owned())),
        ControlFlow::Break(clause) => Err(QueryError::Asked(format!("{clause} is not supported here: leave it out"))),
    }
}

struct Clauses;

/// The first clause of a list that is there.
fn first(clauses: &[(bool, &'static str)]) -> ControlFlow<&'static str> {
    match clauses.iter().find(|(there, _)| *there) {
        Some((_, name)) => ControlFlow::Break(name),
        None => ControlFlow::Continue(()),
    }
}

impl Visitor for Clauses {
    type Break = &'static str;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        // Those that are planned, or refused by the planner itself, are not looked at.
        set_operations(&query.body)?;
        shadowed(query)?;
        let Query {
            with: _,
            body: _,
            order_by: _,
            limit_clause: _,
            fetch: _,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators: _,
        } = query;
        first(&[
            (!locks.is_empty(), "FOR UPDATE or FOR SHARE"),
            (for_clause.is_some(), "FOR XML or FOR JSON"),
            (settings.is_some(), "SETTINGS"),
            (format_clause.is_some(), "FORMAT"),
        ])
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        let Select {
            select_token: _,
            optimizer_hints: _,
            distinct: _,
            select_modifiers,
            top: _,
            top_before_distinct: _,
            projection,
            exclude,
            into: _,
            from,
            lateral_views: _,
            prewhere,
            selection: _,
            connect_by,
            group_by,
            cluster_by: _,
            distribute_by,
            sort_by: _,
            having: _,
            named_window: _,
            qualify: _,
            window_before_qualify: _,
            value_table_mode,
            flavor: _,
        } = select;
        let (GroupByExpr::All(modifiers) | GroupByExpr::Expressions(_, modifiers)) = group_by;
        first(&[
            (select_modifiers.is_some(), "STRAIGHT_JOIN, HIGH_PRIORITY or the like"),
            (exclude.is_some(), "EXCLUDE behind the columns"),
            (prewhere.is_some(), "PREWHERE"),
            (!connect_by.is_empty(), "START WITH or CONNECT BY"),
            (!modifiers.is_empty(), "GROUP BY … WITH ROLLUP, CUBE or TOTALS"),
            (!distribute_by.is_empty(), "DISTRIBUTE BY"),
            (value_table_mode.is_some(), "SELECT AS"),
        ])?;
        from.iter().flat_map(|table| &table.joins).try_for_each(join)?;
        subqueries::hold(select)?;
        projection.iter().try_for_each(|item| match item {
            SelectItem::QualifiedWildcard(_, options) | SelectItem::Wildcard(options) => wildcard(options),
            SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. } | SelectItem::ExprWithAliases { .. } => {
                ControlFlow::Continue(())
            }
        })
    }

    fn pre_visit_table_factor(&mut self, table: &TableFactor) -> ControlFlow<Self::Break> {
        match table {
            TableFactor::Table {
                name: _,
                alias: _,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_hints,
            } => first(&[
                (args.as_ref().is_some_and(|TableFunctionArgs { args: _, settings }| settings.is_some()), "SETTINGS"),
                (!with_hints.is_empty(), "WITH (hints)"),
                (version.is_some(), "a version of a table"),
                (*with_ordinality, "WITH ORDINALITY"),
                (!partitions.is_empty(), "PARTITION"),
                (json_path.is_some(), "a path in a table"),
                (sample.is_some(), SAMPLE),
                (!index_hints.is_empty(), "USE INDEX"),
            ]),
            TableFactor::Derived { lateral: _, subquery: _, alias: _, sample } => first(&[(sample.is_some(), SAMPLE)]),
            TableFactor::Function { lateral: _, name: _, args: _, with_ordinality, alias: _ } => {
                first(&[(*with_ordinality, "WITH ORDINALITY")])
            }
            TableFactor::NestedJoin { table_with_joins, alias: _ } => table_with_joins.joins.iter().try_for_each(join),
            // The planner refuses what of these it does not plan.
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<Self::Break> {
        match expression {
            // The engine takes its pattern for a regular expression, which is another one.
            Expr::SimilarTo { .. } => ControlFlow::Break("similar to: use like, or ~ with a regular expression"),
            Expr::BinaryOp { op: BinaryOperator::BitwiseXor, .. } => {
                ControlFlow::Break("^ is the exclusive or of bits here: for a power write power(10, 6)")
            }
            Expr::Value(ValueWithSpan { value: Value::Number(text, _), .. }) if is_code(text) => {
                ControlFlow::Break("a number that begins with 0 is a code: write it in quotes, '007'")
            }
            Expr::Cast { .. } | Expr::TypedString(_) if dialect::is_no_bytes(expression) => {
                ControlFlow::Break("bytes with a backslash: write hexadecimal digits, '\\x68656c616e'::bytea")
            }
            Expr::AnyOp { right, .. } | Expr::AllOp { right, .. } if matches!(right.as_ref(), Expr::Subquery(_)) => {
                ControlFlow::Break(
                    "any, some or all (select …): write in (select …), or compare with (select max(x) …)",
                )
            }
            Expr::Function(Function { name, null_treatment: Some(NullTreatment::IgnoreNulls), .. })
                if name.to_string().eq_ignore_ascii_case("lead") =>
            {
                ControlFlow::Break("lead … ignore nulls: order the other way and use lag … ignore nulls")
            }
            Expr::Function(Function { name, parameters, args, .. }) => first(&[
                (!matches!(parameters, FunctionArguments::None), "a function with two lists of arguments"),
                (
                    name.to_string().eq_ignore_ascii_case("percentile_cont"),
                    "percentile_cont: write its share as a number, percentile_cont(0.5) within group (order by x)",
                ),
                (name.to_string().eq_ignore_ascii_case("to_char") && is_without_parts(args), TO_CHAR),
                (
                    name.to_string().eq_ignore_ascii_case("mode"),
                    "mode: write select x, count(*) … group by x order by count(*) desc limit 1",
                ),
                (
                    ["array_sum", "list_sum"].iter().any(|sum| name.to_string().eq_ignore_ascii_case(sum)),
                    "array_sum: it loses digits; write (select sum(x) from unnest(list) as t(x))",
                ),
                (
                    name.to_string().eq_ignore_ascii_case("age"),
                    "age: write a - b, or extract(year from a) - extract(year from b)",
                ),
                (
                    name.to_string().eq_ignore_ascii_case("percentile_disc"),
                    "percentile_disc: write its share as a number, percentile_disc(0.5) within group (order by x)",
                ),
                (
                    name.to_string().eq_ignore_ascii_case("width_bucket"),
                    "width_bucket: write floor((x - low) / width) + 1",
                ),
            ]),
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Whether a number is written as codes are: with a zero in front of other digits.
fn is_code(text: &str) -> bool {
    text.len() > 1 && text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a format names no part of a date, or is none that is written there: one of a parameter is looked at when it is known.
fn is_without_parts(arguments: &FunctionArguments) -> bool {
    let FunctionArguments::List(list) = arguments else { return false };
    match list.args.get(1) {
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(ValueWithSpan { value, .. })))) => match value {
            Value::SingleQuotedString(format) => !format.contains('%'),
            Value::Placeholder(_) => false,
            _ => true,
        },
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Cast { expr, .. }))) => {
            !matches!(expr.as_ref(), Expr::Value(ValueWithSpan { value: Value::Placeholder(_), .. }))
        }
        other => other.is_some(),
    }
}

/// The engine counts no repetitions in these.
fn set_operations(body: &SetExpr) -> ControlFlow<&'static str> {
    let SetExpr::SetOperation { op, set_quantifier, left, right } = body else { return ControlFlow::Continue(()) };
    let all = matches!(set_quantifier, SetQuantifier::All | SetQuantifier::AllByName);
    first(&[
        (all && *op == SetOperator::Intersect, "intersect all: count the rows on both sides and compare the counts"),
        (all && *op == SetOperator::Except, "except all: count the rows on both sides and compare the counts"),
    ])?;
    set_operations(left)?;
    set_operations(right)
}

/// Within an expression to order by, a name is that of a column before it is that of a result; to the engine it is the
/// other way round.
fn shadowed(query: &Query) -> ControlFlow<&'static str> {
    let (SetExpr::Select(select), Some(OrderBy { kind: OrderByKind::Expressions(order), .. })) =
        (query.body.as_ref(), &query.order_by)
    else {
        return ControlFlow::Continue(());
    };
    let is_name =
        |expr: &Expr, name: &str| matches!(expr, Expr::Identifier(found) if found.value.eq_ignore_ascii_case(name));
    let names = |expr: &Expr, name: &str| {
        visit_expressions(
            expr,
            |part: &Expr| if is_name(part, name) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) },
        )
        .is_break()
    };
    let results = select.projection.iter().filter_map(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } => Some((expr, alias.value.as_str())),
        _ => None,
    });
    let mut changed = results.filter(|(expr, name)| !is_name(expr, name) && names(expr, name));
    let found = changed.any(|(_, name)| order.iter().any(|by| !is_name(&by.expr, name) && names(&by.expr, name)));
    first(&[(found, "order by: a name in the expression is a column's and a result's; give the result another name")])
}

/// The engine shows the column of the left table where only the right one has a row.
fn join(join: &Join) -> ControlFlow<&'static str> {
    let unconditional = matches!(
        &join.join_operator,
        JoinOperator::Join(JoinConstraint::None)
            | JoinOperator::Inner(JoinConstraint::None)
            | JoinOperator::Left(JoinConstraint::None)
            | JoinOperator::LeftOuter(JoinConstraint::None)
            | JoinOperator::Right(JoinConstraint::None)
            | JoinOperator::RightOuter(JoinConstraint::None)
            | JoinOperator::FullOuter(JoinConstraint::None)
    );
    first(&[(unconditional, "join without a condition: write on a.x = b.x, or cross join")])?;
    let (JoinOperator::FullOuter(by) | JoinOperator::Right(by) | JoinOperator::RightOuter(by)) = &join.join_operator
    else {
        return ControlFlow::Continue(());
    };
    first(&[(
        matches!(by, JoinConstraint::Using(_) | JoinConstraint::Natural),
        "full or right join with using, or natural: write on a.x = b.x, and coalesce(a.x, b.x) for the column",
    )])
}

const SAMPLE: &str = "TABLESAMPLE";

/// What is said of a format that the engine would give back as it is.
pub(crate) const TO_CHAR: &str = "to_char takes formats with %: write to_char(x, '%Y-%m')";

fn wildcard(options: &WildcardAdditionalOptions) -> ControlFlow<&'static str> {
    let WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike,
        opt_exclude: _,
        opt_except: _,
        opt_replace: _,
        opt_rename: _,
        opt_alias,
    } = options;
    first(&[(opt_ilike.is_some(), "* ILIKE"), (opt_alias.is_some(), "* AS")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::sql::parser::DFParser;

    fn refused(sql: &str) -> bool {
        let statement = DFParser::parse_sql(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        hold(statement.front().expect("a statement")).is_err()
    }

    #[test]
    fn what_would_be_passed_over_is_refused() {
        for sql in [
            "select * from t tablesample (10)",
            "select * from t tablesample bernoulli (10) repeatable (3)",
            "select * from (select 1) t tablesample (1)",
            "select * from t prewhere a = 1",
            "select * from t start with a = 1 connect by prior a = b",
            "select * from t for update",
            "select * from t for json auto",
            "select * from t settings a = 1",
            "select * from t format json",
            "select * from t with (nolock)",
            "select * from t partition (p)",
            "select * from t with ordinality",
            "select count(*) from t group by a with rollup",
            "select count(*) from t group by a with totals",
            "select * ilike '%a%' from t",
            "select 'abc' similar to 'a%'",
            "select q(0.5)(a) from t",
            "select 1 where exists (select 1 from t tablesample (1))",
            "with a as (select 1 from t prewhere b) select * from a",
            "explain select * from t tablesample (10)",
            "select 10 ^ 6",
            "select -v as v from t order by v + 0",
            "select a from t intersect all select a from u",
            "(select a from t except all select a from u) union select 1",
            "select * from t full join u using (a)",
            "select * from t natural right join u",
            "select * from t where a = 007",
            "select to_char(d, 'YYYY-MM')",
            "select to_char(d, f) from t",
            "select * from t where a >= all (select a from t)",
            "select * from t where a = any (select a from t)",
            "select lead(a, 2) ignore nulls over (order by b) from t",
            "select * from t where a not in (select b from u) or a = 7",
            "select * from t where not (a = 1 or b in (select b from u))",
            "select * from t where (a in (select b from u)) is null",
            "select * from t where coalesce(a in (select b from u), true)",
            "select case when a in (select b from u) then 1 end from t",
            "select * from t join u on t.a = u.a and (t.b not in (select b from v) or t.c)",
            "select * from t join u",
        ] {
            assert!(refused(sql), "{sql}");
        }
        for sql in [
            "select * from t limit 3 offset 2",
            "select * exclude (a) from t",
            "select a, count(*) from t group by rollup (a)",
            "select a, count(*) from t group by all order by 1",
            "select distinct on (a) * from t order by a, b desc",
            "select sum(a) filter (where b > 1) over (partition by c) from t",
            "select * from f('2019-08-30') x",
            "select a like 'x%', a ~ 'x', a ilike 'x' from t",
            "select a from t intersect select a from u",
            "select -v as v, w as w, x as y from t order by v, w + 1, y + 1",
            "select * from t left join u using (a) natural join v",
            "select * from t full join u on t.a = u.a where b = 0 or b = 0.5",
            "select to_char(d, '%Y-%m'), to_char(d, $1), to_char(d, $2::text) from t",
            "select * from t where a in (select b from u) or a = 7 and c in (select c from u where d not in (select 1))",
            "select * from t where (a not in (select b from u)) and not (c in (select c from u))",
            "select (select max(a) from t where b in (select b from u)), lag(a) ignore nulls over (order by b) from t",
            "select * from t where a = any (array[1, 2]) and exists (select 1 from u cross join v)",
        ] {
            assert!(!refused(sql), "{sql}");
        }
    }
}
