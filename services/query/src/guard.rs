//! What a question may do and use: statements that only read, texts and plans of bounded size, functions that are
//! looked at, arithmetic that fails rather than wraps, memory and scratch files; and what is said of one that may not.

pub(crate) mod arithmetic;
pub(crate) mod code_texts;
pub(crate) mod column_size;
pub(crate) mod expansion;
pub(crate) mod fits;
pub(crate) mod functions;
pub(crate) mod local_times;
pub(crate) mod memory;
pub(crate) mod messages;
pub(crate) mod moments;
pub(crate) mod multiplying;
pub(crate) mod nearest_name;
pub(crate) mod outer_joins;
pub(crate) mod passed_over;
pub(crate) mod plain_terms;
pub(crate) mod quotients;
pub(crate) mod reach;
pub(crate) mod read_only;
pub(crate) mod rounding;
pub(crate) mod scratch;
pub(crate) mod select_items;
pub(crate) mod simplified;
pub(crate) mod subqueries;
pub(crate) mod sums;
pub(crate) mod truths;
pub(crate) mod unions;
pub(crate) mod watch;
pub(crate) mod written_figures;
