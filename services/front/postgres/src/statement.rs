//! Texts of clients, cut into statements.

mod casts;
mod parse;
mod unoffered;
mod walk;

use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use helan_query::desk::{SqlLimits, Unanswered};

pub(crate) use self::casts::casts;
use self::parse::{Words, one};
use self::walk::Walk;
use crate::problem::{Own, Problem};

/// Statements of one text: `begin`, some settings and a question are a few. Each costs a place and a plan of its own, and
/// an answer; so many of them are a script, which clients send one by one.
const MOST: usize = 1_000;

/// A statement of a text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Statement {
    /// Nothing between two semicolons.
    Empty,
    /// The desk is asked.
    Question(String),
    /// A transaction begins, with a warning if it is under way.
    Begin,
    Commit,
    Rollback,
    /// `savepoint`, `release`: nothing is changed, so nothing is to be gone back to.
    Savepoint(&'static str),
    Set {
        name: String,
        value: Option<String>,
        local: bool,
    },
    Reset(Option<String>),
    Show(Option<String>),
    Discard(&'static str),
    /// None = all.
    Deallocate(Option<String>),
    Declare {
        name: String,
        text: String,
        /// Whether it outlives its transaction.
        holds: bool,
    },
    /// So many rows, or all.
    Fetch {
        name: String,
        rows: Option<usize>,
        skip: bool,
    },
    /// None = all.
    Close(Option<String>),
    Unlisten,
}

impl Statement {
    /// Bytes of its texts.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Question(text) => text.len(),
            Self::Declare { name, text, .. } => name.len() + text.len(),
            Self::Set { name, value, .. } => name.len() + value.as_ref().map_or(0, String::len),
            Self::Reset(Some(name))
            | Self::Show(Some(name))
            | Self::Deallocate(Some(name))
            | Self::Close(Some(name)) => name.len(),
            Self::Fetch { name, .. } => name.len(),
            _ => 0,
        }
    }

    /// What the desk is asked, at once or by a cursor.
    pub(crate) fn question(&self) -> Option<&str> {
        match self {
            Self::Question(text) | Self::Declare { text, .. } => Some(text),
            _ => None,
        }
    }

    /// What a client reads once it is done.
    pub(crate) fn tag(&self) -> &'static str {
        match self {
            Self::Begin => "BEGIN",
            Self::Commit => "COMMIT",
            Self::Rollback => "ROLLBACK",
            Self::Savepoint(tag) | Self::Discard(tag) => tag,
            Self::Set { .. } => "SET",
            Self::Reset(_) => "RESET",
            Self::Show(_) => "SHOW",
            Self::Deallocate(Some(_)) => "DEALLOCATE",
            Self::Deallocate(None) => "DEALLOCATE ALL",
            Self::Declare { .. } => "DECLARE CURSOR",
            Self::Fetch { .. } => "FETCH",
            Self::Close(Some(_)) => "CLOSE CURSOR",
            Self::Close(None) => "CLOSE CURSOR ALL",
            Self::Unlisten => "UNLISTEN",
            Self::Empty | Self::Question(_) => "SELECT",
        }
    }
}

/// The statements of a text. A long one is refused before it is looked at: nobody has a place yet.
pub(crate) fn read(text: &str) -> Result<Vec<Statement>, Problem> {
    if text.len() > SqlLimits::TEXT {
        return Err(Unanswered::TooLong(text.len()).into());
    }
    let Ok(tokens) = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize_with_location() else {
        // The desk says where it is wrong.
        return Ok(vec![Statement::Question(text.to_owned())]);
    };
    let mut walk = Walk::new(text);
    let (mut statements, mut words, mut begun) = (Vec::new(), Words::default(), 0);
    let mut add = |words: Words, text: &str| -> Result<(), Problem> {
        let statement = one(&words, text)?;
        if statement != Statement::Empty || statements.is_empty() {
            statements.push(statement);
        }
        if statements.len() > MOST { Err(Own::ManyStatements.into()) } else { Ok(()) }
    };
    for token in tokens {
        match token.token {
            Token::SemiColon => {
                let end = walk.to(token.span.start);
                add(std::mem::take(&mut words), text.get(begun..end).unwrap_or_default())?;
                begun = end + 1;
            }
            Token::Whitespace(_) => {}
            other => {
                words.places.push(walk.to(token.span.start).saturating_sub(begun));
                words.tokens.push(other);
            }
        }
    }
    if !words.tokens.is_empty() || begun == 0 {
        add(words, text.get(begun..).unwrap_or_default())?;
    }
    Ok(statements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_its_statements_end() {
        let all = read("begin; select ';' as \"a;b\" -- ;\n, '江;河'; /* ; */ commit;").expect("read");
        let question = Statement::Question(" select ';' as \"a;b\" -- ;\n, '江;河'".to_owned());
        assert_eq!(all, [Statement::Begin, question, Statement::Commit]);
        assert_eq!(read("").expect("read"), [Statement::Empty]);
        assert_eq!(read("select $$a;b$$").expect("read"), [Statement::Question("select $$a;b$$".to_owned())]);
    }

    /// What is read before anyone has a place takes time with its length, not with its square: that took seconds.
    #[test]
    fn a_text_is_read_once_and_a_long_one_not_at_all() {
        let begun = std::time::Instant::now();
        for part in [
            ";",
            ";\n",
            "江;",
            "for ",
            "declare c cursor for ",
            "'",
            "$a",
            "(",
            "\"",
            "/*",
            "--\n",
            "E'",
            "$1::",
            "'a' ",
        ] {
            for before in ["", "declare c ", "select "] {
                let text = before.to_owned() + &part.repeat((SqlLimits::TEXT - before.len()) / part.len());
                let _ = (read(&text), casts(&text));
            }
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
        let long = "select 1 ".to_owned() + &" ".repeat(SqlLimits::TEXT);
        assert_eq!(read(&long).expect_err("too long").code, "sql_too_long");
    }

    #[test]
    fn a_text_has_so_many_statements_at_most() {
        assert_eq!(read(&"select 1;".repeat(MOST)).expect("read").len(), MOST);
        assert_eq!(read(&"select 1;".repeat(MOST + 1)).expect_err("too many").code, "too_many_statements");
        assert_eq!(read(&";".repeat(20_000)).expect("read"), [Statement::Empty]);
        assert_eq!(read(";;select 1;;").expect("read").last(), Some(&Statement::Question("select 1".to_owned())));
    }
}
