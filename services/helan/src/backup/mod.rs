//! A copy of a data directory, taken while it is in use, and put back elsewhere.
//!
//! The order is what makes it right. The lake is copied first, each table at one version, then the log: the log's copy
//! then ends at or behind what the lake's copy has read, never before it, and has every record that was acknowledged
//! when the backup began. A lake ahead of its log would stop its partitions. Of the lake's tables those that name
//! others come first, so that no publication is without its values. What the log's retention dropped meanwhile would
//! be missing between the two; that is checked at the end.

mod check;
mod make;
mod manifest;
mod restore;
pub(crate) mod unfinished;

pub(crate) use make::{Sources, make, tidy};
pub(crate) use manifest::{MANIFEST, Manifest};
pub(crate) use restore::restore;
