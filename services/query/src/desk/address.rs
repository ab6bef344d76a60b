//! The lake's address in texts: an asker is told nothing of where the lake lies on its machine.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use url::Url;

/// The lake's address, in the forms in which it comes up in texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Address(Vec<String>);

impl Address {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lake_is_not_placed_for_strangers() {
        let place = Address::of(&Url::parse("file:///srv/helan/data/lake/").expect("an address"));
        let plan = "files=[[srv/helan/data/lake/events/part-1.parquet]] of file:///srv/helan/data/lake/events";
        assert_eq!(place.shorten(plan), "files=[[events/part-1.parquet]] of events");
        let store = Address::of(&Url::parse("s3://bucket/prefix").expect("an address"));
        assert_eq!(store.shorten("s3://bucket/prefix/events: prefix/events/x"), "events: events/x");
    }
}
