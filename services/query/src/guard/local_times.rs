//! Moments count in the catalog's time zone: the day, the hour or the month of one, what is written beside one without a
//! zone of its own, and a day or a month later.
//!
//! The lake's moments are in UTC, where in China each day begins eight hours late. So a question finds them in the catalog's
//! zone, in which the engine counts then, and its answer has them in UTC again. What is put into another zone by name
//! (`at time zone 'UTC'`) stays in it. Left to do by itself is what the engine would do in UTC all the same.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, DFSchema, Result};
use datafusion::functions::datetime::to_local_time;
use datafusion::logical_expr::expr::{Between, Case, Cast, InList, InSubquery, ScalarFunction, TryCast};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Operator, Projection, Union, cast, lit,
};

use helan_schemas::tables::instant;

use crate::guard::moments::compares;
use crate::guard::written_figures::comes_from;
use crate::session::local_date;

/// The plan with everything that depends on a time zone counted in `zone`, a name such as `Asia/Shanghai`.
///
/// # Errors
/// As the engine's, where a node does not fit together any more.
pub(crate) fn counted(plan: LogicalPlan, zone: &str) -> Result<LogicalPlan> {
    let zone = Zone(zone.into());
    let shown = plan
        .schema()
        .iter()
        .map(|(table, field)| is_moment(field) && comes_from(&Column::from((table, field)), &plan, &is_moment));
    let shown: Vec<bool> = shown.collect();
    let is_answered =
        !matches!(plan, LogicalPlan::Explain(_) | LogicalPlan::Analyze(_) | LogicalPlan::DescribeTable(_));
    let plan = plan.transform_up_with_subqueries(|node| zone.node(node))?.data;
    if is_answered && shown.contains(&true) {
        // Moments are written as they lie in the lake.
        return retyped(plan, |at, _| shown[at].then(instant));
    }
    Ok(plan)
}

/// Whether a column has moments as the lake has them.
fn is_moment(field: &Field) -> bool {
    *field.data_type() == instant()
}

/// A plan with columns of another type, by their place and what they are.
fn retyped(plan: LogicalPlan, to: impl Fn(usize, &Field) -> Option<DataType>) -> Result<LogicalPlan> {
    let columns = plan.schema().iter().enumerate().map(|(at, (table, field))| {
        let column = Expr::Column(Column::from((table, field)));
        match to(at, field) {
            Some(kind) => cast(column, kind).alias_qualified(table.cloned(), field.name()),
            None => column,
        }
    });
    let columns = columns.collect();
    Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?))
}

fn marked(changed: bool, expr: Expr) -> Transformed<Expr> {
    if changed { Transformed::yes(expr) } else { Transformed::no(expr) }
}

struct Zone(Arc<str>);

impl Zone {
    fn node(&self, node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
        let here = |node: LogicalPlan| retyped(node, |_, field| is_moment(field).then(|| self.kind()));
        match node {
            LogicalPlan::TableScan(_) if node.schema().fields().iter().any(|field| is_moment(field)) => {
                Ok(Transformed::yes(here(node)?))
            }
            // What it hands from round to round has the types that were planned.
            LogicalPlan::RecursiveQuery(mut query) => {
                for term in [&mut query.static_term, &mut query.recursive_term] {
                    let planned = |_: usize, field: &Field| (*field.data_type() == self.kind()).then(instant);
                    *term = Arc::new(retyped(term.as_ref().clone(), planned)?);
                }
                Ok(Transformed::yes(here(LogicalPlan::RecursiveQuery(query))?))
            }
            // Types of constants are settled, and none of them is of the lake.
            LogicalPlan::TableScan(_) | LogicalPlan::Values(_) => Ok(Transformed::no(node)),
            LogicalPlan::Union(Union { inputs, .. }) => {
                Ok(Transformed::yes(LogicalPlan::Union(Union::try_new_with_loose_types(inputs)?)))
            }
            node => {
                let schema = merge_schema(&node.inputs());
                let node = super::each_part(node, |expr| self.of(expr, &schema))?;
                // What a node below makes may be in another zone now.
                Ok(Transformed::yes(node.data.recompute_schema()?))
            }
        }
    }

    fn of(&self, expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let kind = |expr: &Expr| expr.get_type(schema).ok();
        Ok(match expr {
            Expr::BinaryExpr(BinaryExpr { mut left, op, mut right }) if compares(op) || op == Operator::Minus => {
                let one = self.beside(&mut left, kind(&right), schema);
                let other = self.beside(&mut right, kind(&left), schema);
                marked(one || other, Expr::BinaryExpr(BinaryExpr { left, op, right }))
            }
            Expr::Between(Between { mut expr, negated, mut low, mut high }) => {
                let known = kind(&expr);
                let ends = [&mut low, &mut high].map(|end| self.beside(end, known.clone(), schema));
                let itself = [&low, &high].iter().any(|end| self.beside(&mut expr, kind(end), schema));
                marked(itself || ends.contains(&true), Expr::Between(Between { expr, negated, low, high }))
            }
            Expr::InList(InList { mut expr, mut list, negated }) => {
                let known = kind(&expr);
                let mut changed = false;
                for item in &mut list {
                    changed |= self.beside(item, known.clone(), schema);
                }
                changed |= list.iter().any(|item| self.beside(&mut expr, kind(item), schema));
                marked(changed, Expr::InList(InList { expr, list, negated }))
            }
            Expr::InSubquery(InSubquery { mut expr, mut subquery, negated }) => {
                let (item, known) = (subquery.subquery.schema().columns().into_iter().next(), kind(&expr));
                let inner = subquery.subquery.schema().fields().first().map(|field| field.data_type().clone());
                let mut changed = self.beside(&mut expr, inner, schema);
                if let Some(mut item) = item.map(Expr::Column)
                    && self.beside(&mut item, known, subquery.subquery.schema())
                {
                    let listed = LogicalPlanBuilder::from(subquery.subquery.clone()).project([item])?;
                    subquery.subquery = listed.build()?.into();
                    changed = true;
                }
                marked(changed, Expr::InSubquery(InSubquery { expr, subquery, negated }))
            }
            Expr::Case(Case { expr, when_then_expr: mut whens, mut else_expr }) => {
                let known = expr.as_deref().and_then(kind);
                let mut changed = false;
                for (when, _) in &mut whens {
                    changed |= self.beside(when, known.clone(), schema);
                }
                let results = whens.iter_mut().map(|(_, then)| then.as_mut()).chain(else_expr.as_deref_mut());
                changed |= self.together(results.collect(), schema);
                marked(changed, Expr::Case(Case { expr, when_then_expr: whens, else_expr }))
            }
            Expr::Cast(Cast { expr: mut inner, field }) => {
                let changed = wall(&mut inner, field.data_type(), schema);
                marked(changed, Expr::Cast(Cast { expr: inner, field }))
            }
            Expr::TryCast(TryCast { expr: mut inner, field }) => {
                let changed = wall(&mut inner, field.data_type(), schema);
                marked(changed, Expr::TryCast(TryCast { expr: inner, field }))
            }
            Expr::OuterReferenceColumn(field, column) if is_moment(&field) => {
                let field = field.as_ref().clone().with_data_type(self.kind());
                Transformed::yes(Expr::OuterReferenceColumn(Arc::new(field), column))
            }
            Expr::ScalarFunction(call) => self.called(call, schema)?,
            other => Transformed::no(other),
        })
    }

    fn called(&self, mut call: ScalarFunction, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let kind = |expr: &Expr| expr.get_type(schema).ok();
        let first = call.args.first().and_then(kind);
        let is_zoned = matches!(first, Some(DataType::Timestamp(_, Some(_))));
        let mut changed = false;
        match (call.func.name(), call.args.as_mut_slice()) {
            // Days are counted from a midnight.
            ("date_bin", [_, source]) if let Some(DataType::Timestamp(_, Some(zone))) = kind(source) => {
                let midnight = DataType::Timestamp(TimeUnit::Nanosecond, Some(zone));
                call.args.push(cast(lit("1970-01-01T00:00:00"), midnight));
                changed = true;
            }
            ("date_bin", [_, source, origin]) => changed = self.beside(origin, kind(source), schema),
            (local_date::NAME | "to_unixtime", [bare, ..]) if matches!(first, Some(DataType::Timestamp(_, None))) => {
                changed = self.beside(bare, Some(self.kind()), schema);
            }
            ("to_date", [moment]) if is_zoned => {
                return Ok(Transformed::yes(cast(std::mem::take(moment), DataType::Date32)));
            }
            ("to_time", [moment]) if is_zoned => {
                return Ok(Transformed::yes(cast(std::mem::take(moment), DataType::Time64(TimeUnit::Nanosecond))));
            }
            ("arrow_cast", [moment, Expr::Literal(to, _)])
                if is_zoned && to.try_as_str().flatten().is_some_and(|to| to.contains("None")) =>
            {
                *moment = to_local_time().call(vec![std::mem::take(moment)]);
                changed = true;
            }
            // Seconds are counted from a moment, not from a time on a wall.
            ("to_timestamp", [seconds]) if first.as_ref().is_some_and(DataType::is_integer) => {
                let zoned = |unit| DataType::Timestamp(unit, Some(self.0.clone()));
                let seconds = cast(cast(std::mem::take(seconds), DataType::Int64), zoned(TimeUnit::Second));
                return Ok(Transformed::yes(cast(seconds, zoned(TimeUnit::Nanosecond))));
            }
            ("coalesce" | "greatest" | "least" | "nullif", _) => {
                changed = self.together(call.args.iter_mut().collect(), schema);
            }
            _ => {}
        }
        Ok(marked(changed, Expr::ScalarFunction(call)))
    }

    /// Values of one result: where one is a moment, days and times without a zone are moments too.
    fn together(&self, values: Vec<&mut Expr>, schema: &DFSchema) -> bool {
        let mut kinds = values.iter().filter_map(|value| value.get_type(schema).ok());
        let Some(zoned) = kinds.find(|kind| matches!(kind, DataType::Timestamp(_, Some(_)))) else { return false };
        let mut changed = false;
        for value in values {
            changed |= self.beside(value, Some(zoned.clone()), schema);
        }
        changed
    }

    /// Makes a moment of what stands beside one without a zone: a day, a time on a wall, a text.
    fn beside(&self, bare: &mut Expr, of: Option<DataType>, schema: &DFSchema) -> bool {
        let Some(DataType::Timestamp(_, Some(zone))) = of else { return false };
        let unit = match bare.get_type(schema) {
            Ok(DataType::Timestamp(unit, None)) => unit,
            Ok(DataType::Date32 | DataType::Date64 | DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8) => {
                TimeUnit::Microsecond
            }
            _ => return false,
        };
        *bare = cast(std::mem::take(bare), DataType::Timestamp(unit, Some(zone)));
        true
    }

    fn kind(&self) -> DataType {
        DataType::Timestamp(TimeUnit::Microsecond, Some(self.0.clone()))
    }
}

/// Puts in the place of a moment that is cast to a time without a zone what the clock on its wall says.
fn wall(inner: &mut Expr, to: &DataType, schema: &DFSchema) -> bool {
    let is_zoned = matches!(inner.get_type(schema), Ok(DataType::Timestamp(_, Some(_))));
    let changed = is_zoned && matches!(to, DataType::Timestamp(_, None));
    if changed {
        *inner = to_local_time().call(vec![std::mem::take(inner)]);
    }
    changed
}
