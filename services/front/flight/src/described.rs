//! What a question would answer, found without asking it.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, SchemaRef};
use helan_query::desk::Unanswered;

use crate::Flight;
use crate::bound;
use crate::caller::Caller;
use crate::handle::Handle;
use crate::problem::Problem;
use crate::sent;

/// Columns and parameters of a question.
pub(crate) struct Described {
    pub(crate) columns: SchemaRef,
    pub(crate) parameters: BTreeMap<String, Option<DataType>>,
}

impl Flight {
    /// Columns of a question, as they are sent, and its parameters.
    pub(crate) async fn described(&self, caller: &Caller, handle: &Handle) -> Result<Described, Problem> {
        let credential = &caller.identity.credential;
        let question = handle.question()?;
        let unbound = question.parameters.is_empty();
        let described = match self.parts.desk.describe(credential, question.clone()).await {
            Ok(described) => described,
            // The text does not tell the types of its parameters; its client will.
            Err(why @ Unanswered::Invalid(_)) if unbound => {
                let parameters = bound::nulls(&handle.text);
                if parameters.is_empty() {
                    return Err(why.into());
                }
                let typed = helan_query::desk::Question { parameters, ..question };
                self.parts.desk.describe(credential, typed).await.map_err(|_| why)?
            }
            Err(why) => return Err(why.into()),
        };
        Ok(Described { columns: sent::schema(&described.schema), parameters: described.parameters })
    }
}
