//! A session: SQL, read only, over one pinned version of every table.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::prelude::SessionContext;
use helan_schemas::catalog::Catalog;
use helan_schemas::tables::Table;
use jiff::tz::TimeZone;

use crate::as_of::{AsOf, EVERYTHING};
use crate::describe::{self, TableDoc};
use crate::leaves::{self, Leaf};
use crate::moment::{self, MomentError};
use crate::scope::{self, Pinned, Scope};

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The text or the moment is wrong, or it would change something: for the asker to mend.
    #[error("{0}")]
    Asked(String),
    /// The engine or the lake failed.
    #[error(transparent)]
    Engine(#[from] DataFusionError),
    /// The lake cannot be read.
    #[error(transparent)]
    Lake(#[from] helan_lake::LakeError),
    /// The catalog cannot be used.
    #[error("the catalog cannot be used: {0}")]
    Catalog(String),
}

impl From<MomentError> for QueryError {
    fn from(error: MomentError) -> Self {
        Self::Asked(error.to_string())
    }
}

/// Which version of a table an answer comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The table.
    pub table: &'static str,
    /// Its version.
    pub version: u64,
}

/// SQL over one pinned version of every table. Cheap to open; nothing is planned before it is asked for.
pub struct Session {
    context: SessionContext,
    now: Arc<Scope>,
    pinned: Arc<Pinned>,
    leaves: Vec<Leaf>,
    versions: Vec<Version>,
    /// The scope that was asked last as of other moments: several questions in a row compute its views once.
    held: Mutex<Option<Arc<Scope>>>,
}

impl Session {
    /// A session over tables in memory; `now` is in microseconds since the epoch.
    ///
    /// # Errors
    /// [`QueryError`] where the batches do not have the tables' schemas, or the catalog names no time zone.
    pub fn in_memory(
        catalog: Arc<Catalog>,
        batches: BTreeMap<Table, Vec<RecordBatch>>,
        now: i64,
    ) -> Result<Self, QueryError> {
        let mut tables: BTreeMap<Table, Arc<dyn TableProvider>> = BTreeMap::new();
        for (table, mut batches) in batches {
            batches.push(RecordBatch::new_empty(table.schema()));
            tables.insert(table, Arc::new(scope::in_memory(batches)?));
        }
        Self::over(catalog, tables, Vec::new(), true, now)
    }

    /// A session over any providers; a table that is missing is empty.
    pub(crate) fn over(
        catalog: Arc<Catalog>,
        mut tables: BTreeMap<Table, Arc<dyn TableProvider>>,
        versions: Vec<Version>,
        small: bool,
        now: i64,
    ) -> Result<Self, QueryError> {
        let zone = TimeZone::get(&catalog.head.time_zone).map_err(|error| QueryError::Catalog(error.to_string()))?;
        let mut named: BTreeMap<String, Arc<dyn TableProvider>> = BTreeMap::new();
        for table in Table::ALL {
            let provider = match tables.remove(&table) {
                Some(provider) => provider,
                None => Arc::new(scope::in_memory(vec![RecordBatch::new_empty(table.schema())])?),
            };
            named.insert(table.name().to_owned(), provider);
        }
        let leaves = leaves::of_catalog(&catalog, &zone, moment::day_of(now, &zone));
        for leaf in &leaves {
            named.insert(leaf.name.to_owned(), Arc::new(scope::in_memory(vec![leaf.batch.clone()])?));
        }
        let pinned = Pinned::new(named, catalog, zone, small);
        let now = pinned.scope(now, EVERYTHING)?;
        let context = scope::context(now.names(), small);
        for query in helan_queries::all() {
            let function = AsOf { query, pinned: pinned.clone() };
            context.register_udtf(&format!("{}_as_of", query.name), Arc::new(function));
        }
        Ok(Self { context, now, pinned, leaves, versions, held: Mutex::default() })
    }

    /// Plans a query. It must not change anything: that is judged by the plan, not by the text.
    ///
    /// # Errors
    /// [`QueryError::Asked`] where the text is wrong or would change something.
    pub async fn sql(&self, text: &str) -> Result<DataFrame, QueryError> {
        let state = self.context.state();
        let plan = state.create_logical_plan(text).await.map_err(asked)?;
        let read_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        read_only.verify_plan(&plan).map_err(|error| {
            QueryError::Asked(format!("only queries are answered here, nothing is changed: {}", error.message()))
        })?;
        Ok(DataFrame::new(state, plan))
    }

    /// Plans and runs a query as of a pair of moments: its names mean the views at these moments.
    ///
    /// # Errors
    /// As [`Session::sql`].
    pub async fn sql_as_of(&self, text: &str, as_of: i64, recorded: Option<i64>) -> Result<DataFrame, QueryError> {
        let scope = self.pinned.scope(as_of, recorded.unwrap_or(EVERYTHING))?;
        let context = scope::context(scope.names(), self.pinned.small);
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(scope);
        let state = context.state();
        let plan = state.create_logical_plan(text).await.map_err(asked)?;
        Ok(DataFrame::new(state, plan))
    }

    /// Reads a moment as the table functions do: RFC 3339, or a date = the end of that day in the catalog's time zone.
    ///
    /// # Errors
    /// [`QueryError::Asked`] where it is neither.
    pub fn moment(&self, text: &str) -> Result<i64, QueryError> {
        Ok(moment::parse(text, &self.pinned.zone)?)
    }

    /// T of the names without `_as_of`: when the session was opened, microseconds since the epoch.
    pub fn now(&self) -> i64 {
        self.now.as_of
    }

    /// The catalog by which it answers.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.pinned.catalog
    }

    /// Which version of each table answers come from.
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// Every table, view and table function.
    pub fn tables(&self) -> Vec<TableDoc> {
        describe::all(&self.leaves)
    }

    /// One of them, by name.
    pub fn describe(&self, name: &str) -> Option<TableDoc> {
        let name = name.trim().split('(').next().unwrap_or_default().to_lowercase();
        self.tables().into_iter().find(|doc| doc.name == name)
    }
}

fn asked(error: DataFusionError) -> QueryError {
    match error {
        DataFusionError::Plan(_)
        | DataFusionError::SQL(..)
        | DataFusionError::SchemaError(..)
        | DataFusionError::Diagnostic(..)
        | DataFusionError::NotImplemented(_) => QueryError::Asked(error.strip_backtrace()),
        other => QueryError::Engine(other),
    }
}
