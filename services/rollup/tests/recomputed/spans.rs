//! The other path, the history of ratios: at every moment at which something became known, which pair made each.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::editions::published;
use crate::history::{Event, RATIOS};
use crate::model::{Cell, Model, cell, divided, id, report};
use crate::world::{Variant, corrected};

const ONE: i128 = 10_i128.pow(10);

/// How long one pair of reports made a ratio.
pub(crate) struct Span {
    pub(crate) cell: Cell,
    pub(crate) known: (i64, Option<i64>),
    pub(crate) value: i128,
    pub(crate) editions: (Option<&'static str>, Option<&'static str>),
    pub(crate) vintages: (Option<&'static str>, Option<&'static str>),
}

type Pair<'e> = (&'e Event, &'e Event);

pub(crate) fn all(variant: &Variant, events: &[Event], as_of: i64, recorded: i64) -> Vec<Span> {
    let zone = TimeZone::get("Asia/Shanghai").expect("the catalog's zone");
    let seen = events.iter().filter(|event| event.known <= as_of && event.recorded <= recorded);
    let mut moments: BTreeSet<i64> = seen.map(|event| event.known).collect();
    // On this day the catalog may come to know another precedence.
    let change = zone.to_timestamp(corrected().at(0, 0, 0, 0)).expect("in range").as_microsecond();
    moments.extend(Some(change).filter(|change| *change <= as_of));
    let mut out = Vec::new();
    let mut open: BTreeMap<Cell, (i64, Pair<'_>)> = BTreeMap::new();
    for moment in moments {
        let today: Date = zone.to_datetime(jiff::Timestamp::from_microsecond(moment).expect("in range")).date();
        let model = Model::new(variant, events, moment, recorded, today);
        let mut held = pairs(&model);
        for (cell, (since, pair)) in std::mem::take(&mut open) {
            match held.remove(&cell) {
                Some(now) if ids(now) == ids(pair) => drop(open.insert(cell, (since, pair))),
                now => {
                    out.push(span(&model, &cell, (since, Some(moment)), pair));
                    now.map(|now| open.insert(cell, (moment, now)));
                }
            }
        }
        open.extend(held.into_iter().map(|(cell, pair)| (cell, (moment, pair))));
    }
    let model = Model::new(variant, events, as_of, recorded, corrected());
    out.extend(open.into_iter().map(|(cell, (since, pair))| span(&model, &cell, (since, None), pair)));
    out
}

fn ids((above, below): Pair<'_>) -> [(String, String); 2] {
    [id(above), id(below)]
}

fn span(model: &Model<'_>, cell: &Cell, known: (i64, Option<i64>), (above, below): Pair<'_>) -> Span {
    let amount = |event: &Event| report(event).amount.expect("an amount");
    Span {
        cell: cell.clone(),
        known,
        value: divided(amount(above) * model.formula(&cell.1).factor * ONE, amount(below)),
        editions: (report(above).edition, report(below).edition),
        vintages: (report(above).vintage, report(below).vintage),
    }
}

/// The pairs that make ratios of one date, each report of the period itself.
fn pairs<'e>(model: &Model<'e>) -> BTreeMap<Cell, Pair<'e>> {
    let formulas = RATIOS.map(|ratio| (ratio, model.formula(ratio)));
    let mut out = BTreeMap::new();
    for (ratio, formula) in formulas.into_iter().filter(|(_, formula)| formula.date == 0) {
        for (about, above) in model.current.iter().filter(|(about, _)| about.1 == formula.above) {
            let under = cell(&about.0, formula.below, &about.2);
            let both = |event: &&&Event| report(event).amount.is_some();
            let Some((above, below)) = Some(above).filter(both).zip(model.current.get(&under).filter(both)) else {
                continue;
            };
            let editions = |about: &Cell| -> BTreeMap<&'static str, &'e Event> {
                let newest = model.newest_by(about, |event| report(event).edition);
                newest.into_iter().filter_map(|(edition, event, _)| Some((edition?, event))).collect()
            };
            let mut pair = (*above, *below);
            if report(above).edition != report(below).edition {
                let others = editions(&under);
                let one = editions(about).into_iter().filter_map(|(id, it)| Some((id, it, *others.get(id)?)));
                let newest = one.max_by_key(|(id, ..)| published(id));
                pair = newest.map_or(pair, |(_, above, below)| (above, below));
            }
            if report(pair.1).amount.is_some_and(|amount| amount > 0) {
                out.insert(cell(&about.0, ratio, &about.2), pair);
            }
        }
    }
    out
}
