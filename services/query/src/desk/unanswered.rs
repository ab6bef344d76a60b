//! Why a question has no answer: one enum for every front end. Each kind has its code of ERRORS.md, and nothing that is
//! said tells where the lake lies on its machine.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use helan_runtime::chinese::in_chinese;
use helan_schemas::refusal::Code;
use tokio::task::JoinError;

use super::address::Address;
use crate::guard::expansion::Beyond;
use crate::guard::messages::said;
use crate::session::QueryError;
use crate::session::moment::MomentError;

/// Why a question has no answer, or an answer broke off.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unanswered {
    /// The credential has as many questions under way as it may have; asking later helps.
    #[error("{}", self.told())]
    TooMany,
    /// All places are taken; asking later helps.
    #[error("{}", self.told())]
    Busy,
    /// The text is too long; its bytes.
    #[error("{}", self.told())]
    TooLong(usize),
    /// T or R cannot be read.
    #[error(transparent)]
    Moment(MomentError),
    /// The text cannot be planned.
    #[error("{0}")]
    Invalid(String),
    /// It would change something, read a file or touch the session; which statement.
    #[error("{}", QueryError::ReadOnly(.0.clone()))]
    ReadOnly(String),
    /// One statement is expected; how many there are.
    #[error("{}", QueryError::Statements(*.0))]
    Statements(usize),
    /// The text is too large once views and `with` are expanded.
    #[error(transparent)]
    Beyond(Beyond),
    /// It took longer than the limit.
    #[error("{}", self.told())]
    Time(Duration),
    /// It has more rows than the limit.
    #[error("{}", self.told())]
    Rows(u64),
    /// It has more bytes than the limit.
    #[error("{}", self.told())]
    Bytes(u64),
    /// It takes more memory than there is for it.
    #[error("{0}")]
    Memory(String),
    /// It cannot be worked out: a number too large, a text that is no date.
    #[error("{0}")]
    Failed(String),
    /// The lake cannot be read now.
    #[error(transparent)]
    Unavailable(Arc<QueryError>),
    /// It was ended from elsewhere, or its process is ending.
    #[error("{}", self.told())]
    Ended,
}

macro_rules! codes {
    ($($kinds:pat => $code:ident,)+) => {
        /// Its code of ERRORS.md.
        pub fn code(&self) -> Code {
            match self { $($kinds => Code::$code,)+ }
        }

        /// Every code that one can have: a front end has a status for each.
        pub const CODES: &'static [Code] = &[$(Code::$code),+];
    };
}

impl Unanswered {
    /// The meaning of its code, with what was found.
    fn told(&self) -> String {
        let (meaning, (_, found)) = (self.code().meaning_en(), self.found());
        if found.is_empty() { meaning.to_owned() } else { format!("{meaning}: {found}") }
    }

    codes! {
        Self::TooMany => SqlTooMany,
        Self::Busy => SqlBusy,
        Self::TooLong(_) => SqlTooLong,
        Self::Moment(_) => AsOfInvalid,
        Self::Invalid(_) => SqlInvalid,
        Self::ReadOnly(_) => SqlNotReadOnly,
        Self::Statements(_) => SqlStatements,
        Self::Beyond(_) => SqlTooLarge,
        Self::Time(_) => SqlTimeLimit,
        Self::Rows(_) | Self::Bytes(_) => SqlResultLimit,
        Self::Memory(_) => SqlMemoryLimit,
        Self::Failed(_) => SqlFailed,
        Self::Unavailable(_) | Self::Ended => LakeUnavailable,
    }

    /// Details in Chinese and English, beside the code's own words; may be empty.
    pub fn found(&self) -> (String, String) {
        let found = match self {
            Self::TooMany | Self::Busy | Self::Unavailable(_) | Self::Ended => String::new(),
            Self::TooLong(length) => format!("{length} > {}", super::SqlLimits::TEXT),
            Self::Moment(why) => why.to_string(),
            Self::Invalid(text) | Self::ReadOnly(text) | Self::Memory(text) | Self::Failed(text) => text.clone(),
            Self::Statements(count) => count.to_string(),
            Self::Time(most) => format!("{most:?}"),
            Self::Rows(most) => format!("> {most} rows"),
            Self::Bytes(most) => format!("> {most} bytes"),
            Self::Beyond(Beyond { bound, found }) => {
                let say = |sentence: &str, open: &str, close: &str| {
                    format!("{sentence}{open}{found} > {}{close}", bound.most())
                };
                return (say(bound.zh(), "（", "）"), say(bound.en(), " (", ")"));
            }
        };
        (in_chinese(&found), found)
    }

    pub(super) fn of(error: QueryError, address: &Address) -> Self {
        match error {
            QueryError::Asked(why) => Self::Invalid(address.shorten(&why)),
            QueryError::ReadOnly(what) => Self::ReadOnly(what),
            QueryError::Statements(count) => Self::Statements(count),
            QueryError::Beyond(beyond) => Self::Beyond(beyond),
            QueryError::Engine(error) => Self::of_engine(error, address),
            other => Self::Unavailable(Arc::new(other)),
        }
    }

    /// What came to an end by a fault of the program: no thread may be left without an answer.
    pub(super) fn fault() -> Self {
        Self::Failed(FAULT.to_owned())
    }

    /// What the engine says while it plans or runs: the asker's, if it follows from the question.
    pub(super) fn of_engine(error: DataFusionError, address: &Address) -> Self {
        let text = address.shorten(&said(&error));
        match cause(&error) {
            // What it is, the refusal says itself.
            Cause::Memory => Self::Memory(text.replace("Resources exhausted: ", "")),
            Cause::Scratch => Self::Memory(NO_SCRATCH.to_owned()),
            Cause::Lake => Self::Unavailable(Arc::new(error.into())),
            Cause::Text if is_of_planning(&error) => Self::Invalid(text),
            Cause::Text => Self::Failed(text),
            Cause::Fault => {
                tracing::error!(%error, "a question met a fault of this program");
                Self::fault()
            }
            Cause::Unknown => {
                tracing::warn!(%error, "a query failed in the engine");
                Self::Failed(text)
            }
        }
    }
}

/// What is told where a question met a fault.
const FAULT: &str =
    "a fault of this program, not of the question. Ask in another way, and tell the operator: the log says more";
/// What is told where the scratch files are full.
const NO_SCRATCH: &str =
    "what it sorts or groups fits neither into its memory nor on the disk for queries (--sql-scratch)";

/// Where an error comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// The text asks for more memory than there is.
    Memory,
    /// What the text asks for needs more disk than there is for it; reading a lake writes nothing.
    Scratch,
    /// The text asks for what cannot be worked out.
    Text,
    /// A file cannot be read.
    Lake,
    /// A thread of the engine broke.
    Fault,
    Unknown,
}

/// Goes through the whole chain: a condition that is judged while a file is read fails as an error of that file.
fn cause(error: &DataFusionError) -> Cause {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    let mut of_a_file = false;
    while let Some(error) = next {
        if let Some(ArrowError::ComputeError(text)) = error.downcast_ref()
            && text.contains("ResourcesExhausted(")
        {
            // A condition that is judged while a file is read: its error is kept as text.
            return Cause::Memory;
        }
        match error.downcast_ref() {
            Some(DataFusionError::ResourcesExhausted(_)) => return Cause::Memory,
            Some(DataFusionError::ParquetError(_) | DataFusionError::ObjectStore(_) | DataFusionError::IoError(_)) => {
                of_a_file = true;
            }
            _ => {}
        }
        match error.downcast_ref() {
            Some(
                ArrowError::ComputeError(_)
                | ArrowError::CastError(_)
                | ArrowError::ParseError(_)
                | ArrowError::DivideByZero
                | ArrowError::ArithmeticOverflow(_)
                | ArrowError::InvalidArgumentError(_)
                | ArrowError::NotYetImplemented(_),
            ) => return Cause::Text,
            Some(ArrowError::IoError(_, error)) => return of_file(error),
            _ => {}
        }
        if error.downcast_ref().is_some_and(JoinError::is_panic) {
            return Cause::Fault;
        }
        if let Some(error) = error.downcast_ref() {
            return of_file(error);
        }
        next = error.source();
    }
    match error.find_root() {
        _ if of_a_file => Cause::Lake,
        DataFusionError::External(_) | DataFusionError::Internal(_) => Cause::Unknown,
        _ => Cause::Text,
    }
}

/// Whether the text cannot be planned: types that do not fit and parameters without a value are found by the engine only when
/// it begins to run.
fn is_of_planning(error: &DataFusionError) -> bool {
    match error.find_root() {
        DataFusionError::Plan(_) | DataFusionError::SchemaError(..) => true,
        DataFusionError::Execution(text) => text.starts_with("Placeholder '"),
        _ => false,
    }
}

fn of_file(error: &io::Error) -> Cause {
    // The engine's words where its own bound is reached.
    let is_full = error.kind() == io::ErrorKind::StorageFull || error.to_string().contains("max_temp_directory_size");
    if is_full { Cause::Scratch } else { Cause::Lake }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_fails_while_a_file_is_read_is_the_texts() {
        let regex = ArrowError::ComputeError("Error evaluating filter predicate: regex too big".to_owned());
        let wrapped = DataFusionError::External(Box::new(DataFusionError::ArrowError(Box::new(regex), None)));
        assert_eq!(cause(&wrapped), Cause::Text);
        let memory = "Error evaluating filter predicate: ResourcesExhausted(\"repeat would make\")".to_owned();
        assert_eq!(cause(&DataFusionError::from(ArrowError::ComputeError(memory))), Cause::Memory);
        let gone = io::Error::from(io::ErrorKind::NotFound);
        assert_eq!(cause(&DataFusionError::External(Box::new(gone))), Cause::Lake);
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(cause(&DataFusionError::IoError(full)), Cause::Scratch);
        assert_eq!(cause(&DataFusionError::Internal("?".to_owned())), Cause::Unknown);
    }

    #[test]
    fn what_cannot_be_planned_is_told_from_what_fails_while_it_runs() {
        let code = |error: DataFusionError| Unanswered::of_engine(error, &Address::default()).code();
        let kinds = DataFusionError::Plan("Cannot infer common argument type".to_owned()).context("type_coercion");
        assert_eq!(code(kinds), Code::SqlInvalid);
        let unbound = "Placeholder '$1' was not provided a value for execution.".to_owned();
        assert_eq!(code(DataFusionError::Execution(unbound)), Code::SqlInvalid);
        assert_eq!(code(DataFusionError::from(ArrowError::DivideByZero)), Code::SqlFailed);
    }
}
