//! What one statement is: one of the connection itself, such as `set` and `begin`, or a question for the desk.

use datafusion::sql::sqlparser::tokenizer::Token;

use super::{Statement, unoffered};
use crate::problem::{Own, Problem};

/// The tokens of a statement, and the byte of its text at which each begins.
#[derive(Default)]
pub(super) struct Words {
    pub(super) tokens: Vec<Token>,
    pub(super) places: Vec<usize>,
}

/// A token as a word in lower case, or empty.
pub(super) fn word(token: &Token) -> String {
    match token {
        Token::Word(word) if word.quote_style.is_none() => word.value.to_ascii_lowercase(),
        _ => String::new(),
    }
}

/// A name, folded as unquoted ones are.
fn name(token: Option<&Token>) -> Result<String, Problem> {
    match token {
        Some(Token::Word(word)) if word.quote_style.is_some() => Ok(word.value.clone()),
        Some(token @ Token::Word(_)) => Ok(word(token)),
        Some(Token::SingleQuotedString(text)) => Ok(text.clone()),
        other => Err(wrong(other)),
    }
}

fn wrong(token: Option<&Token>) -> Problem {
    Problem::found(Own::NotOffered, token.map_or_else(|| "…".to_owned(), ToString::to_string))
}

/// The statement that some words are: the connection's own, or a question for the desk.
pub(super) fn one(all: &Words, text: &str) -> Result<Statement, Problem> {
    let tokens = all.tokens.as_slice();
    let words: Vec<String> = tokens.iter().take(8).map(word).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Ok(match words.as_slice() {
        [] => Statement::Empty,
        ["begin", rest @ ..] | ["start", "transaction", rest @ ..] => {
            modes(rest, tokens)?;
            Statement::Begin
        }
        ["rollback", "to", ..] | ["rollback", "work" | "transaction", "to", ..] => Statement::Savepoint("ROLLBACK"),
        [first @ ("commit" | "end" | "rollback" | "abort"), rest @ ..] => {
            ends_plainly(rest, tokens)?;
            if matches!(*first, "commit" | "end") { Statement::Commit } else { Statement::Rollback }
        }
        ["savepoint", ..] => Statement::Savepoint("SAVEPOINT"),
        ["release", ..] => Statement::Savepoint("RELEASE"),
        ["set", rest @ ..] => set(rest, tokens.get(1..).unwrap_or_default())?,
        ["reset", "all"] => Statement::Reset(None),
        ["reset", ..] => Statement::Reset(Some(setting(tokens.get(1..).unwrap_or_default())?.0)),
        ["show", "all"] => Statement::Show(None),
        ["show", "tables" | "columns" | "functions", ..] => Statement::Question(text.to_owned()),
        ["show", "time", "zone"] => Statement::Show(Some("timezone".to_owned())),
        ["show", "transaction", "isolation", "level"] => Statement::Show(Some("transaction_isolation".to_owned())),
        ["show", ..] => Statement::Show(Some(setting(tokens.get(1..).unwrap_or_default())?.0)),
        ["discard", "all"] => Statement::Discard("DISCARD ALL"),
        ["discard", "plans"] => Statement::Discard("DISCARD PLANS"),
        ["discard", "sequences"] => Statement::Discard("DISCARD SEQUENCES"),
        ["discard", "temp" | "temporary"] => Statement::Discard("DISCARD TEMP"),
        ["deallocate", "prepare", "all"] | ["deallocate", "all"] => Statement::Deallocate(None),
        ["deallocate", "prepare", _] => Statement::Deallocate(Some(name(tokens.get(2))?)),
        ["deallocate", _] => Statement::Deallocate(Some(name(tokens.get(1))?)),
        ["declare", ..] => declare(all, text)?,
        ["fetch" | "move", ..] => fetch(tokens)?,
        ["close", "all"] => Statement::Close(None),
        ["close", _] => Statement::Close(Some(name(tokens.get(1))?)),
        ["unlisten", ..] => Statement::Unlisten,
        _ => match unoffered::refused(tokens) {
            Some(problem) => return Err(problem),
            None => Statement::Question(text.to_owned()),
        },
    })
}

/// What a transaction is to be: every statement reads the newest versions, and none writes.
fn modes(words: &[&str], tokens: &[Token]) -> Result<(), Problem> {
    for word in words.iter().copied().filter(|word| !word.is_empty()) {
        match word {
            "work" | "transaction" | "only" | "read" | "level" | "isolation" | "not" | "deferrable" | "committed"
            | "uncommitted" => {}
            "write" => return Err(Own::ReadWrite.into()),
            "repeatable" | "serializable" => {
                let sentence = format!("{word}; each statement reads the newest versions (read committed)");
                return Err(Problem::found(Own::NotOffered, sentence));
            }
            _ => return Err(wrong(tokens.last())),
        }
    }
    Ok(())
}

/// A transaction ends, and no more: another that begins at once, or one that was prepared, is not what there is here.
fn ends_plainly(words: &[&str], tokens: &[Token]) -> Result<(), Problem> {
    let (asked, rest) = match words {
        ["work" | "transaction", rest @ ..] => (2, rest),
        rest => (1, rest),
    };
    match rest {
        [] | ["and", "no", "chain"] => Ok(()),
        _ => Err(wrong(tokens.get(asked))),
    }
}

/// The name of a setting, of words with points between, and what follows.
fn setting(tokens: &[Token]) -> Result<(String, &[Token]), Problem> {
    let (first, mut rest) = tokens.split_first().ok_or_else(|| wrong(None))?;
    let mut all = name(Some(first))?;
    while let [Token::Period, part, others @ ..] = rest {
        all = all + "." + &name(Some(part))?;
        rest = others;
    }
    Ok((all, rest))
}

fn set(words: &[&str], tokens: &[Token]) -> Result<Statement, Problem> {
    let rest = |from: usize| tokens.get(from..).unwrap_or_default();
    let set =
        |name: &str, value: &str| Statement::Set { name: name.to_owned(), value: Some(value.to_owned()), local: false };
    match words {
        ["session", "characteristics", "as", "transaction", modes_ @ ..] | ["transaction", modes_ @ ..] => {
            modes(modes_, tokens)?;
            return Ok(set("default_transaction_read_only", "on"));
        }
        ["session", "authorization", ..] | ["role", ..] | ["local", "role", ..] | ["constraints", ..] => {
            return Err(wrong(tokens.first()));
        }
        ["names", ..] => return Ok(set("client_encoding", &value(rest(1))?.unwrap_or_else(|| "UTF8".to_owned()))),
        _ => {}
    }
    let (tokens, local) = match words {
        ["session", ..] => (rest(1), false),
        ["local", ..] => (rest(1), true),
        _ => (tokens, false),
    };
    if let [time, zone, given @ ..] = tokens
        && (word(time).as_str(), word(zone).as_str()) == ("time", "zone")
    {
        return Ok(Statement::Set { name: "timezone".to_owned(), value: value(given)?, local });
    }
    let (name, rest) = setting(tokens)?;
    match rest {
        [Token::Eq, given @ ..] => Ok(Statement::Set { name, value: value(given)?, local }),
        [to, given @ ..] if word(to) == "to" => Ok(Statement::Set { name, value: value(given)?, local }),
        other => Err(wrong(other.first())),
    }
}

/// A value, of words with commas between; none = the one at first.
fn value(tokens: &[Token]) -> Result<Option<String>, Problem> {
    let mut text = String::new();
    for token in tokens {
        match token {
            Token::SingleQuotedString(value) | Token::EscapedStringLiteral(value) => text.push_str(value),
            Token::Number(number, _) => text.push_str(number),
            Token::Word(found) if found.quote_style.is_some() => text.push_str(&found.value),
            Token::Word(_) if tokens.len() == 1 && word(token) == "default" => return Ok(None),
            Token::Word(found) => text.push_str(&found.value),
            Token::Comma => text.push_str(", "),
            Token::Minus => text.push('-'),
            Token::Plus => text.push('+'),
            other => return Err(wrong(Some(other))),
        }
    }
    if text.is_empty() && tokens.is_empty() { Err(wrong(None)) } else { Ok(Some(text)) }
}

fn declare(all: &Words, text: &str) -> Result<Statement, Problem> {
    let tokens = all.tokens.as_slice();
    let cursor = name(tokens.get(1))?;
    let modes: Vec<String> = tokens.iter().skip(2).map(word).take_while(|word| word != "for").collect();
    // Going back in one that scrolls is refused when it is asked for: drivers declare all of them so.
    let known = ["asensitive", "insensitive", "no", "scroll", "cursor", "with", "without", "hold"];
    if let Some(other) = modes.iter().find(|mode| !known.contains(&mode.as_str()) && *mode != "binary") {
        return Err(Problem::found(Own::NotOffered, other));
    }
    let holds = modes.windows(2).any(|modes| modes == ["with", "hold"]);
    let is_cursor = modes.iter().any(|mode| mode == "cursor");
    // The question itself, as it stands behind `for`.
    let question = all.places.get(modes.len() + 2).and_then(|at| text.get(at + "for".len()..));
    match question.filter(|_| is_cursor) {
        Some(question) => Ok(Statement::Declare { name: cursor, text: question.to_owned(), holds }),
        None => Err(wrong(tokens.last())),
    }
}

fn fetch(tokens: &[Token]) -> Result<Statement, Problem> {
    let skip = tokens.first().map(word).as_deref() == Some("move");
    let mut rows = Some(1);
    let Some((cursor, before)) = tokens.split_last() else { return Err(wrong(None)) };
    for token in before.iter().skip(1) {
        match (token, word(token).as_str()) {
            (Token::Number(number, _), _) => rows = Some(number.parse().map_err(|_| wrong(Some(token)))?),
            (_, "all") => rows = None,
            (_, "forward" | "next" | "from" | "in") => {}
            // Rows that were fetched are gone.
            (other, _) => return Err(wrong(Some(other))),
        }
    }
    Ok(Statement::Fetch { name: name(Some(cursor))?, rows, skip })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::read;

    fn only(text: &str) -> Statement {
        let mut all = read(text).expect(text);
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    fn set_to(name: &str, value: Option<&str>) -> Statement {
        Statement::Set { name: name.to_owned(), value: value.map(str::to_owned), local: false }
    }

    #[test]
    fn what_drivers_send_is_understood() {
        assert_eq!(only("SET extra_float_digits = 3"), set_to("extra_float_digits", Some("3")));
        assert_eq!(only("set helan.as_of = '2019-08-30'"), set_to("helan.as_of", Some("2019-08-30")));
        assert_eq!(only("SET DateStyle= 'ISO'"), set_to("datestyle", Some("ISO")));
        assert_eq!(only("set datestyle to iso, mdy"), set_to("datestyle", Some("iso, mdy")));
        assert_eq!(only("set session time zone 'Asia/Shanghai'"), set_to("timezone", Some("Asia/Shanghai")));
        assert_eq!(only("set names 'utf8'"), set_to("client_encoding", Some("utf8")));
        assert_eq!(only("set helan.as_of to default"), set_to("helan.as_of", None));
        assert_eq!(only("SHOW TRANSACTION ISOLATION LEVEL"), Statement::Show(Some("transaction_isolation".to_owned())));
        assert_eq!(only("BEGIN TRANSACTION READ ONLY"), Statement::Begin);
        assert_eq!(only("start transaction isolation level read committed"), Statement::Begin);
        assert_eq!(only("DEALLOCATE ALL"), Statement::Deallocate(None));
        let declared = only("DECLARE \"C 1\" NO SCROLL CURSOR WITHOUT HOLD FOR select 'for' as x");
        assert_eq!(
            declared,
            Statement::Declare { name: "C 1".to_owned(), text: " select 'for' as x".to_owned(), holds: false }
        );
        assert_eq!(only("DECLARE c CURSOR FOR select 1").bytes(), "c select 1".len());
        let declared = only("\n declare \"for 江\" cursor\n/* for */ for\tselect 1 for update");
        let Statement::Declare { text, .. } = declared else { panic!("{declared:?}") };
        assert_eq!(text, "\tselect 1 for update");
        for (text, statement) in [
            ("commit work", Statement::Commit),
            ("END", Statement::Commit),
            ("abort and no chain", Statement::Rollback),
        ] {
            assert_eq!(only(text), statement, "{text}");
        }
        assert_eq!(only("set datafusion.a.b = 1"), set_to("datafusion.a.b", Some("1")));
        let declared = only("declare \"SQL_CUR0x1\" scroll cursor with hold for select 1");
        assert!(matches!(declared, Statement::Declare { holds: true, .. }), "{declared:?}");
        let fetched = |rows| Statement::Fetch { name: "c".to_owned(), rows, skip: false };
        assert_eq!(only("FETCH FORWARD 100 FROM c"), fetched(Some(100)));
        assert_eq!(only("fetch all in c"), fetched(None));
        assert_eq!(only("fetch next c"), fetched(Some(1)));
    }

    #[test]
    fn what_is_not_offered_is_refused_by_its_kind() {
        for (text, state) in [
            ("begin isolation level serializable", "0A000"),
            ("set session characteristics as transaction read write", "25006"),
            ("set role postgres", "0A000"),
            ("set session authorization 'x'", "0A000"),
            ("fetch backward 1 from c", "0A000"),
            ("set helan.as_of = (select 1)", "0A000"),
            ("commit prepared 'x'", "0A000"),
            ("rollback prepared 'x'", "0A000"),
            ("commit and chain", "0A000"),
            ("rollback work and chain", "0A000"),
            ("declare c for select 1", "0A000"),
            ("declare c cursor select 1", "0A000"),
        ] {
            assert_eq!(read(text).expect_err(text).status, state, "{text}");
        }
    }
}
