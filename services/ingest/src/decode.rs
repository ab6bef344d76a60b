//! From bytes to events: JSON in four shapes and CSV. The fast path decodes borrowed structs; only when it fails is the
//! body looked at again, piece by piece, to name every row and field at fault.

mod binary;
mod csv;
mod fields;
pub(crate) mod headings;
mod json;
pub(crate) mod layout;
mod scan;
pub(crate) mod table;
pub(crate) mod title;
pub(crate) mod told;
pub(crate) mod typed;

pub(crate) use binary::Head;
pub(crate) use csv::read as read_csv;
pub(crate) use json::{Shape, read as read_json, read_binary};
pub(crate) use layout::is_heading;
