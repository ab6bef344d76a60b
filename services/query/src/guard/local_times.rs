//! Moments count in the catalog's time zone: the day, the hour or the month of one, what is written beside one without a
//! zone of its own, and a day or a month later.
//!
//! The engine counts all of these in UTC, where in China each day begins eight hours late. A moment that is put into a
//! zone by name (`at time zone 'UTC'`) has another type than those of the lake, and stays in it.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::functions::datetime::to_local_time;
use datafusion::logical_expr::expr::{Between, Case, Cast, InList, InSubquery, ScalarFunction, TryCast};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Operator, cast, lit};

use crate::guard::moments::compares;
use crate::session::local_date;

/// The plan with everything that depends on a time zone counted in `zone`, a name such as `Asia/Shanghai`.
///
/// # Errors
/// As the engine's, where a node does not fit together any more.
pub(crate) fn counted(plan: LogicalPlan, zone: &str) -> Result<LogicalPlan> {
    let zone = Zone(zone.into());
    let mut any = false;
    let counted = plan.clone().transform_up_with_subqueries(|node| {
        // Their types are settled, and no moment of the lake stands among constants.
        if matches!(node, LogicalPlan::Values(_)) {
            return Ok(Transformed::no(node));
        }
        let schema = merge_schema(&node.inputs());
        let names = NamePreserver::new(&node);
        let node = node.map_expressions(|expr| {
            let name = names.save(&expr);
            let changed = expr.transform_up(|expr| zone.of(expr, &schema))?;
            Ok(changed.update_data(|expr| name.restore(expr)))
        })?;
        any |= node.transformed;
        // What a node below makes may be in another zone now.
        if any { node.map_data(LogicalPlan::recompute_schema) } else { Ok(node) }
    })?;
    Ok(if any { counted.data } else { plan })
}

/// A moment as the lake has it.
fn moment() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn is_span(kind: Option<DataType>) -> bool {
    matches!(kind, Some(DataType::Interval(_)))
}

fn marked(changed: bool, expr: Expr) -> Transformed<Expr> {
    if changed { Transformed::yes(expr) } else { Transformed::no(expr) }
}

struct Zone(Arc<str>);

impl Zone {
    fn of(&self, expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let kind = |expr: &Expr| expr.get_type(schema).ok();
        let is_moment = |expr: &Expr| kind(expr) == Some(moment());
        Ok(match expr {
            Expr::BinaryExpr(BinaryExpr { mut left, op, mut right }) if compares(op) || op == Operator::Minus => {
                let one = self.beside(&mut left, kind(&right), schema, op != Operator::Minus);
                let other = self.beside(&mut right, kind(&left), schema, op != Operator::Minus);
                let shifted = op == Operator::Minus && is_moment(&left) && is_span(kind(&right));
                if shifted {
                    self.local(&mut left);
                }
                marked(one || other || shifted, Expr::BinaryExpr(BinaryExpr { left, op, right }))
            }
            // The end of a month, or a day on which a clock is changed, is one where people live.
            Expr::BinaryExpr(BinaryExpr { mut left, op: Operator::Plus, mut right }) => {
                let (one, other) = (kind(&left), kind(&right));
                let (later, earlier) = (is_moment(&left) && is_span(other), is_moment(&right) && is_span(one));
                if later {
                    self.local(&mut left);
                } else if earlier {
                    self.local(&mut right);
                }
                marked(later || earlier, Expr::BinaryExpr(BinaryExpr { left, op: Operator::Plus, right }))
            }
            Expr::Between(Between { mut expr, negated, mut low, mut high }) => {
                let known = kind(&expr);
                let ends = [&mut low, &mut high].map(|end| self.beside(end, known.clone(), schema, true));
                let itself = [&low, &high].iter().any(|end| self.beside(&mut expr, kind(end), schema, true));
                marked(itself || ends.contains(&true), Expr::Between(Between { expr, negated, low, high }))
            }
            Expr::InList(InList { mut expr, mut list, negated }) => {
                let known = kind(&expr);
                let mut changed = false;
                for item in &mut list {
                    changed |= self.beside(item, known.clone(), schema, true);
                }
                changed |= list.iter().any(|item| self.beside(&mut expr, kind(item), schema, true));
                marked(changed, Expr::InList(InList { expr, list, negated }))
            }
            Expr::InSubquery(InSubquery { mut expr, mut subquery, negated }) => {
                let (item, known) = (subquery.subquery.schema().columns().into_iter().next(), kind(&expr));
                let inner = subquery.subquery.schema().fields().first().map(|field| field.data_type().clone());
                let mut changed = self.beside(&mut expr, inner, schema, true);
                if let Some(mut item) = item.map(Expr::Column)
                    && self.beside(&mut item, known, subquery.subquery.schema(), true)
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
                    changed |= self.beside(when, known.clone(), schema, true);
                }
                let results = whens.iter_mut().map(|(_, then)| then.as_mut()).chain(else_expr.as_deref_mut());
                changed |= self.together(results.collect(), schema);
                marked(changed, Expr::Case(Case { expr, when_then_expr: whens, else_expr }))
            }
            Expr::Cast(Cast { expr: mut inner, field }) => {
                let changed = self.recast(&mut inner, field.data_type(), schema);
                marked(changed, Expr::Cast(Cast { expr: inner, field }))
            }
            Expr::TryCast(TryCast { expr: mut inner, field }) => {
                let changed = self.recast(&mut inner, field.data_type(), schema);
                marked(changed, Expr::TryCast(TryCast { expr: inner, field }))
            }
            Expr::ScalarFunction(call) => self.called(call, schema)?,
            other => Transformed::no(other),
        })
    }

    /// Puts a moment into the zone of which a cast to a day or a time takes it; says whether there was one.
    fn recast(&self, inner: &mut Expr, to: &DataType, schema: &DFSchema) -> bool {
        let Ok(from @ DataType::Timestamp(_, Some(_))) = inner.get_type(schema) else { return false };
        let is_bare = matches!(to, DataType::Timestamp(_, None));
        let counts = matches!(to, DataType::Date32 | DataType::Date64 | DataType::Time32(_) | DataType::Time64(_));
        let is_the_lakes = from == moment() && (is_bare || counts);
        if is_the_lakes {
            self.local(inner);
        }
        if is_bare {
            *inner = to_local_time().call(vec![std::mem::take(inner)]);
        }
        is_the_lakes || is_bare
    }

    fn called(&self, mut call: ScalarFunction, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let kind = |expr: &Expr| expr.get_type(schema).ok();
        let mut changed = false;
        match call.func.name() {
            "date_part" | "date_trunc" | "date_bin" | "to_char" | "to_local_time" => {
                for moment in call.args.iter_mut().filter(|arg| kind(arg) == Some(moment())) {
                    self.local(moment);
                    changed = true;
                }
                if call.func.name() == "date_bin"
                    && let [_, source] = call.args.as_slice()
                    && let Some(DataType::Timestamp(_, Some(zone))) = kind(source)
                {
                    // Days are counted from a midnight.
                    let midnight = DataType::Timestamp(TimeUnit::Nanosecond, Some(zone));
                    call.args.push(cast(lit("1970-01-01T00:00:00"), midnight));
                    changed = true;
                }
            }
            local_date::NAME | "to_unixtime" => {
                if let Some(bare) = call.args.first_mut() {
                    changed = self.beside(bare, Some(moment()), schema, false);
                }
            }
            "coalesce" | "greatest" | "least" | "nullif" | "nvl" | "nvl2" | "ifnull" => {
                changed = self.together(call.args.iter_mut().collect(), schema);
            }
            _ => {}
        }
        Ok(marked(changed, Expr::ScalarFunction(call)))
    }

    /// Values of one result: where one is a moment, all are.
    fn together(&self, values: Vec<&mut Expr>, schema: &DFSchema) -> bool {
        let is_moment = |value: &&mut Expr| value.get_type(schema).ok() == Some(moment());
        if !values.iter().any(is_moment) {
            return false;
        }
        let mut changed = false;
        for value in values {
            changed |= self.beside(value, Some(moment()), schema, true);
        }
        changed
    }

    /// Makes a moment of what stands beside one without a zone: a day, a time on a wall, and a text where it may be one.
    fn beside(&self, bare: &mut Expr, of: Option<DataType>, schema: &DFSchema, may_be_text: bool) -> bool {
        let is_the_lakes = of == Some(moment());
        let Some(DataType::Timestamp(_, Some(zone))) = of else { return false };
        let takes = match bare.get_type(schema) {
            Ok(DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, None)) => true,
            Ok(DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8) => is_the_lakes && may_be_text,
            _ => false,
        };
        if takes {
            let zone = if is_the_lakes { self.kind() } else { DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) };
            let local = cast(std::mem::take(bare), zone);
            *bare = if is_the_lakes { cast(local, moment()) } else { local };
        }
        takes
    }

    fn kind(&self) -> DataType {
        DataType::Timestamp(TimeUnit::Microsecond, Some(self.0.clone()))
    }

    fn local(&self, expr: &mut Expr) {
        *expr = cast(std::mem::take(expr), self.kind());
    }
}
