//! The other path, rules 2 to 5: areas and groups.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::labels::Labels;
use crate::model::{Cell, Model, combines, known_place, parse};
use crate::world::{AREAS, GROUPS};

/// A value of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Figure {
    pub(crate) value: Option<i128>,
    pub(crate) status: &'static str,
    pub(crate) reported: Option<i128>,
    pub(crate) compiled: Option<i128>,
    pub(crate) coverage: (i64, Option<i64>),
    pub(crate) complete: bool,
    pub(crate) negative: bool,
    pub(crate) months: Option<i64>,
    /// Period of the one observation that it comes from.
    pub(crate) origin: Option<String>,
    /// Events in the number: source and id.
    pub(crate) events: BTreeSet<(String, String)>,
    pub(crate) labels: Labels,
    /// Those of the compiled sum.
    pub(crate) parts_labels: Labels,
    /// Why there is no residual, although a whole was reported and parts are known.
    pub(crate) residual_reason: Option<&'static str>,
    /// Whether a stock's value of an earlier day is in it.
    pub(crate) carried: bool,
    pub(crate) estimated: bool,
    /// Whether some report in the compiled sum is an estimate.
    pub(crate) parts_estimated: bool,
    /// What one in the last digits is worth, together.
    pub(crate) last_digit: i128,
    /// Whether every report in the value covers the whole period; of the compiled sum, where there is one.
    pub(crate) whole: bool,
    pub(crate) parts_whole: bool,
}

impl Model<'_> {
    pub(crate) fn children(&self, area: &str, on: Date, indicator: &str) -> Vec<&'static str> {
        let lies =
            |child: &&str| self.variant.parents(child, on, self.known, indicator).contains(&(known_place(area), true));
        AREAS.into_iter().filter(lies).collect()
    }

    /// Rules 2 to 5: reported, else compiled.
    pub(crate) fn area(&self, cell: &Cell) -> Option<Figure> {
        if let Some(known) = self.memo.borrow().get(cell) {
            return known.clone();
        }
        let figure = self.area_now(cell).map(|figure| self.with_reason(&cell.1, figure));
        self.memo.borrow_mut().insert(cell.clone(), figure.clone());
        figure
    }

    fn area_now(&self, cell: &Cell) -> Option<Figure> {
        let on = parse(&cell.2).end;
        let (over_areas, _) = combines(&cell.1);
        let own = self.own(cell);
        let children = if over_areas == "none" { Vec::new() } else { self.children(&cell.0, on, &cell.1) };
        let parts: Vec<Figure> = children
            .iter()
            .filter_map(|child| self.area(&((*child).to_owned(), cell.1.clone(), cell.2.clone())))
            .filter(|figure| figure.value.is_some())
            .collect();
        if own.is_none() && parts.is_empty() {
            return None;
        }
        let compiled = (!parts.is_empty()).then(|| parts.iter().filter_map(|part| part.value).sum::<i128>());
        let counts = (parts.len() as i64, self.children(&cell.0, on, &cell.1).len() as i64);
        let complete = counts.0 == counts.1 && parts.iter().all(|part| part.complete) && !parts.is_empty();
        // A part of the period is not the period where the children have all of it.
        let is_whole = |own: &crate::periods::Own| !matches!(own.method, "partial" | "carried");
        let own = own.filter(|own| own.amount.is_none() || is_whole(own) || !(complete && over_areas == "additive"));
        if let Some(own) = own.as_ref().filter(|own| own.amount.is_some()) {
            let part = own.method == "partial";
            let status = match own.method {
                "partial" => "partial",
                "carried" => "carried",
                _ => "reported",
            };
            return Some(Figure {
                value: own.amount,
                status,
                reported: own.amount,
                compiled,
                coverage: if part { (own.months, Some(12)) } else { (1, Some(1)) },
                complete: status == "reported",
                negative: own.negative,
                months: Some(own.months),
                origin: own.origin.clone(),
                events: own.events.clone(),
                labels: own.labels.clone(),
                parts_labels: Labels::of_parts(parts.iter().map(|part| &part.labels)),
                residual_reason: None,
                carried: own.method == "carried",
                estimated: own.estimated,
                parts_estimated: parts.iter().any(|part| part.estimated),
                last_digit: own.last_digit,
                whole: status == "reported",
                parts_whole: parts.iter().all(|part| part.whole),
            });
        }
        let value = compiled.filter(|_| over_areas == "additive");
        let status = match (value, &own) {
            (Some(_), _) if complete => "compiled",
            (Some(_), _) => "partial",
            (None, _) if over_areas == "own_value" && compiled.is_some() => "no_own_value",
            (None, Some(own)) if own.status == "Q" => "suppressed",
            _ => "missing",
        };
        Some(Figure {
            value,
            status,
            reported: None,
            compiled,
            coverage: (counts.0, Some(counts.1)),
            complete,
            negative: parts.iter().any(|part| part.negative),
            carried: value.is_some() && parts.iter().any(|part| part.carried),
            estimated: value.is_some() && parts.iter().any(|part| part.estimated),
            parts_estimated: parts.iter().any(|part| part.estimated),
            last_digit: parts.iter().map(|part| part.last_digit).sum(),
            whole: parts.iter().all(|part| part.whole),
            parts_whole: parts.iter().all(|part| part.whole),
            months: own.as_ref().map(|own| own.months),
            origin: own.as_ref().and_then(|own| own.origin.clone()),
            labels: Labels::of_parts(parts.iter().filter(|_| value.is_some()).map(|part| &part.labels)),
            parts_labels: Labels::of_parts(parts.iter().map(|part| &part.labels)),
            residual_reason: None,
            events: if value.is_some() {
                parts.into_iter().flat_map(|part| part.events).collect()
            } else {
                BTreeSet::new()
            },
        })
    }

    /// Rule 4: a group adds its outermost members; unknown overlap adds nothing.
    pub(crate) fn group(&self, cell: &Cell) -> Option<Figure> {
        let on = parse(&cell.2).end;
        let members = self.variant.members(&cell.0, on, &cell.1);
        let of = |member: &str| self.area(&(member.to_owned(), cell.1.clone(), cell.2.clone()));
        let figures: Vec<(bool, Option<Figure>)> = members
            .iter()
            .map(|member| {
                let inner = members.iter().any(|other| other != member && self.lies_in(member, other, on, &cell.1));
                (!inner, of(member))
            })
            .collect();
        let own = self.area(cell);
        if own.is_none() && figures.iter().all(|(_, figure)| figure.is_none()) {
            return None;
        }
        let asked = figures.iter().any(|(_, figure)| figure.is_some());
        let known = |figure: &Option<Figure>| figure.as_ref().and_then(|figure| figure.value);
        let outer: Vec<&Figure> = figures
            .iter()
            .filter(|(outermost, _)| *outermost)
            .filter_map(|(_, figure)| figure.as_ref().filter(|figure| figure.value.is_some()))
            .collect();
        let overlap = cell.0 == "U";
        let amount = (asked && !outer.is_empty()).then(|| outer.iter().filter_map(|figure| figure.value).sum::<i128>());
        let (over_areas, _) = combines(&cell.1);
        let complete = figures
            .iter()
            .filter(|(outermost, _)| *outermost)
            .all(|(_, figure)| figure.as_ref().is_some_and(|figure| figure.complete));
        let made_up = asked && complete && amount.is_some() && over_areas == "additive" && !overlap;
        let own = own.filter(|own| own.complete || !made_up);
        if let Some(own) = own.as_ref().filter(|own| own.value.is_some()) {
            let parts_labels = Labels::of_parts(outer.iter().map(|figure| &figure.labels));
            let parts_whole = outer.iter().all(|figure| figure.whole);
            let parts_estimated = outer.iter().any(|figure| figure.estimated);
            let compiled = amount.filter(|_| !overlap);
            let figure = Figure { compiled, parts_labels, parts_whole, parts_estimated, ..own.clone() };
            let figure = self.with_reason(&cell.1, figure);
            let unknown = (overlap && amount.is_some()).then_some("overlap");
            return Some(Figure { residual_reason: unknown.or(figure.residual_reason), ..figure });
        }
        let own_status = own.as_ref().map(|own| own.status);
        let status = match over_areas {
            "own_value" => "no_own_value",
            "additive" if asked && overlap => "overlap",
            "additive" if amount.is_some() && complete => "compiled",
            "additive" if amount.is_some() => "partial",
            _ => own_status.unwrap_or("missing"),
        };
        let counted = matches!(status, "compiled" | "partial");
        let value = amount.filter(|_| counted);
        let events =
            figures.iter().filter(|(outermost, _)| *outermost && counted).filter_map(|(_, figure)| figure.as_ref());
        Some(Figure {
            value,
            status,
            reported: None,
            compiled: amount.filter(|_| !overlap),
            coverage: (
                figures.iter().filter(|(_, figure)| known(figure).is_some()).count() as i64,
                asked.then_some(members.len() as i64),
            ),
            complete: asked && complete,
            negative: asked && figures.iter().any(|(_, figure)| figure.as_ref().is_some_and(|figure| figure.negative)),
            carried: counted && outer.iter().any(|figure| figure.carried),
            estimated: counted && outer.iter().any(|figure| figure.estimated),
            parts_estimated: outer.iter().any(|figure| figure.estimated),
            last_digit: outer.iter().map(|figure| figure.last_digit).sum(),
            whole: outer.iter().all(|figure| figure.whole),
            parts_whole: outer.iter().all(|figure| figure.whole),
            months: own.as_ref().and_then(|own| own.months),
            origin: own.as_ref().and_then(|own| own.origin.clone()),
            labels: Labels::of_parts(outer.iter().filter(|_| counted).map(|figure| &figure.labels)),
            parts_labels: Labels::of_parts(outer.iter().map(|figure| &figure.labels)),
            residual_reason: None,
            events: events.flat_map(|figure| figure.events.clone()).collect(),
        })
    }

    pub(crate) fn lies_in(&self, area: &str, other: &str, on: Date, indicator: &str) -> bool {
        self.variant
            .parents(area, on, self.known, indicator)
            .iter()
            .any(|(parent, _)| *parent == other || self.lies_in(parent, other, on, indicator))
    }

    fn with_reason(&self, indicator: &str, figure: Figure) -> Figure {
        // The one link that a catalog declares: between the two scopes of R&D.
        let linked = indicator == "rd" && self.variant.is_linked(self.known);
        let both = figure.reported.is_some() && figure.compiled.is_some();
        let residual_reason = match (both, figure.whole && figure.parts_whole) {
            (false, _) => None,
            (true, false) => Some("part_of_period"),
            (true, true) => figure.labels.residual_reason(&figure.parts_labels, linked),
        };
        Figure { residual_reason, ..figure }
    }

    /// Whether a figure is a part that the rest can only add to.
    pub(crate) fn at_least(&self, indicator: &str, figure: &Figure) -> bool {
        let known = figure.value.is_some() && !figure.complete && !figure.negative && !figure.carried;
        known && self.never_negative(indicator)
    }

    /// Whether the catalog has no values below nought for an indicator.
    pub(crate) fn never_negative(&self, indicator: &str) -> bool {
        match indicator {
            "rd" => self.variant.bounded,
            "gdp" => false,
            _ => true,
        }
    }

    pub(crate) fn place(&self, cell: &Cell) -> Option<Figure> {
        if GROUPS.contains(&&*cell.0) { self.group(cell) } else { self.area(cell) }
    }
}
