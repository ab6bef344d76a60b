//! How answers are written where people or spreadsheets read them.

pub(crate) mod csv;
pub(crate) mod digits;
