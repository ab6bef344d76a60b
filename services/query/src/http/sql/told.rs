//! What an asker is told: whose mistake an error is, and nothing of where the lake lies on its machine.

use std::error::Error;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use helan_schemas::refusal::Code;
use url::Url;

use crate::http::refuse::Refusal;
use crate::said::said;
use crate::session::QueryError;

/// The lake's address, in the forms in which it comes up in texts.
#[derive(Clone, Debug)]
pub(super) struct Place(Vec<String>);

impl Place {
    pub(super) fn of(lake: &Url) -> Self {
        let folder = format!("{}/", lake.as_str().trim_end_matches('/'));
        let path = format!("{}/", lake.path().trim_end_matches('/'));
        let plain = lake.to_file_path().map(|path| format!("{}/", path.display().to_string().trim_end_matches('/')));
        let mut forms = vec![folder, path.clone()];
        forms.extend(plain);
        // Stores name their files without the first slash.
        let bare: Vec<_> = forms.iter().map(|form| form.trim_start_matches('/').to_owned()).collect();
        forms.extend(bare);
        forms.retain(|form| form.len() > 1);
        Self(forms)
    }

    /// A text with the lake's files named from the lake's folder.
    pub(super) fn shorten(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, form| text.replace(form.as_str(), ""))
    }

    /// What `explain` answers, shortened; other batches as they are.
    pub(super) fn shorten_plan(&self, batch: RecordBatch) -> Result<RecordBatch, ArrowError> {
        let schema = batch.schema();
        let names: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        if names != ["plan_type", "plan"] {
            return Ok(batch);
        }
        let plans = cast(batch.column(1), &DataType::Utf8)?;
        let plans = plans.as_string::<i32>().iter().map(|plan| plan.map(|plan| self.shorten(plan)));
        let plans: ArrayRef = Arc::new(plans.collect::<StringArray>());
        let plans = cast(&plans, schema.field(1).data_type())?;
        RecordBatch::try_new(schema.clone(), vec![batch.column(0).clone(), plans])
    }

    pub(super) fn refusal(&self, error: QueryError) -> Refusal {
        match error {
            QueryError::Asked(why) => Refusal::found(Code::SqlInvalid, self.shorten(&why)),
            QueryError::ReadOnly(what) => Refusal::found(Code::SqlNotReadOnly, what),
            QueryError::Statements(count) => Refusal::found(Code::SqlStatements, count),
            QueryError::Beyond(beyond) => Refusal::beyond(beyond),
            QueryError::Engine(error) => self.engine(&error),
            other => Refusal::unavailable(other),
        }
    }

    /// What the engine says while it plans or runs: the asker's, if it follows from the question.
    pub(super) fn engine(&self, error: &DataFusionError) -> Refusal {
        let text = self.shorten(&said(error));
        match cause(error) {
            Cause::Memory => Refusal::found(Code::SqlMemoryLimit, text),
            Cause::Lake => Refusal::unavailable(error),
            Cause::Text => Refusal::found(Code::SqlFailed, text),
            Cause::Unknown => {
                tracing::warn!(%error, "a query failed in the engine");
                Refusal::found(Code::SqlFailed, text)
            }
        }
    }
}

/// Where an error comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// The text asks for more memory than there is.
    Memory,
    /// The text asks for what cannot be worked out.
    Text,
    /// A file cannot be read.
    Lake,
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
            Some(ArrowError::IoError(..)) => return Cause::Lake,
            _ => {}
        }
        if error.is::<std::io::Error>() {
            return Cause::Lake;
        }
        next = error.source();
    }
    match error.find_root() {
        _ if of_a_file => Cause::Lake,
        DataFusionError::External(_) | DataFusionError::Internal(_) => Cause::Unknown,
        _ => Cause::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lake_is_not_placed_for_strangers() {
        let place = Place::of(&Url::parse("file:///srv/helan/data/lake/").expect("an address"));
        let plan = "files=[[srv/helan/data/lake/events/part-1.parquet]] of file:///srv/helan/data/lake/events";
        assert_eq!(place.shorten(plan), "files=[[events/part-1.parquet]] of events");
        let store = Place::of(&Url::parse("s3://bucket/prefix").expect("an address"));
        assert_eq!(store.shorten("s3://bucket/prefix/events: prefix/events/x"), "events: events/x");
    }

    #[test]
    fn a_condition_that_fails_while_a_file_is_read_is_the_texts() {
        let regex = ArrowError::ComputeError("Error evaluating filter predicate: regex too big".to_owned());
        let wrapped = DataFusionError::External(Box::new(DataFusionError::ArrowError(Box::new(regex), None)));
        assert_eq!(cause(&wrapped), Cause::Text);
        let memory = "Error evaluating filter predicate: ResourcesExhausted(\"repeat would make\")".to_owned();
        assert_eq!(cause(&DataFusionError::from(ArrowError::ComputeError(memory))), Cause::Memory);
        let gone = std::io::Error::from(std::io::ErrorKind::NotFound);
        assert_eq!(cause(&DataFusionError::External(Box::new(gone))), Cause::Lake);
        assert_eq!(cause(&DataFusionError::Internal("?".to_owned())), Cause::Unknown);
    }
}
