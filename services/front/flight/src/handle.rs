//! What a client keeps between calls, sealed: its question, its owner, and the columns that were announced.

use std::hash::{DefaultHasher, Hash, Hasher};

use arrow::datatypes::Schema;
use arrow_flight::sql::{Any, ProstMessageExt, TicketStatementQuery};
use arrow_flight::{FlightInfo, Ticket};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use helan_query::desk::Question;
use helan_runtime::seal::Seal;
use prost::Message;
use serde::{Deserialize, Serialize};

use crate::bound;
use crate::caller::{Caller, moment};
use crate::problem::{Own, Problem};

/// A question as its client keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Handle {
    /// Names the question when its client asks to end it.
    pub(crate) id: String,
    credential: String,
    pub(crate) text: String,
    as_of: Option<String>,
    recorded: Option<String>,
    /// Bound values: a stream of Arrow, in base64.
    parameters: Option<String>,
    /// A digest of the columns that were announced.
    columns: Option<u64>,
}

impl Handle {
    /// A question of a caller, at the moments that its headers name.
    pub(crate) fn new(caller: &Caller, id: String, text: String) -> Self {
        let credential = caller.identity.credential.to_string();
        let (as_of, recorded) = (caller.as_of.clone(), caller.recorded.clone());
        Self { id, credential, text, as_of, recorded, parameters: None, columns: None }
    }

    /// The question that a caller has sent back. One that was made up, or given to another credential, is refused.
    pub(crate) fn open(seal: &Seal, sealed: &[u8], caller: &Caller) -> Result<Self, Problem> {
        let text = seal.open(sealed).ok_or(Own::Handle)?;
        let handle: Self = serde_json::from_slice(text).map_err(|_| Problem::from(Own::Handle))?;
        if handle.credential != *caller.identity.credential {
            return Err(Own::Handle.into());
        }
        Ok(handle)
    }

    pub(crate) fn close(&self, seal: &Seal) -> Result<Vec<u8>, Problem> {
        Ok(seal.close(&serde_json::to_vec(self).map_err(|error| Problem::found(Own::Message, error))?))
    }

    /// With values for its parameters.
    pub(crate) fn bound(mut self, values: &[u8]) -> Self {
        self.parameters = Some(BASE64.encode(values));
        self.columns = None;
        self
    }

    /// With the columns that are announced.
    pub(crate) fn announcing(mut self, schema: &Schema) -> Self {
        self.columns = Some(digest(schema));
        self
    }

    /// Whether an answer has the columns that were announced.
    pub(crate) fn announced(&self, schema: &Schema) -> bool {
        self.columns.is_none_or(|columns| columns == digest(schema))
    }

    /// As the desk is asked.
    pub(crate) fn question(&self) -> Result<Question, Problem> {
        let parameters = match &self.parameters {
            Some(text) => bound::values(&BASE64.decode(text).map_err(|error| Problem::found(Own::Parameter, error))?)?,
            None => Vec::new(),
        };
        let (as_of, recorded) = (moment(self.as_of.as_ref()), moment(self.recorded.as_ref()));
        Ok(Question { text: self.text.clone(), as_of, recorded, parameters, ..Question::default() })
    }

    /// The ticket by which its answer is fetched.
    pub(crate) fn ticket(&self, seal: &Seal) -> Result<Ticket, Problem> {
        let query = TicketStatementQuery { statement_handle: self.close(seal)?.into() };
        Ok(Ticket::new(query.as_any().encode_to_vec()))
    }

    /// The question that a client means by what it was told of it.
    pub(crate) fn of_info(seal: &Seal, info: &FlightInfo, caller: &Caller) -> Result<Self, Problem> {
        let ticket = info.endpoint.first().and_then(|endpoint| endpoint.ticket.as_ref()).ok_or(Own::Handle)?;
        let any = Any::decode(&*ticket.ticket).map_err(|_| Problem::from(Own::Handle))?;
        let query: Option<TicketStatementQuery> = any.unpack().map_err(|_| Problem::from(Own::Handle))?;
        Self::open(seal, &query.ok_or(Own::Handle)?.statement_handle, caller)
    }
}

fn digest(schema: &Schema) -> u64 {
    let mut hasher = DefaultHasher::new();
    schema.fields().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field};
    use helan_connections::Lang;
    use helan_runtime::credentials::{Identity, Role};

    use super::*;

    fn caller(id: &str) -> Caller {
        let identity = Identity { credential: id.into(), role: Role::Analyst, reporter: None };
        Caller { identity, lang: Lang::En, as_of: Some("2019-08-30".to_owned()), recorded: None }
    }

    #[test]
    fn a_handle_is_for_the_credential_that_it_was_given_to() {
        let seal = Seal::new().expect("chance");
        let schema = Schema::new(vec![Field::new("value", DataType::Decimal128(38, 10), true)]);
        let handle = Handle::new(&caller("bi"), "1".to_owned(), "select 1".to_owned()).announcing(&schema);
        let sealed = handle.close(&seal).expect("sealed");
        assert_eq!(Handle::open(&seal, &sealed, &caller("bi")).expect("its own"), handle);
        assert!(Handle::open(&seal, &sealed, &caller("other")).is_err(), "another's");
        let made_up = serde_json::to_vec(&handle).expect("JSON");
        assert!(Handle::open(&seal, &made_up, &caller("bi")).is_err(), "not sealed");
        assert!(Handle::open(&Seal::new().expect("chance"), &sealed, &caller("bi")).is_err(), "of another process");
        let info = FlightInfo::new()
            .with_endpoint(arrow_flight::FlightEndpoint::new().with_ticket(handle.ticket(&seal).expect("a ticket")));
        assert_eq!(Handle::of_info(&seal, &info, &caller("bi")).expect("its own").id, "1");
        let other = Schema::new(vec![Field::new("value", DataType::Decimal128(38, 9), true)]);
        assert!(handle.announced(&schema) && !handle.announced(&other));
        assert!(handle.bound(b"").announced(&other), "bound anew, it is announced anew");
    }
}
