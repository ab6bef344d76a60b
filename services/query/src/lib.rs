//! SQL over one pinned version of every table: sessions, views, "as of" table functions, receipts and status.
//!
//! A [`Session`] offers the lake's tables, the catalog's, and every view of `queries/` by name; each view that depends
//! on knowledge also as a table function `NAME_as_of(known [, recorded])`. Nothing is planned before it is asked for.

mod catalog_tables;
pub mod desk;
mod dialect;
mod format;
mod guard;
pub mod http;
mod session;
mod views;

pub use catalog_tables::versions::{KeptCatalog, catalog_in_use, kept_catalogs};
pub use dialect::says_zone;
pub use format::csv::for_csv;
pub use format::digits::{is_exact, json_lines, literal, without_zeros};
pub use guard::expansion::{Beyond, Bound};
pub use guard::memory::BoundedPool;
pub use guard::messages::{said, said_of};
pub use guard::watch::Watch;
pub use session::describe::{ColumnDoc, TableDoc};
pub use session::moment::MomentError;
pub use session::offered::{Beside, Made, Offered};
pub use session::pin::pin;
pub use session::pinned::Budget;
pub use session::reuse::{Current, Sessions};
pub use session::{QueryError, Question, Session, Terms, Version};
pub use views::planned::Plans;
pub use views::standing::{audit, basis_edges, fold};
