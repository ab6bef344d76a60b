//! `pg_get_keywords`: the reserved words. Drivers put quotation marks around names that are among them.

use super::rows::Row;

/// Reserved in PostgreSQL 16.
const RESERVED: &str = "\
    all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create \
    current_catalog current_date current_role current_time current_timestamp current_user default deferrable \
    desc distinct do else end except false fetch for foreign from grant group having in initially intersect into \
    lateral leading limit localtime localtimestamp not null offset on only or order placing primary references \
    returning select session_user some symmetric system_user table then to trailing true union unique user using \
    variadic when where window with";

/// Reserved, but for names of functions and types.
const FOR_FUNCTIONS: &str = "\
    authorization binary collation concurrently cross current_schema freeze full ilike inner is isnull join left \
    like natural notnull outer overlaps right similar tablesample verbose";

/// One row a word.
pub(super) fn rows() -> Vec<Row> {
    let of = |words: &'static str, kind: &'static str, meaning: &'static str| {
        words.split_whitespace().map(move |word| -> Row {
            vec![("word", word.into()), ("catcode", kind.into()), ("catdesc", meaning.into())]
        })
    };
    let functions = of(FOR_FUNCTIONS, "T", "reserved (can be function or type name)");
    of(RESERVED, "R", "reserved").chain(functions).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_keyword_stands_once() {
        let all = RESERVED.split_whitespace().chain(FOR_FUNCTIONS.split_whitespace());
        assert_eq!(rows().len(), all.collect::<HashSet<_>>().len());
    }
}
