//! The pairs of moments that were asked for last stay computed: whoever asks as of a day asks more than once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::common::Result;

use crate::session::scope::{Pinned, Scope};

/// Pairs of moments that stay computed: a question may compare two.
const PAIRS: usize = 2;

/// A session's scopes by their moments.
#[derive(Debug)]
pub(crate) struct Past {
    pub(crate) pinned: Arc<Pinned>,
    last: Mutex<VecDeque<Arc<Scope>>>,
}

impl Past {
    pub(crate) fn new(pinned: Arc<Pinned>) -> Arc<Self> {
        Arc::new(Self { pinned, last: Mutex::default() })
    }

    /// The scope of a pair of moments, in microseconds since the epoch.
    pub(crate) fn scope(&self, as_of: i64, recorded: i64) -> Result<Arc<Scope>> {
        let scope = self.pinned.scope(as_of, recorded)?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.retain(|other| !Arc::ptr_eq(other, &scope));
        // What was asked for last is likely to be asked for again, as long as there is room for it.
        last.truncate(if self.pinned.is_full() { 0 } else { PAIRS - 1 });
        last.push_front(scope.clone());
        Ok(scope)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use helan_schemas::catalog::Catalog;

    use crate::session::Session;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_computed_as_of_a_day_serves_the_next_question() {
        let now = 1_780_000_000_000_000;
        let session = Session::in_memory(Catalog::embedded().into(), BTreeMap::new(), now).expect("a session");
        let ask = async |day: &str| {
            let text = format!("select count(*) from current_values_as_of('{day}')");
            session.sql(&text).await.expect("planned").collect().await.expect("answered");
        };
        let computed = |day: &str| {
            let as_of = session.moment(day).expect("a day");
            let scope = session.0.pinned.scope(as_of, crate::views::as_of::EVERYTHING).expect("a scope");
            scope.computed().into_iter().any(|(view, _)| view == "current_values")
        };
        assert!(!computed("2019-08-30"));
        ask("2019-08-30").await;
        assert!(computed("2019-08-30"));
        ask("2020-08-30").await;
        assert!(computed("2019-08-30") && computed("2020-08-30"), "a question may compare two");
        ask("2021-08-30").await;
        assert!(!computed("2019-08-30"), "what was asked for before them is given back");
    }
}
