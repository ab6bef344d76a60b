//! The ingest service: takes reports over HTTP, checks all of them against the catalog, writes one record a submission
//! to the log and answers once the log has acknowledged it.
//!
//! Stateless: everything it knows stands in the catalog and the credentials file. A request is accepted as a whole or
//! refused as a whole, with every error of every row. What it refuses of a known sender goes, bounded, to the topic of
//! refusals.
//!
//! The path of a request: `accept` lets it in, `body` reads it, `judge` has `decode` (and `workbook`) turn bytes into
//! events, `check` judge each and `submission` write them in canonical form; `receive` appends and answers.

mod accept;
mod answer;
mod body;
mod charset;
mod check;
mod decode;
mod file;
mod judge;
mod kinds;
mod limits;
mod memory;
mod metrics;
mod openapi;
mod outcome;
mod own;
mod problems;
mod publish;
mod receive;
mod refusals;
mod routes;
mod submission;
mod template;
mod workbook;

use std::sync::Arc;

use helan_log::Log;
use helan_runtime::clock::Clock;
use helan_runtime::credentials::Credentials;
use helan_runtime::metrics::Metrics;
use helan_schemas::catalog::{Catalog, ReporterKind};

pub use answer::{Accepted, CharsetUsed, HowKnown, RepeatedCell, RepeatedCells, RowAt, TableRead};
pub use decode::headings::Lang;
pub use file::{FileChecked, FileContent, FileRefused, FileToCheck, check_file, source_of};
pub use limits::Limits;
pub use openapi::document;
pub use outcome::{Outcome, OutcomeAnswer, Outcomes};
pub use own::{Own, OwnFigure, OwnFigures};
pub use publish::{CatalogAnswer, LimitsAnswer};
pub use routes::{ready, reports, router};

/// What the service needs.
#[derive(Clone)]
pub struct Ingest {
    /// Where submissions go.
    pub log: Arc<dyn Log>,
    /// By what they are judged.
    pub catalog: Arc<Catalog>,
    /// Who may send.
    pub credentials: Credentials,
    /// Which reporters it serves: city, park or both.
    pub kinds: Vec<ReporterKind>,
    /// What time it is.
    pub clock: Clock,
    /// What a request may use.
    pub limits: Limits,
    /// Where it counts, served by `/metrics`; register it with one ingest a process.
    pub metrics: Metrics,
    /// What reporters have sent already, for their templates; without it templates leave these columns empty.
    pub own: Option<Arc<dyn Own>>,
    /// What becomes of what was sent, for senders who wait for it; without it answers do not wait.
    pub outcomes: Option<Arc<dyn Outcomes>>,
    /// What stands before `/v1/submissions/…` in answers: the query role's address, or nothing where both share one.
    pub status_base: String,
}
