//! The aggregator: from the log to the lake, each event exactly once, by the tables and nothing else.
//!
//! [`machine`] decides, [`run`] carries out. Offsets live in the tables' own logs, committed with the rows; the
//! consumer group only settles who reads what. What becomes of a record is decided in `judge`.

mod adopt;
mod builders;
mod columns;
mod continuity;
mod flush;
mod judge;
mod lag;
pub mod machine;
mod metrics;
mod retention;
mod run;
mod state;
mod status;

pub use adopt::{Adoption, follow, plan_adoption};
pub use continuity::differences;
pub use judge::Counts;
pub use lag::{Lag, watch};
pub use metrics::Counters;
pub use retention::{Retained, retain};
pub use run::{Aggregator, AggregatorConfig, AggregatorError, FLUSH_AGE, FLUSH_BYTES, run};
pub use state::{Stored, start_of};
pub use status::Status;
