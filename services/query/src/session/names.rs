//! What a name means in a text: a table, a view, or the moments themselves.

use std::fmt;
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::common::{DataFusionError, Result};

use crate::session::pinned::Pinned;
use crate::session::scope::{KNOWLEDGE, Scope};

/// The names of tables and views, over one scope.
pub(crate) struct Names {
    scope: Weak<Scope>,
    /// Questions hold their scope; the texts of views are planned in a context that the scope itself holds.
    kept: Option<Arc<Scope>>,
}

impl Names {
    /// For the texts of a scope's views.
    pub(crate) fn of_views(scope: Weak<Scope>) -> Self {
        Self { scope, kept: None }
    }

    /// For questions.
    pub(crate) fn of_questions(scope: &Arc<Scope>) -> Self {
        Self { scope: Arc::downgrade(scope), kept: Some(scope.clone()) }
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").field("kept", &self.kept.is_some()).finish_non_exhaustive()
    }
}

#[async_trait]
impl SchemaProvider for Names {
    fn table_names(&self) -> Vec<String> {
        let Some(scope) = self.scope.upgrade() else { return Vec::new() };
        let mut names: Vec<String> = scope.pinned.tables.keys().cloned().collect();
        names.push(KNOWLEDGE.to_owned());
        names.extend(scope.pinned.views.all().map(|query| query.name.to_owned()));
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(scope) = self.scope.upgrade() else {
            return Err(DataFusionError::Internal("the session of this plan has ended".to_owned()));
        };
        if self.kept.is_none() {
            return Ok(scope.table(name));
        }
        // Who asks for a table of the lake gets that table.
        let leaf = || scope.pinned.tables.get(name).cloned().or_else(|| scope.table(name));
        Ok(scope.pinned.views.get(name).map(|query| scope.asked(query)).or_else(leaf))
    }

    fn table_exist(&self, name: &str) -> bool {
        let known = |pinned: &Pinned| pinned.tables.contains_key(name) || pinned.views.get(name).is_some();
        name == KNOWLEDGE || self.scope.upgrade().is_some_and(|scope| known(&scope.pinned))
    }
}
