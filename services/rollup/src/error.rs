//! What can go wrong with a roll-up.

use helan_lake::{CommitError, LakeError};
use helan_query::QueryError;

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum RollupError {
    /// The request cannot be read, or names something that does not exist; the text says what to write.
    #[error("{0}")]
    Asked(String),
    /// The session.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The engine.
    #[error("computing the answers: {0}")]
    Engine(#[from] datafusion::error::DataFusionError),
    /// The lake could not be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The lake could not be written; running again is harmless.
    #[error("publishing: {0}; running again is harmless")]
    Commit(#[from] CommitError),
}

impl From<arrow::error::ArrowError> for RollupError {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::Engine(error.into())
    }
}
