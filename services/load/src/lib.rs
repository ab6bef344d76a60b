//! Invented feeds from any catalog, and the comparison of what was sent with what a lake holds. Pure: no I/O, no clock.
//!
//! Everything is a function of a [`Recipe`] and two numbers: the stream (one source of the catalog) and the submission's
//! number in it. So a ledger needs one short line a submission, and whoever reads it can write the same bytes again.
//!
//! [`feeds`] says what reporters may send, [`events`] writes one event, [`submissions`] puts events into submissions,
//! [`mistakes`] has those that are made in some of them, [`ledger`] is the format of what was acknowledged, [`tally`]
//! compares. [`nation`] makes a catalog that is larger than any here.

pub mod chance;
pub mod events;
pub mod feeds;
pub mod ledger;
pub mod mistakes;
pub mod nation;
pub mod recipe;
pub mod submissions;
pub mod tally;

pub use feeds::{Feed, feeds};
pub use ledger::{Header, Line, Outcome};
pub use mistakes::Mistake;
pub use recipe::{Ids, Length, Recipe, Share, Shares, Way};
pub use submissions::{Kind, Stream, Submission};
