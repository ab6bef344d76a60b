//! Q1: every published figure equals its recomputation from the raw events by another path.
//!
//! The other path is plain Rust, written from the roll-up rules of the design and not from the SQL: it knows no view.
//! Random histories report, revise, withdraw and repeat, on stated benchmarks and on the catalog's; catalogs move an area,
//! correct a target, a precedence and a term, change a group, a rounding rule, a link between benchmarks and a
//! denominator's date; the rows come in any order, and are asked as of any moment.

#[path = "../../../query/tests/asked/support.rs"]
#[allow(dead_code, reason = "shared with the tests of the views, which use more of it")]
mod support;

mod actuals;
mod agrees;
mod asking;
mod boundaries;
mod changes;
mod editions;
mod exported;
mod files;
mod folded;
mod found;
mod handed_on;
mod history;
mod judged;
mod labels;
mod model;
mod narrowed;
mod periods;
mod places;
mod printed;
mod ratios;
mod spans;
mod targets;
mod world;
