//! What a text comes to once every name stands for what it means.
//!
//! Time to plan grows with this, not with the length of the text: twelve lines of `b as (select * from a union all
//! select * from a)` are 4,096 queries. So it is counted on the parsed statement, before anything is planned, and a text
//! beyond a bound is refused. Counting saturates: a text can come to more than a number holds.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::OnceLock;

use datafusion::sql::parser::{CopyToSource, DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, GroupByWithModifier, Ident, ObjectName, Query, Select, SetExpr, TableFactor, Visit, Visitor,
};
use helan_schemas::catalog::Catalog;

/// A bound that a text can exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Operators and keywords of the text.
    Links,
    /// Expressions, tables and queries, those of views and of repeated `with` queries counted each time.
    Nodes,
    /// `union`, `intersect` and `except`, counted in the same way.
    SetOperations,
    /// Tables and views that are read, counted in the same way.
    Relations,
    /// Queries that read queries, one within the other.
    Levels,
    /// Expressions within expressions.
    Depth,
    /// Expressions that one column or condition becomes once the columns it reads stand for what they mean.
    Column,
    /// Columns that the steps of the plan carry, all steps together.
    Carried,
}

impl Bound {
    /// What is allowed at most. Each is several times what the largest of our own views takes; a text at any of them is
    /// planned in a few CPU seconds (`tests/asked/expansion.rs`).
    pub const fn most(self) -> u64 {
        match self {
            Self::Links => 1_500,
            Self::Nodes => 40_000,
            Self::SetOperations => 200,
            Self::Relations => 500,
            Self::Levels => 120,
            Self::Depth => 300,
            Self::Column => 20_000,
            Self::Carried => 150_000,
        }
    }

    /// What is too much, in Chinese, and what to do.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Links => "运算符和关键字过多；长串条件请改写为列表，如 in (…)",
            Self::Nodes => "展开 with 子句和视图后表达式过多；请减少对同一子句的重复引用",
            Self::SetOperations => "展开后 union、intersect、except 过多；请改用条件或 in (…)",
            Self::Relations => "展开后读取的表过多；请减少连接，或减少对同一子句的重复引用",
            Self::Levels => "查询嵌套层数过多；请合并若干层",
            Self::Depth => "表达式嵌套过深；长串运算请改写为 in (…) 或汇总",
            Self::Column => "某一列逐层代入后表达式过大；请减少在各层中重复使用同一列",
            Self::Carried => "连接的宽表过多；请先选出所需的列，或减少连接",
        }
    }

    /// What is too much, in English, and what to do.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Links => "too many operators and keywords; write a long chain as a list, such as in (…)",
            Self::Nodes => {
                "too many expressions once views and with clauses are expanded; refer to a clause less often"
            }
            Self::SetOperations => "too many union, intersect and except once expanded; use a condition or in (…)",
            Self::Relations => "too many tables once expanded; join less, or refer to a with clause less often",
            Self::Levels => "queries are nested too deeply; put some levels together",
            Self::Depth => "expressions are nested too deeply; write a long chain as in (…) or as an aggregate",
            Self::Column => {
                "a column becomes too large once the levels below are put in; use a column less often in each"
            }
            Self::Carried => "too many joins of wide tables; select the columns you need first, or join less",
        }
    }

    /// Refuses what is more than allowed.
    pub(crate) fn hold(self, found: u64) -> Result<(), Beyond> {
        if found > self.most() { Err(Beyond { bound: self, found }) } else { Ok(()) }
    }
}

/// A text that comes to more than is planned here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} ({found} > {})", .bound.en(), .bound.most())]
pub struct Beyond {
    /// Which bound.
    pub bound: Bound,
    /// What was found; counting may have stopped there.
    pub found: u64,
}

/// What a query comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    nodes: u64,
    set_operations: u64,
    relations: u64,
    levels: u64,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.nodes = self.nodes.saturating_add(other.nodes);
        self.set_operations = self.set_operations.saturating_add(other.set_operations);
        self.relations = self.relations.saturating_add(other.relations);
        self.levels = self.levels.max(other.levels);
    }

    fn hold(self) -> Result<(), Beyond> {
        Bound::SetOperations.hold(self.set_operations)?;
        Bound::Relations.hold(self.relations)?;
        Bound::Levels.hold(self.levels)?;
        Bound::Nodes.hold(self.nodes)
    }
}

/// Refuses a statement that comes to more than is planned here, of the views of a catalog.
pub(crate) fn hold(statement: &Statement, catalog: Option<&Catalog>) -> Result<(), Beyond> {
    measure(statement, catalog).map(|_| ())
}

/// Expressions of a view: as it is read within its own moment, or at another one (`anew`), where one that is otherwise
/// computed once is computed anew. Its tables and set operations are not those of the text that reads it: a view is
/// planned by itself, in a task of its own. Only what a question names is read and counted.
fn nodes(query: &'static helan_queries::Query, anew: bool) -> u64 {
    static COUNTED: OnceLock<HashMap<&str, OnceLock<u64>>> = OnceLock::new();
    if query.materialise && !anew {
        return 1;
    }
    let names = || helan_queries::all().iter().chain([helan_queries::sample()]).map(|query| query.name);
    let counted = COUNTED.get_or_init(|| names().map(|name| (name, OnceLock::new())).collect());
    let count = || {
        let statement = DFParserBuilder::new(query.sql).build().and_then(|mut parser| parser.parse_statement());
        // A text of our own that cannot be read or is too large fails where it is planned, by name.
        let size = statement.ok().and_then(|statement| measure(&statement, None).ok());
        size.map_or(Bound::Nodes.most(), |size| size.nodes)
    };
    counted.get(query.name).map_or_else(count, |cell| *cell.get_or_init(count))
}

fn measure(statement: &Statement, catalog: Option<&Catalog>) -> Result<Size, Beyond> {
    let mut walk = Walk { catalog, open: vec![Open::default()], depth: 0 };
    let walked = match statement {
        Statement::Statement(statement) => statement.visit(&mut walk),
        Statement::Explain(explain) => return measure(&explain.statement, catalog),
        Statement::CopyTo(copy) => match &copy.source {
            CopyToSource::Query(query) => query.visit(&mut walk),
            CopyToSource::Relation(_) => ControlFlow::Continue(()),
        },
        Statement::CreateExternalTable(_) | Statement::Reset(_) => ControlFlow::Continue(()),
    };
    match walked {
        ControlFlow::Break(beyond) => Err(beyond),
        ControlFlow::Continue(()) => Ok(walk.open.pop().unwrap_or_default().size),
    }
}

struct Walk<'a> {
    catalog: Option<&'a Catalog>,
    /// The queries that are being walked, the outermost first.
    open: Vec<Open>,
    depth: u64,
}

/// A query that is being walked.
#[derive(Default)]
struct Open {
    size: Size,
    /// Its `with` queries that were walked, by name.
    with: Vec<(String, Size)>,
    /// Those to come: where they stand, and their names.
    to_come: Vec<(*const Query, String)>,
}

impl Walk<'_> {
    fn add(&mut self, size: Size) -> ControlFlow<Beyond> {
        let Some(open) = self.open.last_mut() else { return ControlFlow::Continue(()) };
        open.size.add(size);
        match open.size.hold() {
            Ok(()) => ControlFlow::Continue(()),
            Err(beyond) => ControlFlow::Break(beyond),
        }
    }

    fn node(&mut self, nodes: u64) -> ControlFlow<Beyond> {
        self.add(Size { nodes, ..Size::default() })
    }

    /// What a name in `from` stands for; `function` where it has arguments.
    fn relation(&self, name: &ObjectName, function: bool) -> Size {
        let parts: Vec<_> = name.0.iter().map(|part| part.as_ident().map_or_else(String::new, normal)).collect();
        let whole = parts.join(".");
        let with = self.open.iter().rev().flat_map(|open| open.with.iter().rev());
        if let Some((_, size)) = with.into_iter().find(|(known, _)| *known == whole) {
            return Size { nodes: size.nodes.saturating_add(1), ..*size };
        }
        let last = parts.last().map_or("", String::as_str);
        let (name, anew) = match last.strip_suffix("_as_of").filter(|_| function) {
            Some(name) => (name, true),
            None => (last, false),
        };
        let is_answer = || self.catalog.is_some_and(|catalog| catalog.answers().any(|(answer, _)| answer == name));
        // All that catalogs name are of one size.
        let view = helan_queries::get(name).or_else(|| is_answer().then(helan_queries::sample));
        let view = view.map(|query| nodes(query, anew));
        Size { nodes: view.map_or(1, |nodes| nodes.saturating_add(1)), relations: 1, ..Size::default() }
    }
}

/// A name as the planner compares it.
fn normal(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}

impl Visitor for Walk<'_> {
    type Break = Beyond;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Beyond> {
        let mut open = Open::default();
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            open.to_come.push((&raw const *cte.query, normal(&cte.alias.name)));
        }
        self.open.push(open);
        self.add(Size { nodes: 1, set_operations: set_operations(&query.body), ..Size::default() })
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<Beyond> {
        let Some(done) = self.open.pop() else { return ControlFlow::Continue(()) };
        let size = Size { levels: done.size.levels.saturating_add(1), ..done.size };
        let outer = self.open.last_mut();
        let name = outer.and_then(|outer| {
            let at = outer.to_come.iter().position(|(place, _)| std::ptr::eq(*place, query))?;
            let (_, name) = outer.to_come.swap_remove(at);
            outer.with.push((name, size));
            Some(())
        });
        // A query of a `with` counts where it is referred to.
        match name {
            Some(()) => size.hold().map_or_else(ControlFlow::Break, ControlFlow::Continue),
            None => self.add(size),
        }
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Beyond> {
        self.node(1 + grouping_sets(&select.group_by))
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Beyond> {
        match factor {
            TableFactor::Table { name, args, .. } => self.add(self.relation(name, args.is_some())),
            TableFactor::Function { name, .. } => self.add(self.relation(name, true)),
            _ => self.node(1),
        }
    }

    fn pre_visit_expr(&mut self, _expr: &Expr) -> ControlFlow<Beyond> {
        self.depth += 1;
        if let Err(beyond) = Bound::Depth.hold(self.depth) {
            return ControlFlow::Break(beyond);
        }
        self.node(1)
    }

    fn post_visit_expr(&mut self, _expr: &Expr) -> ControlFlow<Beyond> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }
}

/// Set operations of a query's own body.
fn set_operations(body: &SetExpr) -> u64 {
    let (mut count, mut waiting) = (0, vec![body]);
    while let Some(next) = waiting.pop() {
        if let SetExpr::SetOperation { left, right, .. } = next {
            count += 1;
            waiting.extend([left.as_ref(), right.as_ref()]);
        }
    }
    count
}

/// Expressions that `cube`, `rollup` and `grouping sets` of one `group by` come to: each further one multiplies.
fn grouping_sets(group_by: &GroupByExpr) -> u64 {
    let (GroupByExpr::All(modifiers) | GroupByExpr::Expressions(_, modifiers)) = group_by;
    let expressions =
        if let GroupByExpr::Expressions(expressions, _) = group_by { expressions.as_slice() } else { &[] };
    let cube = |columns: usize| 1_u64.checked_shl(u32::try_from(columns).unwrap_or(u32::MAX)).unwrap_or(u64::MAX);
    let mut sets = 1_u64;
    let nested = modifiers.iter().filter_map(|modifier| match modifier {
        GroupByWithModifier::GroupingSets(expression) => Some(expression),
        _ => None,
    });
    for expression in expressions.iter().chain(nested) {
        sets = sets.saturating_mul(match expression {
            Expr::Cube(columns) => cube(columns.len()),
            Expr::Rollup(columns) => columns.len() as u64 + 1,
            Expr::GroupingSets(sets) => sets.len() as u64,
            _ => 1,
        });
    }
    for modifier in modifiers {
        sets = sets.saturating_mul(match modifier {
            GroupByWithModifier::Cube => cube(expressions.len()),
            GroupByWithModifier::Rollup => expressions.len() as u64 + 1,
            GroupByWithModifier::Totals | GroupByWithModifier::GroupingSets(_) => 1,
        });
    }
    if sets == 1 { 0 } else { sets.saturating_mul(expressions.len() as u64 + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(text: &str) -> Result<Size, Beyond> {
        let statement = DFParserBuilder::new(text).build().and_then(|mut parser| parser.parse_statement());
        measure(&statement.expect("SQL"), Some(&Catalog::embedded()))
    }

    fn beyond(text: &str) -> Option<Bound> {
        measured(text).err().map(|beyond| beyond.bound)
    }

    #[test]
    fn a_reference_costs_what_it_stands_for() {
        let doubling = |n: u32| {
            let with = (1..=n).map(|n| format!("a{n} as (select * from a{0} union all select * from a{0})", n - 1));
            format!("with a0 as (select 1 i), {} select * from a{n}", with.collect::<Vec<_>>().join(", "))
        };
        assert_eq!(measured(&doubling(3)).expect("small").set_operations, 7);
        assert_eq!(beyond(&doubling(12)), Some(Bound::SetOperations));
        let nodes = |view: &str| measured(&format!("select * from {view}")).expect("small").nodes;
        assert_eq!(nodes("rd_intensity"), nodes("patent_density"));
        assert!(nodes("rd_intensity") > nodes("no_view") + 50, "what a catalog names counts as what it stands for");
        // Far more than a number holds.
        assert_eq!(beyond(&doubling(300)), Some(Bound::SetOperations));
    }
}
