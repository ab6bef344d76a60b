//! The types that a text names for its parameters.

use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::parse::word;

/// Parameters that a text casts at once, such as `$1::date`, with the name of their type and whether it is an array.
pub(crate) fn casts(text: &str) -> Vec<(usize, String, bool)> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize().unwrap_or_default();
    let tokens: Vec<_> = tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Token::Placeholder(name) = token else { continue };
        let Some(number) = name.strip_prefix('$').and_then(|number| number.parse().ok()) else { continue };
        let is_cast = match tokens.get(at + 1) {
            Some(Token::DoubleColon) => true,
            Some(next) => word(next) == "as" && at >= 2 && word(&tokens[at - 2]) == "cast",
            None => false,
        };
        let mut rest = tokens.get(at + 2..).unwrap_or_default();
        if let [schema, Token::Period, ..] = rest
            && word(schema) == "pg_catalog"
        {
            rest = &rest[2..];
        }
        if let (true, Some(kind)) = (is_cast, rest.first()) {
            found.push((number, word(kind), matches!(rest.get(1), Some(Token::LBracket))));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::casts;

    #[test]
    fn casts_name_the_types_of_parameters() {
        let found = casts("select $1::date, cast($2 as bigint), $3::pg_catalog.text[], $4 + 1, '$5::int'");
        let found: Vec<_> = found.iter().map(|(number, kind, list)| (*number, kind.as_str(), *list)).collect();
        assert_eq!(found, [(1, "date", false), (2, "bigint", false), (3, "text", true)]);
    }
}
