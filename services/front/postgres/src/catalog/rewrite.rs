//! What tools ask of the catalogs, said so that our planner understands it: the same question in other words.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, ArrayElemTypeDef, BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentClause, FunctionArgumentList, FunctionArguments, Ident, ObjectName, ObjectNamePart, Query, Select,
    SelectItem, SetExpr, Statement, TableFactor, Value, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use helan_query::desk::SqlLimits;
use tokio::sync::oneshot;

use super::system::{is_empty, is_system};

/// Words that only texts about the catalogs have, or that mean a function without brackets.
const WORDS: &[&str] = &[
    "pg_",
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

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
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
        if let TableFactor::Table { name, args, .. } = factor {
            let last = last(name);
            if args.is_some() && last == "pg_get_keywords" {
                *args = None;
                *name = of(&["pg_catalog", &last]);
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
                Some("||") => BinaryOperator::StringConcat,
                Some("+") => BinaryOperator::Plus,
                _ => BinaryOperator::PGCustomBinaryOperator(parts),
            };
            Expr::BinaryOp { left, op, right }
        }
        Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } if !is_query(&right) => {
            call("array_has", vec![listed(*right), *left])
        }
        Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right } if !is_query(&right) => Expr::UnaryOp {
            op: datafusion::sql::sqlparser::ast::UnaryOperator::Not,
            expr: Box::new(call("array_has", vec![listed(*right), *left])),
        },
        // Whether a schema is on the path, as Grafana asks it: there is one.
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
        // A field of what a function of keys gives; no table here has keys.
        Expr::CompoundFieldAccess { root, access_chain } if matches!(access_chain[..], [AccessExpr::Dot(_)]) => {
            match *root {
                Expr::Nested(inner) => *inner,
                root => Expr::CompoundFieldAccess { root: Box::new(root), access_chain },
            }
        }
        other => other,
    }
}

fn asks_for_path(query: &Query) -> bool {
    let text = query.to_string();
    text.contains("string_to_array(") && text.contains("'search_path'")
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

fn is_query(expr: &Expr) -> bool {
    match expr {
        Expr::Subquery(_) => true,
        Expr::Nested(inner) => is_query(inner),
        _ => false,
    }
}

/// An array that is written as a text, `'{a,b}'`.
fn listed(expr: Expr) -> Expr {
    match &expr {
        Expr::Nested(inner) => listed(inner.as_ref().clone()),
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(array) if array.starts_with('{') => {
                let items = array.trim_start_matches('{').trim_end_matches('}').split(',');
                call(
                    "make_array",
                    items.filter(|item| !item.is_empty()).map(|item| text(item.trim_matches('"'))).collect(),
                )
            }
            _ => expr,
        },
        _ => expr,
    }
}

/// A cast to one of PostgreSQL's own types.
fn casted(expr: Expr, data_type: DataType) -> Expr {
    let name = match &data_type {
        DataType::Custom(name, _) => last(name),
        DataType::Regclass => "regclass".to_owned(),
        DataType::Array(ArrayElemTypeDef::SquareBracket(item, _)) => {
            let item = plain(item).unwrap_or_else(|| item.as_ref().clone());
            let list = DataType::Array(ArrayElemTypeDef::SquareBracket(Box::new(item.clone()), None));
            return cast(listed(expr), list);
        }
        _ => return cast(expr, data_type),
    };
    let is_text = matches!(&expr, Expr::Value(value)
        if matches!(value.value, Value::SingleQuotedString(_) | Value::Placeholder(_)));
    let named = |by_name: &str, by_number: &str, expr: Expr| match is_text {
        true => call(by_name, vec![expr]),
        false => call(by_number, vec![expr]),
    };
    match name.as_str() {
        "regclass" => named("helan_relation", "helan_relation_name", expr),
        "regtype" => named("helan_type", "helan_type_name", expr),
        "regnamespace" => named("helan_schema", "helan_schema_name", expr),
        _ => {
            let data_type = plain(&data_type).unwrap_or(data_type);
            cast(expr, data_type)
        }
    }
}

/// The type of ours for one that is named as PostgreSQL does.
fn plain(data_type: &DataType) -> Option<DataType> {
    let DataType::Custom(name, _) = data_type else { return None };
    Some(match last(name).as_str() {
        "text" | "name" | "char" | "bpchar" | "varchar" | "regproc" | "regprocedure" | "regoper" | "regrole"
        | "cstring" | "sql_identifier" | "character_data" | "yes_or_no" | "json" | "jsonb" | "xml" | "inet"
        | "aclitem" => DataType::Text,
        "oid" | "xid" | "cid" | "int8" | "bigint" | "cardinal_number" => DataType::BigInt(None),
        "int4" | "int" | "integer" => DataType::Integer(None),
        "int2" | "smallint" => DataType::SmallInt(None),
        "bool" | "boolean" => DataType::Boolean,
        _ => return None,
    })
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
    if name == "generate_subscripts" {
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

/// A query for one value, whose condition names other tables: our planner wants to see that it gives one row.
fn one_row(expr: &mut Expr) {
    match expr {
        Expr::Subquery(query) => {
            // Recursive ones ask for what types rest on: none here rests on another.
            if of_empty_tables(query) || query.with.as_ref().is_some_and(|with| with.recursive) {
                *expr = cast(null(), DataType::Text);
            } else if let Some(item) = only_value(query)
                && !matches!(item, Expr::Function(function) if is_aggregate(function))
            {
                let inner = std::mem::replace(item, null());
                *item = call("max", vec![inner]);
                query.order_by = None;
                query.limit_clause = None;
            }
        }
        Expr::Nested(inner) => one_row(inner),
        Expr::Cast { expr, .. } => one_row(expr),
        Expr::BinaryOp { left, right, .. } => {
            one_row(left);
            one_row(right);
        }
        Expr::IsNull(inner) | Expr::IsNotNull(inner) => one_row(inner),
        Expr::Case { conditions, else_result, .. } => {
            for branch in conditions {
                one_row(&mut branch.condition);
                one_row(&mut branch.result);
            }
            if let Some(inner) = else_result {
                one_row(inner);
            }
        }
        Expr::Function(function) => {
            if let FunctionArguments::List(list) = &mut function.args {
                for argument in &mut list.args {
                    if let FunctionArg::Unnamed(FunctionArgExpr::Expr(inner)) = argument {
                        one_row(inner);
                    }
                }
            }
        }
        _ => {}
    }
}

fn is_aggregate(function: &Function) -> bool {
    matches!(last(&function.name).as_str(), "max" | "min" | "count" | "sum" | "avg" | "string_agg" | "array_agg")
}

fn only_value(query: &mut Query) -> Option<&mut Expr> {
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    match select.projection.as_mut_slice() {
        [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] => Some(expr),
        _ => None,
    }
}

fn of_empty_tables(query: &Query) -> bool {
    let SetExpr::Select(select) = query.body.as_ref() else { return false };
    let first = select.from.first().map(|from| &from.relation);
    matches!(first, Some(TableFactor::Table { name, args: None, .. }) if is_empty(&last(name)))
}

/// Columns that PostgreSQL calls alike are told apart, because our planner wants it so.
fn named(projection: &mut [SelectItem]) {
    let mut seen: Vec<String> = Vec::new();
    for item in projection {
        let name = match item {
            SelectItem::UnnamedExpr(Expr::Function(function)) => last(&function.name),
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
            (
                "select table_name from information_schema.tables where quote_ident(table_schema) in (select trim(s[i]) from \
                 generate_series(1, 2) as i, string_to_array(current_setting('search_path'),',') s)",
                "SELECT table_name FROM information_schema.tables WHERE quote_ident(table_schema) IN ('public')",
            ),
            (
                "select (select pg_catalog.pg_get_expr(d.adbin, d.adrelid) from pg_catalog.pg_attrdef d where d.adrelid = a.attrelid) from pg_catalog.pg_attribute a",
                "SELECT CAST(NULL AS TEXT) AS \"?column?\" FROM pg_catalog.pg_attribute a",
            ),
        ] {
            assert_eq!(rewritten(text).as_deref(), Some(expected));
        }
    }
}
