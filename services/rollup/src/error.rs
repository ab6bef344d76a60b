//! What can go wrong with a roll-up.

use datafusion::error::DataFusionError;
use helan_lake::{CommitError, LakeError};
use helan_query::QueryError;
use helan_query::desk::Unanswered;

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum RollupError {
    /// The request cannot be read, or names something that does not exist; the text says what to write.
    #[error("{0}")]
    Asked(String),
    /// What was asked for is held back.
    #[error(
        "publication {publication} is under embargo until {}; add --embargoed to export it earlier",
        helan_runtime::clock::rfc_3339(*until)
    )]
    Embargoed {
        /// The publication.
        publication: String,
        /// When the embargo ends, microseconds since the epoch.
        until: i64,
    },
    /// What answers rest on was found to be wrong, and has not been compared again yet.
    #[error(
        "publishing is stopped: an audit found {cells} cached cells that do not match the events \
         ({area} {indicator} {period} is one); it goes on once the rebuilt cells have been compared with the events: by \
         `helan maintain --audit`, or by the maintenance of `helan up`"
    )]
    Stopped {
        /// How many cells there were.
        cells: usize,
        /// The area of one of them.
        area: String,
        /// Its indicator.
        indicator: String,
        /// Its period.
        period: String,
    },
    /// What the answers rest on was found to be wrong meanwhile.
    #[error(
        "an audit found cached cells that do not match the events while the answers were computed: nothing was \
         published; run it again"
    )]
    Overtaken,
    /// The session.
    #[error(transparent)]
    Query(Box<QueryError>),
    /// A question was not answered.
    #[error(transparent)]
    Unanswered(Box<Unanswered>),
    /// A question cannot be worked out.
    #[error("computing the answers: {}", .0)]
    Failed(Box<Unanswered>),
    /// The engine.
    #[error("computing the answers: {}", helan_query::said(.0))]
    Engine(Box<DataFusionError>),
    /// The lake could not be read.
    #[error(transparent)]
    Lake(Box<LakeError>),
    /// The lake could not be written; running again is harmless.
    #[error("publishing: {0}; running again is harmless")]
    Commit(Box<CommitError>),
}

/// The sources are large, and most results are none of them: they are boxed.
macro_rules! boxed {
    ($($variant:ident from $source:ty),+) => {
        $(impl From<$source> for RollupError {
            fn from(error: $source) -> Self {
                Self::$variant(Box::new(error))
            }
        })+
    };
}

boxed!(Query from QueryError, Engine from DataFusionError, Lake from LakeError, Commit from CommitError);

impl From<Unanswered> for RollupError {
    fn from(why: Unanswered) -> Self {
        match why {
            Unanswered::Failed(_) | Unanswered::Memory(_) => Self::Failed(Box::new(why)),
            why => Self::Unanswered(Box::new(why)),
        }
    }
}

impl From<arrow::error::ArrowError> for RollupError {
    fn from(error: arrow::error::ArrowError) -> Self {
        DataFusionError::from(error).into()
    }
}
