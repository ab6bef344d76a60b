//! Plans one statement, and lets through only what reads.
//!
//! What a plan may hold is listed, so that a node of a later DataFusion is refused until somebody has looked at it. The
//! text decides nothing but how a refusal is named.

use datafusion::common::DataFusionError;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{SetExpr, Statement as Ast};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use helan_schemas::catalog::Catalog;

use crate::dialect;
use crate::guard::expansion::{self, Bound};
use crate::guard::messages::said;
use crate::guard::nearest_name;
use crate::guard::{code_texts, column_size, fits, local_times, passed_over, plain_terms, reach, written_figures};
use crate::session::{QueryError, context};
use crate::views::arguments;

/// The engine's table of its settings.
const SETTINGS: &str = "df_settings";

/// Plans a text of one statement that reads.
///
/// # Errors
/// [`QueryError::Statements`] for none or several, [`QueryError::ReadOnly`] for one that would change something, read
/// a file or touch the session, [`QueryError::Asked`] where it cannot be planned.
pub(crate) async fn plan(state: &SessionState, text: &str) -> Result<LogicalPlan, QueryError> {
    let statement = one_statement(state, text)?;
    let kind = kind(&statement);
    let reads = reads(&statement);
    let plan = match state.statement_to_plan(statement).await {
        // What the planner does not know at all, such as MERGE or VACUUM, is refused as what it is.
        Err(_) if !reads => return Err(QueryError::ReadOnly(kind)),
        Err(error) => return Err(asked_of(state, error)),
        Ok(plan) => plan,
    };
    match first_that_does_more_than_read(&plan) {
        None => {
            column_size::hold(&plan)?;
            fits::beside(&plan).map_err(asked)?;
            let plan = written_figures::as_numbers(in_its_zone(state, plan)?);
            plan.and_then(code_texts::compared).map_err(asked)
        }
        Some(node) => Err(QueryError::ReadOnly(if reads { node.to_owned() } else { kind })),
    }
}

/// The plan with moments counted in the catalog's time zone. Values that come later for parameters need it again.
///
/// # Errors
/// [`QueryError`] where the plan does not fit together.
pub(crate) fn in_its_zone(state: &SessionState, plan: LogicalPlan) -> Result<LogicalPlan, QueryError> {
    match &state.config_options().execution.time_zone {
        Some(zone) => local_times::counted(plan, zone).map_err(asked),
        None => Ok(plan),
    }
}

fn one_statement(state: &SessionState, text: &str) -> Result<Statement, QueryError> {
    let limit = state.config_options().sql_parser.recursion_limit.get();
    let dialect = GenericDialect {};
    // A text that is no SQL is left to the parser, which says where.
    // The parser bounds parentheses, but not chains such as `a + a + …`, whose tree could be deeper than a stack.
    if let Ok(tokens) = Tokenizer::new(&dialect, text).tokenize() {
        numbers(&tokens)?;
        Bound::Links.hold(tokens.iter().filter(|token| links(token)).count() as u64)?;
    }
    let text = dialect::with_what(text);
    let parser = DFParserBuilder::new(&*text).with_dialect(&dialect).with_recursion_limit(limit).build();
    let mut statements = parser.and_then(|mut parser| parser.parse_statements()).map_err(asked)?;
    match (statements.pop_front(), statements.is_empty()) {
        (Some(mut statement), true) => {
            dialect::write_out(&mut statement);
            plain_terms::write_out(&mut statement);
            expansion::hold(&statement, state.config().get_extension::<Catalog>().as_deref())?;
            arguments::hold(&statement)?;
            reach::hold(&statement)?;
            passed_over::hold(&statement)?;
            Ok(statement)
        }
        (_, none) => Err(QueryError::Statements(if none { 0 } else { statements.len() + 1 })),
    }
}

/// Refuses a number that a name follows at once, such as `1_000`, `0b11` or `12kg`: it would be the number's alias.
fn numbers(tokens: &[Token]) -> Result<(), QueryError> {
    for pair in tokens.windows(2) {
        if let [Token::Number(number, _), Token::Word(name)] = pair
            && name.quote_style.is_none()
        {
            let written = format!("{number}{}", name.value);
            return Err(QueryError::Asked(format!(
                "{written} is not a number: write only digits, such as 1000, and a space before a name"
            )));
        }
    }
    Ok(())
}

/// Whether a token can add a level to the tree; those of long lists do not.
fn links(token: &Token) -> bool {
    match token {
        Token::Word(word) => {
            use Keyword::{FALSE, NULL, NoKeyword, THEN, TRUE, WHEN};
            !matches!(word.keyword, NoKeyword | WHEN | THEN | NULL | TRUE | FALSE)
        }
        Token::Whitespace(_)
        | Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::Comma
        | Token::SemiColon
        | Token::Period
        | Token::RParen
        | Token::LParen => false,
        _ => true,
    }
}

/// Whether a statement is written as one that reads; only the plan decides whether it is.
fn reads(statement: &Statement) -> bool {
    match statement {
        Statement::Statement(statement) if let Ast::Query(query) = statement.as_ref() => !matches!(
            query.body.as_ref(),
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_)
        ),
        Statement::Statement(statement) => matches!(
            statement.as_ref(),
            Ast::Explain { .. }
                | Ast::ExplainTable { .. }
                | Ast::ShowTables { .. }
                | Ast::ShowColumns { .. }
                | Ast::ShowFunctions { .. }
                | Ast::ShowVariable { .. }
        ),
        Statement::Explain(explain) => reads(&explain.statement),
        _ => false,
    }
}

/// The first words of a statement, as a name for it.
fn kind(statement: &Statement) -> String {
    let text = statement.to_string();
    let words = text.split_whitespace().take_while(|word| word.bytes().all(|byte| byte.is_ascii_uppercase()));
    let words: Vec<_> = words.take(3).collect();
    if words.is_empty() { "this statement".to_owned() } else { words.join(" ") }
}

/// The name of the first node that is not known to only read what the session offers.
fn first_that_does_more_than_read(plan: &LogicalPlan) -> Option<&'static str> {
    let mut found = None;
    // The visitor itself never fails.
    let _ = plan.apply_with_subqueries(|node| {
        found = refused(node);
        Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found
}

/// Whether a plan reads the engine's settings, where the folder for scratch files stands too. `show all` reads them.
pub(crate) fn tells_of_the_machine(plan: &LogicalPlan) -> bool {
    let mut found = false;
    // The visitor itself never fails.
    let _ = plan.apply_with_subqueries(|node| {
        found |= matches!(node, LogicalPlan::TableScan(scan) if scan.table_name.table() == SETTINGS
            && scan.table_name.schema() == Some("information_schema"));
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found
}

fn refused(node: &LogicalPlan) -> Option<&'static str> {
    match node {
        LogicalPlan::Projection(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::Window(_)
        | LogicalPlan::Aggregate(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Join(_)
        | LogicalPlan::Repartition(_)
        | LogicalPlan::Union(_)
        | LogicalPlan::TableScan(_)
        | LogicalPlan::EmptyRelation(_)
        | LogicalPlan::Subquery(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::Values(_)
        | LogicalPlan::Explain(_)
        | LogicalPlan::Analyze(_)
        | LogicalPlan::Distinct(_)
        | LogicalPlan::DescribeTable(_)
        | LogicalPlan::Unnest(_)
        | LogicalPlan::RecursiveQuery(_) => None,
        LogicalPlan::Statement(_) => Some("SET, PREPARE or a transaction"),
        LogicalPlan::Dml(_) => Some("INSERT, UPDATE or DELETE"),
        LogicalPlan::Ddl(_) => Some("CREATE or DROP"),
        LogicalPlan::Copy(_) => Some("COPY"),
        LogicalPlan::Extension(_) => Some("an extension"),
    }
}

/// The same, with the name that was most likely meant by one that is not there.
fn asked_of(state: &SessionState, error: DataFusionError) -> QueryError {
    let meant = nearest_name::suggestion(state, &error);
    match asked(error) {
        // Everything that there is lies in the one schema, which nobody writes.
        QueryError::Asked(why) => {
            let schema = format!("{}.{}.", context::CATALOG, context::SCHEMA);
            QueryError::Asked(why.replace(&schema, "") + &meant)
        }
        other => other,
    }
}

/// What the planner says, as the asker's mistake where it is one.
pub(crate) fn asked(error: DataFusionError) -> QueryError {
    if let DataFusionError::SQL(parser, _) = &error {
        return QueryError::Asked(parser.to_string());
    }
    match error.find_root() {
        DataFusionError::Plan(_)
        | DataFusionError::SQL(..)
        | DataFusionError::SchemaError(..)
        | DataFusionError::Diagnostic(..)
        | DataFusionError::NotImplemented(_) => QueryError::Asked(said(&error)),
        _ => QueryError::Engine(error),
    }
}
