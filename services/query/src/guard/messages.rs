//! What the engine says of a question that has no answer, for the person who asked.
//!
//! The engine's errors are chains of headings in its own terms (`Arrow error: Compute error: …`), one repeats the other,
//! and what it did not expect it asks to be told its makers. The asker is told the cause, once.

use std::error::Error;

use datafusion::error::DataFusionError;

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

/// How a request to tell the engine's makers begins.
const REQUEST: &str = "This issue was likely caused by";

/// The cause of an error of the engine.
pub fn said(error: &DataFusionError) -> String {
    let root = error.find_root();
    let text = root.strip_backtrace();
    if let Some(inner) = text.split_once(JUDGED).and_then(|(_, judged)| quoted(judged)) {
        return without_headings(&inner).to_owned();
    }
    let text = without_headings(&text);
    match text.split_once(REQUEST) {
        Some((text, _)) => {
            let text = text.trim_start_matches("Internal error: ").trim().trim_end_matches('.');
            format!("the engine cannot work this out; write the query in another way ({text})")
        }
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
    fn nobody_is_sent_to_the_makers_of_the_engine() {
        let said = said(&DataFusionError::Internal("a stream ended".to_owned()));
        assert_eq!(said, "the engine cannot work this out; write the query in another way (a stream ended)");
    }
}
