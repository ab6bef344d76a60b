//! What the engine says of a question that has no answer, for the person who asked.
//!
//! The engine's errors are chains of headings in its own terms (`Arrow error: Compute error: …`), one repeats the other,
//! and what it did not expect it asks to be told its makers. The asker is told the cause, once.

use std::error::Error;

use datafusion::error::DataFusionError;
use helan_schemas::nearest::nearest;

use crate::guard::arithmetic::DIVIDED;

/// Headings that say where an error was noticed, not what it is.
const HEADINGS: [&str; 12] = [
    "Arrow error: ",
    "Execution error: ",
    "Error during planning: ",
    "External error: ",
    "External: ",
    "Parquet error: ",
    "Compute error: ",
    "Cast error: ",
    "Parser error: ",
    "Invalid argument error: ",
    "Arithmetic overflow: ",
    "This feature is not implemented: ",
];

/// A condition that is judged while a file is read: its error comes as text, written for programmers.
const JUDGED: &str = "Error evaluating filter predicate: ";

/// What a function is told that does not take an argument.
const NOT_TAKEN: &str = " does not take ";

/// What the engine says in its own terms, and how to ask instead.
const HINTS: [(&str, &str); 10] = [
    ("Physical plan does not support logical expression OuterReferenceColumn", AROUND),
    ("Physical plan does not support logical expression ScalarSubquery", AROUND),
    ("Correlated scalar subquery must be aggregated to return at most one row", AROUND),
    (
        "Too many columns! The subquery should only return one column",
        "(a, b) in (select …): write exists (select 1 from u where u.x = a and u.y = b)",
    ),
    (
        "Conflicting ordering requirements in aggregate functions",
        "aggregates in several orders: work out each in a query of its own, and join them",
    ),
    ("unnest() does not support null", "unnest takes an array: of a parameter write its type, unnest($1::bigint[])"),
    ("Cannot coerce arithmetic expression Date32 + Date32", NO_MOMENT),
    ("Invalid interval arithmetic operation", NO_MOMENT),
    ("Invalid timestamp arithmetic operation", NO_MOMENT),
    ("comparison operation Date32 > Duration", NO_MOMENT),
];
const AROUND: &str = "a query within another that looks at it: compare with = only and take one aggregate, \
                      (select max(y) from u where u.k = t.k), or join u and group";
const NO_MOMENT: &str = "these are not added, multiplied or compared: beside a date or an interval, write the type of a parameter, \
                         $1::int or $1::interval";

/// How a request to tell the engine's makers begins.
const REQUEST: &str = "This issue was likely caused by";

/// The cause of an error of the engine.
pub fn said(error: &DataFusionError) -> String {
    let root = error.find_root();
    let text = match root {
        DataFusionError::SQL(parser, _) => parser.to_string(),
        _ => root.strip_backtrace(),
    };
    let text = shortened(&text);
    if let Some(inner) = text.split_once(JUDGED).and_then(|(_, judged)| quoted(judged)) {
        return without_headings(&inner).to_owned();
    }
    let text = without_headings(&text);
    // What a function does not take is the asker's mistake, even where the engine takes it for its own.
    let text = if text.contains(NOT_TAKEN) { text.trim_start_matches("Internal error: ") } else { text };
    match text.split_once(REQUEST) {
        Some((text, _)) => {
            let text = text.trim_start_matches("Internal error: ").trim().trim_end_matches('.');
            format!("the engine cannot work this out; write the query in another way ({text})")
        }
        None => text.to_owned(),
    }
}

/// Without what helps nobody: the name of every column beside the one that was meant, the programmer's form of what was
/// written, each kind of argument that a function would have taken.
fn shortened(text: &str) -> String {
    let more = ["\nValid fields are ", "\nColumn names are case sensitive."];
    if let Some((head, _)) = more.iter().find_map(|more| text.split_once(more))
        && head.contains("Did you mean ")
    {
        return head.to_owned();
    }
    if text.contains("Cannot coerce arithmetic expression ") && text.contains("Utf8") {
        return "texts are not added or subtracted: cast(… as int) where every value is a number".to_owned();
    }
    if let Some((head, _)) = text.split_once(" is not valid Substring {") {
        return format!("{head} is not valid");
    }
    if let Some((head, errors)) = text.split_once(" failed to match any signature, errors: ") {
        let given = errors.rsplit_once("but received ").map_or(errors, |(_, given)| given);
        let given = given.split_once(" (DataType").map_or(given, |(kind, _)| kind);
        return format!("{head}{NOT_TAKEN}{given}");
    }
    // A division is planned as a function; the question has an operator, so the function is not named.
    if let Some((_, why)) = text.split_once(&format!("'{DIVIDED}' user-defined coercion failed with: ")) {
        return shortened(without_headings(why));
    }
    if let Some((_, hint)) = HINTS.iter().find(|(begins, _)| text.contains(begins)) {
        return (*hint).to_owned();
    }
    // The engine names the nearest of all its functions, however far that is.
    if let Some((head, meant)) = text.split_once(".\nDid you mean '")
        && let Some(written) =
            without_headings(head).strip_prefix("Invalid function '").and_then(|name| name.strip_suffix('\''))
        && nearest(written, std::iter::once(meant.trim_end_matches("'?"))).is_none()
    {
        return head.to_owned();
    }
    match text.split_once(" No function matches the given name and argument types") {
        Some((head, _)) => head.to_owned(),
        None => text.to_owned(),
    }
}

/// As [`said`], where an error is one of the engine's.
pub fn said_of(error: &(dyn Error + 'static)) -> Option<String> {
    error.downcast_ref().map(said)
}

fn without_headings(text: &str) -> &str {
    let mut text = text;
    while let Some(rest) = HEADINGS.iter().find_map(|heading| text.strip_prefix(heading)) {
        text = rest;
    }
    text
}

/// The innermost text of an error that was written for programmers: `ArrowError(CastError("…"), Some(""))`.
fn quoted(debug: &str) -> Option<String> {
    let start = debug.find("(\"")? + 2;
    let end = start + debug[start..].find("\")")?;
    Some(debug[start..end].replace("\\\"", "\"").replace("\\'", "'"))
}

#[cfg(test)]
mod tests {
    use arrow::error::ArrowError;

    use super::*;

    #[test]
    fn the_cause_is_said_once() {
        let overflow = ArrowError::ArithmeticOverflow("1 + 1 does not fit into bit".to_owned());
        let wrapped = DataFusionError::from(overflow).context("Optimizer rule 'simplify_expressions' failed");
        assert_eq!(said(&wrapped), "1 + 1 does not fit into bit");
        let plan = DataFusionError::Plan("no".to_owned()).context("type_coercion");
        assert_eq!(said(&plan), "no");
    }

    #[test]
    fn a_condition_in_a_file_is_said_as_itself() {
        let text = "Error evaluating filter predicate: ArrowError(CastError(\"Cannot cast string 'x'\"), Some(\"\"))";
        let judged = ArrowError::ComputeError(text.to_owned());
        assert_eq!(said(&DataFusionError::External(Box::new(judged))), "Cannot cast string 'x'");
    }

    #[test]
    fn what_helps_nobody_is_left_away() {
        let text = "Schema error: No field named x.valu. Did you mean 'x.value'?\nValid fields are x.a, x.value.";
        assert_eq!(shortened(text), "Schema error: No field named x.valu. Did you mean 'x.value'?");
        let text = "Function 'sum' failed to match any signature, errors: Error during planning: Function 'sum' requires \
                    Decimal, but received String (DataType: Utf8View).,Error during planning: Function 'sum' requires \
                    UInt64, but received String (DataType: Utf8View).";
        assert_eq!(shortened(text), "Function 'sum' does not take String");
        let text = "The function 'rank' expected zero argument but received 1. No function matches the given name and \
                    argument types 'rank(Int64)'. You might need to add explicit type casts.";
        assert_eq!(shortened(text), "The function 'rank' expected zero argument but received 1.");
        let far = "Invalid function 'lo_import'.\nDid you mean 'list_sort'?";
        assert_eq!(shortened(far), "Invalid function 'lo_import'");
        let near = "Invalid function 'lenght'.\nDid you mean 'length'?";
        assert_eq!(shortened(near), near);
        let text = "Cannot coerce arithmetic expression Utf8 - Int64 to valid types";
        assert!(shortened(text).starts_with("texts are not added or subtracted"));
        let text = "Physical plan does not support logical expression ScalarSubquery(<subquery>)";
        assert_eq!(shortened(text), AROUND);
        let text = "Cannot coerce arithmetic expression Date32 + Date32 to valid types";
        assert_eq!(shortened(text), NO_MOMENT);
        let text = "Function 'checked_divide' user-defined coercion failed with: Error during planning: Cannot coerce arithmetic \
                    expression Date32 / Int64 to valid types";
        assert_eq!(shortened(text), "Cannot coerce arithmetic expression Date32 / Int64 to valid types");
        let text = "Substring without for/from is not valid Substring { expr: Value(1), special: false }";
        assert_eq!(shortened(text), "Substring without for/from is not valid");
    }

    #[test]
    fn nobody_is_sent_to_the_makers_of_the_engine() {
        let said = said(&DataFusionError::Internal("a stream ended".to_owned()));
        assert_eq!(said, "the engine cannot work this out; write the query in another way (a stream ended)");
    }
}
