//! What stands of each cell: the newest statement of each kind, out of any number of statements.
//!
//! A cell is an area, an indicator and a period. Which of its statements counts depends on the catalog (who comes first,
//! which benchmark is meant); whatever that says, it is the newest of its reporter, release and benchmark. So of all
//! statements those are kept, with how many there were, and every answer about the present follows from them. This is
//! the view `standing` in Rust: `queries/sql/statements/standing.sql` says the same, slowly, and a test compares the two.

mod audit;
mod by_cell;
mod difference;
mod fold;
mod folder;
mod gather;
mod history;
mod prepared;
mod reduce;
mod runs;
mod state;
mod statements;
#[cfg(test)]
pub(crate) mod tests;

pub use audit::{Audit, audit};
pub use difference::{Difference, difference};
pub use fold::{Report, WORTH_FOLDING, fold};
pub use gather::{Folded, Sources, Standing, Terms};
pub use prepared::{Prepared, standing};
pub use reduce::Reducer;
pub use state::{Counts, State};
pub use statements::{Reading, statements};

/// Columns that say which kind of statement of which cell a row is, in the order by which rows are sorted; after them
/// come whether it was withdrawn and whether it has a value.
pub(crate) const KINDS: [&str; 9] =
    ["indicator", "period_end", "time_period", "ref_area", "reporter", "vintage", "edition", "basis", BASIS_EPOCH];
/// When a statement was withdrawn; null = it stands.
pub const WITHDRAWN_AT: &str = "withdrawn_at";
/// How many of the days on which the catalog reads its indicator's benchmark otherwise lay before it became known.
pub const BASIS_EPOCH: &str = "basis_epoch";
/// How many statements of its kind there were.
pub const STATEMENTS: &str = "statements";
/// When the first of them was received.
pub const FIRST_RECEIVED_AT: &str = "first_received_at";
/// Later than anything a lake can hold, in microseconds since the epoch: 9999-12-31.
pub const EVERYTHING: i64 = 253_370_764_800_000_000;
