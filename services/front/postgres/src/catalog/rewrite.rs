//! What tools ask of the catalogs, said so that our planner understands it: the same question in other words.

mod lists;
mod names;
mod nothing;
mod path;
mod scalar;
mod types;

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArgumentList, FunctionArguments, Ident, ObjectName, ObjectNamePart, Query, Select, SelectItem, Statement,
    TableFactor, Value, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use helan_query::desk::SqlLimits;
use tokio::sync::oneshot;

use self::names::named;
use self::path::asks_for_path;
use self::scalar::one_row;
use self::types::{casted, compared, listed};
use super::system::is_system;

/// Words that only texts about the catalogs have, or that mean a function without brackets.
const WORDS: &[&str] = &[
    "pg_",
    "ordinality",
    "information_schema",
    "::reg",
    "::\"char\"",
    "::name",
    "::oid",
    "current_database",
    "current_schema",
    "current_user",
    "current_role",
    "current_catalog",
    "current_setting",
    "set_config",
    "session_user",
    "version",
    "quote_ident",
    "obj_description",
    "col_description",
    "format_type",
    "privilege",
    "any(",
    "any (",
    "all(",
    "all (",
    "to_reg",
    "escape",
];

/// Words and signs of a text that is rewritten; the longest that tools send have some hundred.
const TOKENS: usize = 3_000;
/// Bytes of stack for a text's tree, as deep as the desk lets one be.
const STACK: usize = 16 * 1024 * 1024;

/// The text as our planner is asked. One that names no catalog stays as it is, and so does one that cannot be read.
pub(crate) async fn rewrite(text: String) -> String {
    if !names_catalogs(&text) || SqlLimits::TEXT < text.len() {
        return text;
    }
    // A chain of thousands of operators is a tree as deep, which the threads of connections have no stack for.
    let (sender, receiver) = oneshot::channel();
    let asked = text.clone();
    let thread = std::thread::Builder::new().name("helan-rewrite".to_owned()).stack_size(STACK);
    // Nobody may wait any more.
    let begun = thread.spawn(move || drop(sender.send(rewritten(&asked))));
    match begun {
        Ok(_) => receiver.await.ok().flatten().unwrap_or(text),
        Err(_) => text,
    }
}

fn names_catalogs(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    WORDS.iter().any(|word| lower.contains(word))
}

/// None where it cannot be read, or is longer than the desk would plan.
fn rewritten(text: &str) -> Option<String> {
    let dialect = PostgreSqlDialect {};
    let tokens = Tokenizer::new(&dialect, text).tokenize().ok()?;
    let plain = |token: &&Token| !matches!(token, Token::Whitespace(_) | Token::Comma | Token::Period);
    if tokens.iter().filter(plain).count() > TOKENS {
        return None;
    }
    let mut parser = Parser::new(&dialect).with_recursion_limit(100).with_tokens(tokens);
    let mut statements = parser.parse_statements().ok()?;
    let [Statement::Query(query)] = statements.as_mut_slice() else { return None };
    let _ = query.visit(&mut Words);
    Some(query.to_string())
}

struct Words;

impl VisitorMut for Words {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        nothing::unordered(query);
        names::ordered(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        nothing::emptied(select);
        for item in &mut select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => one_row(expr),
                _ => {}
            }
        }
        if let Some(condition) = &mut select.selection {
            one_row(condition);
        }
        named(&mut select.projection);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        lists::counted(factor);
        if let TableFactor::Table { name, args, .. } = factor {
            let last = last(name);
            // Functions whose rows are those of a table.
            let rows = match last.as_str() {
                "pg_get_keywords" => Some("pg_get_keywords"),
                "pg_show_all_settings" => Some("pg_settings"),
                _ => None,
            };
            if let (Some(rows), true) = (rows, args.is_some()) {
                *args = None;
                *name = of(&["pg_catalog", rows]);
            } else if args.is_some() && name.0.len() == 2 {
                *name = of(&[&last]);
            } else if args.is_none() && name.0.len() == 1 && is_system(&last) {
                *name = of(&["pg_catalog", &last]);
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let old = std::mem::replace(expr, null());
        *expr = said(old);
        ControlFlow::Continue(())
    }
}

fn of(parts: &[&str]) -> ObjectName {
    ObjectName(parts.iter().map(|part| ObjectNamePart::Identifier(Ident::new(*part))).collect())
}

fn last(name: &ObjectName) -> String {
    match name.0.last() {
        Some(ObjectNamePart::Identifier(ident)) if ident.quote_style.is_some() => ident.value.clone(),
        Some(ObjectNamePart::Identifier(ident)) => ident.value.to_ascii_lowercase(),
        _ => String::new(),
    }
}

fn null() -> Expr {
    Expr::Value(Value::Null.into())
}

fn text(value: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(value.to_owned()).into())
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    let kind = datafusion::sql::sqlparser::ast::CastKind::Cast;
    Expr::Cast { kind, expr: Box::new(expr), data_type, array: false, format: None }
}

fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let args = arguments.into_iter().map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)));
    Expr::Function(Function {
        name: of(&[name]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: args.collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// A table of a query, read from a text.
fn parsed_table(text: &str) -> Option<TableFactor> {
    let mut parser = Parser::new(&PostgreSqlDialect {}).try_with_sql(text).ok()?;
    parser.parse_table_factor().ok()
}

/// Functions that are called without brackets.
const BARE: &[&str] = &["current_user", "session_user", "current_role", "current_catalog", "current_schema", "user"];

fn said(expr: Expr) -> Expr {
    match expr {
        Expr::Collate { expr, .. } => *expr,
        Expr::BinaryOp { left, op: BinaryOperator::PGCustomBinaryOperator(parts), right } => {
            let op = match parts.last().map(String::as_str) {
                Some("~") => BinaryOperator::PGRegexMatch,
                Some("~*") => BinaryOperator::PGRegexIMatch,
                Some("!~") => BinaryOperator::PGRegexNotMatch,
                Some("!~*") => BinaryOperator::PGRegexNotIMatch,
                Some("~~") => BinaryOperator::PGLikeMatch,
                Some("!~~") => BinaryOperator::PGNotLikeMatch,
                Some("=") => BinaryOperator::Eq,
                Some("<>") => BinaryOperator::NotEq,
                Some("<") => BinaryOperator::Lt,
                Some("<=") => BinaryOperator::LtEq,
                Some(">") => BinaryOperator::Gt,
                Some(">=") => BinaryOperator::GtEq,
                Some("||") => BinaryOperator::StringConcat,
                Some("+") => BinaryOperator::Plus,
                _ => BinaryOperator::PGCustomBinaryOperator(parts),
            };
            Expr::BinaryOp { left, op, right }
        }
        Expr::BinaryOp { left, op: op @ (BinaryOperator::Eq | BinaryOperator::NotEq), right } => {
            let (left, right) = compared(by_name(*left, *right));
            Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
        }
        // Lists that are written out are left to `helan_query`'s dialect.
        Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } if !is_query(&right) && !is_array(&right) => {
            call("array_has", vec![listed(*right), *left])
        }
        Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right } if !is_query(&right) && !is_array(&right) => {
            Expr::UnaryOp {
                op: datafusion::sql::sqlparser::ast::UnaryOperator::Not,
                expr: Box::new(call("array_has", vec![listed(*right), *left])),
            }
        }
        Expr::InSubquery { expr, subquery, negated } if asks_for_path(&subquery) => {
            Expr::InList { expr, list: vec![text("public")], negated }
        }
        Expr::Cast { expr, data_type, .. } => casted(*expr, data_type),
        // Our planner knows the backslash only.
        Expr::Like { negated, any, expr, pattern, escape_char: Some(escape) } => {
            let escape = Expr::Value(escape);
            let pattern = Box::new(call("replace", vec![*pattern, escape, text("\\")]));
            Expr::Like { negated, any, expr, pattern, escape_char: None }
        }
        Expr::Function(function) => called(function),
        Expr::Identifier(ident) if ident.quote_style.is_none() && is_bare(&ident) => {
            bare(&ident.value.to_ascii_lowercase())
        }
        Expr::CompoundFieldAccess { root, access_chain } => {
            let is_field = matches!(access_chain[..], [AccessExpr::Dot(_)]);
            match (lists::number_at(&root, &access_chain), *root) {
                (Some(number), _) => number,
                // A field of what a function of keys gives; no table here has keys.
                (None, Expr::Nested(inner)) if is_field => *inner,
                (None, root) => Expr::CompoundFieldAccess { root: Box::new(root), access_chain },
            }
        }
        other => other,
    }
}

/// Columns that name a function; PostgreSQL keeps its number there.
const OF_FUNCTIONS: &[&str] = &["typinput", "typoutput", "typreceive", "typsend"];

/// A function that is looked up by the number that a column of types has: our columns have its name.
fn by_name(mut left: Expr, mut right: Expr) -> (Expr, Expr) {
    let is = |expr: &Expr, names: &[&str]| match expr {
        Expr::CompoundIdentifier(parts) => parts.last().is_some_and(|part| names.contains(&part.value.as_str())),
        Expr::Identifier(ident) => names.contains(&ident.value.as_str()),
        _ => false,
    };
    let (of_left, of_right) = (is(&left, OF_FUNCTIONS), is(&right, OF_FUNCTIONS));
    let number = match (of_left, of_right) {
        (true, false) if is(&right, &["oid"]) => &mut right,
        (false, true) if is(&left, &["oid"]) => &mut left,
        _ => return (left, right),
    };
    match number {
        Expr::CompoundIdentifier(parts) => {
            if let Some(part) = parts.last_mut() {
                *part = Ident::new("proname");
            }
        }
        other => *other = Expr::Identifier(Ident::new("proname")),
    }
    (left, right)
}

/// Those names are words of SQL, so what is called has others.
fn bare(name: &str) -> Expr {
    let name = match name {
        "current_catalog" => "current_database",
        "current_schema" => "helan_current_schema",
        _ => "helan_user",
    };
    call(name, Vec::new())
}

fn is_bare(ident: &Ident) -> bool {
    BARE.contains(&ident.value.to_ascii_lowercase().as_str())
}

/// Whether items are written out.
fn is_array(expr: &Expr) -> bool {
    matches!(expr, Expr::Array(array) if !array.elem.is_empty())
}

fn is_query(expr: &Expr) -> bool {
    match expr {
        Expr::Subquery(_) => true,
        Expr::Nested(inner) => is_query(inner),
        _ => false,
    }
}

fn called(mut function: Function) -> Expr {
    let name = last(&function.name);
    let is_qualified = function.name.0.len() == 2
        && matches!(&function.name.0[0], ObjectNamePart::Identifier(schema)
            if ["pg_catalog", "information_schema"].contains(&schema.value.to_ascii_lowercase().as_str()));
    if let (FunctionArguments::Subquery(_), "array") = (&function.args, name.as_str()) {
        // Lists that are made of the empty tables: of policies, rights and members.
        return cast(null(), DataType::Text);
    }
    if is_qualified {
        function.name = of(&[&name]);
    }
    if matches!(function.args, FunctionArguments::None) && BARE.contains(&name.as_str()) {
        return bare(&name);
    }
    // Of keys, which no table here has.
    if name == "_pg_expandarray" {
        return cast(null(), DataType::BigInt(None));
    }
    if name == "array_agg"
        && let FunctionArguments::List(list) = &mut function.args
    {
        // Our planner fails at two orders in one aggregate.
        list.clauses.retain(|clause| !matches!(clause, FunctionArgumentClause::OrderBy(_)));
    }
    if matches!(name.as_str(), "generate_subscripts" | "aclexplode") {
        return cast(null(), DataType::Integer(None));
    }
    if name == "array_to_string"
        && first(&function).is_some_and(|first| matches!(first, Expr::Cast { expr, .. } if **expr == null()))
    {
        return cast(null(), DataType::Text);
    }
    Expr::Function(function)
}

fn first(function: &Function) -> Option<&Expr> {
    let FunctionArguments::List(list) = &function.args else { return None };
    match list.args.first() {
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))) => Some(expr),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_name_no_catalog_stay_as_they_are() {
        for text in ["select  value from rd_intensity where x ~ 'a'", "select 1 -- 'current date'", "explain select 1"]
        {
            assert!(!names_catalogs(text), "{text}");
        }
        assert_eq!(rewritten("select pg_sleep("), None, "what cannot be read is left to the planner");
        assert_eq!(rewritten(&format!("select pg_x{}", " + 1".repeat(20_000))), None, "the desk refuses it");
    }

    #[test]
    fn what_tools_ask_is_said_in_other_words() {
        for (text, expected) in [
            (
                "SELECT c.oid FROM pg_class c WHERE c.relname OPERATOR(pg_catalog.~) '^(x)$' COLLATE pg_catalog.default",
                "SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relname ~ '^(x)$'",
            ),
            (
                "select current_user, pg_catalog.version()",
                "SELECT helan_user() AS \"current_user\", version() AS \"version\"",
            ),
            (
                "select 'x'::regclass, c.oid::pg_catalog.regclass from pg_class c",
                "SELECT helan_relation('x') AS \"?column?\", helan_relation_name(c.oid) AS \"?column?_2\" FROM pg_catalog.pg_class c",
            ),
            (
                "select a from t where a = any('{x,y}'::text[])",
                "SELECT a FROM t WHERE array_has(CAST(make_array('x', 'y') AS TEXT[]), a)",
            ),
            ("select a from t where a = any(array[1, 2])", "SELECT a FROM t WHERE a = ANY(ARRAY[1, 2])"),
            (
                "select table_name from information_schema.tables where quote_ident(table_schema) in (select trim(s[i]) from \
                 generate_series(1, 2) as i, string_to_array(current_setting('search_path'),',') s)",
                "SELECT table_name FROM information_schema.tables WHERE quote_ident(table_schema) IN ('public')",
            ),
            (
                "select (select pg_catalog.pg_get_expr(d.adbin, d.adrelid) from pg_catalog.pg_attrdef d where d.adrelid = a.attrelid) from pg_catalog.pg_attribute a",
                "SELECT NULL AS \"?column?\" FROM pg_catalog.pg_attribute a",
            ),
            (
                "select t.oid, p.proname from pg_type t left join pg_proc p on p.oid = t.typreceive join pg_namespace n on true order by oid",
                "SELECT t.oid, p.proname FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_proc p ON p.proname = t.typreceive JOIN \
                 pg_catalog.pg_namespace n ON true ORDER BY 1",
            ),
            (
                "select typinput = 'pg_catalog.array_in'::regproc as a from pg_type",
                "SELECT typinput = CAST('array_in' AS TEXT) AS a FROM pg_catalog.pg_type",
            ),
            (
                "select format('%I.%I', 'public', 'x')::regclass::oid as a from pg_class",
                "SELECT CAST(helan_relation(format('%I.%I', 'public', 'x')) AS BIGINT) AS a FROM pg_catalog.pg_class",
            ),
            (
                "select * from unnest(current_schemas(true)) with ordinality as s(name, nr) where name <> 'pg_catalog'",
                "SELECT * FROM (SELECT unnest(current_schemas(true)) AS name, unnest(generate_series(1, \
                 CAST(cardinality(current_schemas(true)) AS BIGINT))) AS nr) AS s WHERE name <> 'pg_catalog'",
            ),
        ] {
            assert_eq!(rewritten(text).as_deref(), Some(expected));
        }
    }
}
