//! SQL over one pinned version of every table: sessions, views, "as of" table functions, receipts and status.
//!
//! A [`Session`] offers the lake's tables, the catalog's, and every view of `queries/` by name; each view that depends
//! on knowledge also as a table function `NAME_as_of(known [, recorded])`. Nothing is planned before it is asked for.

mod arguments;
mod as_of;
mod below;
mod beside;
mod both;
mod bounded;
mod bounds;
mod checked;
mod csv;
mod describe;
pub mod desk;
mod digits;
mod due;
mod expansion;
mod functions;
pub mod http;
mod kept;
mod leaves;
mod meant;
mod moment;
mod narrow;
mod open;
mod pieces;
mod pool;
mod read_only;
mod reuse;
mod said;
mod scope;
mod session;
mod standing;
mod substituted;
mod sums;
mod texts;
mod unions;
mod view;
mod watch;

pub use beside::{Beside, Made, Offered};
pub use csv::for_csv;
pub use describe::{ColumnDoc, TableDoc};
pub use digits::{is_exact, json_lines, without_zeros};
pub use expansion::{Beyond, Bound};
pub use kept::{KeptCatalog, catalog_in_use, kept_catalogs};
pub use moment::MomentError;
pub use open::pin;
pub use pool::BoundedPool;
pub use reuse::{Current, Sessions};
pub use said::{said, said_of};
pub use scope::Budget;
pub use session::{QueryError, Question, Session, Terms, Version};
pub use standing::{audit, basis_edges, fold};
pub use watch::Watch;
