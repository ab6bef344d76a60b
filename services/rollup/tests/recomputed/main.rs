//! Q1: every published figure equals its recomputation from the raw events by another path.
//!
//! The other path is plain Rust, written from the roll-up rules of the design and not from the SQL: it knows no view.
//! Random histories report, revise, withdraw and repeat; catalogs move an area, correct a target, change a group, a
//! rounding rule and a denominator's date; the rows come in any order, and are asked as of any moment.

#[path = "../../../query/tests/asked/support.rs"]
#[allow(dead_code, reason = "shared with the tests of the views, which use more of it")]
mod support;

mod agrees;
mod history;
mod model;
mod targets;
mod world;
