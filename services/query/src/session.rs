//! A session: SQL, read only, over one pinned version of every table.

pub(crate) mod answered;
mod asking;
pub(crate) mod context;
pub(crate) mod describe;
pub(crate) mod hidden;
pub(crate) mod kept;
pub(crate) mod local_date;
pub(crate) mod moment;
mod names;
pub(crate) mod news;
pub(crate) mod offered;
pub(crate) mod past;
pub(crate) mod pin;
pub(crate) mod pinned;
pub(crate) mod reuse;
pub(crate) mod scope;
pub(crate) mod up_to;
pub(crate) mod with_unsent;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use helan_lake::cells::Sources;
use helan_schemas::catalog::Catalog;
use helan_schemas::tables::Table;
use jiff::tz::TimeZone;

use self::answered::OfPiece;
pub use self::asking::{Question, Terms};
use self::describe::TableDoc;
use self::hidden::{Hidden, WeakHidden};
use self::moment::MomentError;
use self::news::{OfMoments, OfPart};
use self::past::Past;
use self::pinned::{Budget, Pinned};
use self::scope::Scope;
use crate::catalog_tables::{self, Leaf};
use crate::guard::expansion::Beyond;
use crate::guard::messages::said;
use crate::views::as_of::{AsOf, EVERYTHING};

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The text or the moment is wrong; the asker can correct it.
    #[error("{0}")]
    Asked(String),
    /// A statement that would change something, read a file or touch the session; which one.
    #[error("only queries are allowed here; {0} is refused")]
    ReadOnly(String),
    /// One statement is expected; how many there are.
    #[error("send one statement at a time; found {0}")]
    Statements(usize),
    /// The text is too large once views and `with` are expanded.
    #[error(transparent)]
    Beyond(#[from] Beyond),
    /// The engine or the lake failed.
    #[error("{}", said(.0))]
    Engine(DataFusionError),
    /// The lake cannot be read.
    #[error(transparent)]
    Lake(#[from] helan_lake::LakeError),
    /// The catalog cannot be used.
    #[error("the catalog cannot be used: {0}")]
    Catalog(String),
}

impl From<DataFusionError> for QueryError {
    fn from(error: DataFusionError) -> Self {
        Self::Engine(error)
    }
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

/// SQL over one pinned version of every table. Cheap to open; nothing is planned before it is asked for. Clones share
/// what it has computed.
#[derive(Clone)]
pub struct Session(Hidden<Inner>);

struct Inner {
    context: SessionContext,
    now: Arc<Scope>,
    pinned: Arc<Pinned>,
    past: Arc<Past>,
    leaves: Vec<Leaf>,
    versions: Vec<Version>,
}

/// A weak reference to a session.
pub(crate) struct Ended(WeakHidden<Inner>);

impl Session {
    /// Itself, without keeping it.
    pub(crate) fn downgrade(&self) -> Ended {
        Ended(self.0.downgrade())
    }

    /// Whether the reference is to this session.
    pub(crate) fn is(&self, other: &Ended) -> bool {
        self.0.is(&other.0)
    }

    /// Takes over what another session's views have computed, as far as it does not rest on tables that have changed;
    /// false where they answer by different catalogs.
    pub(crate) fn take_over(&self, before: &Self, changed: &BTreeSet<Table>) -> bool {
        let same = self.catalog().digest == before.catalog().digest;
        if same {
            self.0.now.take_over(&before.0.now, changed);
        }
        same
    }

    /// Of how many parts of the statements it keeps what views have computed, as of its own T.
    pub fn parts(&self) -> usize {
        self.of_parts().len()
    }

    /// As of how many pairs of past moments it keeps what views have computed.
    pub fn moments(&self) -> usize {
        self.of_past().iter().filter(|of| !of.is_empty()).count()
    }

    /// Of how many pieces it keeps what questions got, as of its own T.
    pub fn pieces(&self) -> usize {
        self.of_pieces().len()
    }

    /// What its views have computed of parts of the statements, as of its own T.
    pub(crate) fn of_parts(&self) -> Vec<OfPart> {
        self.0.now.of_parts()
    }

    /// What questions got of pieces of the statements, as of its own T.
    pub(crate) fn of_pieces(&self) -> Vec<Arc<OfPiece>> {
        self.0.now.answered.all()
    }

    /// Takes over what a session before it has computed of parts of which no statement has come since, and what questions got of such
    /// pieces, as far as it does not rest on other tables that have changed.
    pub(crate) fn take_over_parts(&self, parts: Vec<OfPart>, pieces: Vec<Arc<OfPiece>>, changed: &BTreeSet<Table>) {
        parts.into_iter().for_each(|of_part| self.0.now.take_over_part(of_part, changed));
        self.0.now.answered.take_over(pieces, changed);
    }

    /// What was computed for the pairs of moments that were asked for last.
    pub(crate) fn of_past(&self) -> Vec<OfMoments> {
        self.0.past.computed()
    }

    /// Takes over what a session before it has computed as of moments that nothing that has come since was known at, as far as it does
    /// not rest on other tables that have changed.
    pub(crate) fn take_over_past(&self, past: Vec<OfMoments>, changed: &BTreeSet<Table>) -> Result<(), QueryError> {
        Ok(self.0.past.take_over(past, changed)?)
    }

    /// Everything as of its own T.
    #[cfg(test)]
    pub(crate) fn scope(&self) -> &Arc<Scope> {
        &self.0.now
    }

    /// The views of which it has the rows.
    #[cfg(test)]
    pub(crate) fn computed(&self) -> BTreeSet<&'static str> {
        self.0.now.computed().into_iter().map(|(name, _)| name).collect()
    }

    /// A session over tables in memory; `now` is in microseconds since the epoch.
    ///
    /// # Errors
    /// [`QueryError`] where the batches do not have the tables' schemas, or the catalog names no time zone.
    pub fn in_memory(
        catalog: Arc<Catalog>,
        batches: BTreeMap<Table, Vec<RecordBatch>>,
        now: i64,
    ) -> Result<Self, QueryError> {
        Self::in_memory_within(catalog, batches, now, Budget::default())
    }

    /// As [`Session::in_memory`]; what its views may use is `budget`.
    ///
    /// # Errors
    /// As [`Session::in_memory`].
    pub fn in_memory_within(
        catalog: Arc<Catalog>,
        batches: BTreeMap<Table, Vec<RecordBatch>>,
        now: i64,
        budget: Budget,
    ) -> Result<Self, QueryError> {
        let events = batches.get(&Table::Events).into_iter().flatten();
        let small = events.map(RecordBatch::num_rows).sum::<usize>() < budget.few;
        let mut tables: BTreeMap<Table, Arc<dyn TableProvider>> = BTreeMap::new();
        for (table, mut batches) in batches {
            batches.push(RecordBatch::new_empty(table.schema()));
            tables.insert(table, Arc::new(scope::in_memory(batches)?));
        }
        Self::over(catalog, tables, None, Vec::new(), small, now, budget)
    }

    /// A session over any providers; a table that is missing is empty. Statements come from `statements`, or else from
    /// the table `events`.
    pub(crate) fn over(
        catalog: Arc<Catalog>,
        mut tables: BTreeMap<Table, Arc<dyn TableProvider>>,
        statements: Option<Sources>,
        versions: Vec<Version>,
        small: bool,
        now: i64,
        budget: Budget,
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
        let statements = match (statements, named.get(Table::Events.name())) {
            (Some(statements), _) => statements,
            (None, Some(events)) => Sources { events: events.clone(), folded: None },
            (None, None) => return Err(DataFusionError::Internal("a session has events".to_owned()).into()),
        };
        let leaves = catalog_tables::of_catalog(&catalog, &zone, moment::day_of(now, &zone));
        for leaf in &leaves {
            named.insert(leaf.name.to_owned(), Arc::new(scope::in_memory(vec![leaf.batch.clone()])?));
        }
        let pinned = Pinned::new(named, statements, catalog, zone, small, budget);
        let now = pinned.scope(now, EVERYTHING)?;
        let past = Past::new(pinned.clone());
        let context = asked_in(&now, &past);
        Ok(Self(Hidden::new(Inner { context, now, pinned, past, leaves, versions })))
    }

    /// Reads a moment as the table functions do: RFC 3339, or a date = the end of that day in the catalog's time zone.
    ///
    /// # Errors
    /// [`QueryError::Asked`] where it is neither.
    pub fn moment(&self, text: &str) -> Result<i64, QueryError> {
        Ok(moment::parse(text, &self.0.pinned.zone)?)
    }

    /// T of the names without `_as_of`: when the session was opened, microseconds since the epoch.
    pub fn now(&self) -> i64 {
        self.0.now.as_of
    }

    /// The catalog's time zone.
    pub(crate) fn zone(&self) -> &TimeZone {
        &self.0.pinned.zone
    }

    /// The catalog by which it answers.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.0.pinned.catalog
    }

    /// Which version of each table answers come from.
    pub fn versions(&self) -> &[Version] {
        &self.0.versions
    }

    /// Every table, view and table function.
    pub fn tables(&self) -> Vec<TableDoc> {
        describe::all(&self.0.pinned.views, &self.0.leaves)
    }

    /// One of them, by name.
    pub fn describe(&self, name: &str) -> Option<TableDoc> {
        let name = name.trim().split('(').next().unwrap_or_default().to_lowercase();
        self.tables().into_iter().find(|doc| doc.name == name)
    }
}

/// A context for questions: names mean a scope's views, and every view is there at other moments too.
fn asked_in(scope: &Arc<Scope>, past: &Arc<Past>) -> SessionContext {
    // What is written without a zone, and what is now, counts where people live.
    let zone = &scope.pinned.catalog.head.time_zone;
    let size = context::Size { small: scope.pinned.small, in_one: scope.pinned.in_one };
    let context = context::of_questions(scope.names(), zone, size, scope.pinned.memory.clone());
    // What is unknown comes last, also where the largest comes first. Views are planned in a context of their own.
    let state = context.state_ref();
    {
        let mut state = state.write();
        let config = state.config_mut();
        config.options_mut().sql_parser.default_null_ordering = "nulls_last".to_owned();
        // For what was most likely meant by a name that is not there, and for how large a view is.
        config.set_extension(scope.pinned.catalog.clone());
    }
    for query in scope.pinned.views.all() {
        let function = AsOf { query, pinned: scope.pinned.clone(), past: Arc::downgrade(past) };
        context.register_udtf(&format!("{}_as_of", query.name), Arc::new(function));
    }
    context
}
