//! The other path, printed figures: what somebody published beside what its parts give.

use std::collections::BTreeMap;

use crate::actuals::ONE;
use crate::history::{Event, RATIOS};
use crate::labels::Labels;
use crate::model::{Cell, Model, cell, divided, id, last_digit, report};

/// A printed figure, compared.
pub(crate) struct Printed {
    pub(crate) cell: Cell,
    pub(crate) edition: Option<&'static str>,
    pub(crate) reporter: &'static str,
    pub(crate) computed: Option<i128>,
    pub(crate) comparison: &'static str,
}

/// What it is compared with: above and below the line, each with what one in its last digits is worth.
struct Beside {
    /// Whether both are of the edition that printed it.
    is_of_edition: bool,
    above: (i128, i128),
    below: (i128, i128),
}

pub(crate) fn all(model: &Model<'_>) -> Vec<Printed> {
    let mut newest: BTreeMap<(Cell, Option<&'static str>, &'static str), &Event> = BTreeMap::new();
    for event in model.printed.iter().filter(|event| report(event).amount.is_some()) {
        let about = report(event);
        let key = (cell(about.area, about.indicator, &about.period), about.edition, event.reporter);
        let order = |e: &Event| (e.known, e.recorded, std::cmp::Reverse(e.source), e.offset);
        match newest.get(&key) {
            Some(held) if order(event) <= order(held) => {}
            _ => {
                newest.insert(key, event);
            }
        }
    }
    let compared = |((cell, edition, reporter), event): (_, &Event)| {
        let amount = report(event).amount.expect("an amount");
        let factor = factor(model, &cell);
        let beside = beside(model, &cell, edition);
        let computed = beside.as_ref().map(|it| divided(it.above.0 * factor * ONE, it.below.0));
        let comparison = match beside.map(|it| (it.is_of_edition, comparison(amount, factor, &it))) {
            Some((false, "differs")) if edition.is_some() || !model.belongs(&cell, event.known) => "not_comparable",
            Some((_, comparison)) => comparison,
            None => "not_comparable",
        };
        Printed { cell, edition, reporter, computed, comparison }
    };
    newest.into_iter().map(compared).collect()
}

impl Model<'_> {
    /// Whether what counts says no edition, and nothing in it became known after a moment.
    fn belongs(&self, about: &Cell, known: i64) -> bool {
        let ratio = RATIOS.contains(&&*about.1);
        let edition = if ratio {
            let ratio = self.ratio(&about.0, &about.1, &about.2);
            ratio.and_then(|ratio| Labels::of_parts([&ratio.above, &ratio.below]).edition())
        } else {
            self.place(about).and_then(|figure| figure.labels.edition())
        };
        let formula = ratio.then(|| self.formula(&about.1));
        let parts = formula.as_ref().map_or_else(
            || vec![about.clone()],
            |formula| [formula.above, formula.below].map(|part| cell(&about.0, part, &about.2)).into(),
        );
        let before = formula.as_ref().filter(|formula| formula.date != 0);
        let before = before.and_then(|formula| self.previous(&about.0, formula.below, &about.2));
        let figures = parts.iter().filter_map(|part| self.place(part)).chain(before);
        let events: Vec<_> = figures.flat_map(|figure| figure.events).collect();
        edition.is_none() && self.standing.iter().all(|event| !events.contains(&id(event)) || event.known <= known)
    }
}

fn factor(model: &Model<'_>, cell: &Cell) -> i128 {
    if RATIOS.contains(&&*cell.1) { model.formula(&cell.1).factor } else { 1 }
}

fn beside(model: &Model<'_>, about: &Cell, edition: Option<&'static str>) -> Option<Beside> {
    let said = |indicator: &str| {
        let readings = model.within_editions(model.place(&cell(&about.0, indicator, &about.2)).as_ref());
        readings.get(edition?).map(|it| (it.amount, it.last_digit))
    };
    if !RATIOS.contains(&&*about.1) {
        let place = || model.place(about).filter(|figure| figure.complete);
        let own = said(&about.1);
        let is_of_edition = own.is_some();
        let above = own.or_else(|| place().and_then(|it| Some((it.value?, it.last_digit))))?;
        return Some(Beside { is_of_edition, above, below: (ONE, 0) });
    }
    let formula = model.formula(&about.1);
    let before = || {
        let figure = model.previous(&about.0, formula.below, &about.2);
        model.within_editions(figure.as_ref()).get(edition?).map(|it| (it.amount, it.last_digit))
    };
    let under = match formula.date {
        0 => said(formula.below),
        1 => before(),
        _ => said(formula.below)
            .zip(before())
            .map(|(same, before)| (divided(same.0 + before.0, 2), (same.1 + before.1) / 2)),
    };
    let in_edition = said(formula.above).zip(under).filter(|(_, below)| below.0 > 0);
    if let Some((above, below)) = in_edition {
        return Some(Beside { is_of_edition: true, above, below });
    }
    let ratio = model.ratio(&about.0, &about.1, &about.2).filter(|ratio| ratio.complete)?;
    let (above, below) = ratio.numerator.zip(ratio.denominator).filter(|(_, below)| *below > 0)?;
    Some(Beside { is_of_edition: false, above: (above, ratio.last_digits.0), below: (below, ratio.last_digits.1) })
}

/// Whether rounding to the printed digits gives it; else whether some parts that round to those that were sent do.
fn comparison(printed: i128, factor: i128, beside: &Beside) -> &'static str {
    let step = last_digit(printed);
    let (above, below) = (beside.above.0 * factor * ONE, beside.below.0);
    if (2 * printed - step) * below <= 2 * above && 2 * above <= (2 * printed + step) * below {
        return "equal";
    }
    let (above_slack, below_slack) = (beside.above.1 * factor * ONE, beside.below.1);
    let most_above = 2 * above + above_slack;
    let least_above = 2 * above - above_slack;
    // Half up: what rounds to 3 is 2.5 or more and below 3.5, of a part and of what is printed.
    let least_printed = (2 * printed - step) * (2 * below - below_slack);
    let reaches = 2 * most_above > least_printed || (above_slack == 0 && 2 * most_above == least_printed);
    let fits = reaches && 2 * least_above < (2 * printed + step) * (2 * below + below_slack);
    if fits { "parts_rounding" } else { "differs" }
}
