//! Statements of PostgreSQL that are not answered, and that the desk's parser would take for mistakes in writing.

use datafusion::sql::sqlparser::tokenizer::Token;

use super::parse::word;
use crate::problem::{Own, Problem};

/// What is refused, by the first word of a statement; none where the desk may be asked.
pub(super) fn refused(tokens: &[Token]) -> Option<Problem> {
    let first = tokens.first().map(word)?;
    let own = match first.as_str() {
        "copy" if takes_rows_in(tokens) => Own::ReadWrite,
        "copy" => return Some(Own::Copy.into()),
        "do" | "listen" | "notify" | "prepare" | "execute" => Own::NotOffered,
        "alter" | "checkpoint" | "cluster" | "import" | "reassign" | "refresh" | "reindex" | "security" => {
            Own::ReadWrite
        }
        _ => return None,
    };
    Some(Problem::found(own, first.to_ascii_uppercase()))
}

/// Whether it is `copy … from`: a query in parentheses is always written out.
fn takes_rows_in(tokens: &[Token]) -> bool {
    let ways = tokens.iter().skip(1).map(word).find(|word| matches!(word.as_str(), "from" | "to"));
    !matches!(tokens.get(1), Some(Token::LParen)) && ways.as_deref() == Some("from")
}

#[cfg(test)]
mod tests {
    use crate::statement::{Statement, read};

    #[test]
    fn what_is_not_answered_is_refused_by_its_kind() {
        for (text, state, code) in [
            ("COPY  (select value from figures) TO STDOUT ", "0A000", "copy_not_offered"),
            ("copy figures (ref_area) to stdout with csv", "0A000", "copy_not_offered"),
            ("copy events from stdin", "25006", "read_only"),
            ("do $$ begin end $$", "0A000", "not_offered"),
            ("listen x", "0A000", "not_offered"),
            ("notify x, 'y'", "0A000", "not_offered"),
            ("prepare a as select 1", "0A000", "not_offered"),
            ("alter role bi set x = 1", "25006", "read_only"),
            ("alter system set x = 1", "25006", "read_only"),
            ("refresh materialized view figures", "25006", "read_only"),
        ] {
            let refused = read(text).expect_err(text);
            assert_eq!((refused.status, refused.code), (state, code), "{text}");
        }
        for text in ["select 1 as copy", "table figures", "with \"do\" as (select 1) select * from \"do\""] {
            assert_eq!(read(text).expect(text), [Statement::Question(text.to_owned())]);
        }
    }
}
