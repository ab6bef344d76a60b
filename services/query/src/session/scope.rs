//! One pair of moments (T, R) over the pinned tables: every view by name, planned and computed when first asked for.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError, Weak};

use arrow::datatypes::{FieldRef, Schema};
use arrow::record_batch::RecordBatch;
use datafusion::catalog::{MemTable, SchemaProvider, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::Expr;
use datafusion::prelude::SessionContext;
use helan_lake::cells::{Counts, Prepared};
use helan_queries::{Narrows, Query};
use helan_schemas::tables::Table;
use tokio::sync::OnceCell;

use crate::session::answered::Answered;
use crate::session::context::{self, Size};
use crate::session::hidden::Hidden;
use crate::session::kept::Kept;
use crate::session::names::Names;
use crate::session::news::{OfMoments, OfPart};
use crate::session::pinned::Pinned;
use crate::views::narrow::Part;
use crate::views::planned::Stage;
use crate::views::standing;
use crate::views::standing::Standing;
use crate::views::view::View;

/// The leaf table of the moments themselves.
pub(crate) const KNOWLEDGE: &str = "knowledge";
/// Parts of the statements that stay computed, of one pair of moments.
const PARTS: usize = 8;

/// Everything as of one pair of moments, or what follows from a part of the statements.
pub(crate) struct Scope {
    pub(crate) pinned: Arc<Pinned>,
    pub(crate) as_of: i64,
    pub(crate) recorded: i64,
    of: Of,
    /// Whether it is about so few rows that planning costs more than they do.
    small: bool,
    /// The parts that were asked for last.
    parts: Mutex<VecDeque<Arc<Scope>>>,
    /// What questions got of pieces of it.
    pub(crate) answered: Answered,
    /// In which the views' own texts are planned: their names mean this scope's views.
    pub(crate) context: Hidden<SessionContext>,
    knowledge: Arc<dyn TableProvider>,
    /// Rows of the views that are computed once.
    rows: HashMap<&'static str, OnceCell<Arc<Kept>>>,
    /// What the view `standing` has computed.
    pub(crate) standing: OnceCell<Arc<Kept>>,
    /// What it picks from, for the columns that other views ask for.
    pub(crate) prepared: OnceCell<Prepared>,
    /// How many statements were known then, of a past T.
    known: OnceCell<Counts>,
}

/// Of what a scope is.
enum Of {
    /// All statements, with the scope of what the catalog says beside them.
    Whole(OnceLock<Arc<Scope>>),
    /// A part of the statements of another scope.
    Part(Part, Weak<Scope>),
    /// What the catalog says, which is the same for all statements, and little.
    Catalog,
}

impl Scope {
    /// Everything as of a pair of moments, in microseconds since the epoch; `knowledge` is the table of these.
    pub(crate) fn everything(pinned: Arc<Pinned>, moments: (i64, i64), knowledge: Arc<dyn TableProvider>) -> Arc<Self> {
        let small = pinned.small;
        Self::new(pinned, moments, knowledge, Of::Whole(OnceLock::new()), small)
    }

    fn new(
        pinned: Arc<Pinned>,
        (as_of, recorded): (i64, i64),
        knowledge: Arc<dyn TableProvider>,
        of: Of,
        small: bool,
    ) -> Arc<Self> {
        let rows = helan_queries::all().iter().filter(|query| query.materialise);
        let rows: HashMap<_, _> = rows.map(|query| (query.name, OnceCell::new())).collect();
        let size = Size { small, in_one: pinned.in_one };
        let memory = pinned.memory.clone();
        Arc::new_cyclic(|scope| {
            let context = Hidden::new(context::of_views(scope.clone(), size, memory));
            let (parts, answered) = (Mutex::default(), Answered::default());
            let (standing, prepared, known) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
            Self {
                pinned,
                as_of,
                recorded,
                of,
                small,
                parts,
                answered,
                context,
                knowledge,
                rows,
                standing,
                prepared,
                known,
            }
        })
    }

    /// One of the same moments.
    fn beside(&self, of: Of, small: bool) -> Arc<Self> {
        Self::new(self.pinned.clone(), (self.as_of, self.recorded), self.knowledge.clone(), of, small)
    }

    /// Which statements there are.
    pub(crate) fn part(&self) -> &Part {
        static WHOLE: LazyLock<Part> = LazyLock::new(Part::default);
        match &self.of {
            Of::Part(part, _) => part,
            Of::Whole(_) | Of::Catalog => &WHOLE,
        }
    }

    /// The scope of all statements, of which this one has a part.
    pub(crate) fn whole(&self) -> Option<Arc<Self>> {
        match &self.of {
            Of::Part(_, whole) => whole.upgrade(),
            Of::Whole(_) | Of::Catalog => None,
        }
    }

    /// The scope that has the rows of a view: what the catalog says is computed once for all parts of the statements.
    pub(crate) fn holder(self: &Arc<Self>, view: &str) -> Arc<Self> {
        if !helan_queries::of_catalog().contains(view) {
            return self.clone();
        }
        match (&self.of, self.whole()) {
            (Of::Whole(catalog), _) => catalog.get_or_init(|| self.beside(Of::Catalog, true)).clone(),
            (Of::Part(..), Some(whole)) => whole.holder(view),
            _ => self.clone(),
        }
    }

    /// Which part of the statements a view needs for the rows that pass these filters; the whole if it is computed already.
    pub(crate) fn needed(&self, query: &Query, filters: &[Expr]) -> Part {
        let is_computed = self.rows(query.name).is_some_and(OnceCell::initialized);
        let is_whole = matches!(self.of, Of::Whole(_));
        if self.pinned.small || !is_whole || is_computed || query.narrows.is_empty() {
            return Part::default();
        }
        Part::needed(query, filters, &self.pinned.catalog)
    }

    /// How many statements there are, for a view that needs a part of them; none = nobody has counted, because nothing was folded. As
    /// of a past T, which what was folded does not answer, they are counted among the events, unless the part is small anyway.
    /// Views of a history have rows for those that were replaced as well.
    pub(crate) async fn counts(&self, query: &Query, part: &Part) -> Result<Option<Counts>> {
        let statements = &self.pinned.statements;
        let Some(folded) = &statements.folded else { return Ok(None) };
        if query.narrows.contains(&Narrows::PeriodAlone) {
            return Ok(Some(folded.statements().clone()));
        }
        if folded.known_until() <= self.as_of.min(self.recorded) {
            return Ok(Some(folded.counts()));
        }
        // No more can have been known than there are.
        let all = folded.counts();
        if part.size(&all) + folded.unfolded() as u64 <= self.pinned.at_once {
            return Ok(Some(all));
        }
        let known = self.known.get_or_try_init(|| statements.known(&self.context, self.as_of, self.recorded));
        Ok(Some(known.await?.clone()))
    }

    /// The scope of a part of its statements.
    pub(crate) fn of_part(self: &Arc<Self>, part: Part) -> Arc<Self> {
        let small = self.pinned.small || self.pinned.is_few(&part);
        self.beside(Of::Part(part, Arc::downgrade(self)), small)
    }

    /// As [`Scope::of_part`]; those that were asked for last stay computed.
    pub(crate) fn narrowed(self: &Arc<Self>, part: Part) -> Arc<Self> {
        if part.is_whole() {
            return self.clone();
        }
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let known = parts.iter().position(|scope| *scope.part() == part);
        let scope = match known.and_then(|at| parts.remove(at)) {
            Some(scope) => scope,
            None => self.of_part(part),
        };
        // What was asked for last is likely to be asked for again, as long as there is room for it.
        parts.truncate(if self.pinned.is_full() { 0 } else { PARTS - 1 });
        parts.push_front(scope.clone());
        scope
    }

    /// A view as a table of other views' texts.
    pub(crate) fn view(self: &Arc<Self>, query: &'static Query) -> Arc<dyn TableProvider> {
        self.table_of(query, false)
    }

    /// A view as a table of questions.
    pub(crate) fn asked(self: &Arc<Self>, query: &'static Query) -> Arc<dyn TableProvider> {
        self.table_of(query, true)
    }

    fn table_of(self: &Arc<Self>, query: &'static Query, is_asked: bool) -> Arc<dyn TableProvider> {
        match query.name {
            standing::NAME => Arc::new(Standing::new(query, self.clone())),
            name => Arc::new(View::new(query, self.holder(name), is_asked)),
        }
    }

    /// What a name in the text of a view means.
    pub(crate) fn table(self: &Arc<Self>, name: &str) -> Option<Arc<dyn TableProvider>> {
        let leaf = || self.pinned.tables.get(name).cloned();
        let view = || self.pinned.views.get(name).map(|query| self.view(query));
        match name {
            KNOWLEDGE => Some(self.knowledge.clone()),
            _ if name == Table::Events.name() => Some(self.pinned.by_cell.clone()),
            _ => leaf().or_else(view),
        }
    }

    /// How far a view's plan is the same for all scopes: one that takes moments is bound to them before it is optimised, and
    /// one whose rows are not kept is optimised within the plan of its reader.
    pub(crate) fn stage(&self, query: &Query) -> Stage {
        match query.materialise && !query.takes_moments() {
            true if self.small || self.pinned.in_one => Stage::Physical { small: self.small },
            true => Stage::Optimised,
            false => Stage::Written,
        }
    }

    /// The rows of a view that is computed once, or nothing if this one is not.
    pub(crate) fn rows(&self, view: &str) -> Option<&OnceCell<Arc<Kept>>> {
        self.rows.get(view)
    }

    /// Takes over the rows of views that do not rest on tables that have changed.
    pub(crate) fn take_over(self: &Arc<Self>, before: &Self, changed: &BTreeSet<Table>) {
        self.take_over_rows(before.computed(), changed);
    }

    fn take_over_rows(self: &Arc<Self>, rows: Vec<(&'static str, Arc<Kept>)>, changed: &BTreeSet<Table>) {
        let changed: Vec<_> = changed.iter().map(|table| table.name()).collect();
        let gone = helan_queries::resting_on(&changed);
        for (name, kept) in rows.into_iter().filter(|(name, _)| !gone.contains(name)) {
            let holder = self.holder(name);
            let cell = if name == standing::NAME { Some(&self.standing) } else { holder.rows.get(name) };
            // Nobody has asked for it yet: the session is new.
            let _ = cell.map(|cell| cell.set(kept));
        }
    }

    /// What it and its parts have computed.
    pub(crate) fn of_moments(&self) -> OfMoments {
        let (parts, pieces) = (self.of_parts(), self.answered.all());
        OfMoments { as_of: self.as_of, recorded: self.recorded, rows: self.computed(), parts, pieces }
    }

    /// Takes over what a scope of the same moments has computed, as far as it does not rest on tables that have changed.
    pub(crate) fn take_over_moments(self: &Arc<Self>, of: OfMoments, changed: &BTreeSet<Table>) {
        self.take_over_rows(of.rows, changed);
        self.answered.take_over(of.pieces, changed);
        of.parts.into_iter().for_each(|of_part| self.take_over_part(of_part, changed));
    }

    /// What the views of its parts have computed.
    pub(crate) fn of_parts(&self) -> Vec<OfPart> {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let of_part = |scope: &Arc<Self>| OfPart { part: scope.part().clone(), rows: scope.computed() };
        parts.iter().map(of_part).filter(|of_part| !of_part.rows.is_empty()).collect()
    }

    /// Takes over what views have computed of a part, as [`Scope::take_over`] does of the whole.
    pub(crate) fn take_over_part(self: &Arc<Self>, of_part: OfPart, changed: &BTreeSet<Table>) {
        let scope = self.of_part(of_part.part);
        scope.take_over_rows(of_part.rows, changed);
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).push_back(scope);
    }

    /// The views of which it has the rows, with these.
    pub(crate) fn computed(&self) -> Vec<(&'static str, Arc<Kept>)> {
        let cells = self.rows.iter().map(|(name, cell)| (*name, cell)).chain([(standing::NAME, &self.standing)]);
        let mut computed: Vec<_> = cells.filter_map(|(name, cell)| Some((name, cell.get()?.clone()))).collect();
        if let Of::Whole(catalog) = &self.of {
            computed.extend(catalog.get().into_iter().flat_map(|catalog| catalog.computed()));
        }
        computed
    }

    /// Names for a context that outlives every other handle of this scope: the session's own.
    pub(crate) fn names(self: &Arc<Self>) -> Arc<dyn SchemaProvider> {
        Arc::new(Names::of_questions(self))
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("as_of", &self.as_of).field("recorded", &self.recorded).finish_non_exhaustive()
    }
}

/// A table over batches of one schema, whose fields lose their metadata.
pub(crate) fn in_memory(batches: Vec<RecordBatch>) -> Result<MemTable> {
    let schema = batches.first().map(RecordBatch::schema);
    let schema = schema.ok_or_else(|| DataFusionError::Internal("a table in memory needs a batch".to_owned()))?;
    let plain = |field: &FieldRef| field.as_ref().clone().with_metadata(HashMap::new());
    let schema = Arc::new(Schema::new(schema.fields().iter().map(plain).collect::<Vec<_>>()));
    let batches = batches.into_iter().map(|batch| RecordBatch::try_new(schema.clone(), batch.columns().to_vec()));
    let batches = batches.collect::<std::result::Result<Vec<_>, _>>()?;
    MemTable::try_new(schema, vec![batches])
}
