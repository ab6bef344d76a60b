//! `string_agg` in several orders beside each other: the engine sorts its rows once. Lists can be sorted each by itself.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments, Query,
    Select, VisitMut, VisitorMut,
};

/// Makes lists of those texts of a `select` that are put together in another order than the first.
pub(super) fn apart(select: &mut Select) {
    let mut orders = Orders { first: None, queries: 0 };
    for item in &mut select.projection {
        let _ = item.visit(&mut orders);
    }
}

struct Orders {
    /// The order of the first.
    first: Option<String>,
    /// How many queries are around what is looked at.
    queries: usize,
}

impl VisitorMut for Orders {
    type Break = ();

    fn pre_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
        self.queries += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
        self.queries -= 1;
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Function(call) = expr
            && self.queries == 0
            && let Some((order, list)) = listed(call)
        {
            match &self.first {
                None => self.first = Some(order),
                Some(first) if *first == order => {}
                Some(_) => {
                    if let Some(list) = super::parsed(&list) {
                        *expr = list;
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// The order of a `string_agg`, and the same as a list.
fn listed(call: &Function) -> Option<(String, String)> {
    let FunctionArguments::List(list) = &call.args else { return None };
    let is_called = call.name.to_string().eq_ignore_ascii_case("string_agg") && call.over.is_none();
    let ([FunctionArg::Unnamed(FunctionArgExpr::Expr(of)), separator], [FunctionArgumentClause::OrderBy(order)]) =
        (list.args.as_slice(), list.clauses.as_slice())
    else {
        return None;
    };
    let order = order.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let distinct = if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) { "DISTINCT " } else { "" };
    let filter = call.filter.as_ref().map(|filter| format!(" AND ({filter})")).unwrap_or_default();
    let text = format!(
        "array_to_string(array_agg({distinct}{of} ORDER BY {order}) FILTER (WHERE ({of}) IS NOT NULL{filter}), {separator})"
    );
    is_called.then_some((order, text))
}
