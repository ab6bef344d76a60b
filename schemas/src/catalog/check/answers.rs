//! `indicators.csv`, column `answer`: names of views that the catalog gives to its ratios.

use super::At;
use super::indicators::by_id;
use crate::catalog::codes::IndicatorKind;
use crate::catalog::load::Sheets;
use crate::catalog::problem::Problems;
use crate::tables::Table;

/// Views that every catalog has; a test of the queries keeps the list true.
const VIEWS: [&str; 77] = [
    "area_ancestors",
    "area_edges",
    "area_group_members",
    "area_groups",
    "area_levels",
    "area_moves",
    "area_names",
    "area_relations",
    "area_values",
    "areas",
    "areas_within",
    "bases",
    "basis_links",
    "basis_readings",
    "boundary_values",
    "changes",
    "completeness",
    "completeness_by_reporter",
    "current_publication",
    "current_values",
    "edition_parts",
    "edition_period_values",
    "edition_readings",
    "edition_values",
    "editions",
    "figures",
    "findings",
    "group_parts",
    "group_values",
    "indicator_trees",
    "indicators",
    "lineage",
    "obligation_versions",
    "obligations",
    "observation_history",
    "observations",
    "part_findings",
    "period_closings",
    "period_inputs",
    "period_states",
    "period_values",
    "periods",
    "place_inputs",
    "place_values",
    "printed_figures",
    "printed_statements",
    "publication_states",
    "published_areas",
    "quota_fulfilment",
    "ranking",
    "ratio_history",
    "ratios",
    "reporters",
    "reports_after_close",
    "rule_findings",
    "standing",
    "statement_spans",
    "statements",
    "target_actuals",
    "target_notes",
    "target_readings",
    "target_rows",
    "target_sums",
    "target_verdicts",
    "targets",
    "tree_ancestors",
    "tree_edges",
    "tree_members",
    "validation_rules",
    "verdicts",
    "vintages",
    "year_cover_parts",
    "year_covers",
    "year_covers_to_june",
    "year_covers_to_september",
    "year_day_covers",
    "year_parts",
];
/// Names that mean something else to SQL or to a front end; a test of the queries knows the words of SQL.
const WORDS: [&str; 123] = [
    "all",
    "analyze",
    "and",
    "anti",
    "any",
    "array",
    "as",
    "asc",
    "asof",
    "between",
    "both",
    "by",
    "case",
    "cast",
    "check",
    "cluster",
    "collate",
    "column",
    "connect",
    "constraint",
    "create",
    "cross",
    "current_date",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "delete",
    "desc",
    "distinct",
    "distribute",
    "do",
    "else",
    "end",
    "except",
    "exclude",
    "exists",
    "explain",
    "false",
    "fetch",
    "filter",
    "for",
    "format",
    "from",
    "full",
    "global",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "information_schema",
    "inner",
    "insert",
    "intersect",
    "interval",
    "into",
    "is",
    "join",
    "json_table",
    "knowledge",
    "lateral",
    "left",
    "like",
    "limit",
    "match_condition",
    "match_recognize",
    "minus",
    "natural",
    "not",
    "null",
    "offset",
    "on",
    "only",
    "open",
    "or",
    "order",
    "outer",
    "output",
    "over",
    "partition",
    "pivot",
    "powers_of_ten",
    "prewhere",
    "primary",
    "qualify",
    "references",
    "returning",
    "right",
    "row",
    "rows",
    "sample",
    "select",
    "semi",
    "session_user",
    "set",
    "settings",
    "some",
    "sort",
    "start",
    "struct",
    "table",
    "tablesample",
    "then",
    "to",
    "top",
    "trim",
    "true",
    "union",
    "unique",
    "unnest",
    "unpivot",
    "update",
    "user",
    "using",
    "values",
    "verbose",
    "view",
    "when",
    "where",
    "window",
    "with",
    "xmltable",
];
/// Beginnings of names that the catalog's tables and PostgreSQL's have.
const BEGINNINGS: [&str; 2] = ["catalog_", "pg_"];
/// The end of the function's name that asks a view as of a moment.
const AS_OF: &str = "_as_of";
/// Letters of a name: PostgreSQL's have 63, the function's end among them.
const LONGEST: usize = 63 - AS_OF.len();

/// Whether a name already means a table, a view or a word of SQL, so that no ratio's view can have it.
pub fn is_taken(name: &str) -> bool {
    VIEWS.contains(&name)
        || WORDS.contains(&name)
        || Table::ALL.iter().any(|table| table.name() == name)
        || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
        || name.ends_with(AS_OF)
}

pub(super) fn check(sheets: &Sheets, problems: &mut Problems) {
    let known = by_id(sheets);
    let mut first: Vec<(&str, &str, u64)> = Vec::new();
    for (at, row) in sheets.indicators.iter() {
        let latest = known.get(row.indicator.as_str()).and_then(|row| row.answer.as_deref());
        if row.answer.as_deref() != latest {
            let what = format!("{} has two answers", row.indicator);
            let why = "a view has one name, whichever row counts on a day";
            problems.add(at, "answer", what, why, "write the same answer in every row of the indicator");
        }
        let Some(answer) = row.answer.as_deref() else { continue };
        if row.kind != IndicatorKind::Ratio {
            let what = format!("{} is no ratio, but has an answer", row.indicator);
            problems.add(at, "answer", what, "only ratios have views of their own", "empty the cell");
        }
        syntax(at, answer, problems);
        if is_taken(answer) {
            let what = format!("answer {answer:?} is taken");
            let why = "the name already means a table, a view or a word of SQL";
            problems.add(at, "answer", what, why, "choose another name, such as the indicator's own");
        }
        match first.iter().find(|(known, ..)| *known == answer) {
            Some((_, indicator, line)) if *indicator != row.indicator => {
                let what = format!("answer {answer:?} stands already in line {line}");
                let why = "one view would have two ratios";
                problems.add(at, "answer", what, why, "give each ratio a name of its own");
            }
            Some(_) => {}
            None => first.push((answer, &row.indicator, at.1)),
        }
    }
}

fn syntax(at: At, answer: &str, problems: &mut Problems) {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let begins = answer.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if !begins || answer.len() > LONGEST || !answer.bytes().all(allowed) {
        let what = format!("answer {answer:?} is no name of a view");
        let fix = format!(
            "begin with a lowercase letter and use only lowercase letters, digits and underscores, at most {LONGEST}"
        );
        problems.add(at, "answer", what, "it is written in SQL as it stands", fix);
    }
}
