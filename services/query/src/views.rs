//! Views: their texts are planned and computed when they are first asked for, out of what a question needs.

pub(crate) mod arguments;
pub(crate) mod as_of;
pub(crate) mod late_bound;
pub(crate) mod narrow;
pub(crate) mod pieces;
pub(crate) mod planned;
pub(crate) mod row_numbers;
pub(crate) mod standing;
pub(crate) mod view;
